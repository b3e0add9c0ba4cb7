"""Reads from a plan what is billed: tables with their indexes, billing, capacity, autoscaling, and alarms."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.aws.resources import event_source_mapping, metric_alarm, scalable_target, scaling_policy, table
from ops.cost.target_tracking import Scaling
from ops.engine.plan import Plan
from ops.errors import PlanError, one_line


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A table as the program declares it.

    `capacities` has the units and the scaling of the table ("") and of each index, for read and write; it is empty on
    demand. `has_trigger` tells whether a Lambda function reads its stream.
    """

    name: str
    indexes: tuple[str, ...]
    capacities: dict[tuple[str, str], tuple[int, Scaling | None]]
    has_recovery: bool
    has_stream: bool
    has_trigger: bool

    @property
    def is_provisioned(self) -> bool:
        """Whether it has provisioned capacity."""
        return bool(self.capacities)

    @property
    def resources(self) -> tuple[str, ...]:
        """The table, as "", and its indexes."""
        return ("", *self.indexes)


def inputs_by_logical_name(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the inputs of all tables of a plan."""
    tables = {r.name: r.inputs for r in plan.resources if r.type == table.TYPE}
    return {name: inputs for name, inputs in tables.items() if inputs.get("name")}


def tables(plan: Plan) -> list[Deployed]:
    """Return the tables of a plan. Raises PlanError for what isn't known before the deployment, or isn't a number."""
    try:
        return list(_tables(plan))
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError(
            f"the plan has a table or its autoscaling without a known name or capacity: {one_line(error)}; give it one"
        ) from None


def _tables(plan: Plan) -> Iterator[Deployed]:
    urns = {resource.inputs["name"]: resource.urn for resource in plan.resources if resource.type == table.TYPE}
    scalings = _scalings(plan)
    sources = [r for r in plan.resources if r.type == event_source_mapping.TYPE]
    for inputs in inputs_by_logical_name(plan).values():
        name, capacities = inputs["name"], {}
        indexes = {index["name"]: index for index in inputs.get("globalSecondaryIndexes") or []}
        if inputs.get("billingMode", "PROVISIONED") == "PROVISIONED":
            for resource, item in {"": inputs, **indexes}.items():
                for access in ("read", "write"):
                    scaling = scalings.get(tuple(scalable_target.ids(name, resource, access).values()))
                    capacities[resource, access] = int(item.get(f"{access}Capacity") or 1), scaling
        recovery = inputs.get("pointInTimeRecovery") or {}
        yield Deployed(
            name=name,
            indexes=tuple(indexes),
            capacities=capacities,
            has_recovery=bool(recovery.get("enabled")),
            has_stream=bool(inputs.get("streamEnabled")),
            has_trigger=any(urns[name] in source.dependencies for source in sources),
        )


def _scalings(plan: Plan) -> dict[tuple[str, ...], Scaling]:
    """Return the scaling of each resource id and dimension that has both a scalable target and a policy."""
    configurations = {}
    for resource in plan.resources:
        if resource.type == scaling_policy.TYPE:
            key = resource.inputs["resourceId"], resource.inputs["scalableDimension"]
            configurations[key] = resource.inputs.get(scaling_policy.CONFIGURATION) or {}
    result = {}
    for resource in plan.resources:
        if resource.type == scalable_target.TYPE:
            inputs = resource.inputs
            key = inputs["resourceId"], inputs["scalableDimension"]
            if configuration := configurations.get(key):
                result[key] = Scaling(
                    minimum=int(inputs["minCapacity"]),
                    maximum=int(inputs["maxCapacity"]),
                    target=float(configuration["targetValue"]),
                    in_cooldown=int(configuration.get("scaleInCooldown") or 0),
                    out_cooldown=int(configuration.get("scaleOutCooldown") or 0),
                )
    return result


def alarms(plan: Plan) -> int:
    """Return how many metric alarms a plan has."""
    return sum(resource.type == metric_alarm.TYPE for resource in plan.resources)
