"""The calls by which the AWS provider changes and deletes resources, in its order (terraform-provider-aws 6).

For a table, it changes tags first, then deletes indexes, and creates indexes near the end. Each index takes a call of
its own, and the provider waits for the table after it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ops.aws.clients import Clients
from ops.aws.resources import event_source_mapping, metric_alarm, scalable_target, scaling_policy, table
from ops.errors import PlanError

Inputs = dict[str, Any]
_INDEXES = "globalSecondaryIndexes"
_CAPACITIES = {"ReadCapacityUnits": "readCapacity", "WriteCapacityUnits": "writeCapacity"}
_DIMENSION = ("ServiceNamespace", "ResourceId", "ScalableDimension")


class RefusedError(PlanError):
    """The provider refuses a change before it calls AWS."""


@dataclass(frozen=True)
class Call:
    """A call to AWS: a boto3 client's method, and its parameters by AWS's names."""

    service: Literal["application-autoscaling", "cloudwatch", "dynamodb", "lambda"]
    method: str
    parameters: dict[str, Any]

    def __str__(self) -> str:
        """Return the operation and its parameters, for a person."""
        operation = "".join(word.title() for word in self.method.split("_"))
        parameters = ", ".join(
            f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in self.parameters.items()
        )
        return f"{operation}: {parameters}"

    def make(self, clients: Clients) -> None:
        """Make the call."""
        getattr(clients(self.service), self.method)(**self.parameters)


def update(type_: str, old: Inputs, new: Inputs) -> Iterator[Call]:
    """Yield the calls that change a resource in place, from old to new inputs of the provider.

    Of a table, `arn` is the ARN for its tags; of a trigger, `uuid` is its id. Raises RefusedError.
    """
    if type_ == table.TYPE:
        yield from _update_table(old, new)
    elif old != new and type_ == scalable_target.TYPE:
        parameters = {"MinCapacity": new["minCapacity"], "MaxCapacity": new["maxCapacity"]}
        yield Call("application-autoscaling", "register_scalable_target", _dimension(new) | parameters)
    elif old != new and type_ == scaling_policy.TYPE:
        yield Call("application-autoscaling", "put_scaling_policy", scaling_policy.parameters(new))
    elif old != new and type_ == metric_alarm.TYPE:
        yield Call("cloudwatch", "put_metric_alarm", metric_alarm.parameters(new))
    elif old != new and type_ == event_source_mapping.TYPE:
        yield from _update_mapping(old, new)


# Parameters that UpdateEventSourceMapping doesn't have.
_FIXED = {"EventSourceArn", "StartingPosition"}


def _update_mapping(old: Inputs, new: Inputs) -> Iterator[Call]:
    """Yield the call with the parameters that change. The provider can't remove a destination."""
    before = event_source_mapping.parameters(old)
    kept = _FIXED if new.get("destinationConfig") else _FIXED | {"DestinationConfig"}
    changes = {
        key: value
        for key, value in event_source_mapping.parameters(new).items()
        if before.get(key) != value and key not in kept
    }
    if old.get("functionResponseTypes") and not new.get("functionResponseTypes"):
        changes["FunctionResponseTypes"] = []
    if changes:
        yield Call("lambda", "update_event_source_mapping", {"UUID": old.get("uuid", ""), **changes})


def creation(type_: str, new: Inputs) -> str:
    """Return the call that creates a resource, for a person: the operation, and what it is for."""
    if type_ == table.TYPE:
        return f"CreateTable: {new['name']}"
    if type_ == event_source_mapping.TYPE:
        return f"CreateEventSourceMapping: {new['functionName']}"
    if type_ == metric_alarm.TYPE:
        return f"PutMetricAlarm: {new['name']}"
    operation = "RegisterScalableTarget" if type_ == scalable_target.TYPE else "PutScalingPolicy"
    return f"{operation}: {new['resourceId']} {new['scalableDimension'].rpartition(':')[2]}"


def delete(type_: str, old: Inputs) -> Call:
    """Return the call that deletes a resource."""
    if type_ == table.TYPE:
        return Call("dynamodb", "delete_table", {"TableName": old["name"]})
    if type_ == scalable_target.TYPE:
        return Call("application-autoscaling", "deregister_scalable_target", _dimension(old))
    if type_ == scaling_policy.TYPE:
        return Call("application-autoscaling", "delete_scaling_policy", {"PolicyName": old["name"]} | _dimension(old))
    if type_ == metric_alarm.TYPE:
        return Call("cloudwatch", "delete_alarms", {"AlarmNames": [old["name"]]})
    return Call("lambda", "delete_event_source_mapping", {"UUID": old.get("uuid", "")})


def _dimension(inputs: Inputs) -> Inputs:
    return {key: inputs[key[0].lower() + key[1:]] for key in _DIMENSION}


