"""Writes the file by which `pulumi import` takes over what exists already, from the recorded plan."""

from dataclasses import dataclass
from typing import Any

from ops import account, resources
from ops.clients import Clients
from ops.plan import STACK_TYPE, Plan, Registration, record
from ops.project import Stack


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """The content of the import file, and what is left out as the account doesn't have it: the next `up` creates it."""

    stack: Stack
    imports: dict[str, Any]
    missing: list[Registration]


def adopt(stack: Stack, region: str, clients: Clients | None) -> Adoption:
    """Return every component, and every resource that the account has; all of them without `clients`."""
    plan = record(stack)
    existing = _existing(plan, region, clients) if clients else None
    found, missing = [], []
    for resource in plan.resources:
        if resource.type == STACK_TYPE:
            continue
        if not resource.custom:
            found.append(_spec(resource) | {"component": True})
            continue
        id_ = resources.module(resource.type).import_id(resource.inputs)
        if existing is None or (resource.type, id_) in existing:
            found.append(_spec(resource) | {"id": id_, "version": resource.version})
        else:
            missing.append(resource)
    return Adoption(stack=stack, imports={"resources": found}, missing=missing)


def _existing(plan: Plan, region: str, clients: Clients) -> set[tuple[str, str]]:
    declared = [resource for resource in plan.resources if resource.custom]
    tables = {resources.module(r.type).table_name(r.inputs) for r in declared}
    with account.reading(region) as pool:
        return {
            (type_, module.import_id(live))
            for type_, module in resources.MODULES.items()
            for live in module.read(clients, tables, pool.map)
        }


def _spec(resource: Registration) -> dict[str, Any]:
    """Name a resource by its type and name within the file: logical names alone repeat."""
    parent = {} if STACK_TYPE in resource.parent else {"parent": _name(resource.parent)}
    return {"type": resource.type, "name": _name(resource.urn), "logicalName": resource.name, **parent}


def _name(urn: str) -> str:
    return urn.split("::", 2)[2]
