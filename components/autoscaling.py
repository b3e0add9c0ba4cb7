"""Autoscaling of a provisioned table and of its indexes."""

import pulumi
import pulumi_aws as aws

from components.schema import Table
from components.settings import Autoscaling


def autoscaled_capacities(table: Table, settings: Autoscaling) -> list[str]:
    """Return the paths of the capacities that autoscaling changes. A deployment must not reset them.

    Pulumi's Python SDK doesn't translate nested paths, so all are in the provider's spelling. `[*]` goes by position:
    the first index keeps the capacity of the first index in the state, whatever its name. So add an index at the end,
    and never insert, reorder or remove one: the indexes after it would get each other's capacities.
    """
    if not table.capacity:
        return []
    paths = ["readCapacity", "writeCapacity"]
    if table.indexes and settings.indexes:
        paths += [f"globalSecondaryIndexes[*].{path}" for path in paths]
    return paths


class TableAutoscaling(pulumi.ComponentResource):
    """Scalable targets and target tracking policies for the reads and the writes of a table and of its indexes.

    An index with less write capacity than its table throttles the table's writes, so both scale with the same settings.
    The indexes are left out if `settings.indexes` is false.
    """

    def __init__(
        self,
        table: Table,
        resource: aws.dynamodb.Table,
        settings: Autoscaling,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register the targets and policies of `table`, which is deployed as `resource`."""
        super().__init__("paypulse:dynamodb:TableAutoscaling", table.logical_name, opts=opts)
        self._settings = settings
        resource_id = pulumi.Output.concat("table/", resource.name)
        self._scale(table.logical_name, "table", resource_id)
        for index in table.indexes if settings.indexes else ():
            index_id = pulumi.Output.concat(resource_id, "/index/", index.name)
            self._scale(f"{table.logical_name}-{index.logical_name}", "index", index_id)
        self.register_outputs({})

    def _scale(self, logical_name: str, kind: str, resource_id: pulumi.Output[str]) -> None:
        for access in ("Read", "Write"):
            target = aws.appautoscaling.Target(
                f"{logical_name}-{access.lower()}",
                service_namespace="dynamodb",
                resource_id=resource_id,
                scalable_dimension=f"dynamodb:{kind}:{access}CapacityUnits",
                min_capacity=self._settings.min_capacity,
                max_capacity=self._settings.max_capacity,
                opts=pulumi.ResourceOptions(parent=self),
            )
            # The target's outputs make the policy depend on the target: AWS must have the target first.
            aws.appautoscaling.Policy(
                f"{logical_name}-{access.lower()}",
                name=f"DynamoDB{access}AutoScalingPolicy",
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                resource_id=target.resource_id,
                scalable_dimension=target.scalable_dimension,
                target_tracking_scaling_policy_configuration={
                    "predefined_metric_specification": {
                        "predefined_metric_type": f"DynamoDB{access}CapacityUtilization",
                    },
                    "target_value": self._settings.target_utilization,
                    "scale_in_cooldown": self._settings.scale_in_cooldown,
                    "scale_out_cooldown": self._settings.scale_out_cooldown,
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