def _update_table(old: Inputs, new: Inputs) -> Iterator[Call]:
    yield from _tag(old, new)
    deleted, updated, created = _index_updates(old, new)
    for action in deleted:
        yield _table_call(old, GlobalSecondaryIndexUpdates=[action])
    if old.get("tableClass") != new.get("tableClass"):
        yield _table_call(old, TableClass=new.get("tableClass", "STANDARD"))
    changes = _throughput(old, new)
    if bool(old.get("deletionProtectionEnabled")) != bool(new.get("deletionProtectionEnabled")):
        changes["DeletionProtectionEnabled"] = bool(new.get("deletionProtectionEnabled"))
    old_view, new_view = (i.get("streamViewType") if i.get("streamEnabled") else None for i in (old, new))
    off, on = {"StreamEnabled": False}, {"StreamEnabled": True, "StreamViewType": new_view}
    if old_view and new_view and old_view != new_view:
        # AWS doesn't change the view type of a stream that is on. These two calls change nothing else.
        yield _table_call(old, StreamSpecification=off)
        yield _table_call(old, StreamSpecification=on)
    elif old_view != new_view:
        changes["StreamSpecification"] = on if new_view else off
    if updated:
        changes["GlobalSecondaryIndexUpdates"] = updated
    if changes:
        yield _table_call(old, **changes)
    for action in created:
        definitions = table.attribute_definitions(new)
        yield _table_call(old, AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[action])
    yield from _update_apart(old, new)


def _table_call(inputs: Inputs, **parameters: Any) -> Call:  # noqa: ANN401 - what boto3 takes
    return Call("dynamodb", "update_table", {"TableName": inputs["name"], **parameters})


def _throughput(old: Inputs, new: Inputs) -> dict[str, Any]:
    """Return the billing mode and the capacity, if one of them changes. A capacity that isn't declared stays."""
    mode = new["billingMode"]
    units = {unit: new.get(key) or old.get(key) for unit, key in _CAPACITIES.items()}
    if mode == old["billingMode"] and units == {unit: old.get(key) for unit, key in _CAPACITIES.items()}:
        return {}
    # If ignoreChanges leaves no capacity, the provider uses 1 unit (terraform-provider-aws #22630).
    throughput = {"ProvisionedThroughput": {unit: value or 1 for unit, value in units.items()}}
    return {"BillingMode": mode} | (throughput if mode == "PROVISIONED" else {})


def _tag(old: Inputs, new: Inputs) -> Iterator[Call]:
    """Yield the calls for tags."""
    arn, tags, old_tags = old.get("arn", old["name"]), new.get("tags") or {}, old.get("tags") or {}
    if removed := sorted(old_tags.keys() - tags.keys()):
        yield Call("dynamodb", "untag_resource", {"ResourceArn": arn, "TagKeys": removed})
    if added := [{"Key": key, "Value": value} for key, value in tags.items() if old_tags.get(key) != value]:
        yield Call("dynamodb", "tag_resource", {"ResourceArn": arn, "Tags": added})


def _update_apart(old: Inputs, new: Inputs) -> Iterator[Call]:
    """Yield the calls for settings that have a call of their own. What isn't declared stays."""
    name = old["name"]
    if _is_switched(old, new, "serverSideEncryption"):
        yield _table_call(old, SSESpecification=table.encryption(new["serverSideEncryption"]))
    expiry = new.get("ttl")
    if expiry and expiry != old.get("ttl"):
        specification = {"AttributeName": expiry["attributeName"], "Enabled": expiry.get("enabled", False)}
        yield Call("dynamodb", "update_time_to_live", {"TableName": name, "TimeToLiveSpecification": specification})
    if _is_switched(old, new, "pointInTimeRecovery"):
        recovery = table.recovery(new["pointInTimeRecovery"])
        yield Call("dynamodb", "update_continuous_backups", {"TableName": name} | recovery)


def _is_switched(old: Inputs, new: Inputs, key: str) -> bool:
    """Tell whether a setting must change: it is turned on or off, or another declared value differs."""
    before, after = old.get(key) or {}, new.get(key) or {}
    if not (before.get("enabled") or after.get("enabled")):
        return False
    return any(before.get(name, table.DEFAULTS.get(f"{key}.{name}")) != value for name, value in after.items())


def _index_updates(old: Inputs, new: Inputs) -> tuple[list[Inputs], list[Inputs], list[Inputs]]:
    """Return the actions that delete, update and create indexes."""
    mode = new["billingMode"]
    olds, news = ({index["name"]: index for index in inputs.get(_INDEXES) or []} for inputs in (old, new))
    if not news:
        # If no index is declared, the provider changes nothing (terraform-provider-aws #47490).
        return [], [], []
    # If no index changes, the provider doesn't check them, and AWS refuses a table that becomes PROVISIONED.
    for name, index in news.items() if olds != news else ():
        if mode == "PROVISIONED" and not all(index.get(key) for key in _CAPACITIES.values()):
            raise RefusedError(f"GSI ({name}): read and write capacity must be > 0 when billing mode is PROVISIONED")
    deleted = [name for name in olds if name not in news or not same_index(olds[name], news[name])]
    # The provider creates new indexes before those that it rebuilds.
    created = [name for name in news if name not in olds] + [name for name in deleted if name in news]
    kept = [name for name in news if name not in created and mode == "PROVISIONED"]
    return (
        [{"Delete": {"IndexName": name}} for name in deleted],
        [
            {"Update": {"IndexName": name, **table.throughput(news[name])}}
            for name in kept
            if _units(olds[name]) != _units(news[name])
        ],
        [{"Create": table.index(news[name], mode)} for name in created],
    )


def same_index(old: Inputs, new: Inputs) -> bool:
    """Tell whether two indexes have the same key and projection, which AWS can't change."""
    return table.index(old, "PAY_PER_REQUEST") == table.index(new, "PAY_PER_REQUEST")


def _units(item: Inputs) -> dict[str, Any]:
    return {unit: item[key] for unit, key in _CAPACITIES.items() if item.get(key)}
