"""What there is to draw: boxes and arrows, out of tasks, edges and states. Where it goes is a matter of `layout`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from miniprefect.engine.state import Mapped, State
from miniprefect.pictures.text import counted, line
from miniprefect.tasks.control_flow.conditional import CompareValue

# How an arrow is drawn: solid with data, solid and pale for order alone, dashed into a map, dotted out of a condition.
DATA, ORDER, MAP, CASE = "data", "order", "map", "case"


@dataclass(slots=True)
class Box:
    """Stand for a task, or for several of one name.

    Attributes:
        name: the task's name, in one line.
        kind: "task", "parameter", "constant" or "condition".
        is_mapped: whether an edge maps it, or it has children.
        states: for each kind of state that its runs are in how many; empty if no states are known.
        colors: the colours of these states.
        note: what to write below the name.
        tasks: how many tasks it stands for.
        failed: how many of its runs failed.
    """

    name: str
    kind: str = "task"
    is_mapped: bool = False
    states: dict[str, int] = field(default_factory=dict)
    colors: dict[str, str] = field(default_factory=dict)
    note: str = ""
    tasks: int = 1
    failed: int = 0

    @property
    def runs(self) -> int:
        """How many runs it has, of which the states are known."""
        return sum(self.states.values())

    @property
    def title(self) -> str:
        """All there is to say, in one line."""
        parts = [self.name, self.kind if self.kind != "task" else "", "mapped" if self.is_mapped else ""]
        single = self.runs == 1
        parts.append(", ".join(state if single else f"{number:,} {state}" for state, number in self.states.items()))
        return ": ".join(filter(None, [parts[0], ", ".join(filter(None, parts[1:]))]))


@dataclass(slots=True)
class Arrow:
    """Lead from one box to another.

    Attributes:
        source: the index of the box that it begins at.
        target: the index of the one that it ends at.
        kind: how it is drawn.
        keys: the arguments that it carries.
    """

    source: int
    target: int
    kind: str
    keys: list[str]


@dataclass(slots=True)
class Sketch:
    """Be what there is to draw.

    Attributes:
        name: what it is a picture of.
        boxes: the boxes, upstream before downstream, unless the flow has a cycle.
        arrows: the arrows.
        has_states: whether states are known.
    """

    name: str
    boxes: list[Box]
    arrows: list[Arrow]
    has_states: bool = False

    @property
    def tasks_of_a_box(self) -> int:
        """How many tasks stand behind one box at most."""
        return max((box.tasks for box in self.boxes), default=0)

    @property
    def title(self) -> str:
        """A line for those who don't see the picture."""
        tasks = sum(box.tasks for box in self.boxes)
        found = f"Flow {self.name}: {counted(tasks, 'task')}, {counted(len(self.arrows), 'edge')}"
        if not self.has_states:
            return found
        totals: Counter[str] = Counter()
        for box in self.boxes:
            totals.update(box.states)
        return f"{found}; task runs: {', '.join(f'{number:,} {state}' for state, number in totals.items()) or 'none'}"


def sketch_of_flow(flow: Any, flow_state: State | None = None) -> Sketch:
    """Sketch a flow, with the states that its tasks have in `flow_state`, if that is given.

    Raises:
        TypeError: `flow_state` is not a state.
    """
    if flow_state is not None and not isinstance(flow_state, State):
        raise TypeError(f"`flow_state` is the state that flow.run() returns, not {flow_state!r}.")
    try:
        tasks: Sequence[Any] = flow.sorted_tasks()
    except ValueError:  # a cycle: a picture is the way to find it
        tasks = list(flow.tasks)
    return sketch_of(flow.name, tasks, flow.edges, states_in(flow_state))


def states_in(flow_state: State | None) -> Mapping[Any, State] | None:
    """Return the states of tasks that the state of a flow holds, None if it is None."""
    if flow_state is None:
        return None
    found = flow_state.result
    if not isinstance(found, Mapping):
        return {}
    return {task: state for task, state in found.items() if isinstance(state, State)}


