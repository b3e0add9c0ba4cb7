"""Reads a plan's resources back from AWS and compares them, property by property, with what was declared."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ops import resources
from ops.clients import Clients
from ops.plan import Plan, Registration
from ops.resources import scalable_target


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One property that is not as declared; `property` is "" where the whole is missing or additional.

    `urn` is that of the resource; of what the plan doesn't have, the one of its table.
    """

    urn: str
    property: str
    declared: Any
    live: Any


@dataclass
class Readback:
    """How many properties were compared, those that differ, and what is live, by resource type."""

    checked: int = 0
    differences: list[Difference] = field(default_factory=list)
    live: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def read_live(
    tables: Iterable[str], clients: Clients, each: resources.Each = map
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return all that the account has of these tables, as provider inputs: by type, by import id."""
    return {
        type_: {module.import_id(live): live for live in module.read(clients, tables, each)}
        for type_, module in resources.MODULES.items()
    }


def read_back(plan: Plan, clients: Clients, each: resources.Each = map) -> Readback:
    """Compare every custom resource of `plan` with the account, and find what else scales its tables."""
    declared = [resource for resource in plan.resources if resource.custom]
    # A table's own registration comes first: what the plan doesn't have is told of the table.
    urns = {table: r.urn for r in reversed(declared) if (table := resources.module(r.type).table_name(r.inputs))}
    result = Readback()
    for type_, live in read_live(urns, clients, each).items():
        result.live[type_] = list(live.values())
        for resource in declared:
            if resource.type == type_:
                found = live.pop(resources.module(type_).import_id(resource.inputs), None)
                _compare(resource, found, declared, result)
        for additional in live.values():
            urn = urns[resources.module(type_).table_name(additional)]
            result.checked += 1
            result.differences.append(Difference(urn=urn, property="", declared=None, live=additional))
    return result


def _compare(resource: Registration, live: Any, plan: list[Registration], result: Readback) -> None:  # noqa: ANN401 - JSON
    defaults = resources.module(resource.type).DEFAULTS
    for path, declared, found in compare(resource.inputs, live):
        if _is_absent(declared) and _is_absent(found):
            continue
        result.checked += 1
        is_default = _is_absent(declared) and found == defaults.get(path)
        if declared != found and not is_default and not _is_autoscaled(resource, path, found, plan):
            result.differences.append(Difference(urn=resource.urn, property=path, declared=declared, live=found))


def _is_autoscaled(resource: Registration, path: str, live: object, plan: list[Registration]) -> bool:
    """Tell whether a capacity that differs is one that the plan leaves to a scalable target, and within its bounds."""
    capacity = re.fullmatch(r"(?:globalSecondaryIndexes\[(.+)\]\.)?(read|write)Capacity", path)
    pattern = path if not capacity or not capacity[1] else f"globalSecondaryIndexes[*].{capacity[2]}Capacity"
    if not capacity or pattern not in resource.ignore_changes:
        return False
    index = f"/index/{capacity[1]}" if capacity[1] else ""
    ids = {
        "resourceId": f"table/{resource.inputs['name']}{index}",
        "scalableDimension": f"dynamodb:{'index' if index else 'table'}:{capacity[2].title()}CapacityUnits",
    }
    return any(
        target.type == scalable_target.TYPE
        and ids.items() <= target.inputs.items()
        and isinstance(live, int)
        and target.inputs["minCapacity"] <= live <= target.inputs["maxCapacity"]
        for target in plan
    )


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
        return sorted(value, key=str)
    return value


def _is_absent(value: object) -> bool:
    """Count what the provider fills in for an absent value as absent."""
    return all(map(_is_absent, value.values())) if isinstance(value, dict) else not value
