"""Every test is cut off from the network and from AWS accounts, by the same code as a rehearsal."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import settings

from ops import emulator, plan, project

ROOT = Path(__file__).parent.parent

emulator.isolate()

# pytest -n0 --hypothesis-profile=long tests/policies/test_wire.py
settings.register_profile("long", max_examples=10_000, deadline=None)


@pytest.fixture
def record() -> Callable[..., plan.Plan]:
    """Record the plan of a stack of this project."""

    def record(stack: str = "prod", *config: str) -> plan.Plan:
        return plan.record(project.load(ROOT, stack, config))

    return record


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., project.Stack]:
    """Make a project of one small program, `demo`, with the stack `dev`."""

    def write(source: str, stack_file: str = "config: {}", project_file: str = "") -> project.Stack:
        (tmp_path / "Pulumi.yaml").write_text(
            project_file or "name: demo\nruntime: python\nconfig: {'aws:region': {value: eu-west-1}}\n"
        )
        (tmp_path / "Pulumi.dev.yaml").write_text(stack_file)
        (tmp_path / "__main__.py").write_text("import pulumi\nimport pulumi_aws as aws\n" + dedent(source))
        return project.load(tmp_path, "dev")

    return write
