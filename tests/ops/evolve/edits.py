"""Versions of prod that differ from it by edits of the definitions, of the configuration, or of what is registered."""

import copy
import functools
import pickle
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from components import examples, tables
from components.schema import Capacity, Family, GlobalSecondaryIndex, Table
from ops.engine.plan import Plan, Registration
from ops.evolve.changes import pairs
from ops.evolve.versions import Version
from ops.rehearse.definitions import Definitions
from tests import programs

REGION = "eu-west-1"
Edit = dict[str, Any]


@dataclass(frozen=True)
class Edits:
    """What a version has other than prod.

    `tables` are fields of definitions, by logical name: None removes the table. `inputs` and `options` are what a
    resource registers, by its name, or by its URN for a component. `plan` changes the plan as a whole.
    """

    tables: dict[str, Edit | None] = field(default_factory=dict)
    added: tuple[tuple[str, Table], ...] = ()
    families: dict[str, Edit] = field(default_factory=dict)
    config: tuple[str, ...] = ()
    inputs: dict[str, Edit] = field(default_factory=dict)
    options: dict[str, Edit] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    resources: tuple[Registration, ...] = ()
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


NONE = Edits()


def version(edits: Edits = NONE) -> Version:
    """Record prod with some edits. Each family is recorded by itself, and once: most edits are of one family."""
    families = [_family(family, edits) for family in tables.FAMILIES]
    plans = [pickle.loads(_recorded(family, edits.config)) for family in families]  # noqa: S301 - of this process
    plan = Plan(
        resources=[*{resource.urn: resource for each in plans for resource in each.resources}.values()],
        component_outputs={urn: outputs for each in plans for urn, outputs in each.component_outputs.items()},
    )
    defined = tuple(table for family in families for table in family.tables)
    return Version(_edited(plan, edits), Definitions(defined, copy.deepcopy(examples.ITEMS) | edits.items))


@functools.cache
def _recorded(family: Family, config: tuple[str, ...]) -> bytes:
    """Return the plan of prod with only this family, pickled: to look it up by its text, as programs does, is slower."""
    return pickle.dumps(programs.record_family(family, *config))


def _family(family: Family, edits: Edits) -> Family:
    kept = [
        replace(table, **(edits.tables.get(table.logical_name) or {}))
        for table in family.tables
        if edits.tables.get(table.logical_name, {}) is not None
    ]
    kept += [table for name, table in edits.added if name == family.logical_name]
    return replace(family, tables=tuple(kept), **edits.families.get(family.logical_name, {}))


def _edited(plan: Plan, edits: Edits) -> Plan:
    resources = []
    for resource in plan.resources:
        if not resource.custom:
            resources.append(replace(resource, **edits.options.get(resource.urn, {})))
        elif resource.name not in edits.removed and resource.urn not in edits.removed:
            inputs = {**resource.inputs, **edits.inputs.get(resource.name, {})}
            inputs = {key: value for key, value in inputs.items() if value is not None}
            resources.append(replace(resource, inputs=inputs, **edits.options.get(resource.name, {})))
    return replace(plan, resources=[*resources, *edits.resources])


def only(found: Version, names: Iterable[str]) -> Version:
    """Return a version with only these tables, by logical name, and their autoscaling: it takes less time."""
    kept = tuple(names)
    resources = [r for r in found.plan.resources if not r.custom or r.name in kept or r.name.startswith(kept)]
    definitions = tuple(table for table in found.definitions.tables if table.logical_name in kept)
    return replace(
        found,
        plan=replace(found.plan, resources=resources),
        definitions=replace(found.definitions, tables=definitions),
    )


def index(name: str, partition_key: str, sort_key: str | None = None, units: int = 0) -> GlobalSecondaryIndex:
    return GlobalSecondaryIndex(
        logical_name=name.replace("-", "_"),
        name=name,
        partition_key=partition_key,
        sort_key=sort_key,
        capacity=Capacity(units, units) if units else None,
    )


def defined(logical_name: str) -> Table:
    return next(table for table in tables.TABLES if table.logical_name == logical_name)


def compared(then: Version, now: Version) -> list:
    return pairs(then.plan, now.plan, REGION)