def sketch_of(
    name: str, tasks: Iterable[Any], edges: Iterable[Any], states: Mapping[Any, State] | None = None
) -> Sketch:
    """Sketch tasks and edges, with their states if these are known."""
    places: dict[Any, int] = {}
    boxes: list[Box] = []
    for task in tasks:
        places[task] = len(boxes)
        box = Box(line(task.name), kind_of(task))
        take_states(box, None if states is None else states.get(task))
        boxes.append(box)
    arrows: dict[tuple[int, int], Arrow] = {}
    for edge in edges:
        if edge.upstream_task in places and edge.downstream_task in places:
            _take_edge(edge, (places[edge.upstream_task], places[edge.downstream_task]), boxes, arrows)
    return Sketch(line(name), boxes, list(arrows.values()), states is not None)


def kind_of(task: Any) -> str:
    """Return what kind of box a task is."""
    if task.is_parameter:
        return "parameter"
    if task.is_constant:
        return "constant"
    return "condition" if isinstance(task, CompareValue) else "task"


def take_states(box: Box, state: State | None) -> None:
    """Write into a box what has become of its task."""
    if state is None:
        return
    if not isinstance(state, Mapped):
        name = type(state).__name__
        box.states, box.colors, box.note, box.failed = {name: 1}, {name: state.color}, name, int(state.is_failed())
        return
    box.is_mapped = True
    children = [child for child in state.map_states if isinstance(child, State)]
    box.states = dict(Counter(type(child).__name__ for child in children).most_common())
    box.colors = {type(child).__name__: child.color for child in children} or {"Mapped": state.color}
    box.note = ", ".join(f"{number:,} {name}" for name, number in box.states.items()) or "mapped over nothing"
    box.failed = sum(child.is_failed() for child in children)


def _take_edge(edge: Any, ends: tuple[int, int], boxes: list[Box], arrows: dict[tuple[int, int], Arrow]) -> None:
    if edge.mapped:
        boxes[ends[1]].is_mapped, kind = True, MAP
    elif edge.key is not None:
        kind = DATA
    else:
        kind = CASE if boxes[ends[0]].kind == "condition" else ORDER
    arrow = arrows.setdefault(ends, Arrow(*ends, kind, []))
    if edge.key is not None:
        arrow.keys.append(line(edge.key))
    if kind == MAP or arrow.kind == ORDER:
        arrow.kind = kind


def grouped(sketch: Sketch) -> Sketch:
    """Return a sketch with one box for all tasks of one name: for flows too large to be drawn task by task."""
    places: dict[tuple[str, str], int] = {}
    boxes: list[Box] = []
    where: list[int] = []
    for box in sketch.boxes:
        key = (box.name, box.kind)
        if key not in places:
            places[key] = len(boxes)
            boxes.append(Box(box.name, box.kind, tasks=0))
        _join(boxes[places[key]], box)
        where.append(places[key])
    arrows: dict[tuple[int, int], Arrow] = {}
    for arrow in sketch.arrows:
        ends = where[arrow.source], where[arrow.target]
        if ends[0] < ends[1]:
            arrows.setdefault(ends, Arrow(*ends, arrow.kind, list(arrow.keys)))
    for box in boxes:
        parts = [f"{box.tasks:,} tasks" if box.tasks > 1 else ""]
        parts.append(", ".join(f"{number:,} {state}" for state, number in box.states.items()))
        box.note = ": ".join(filter(None, parts))
    return Sketch(sketch.name, boxes, list(arrows.values()), sketch.has_states)


def _join(group: Box, box: Box) -> None:
    group.tasks += box.tasks
    group.failed += box.failed
    group.is_mapped = group.is_mapped or box.is_mapped
    group.colors.update(box.colors)
    for state, number in box.states.items():
        group.states[state] = group.states.get(state, 0) + number
