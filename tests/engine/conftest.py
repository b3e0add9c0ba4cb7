"""The real CLI on a copy of this project, with a file backend and an emulated AWS.

The AWS plugin is the real one where there is one, on PATH or among the CLI's own; otherwise the stand-in of this folder.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.aws import clients, emulator
from tests.conftest import ROOT

# Every emulated account is this one.
ACCOUNT = "123456789012"
PACK = ("--policy-pack", "policies", "--policy-pack-config", "policies/config/prod.json")


def aws_plugin() -> Path:
    """Return the real AWS plugin, or else the stand-in."""
    on_path = shutil.which("pulumi-resource-aws")
    home = Path(os.environ["PAYPULSE_PULUMI_HOME"])
    found = [on_path] if on_path else sorted(home.glob("plugins/resource-aws-v*/pulumi-resource-aws"))
    return Path(found[-1]) if found else Path(__file__).with_name("pulumi-resource-aws")


def copy_project(source: Path, folder: Path) -> None:
    """Copy the project, for the tests' passphrase and account: without the salts of its stacks, allowing that one."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".*", "tests", "__pycache__"))
    for file in folder.glob("Pulumi.*.yaml"):
        text = re.sub("(?m)^encryptionsalt:.*\n", "", file.read_text())
        file.write_text(re.sub("(?m)^( *aws:allowedAccountIds:).*", rf'\1 ["{ACCOUNT}"]', text))
    (folder / ".venv").symlink_to(ROOT / ".venv")


@dataclass
class Engine:
    """The CLI in `folder`, against the emulated AWS that `aws` reaches and whose calls are in `log`."""

    folder: Path
    environment: dict[str, str]
    aws: clients.Clients
    log: Path

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI; return what it printed. Fails the test where it fails, or with `fails` where it doesn't."""
        result = self.start(*arguments)
        out, _ = result.communicate()
        assert (result.returncode != 0) == fails, out
        return out

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the CLI, and leave it running."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def json(self, *arguments: str) -> dict:
        """Run the CLI with --json; return what it printed."""
        out = self.run(*arguments, "--json")
        return json.loads(out[out.index("{") :])

    def changes(self, *arguments: str) -> dict[str, int]:
        """Return how many resources a preview would create, update, replace, delete, or leave as they are."""
        return self.json("preview", *arguments)["changeSummary"]

    @contextlib.contextmanager
    def edited(self, *edits: tuple[str, str, str]) -> Generator[None]:
        """Change the program for a while; an edit is a file, a pattern, and what replaces it."""
        sources = {file: (self.folder / file).read_text() for file, _, _ in edits}
        try:
            for file, pattern, replacement in edits:
                changed, count = re.subn(pattern, replacement, (self.folder / file).read_text())
                assert count == 1, (file, pattern)
                (self.folder / file).write_text(changed)
            yield
        finally:
            for file, source in sources.items():
                (self.folder / file).write_text(source)

    @contextlib.contextmanager
    def watched(self) -> Generator[list[tuple[str, dict]]]:
        """Yield a list that in the end has each call that AWS got: its operation and its parameters."""
        before, calls = len(self.log.read_text().splitlines()), []
        yield calls
        lines = map(json.loads, self.log.read_text().splitlines()[before:])
        calls += [(line["operation"], line["parameters"]) for line in lines]

    def state(self, stack: str) -> dict:
        """Return what the backend has of a stack, read from its file: nothing while that is being written."""
        file = self.folder.parent / f"state/.pulumi/stacks/paypulse/{stack}.json"
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return json.loads(file.read_text())["checkpoint"]["latest"] or {}
        return {}

    def adopt(self, stack: str) -> None:
        """Adopt what the account has, by the commands of docs/adopting.md."""
        # With the environment of the CLI, which it asks for the state.
        subprocess.run(
            [sys.executable, "-m", "ops", "adopt", "--cwd", self.folder, "--stack", stack, "--output", "imports.json"],
            cwd=self.folder,
            env=self.environment | {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"},
            check=True,
        )
        self.run("import", "--yes", "--stack", stack, "--file", "imports.json", "--generate-code=false")

    def tables(self) -> list[str]:
        """Return the names of all tables in the account."""
        return self.aws("dynamodb").list_tables()["TableNames"]


def that_change(calls: list[tuple[str, dict]]) -> list[tuple[str, dict]]:
    """Leave out the calls that only read."""
    return [call for call in calls if not re.match("Describe|List|Get|GET ", call[0])]


def described(calls: list[tuple[str, dict]]) -> set[str]:
    """Return the names of the tables that are looked up."""
    return {parameters["TableName"] for operation, parameters in calls if operation == "DescribeTable"}


@contextlib.contextmanager
def emulated_account(log: Path) -> Generator[str]:
    """Serve an empty account that logs each call; yield its URL. A process of its own: moto has one for each."""
    command = [sys.executable, "-m", "tests.engine.aws_server", str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.kill()


@contextlib.contextmanager
def engine_in(tmp_path: Path) -> Generator[Engine]:
    if not shutil.which("pulumi"):
        pytest.skip("pulumi is not on PATH: the real CLI is an installation of its own")
    folder, log = tmp_path / "project", tmp_path / "calls.jsonl"
    copy_project(ROOT, folder)
    (tmp_path / "state").mkdir()
    log.touch()
    with emulated_account(log) as endpoint, emulator.at(endpoint, "eu-west-1") as aws:
        environment = os.environ | {
            "PATH": f"{aws_plugin().parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PAYPULSE_PYTHON": sys.executable,
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
        yield Engine(folder, environment, aws, log)


@pytest.fixture
def engine(tmp_path):
    """Return the CLI on a project with no stack, and an empty account."""
    with engine_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    """Return the CLI on a project whose stack prod is deployed, for tests that change nothing."""
    with engine_in(tmp_path_factory.mktemp("deployed")) as made:
        made.run("stack", "init", "prod")
        made.run("up", "--yes", "--skip-preview", "--stack", "prod", *PACK)
        yield made
