"""The real CLI on a copy of this project, with a file backend, the stand-in plugin, and a moto server for AWS."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops import clients, emulator
from ops.__main__ import main
from tests.conftest import ROOT

PACK = ("--policy-pack", "policies", "--policy-pack-config", "policies/config/prod.json")


@dataclass
class Engine:
    """The CLI in `folder`, against the emulated AWS that `aws` reaches."""

    folder: Path
    environment: dict[str, str]
    aws: clients.Clients

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

    def adopt(self, stack: str) -> None:
        """Adopt what the account has, by the commands of docs/adopting.md."""
        arguments = [
            "adopt",
            "--cwd",
            str(self.folder),
            "--stack",
            stack,
            "--output",
            str(self.folder / "imports.json"),
        ]
        assert main([*arguments, "--endpoint-url", self.environment["AWS_ENDPOINT_URL"]]) == 0
        self.run("import", "--yes", "--stack", stack, "--file", "imports.json", "--generate-code=false")

    def tables(self) -> list[str]:
        """Return the names of all tables in the account."""
        return self.aws("dynamodb").list_tables()["TableNames"]


@contextlib.contextmanager
def engine_in(tmp_path: Path) -> Generator[Engine]:
    if not shutil.which("pulumi"):
        pytest.skip("pulumi is not on PATH: the real CLI is an installation of its own")
    folder = tmp_path / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "tests", "__pycache__"))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "state").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    # A process of its own: moto keeps one account for a whole process.
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    environment = os.environ | {
        "PATH": f"{Path(__file__).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PAYPULSE_PYTHON": sys.executable,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    try:
        while server.poll() is None:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
        with emulator.at(endpoint, "eu-west-1") as aws:
            yield Engine(folder, environment, aws)
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def engine(tmp_path):
    """Return the CLI on a project with no stack, and an empty account."""
    with engine_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """Return the CLI on a project whose stack prod is deployed, for tests that change nothing."""
    with engine_in(tmp_path_factory.mktemp("deployed")) as made:
        made.run("stack", "init", "prod")
        made.run("up", "--yes", "--stack", "prod", *PACK)
        yield made
