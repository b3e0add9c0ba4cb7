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

    If the ARN of a stream is unknown in the plan, it is filled in from the account.
    """
    declared = [resource for resource in plan.resources if resource.custom]
    tables = dict.fromkeys(filter(None, map(table_name, declared)))
    types = {resource.type for resource in declared}
    live: Live = {}
    for type_, module in resources.MODULES.items():
        if type_ in types or type_ not in resources.SHARED:
            with reading_answer():
                items = [item for item in module.read(clients, tables, map_) if module.table_name(item) in tables]
                live[type_] = {module.identity(item): item for item in items}
    return [_with_stream(resource, declared, live[table.TYPE]) for resource in declared], live


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
