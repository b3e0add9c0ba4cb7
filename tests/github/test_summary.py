"""A job's summary of what the CLI printed. The samples are cut from the real CLI's output."""

import runpy

import pytest

from tests.conftest import ROOT

SCRIPT = runpy.run_path(str(ROOT / ".github/summary.py"))

REFUSED = """\
Previewing update (prod):
    paypulse-dynamodb@v0.1.0 [mandatory] [severity: medium]  dynamodb-table-protected  (aws:dynamodb:Table: users)DynamoDB tables should have Pulumi's resource option protect.
the resource option protect is not set: a plan may delete or replace the table
    paypulse-dynamodb@v0.1.0 [advisory]  dynamodb-table-alarmed  (aws:dynamodb:Table: users)DynamoDB tables should have alarms.
it has none
    +-aws:dynamodb/table:Table: (replace)
        [urn=urn:pulumi:prod::paypulse::aws:dynamodb/table:Table::users]
      ~ name: "Users" => "Customers"
    paypulse-dynamodb@v0.1.0 [mandatory] [severity: high]  dynamodb-table-protected  (pulumi:pulumi:Stack: paypulse-prod)DynamoDB tables should have Pulumi's resource option protect.
the resource option protect is not set
error: preview failed
Resources:
    + 2 to create
    ~ 10 to update
    +-1 to replace
    25 unchanged

Policy Packs run:
    Name                              Version
    paypulse-dynamodb|local|policies  0.1.0
"""
NOTHING = "Previewing update (prod):\nResources:\n    26 unchanged\n"


@pytest.fixture
def summary(tmp_path, monkeypatch):
    """Return a function that runs the script on files of these texts: its code and the summary."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))

    def run(status, *texts):
        names = [f"{number}.txt" for number, _ in enumerate(texts)]
        for name, text in zip(names, texts, strict=True):
            (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        code = SCRIPT["main"]("Preview of prod", status, *names)
        return code, (tmp_path / "summary").read_text()

    return run


def test_the_verdict_comes_first_then_the_violations_by_policy_then_the_output(summary):
    code, text = summary("failure", REFUSED)

    assert code == 0
    verdict = """\
## Preview of prod: FAILED

**2 to create**, **10 to update**, **1 to replace**, **0 to delete**

Violations of policies: 3

    dynamodb-table-protected [mandatory]
      aws:dynamodb:Table: users: the resource option protect is not set: a plan may delete or replace the table
      pulumi:pulumi:Stack: paypulse-prod: the resource option protect is not set
    dynamodb-table-alarmed [advisory]
      aws:dynamodb:Table: users: it has none


<details open><summary>0.txt</summary>

"""
    assert text.startswith(verdict)
    shown = "".join(f"    {line}\n" for line in REFUSED.splitlines())
    assert text == f"{verdict}\n{shown}\n</details>\n"


def test_without_changes_there_are_none(summary):
    _, text = summary("success", NOTHING)

    assert text.startswith(
        "## Preview of prod: succeeded\n\n**0 to create**, **0 to update**, **0 to replace**, **0 to delete**\n\n<details"
    )


def test_other_kinds_of_changes_are_told_too(summary):
    _, text = summary("success", NOTHING.replace("26 unchanged", "= 3 to import\n    - 1 to delete"))

    assert "**0 to replace**, **1 to delete**, 3 to import\n" in text


@pytest.mark.parametrize("status", ["failure", "cancelled", ""])
def test_all_but_success_is_a_failure(summary, status):
    assert summary(status, "error: no credentials\n")[1].startswith("## Preview of prod: FAILED\n\n\n<details")


def test_a_preview_that_never_ran_leaves_out_its_output(summary, tmp_path):
    summary("failure", "refused\n")
    (tmp_path / "summary").unlink()

    assert SCRIPT["main"]("Preview of prod", "failure", "0.txt", "missing.txt") == 0
    assert (tmp_path / "summary").read_text() == (
        "## Preview of prod: FAILED\n\n\n<details open><summary>0.txt</summary>\n\n\n    refused\n\n</details>\n"
    )


def test_counts_that_the_program_may_have_printed_are_not_taken_silently(summary):
    _, text = summary("success", "Resources:\n    + 99 to create\n\n" + NOTHING)

    assert text.splitlines()[2] == (
        "**0 to create**, **0 to update**, **0 to replace**, **0 to delete**"
        " (the last of 2 summaries in the output: the program may have printed one)"
    )


BREAKS = ["\r", "\r\n", "\n\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\x1c"]


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_nothing_that_is_printed_ends_the_block(summary, line_break):
    _, text = summary("failure", f"a{line_break}</details>{line_break}# Approved\n" + REFUSED)

    for line in ("</details>", "# Approved"):
        assert f"\n    {line}\n" in text
    assert "\n# Approved" not in text
    assert text.count("\n</details>") == 1
    assert not {*text} & {*BREAKS} - {"\n"}


def test_what_is_not_seen_is_left_out(summary):
    _, text = summary("success", b"\x1b[31ma\x00\xe2\x80\xaeb\xe2\x80\x8bc\td \xff\n")

    assert "\n    [31mabc\td \ufffd\n" in text


def test_a_violation_cannot_end_its_block_either(summary):
    name = "users\r# Approved"

    _, text = summary("failure", REFUSED.replace("Table: users)", f"Table: {name})"))

    assert "\n# Approved" not in text


def test_what_github_would_not_show_whole_fails(summary):
    code, text = summary("success", "x" * 1_000_001)

    assert code == 1
    assert text.startswith("## Preview of prod: FAILED\n\nThe output is longer than GitHub shows")
    assert len(text) < 200


def test_the_differences_of_verify_are_shown(summary):
    output = "Users\n  pointInTimeRecovery  false  true\n1 difference: 200 properties\n"

    _, text = summary("failure", output)

    assert "\n    Users\n      pointInTimeRecovery  false  true\n    1 difference: 200 properties\n" in text
