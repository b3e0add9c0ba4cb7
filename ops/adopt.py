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
    AWS takes one for a metric. `unnamed` is left out for want of an import id, which only the account knows.
    """

    stack: Stack
    imports: dict[str, Any]
    missing: list[Registration]
    in_the_way: dict[str, str]
    unnamed: list[Registration]


def adopt(stack: Stack, region: str, clients: Clients | None) -> Adoption:
    """Return every component, and every resource that the account has; without `clients`, all that have an import id.

    Raises PlanError for an account that can't be read, or has none of the tables.
    """
    plan = record(stack)
    specs, missing, in_the_way, unnamed = [], [], {}, []
    declared, existing = _existing(plan, stack, region, clients) if clients else (plan.resources, None)
    inputs = {resource.urn: resource.inputs for resource in declared}
    for resource in plan.resources:
        if resource.type == STACK_TYPE:
            continue
        if not resource.custom:
            specs.append(_spec(resource) | {"component": True})
            continue
        module = resources.module(resource.type)
        found = inputs[resource.urn]
        if existing is not None:
            identity, live = module.identity(found), existing[resource.type]
            found = live.get(identity)
            if resource.type == scaling_policy.TYPE and not found:
                for other in live:
                    if _parent(other) == _parent(identity):
                        in_the_way[resource.urn] = live[other]["name"]
        if not found:
            missing.append(resource)
        elif id_ := module.import_id(found):
            specs.append(_spec(resource) | {"id": id_, "version": resource.version})
        else:
            unnamed.append(resource)
    return Adoption(stack=stack, imports={"resources": specs}, missing=missing, in_the_way=in_the_way, unnamed=unnamed)


def _existing(plan: Plan, stack: Stack, region: str, clients: Clients) -> tuple[list[Registration], readback.Live]:
    with account.reading(region) as pool:
        declared, live = readback.read_live(plan, clients, pool.map)
    account.refuse_if_elsewhere(stack.name, region, plan, live[table.TYPE])
    return declared, live


def _parent(import_id: str) -> str:
    return import_id.rpartition("/")[0]


def _spec(resource: Registration) -> dict[str, Any]:
    """Name a resource by its type and name within the file: logical names alone repeat."""
    parent = {} if STACK_TYPE in resource.parent else {"parent": _name(resource.parent)}
    return {"type": resource.type, "name": _name(resource.urn), "logicalName": resource.name, **parent}


def _name(urn: str) -> str:
    return urn.split("::", 2)[2]
