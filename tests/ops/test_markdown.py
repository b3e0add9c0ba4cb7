"""Markdown, as a parser of it reads what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ops import markdown

PARSER = MarkdownIt("commonmark").enable("table")
HOSTILE = [
    "a | b",
    "a \\| b",
    "a \\\\| b",
    "| |\n|---|\n| x |",
    "`` ` ` # x",
    "a\r\n# Approved",
    "a\n\n# Approved",
    "a\x85# Approved\u2028# x\u2029\x0b\x0c\x1c# y",
    "<script>alert(1)</script>",
    "</td></table><h1>Approved</h1>",
    "<!--",
    "[x](https://example.com) ![x](y) @team #1 https://example.com",
    "**bold** _x_ ~~x~~ &lt; &#124; \\",
    "\u202etxt.exe\u200b\x00\x1b[31m",
]


def tokens(lines):
    """Return the kinds of blocks that a parser finds, and the texts of the code in them."""
    blocks = PARSER.parse("\n".join(lines))
    inline = [child for block in blocks for child in block.children or []]
    return [block.type for block in blocks], [child.type for child in inline], [child.content for child in inline]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_in_a_cell_ends_it(text):
    plain = markdown.table(("One", "Two"), [[markdown.code("a"), markdown.code("b")]])
    lines = markdown.table(("One", "Two"), [[markdown.code(text), markdown.code("b")]])

    assert tokens(lines)[:2] == tokens(plain)[:2]
    assert tokens(lines)[2][-1] == "b"


@given(st.text(), st.text())
def test_nothing_at_all_in_a_cell_ends_it(one, two):
    blocks, inline, texts = tokens(
        markdown.table(("h",) * 3, [[*map(markdown.code, (one, two)), markdown.code("end")]])
    )

    assert blocks.count("td_open") == 3
    assert {*inline} <= {"text", "code_inline"}
    assert texts[-1] == "end"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_in_a_paragraph_ends_its_code(text):
    blocks, inline, _ = tokens([f"Fix: {markdown.code(text)}"])

    assert (blocks, inline) == (["paragraph_open", "inline", "paragraph_close"], ["text", "code_inline"])


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_prose_is_a_paragraph_without_html(text):
    blocks, inline, _ = tokens([f"Why: {markdown.prose(text)}"])

    assert blocks == ["paragraph_open", "inline", "paragraph_close"]
    assert "html_inline" not in inline


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("users", "`users`"),
        ("", ""),
        (" \n", ""),
        ("a|b`c`\r\nd", "`a|b'c' d`"),
        ("\u202ea\x00\u200b\tb", "`a b`"),
    ],
)
def test_text_is_code_in_one_line_that_one_sees(text, code):
    assert markdown.code(text) == code


def test_a_bar_in_a_cell_is_shown():
    _, _, texts = tokens(markdown.table(["h"], [[markdown.code("a|b")]]))

    assert texts[-1] == "a|b"


def test_a_backslash_does_not_escape_the_one_that_escapes_a_bar():
    # GitHub's parser counts backslashes, unlike the one here.
    assert markdown.table(["h"], [["a\\|b"]])[2] == "| a\\ \\|b |"


def test_a_table_without_rows_is_nothing():
    assert markdown.table(("One", "Two"), []) == []


def test_what_github_would_not_show_is_counted():
    assert markdown.fitted(["a", "b"]) == "a\nb\n\n"
    text = markdown.fitted(["first", *["ä" * 100_000] * 7])

    assert len(text.encode()) < 1024 * 1024
    assert text.startswith("first\n")
    assert text.endswith("\n\n3 more lines are too long for a summary\n\n")


def test_the_ends_of_lines_count_too():
    assert len(markdown.fitted(["a"] * 600_000)) < 1024 * 1024
