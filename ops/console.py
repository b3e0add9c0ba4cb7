"""What all commands print with: tables and colours on a terminal, plain text elsewhere."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.drift import Difference

Row = Sequence[str | Text]


def console(*, stderr: bool = False) -> Console:
    """Return a console: as wide as the terminal, and where there is none as wide as any line."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = 400
    return made


def print_table(out: Console, rows: Sequence[Row], header: Sequence[str], droppable: Sequence[str] = ()) -> None:
    """Print rows under a header, each in one line: where they don't fit, without the `droppable` columns, in order."""
    shown = list(range(len(header)))
    widths = [max(_width(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    for name in droppable:
        if sum(widths[column] + 2 for column in shown) > out.width:
            shown.remove(list(header).index(name))
    table = Table(box=None, show_header=any(header), header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in shown:
        table.add_column(header[column], no_wrap=True, overflow="ignore")
    for row in rows:
        # What a program says is text, never markup.
        table.add_row(*(cell if isinstance(cell := row[column], Text) else Text(cell) for column in shown))
    # As wide as its rows, so that rich neither cuts nor wraps them.
    out.print(table, crop=False, width=sum(widths[column] + 2 for column in shown))


def _width(cell: str | Text) -> int:
    return cell.cell_len if isinstance(cell, Text) else Text(cell).cell_len


def print_differences(differences: Sequence[Difference], out: Console) -> None:
    """Print a row for each difference; nothing where there is none."""
    if differences:
        rows = [[d.urn.split("::", 2)[2], _property(d), _declared(d), _value(d.live)] for d in differences]
        print_table(out, rows, ("Resource", "Property", "Declared", "Live"))


def _property(difference: Difference) -> str:
    """Name what differs, and what a deployment would do that can't be undone."""
    if not difference.property:
        return "(the resource)" + (": a new, empty one would be created" if difference.replaces else "")
    what = "index is rebuilt" if difference.property.startswith("globalSecondary") else "resource is replaced"
    return difference.property + (f": the {what}" if difference.replaces else "")


def _declared(difference: Difference) -> str:
    is_additional = difference.declared is None and isinstance(difference.live, dict)
    return "not declared" if is_additional else _value(difference.declared)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "there"
    return "missing" if value is None else json.dumps(value)


def count(number: int, what: str) -> str:
    """Return a number of things: 1 difference, 2 differences."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def counts(names: Iterable[str]) -> str:
    """Return how many there are of each name."""
    return ", ".join(f"{number} {name}" for name, number in Counter(names).items())


def short_type(type_: str) -> str:
    """Shorten a type token as the CLI shows it: aws:dynamodb/table:Table to aws:dynamodb:Table."""
    return re.sub("/[^:]*:", ":", type_)
