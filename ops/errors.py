"""The two ways to fail, by exit code. Their messages are for people: one or two lines, and the way out."""


class PlanError(Exception):
    """The program, its plan or the account is wrong: exit code 1."""

    exit_code = 1


class CallError(PlanError):
    """The command was called wrongly: exit code 2."""

    exit_code = 2


def one_line(error: Exception) -> str:
    """Return another library's error as one line, without botocore's remark on zero retries."""
    return " ".join(str(error).split()).replace(" (reached max retries: 0)", "")
