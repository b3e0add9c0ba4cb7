"""Registers the tables of a family, from their definitions."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarms import TableAlarms
from components.autoscaling import TableAutoscaling, autoscaled_capacities
from components.schema import Family, GlobalSecondaryIndex, Table
from components.settings import Settings
from components.trigger import stream_trigger


class TableFamily(pulumi.ComponentResource):
    """The tables of one family, each with its autoscaling, its trigger and its alarms.

    `outputs` maps a table's logical name to its `name`, `arn`, `stream_arn` (where there is a stream) and `indexes`
    (logical name to `name` and `arn`).
    """

    def __init__(self, family: Family, settings: Settings) -> None:
        """Register the tables of `family`."""
        super().__init__(family.type, family.logical_name)
        self.outputs: dict[str, dict[str, Any]] = {}
        for table in family.tables:
            resource = aws.dynamodb.Table(
                table.logical_name,
                table_args(table, settings),
                pulumi.ResourceOptions(
                    parent=self,
                    protect=settings.protect_tables and not table.retiring,
                    ignore_changes=autoscaled_capacities(table, settings.autoscaling),
                ),
            )
            # Only what a deployment can't bring back is protected: the table. With protect, Pulumi would refuse what is
            # often right: a table on demand, indexes that don't scale, a trigger that is replaced with its stream. (The
            # table's stream is changed first, and the trigger would stay on the old one.)
            if table.capacity:
                TableAutoscaling(table, resource, settings.autoscaling, pulumi.ResourceOptions(parent=self))
            if table.trigger and table.trigger in settings.triggers:
                trigger = settings.triggers[table.trigger]
                stream_trigger(table.trigger, resource, trigger, pulumi.ResourceOptions(parent=self))
            if settings.alarm_topic:
                TableAlarms(table, resource, settings, pulumi.ResourceOptions(parent=self))
            self.outputs[table.logical_name] = _outputs(table, resource)
        self.register_outputs({"tables": self.outputs})


def table_args(table: Table, settings: Settings) -> aws.dynamodb.TableArgs:
    """Return the provider's arguments for a table, with encryption, point-in-time recovery, tags and protection."""
    return aws.dynamodb.TableArgs(
        name=settings.table_names[table.logical_name],
        billing_mode="PROVISIONED" if table.capacity else "PAY_PER_REQUEST",
        hash_key=table.partition_key,
        range_key=table.sort_key,
        attributes=[aws.dynamodb.TableAttributeArgs(name=name, type="S") for name in table.key_attributes],
        read_capacity=table.capacity.read if table.capacity else None,
        write_capacity=table.capacity.write if table.capacity else None,
        global_secondary_indexes=[_index_args(index) for index in table.indexes] or None,
        stream_enabled=True if table.stream_view_type else None,
        stream_view_type=table.stream_view_type,
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(
            enabled=True, kms_key_arn=settings.kms_key_arn or None
        ),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True, recovery_period_in_days=35),
        ttl=aws.dynamodb.TableTtlArgs(attribute_name=table.time_to_live, enabled=True) if table.time_to_live else None,
        deletion_protection_enabled=settings.protect_tables and not table.retiring,
        tags={"Environment": settings.environment},
    )


def _index_args(index: GlobalSecondaryIndex) -> Any:  # noqa: ANN401 - TableArgs accepts a dict but doesn't declare it
    # `key_schemas` is newer than `hash_key` and `range_key`, but can recreate the indexes of a table that exists
    # (terraform-provider-aws #46512, #46513). The class for an index warns about the older two; a dict doesn't.
    args: dict[str, Any] = {"name": index.name, "hash_key": index.partition_key, "projection_type": "ALL"}
    if index.sort_key:
        args["range_key"] = index.sort_key
    if index.capacity:
        args |= {"read_capacity": index.capacity.read, "write_capacity": index.capacity.write}
    return args


def _outputs(table: Table, resource: aws.dynamodb.Table) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "name": resource.name,
        "arn": resource.arn,
        "indexes": {
            index.logical_name: {"name": index.name, "arn": pulumi.Output.concat(resource.arn, "/index/", index.name)}
            for index in table.indexes
        },
    }
    if table.stream_view_type:
        outputs["stream_arn"] = resource.stream_arn
    return outputs
