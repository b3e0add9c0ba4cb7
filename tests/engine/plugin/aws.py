"""What the provider asks of AWS to make, read, change and delete a resource of each type."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.engine.plugin.schema import ALARM, MAPPING

Properties = dict[str, Any]


class _Calls:
    """The calls for one resource type.

    `create` returns what is known of the resource; from that, from its state, or from what `locate` makes of an import
    id, `read` returns its state, or None where there is none.
    """

    def __init__(self, aws: Callable[[str], Any]) -> None:
        """Call by the clients that `aws` returns for the name of a service."""
        self.aws = aws
        self.dynamodb = aws("dynamodb")
        self.scaling = aws("application-autoscaling")

    def refuse(self, inputs: Properties, state: Properties) -> None:
        """Raise ValueError for inputs that the provider refuses beside what is live."""


class Table(_Calls):
    def create(self, inputs: Properties) -> Properties:
        name, mode = inputs["name"], inputs["billingMode"]
        arguments = {
            "AttributeDefinitions": _attributes(inputs),
            "KeySchema": _keys(inputs),
            "BillingMode": mode,
            "GlobalSecondaryIndexes": [_index(index, mode) for index in inputs.get("globalSecondaryIndexes", [])],
            "DeletionProtectionEnabled": inputs.get("deletionProtectionEnabled"),
            "TableClass": inputs["tableClass"],
            "Tags": _tags(inputs),
            "StreamSpecification": inputs.get("streamEnabled") and _stream(inputs),
            "SSESpecification": "serverSideEncryption" in inputs and _encryption(inputs),
            **_throughput(inputs, mode),
        }
        self.dynamodb.create_table(TableName=name, **{key: value for key, value in arguments.items() if value})
        self._update_apart(
            name, {key for key in ("ttl", "pointInTimeRecovery") if inputs.get(key, {}).get("enabled")}, inputs
        )
        return {"name": name}

    def locate(self, import_id: str) -> Properties:
        return {"name": import_id}

    def read(self, state: Properties) -> Properties | None:
        name = state["name"]
        table = self._describe(name)
        if table is None:
            return None
        backups = self.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        is_on = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
        expiry = self.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        found = self.dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        tags, stream = {tag["Key"]: tag["Value"] for tag in found}, table.get("StreamSpecification", {})
        return {
            "id": name,
            "name": name,
            "arn": table["TableArn"],
            "attributes": [
                {"name": a["AttributeName"], "type": a["AttributeType"]} for a in table["AttributeDefinitions"]
            ],
            "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
            "globalSecondaryIndexes": [
                {
                    "name": index["IndexName"],
                    "projectionType": index["Projection"]["ProjectionType"],
                    "nonKeyAttributes": index["Projection"].get("NonKeyAttributes", []),
                    "keySchemas": [
                        {"attributeName": key["AttributeName"], "keyType": key["KeyType"]} for key in index["KeySchema"]
                    ],
                    **_keys_and_units(index),
                }
                for index in table.get("GlobalSecondaryIndexes", [])
            ],
            "pointInTimeRecovery": {
                "enabled": is_on,
                "recoveryPeriodInDays": recovery["RecoveryPeriodInDays"] if is_on else 0,
            },
            "serverSideEncryption": self._encryption_state(table.get("SSEDescription")),
            "streamArn": table.get("LatestStreamArn", ""),
            "streamEnabled": stream.get("StreamEnabled", False),
            "streamLabel": table.get("LatestStreamLabel", ""),
            "streamViewType": stream.get("StreamViewType", ""),
            "tableClass": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
            "tags": tags or None,
            "tagsAll": tags,
            "ttl": {
                "enabled": expiry["TimeToLiveStatus"] == "ENABLED",
                "attributeName": expiry.get("AttributeName", ""),
            },
            **_keys_and_units(table),
        }

    def update(self, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change a table in the provider's order: tags, the indexes that go, one a call, and the new ones last."""
        self._tag(old, new)
        mode, arguments = new["billingMode"], {}
        indexes = list(_index_updates(old, new)) if "globalSecondaryIndexes" in changed else []
        if changed & {"billingMode", "readCapacity", "writeCapacity"}:
            # Where a switch to provisioned ignores the capacities, there are none: the provider takes 1.
            arguments |= {"BillingMode": mode, **_throughput(new, mode, 0 if mode == old["billingMode"] else 1)}
        if "deletionProtectionEnabled" in changed:
            arguments["DeletionProtectionEnabled"] = new.get("deletionProtectionEnabled", False)
        # The view type of a stream that stays on: the provider turns it off and on (cycleStreamEnabled).
        cycle = "streamViewType" in changed and "streamEnabled" not in changed and new.get("streamEnabled", False)
        if "streamEnabled" in changed:
            arguments["StreamSpecification"] = _stream(new)
        if grown := [index for index in indexes if "Update" in index]:
            arguments["GlobalSecondaryIndexUpdates"] = grown
        calls = [
            *({"GlobalSecondaryIndexUpdates": [index]} for index in indexes if "Delete" in index),
            {"TableClass": new["tableClass"]} if "tableClass" in changed else {},
            {"StreamSpecification": {"StreamEnabled": False}} if cycle else {},
            {"StreamSpecification": _stream(new)} if cycle else {},
            arguments,
            *(
                {"GlobalSecondaryIndexUpdates": [index], "AttributeDefinitions": _attributes(new)}
                for index in indexes
                if "Create" in index
            ),
            {"SSESpecification": _encryption(new)} if "serverSideEncryption" in changed else {},
        ]
        for call in filter(None, calls):
            self.dynamodb.update_table(TableName=old["name"], **call)
        self._update_apart(old["name"], changed, new)

    def delete(self, state: Properties) -> None:
        self.dynamodb.delete_table(TableName=state["name"])

    def refuse(self, inputs: Properties, state: Properties) -> None:
        """Raise ValueError where attributes and keys don't match; those of a live index count as both."""
        table = self._describe(inputs["name"]) or {}
        live = {key["AttributeName"] for i in table.get("GlobalSecondaryIndexes", []) for key in i["KeySchema"]}
        kept = {name: inputs.get(name) or state.get(name) or [] for name in ("attributes", "globalSecondaryIndexes")}
        keys = {key["AttributeName"] for item in (inputs, *kept["globalSecondaryIndexes"]) for key in _keys(item)}
        defined = {attribute["name"] for attribute in kept["attributes"]}
        for error, names in (
            ("all attributes must be indexed. Unused attributes", defined - keys - live),
            ("all indexes must match a defined attribute. Unmatched indexes", keys - defined - live),
        ):
            if names:
                quoted = " ".join(f'"{name}"' for name in sorted(names))
                message = f"{error}: [{quoted}]"
                raise ValueError(message)

    def _tag(self, old: Properties, new: Properties) -> None:
        olds, news = old.get("tags", {}), new.get("tags", {})
        if gone := [tag for tag in olds if tag not in news]:
            self.dynamodb.untag_resource(ResourceArn=old["arn"], TagKeys=gone)
        if tags := {tag: value for tag, value in news.items() if olds.get(tag) != value}:
            self.dynamodb.tag_resource(ResourceArn=old["arn"], Tags=_tags({"tags": tags}))

    def _describe(self, name: str) -> Properties | None:
        try:
            return self.dynamodb.describe_table(TableName=name)["Table"]
        except self.dynamodb.exceptions.ResourceNotFoundException:
            return None

    def _update_apart(self, name: str, changed: set[str], new: Properties) -> None:
        if "ttl" in changed:
            specification = {"AttributeName": new["ttl"]["attributeName"], "Enabled": new["ttl"].get("enabled", False)}
            self.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
        if "pointInTimeRecovery" in changed:
            recovery = new["pointInTimeRecovery"]
            specification = {"PointInTimeRecoveryEnabled": recovery["enabled"]}
            if recovery["enabled"] and recovery.get("recoveryPeriodInDays"):
                specification["RecoveryPeriodInDays"] = recovery["recoveryPeriodInDays"]
            self.dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)

    def _encryption_state(self, description: Properties | None) -> Properties | None:
        """Leave out the AWS managed key: it is the one that a declaration without a key means."""
        if not description:
            return None
        kms, key = self.aws("kms"), description.get("KMSMasterKeyArn", "")
        try:
            managed = kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]["Arn"]
        except kms.exceptions.NotFoundException:
            managed = None
        return {"enabled": description["Status"] == "ENABLED", "kmsKeyArn": "" if key == managed else key}


