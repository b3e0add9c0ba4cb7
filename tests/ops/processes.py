"""Waits for processes that may be nobody's children."""

import time
from pathlib import Path


def is_gone(process: int | str) -> bool:
    """Wait, for some seconds, until a process has ended."""
    return until(lambda: _state(process) in {"", "Z"})


def text_of(file: Path) -> str:
    """Wait, for some seconds, until another process has written a file; return what is in it."""
    until(lambda: file.exists() and file.read_text() != "")
    return file.read_text()


def until(condition) -> bool:
    """Wait, for some seconds, until a condition holds; return whether it does."""
    deadline = time.monotonic() + 20
    while not (is_so := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so


def _state(process: int | str) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
