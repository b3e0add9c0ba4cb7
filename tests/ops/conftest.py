from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ops.__main__ import main


@dataclass(frozen=True)
class Result:
    """What a command prints, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.out.splitlines()]


@pytest.fixture
def run(capsys, in_process) -> Callable[..., Result]:  # noqa: ARG001 - it is enough that it is there
    """Run a command, and its program, in this process."""

    def run(*arguments: object) -> Result:
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return run
