"""Resources: set up before the tasks that use them, and cleaned up after them whatever happens."""

from collections.abc import Callable
from typing import Any, ClassVar

from miniprefect.core.building import active_flow
from miniprefect.core.builtin import FunctionTask
from miniprefect.core.task import Task
from miniprefect.engine import signals
from miniprefect.tasks.control_flow.case import Block
from miniprefect.triggers import all_finished

Kwargs = dict[str, Any]

_MADE_BY = {"mgr": "init", "resource": "setup"}


def resource_cleanup_trigger(upstream_states: Any) -> bool:
    """Run if there is a resource, whatever became of the tasks that used it."""
    all_finished(upstream_states)
    for edge, state in upstream_states.items():
        for became in ("failed", "skipped"):
            if edge.key in _MADE_BY and getattr(state, f"is_{became}")():
                raise signals.SKIP(f"Resource manager {_MADE_BY[edge.key]} {became}")
    return True


class ResourceInitTask(FunctionTask):
    """Make the resource manager: an instance of the user's class.

    Args:
        resource_class: the user's class.
        **kwargs: as for `Task`.
    """

    def __init__(self, resource_class: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(resource_class, **kwargs)


class ResourceSetupTask(Task):
    """Set the resource up; again in every run that goes on with an earlier one, until it is cleaned up."""

    is_setup: ClassVar[bool] = True

    def run(self, mgr: Any) -> Any:
        """Return the resource."""
        return mgr.setup()


class ResourceCleanupTask(Task):
    """Clean the resource up. The outcome does not decide how the flow ends."""

    is_cleanup: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("trigger", resource_cleanup_trigger)
        kwargs.setdefault("skip_on_upstream_skip", False)
        super().__init__(*args, **kwargs)

    def run(self, mgr: Any, resource: Any = None) -> None:
        """Give the resource back to its manager."""
        mgr.cleanup(resource)


class ResourceContext(Block):
    """Be the ``with`` block in which a resource is there.

    Args:
        init_task: makes the manager.
        setup_task: makes the resource, if the manager does that.
        cleanup_task: cleans it up.
        flow: the flow.
    """

    kind = "resource"

    def __init__(self, init_task: Task, setup_task: Task | None, cleanup_task: Task, flow: Any) -> None:
        super().__init__()
        self.init_task = init_task
        self.setup_task = setup_task
        self.cleanup_task = cleanup_task
        self.flow = flow

    def __enter__(self) -> Task | None:
        self._enter()
        return self.setup_task

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        self._leave()
        if kind is not None:
            return
        if self.setup_task is not None:
            for task in list(self.first_tasks()):
                if self.setup_task not in self.flow.upstream_tasks(task):
                    task.set_upstream(self.setup_task, flow=self.flow)
        for task in list(self.last_tasks()):
            self.cleanup_task.set_upstream(task, flow=self.flow)


class ResourceManager:
    """Be a class of the user's whose instances set up and clean up a resource.

    Args:
        resource_class: a class with a method ``cleanup(resource)`` and, if there is anything to set up, ``setup()``.
        name: what the tasks are called; the class's name by default.
        init_task_kwargs: arguments of `Task` for making the instance.
        setup_task_kwargs: arguments of `Task` for the set-up.
        cleanup_task_kwargs: arguments of `Task` for the clean-up.
    """

    def __init__(
        self,
        resource_class: Callable[..., Any],
        name: str | None = None,
        init_task_kwargs: Kwargs | None = None,
        setup_task_kwargs: Kwargs | None = None,
        cleanup_task_kwargs: Kwargs | None = None,
    ) -> None:
        self.resource_class = self.__wrapped__ = resource_class
        self.name = name or getattr(resource_class, "__name__", type(resource_class).__name__)
        self.init_task_kwargs = {"name": self.name, **(init_task_kwargs or {})}
        self.setup_task_kwargs = {"name": f"{self.name}.setup", **(setup_task_kwargs or {})}
        self.cleanup_task_kwargs = {"name": f"{self.name}.cleanup", **(cleanup_task_kwargs or {})}

    def __call__(self, *args: Any, flow: Any = None, **kwargs: Any) -> ResourceContext:
        """Make the tasks of one resource; use the answer in a ``with`` statement.

        Args:
            *args: arguments of the class: tasks or values.
            flow: the flow; by default the one whose ``with`` block this is.
            **kwargs: the same by name.
        """
        making = ResourceInitTask(self.resource_class, **self.init_task_kwargs)
        flow = active_flow(making, flow)
        making.bind(*args, flow=flow, **kwargs)
        cleanup = ResourceCleanupTask(**self.cleanup_task_kwargs)
        if not hasattr(self.resource_class, "setup"):
            return ResourceContext(making, None, cleanup.bind(making, flow=flow), flow)
        setup = ResourceSetupTask(**self.setup_task_kwargs).bind(making, flow=flow)
        return ResourceContext(making, setup, cleanup.bind(making, setup, flow=flow), flow)


def resource_manager(
    resource_class: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    init_task_kwargs: Kwargs | None = None,
    setup_task_kwargs: Kwargs | None = None,
    cleanup_task_kwargs: Kwargs | None = None,
) -> Any:
    """Make a resource manager of a class; use it as ``@resource_manager`` or with arguments. See `ResourceManager`."""

    def decorate(resource_class: Callable[..., Any]) -> ResourceManager:
        return ResourceManager(resource_class, name, init_task_kwargs, setup_task_kwargs, cleanup_task_kwargs)

    return decorate if resource_class is None else decorate(resource_class)
