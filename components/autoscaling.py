"""Autoscaling of a provisioned table and of its indexes."""

import pulumi
import pulumi_aws as aws

from components.schema import Table
from components.settings import Autoscaling


def autoscaled_capacities(table: Table, settings: Autoscaling) -> list[str]:
    """Return the paths of the capacities that autoscaling moves, which a deployment must not set back.

    Pulumi's Python SDK passes nested paths on as written, so all are in the provider's spelling. `[*]` goes by
    position: the first index keeps the capacity of the first, whatever its name. So append an index behind the others,
    and never insert, reorder or remove one: any of these gives the indexes behind it the capacities of others.
    """
    if not table.capacity:
        return []
    paths = ["readCapacity", "writeCapacity"]
    if table.indexes and settings.indexes:
        paths += [f"globalSecondaryIndexes[*].{path}" for path in paths]
    return paths


class TableAutoscaling(pulumi.ComponentResource):
    """A scalable target and a target tracking policy for reads and writes of a table and, if set, of each index.

    An index with less write capacity than its table throttles the table's writes, so both scale by the same settings.
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
            # From the target's outputs, so that AWS has the target before the policy.
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
