"""Writes the file by which `pulumi import` takes over what exists already, from the recorded plan."""

from dataclasses import dataclass
from typing import Any

from ops import account, readback, resources
from ops.clients import Clients
from ops.plan import STACK_TYPE, Plan, Registration, record
from ops.project import Stack
from ops.resources import scaling_policy, table


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """The content of the import file, and what is left out as the account doesn't have it: the next `up` creates it.

    `in_the_way` maps the URN of a scaling policy that is left out to the name of the one that its target has instead:
    AWS takes one for a metric.
    """

    stack: Stack
    imports: dict[str, Any]
    missing: list[Registration]
    in_the_way: dict[str, str]


def adopt(stack: Stack, region: str, clients: Clients | None) -> Adoption:
    """Return every component, and every resource that the account has; all of them without `clients`.

    Raises PlanError for an account that can't be read, or has none of the tables.
    """
    plan = record(stack)
    existing = _existing(plan, stack, region, clients) if clients else None
    found, missing, in_the_way = [], [], {}
    for resource in plan.resources:
        if resource.type == STACK_TYPE:
            continue
        if not resource.custom:
            found.append(_spec(resource) | {"component": True})
            continue
        id_ = resources.module(resource.type).import_id(resource.inputs)
        if existing is None or id_ in existing[resource.type]:
            found.append(_spec(resource) | {"id": id_, "version": resource.version})
            continue
        missing.append(resource)
        if resource.type == scaling_policy.TYPE:
            for other, live in existing[resource.type].items():
                if _parent(other) == _parent(id_):
                    in_the_way[resource.urn] = live["name"]
    return Adoption(stack=stack, imports={"resources": found}, missing=missing, in_the_way=in_the_way)


def _existing(plan: Plan, stack: Stack, region: str, clients: Clients) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what the account has of the plan's tables: by type, by import id."""
    declared = [resource for resource in plan.resources if resource.custom]
    tables = {resources.module(r.type).table_name(r.inputs) for r in declared}
    with account.reading(region) as pool:
        found = readback.read_live(tables, clients, pool.map)
    account.refuse_if_elsewhere(stack.name, region, len(tables), len(found[table.TYPE]))
    return found


def _parent(import_id: str) -> str:
    return import_id.rpartition("/")[0]


def _spec(resource: Registration) -> dict[str, Any]:
    """Name a resource by its type and name within the file: logical names alone repeat."""
    parent = {} if STACK_TYPE in resource.parent else {"parent": _name(resource.parent)}
    return {"type": resource.type, "name": _name(resource.urn), "logicalName": resource.name, **parent}


def _name(urn: str) -> str:
    return urn.split("::", 2)[2]
