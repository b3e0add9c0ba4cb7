"""Reads a Pulumi project and one of its stacks as the CLI does: Pulumi.yaml and Pulumi.STACK.yaml."""

import contextlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from ops.errors import CallError, one_line


@dataclass(frozen=True)
class Stack:
    """A stack of the project in `directory`. `config` maps full keys (`paypulse:environment`) to values as text.

    `secret_keys` are the keys whose values are encrypted in the stack's file.
    """

    directory: Path
    project: str
    name: str
    config: dict[str, str]
    secret_keys: frozenset[str] = frozenset()

    @property
    def allowed_accounts(self) -> list[str]:
        """The ids of the AWS accounts that the provider accepts, or [] for any. Raises CallError for other values."""
        key = "aws:allowedAccountIds"
        with contextlib.suppress(ValueError, RecursionError):
            accounts = json.loads(self.config.get(key) or "[]")
            if isinstance(accounts, list) and all(re.fullmatch('"[0-9]{12}"', json.dumps(id_)) for id_ in accounts):
                return accounts
        raise CallError(
            f'{key} is {self.config[key]!r}; write a list of account ids of 12 digits, in quotes: ["123456789012"]'
        )

    @property
    def has_account(self) -> bool:
        """Whether the configuration names the accounts that it deploys to. 000000000000 is a placeholder."""
        return bool({*self.allowed_accounts} - {"000000000000"})


def load(directory: Path, name: str, overrides: Iterable[str] = ()) -> Stack:
    """Read a stack. `overrides` are `key=value`; a key without a namespace belongs to the project.

    Raises CallError if a file is missing or wrong, or if an encrypted value has no override.
    """
    declared = _mapping(directory / "Pulumi.yaml")
    project = declared.get("name")
    if not isinstance(project, str):
        raise CallError(f"{directory / 'Pulumi.yaml'} has no name: for the project")
    config = {}
    for key, declaration in _config(declared, project).items():
        given = declaration if isinstance(declaration, dict) else {"value": declaration}
        if given.keys() & {"default", "value"}:
            config[key] = given.get("value", given.get("default"))
    config |= _config(_stack_file(directory, name), project)
    secret_keys = frozenset(key for key, value in config.items() if _is_encrypted(value))
    config |= _config({"config": dict(map(_override, overrides))}, project)
    for key, value in config.items():
        if _is_encrypted(value):
            raise CallError(
                f"{key} is encrypted in Pulumi.{name}.yaml, and only Pulumi can decrypt it; add --config {key}=VALUE"
            )
    return Stack(directory, project, name, {key: _text(value) for key, value in config.items()}, secret_keys)


def _override(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise CallError(f"--config {text!r} is not KEY=VALUE")
    return key, value


def _stack_file(directory: Path, name: str) -> dict[str, Any]:
    path = directory / f"Pulumi.{name}.yaml"
    if not re.fullmatch("[A-Za-z0-9_.-]{1,100}", name):
        raise CallError(f"{name!r} is not a stack's name, which has up to 100 characters of A-Za-z0-9_.-")
    if not path.is_file():
        known = sorted(other.name.split(".")[1] for other in directory.glob("Pulumi.*.yaml"))
        raise CallError(f"the stack {name!r} has no {path.name}; the stacks here: {', '.join(known) or 'none'}")
    return _mapping(path)


class _Loader(yaml.SafeLoader):
    """Reads YAML 1.2 as the CLI does: `yes` and dates are strings, and keys are unique strings."""

    yaml_implicit_resolvers: ClassVar = {}  # ty: ignore[incompatible-attribute-override] - as PyYAML does it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [key.value for key, _ in node.value]
        if len(set(map(str, keys))) < len(keys):
            raise yaml.constructor.ConstructorError(problem="duplicate key", problem_mark=node.start_mark)
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - any YAML value
    """Return what is in a YAML file, without duplicate keys, and with dates as text. Raises yaml.YAMLError."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path) or {}
    except FileNotFoundError:
        raise CallError(f"no {path}; run this in the project's folder, or set that with --cwd") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise CallError(f"{path} can't be read: {one_line(error)}") from None
    if not isinstance(content, dict) or not isinstance(content.get("config") or {}, dict):
        raise CallError(f"{path}, or its config:, is not a mapping of keys to values")
    return content


def _config(content: dict[str, Any], project: str) -> dict[str, Any]:
    """Return the section `config` with full keys."""
    section = content.get("config") or {}
    return {key if ":" in key else f"{project}:{key}": value for key, value in section.items()}


def _is_encrypted(value: object) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(map(_is_encrypted, value.values()))
    return isinstance(value, list) and any(map(_is_encrypted, value))


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)
