import html
import re
import runpy

from ops.__main__ import main
from tests.conftest import ROOT


def test_generated_pages_are_current():
    pages = runpy.run_path(str(ROOT / "docs/generate.py"))["PAGES"]

    assert {path.name: path.read_text() for path in pages} == {path.name: page() for path, page in pages.items()}, (
        "run make docs"
    )


def words(text):
    """Return a text without what differs each time: seconds, the time in a stream's ARN; and without spaces."""
    return re.sub(r"\s|[\d.]+ s\)|stream/\S+", "", text)


def test_the_picture_in_the_readme_is_what_a_rehearsal_prints(capsys):
    main(["rehearse", "--cwd", str(ROOT), "--stack", "prod", "--drill"])
    printed = capsys.readouterr().out
    picture = (ROOT / "docs/rehearsal.svg").read_text()
    texts = html.unescape(" ".join(re.findall("<text[^>]*>([^<]*)</text>", picture))).replace("\xa0", " ")

    assert "docs/rehearsal.svg" in (ROOT / "README.md").read_text()
    assert words(texts).partition("prod")[2] == words(printed), "run make docs"
