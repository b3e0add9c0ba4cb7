"""Writes the import file for `pulumi import`, from the program's plan and the resources in the account."""

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
    """The content of the import file, and the resources that it leaves out.

    `missing` resources are not in the account; the next `up` creates them. `other_policies` maps the URN of a missing
    scaling policy to the name of the policy that its target has instead: AWS accepts only one for each metric. The
    import ids of `without_id` are only known to the account. `known` resources are in Pulumi's state. `warnings` tell
    what the first `up` does to the tables.
    """

    stack: Stack
    imports: dict[str, Any]
    missing: list[Registration]
    other_policies: dict[str, str]
    without_id: list[Registration]
    known: list[Registration] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def adopt(stack: Stack, region: str, clients: Clients | None, state: frozenset[str] = frozenset()) -> Adoption:
    """Return an adoption of all components, and of all resources that the account has.

    Without `clients`, it has all resources with an import id. It leaves out resources that are in `state`, a set of
    URNs; components stay, because importing them again changes nothing. Raises PlanError if the account can't be read,
    is not the stack's, or has none of the tables, and if the provisioned indexes of a table are in another order than
    the program's.
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
    """Add a resource to an adoption. If `live` is None, assume that the resource exists as declared."""
    module, existing = resources.module(resource.type), resource.inputs
    if live is not None:
        identity = module.identity(provider.effective_inputs(resource))
        existing = live.get(identity)
        if resource.type == scaling_policy.TYPE and not existing:
            target = identity.rpartition("/")[0]
            for other in live:
                if other.rpartition("/")[0] == target:
                    adoption.other_policies[resource.urn] = live[other]["name"]
        if resource.type == table.TYPE and existing:
            _refuse_another_order(resource, existing)
            adoption.warnings.extend(_warnings(resource, existing))
    if not existing:
        adoption.missing.append(resource)
    elif id_ := module.import_id(existing):
        adoption.imports["resources"].append(_spec(resource) | {"id": id_, "version": resource.version})
    else:
        adoption.without_id.append(resource)


def _refuse_another_order(resource: Registration, live: dict[str, Any]) -> None:
    """Raise PlanError if the first `up` would give an index the capacity of another index.

    Pulumi applies ignoreChanges to a list by position: the first index in the program gets the capacity of the first
    index in the state, and so on.
    """
    lists = (inputs.get("globalSecondaryIndexes", []) for inputs in (resource.inputs, live))
    names = [[index["name"] for index in indexes] for indexes in lists]
    is_ignored = any(path.startswith("globalSecondaryIndexes[") for path in resource.ignore_changes)
    is_several = live["billingMode"] == "PROVISIONED" and max(map(len, names)) > 1
    if is_ignored and is_several and any(ours != theirs for ours, theirs in zip(*names, strict=False)):
        ours, theirs = map(", ".join, names)
        raise PlanError(
            f"{live['name']} has the provisioned indexes {theirs} in AWS, but {ours} in the program: the first up "
            "would give them each other's capacities; declare them in AWS's order, and new ones at the end"
        )


def _warnings(resource: Registration, live: dict[str, Any]) -> Iterator[str]:
    """Yield warnings of tags that the first `up` removes, and of time to live, which it doesn't change."""
    tags = live["tags"].keys() - resource.inputs.get("tags", {}).keys()
    if removed := sorted(key for key in tags if not key.startswith("aws:")):
        yield f"the first up removes tags of {live['name']} that the program doesn't declare: {', '.join(removed)}"
    if live["ttl"]["enabled"] and not resource.inputs.get("ttl"):
        attribute = live["ttl"]["attributeName"]
        yield f"{live['name']} deletes items by the time in {attribute}: up doesn't change that, and verify reports it"


def _existing(plan: Plan, stack: Stack, region: str, clients: Clients) -> tuple[list[Registration], inventory.Live]:
    with account.reading(region) as pool:
        account.refuse_other_account(stack, clients)
        declared, live = inventory.read(plan, clients, pool.map)
    account.refuse_without_tables(stack.name, region, plan, live[table.TYPE])
    return declared, live


def _spec(resource: Registration) -> dict[str, Any]:
    """Return a resource as the import file has it. Its name in the file has the type, because logical names repeat."""
    parent = {} if STACK_TYPE in resource.parent else {"parent": _name(resource.parent)}
    return {"type": resource.type, "name": _name(resource.urn), "logicalName": resource.name, **parent}


def _name(urn: str) -> str:
    return urn.split("::", 2)[2]


def print_adoption(adoption: Adoption, file: Path, out: Console) -> None:
    """Print what is in the import file, what is left out, and the next commands."""
    imported = counts(short_type(spec["type"]) for spec in adoption.imports["resources"] if "id" in spec)
    out.print(f"{file}: {imported or 'no resource'}")
    if adoption.known:
        out.print(f"left out, already in Pulumi's state: {counts(short_type(r.type) for r in adoption.known)}")
    for resource in adoption.missing:
        what = f"{short_type(resource.type)} {resource.name}"
        out.print(f"[yellow]not in the account[/], so the next up creates it: {what}")
        if resource.urn in adoption.other_policies:
            name = escape(adoption.other_policies[resource.urn])
            out.print(f"[red]blocked[/]: its scalable target has the scaling policy {name}; delete that first")
    for resource in adoption.without_id:
        what = f"{short_type(resource.type)} {resource.name}"
        out.print(f"[yellow]left out[/], only the account has its import id: {what}; adopt without --offline")
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
