import html
import re
import runpy
import subprocess
from dataclasses import replace

import pytest

from components.tables import TABLES
from ops.__main__ import main
from ops.evolve import accepted
from tests.conftest import ROOT

GENERATE = runpy.run_path(str(ROOT / "docs/generate.py"))


@pytest.mark.usefixtures("in_process")
def test_generated_pages_are_current():
    pages = GENERATE["PAGES"]

    assert {path.name: path.read_text() for path in pages} == {path.name: page() for path, page in pages.items()}, (
        "run make docs"
    )


def test_the_accepted_change_that_the_page_shows_is_read(tmp_path):
    page = (ROOT / "docs/evolving.md").read_text()
    [example] = re.findall("```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / accepted.FILE).write_text(example)

    assert accepted.read(tmp_path) == [
        accepted.Accepted(
            code="stream-restarted",
            table="RetailInvoices",
            property="streamViewType",
            reason="the export needs the keys only, and nothing else reads this stream",
            told="the reporting team, on 3 March",
        )
    ]


def test_every_link_of_the_page_leads_to_a_heading():
    page = (ROOT / "docs/evolving.md").read_text()
    headings = re.findall("^### (.+)$", page, re.MULTILINE)

    assert {*re.findall(r"\(#(.+?)\)", page)} == {*headings}
    assert len({*headings}) == len(headings)


@pytest.mark.parametrize("page", ["billing-mode.md", "restore.md", "retire.md"])
def test_the_diffs_of_a_runbook_apply_in_their_order(tmp_path, page):
    text, diff = (ROOT / "docs/runbooks" / page).read_text(), ""
    for name in re.findall("^--- a/(.*)$", text, re.MULTILINE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    for block, option in re.findall("^```diff\n(.*?)^```|git apply (--reverse)", text, re.DOTALL | re.MULTILINE):
        diff = block or diff
        command = ["git", "apply", *filter(None, [option])]
        done = subprocess.run(command, cwd=tmp_path, input=diff, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_time_to_live_is_shown():
    vendors = replace(TABLES[-1], time_to_live="expires")

    assert GENERATE["_attributes"](vendors) == (
        "active, email_patterns, invoice_sub_type, parser_type, subject_keywords, vendor_name; items expire by expires"
    )


def words(text):
    """Return a text without what differs each time: seconds, the time in a stream's ARN; without colours and spaces."""
    return re.sub(r"\x1b\[[0-9;]*m|[\d.]+ s\)|stream/\S+|\s", "", text)


@pytest.mark.usefixtures("in_process")
def test_the_picture_in_the_readme_is_the_end_of_what_a_rehearsal_prints(capsys, monkeypatch):
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(GENERATE["COLUMNS"])}.items():
        monkeypatch.setenv(name, value)
    main(["rehearse", "--cwd", str(ROOT), "--stack", "prod", "--drill"])
    printed = "\n".join(capsys.readouterr().out.splitlines()[-GENERATE["LINES"] :])
    picture = (ROOT / "docs/rehearsal.svg").read_text()
    texts = html.unescape(" ".join(re.findall("<text[^>]*>([^<]*)</text>", picture))).replace("\xa0", " ")

    assert "docs/rehearsal.svg" in (ROOT / "README.md").read_text()
    assert words(texts).partition("prod")[2] == words(printed), "run make docs"
