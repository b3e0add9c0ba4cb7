"""Prints the benchmark's table: python -m bench [--json]. About three minutes; more where the Pulumi CLI is on PATH."""

import argparse
import json
import os
import platform
import time
from dataclasses import asdict
from statistics import median

from rich.console import Console
from rich.table import Table

from bench import accounts, costs, engine, policies, rehearsals
from bench.measure import Figure
from ops import isolation

_SECTIONS = {"rehearsals": rehearsals, "policies": policies, "verify": accounts, "cost": costs, "engine": engine}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("sections", nargs="*", choices=[*_SECTIONS, []], help="what to measure (default: all)")
    options = parser.parse_args()
    isolation.isolate()
    progress, started = Console(stderr=True, highlight=False), time.perf_counter()
    figures = []
    for name in options.sections or _SECTIONS:
        with progress.status(f"measuring {name}"):
            for figure in _SECTIONS[name].figures():
                figures.append(figure)
                progress.print(f"[dim]{time.perf_counter() - started:4.0f} s[/]  {figure.what}")
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.platform()}"
    if options.json:
        rows = [asdict(figure) | {"ratio": figure.ratio} for figure in figures]
        print(json.dumps({"machine": machine, "figures": rows}, indent=2))
    else:
        out = Console(highlight=False, width=200)
        out.print(_table(figures))
        out.print(f"{machine}; {time.perf_counter() - started:.0f} s")


def _table(figures: list[Figure]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for header in ("Figure", "Median", "Spread", "Baseline", "Ratio", "Aim"):
        table.add_column(header, justify="left" if header == "Figure" else "right")
    for figure in figures:
        unit, colour = figure.unit, "red" if figure.is_missed else "green"
        table.add_row(
            figure.what,
            f"{median(figure.values):.3g} {unit}",
            f"{min(figure.values):.3g} to {max(figure.values):.3g}",
            f"{median(figure.floors):.3g} {unit}" if figure.floors else "",
            f"{figure.ratio:.2f}" if figure.ratio else "",
            f"[{colour}]{figure.aim}[/]" if figure.aim else "",
        )
    return table


if __name__ == "__main__":
    main()
