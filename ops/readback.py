"""Reads a plan's resources back from AWS and compares them, property by property, with what was declared."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops import resources
from ops.clients import Clients
from ops.plan import SECRET, Plan, Registration
from ops.resources import scalable_target, table


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


# By resource type, by identity.
Live = dict[str, dict[str, dict[str, Any]]]


def read_live(plan: Plan, clients: Clients, each: resources.Each = map) -> tuple[list[Registration], Live]:
    """Return the custom resources of `plan`, and all that the account has of their tables, as provider inputs.

    What only the account knows, and a plan that was recorded without creating anything doesn't, is filled in.
    """
    declared = [resource for resource in plan.resources if resource.custom]
    names = [resources.module(resource.type).table_name(resource.inputs) for resource in declared]
    tables = dict.fromkeys(filter(None, names))
    types = {resource.type for resource in declared}
    live = {
        type_: {
            module.identity(found): found
            for found in module.read(clients, tables, each)
            if module.table_name(found) in tables
        }
        for type_, module in resources.MODULES.items()
        if type_ in types or type_ not in resources.SHARED
    }
    return [_known(resource, declared, live[table.TYPE]) for resource in declared], live


def _known(resource: Registration, declared: list[Registration], tables: dict[str, dict[str, Any]]) -> Registration:
    """Fill in the ARN of a table's stream where it was unknown."""
    if resource.inputs.get("eventSourceArn") != UNKNOWN:
        return resource
    sources = resource.property_dependencies["eventSourceArn"]
    name = next(other.inputs["name"] for other in declared if other.urn in sources)
    stream = tables.get(name, {}).get("streamArn")
    return replace(resource, inputs=resource.inputs | {"eventSourceArn": stream}) if stream else resource


def read_back(plan: Plan, clients: Clients, each: resources.Each = map) -> Readback:
    """Compare every custom resource of `plan` with the account, and find what else scales its tables."""
    result = Readback()
    declared, all_live = read_live(plan, clients, each)
    for type_, live in all_live.items():
        module = resources.module(type_)
        result.live[type_] = list(live.values())
        for resource in declared:
            if resource.type == type_:
                _compare(resource, live.pop(module.identity(resource.inputs), None), declared, result)
        for additional in () if type_ in resources.SHARED else live.values():
            name = module.table_name(additional)
            # A table's own registration comes first: what the plan doesn't have is told of the table.
            of_table = (r for r in declared if resources.module(r.type).table_name(r.inputs) == name)
            result.checked += 1
            result.differences.append(Difference(urn=next(of_table).urn, property="", declared=None, live=additional))
    return result


def _compare(resource: Registration, live: Any, plan: list[Registration], result: Readback) -> None:  # noqa: ANN401 - JSON
    defaults = resources.module(resource.type).DEFAULTS
    for path, declared, found in compare(resource.inputs, live):
        default = defaults.get(path)
        if default is ... or (_is_absent(declared) and _is_absent(found)):
            continue
        result.checked += 1
        is_default = _is_absent(declared) and found == default
        # Declared by its ARN it is the function of that name: a mapping and its function are of one account.
        is_same = declared == found or (path == "functionName" and f"{declared}".endswith(f":function:{found}"))
        if not is_same and not is_default and not _is_autoscaled(resource, path, found, plan):
            is_secret = (path, SECRET, SECRET) in compare(resource.shown, resource.shown)
            shown = (SECRET, SECRET) if is_secret else (declared, found)
            result.differences.append(Difference(urn=resource.urn, property=path, declared=shown[0], live=shown[1]))


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


def _is_absent(value: object) -> bool:
    """Count what the provider fills in for an absent value as absent."""
    return all(map(_is_absent, value.values())) if isinstance(value, dict) else not value
