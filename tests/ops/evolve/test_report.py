"""What evolve prints: as JSON, as Markdown and for a person."""

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from ops.evolve import report
from ops.evolve.changes import Change
from ops.evolve.codes import CODES, RECIPES
from ops.evolve.evolve import Evolution
from ops.evolve.rehearse import Question
from tests import programs

TTL = Change(
    code="ttl-on",
    urn="urn:pulumi:prod::paypulse::paypulse:dynamodb:Users$aws:dynamodb/table:Table::users",
    table="Users",
    path="ttl",
    new="expires",
    severity="dangerous",
    detail="It is special.",
    calls=("UpdateTimeToLive: TableName Users", "DescribeTable: TableName Users"),
)
TAG = Change(code="tags-changed", urn=TTL.urn, table="Users", path="tags.a", old=1, new={"b": [True]}, severity="safe")
RIGHT = Question(question="user by id", version="old", step="before", table="Users", index=None, problem="")
WRONG = replace(RIGHT, question="user by email", version="new", step="after", index="Email-index", problem="it [fails]")
HOSTILE = "a|b`c`\nd [red]e"


@pytest.fixture
def evolution():
    def evolution(*changes, questions=()):
        stack = programs.stack()
        return Evolution(stack=stack, base="main", changes=[*changes], questions=[*questions])

    return evolution


def printed(evolution, width=100):
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, soft_wrap=True)
    report.print_evolution(evolution, console)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_json_has_all_that_there_is_to_know(evolution):
    assert json.loads(report.as_json(evolution(TTL, questions=[RIGHT, WRONG]))) == {
        "project": "paypulse",
        "stack": "prod",
        "base": "main",
        "changes": [
            {
                "code": "ttl-on",
                "severity": "dangerous",
                "urn": TTL.urn,
                "table": "Users",
                "property": "ttl",
                "old": None,
                "new": "expires",
                "accepted": False,
                "why": (
                    f"{CODES['ttl-on'].why} It is special. "
                    "AWS: UpdateTimeToLive: TableName Users; DescribeTable: TableName Users."
                ),
                "steps": list(RECIPES["turn-on-ttl"].steps),
            }
        ],
        "questions": [
            {"question": "user by id", "version": "old", "step": "before", "ok": True, "problem": ""},
            {"question": "user by email", "version": "new", "step": "after", "ok": False, "problem": "it [fails]"},
        ],
        "ok": False,
    }


def test_json_of_what_is_accepted_or_safe_is_ok(evolution):
    found = json.loads(report.as_json(evolution(replace(TTL, accepted=True), TAG)))

    assert ([change["accepted"] for change in found["changes"]], found["ok"]) == ([True, False], True)
    assert (found["changes"][1]["old"], found["changes"][1]["new"], found["changes"][1]["steps"]) == (
        1,
        {"b": [True]},
        [],
    )


