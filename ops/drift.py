"""Compares the resources of a plan with the resources in an account, property by property."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ops.aws import inventory, provider, resources
from ops.aws.clients import Clients
from ops.engine.plan import Plan, Registration
from ops.engine.wire import SECRET, redact, secret_above


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A property whose live value is not the declared one. `property` is "" if the whole resource is missing.

    For a secret, `property` is the path of the secret, and the values are hidden. For a resource that the plan doesn't
    declare, `urn` is that of its table, and `property` its kind and identity. `replaces` tells that a deployment would
    replace the table or rebuild the index.
    """

    urn: str
    property: str
    declared: Any
    live: Any
    replaces: bool = False


@dataclass
class Drift:
    """How many properties were compared, and the differences. Those that replace something come first.

    `live` has the resources in the account, by resource type. `shown` is the same without the program's secrets.
    """

    checked: int = 0
    differences: list[Difference] = field(default_factory=list)
    live: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    shown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def find(plan: Plan, clients: Clients, map_: resources.Map = map) -> Drift:
    """Compare each custom resource of `plan` with the account. Undeclared scaling of its tables is a difference too."""
    drift = Drift()
    declared, all_live = inventory.read(plan, clients, map_)
    # The table comes before its other resources in the plan, so reversed, it is the one that stays.
    owners = {inventory.table_name(resource): resource for resource in reversed(declared)}
    for type_, live in all_live.items():
        module = resources.module(type_)
        drift.live[type_] = list(live.values())
        by_identity = [(module.identity(provider.effective_inputs(r)), r) for r in declared if r.type == type_]
        secrets = {identity: resource.secrets for identity, resource in by_identity}
        drift.shown[type_] = [redact(live[item], secrets.get(item, []), keep_form=True) for item in live]
        for identity, resource in by_identity:
            _compare_resource(resource, live.pop(identity, None), declared, drift)
        for identity, additional in () if type_ in resources.SHARED else live.items():
            drift.checked += 1
            owner = owners[module.table_name(additional)]
            name, shown = (SECRET, SECRET) if secret_above("name", owner.secrets) else (identity, additional)
            property_ = f"{module.KIND} {name}"
            drift.differences.append(Difference(urn=owner.urn, property=property_, declared=None, live=shown))
    drift.differences.sort(key=lambda difference: not difference.replaces)
    return drift


def _compare_resource(resource: Registration, live: Any, plan: list[Registration], drift: Drift) -> None:  # noqa: ANN401 - JSON
    module, resource = resources.module(resource.type), replace(resource, inputs=provider.effective_inputs(resource))
    for path, declared, actual in compare(resource.inputs, live):
        if module.DEFAULTS.get(path) is ... or (_is_missing(declared) and _is_missing(actual)):
            continue
        drift.checked += 1
        is_default = _is_missing(declared) and actual == module.DEFAULTS.get(path)
        if declared == actual or is_default or module.tolerates(resource, path, declared, actual, plan):
            continue
        pattern, secret = re.sub(r"\[.*?\]", "[*]", path), secret_above(path, resource.secrets)
        difference = Difference(
            urn=resource.urn,
            property=secret or path,
            declared=redact(declared, resource.secrets, path),
            live=redact(actual, resource.secrets, path),
            replaces=any(pattern == key or (key and pattern.startswith(f"{key}[")) for key in module.REPLACES),
        )
        if not secret or difference not in drift.differences:
            drift.differences.append(difference)


def compare(declared: Any, live: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON values
    """Yield the path and both values of each property.

    Lists of objects with names are compared by name. The order of other lists doesn't matter.
    """
    declared, live = _by_name(declared), _by_name(live)
    if isinstance(declared, dict) and live == []:
        live = {}
    if not (isinstance(declared, dict) and isinstance(live, dict)):
        yield path, declared, live
        return
    for key in sorted(declared.keys() | live.keys()):
        step = key if key.startswith("[") or not path else f".{key}"
        yield from compare(declared.get(key), live.get(key), path + step)


def _by_name(value: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(value, list) and value:
        if all(isinstance(item, dict) and "name" in item for item in value):
            return {f"[{item['name']}]": item for item in value}
        return sorted(value, key=str)
    return value


def _is_missing(value: object) -> bool:
    """Return whether a value is missing, or what the provider fills in for a missing value."""
    return all(map(_is_missing, value.values())) if isinstance(value, dict) else not value