def _index_updates(old: Properties, new: Properties) -> Iterator[Properties]:
    mode = new["billingMode"]
    olds = {index["name"]: index for index in old.get("globalSecondaryIndexes", [])}
    news = {index["name"]: _index(index, mode) for index in new.get("globalSecondaryIndexes", [])}
    gone = {
        name
        for name, was in olds.items()
        if name not in news or any(_shape(was)[key] != news[name][key] for key in ("KeySchema", "Projection"))
    }
    yield from ({"Delete": {"IndexName": name}} for name in olds if name in gone)
    # The new ones before those that are made anew, as in updateDiffGSI.
    yield from ({"Create": index} for name, index in news.items() if name not in olds)
    yield from ({"Create": news[name]} for name in olds if name in gone and name in news)
    for name, index in news.items():
        if name not in olds or name in gone:
            continue
        if _shape(olds[name]) | _throughput(olds[name], mode) != index:
            yield {"Update": {"IndexName": name, "ProvisionedThroughput": index["ProvisionedThroughput"]}}


def _shape(index: Properties) -> Properties:
    more = sorted(index.get("nonKeyAttributes") or [])
    projection = {"ProjectionType": index["projectionType"], **({"NonKeyAttributes": more} if more else {})}
    return {"IndexName": index["name"], "KeySchema": _keys(index), "Projection": projection}


