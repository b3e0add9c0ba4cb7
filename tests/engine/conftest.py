"""The real CLI on a copy of this project, with a file backend, the stand-in plugin, and a moto server for AWS."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from ops import clients, emulator
from tests.conftest import ROOT


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

    def ops_of(self, *arguments: str) -> dict[str, int]:
        """Return the change summary of a preview."""
        return self.json("preview", *arguments)["changeSummary"]

    def tables(self) -> list[str]:
        """Return the names of all tables in the account."""
        return self.aws("dynamodb").list_tables()["TableNames"]


@pytest.fixture
def engine(tmp_path):
    if not shutil.which("pulumi"):
        pytest.skip("pulumi is not on PATH: the real CLI is an installation of its own")
    folder = tmp_path / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "tests", "__pycache__"))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "state").mkdir()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
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
    with emulator.at(endpoint, "eu-west-1") as aws:
        yield Engine(folder, environment, aws)
    server.stop()
