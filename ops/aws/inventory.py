"""Reads the resources in an account that belong to the tables of a plan."""

from dataclasses import replace
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws import provider, resources
from ops.aws.clients import Clients
from ops.aws.resources import table
from ops.engine.plan import Plan, Registration
from ops.errors import reading_answer

# Resources as provider inputs, by resource type and identity.
Live = dict[str, dict[str, dict[str, Any]]]


def read(plan: Plan, clients: Clients, map_: resources.Map = map) -> tuple[list[Registration], Live]:
    """Return the custom resources of `plan`, and all resources in the account that belong to the plan's tables.

    Of the types that others share, only those that are declared. If the ARN of a stream is unknown in the plan, it is
    filled in from the account.
    """
    declared = [resource for resource in plan.resources if resource.custom]
    tables = dict.fromkeys(filter(None, map(table_name, declared)))
    live: Live = {}
    for type_, module in resources.MODULES.items():
        is_shared = type_ in resources.SHARED
        # Of the others, the name of the table decides.
        own = _identities(type_, declared) if is_shared else set()
        if own or not is_shared:
            with reading_answer():
                items = {module.identity(item): item for item in module.read(clients, tables, map_)}
                live[type_] = {
                    identity: item
                    for identity, item in items.items()
                    if (identity in own if is_shared else module.table_name(item) in tables)
                }
        if type_ == table.TYPE:
            # Tables come first. The ARN of a stream is part of what identifies a trigger.
            declared = [_with_stream(resource, declared, live[type_]) for resource in declared]
    return declared, live


def _identities(type_: str, declared: list[Registration]) -> set[str]:
    """Return what identifies the declared resources of a type."""
    module = resources.module(type_)
    return {module.identity(provider.effective_inputs(resource)) for resource in declared if resource.type == type_}


def table_name(resource: Registration) -> str:
    """Return the name of a table, or of the table that a resource belongs to. Return "" if the inputs don't name it."""
    return resources.module(resource.type).table_name(provider.effective_inputs(resource))


def _with_stream(
    resource: Registration, declared: list[Registration], tables: dict[str, dict[str, Any]]
) -> Registration:
    """Fill in the ARN of a table's stream if it is unknown in the plan."""
    if resource.inputs.get("eventSourceArn") != UNKNOWN:
        return resource
    sources = resource.property_dependencies["eventSourceArn"]
    name = next(table_name(other) for other in declared if other.urn in sources)
    stream = tables.get(name, {}).get("streamArn")
    return replace(resource, inputs=resource.inputs | {"eventSourceArn": stream}) if stream else resource
