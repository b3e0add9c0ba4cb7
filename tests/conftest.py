"""Every test is cut off from the network and from AWS accounts, by the same code as a rehearsal."""

import functools
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent

import botocore.loaders
import botocore.session
import moto.core.responses
import moto.kms.utils
import pytest
from hypothesis import settings

from ops import isolation
from ops.engine import plan, project
from tests import programs

ROOT = Path(__file__).parent.parent

# Where the CLI keeps its plugins: isolate() drops Pulumi's variables, and the workers of a test run get no others.
os.environ.setdefault("PAYPULSE_PULUMI_HOME", os.environ.get("PULUMI_HOME") or str(Path.home() / ".pulumi"))
isolation.isolate()

# Programs and packs run in processes that import pulumi: from bytecode that takes half as long.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Every session of botocore reads its files again, which takes a tenth of a second; it has no setting for that.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)  # ty: ignore[invalid-assignment]
# moto makes an RSA key for each account that has an AWS managed key, which takes a tenth of a second; no test uses it.
moto.kms.utils.rsa.generate_private_key = functools.cache(  # ty: ignore[invalid-assignment]
    moto.kms.utils.rsa.generate_private_key
)
# For each call it lists the methods of the class that answers, which takes as long as some answers.
moto.core.responses.method_names_from_class = functools.cache(  # ty: ignore[invalid-assignment]
    moto.core.responses.method_names_from_class
)
# What moto and pulumi_aws import stays: to look through all of it for garbage again and again takes a third of the time.
gc.set_threshold(100_000, 50, 100)

# On a busy machine an example can take the fifth of a second that hypothesis allows.
settings.register_profile("short", max_examples=50, deadline=2_000)
settings.load_profile("short")
# Each night: make test ARGS='-m hypothesis --hypothesis-profile=long'. Other examples each time, which CI would not have.
settings.register_profile("long", max_examples=10_000, deadline=None, derandomize=False, print_blob=True)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands run programs in this process, which takes a tenth of the time; what these print is in the way."""
    monkeypatch.setattr("ops.engine.program.start", programs.start)
    # It is so already, and each hook that is added costs.
    monkeypatch.setattr(isolation, "isolate", lambda: None)


@pytest.fixture
def record() -> Callable[..., plan.Plan]:
    """Record the plan of a stack of this project, as in a preview."""

    def record(stack: str = "prod", *config: str) -> plan.Plan:
        return programs.record(programs.stack(stack, *config))

    return record


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., project.Stack]:
    """Make a project of one small program, `demo`, with the stack `dev`."""

    def write(
        source: str, stack_file: str = "config: {}", project_file: str = "", overrides: Sequence[str] = ()
    ) -> project.Stack:
        (tmp_path / "Pulumi.yaml").write_text(
            project_file or "name: demo\nruntime: python\nconfig: {'aws:region': {value: eu-west-1}}\n"
        )
        (tmp_path / "Pulumi.dev.yaml").write_text(stack_file)
        # In a process of its own a program takes half a second longer with pulumi_aws.
        imports = "import pulumi\n" + ("import pulumi_aws as aws\n" if "aws." in source else "")
        (tmp_path / "__main__.py").write_text(imports + dedent(source))
        return project.load(tmp_path, "dev", overrides)

    return write


def pytest_collection_finish() -> None:
    """Leave what is imported out of the search for garbage, of which pytest makes several at its end."""
    gc.freeze()
