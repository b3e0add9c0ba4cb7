"""The two ways to fail, by exit code. Messages are for people: what is wrong and what to do, in one or two lines."""

import contextlib
from collections.abc import Generator


class PlanError(Exception):
    """The program, its plan or the account is wrong: exit code 1."""

    exit_code = 1


class CallError(PlanError):
    """The command was called wrongly: exit code 2."""

    exit_code = 2


class AnswerError(Exception):
    """What answers is not AWS; the message says what its answer lacks."""


@contextlib.contextmanager
def reading_answer() -> Generator[None]:
    """Raise AnswerError if AWS's answer can't be read. Put nothing else in the block: it would hide our own errors."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnswerError(repr(error)) from error


def one_line(error: Exception) -> str:
    """Return another library's error as one line, without botocore's remark on zero retries."""
    return " ".join(str(error).split()).replace(" (reached max retries: 0)", "")
