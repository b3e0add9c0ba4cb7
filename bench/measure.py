"""Timings, taken in turns with those of a floor, and what is made of them."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured, in `unit`, one value a round; `floors` are what each value is compared with.

    `aim` is the most that the median of the ratios should be.
    """

    what: str
    values: list[float]
    unit: str = "s"
    floors: list[float] = field(default_factory=list)
    aim: float | None = None

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios; None without a floor."""
        return median(v / f for v, f in zip(self.values, self.floors, strict=True)) if self.floors else None

    @property
    def is_missed(self) -> bool:
        """Whether there is an aim, and the ratio is above it."""
        return self.aim is not None and self.ratio is not None and self.ratio > self.aim


def in_turns(rounds: int, timings: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Call each of the timings once a round, every other round in the opposite order; return their values by name."""
    values: dict[str, list[float]] = {name: [] for name in timings}
    for number in range(rounds):
        for name in sorted(timings, reverse=bool(number % 2)):
            values[name].append(timings[name]())
    return values


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def command(*arguments: object) -> Callable[[], float]:
    """Return a timing of a Python command in the project's folder, as a whole process. It must succeed."""
    words = [sys.executable, *map(str, arguments)]
    return lambda: seconds(lambda: subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=True))
