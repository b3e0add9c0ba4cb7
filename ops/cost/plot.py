"""Draws the day that throttles most: consumed, provisioned and throttled units, as an SVG file. Needs matplotlib."""

import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ops.cost.curves import DAYS, MINUTES, value_at
from ops.cost.month import Month, Table
from ops.errors import CallError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Each has a contrast of at least 3 to 1 with white and with GitHub's dark background (#0d1117).
CONSUMED, PROVISIONED, THROTTLED, TEXT = "#2f81c7", "#8b7500", "#e0433b", "#7d7d7d"


def check() -> None:
    """Raise CallError if matplotlib isn't installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise CallError("--plot needs matplotlib; install it with pip install 'paypulse-data[plot]' or make setup")


def write(month: Month, path: Path) -> None:
    """Write the SVG: a panel for the reads and writes of each provisioned table and index on the day that is worst.

    It shows the first variant of each assumption. Raises CallError if nothing is provisioned, or the file can't be
    written.
    """
    tables = [table for table in month.tables if table.deployed.is_provisioned]
    if not tables:
        raise CallError("--plot has nothing to draw: no table has provisioned capacity")
    import matplotlib as mpl  # noqa: PLC0415 - only a plot needs it

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    panels = [(table, number) for table in tables for number in range(len(table.capacities))]
    # Text stays text, and the file is the same each time.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "cost", "text.color": TEXT, "axes.labelcolor": TEXT}):
        figure, axes = plt.subplots(len(panels), 1, figsize=(9, 2.2 * len(panels)), sharex=True, squeeze=False)
        for (table, number), ax in zip(panels, axes[:, 0], strict=True):
            _panel(ax, table, number, worst_day(table))
        axes[-1, 0].set_xlabel(f"hour of day {', '.join(str(worst_day(table) + 1) for table in tables)} (UTC)")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="upper right", ncols=3, frameon=False)
        figure.tight_layout(rect=(0, 0, 1, 0.96))
        try:
            figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})
        except OSError as error:
            raise CallError(f"--plot {path} can't be written: {error.strerror}") from None
        finally:
            plt.close(figure)


def worst_day(table: Table) -> int:
    """Return the day, from 0, on which most is throttled; without throttling, on which most is consumed."""
    throttled = [0.0] * DAYS
    for record in table.outcomes[0][1].throttled:
        throttled[record.minute // MINUTES] += record.units * record.minutes
    consumed = [max(value for c in table.capacities for _, value in c.demand[day]) for day in range(DAYS)]
    return max(range(DAYS), key=lambda day: (throttled[day], consumed[day]))


def series(table: Table, number: int, day: int) -> Iterator[tuple[float, float, float, float]]:
    """Yield what one capacity consumed, had provisioned and throttled, in units a second, with the hour it starts.

    Equal minutes are one value. The last one is at hour 24.
    """
    outcome, demand = table.outcomes[0][1], table.capacities[number].demand[day]
    throttled = [0.0] * MINUTES
    for record in outcome.throttled:
        first = record.minute - day * MINUTES
        if record.number == number and 0 <= first < MINUTES:
            throttled[first : first + record.minutes] = [record.units / 60] * record.minutes
    changes = [(minute - day * MINUTES, units) for minute, which, units in outcome.changes if which == number]
    last = (0.0, 0, 0.0)
    for minute in range(MINUTES):
        units = next(units for start, units in reversed(changes) if start <= minute)
        values = value_at(demand, minute) - throttled[minute], units, throttled[minute]
        if values != last or minute == 0:
            yield (minute / 60, *values)
        last = values
    yield (24, *last)


def _panel(ax: "Axes", table: Table, number: int, day: int) -> None:
    capacity = table.capacities[number]
    hours, consumed, provisioned, throttled = zip(*series(table, number, day), strict=True)
    # The outline keeps one minute visible. Not a number draws none where nothing is throttled.
    asked = [one + other if other else math.nan for one, other in zip(consumed, throttled, strict=True)]
    ax.stairs(consumed[:-1], hours, fill=True, color=CONSUMED, linewidth=0.8, label="consumed")
    ax.stairs(asked[:-1], hours, baseline=consumed[:-1], fill=True, color=THROTTLED, linewidth=1.5, label="throttled")
    ax.stairs(provisioned[:-1], hours, baseline=None, color=PROVISIONED, linewidth=1.8, label="provisioned")
    ax.set_title(f"{capacity.resource or table.deployed.name}, {capacity.access}s", loc="left", fontsize=10)
    ax.set_ylabel("units a second")
    ax.set_xlim(0, 24)
    ax.set_xticks(range(0, 25, 3))
    ax.set_ylim(bottom=0)
    ax.tick_params(colors=TEXT)
    for spine in ax.spines.values():
        spine.set_color(TEXT)
    ax.spines[["top", "right"]].set_visible(False)
