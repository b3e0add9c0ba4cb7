"""Reads the resources in Pulumi's state of a stack."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from ops.engine.project import Stack
from ops.errors import CallError


def urns(stack: Stack, file: str | None) -> frozenset[str]:
    """Return the URNs in Pulumi's state, which `pulumi stack export` wrote to `file` ("-" for stdin).

    Without `file`, ask the CLI if it is on PATH and has the stack. Raises CallError if the state can't be read.
    """
    if file:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CallError(f"--state {file} can't be read: {error}") from None
    elif not (cli := shutil.which("pulumi")):
        return frozenset()
    else:
        command = [cli, "stack", "export", "--non-interactive", "--stack", stack.name]
        exported = subprocess.run(command, cwd=stack.directory, capture_output=True, text=True, check=False)  # noqa: S603 - the CLI on PATH
        if exported.returncode:
            if "no stack named" in exported.stderr:
                return frozenset()
            why = exported.stderr.strip().removeprefix("error: ")
            raise CallError(f"pulumi stack export fails: {why}; log in, or pass its output with --state FILE")
        text = exported.stdout
    try:
        deployment = json.loads(text)["deployment"]
        return frozenset(entry["urn"] for entry in deployment.get("resources", []) if not entry.get("delete"))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise CallError(
            f"{file or 'the output of pulumi stack export'} is not the state of a stack; pulumi stack export writes one"
        ) from None