def _index(index: Properties, mode: str) -> Properties:
    throughput = _throughput(index, mode)
    if throughput and not all(throughput["ProvisionedThroughput"].values()):
        message = f"GSI ({index['name']}): read and write capacity must be > 0 when billing mode is PROVISIONED"
        raise ValueError(message)
    return _shape(index) | throughput


def _keys(item: Properties) -> list[Properties]:
    if item.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in item["keySchemas"]]
    names = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": item[name], "KeyType": type_} for name, type_ in names if item.get(name)]


def _keys_and_units(item: Properties) -> Properties:
    units = item.get("ProvisionedThroughput", {})
    return {
        **{f"{key['KeyType'].lower()}Key": key["AttributeName"] for key in item["KeySchema"]},
        "readCapacity": units.get("ReadCapacityUnits", 0),
        "writeCapacity": units.get("WriteCapacityUnits", 0),
    }


def _throughput(item: Properties, mode: str, least: int = 0) -> Properties:
    units = {f"{access}CapacityUnits": item.get(f"{access.lower()}Capacity") or least for access in ("Read", "Write")}
    return {"ProvisionedThroughput": units} if mode == "PROVISIONED" else {}


def _attributes(inputs: Properties) -> list[Properties]:
    return [{"AttributeName": a["name"], "AttributeType": a["type"]} for a in inputs.get("attributes", [])]


def _stream(inputs: Properties) -> Properties:
    is_on = inputs.get("streamEnabled", False)
    return {"StreamEnabled": is_on} | ({"StreamViewType": inputs["streamViewType"]} if is_on else {})


def _encryption(inputs: Properties) -> Properties:
    encryption = inputs["serverSideEncryption"]
    key = encryption.get("kmsKeyArn") if encryption["enabled"] else None
    return {"Enabled": encryption["enabled"]} | ({"SSEType": "KMS", "KMSMasterKeyId": key} if key else {})


def _tags(inputs: Properties) -> list[Properties]:
    return [{"Key": key, "Value": value} for key, value in inputs.get("tags", {}).items()]


_DIMENSION = ("serviceNamespace", "resourceId", "scalableDimension")
# What isn't a table has AWS's own names, but for the first letter and these.
_AWS = {"name": "PolicyName", "destinationArn": "Destination"}
_OURS = {"PolicyName": "name", "Destination": "destinationArn", "RoleARN": "roleArn", "UUID": "uuid"} | dict.fromkeys(
    ("EventSourceMappingArn", "PolicyARN", "ScalableTargetARN"), "arn"
)


def to_aws(value: Any, *only: str) -> Any:
    if isinstance(value, dict):
        return {_AWS.get(k, k[0].upper() + k[1:]): to_aws(item) for k, item in value.items() if not only or k in only}
    return [to_aws(item) for item in value] if isinstance(value, list) else value


def from_aws(value: Any) -> Any:
    if isinstance(value, dict):
        return {_OURS.get(key, key[0].lower() + key[1:]): from_aws(item) for key, item in value.items()}
    return [from_aws(item) for item in value] if isinstance(value, list) else value


class Target(_Calls):
    def create(self, inputs: Properties) -> Properties:
        self.scaling.register_scalable_target(**to_aws(inputs, *_DIMENSION, "minCapacity", "maxCapacity"))
        return inputs

    def locate(self, import_id: str) -> Properties:
        namespace, _, rest = import_id.partition("/")
        resource_id, _, dimension = rest.rpartition("/")
        return {"serviceNamespace": namespace, "resourceId": resource_id, "scalableDimension": dimension}

    def read(self, state: Properties) -> Properties | None:
        # Its id is what it scales, which all targets of a table share, and not the import id.
        found = self.scaling.describe_scalable_targets(
            ServiceNamespace=state["serviceNamespace"],
            ResourceIds=[state["resourceId"]],
            ScalableDimension=state["scalableDimension"],
        )["ScalableTargets"]
        if not found:
            return None
        live = from_aws(found[0])
        tags = self.scaling.list_tags_for_resource(ResourceARN=live["arn"])["Tags"]
        return live | {
            "id": live["resourceId"],
            "roleArn": "",
            "suspendedState": None,
            "tags": tags or None,
            "tagsAll": tags,
        }

    def update(self, _: Properties, new: Properties, _changed: set[str]) -> None:
        self.create(new)

    def delete(self, state: Properties) -> None:
        self.scaling.deregister_scalable_target(**to_aws(state, *_DIMENSION))


