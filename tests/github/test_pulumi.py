"""How CI installs the CLI and the AWS plugin; here with a curl and a CLI that only note what they are asked."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from tests.conftest import ROOT

SCRIPT = ".github/actions/pulumi/pulumi.sh"
CURL = """#!/bin/sh
for argument; do url=$argument; test "$before" = --output && output=$argument; before=$argument; done
echo "$url" >> calls
case "$url" in https://*/sdk/*) cp cli.tar.gz "$output";; https://*/plugins/*) cp plugin.tar.gz "$output";; esac
"""
PULUMI = """#!/bin/sh
echo "pulumi $*" >> calls
"""
PLUGIN_URL = "https://get.pulumi.com/releases/plugins/pulumi-resource-aws-v7.51.1-linux-amd64.tar.gz"
CLI_URL = "https://get.pulumi.com/releases/sdk/pulumi-v3.272.0-linux-x64.tar.gz"


def locked(file, name):
    (version,) = re.findall(rf"(?m)^{name}==(\S+)", (ROOT / file).read_text())
    return version


def pins(folder=ROOT):
    return dict(re.findall(r"(?m)^(\w+)=(.*)$", (folder / ".github/pins").read_text()))


@pytest.fixture
def repository(tmp_path):
    """Return a folder with the script, pins without hashes, a lock, and the two archives."""
    (tmp_path / SCRIPT).parent.mkdir(parents=True)
    shutil.copy(ROOT / SCRIPT, tmp_path / SCRIPT)
    (tmp_path / "requirements.txt").write_text("pulumi==3.272.0 \\\n    --hash=sha256:0\npulumi-aws==7.51.1 \\\n")
    pin(tmp_path)
    (tmp_path / "bin").mkdir()
    for name, text in (("curl", CURL), ("pulumi", PULUMI)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    with tarfile.open(tmp_path / "cli.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "bin/pulumi", "pulumi/pulumi")
    (tmp_path / "plugin.tar.gz").write_text("the plugin")
    (tmp_path / "temp").mkdir()
    return tmp_path


def pin(repository, cli="", aws="", cli_version="3.272.0", aws_version="7.51.1"):
    (repository / ".github/pins").write_text(
        f"# What.\nCLI_VERSION={cli_version}\nCLI_SHA256={cli}\nAWS_VERSION={aws_version}\nAWS_SHA256={aws}\n"
    )


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def run(repository, command):
    """Run the script; return its code, what it printed, what it called, and the job's summary and PATH."""
    environment = {
        "PATH": f"{repository / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(repository / "temp"),
        "GITHUB_PATH": str(repository / "path"),
        "GITHUB_STEP_SUMMARY": str(repository / "summary"),
    }
    for file in ("calls", "path", "summary"):
        (repository / file).write_text("")
    result = subprocess.run(
        ["bash", SCRIPT, command], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    files = [(repository / file).read_text() for file in ("calls", "path", "summary")]
    return result.returncode, result.stdout, *files


def test_the_versions_are_those_of_the_locked_requirements_and_a_hash_is_one_of_sha256():
    for file in ("requirements.txt", "requirements-dev.txt"):
        assert pins()["CLI_VERSION"] == locked(file, "pulumi")
        assert pins()["AWS_VERSION"] == locked(file, "pulumi-aws")
    assert pins().keys() == {"CLI_VERSION", "CLI_SHA256", "AWS_VERSION", "AWS_SHA256"}
    for name in ("CLI_SHA256", "AWS_SHA256"):
        assert re.fullmatch("([0-9a-f]{64})?", pins()[name])


def test_the_cli_with_its_hash_is_installed(repository):
    pin(repository, cli=sha256(repository / "cli.tar.gz"))

    assert run(repository, "cli") == (0, "", f"{CLI_URL}\n", f"{repository}/temp/pulumi\n", "")
    assert (repository / "temp/pulumi/pulumi").read_text() == PULUMI


def test_a_cli_without_a_hash_is_installed_and_said_to_be(repository):
    message = "The Pulumi CLI 3.272.0 is installed unverified: .github/pins has no hash of it. Run make pins and commit the file."

    code, out, _, path, summary = run(repository, "cli")

    assert (code, path) == (0, f"{repository}/temp/pulumi\n")
    assert out == f"::warning file=.github/pins::{message}\n"
    assert summary == f"> **Warning:** {message}\n"
    assert (repository / "temp/pulumi/pulumi").exists()


@pytest.mark.parametrize("verified", [True, False])
def test_the_plugin_is_installed_from_the_archive_that_was_verified(repository, verified):
    if verified:
        pin(repository, aws=sha256(repository / "plugin.tar.gz"))

    code, out, calls, path, summary = run(repository, "plugin")

    install = f"pulumi plugin install resource aws 7.51.1 --exact --reinstall --file {repository}/temp/aws.tar.gz"
    assert (code, calls, path) == (0, f"{PLUGIN_URL}\n{install}\n", "")
    assert bool(summary) != verified
    assert out.startswith("::warning file=.github/pins::The AWS plugin 7.51.1 is installed unverified") != verified


@pytest.mark.parametrize("sha", ["0" * 64, "not-a-hash"])
@pytest.mark.parametrize(("command", "url"), [("cli", CLI_URL), ("plugin", PLUGIN_URL)])
def test_what_has_another_hash_is_not_installed(repository, command, url, sha):
    pin(repository, cli=sha, aws=sha)

    code, _, calls, path, summary = run(repository, command)

    assert (code, calls, path, summary) == (1, f"{url}\n", "", "")
    assert not (repository / "temp/pulumi").exists()


def test_a_plugin_that_the_cli_refuses_fails_the_job(repository):
    (repository / "bin/pulumi").write_text("#!/bin/sh\nexit 255\n")

    assert run(repository, "plugin")[0] == 255


def test_make_pins_writes_the_versions_of_the_lock_and_the_hashes_of_what_is_downloaded(repository):
    pin(repository, "1" * 64, "2" * 64, "3.0.0", "7.0.0")

    assert run(repository, "pins")[0] == 0
    assert pins(repository) == {
        "CLI_VERSION": "3.272.0",
        "CLI_SHA256": sha256(repository / "cli.tar.gz"),
        "AWS_VERSION": "7.51.1",
        "AWS_SHA256": sha256(repository / "plugin.tar.gz"),
    }
    assert (repository / ".github/pins").read_text().startswith("# What.\n")
    assert [run(repository, command)[0] for command in ("cli", "plugin")] == [0, 0]


def test_a_download_that_fails_leaves_the_pins(repository):
    (repository / "bin/curl").write_text("#!/bin/sh\nexit 22\n")
    before = pins(repository)

    assert [run(repository, command)[0] for command in ("pins", "cli", "plugin")] == [22, 22, 22]
    assert pins(repository) == before


def test_another_command_is_refused(repository):
    assert run(repository, "all")[0] == 2
