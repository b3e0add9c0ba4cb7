"""As many tables as the configuration says, every fiftieth provisioned and autoscaled; no policy finds anything wrong.

Not more of those: moto 5 loses its way in the pages of more than a hundred scalable targets.
"""

import pulumi
import pulumi_aws as aws

for number in range(pulumi.Config().require_int("tables")):
    is_provisioned = number % 50 == 0
    table = aws.dynamodb.Table(
        f"table-{number}",
        name=f"{'RentalInvoices' if is_provisioned else 'Table'}-{number}",
        hash_key="id",
        attributes=[{"name": "id", "type": "S"}],
        billing_mode="PROVISIONED" if is_provisioned else "PAY_PER_REQUEST",
        read_capacity=5 if is_provisioned else None,
        write_capacity=5 if is_provisioned else None,
        server_side_encryption={"enabled": True},
        point_in_time_recovery={"enabled": True, "recovery_period_in_days": 35},
        deletion_protection_enabled=True,
        tags={"Environment": "benchmark"},
        opts=pulumi.ResourceOptions(
            protect=True, ignore_changes=["readCapacity", "writeCapacity"] if is_provisioned else []
        ),
    )
    for access in ("Read", "Write") if is_provisioned else ():
        target = aws.appautoscaling.Target(
            f"table-{number}-{access}",
            service_namespace="dynamodb",
            resource_id=pulumi.Output.concat("table/", table.name),
            scalable_dimension=f"dynamodb:table:{access}CapacityUnits",
            min_capacity=1,
            max_capacity=10,
        )
        aws.appautoscaling.Policy(
            f"table-{number}-{access}",
            name="scaling",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {
                    "predefined_metric_type": f"DynamoDB{access}CapacityUtilization",
                },
                "target_value": 70,
            },
        )
