"""Markdown for the summary of a job on GitHub. Names and messages stay text, whatever is in them."""

import unicodedata
from collections.abc import Iterable, Sequence

# GitHub shows nothing of a step's summary that is longer than 1024 KiB.
LIMIT = 1_000_000


def code(text: str) -> str:
    """Return text as code in one line, without the characters that aren't seen; nothing for no text."""
    line = _line(text)
    return "`" + line.replace("`", "'") + "`" if line else ""


def prose(text: str) -> str:
    """Return sentences of ours with names of others in them, in one line that has no HTML and no comment."""
    return _line(text).replace("<", "&lt;")


def _line(text: str) -> str:
    return "".join(c for c in " ".join(text.split()) if unicodedata.category(c)[0] != "C")


def table(header: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table. Its cells are Markdown of one line; a bar in one doesn't end it."""
    # A backslash before a bar would escape the backslash that escapes the bar.
    escaped = ([cell.replace("\\|", "\\ |").replace("|", "\\|") for cell in row] for row in rows)
    lines = [f"| {' | '.join(row)} |" for row in escaped]
    return [f"| {' | '.join(header)} |", "|" + "---|" * len(header), *lines] if lines else []


def fitted(lines: Iterable[str]) -> str:
    """Return lines as text, with an empty line after it. Lines that GitHub would not show are left out, and counted."""
    kept, size, left_out = [], 0, 0
    for line in lines:
        size += len(line.encode()) + 1
        if size < LIMIT:
            kept.append(line)
        else:
            left_out += 1
    return "\n".join(kept + (["", f"{left_out} more lines are too long for a summary"] if left_out else [])) + "\n\n"