def cells(line):
    """Return the cells of a row of a Markdown table, as GitHub splits them."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize("field", ["table", "path", "old", "new"])
def test_markdown_is_a_table_whatever_names_hold(evolution, field):
    lines = report.as_markdown(evolution(replace(TAG, **{field: HOSTILE}), TTL))[4:]

    assert lines[:2] == [
        "| severity | code | table | property | change |",
        "|---|---|---|---|---|",
    ]
    row = cells(lines[3])
    values = {"table": row[2], "path": row[3], "old": row[4], "new": row[4]}
    assert len(row) == 5
    assert r"a\|b'c' d [red]e" in values[field]
    assert all(cell.count("`") in {0, 2} for cell in row)
    assert cells(lines[2]) == ["dangerous", "`ttl-on`", "`Users`", "`ttl`", "`expires`"]


def test_markdown_says_why_and_how_of_what_somebody_notices(evolution):
    lines = report.as_markdown(evolution(TAG, TTL, questions=[RIGHT, WRONG]))

    assert lines[:4] == [
        "### prod: changes since `main`",
        "",
        "**refused**: 1 dangerous change since `main`; take the steps shown, or accept it in accepted_changes.yaml, see "
        "docs/evolving.md",
        "",
    ]
    assert lines[8:] == [
        "",
        f"**ttl-on** `Users` `ttl`: {CODES['ttl-on'].why} It is special.",
        "",
        "- AWS: `UpdateTimeToLive: TableName Users`",
        "- AWS: `DescribeTable: TableName Users`",
        *(f"{number}. {step}" for number, step in enumerate(RECIPES["turn-on-ttl"].steps, 1)),
        "",
        "**not answered**: `user by email`: `it [fails]`",
    ]


def test_a_name_in_the_reason_neither_ends_the_paragraph_nor_hides_what_follows(evolution):
    lines = report.as_markdown(evolution(replace(TTL, detail="It is a\n\n# Approved\r<!-- \u202ex.")))

    assert f"**ttl-on** `Users` `ttl`: {CODES['ttl-on'].why} It is a # Approved &lt;!-- x." in lines


def test_markdown_without_a_change_is_short(evolution):
    assert report.as_markdown(evolution(questions=[RIGHT])) == [
        "### prod: changes since `main`",
        "",
        "**ok**: no change since `main`",
        "",
    ]


def test_a_person_reads_a_table_why_the_steps_and_the_outcome(evolution):
    assert printed(evolution(TAG, TTL, questions=[RIGHT, WRONG]), 400) == [
        "           Code          Table  Property  Change",
        "dangerous  ttl-on        Users  ttl       expires",
        'safe       tags-changed  Users  tags.a    1 → {"b": [true]}',
        "",
        "ttl-on  Users ttl",
        f"  {CODES['ttl-on'].why} It is special.",
        "  AWS: UpdateTimeToLive: TableName Users",
        "  AWS: DescribeTable: TableName Users",
        *(f"  {number}. {step}" for number, step in enumerate(RECIPES["turn-on-ttl"].steps, 1)),
        "not answered: user by email (new version, after): it [fails]",
        "",
        "refused: 1 dangerous change since main; take the steps shown, or accept it in accepted_changes.yaml, see "
        "docs/evolving.md",
    ]


def test_a_person_reads_what_is_accepted_and_how_much_was_rehearsed(evolution):
    lines = printed(evolution(replace(TTL, accepted=True), questions=[RIGHT, replace(RIGHT, step="after"), WRONG]))

    assert lines[1].split() == ["accepted", "ttl-on", "Users", "ttl", "expires"]
    assert lines[-1] == "ok: 1 change since main, rehearsed with 2 queries"


def test_a_query_that_fails_at_several_steps_is_shown_at_the_first(evolution):
    steps = [replace(WRONG, step=step) for step in ("before", "after")]

    shown = [line for line in printed(evolution(questions=steps)) if line.startswith("not answered")]
    assert shown == ["not answered: user by email (new version, before): it [fails]"]


def test_the_table_fits_the_terminal(evolution):
    wide = replace(TAG, path="globalSecondaryIndexes[due_date_year-due_date_month-index]", new="x" * 80)
    lines = printed(evolution(wide, replace(wide, table="T" * 60)))

    assert max(map(len, lines[:3])) <= 100
    assert [line.split() for line in lines[1:3]] == [["safe", "tags-changed", table] for table in ("Users", "T" * 60)]


def test_names_are_no_markup(evolution):
    lines = printed(evolution(replace(TTL, table="[red]T[/]", path="[bold]p")), 400)

    assert lines[1].split() == ["dangerous", "ttl-on", "[red]T[/]", "[bold]p", "expires"]
    assert lines[3] == "ttl-on  [red]T[/] [bold]p"


def test_what_several_tables_share_is_told_once(evolution):
    off = replace(TTL, code="protect-off", path="protect", detail="", calls=("UpdateTable: TableName Users, A true",))
    other = replace(off, table="Things", calls=("UpdateTable: TableName Things, A true",))
    apart = replace(off, table="Carts", calls=("UpdateTable: TableName Carts, A false",))
    twice = [off, replace(off, path="more"), other, apart]

    shown = printed(evolution(*twice), 400)[6:-2]
    assert shown == [
        "protect-off  Users protect, more; Things, Carts protect",
        f"  {CODES['protect-off'].why}",
        "  AWS: UpdateTable: TableName TABLE, A true",
        "  AWS: UpdateTable: TableName Carts, A false",
        f"  1. {RECIPES['undo'].steps[0]}",
    ]
    assert "**protect-off** `Users` `protect`, `more`; `Things`, `Carts` `protect`: " in "\n".join(
        report.as_markdown(evolution(*twice))
    )


def test_a_query_that_fails_is_told_once(evolution):
    unanswered = Change(
        code="question-unanswered", urn=TTL.urn, table="Users", path=WRONG.question, severity="dangerous"
    )

    assert not any("not answered" in line for line in printed(evolution(unanswered, questions=[WRONG])))


def test_a_terminal_gets_wrapped_paragraphs_and_whole_commands(evolution):
    out = io.StringIO()
    console = Console(file=out, width=60, highlight=False, soft_wrap=True, force_terminal=True, no_color=True)
    report.print_evolution(evolution(TTL), console)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()

    command = next(line for line in lines if "aws dynamodb scan" in line)
    assert command.startswith("     aws dynamodb scan ")
    assert command.endswith('{":now": {"N": "SECONDS"}}\'')
    assert [line for line in lines if len(line) > 60 and line != command] == []
    recipe = lines[next(at for at, line in enumerate(lines) if line.startswith("  1. ")) :]
    assert all(line.startswith("     ") for line in recipe[1 : recipe.index("")])
