"""What the measurements say: a table, and the list of targets that are missed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.contenders import BARE, OURS, PLAIN, Timing
from tests.benchmarks.shapes import CHAIN, DECORATED, FAN, GRID, MAP, SHORT

MICROSECOND = 1e-6


@dataclass(frozen=True)
class Case:
    """One shape at one size: the timings of each contender, in rounds that belong together."""

    shape: str
    size: int
    rounds: Mapping[str, list[Timing]]

    def best(self, name: str, what: str) -> float:
        """The least seconds per call that `name` took to do `what`: build, first or again."""
        return min(getattr(timing, what) for timing in self.rounds[name])

    def ratio(self, name: str, what: str) -> float:
        """Best against best of the bare loop."""
        return self.best(name, what) / self.best(BARE, what)

    def median_ratio(self, name: str, what: str) -> float:
        """The median over the rounds of the ratio in each."""
        pairs = zip(self.rounds[name], self.rounds[BARE], strict=False)  # some sit rounds out
        return median(getattr(own, what) / getattr(bare, what) for own, bare in pairs)


TITLES = (
    "work",
    "size",
    "who",
    "build us/call",
    "run us/call",
    "x bare (median)",
    "again us/call",
    "x bare (median)",
)


def rows(case: Case) -> Iterator[tuple[str, ...]]:
    """The lines of the table for one case."""
    for name in case.rounds:
        build, first, again = (case.best(name, what) / MICROSECOND for what in ("build", "first", "again"))
        ratios = [
            f"{case.ratio(name, what):,.2f} ({case.median_ratio(name, what):,.2f})" for what in ("first", "again")
        ]
        numbers = (f"{build:,.2f}", f"{first:,.2f}", ratios[0], f"{again:,.2f}", ratios[1])
        yield (case.shape, f"{case.size:,}", name, *numbers)


def table(lines: list[tuple[str, ...]], titles: tuple[str, ...] = TITLES) -> str:
    """Lay out the lines in columns, as Markdown does."""
    widths = [max(len(cell) for cell in column) for column in zip(titles, *lines, strict=True)]
    ruler = tuple("-" * width for width in widths)
    laid_out = []
    for line in (titles, ruler, *lines):
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        laid_out.append(f"| {' | '.join(cells)} |")
    return "\n".join(laid_out)


# Targets

RUN_TARGETS: Mapping[str, float] = {CHAIN.name: 2, FAN.name: 2, MAP.name: 1, GRID.name: 2, SHORT.name: 3}
"""At most so many times the bare loop, for the first run and every other."""

BUILD_TARGET = 15.0
"""Microseconds a call."""

DECORATED_TARGET = 1.3
FLATNESS_TARGET = 1.25
"""How much a call, or a child of a map, may cost more in the largest flow than in the smallest."""


def shortfalls(cases: list[Case]) -> Iterator[str]:
    """What misses a target, one line each."""
    for case in cases:
        where = f"{case.shape}, {case.size:,}"
        yield from run_shortfalls(case, where)
        yield from build_shortfalls(case, where)
    yield from decorated_shortfalls(cases)
    yield from flatness_shortfalls(cases)


def run_shortfalls(case: Case, where: str) -> Iterator[str]:
    """Runs against the bare loop."""
    target = RUN_TARGETS.get(case.shape)
    if target is None:
        return
    for what in ("first", "again"):
        ratio = case.ratio(OURS, what)
        if ratio > target:
            yield f"{where}: the run ({what}) costs {ratio:.2f} x the bare loop, short of {target:g} x"


def build_shortfalls(case: Case, where: str) -> Iterator[str]:
    """The price of a call in a flow."""
    price = case.best(OURS, "build") / MICROSECOND
    if price > BUILD_TARGET and case.shape != SHORT.name:
        yield f"{where}: building costs {price:.1f} us a call, short of {BUILD_TARGET:g} us"


def decorated_shortfalls(cases: list[Case]) -> Iterator[str]:
    """The chain whose tasks ask for more, against the plain one in the same rounds."""
    for case in cases:
        if case.shape == DECORATED.name:
            ratio = case.best(OURS, "first") / case.best(PLAIN, "first")
            if ratio > DECORATED_TARGET:
                yield (
                    f"{case.shape}, {case.size:,}: costs {ratio:.2f} x the plain chain, short of {DECORATED_TARGET:g} x"
                )


def flatness_shortfalls(cases: list[Case]) -> Iterator[str]:
    """The price of a call in a large flow against that in a small one; a map has one call, and many children."""
    for shape in dict.fromkeys(case.shape for case in cases if case.shape != SHORT.name):
        sized = sorted((case for case in cases if case.shape == shape), key=lambda case: case.size)
        what = "first" if shape == MAP.name else "build"
        growth = sized[-1].best(OURS, what) / sized[0].best(OURS, what)
        if growth > FLATNESS_TARGET:
            deed = "running a child" if shape == MAP.name else "building a call"
            span = f"{sized[0].size:,} to {sized[-1].size:,}"
            bare = sized[-1].best(BARE, what) / sized[0].best(BARE, what)
            yield (
                f"{shape}: {deed} grows {growth:.2f} x from {span}, short of {FLATNESS_TARGET:g} x "
                f"(the bare loop's own grows {bare:.2f} x)"
            )
