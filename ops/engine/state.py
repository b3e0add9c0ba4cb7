"""Reads the resources in Pulumi's state of a stack."""

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ops.engine.plan import Plan, Registration
from ops.engine.project import Stack
from ops.engine.wire import SECRET_VALUE, SIGNATURE, secret_paths, to_wire
from ops.errors import CallError

_DEFAULTS = "__defaults"


def urns(stack: Stack, file: str | None) -> frozenset[str]:
    """Return the URNs in Pulumi's state of a stack. The arguments and errors are those of `read`."""
    return frozenset(resource["urn"] for resource in read(stack, file) if not resource.get("delete"))


def plan(stack: Stack, file: str | None) -> Plan:
    """Return Pulumi's state as a plan: the inputs of the last deployment, without __defaults, which the provider adds.

    Raises CallError as `read` does, for the state of another stack or project, and for encrypted inputs.
    """
    resources = read(stack, file)
    try:
        for resource in resources:
            (prefix, project, _, _) = resource["urn"].split("::", 3)
            if (prefix, project) != (f"urn:pulumi:{stack.name}", stack.project):
                raise CallError(
                    f"{_where(file)} is the state of {project} ({prefix.rpartition(':')[2]}), not of {stack.project} "
                    f"({stack.name}); run pulumi stack export --stack {stack.name}"
                )
        # An external resource is only read.
        kept = [r for r in resources if not (r["type"].startswith("pulumi:providers:") or r.get("external"))]
        deployed = [resource for resource in kept if not resource.get("delete")]
        return Plan(
            [_registration(resource, file) for resource in deployed],
            component_outputs={resource["urn"]: _outputs(resource) for resource in deployed},
            pending_deletions=[_registration(resource, file) for resource in kept if resource.get("delete")],
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _no_state(file) from None


def read(stack: Stack, file: str | None) -> list[dict[str, Any]]:
    """Return the resources in Pulumi's state, which `pulumi stack export` wrote to `file` ("-" for stdin).

    Those with `delete` are what Pulumi still has to delete. Without `file`, asks the CLI, if it is on PATH and has the
    stack. Raises CallError if the state can't be read.
    """
    if file:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CallError(f"--state {file} can't be read: {error}") from None
    elif not (cli := shutil.which("pulumi")):
        return []
    else:
        command = [cli, "stack", "export", "--non-interactive", "--stack", stack.name]
        exported = subprocess.run(command, cwd=stack.directory, capture_output=True, text=True, check=False)  # noqa: S603 - the CLI on PATH
        if exported.returncode:
            if "no stack named" in exported.stderr:
                return []
            why = exported.stderr.strip().removeprefix("error: ")
            raise CallError(f"pulumi stack export fails: {why}; log in, or pass its output with --state FILE")
        text = exported.stdout
    try:
        resources = json.loads(text)["deployment"].get("resources") or []
        if all(isinstance(resource["urn"], str) for resource in resources):
            return resources
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        pass
    raise _no_state(file)


def _no_state(file: str | None) -> CallError:
    return CallError(f"{_where(file)} is not the state of a stack; pulumi stack export writes one")


def _where(file: str | None) -> str:
    return "stdin" if file == "-" else file or "the output of pulumi stack export"


def _registration(resource: dict[str, Any], file: str | None) -> Registration:
    urn, given = resource["urn"], resource.get("inputs")
    if not isinstance(given, dict | None):
        raise _no_state(file)
    try:
        inputs = _plain(given or {})
    except _EncryptedError:
        raise CallError(
            f"{_where(file)} has an encrypted input of {urn}; export it with pulumi stack export --show-secrets"
        ) from None
    return Registration(
        urn=urn,
        type=resource["type"],
        name=urn.split("::", 3)[3],
        parent=resource.get("parent", ""),
        custom=resource.get("custom", False),
        inputs=inputs,
        secrets=secret_paths(to_wire(given or {})),
        protect=resource.get("protect", False),
        ignore_changes=resource.get("ignoreChanges") or [],
        property_dependencies=resource.get("propertyDependencies") or {},
        aliases=resource.get("aliases") or [],
    )


def _outputs(resource: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs of a resource; nothing if some are encrypted."""
    with contextlib.suppress(_EncryptedError):
        return _plain(resource.get("outputs") or {})
    return {}


class _EncryptedError(Exception):
    """A value that only Pulumi can read."""


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_VALUE:
            if "plaintext" not in value:
                raise _EncryptedError
            return _plain(json.loads(value["plaintext"]))
        return {key: _plain(item) for key, item in value.items() if key != _DEFAULTS}
    return [_plain(item) for item in value] if isinstance(value, list) else value
