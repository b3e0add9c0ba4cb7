"""What evolve prints: for a person, as Markdown for a pull request, and as JSON for a machine."""

import json
import re
import textwrap
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ops import markdown
from ops.console import COLOURS, count, print_table
from ops.evolve.changes import Change
from ops.evolve.evolve import Evolution
from ops.evolve.rehearse import Question

_COLOURS = {"dangerous": "red", "slow": "yellow", "safe": "green"}


def as_json(evolution: Evolution) -> str:
    """Return an evolution as one JSON object."""
    result = {
        "project": evolution.stack.project,
        "stack": evolution.stack.name,
        "base": evolution.base,
        "changes": [
            {
                **{name: getattr(change, name) for name in ("code", "severity", "urn", "table")},
                "property": change.path,
                **{name: getattr(change, name) for name in ("old", "new", "accepted")},
                "why": " ".join([change.why, *([f"AWS: {'; '.join(change.calls)}."] if change.calls else [])]),
                "steps": list(change.steps),
            }
            for change in evolution.changes
        ],
        "questions": [
            {
                **{name: getattr(question, name) for name in ("question", "version", "step")},
                "ok": not question.problem,
                "problem": question.problem,
            }
            for question in evolution.questions
        ],
        "ok": evolution.ok,
    }
    return json.dumps(result, indent=2)


def print_evolution(evolution: Evolution, out: Console) -> None:
    """Print a row for each change, the reason and the recipe of what is not safe, and the outcome.

    What is most severe comes first. On a terminal, paragraphs are wrapped to its width.
    """
    changes, is_whole = _by_severity(evolution), not out.is_terminal
    if changes:
        rows = [[Text(_severity(c), _COLOURS[c.severity]), c.code, c.table, c.path, _values(c)] for c in changes]
        print_table(out, rows, ("", "Code", "Table", "Property", "Change"), droppable=("Change", "Property", "Table"))
    for group in _groups(changes):
        change = group[0]
        out.print()
        _print_paragraph(out, f"{change.code}  ", _where(group, str), f"bold {_COLOURS[change.severity]}")
        _print_paragraph(out, "  ", change.why)
        for call in _calls(group):
            _print_paragraph(out, "  AWS: ", call)
        for number, step in enumerate(change.steps, 1):
            _print_paragraph(out, f"  {number}. ", step)
    for question in _unexplained(evolution):
        where = f"{question.question} ({question.version} version, {question.step})"
        out.print(f"[red]not answered[/]: {escape(where)}: {escape(question.problem)}", soft_wrap=is_whole)
    word, why = _verdict(evolution, escape)
    out.print(f"\n[{COLOURS[word]}]{word}[/]: {why}", soft_wrap=is_whole)


def as_markdown(evolution: Evolution) -> list[str]:
    """Return an evolution as lines of Markdown: the outcome, a table, and the reason and recipe of what isn't safe."""
    word, why = _verdict(evolution, markdown.code)
    lines = [f"### {evolution.stack.name}: changes since {markdown.code(evolution.base)}", "", f"**{word}**: {why}", ""]
    changes = _by_severity(evolution)
    rows = [(_severity(c), *map(markdown.code, (c.code, c.table, c.path, _values(c)))) for c in changes]
    lines += markdown.table(("severity", "code", "table", "property", "change"), rows)
    for group in _groups(changes):
        lines += ["", f"**{group[0].code}** {_where(group, markdown.code)}: {markdown.prose(group[0].why)}", ""]
        lines += [f"- AWS: {markdown.code(call)}" for call in _calls(group)]
        lines += [f"{number}. {step}" for number, step in enumerate(group[0].steps, 1)]
    for question in _unexplained(evolution):
        lines += ["", f"**not answered**: {markdown.code(question.question)}: {markdown.code(question.problem)}"]
    return lines


def _by_severity(evolution: Evolution) -> list[Change]:
    """Return the changes, the most severe first, and of each severity those that are accepted last."""
    severities = list(_COLOURS)
    return sorted(evolution.changes, key=lambda change: (severities.index(change.severity), change.accepted))


def _groups(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the changes that are not safe, those of one code, reason and recipe together."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        if change.severity != "safe":
            groups.setdefault((change.code, change.accepted, change.why, change.steps), []).append(change)
    return list(groups.values())


def _where(group: list[Change], shown: Callable[[str], str]) -> str:
    """Return the tables of some changes and the properties. Tables with the same properties are named together."""
    properties: dict[str, dict[str, None]] = {}
    for change in group:
        properties.setdefault(change.table, {})[change.path] = None
    tables: dict[tuple[str, ...], list[str]] = {}
    for table, paths in properties.items():
        tables.setdefault(tuple(paths), []).append(table)
    lists = (
        [", ".join(shown(name) for name in names if name) for names in (of, paths)] for paths, of in tables.items()
    )
    return "; ".join(" ".join(filter(None, two)) for two in lists)


def _calls(group: list[Change]) -> list[str]:
    """Return the calls of some changes. A call that several tables get is shown once, for TABLE."""
    calls: dict[str, dict[str, None]] = {}
    for change in group:
        for call in change.calls:
            calls.setdefault(call.replace(f"TableName {change.table}", "TableName TABLE"), {})[call] = None
    return [next(iter(those)) if len(those) == 1 else call for call, those in calls.items()]


def _unexplained(evolution: Evolution) -> list[Question]:
    """Return each query that failed, at its first step, unless the change question-unanswered tells it."""
    told = {(change.table, change.path) for change in evolution.changes if change.code == "question-unanswered"}
    failed = [q for q in evolution.questions if q.problem and (q.table, q.question) not in told]
    return list({(q.question, q.version, q.problem): q for q in reversed(failed)}.values())


def _print_paragraph(out: Console, start: str, text: str, style: str = "") -> None:
    """Print text after `start`: on a terminal, wrapped and indented, with commands in lines of their own, to copy."""
    lines = [text]
    if out.is_terminal:
        lines = []
        for part in re.split("(`aws .+?`)", text):
            is_command = part.startswith("`aws")
            lines += (
                [part.strip("`")]
                if is_command
                else textwrap.wrap(part.lstrip(". "), out.width - len(start), break_on_hyphens=False)
            )
    for number, line in enumerate(lines):
        out.print(Text.assemble((" " * len(start) if number else start, style), line))


def _severity(change: Change) -> str:
    return "accepted" if change.accepted else change.severity


def _values(change: Change) -> str:
    values = (value for value in (change.old, change.new) if value is not None)
    return " → ".join(value if isinstance(value, str) else json.dumps(value) for value in values)


def _verdict(evolution: Evolution, shown: Callable[[str], str]) -> tuple[str, str]:
    """Return the outcome in one word, and why."""
    since = f"since {shown(evolution.base)}"
    if evolution.refused:
        number = len(evolution.refused)
        return "refused", (
            f"{count(number, 'dangerous change')} {since}; take the steps shown, or accept "
            f"{'it' if number == 1 else 'them'} in accepted_changes.yaml, see docs/evolving.md"
        )
    if not evolution.changes:
        return "ok", f"no change {since}"
    asked = len({(q.question, q.version, q.table) for q in evolution.questions})
    queries = "1 query" if asked == 1 else f"{asked} queries"
    return "ok", f"{count(len(evolution.changes), 'change')} {since}, rehearsed with {queries}"
