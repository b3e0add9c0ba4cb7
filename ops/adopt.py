"""Writes the file by which `pulumi import` takes over what exists already, from the recorded plan."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from ops.aws import account, inventory, provider, resources
from ops.aws.clients import Clients
from ops.aws.resources import scaling_policy, table
from ops.console import counts, short_type
from ops.engine import program
from ops.engine.plan import STACK_TYPE, Plan, Registration
from ops.engine.project import Stack
from ops.errors import PlanError


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """The content of the import file, and what is left out of it.

    `missing` is not in the account: the next `up` creates it. `other_policies` maps the URN of a missing scaling policy
    to the name of the one that its target has instead: AWS takes one for a metric. `without_id` has an import id that
    only the account knows. `known` is in Pulumi's state. `warnings` say what the first `up` does to the tables.
    """

    stack: Stack
    imports: dict[str, Any]
    missing: list[Registration]
    other_policies: dict[str, str]
    without_id: list[Registration]
    known: list[Registration] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def adopt(stack: Stack, region: str, clients: Clients | None, state: frozenset[str] = frozenset()) -> Adoption:
    """Return every component, and every resource that the account has; without `clients`, all that have an import id.

    What has a URN of `state` is left out, but for components: to import those again does nothing. Raises PlanError for
    an account that can't be read, is another than the stack's, or has none of the tables, and for a table whose
    provisioned indexes have another order than the program's.
    """
    plan = program.preview(stack)
    adoption = Adoption(stack=stack, imports={"resources": []}, missing=[], other_policies={}, without_id=[])
    declared, existing = _existing(plan, stack, region, clients) if clients else (plan.resources, None)
    filled_in = {resource.urn: resource for resource in declared}
    for resource in plan.resources:
        if resource.type == STACK_TYPE:
            continue
        if not resource.custom:
            adoption.imports["resources"].append(_spec(resource) | {"component": True})
        elif resource.urn in state:
            adoption.known.append(resource)
        else:
            _take_over(adoption, filled_in[resource.urn], existing[resource.type] if existing else None)
    return adoption


def _take_over(adoption: Adoption, resource: Registration, live: dict[str, Any] | None) -> None:
    """Add a resource to an adoption: as it is among those that are `live`, or else by its inputs."""
    module, found = resources.module(resource.type), resource.inputs
    if live is not None:
        identity = module.identity(provider.named(resource))
        found = live.get(identity)
        if resource.type == scaling_policy.TYPE and not found:
            for other in live:
                if _parent(other) == _parent(identity):
                    adoption.other_policies[resource.urn] = live[other]["name"]
        if resource.type == table.TYPE and found:
            _refuse_another_order(resource, found)
            adoption.warnings.extend(_warnings(resource, found))
    if not found:
        adoption.missing.append(resource)
    elif id_ := module.import_id(found):
        adoption.imports["resources"].append(_spec(resource) | {"id": id_, "version": resource.version})
    else:
        adoption.without_id.append(resource)


def _refuse_another_order(resource: Registration, live: dict[str, Any]) -> None:
    """Raise PlanError where the first `up` would give an index the capacity of another.

    Pulumi ignores changes in a list by position: it copies the capacities of the first index to the first, and so on.
    """
    names = [[index["name"] for index in found.get("globalSecondaryIndexes", [])] for found in (resource.inputs, live)]
    is_ignored = any(path.startswith("globalSecondaryIndexes[") for path in resource.ignore_changes)
    is_several = live["billingMode"] == "PROVISIONED" and max(map(len, names)) > 1
    if is_ignored and is_several and any(ours != theirs for ours, theirs in zip(*names, strict=False)):
        ours, theirs = (", ".join(found) for found in names)
        raise PlanError(
            f"the provisioned indexes of {live['name']} are in AWS {theirs}, and in the program {ours}: the first up "
            "would give each the capacity of another; declare them in AWS's order, and new ones behind"
        )


def _warnings(resource: Registration, live: dict[str, Any]) -> Iterator[str]:
    """Yield what of a table the program doesn't know: the first `up` removes such tags, and leaves an expiry."""
    tags = live["tags"].keys() - resource.inputs.get("tags", {}).keys()
    if removed := sorted(key for key in tags if not key.startswith("aws:")):
        yield f"the first up removes tags of {live['name']} that the program doesn't declare: {', '.join(removed)}"
    if live["ttl"]["enabled"] and not resource.inputs.get("ttl"):
        attribute = live["ttl"]["attributeName"]
        yield f"{live['name']} deletes items by the time in {attribute}: up leaves that as it is, and verify reports it"


def _existing(plan: Plan, stack: Stack, region: str, clients: Clients) -> tuple[list[Registration], inventory.Live]:
    with account.reading(region) as pool:
        account.refuse_another(stack, clients)
        declared, live = inventory.read(plan, clients, pool.map)
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


def print_adoption(adoption: Adoption, file: Path, out: Console) -> None:
    """Print what is in the import file, what is left out, and the next commands."""
    found = counts(short_type(spec["type"]) for spec in adoption.imports["resources"] if "id" in spec)
    out.print(f"{file}: {found or 'no resource'}")
    if adoption.known:
        out.print(f"left out, because Pulumi's state has it: {counts(short_type(r.type) for r in adoption.known)}")
    for resource in adoption.missing:
        what = f"{short_type(resource.type)} {resource.name}"
        out.print(f"[yellow]not in the account[/], so the next up creates it: {what}")
        if resource.urn in adoption.other_policies:
            name = escape(adoption.other_policies[resource.urn])
            out.print(f"[red]blocked[/]: its scalable target has the scaling policy {name}; delete that first")
    for resource in adoption.without_id:
        what = f"{short_type(resource.type)} {resource.name}"
        out.print(f"[yellow]left out[/], because only the account has its import id: {what}; adopt without --offline")
    for warning in adoption.warnings:
        out.print(f"[yellow]warning[/]: {escape(warning)}")
    name = adoption.stack.name
    out.print("\nNext:")
    for command in (
        f"pulumi stack select --create {name}",
        f"pulumi import --stack {name} --file {file} --generate-code=false",
        f"make preview STACK={name}",
    ):
        out.print(f"  {command}")
    out.print("The preview may create and update; if it replaces or deletes anything, stop: docs/adopting.md")
