"""The errors of commands. A message tells a person what is wrong and what to do, in one or two lines."""

import contextlib
from collections.abc import Generator


class PlanError(Exception):
    """The program, its plan or the account is wrong. The exit code is 1."""

    exit_code = 1


class CallError(PlanError):
    """The command was called with wrong options or files. The exit code is 2."""

    exit_code = 2


class AnswerError(Exception):
    """A response doesn't have the form of AWS's. The message is the exception that reading it raised."""


@contextlib.contextmanager
def reading_answer() -> Generator[None]:
    """Raise AnswerError if the block can't read a response of AWS. Put no other code into the block."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnswerError(repr(error)) from error


def one_line(error: Exception) -> str:
    """Return the message of a library's error as one line, without botocore's remark about zero retries."""
    return " ".join(str(error).split()).replace(" (reached max retries: 0)", "")
