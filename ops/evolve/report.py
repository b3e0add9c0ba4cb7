"""What evolve prints: for a person, as Markdown for a pull request, and as JSON for a machine."""

import json
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ops.console import count, print_table
from ops.evolve.changes import Change
from ops.evolve.evolve import Evolution

_COLOURS = {"safe": "green", "slow": "yellow", "dangerous": "red"}


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
                "why": " ".join([change.why, *_aws(change)]),
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
    """Print a row for each change, then what there is to know of those that somebody may notice, and the outcome."""
    changes = evolution.changes
    if changes:
        rows = [
            [
                Text(_severity(change), _COLOURS[change.severity]),
                change.code,
                change.table,
                change.path,
                _values(change),
            ]
            for change in changes
        ]
        print_table(out, rows, ("", "Code", "Table", "Property", "Change"), droppable=("Change", "Property", "Table"))
    for change in changes:
        if change.severity != "safe":
            _print_change(change, out)
    failed = [question for question in evolution.questions if question.problem]
    for question in {(q.question, q.version, q.problem): q for q in reversed(failed)}.values():
        where = f"{question.question} ({question.version} version, {question.step})"
        out.print(f"[red]not answered[/]: {escape(where)}: {escape(question.problem)}")
    out.print(f"\n{_verdict(evolution)}")


def _print_change(change: Change, out: Console) -> None:
    out.print(f"\n[bold {_COLOURS[change.severity]}]{change.code}[/]  {escape(change.table)} {escape(change.path)}")
    out.print(f"  {escape(change.why)}")
    for call in change.calls:
        out.print(f"  AWS: {escape(call)}")
    for number, step in enumerate(change.steps, 1):
        out.print(f"  {number}. {escape(step)}")


def as_markdown(evolution: Evolution) -> str:
    """Return an evolution as a Markdown table, and the reason and the steps of each change that is not safe."""
    lines = [f"### {evolution.stack.name}: changes since {_code(evolution.base)}", ""]
    if evolution.changes:
        lines += ["| severity | code | table | property | change |", "|---|---|---|---|---|"]
        lines += [
            f"| {_severity(c)} | `{c.code}` | {_cell(c.table)} | {_cell(c.path)} | {_cell(_values(c))} |"
            for c in evolution.changes
        ]
    for change in evolution.changes:
        if change.severity != "safe":
            lines += ["", f"**{change.code}** {_cell(change.table)} {_cell(change.path)}: {change.why}", ""]
            lines += [f"- AWS: {_code(call)}" for call in change.calls]
            lines += [f"{number}. {step}" for number, step in enumerate(change.steps, 1)]
    lines += ["", Text.from_markup(_verdict(evolution)).plain]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return _code(text) if text else ""


def _code(text: str) -> str:
    """Return text as Markdown code that neither ends a cell of a table nor a line."""
    return "`" + text.replace("`", "'").replace("|", "\\|").replace("\n", " ") + "`"


def _severity(change: Change) -> str:
    return "accepted" if change.accepted else change.severity


def _values(change: Change) -> str:
    return " → ".join(_value(value) for value in (change.old, change.new) if value is not None)


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _aws(change: Change) -> Iterable[str]:
    return [f"AWS: {'; '.join(change.calls)}."] if change.calls else []


def _verdict(evolution: Evolution) -> str:
    asked = len({(q.question, q.version, q.table) for q in evolution.questions})
    rehearsed = f"rehearsed with {count(asked, 'query').replace('querys', 'queries')}"
    since = f"since {escape(evolution.base)}"
    if evolution.refused:
        what = count(len(evolution.refused), "dangerous change")
        return (
            f"[red]refused[/]: {what} {since}; take the steps above, or accept it in accepted_changes.yaml, "
            "see docs/evolving.md"
        )
    if not evolution.changes:
        return f"[green]ok[/]: no change {since}"
    return f"[green]ok[/]: {count(len(evolution.changes), 'change')} {since}, {rehearsed}"
