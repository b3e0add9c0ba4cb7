"""Reads a plan's resources back from AWS and compares them, property by property, with what was declared."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ops import resources
from ops.clients import Clients
from ops.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One property that is not as declared; `property` is "" where the whole resource is missing."""

    urn: str
    property: str
    declared: Any
    live: Any


@dataclass
class Readback:
    """How many properties were compared, those that differ, and what is live, by resource type."""

    checked: int = 0
    differences: list[Difference] = field(default_factory=list)
    live: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))


def read_back(plan: Plan, clients: Clients) -> Readback:
    """Compare every custom resource of `plan` with what is in the account."""
    result = Readback()
    for resource in plan.resources:
        if not resource.custom:
            continue
        module = resources.module(resource.type)
        live = module.read(clients, resource.inputs)
        if live:
            result.live[resource.type].append(live)
        for path, declared, found in compare(resource.inputs, live):
            result.checked += 1
            if not _agree(declared, found, module.DEFAULTS.get(path)):
                result.differences.append(Difference(urn=resource.urn, property=path, declared=declared, live=found))
    return result


def compare(declared: Any, live: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON values
    """Yield the path and both values of each property; lists of named things are compared by name, others as sets."""
    declared, live = _by_name(declared), _by_name(live)
    if not (isinstance(declared, dict) and isinstance(live, dict)):
        yield path, declared, live
        return
    for key in sorted(declared.keys() | live.keys()):
        step = key if key.startswith("[") or not path else f".{key}"
        yield from compare(declared.get(key), live.get(key), path + step)


def _by_name(value: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(value, list):
        if all(isinstance(item, dict) and "name" in item for item in value):
            return {f"[{item['name']}]": item for item in value}
        return sorted(value)
    return value


def _agree(declared: object, live: object, default: object) -> bool:
    return declared == live or (_is_absent(declared) and (_is_absent(live) or live == default))


def _is_absent(value: object) -> bool:
    """Count what the provider fills in for an absent value as absent."""
    return all(map(_is_absent, value.values())) if isinstance(value, dict) else not value