class Policy(_Calls):
    def create(self, inputs: Properties) -> Properties:
        kept = ("name", "policyType", "targetTrackingScalingPolicyConfiguration")
        self.scaling.put_scaling_policy(**to_aws(inputs, *_DIMENSION, *kept))
        return inputs

    def locate(self, import_id: str) -> Properties:
        parts = re.fullmatch("([^/]+)/(.+)/([^/]+)/([^/]+)", import_id)
        return dict(zip((*_DIMENSION, "name"), parts.groups(), strict=True)) if parts else {}

    def read(self, state: Properties) -> Properties | None:
        # Its id is its name, which other targets' policies may have, and not the import id.
        found = self.scaling.describe_scaling_policies(PolicyNames=[state["name"]], **to_aws(state, *_DIMENSION))
        if not found["ScalingPolicies"]:
            return None
        live = from_aws(found["ScalingPolicies"][0])
        return live | {"id": live["name"], "alarmArns": [alarm["alarmARN"] for alarm in live.get("alarms", [])]}

    def update(self, _: Properties, new: Properties, _changed: set[str]) -> None:
        self.create(new)

    def delete(self, state: Properties) -> None:
        self.scaling.delete_scaling_policy(**to_aws(state, *_DIMENSION, "name"))


class Mapping(_Calls):
    def create(self, inputs: Properties) -> Properties:
        return {"uuid": self.aws("lambda").create_event_source_mapping(**to_aws(inputs, *_SENT))["UUID"]}

    def locate(self, import_id: str) -> Properties:
        return {"uuid": import_id}

    def read(self, state: Properties) -> Properties | None:
        aws_lambda = self.aws("lambda")
        try:
            live = from_aws(aws_lambda.get_event_source_mapping(UUID=state["uuid"]))
        except aws_lambda.exceptions.ResourceNotFoundException:
            return None
        is_on = live["state"] in {"Enabled", "Enabling"}
        more = {"enabled": is_on, "functionName": live["functionArn"], "lastModified": str(live["lastModified"])}
        return live | more | {"id": live["uuid"], "tagsAll": {}}

    def update(self, old: Properties, new: Properties, changed: set[str]) -> None:
        arguments = to_aws(new, *(changed & _SENT))
        if "filterCriteria" in changed:
            # AWS takes no filters for no change.
            arguments.setdefault("FilterCriteria", {})
        if "functionResponseTypes" in changed:
            arguments.setdefault("FunctionResponseTypes", [])
        self.aws("lambda").update_event_source_mapping(UUID=old["uuid"], **arguments)

    def delete(self, state: Properties) -> None:
        self.aws("lambda").delete_event_source_mapping(UUID=state["uuid"])


class Alarm(_Calls):
    def create(self, inputs: Properties) -> Properties:
        self.aws("cloudwatch").put_metric_alarm(
            AlarmName=inputs["name"],
            OKActions=inputs.get("okActions", []),
            Dimensions=[{"Name": name, "Value": value} for name, value in inputs.get("dimensions", {}).items()],
            Metrics=to_aws(inputs.get("metricQueries", [])),
            **to_aws(inputs, *_ALARM_SENT),
        )
        return {"name": inputs["name"]}

    def locate(self, import_id: str) -> Properties:
        return {"name": import_id}

    def read(self, state: Properties) -> Properties | None:
        cloudwatch = self.aws("cloudwatch")
        found = cloudwatch.describe_alarms(AlarmNames=[state["name"]], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not found:
            return None
        cloudwatch.list_tags_for_resource(ResourceARN=found[0]["AlarmArn"])
        return from_aws(found[0]) | {
            "id": state["name"],
            "name": state["name"],
            "arn": found[0]["AlarmArn"],
            "okActions": found[0]["OKActions"],
            "dimensions": {each["Name"]: each["Value"] for each in found[0]["Dimensions"]},
            "metricQueries": from_aws(found[0]["Metrics"]),
            "tagsAll": {},
        }

    def update(self, _: Properties, new: Properties, _changed: set[str]) -> None:
        self.create(new)

    def delete(self, state: Properties) -> None:
        self.aws("cloudwatch").delete_alarms(AlarmNames=[state["name"]])


_SENT = {name for name, property_ in MAPPING.properties.items() if property_.is_input} - {"region", "tags", "tagsAll"}

_ALARM_SENT = {name for name, property_ in ALARM.properties.items() if property_.is_input and property_.is_made} - {
    *("name", "okActions", "dimensions", "metricQueries", "region", "tagsAll")
}

Api = Table | Target | Policy | Mapping | Alarm
