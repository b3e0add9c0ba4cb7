"""Reads the configuration of a policy pack, the file of --policy-pack-config: each policy's level and options."""

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2 as proto

from ops.engine.wire import to_wire
from ops.errors import CallError, PlanError

_LEVELS = {name.lower(): number for name, number in proto.EnforcementLevel.items()}


def configuration(policies: dict[str, proto.PolicyInfo], file: Path | None) -> dict[str, proto.PolicyConfig]:
    """Return the level and the options of each policy, merged as the CLI does it.

    An entry for the policy in the file comes before `all`, and that before the policy's own defaults. Raises PlanError
    for a policy, level or option that doesn't exist; the CLI silently accepts those.
    """
    given = _read_config(file) if file else {}
    every = given.pop("all", {})
    for option in every:
        _refuse_unknown(option, ["enforcementLevel"], f"{file}: all: there is no option")
    for name in given:
        _refuse_unknown(name, policies, f"{file}: there is no policy")
    config = {}
    for name, policy in policies.items():
        own = given.get(name, {})
        level = own.pop("enforcementLevel", every.get("enforcementLevel"))
        if level is not None:
            _refuse_unknown(level, _LEVELS, f"{file}: {name}: there is no enforcement level")
        schema = json_format.MessageToDict(policy.configSchema.properties)
        for option, value in own.items():
            _refuse_unknown(option, schema, f"{file}: {name}: there is no option")
            _check_option(value, schema[option], f"{file}: {name}: {option}")
        defaults = {option: declared["default"] for option, declared in schema.items() if "default" in declared}
        config[name] = proto.PolicyConfig(
            enforcementLevel=policy.enforcementLevel if level is None else _LEVELS[level],
            properties=to_wire(defaults | own),
        )
    return config


def _read_config(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CallError(f"{file} can't be read: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(value, str | dict) for value in content.values()):
        raise PlanError(
            f"{file} must map policies to an enforcement level, or to an object with enforcementLevel and options"
        )
    return {name: {"enforcementLevel": v} if isinstance(v, str) else v for name, v in content.items()}


def _refuse_unknown(name: object, names: Iterable[str], complaint: str) -> None:
    known = list(names)
    if name not in known:
        nearest = difflib.get_close_matches(str(name), known, n=1)
        hint = f"the nearest is {nearest[0]!r}" if nearest else f"use one of {', '.join(known)}"
        raise PlanError(f"{complaint} {name!r}; {hint}")


def _check_option(value: object, declared: dict[str, Any], where: str) -> None:
    from jsonschema import Draft7Validator  # noqa: PLC0415 - slow to import, and only needed if options are set

    for error in Draft7Validator(declared).iter_errors(value):
        path = "".join(f".{key}" if str(key).isidentifier() else f"[{key!r}]" for key in error.absolute_path)
        # Of a value that may be of several forms, the message alone names none of them.
        wrong = "; ".join(of_form.message for of_form in error.context or [error])
        raise PlanError(f"{where}{path}: {wrong}")
