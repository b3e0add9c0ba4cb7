"""The two ways to fail, by exit code. Their messages are for people: one or two lines, and the way out."""


class PlanError(Exception):
    """The program, its plan or the account is wrong: exit code 1."""

    exit_code = 1


class CallError(PlanError):
    """The command was called wrongly: exit code 2."""

    exit_code = 2


def one_line(error: Exception) -> str:
    """Return the words of another library's error, which may span lines, as one line; botocore's zero retries go."""
    return " ".join(str(error).split()).replace(" (reached max retries: 0)", "")
