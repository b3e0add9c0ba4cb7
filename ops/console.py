"""Functions with which all commands print: tables and colors on a terminal, plain text elsewhere."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.drift import Difference

Row = Sequence[str | Text]
COLOURS = {"ok": "green", "failed": "red", "refused": "red"}
DIFFERENCE = ("Resource", "Property", "Declared", "Live")


def console(*, stderr: bool = False) -> Console:
    """Return a console with the width of the terminal. Without a terminal, it is wide enough for every line."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = 400
    return made


def print_table(out: Console, rows: Sequence[Row], header: Sequence[str], droppable: Sequence[str] = ()) -> None:
    """Print each row in one line, under a header. Leave out `droppable` columns, in that order, until the rows fit."""
    shown = list(range(len(header)))
    widths = [max(_width(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    for name in droppable:
        if sum(widths[column] + 2 for column in shown) > out.width:
            shown.remove(list(header).index(name))
    table = Table(box=None, show_header=any(header), header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in shown:
        table.add_column(header[column], no_wrap=True, overflow="ignore")
    for row in rows:
        # As Text, so that rich doesn't read markup in a program's names.
        table.add_row(*(cell if isinstance(cell := row[column], Text) else Text(cell) for column in shown))
    # With the width of its rows, so that rich neither cuts nor wraps them.
    out.print(table, crop=False, width=sum(widths[column] + 2 for column in shown))


def _width(cell: str | Text) -> int:
    return cell.cell_len if isinstance(cell, Text) else Text(cell).cell_len


def print_differences(differences: Sequence[Difference], out: Console) -> None:
    """Print a row for each difference, and nothing if there are none."""
    if differences:
        print_table(out, list(map(difference_row, differences)), DIFFERENCE)


def difference_row(difference: Difference) -> list[str]:
    """Return the cells of a difference, under the header DIFFERENCE."""
    resource = difference.urn.split("::", 2)[2]
    return [resource, _property(difference), _declared(difference), _value(difference.live)]


def _property(difference: Difference) -> str:
    """Return what differs, with a mark if a deployment would replace it."""
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
    """Return a number with its noun: 1 difference, 2 differences."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def counts(names: Iterable[str]) -> str:
    """Return how often each name occurs: 2 apples, 1 pear."""
    return ", ".join(f"{number} {name}" for name, number in Counter(names).items())


def short_type(type_: str) -> str:
    """Shorten a type token as the CLI does: aws:dynamodb/table:Table becomes aws:dynamodb:Table."""
    return re.sub("/[^:]*:", ":", type_)
