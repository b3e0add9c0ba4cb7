"""aws.dynamodb.Table."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws.clients import Clients
from ops.aws.resources import scalable_target
from ops.engine.plan import Registration

TYPE: str = "aws:dynamodb/table:Table"
KIND: str = "table"
CHECKED: dict[str, Any] = {"billingMode": "PROVISIONED", "tableClass": "STANDARD"}
DEFAULTS: dict[str, Any] = {**CHECKED, "pointInTimeRecovery.recoveryPeriodInDays": 35, "streamArn": ...}
_INDEX_KEY = [
    f"globalSecondaryIndexes[*].{name}" for name in ("hashKey", "rangeKey", "projectionType", "nonKeyAttributes")
]
# ForceNew in terraform-provider-aws. It deletes and creates an index to change its keys or projection. "" is for a
# table that is missing: a deployment creates it again, empty.
REPLACES: set[str] = {"", "name", "hashKey", "rangeKey", "localSecondaryIndexes", *_INDEX_KEY}
# _COMPUTED are Computed in terraform-provider-aws, and _UNSET are the other attributes.
_COMPUTED = (
    *("arn", "attributes", "globalSecondaryIndexes", "globalTableWitness", "hashKey", "id", "pointInTimeRecovery"),
    *("readCapacity", "serverSideEncryption", "streamArn", "streamLabel", "streamViewType", "tagsAll", "ttl"),
    *("warmThroughput", "writeCapacity", "pointInTimeRecovery.recoveryPeriodInDays", "serverSideEncryption.kmsKeyArn"),
    *(
        f"globalSecondaryIndexes.{name}"
        for name in ("hashKey", "keySchemas", "readCapacity", "warmThroughput", "writeCapacity")
    ),
)
_UNSET = (
    *("deletionProtectionEnabled", "importTable", "onDemandThroughput", "rangeKey", "streamEnabled", "tableClass"),
    *("tags", "ttl.attributeName", "ttl.enabled", "globalSecondaryIndexes.onDemandThroughput"),
    *("restoreBackupArn", "restoreDateTime", "restoreSourceName", "restoreSourceTableArn", "restoreToLatestTime"),
)
OUTPUTS: dict[str, Any] = {
    **dict.fromkeys(_COMPUTED, UNKNOWN),
    **dict.fromkeys(_UNSET),
    **{path: [] for path in ("globalSecondaryIndexes.nonKeyAttributes", "localSecondaryIndexes", "replicas")},
    "globalSecondaryIndexes.rangeKey": "",
}
CREATES: set[str] = {
    *("name", "billingMode", "hashKey", "rangeKey", "attributes.name", "attributes.type"),
    *("readCapacity", "writeCapacity", "streamEnabled", "streamViewType", "deletionProtectionEnabled", "tags"),
    *("serverSideEncryption.enabled", "serverSideEncryption.kmsKeyArn"),
    *("pointInTimeRecovery.enabled", "pointInTimeRecovery.recoveryPeriodInDays", "ttl.enabled", "ttl.attributeName"),
    *("globalSecondaryIndexes.name", "globalSecondaryIndexes.readCapacity", "globalSecondaryIndexes.writeCapacity"),
    *(path.replace("[*]", "") for path in _INDEX_KEY),
}


def identity(inputs: dict[str, Any]) -> str:
    """Return the table's name."""
    return inputs["name"]


table_name = identity


def import_id(inputs: dict[str, Any]) -> str:
    """Return the table's name."""
    return inputs.get("name", "")


def create(clients: Clients, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create a table and turn on its point-in-time recovery."""
    dynamodb = clients("dynamodb")
    indexes = [index(item) for item in inputs.get("globalSecondaryIndexes", [])]
    request: dict[str, Any] = {
        "TableName": inputs.get("name"),
        "AttributeDefinitions": attribute_definitions(inputs),
        "KeySchema": _key_schema(inputs),
        "BillingMode": inputs.get("billingMode", "PROVISIONED"),
        **throughput(inputs),
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        "StreamSpecification": {"StreamEnabled": inputs.get("streamEnabled", False)}
        | ({"StreamViewType": inputs["streamViewType"]} if "streamViewType" in inputs else {}),
        "SSESpecification": encryption(inputs.get("serverSideEncryption", {})),
        "DeletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
        "Tags": [{"Key": key, "Value": value} for key, value in inputs.get("tags", {}).items()],
    }
    description = dynamodb.create_table(**request)["TableDescription"]
    name = inputs["name"]
    if description["TableStatus"] != "ACTIVE":
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    if inputs.get("pointInTimeRecovery", {}).get("enabled"):
        dynamodb.update_continuous_backups(TableName=name, **recovery(inputs["pointInTimeRecovery"]))
    if inputs.get("ttl", {}).get("enabled"):
        expiry: Any = {"AttributeName": inputs["ttl"].get("attributeName"), "Enabled": True}
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    stream = {"streamArn": description["LatestStreamArn"]} if "LatestStreamArn" in description else {}
    return name, {"arn": description["TableArn"], **stream}


def read(clients: Clients, tables: Iterable[str], map_: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - Map
    """Yield the provider inputs of the tables that exist."""
    # Make the clients here, because boto3 can't make them safely in threads.
    for service in ("dynamodb", "kms"):
        clients(service)
    managed_key = cache(lambda: _managed_key(clients))
    return filter(None, map_(lambda name: _read(clients, name, managed_key), tables))


def _read(clients: Clients, name: str, managed_key: Callable[[], str | None]) -> dict[str, Any] | None:
    dynamodb = clients("dynamodb")
    try:
        table = dynamodb.describe_table(TableName=name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return None
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    pages = dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=table["TableArn"])
    stream = table.get("StreamSpecification", {})
    return {
        "name": table["TableName"],
        "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "attributes": [{"name": a["AttributeName"], "type": a["AttributeType"]} for a in table["AttributeDefinitions"]],
        **_keys(table),
        **_capacity(table),
        "globalSecondaryIndexes": [
            {
                "name": index["IndexName"],
                "projectionType": index["Projection"]["ProjectionType"],
                "nonKeyAttributes": index["Projection"].get("NonKeyAttributes"),
                **_keys(index),
                **_capacity(index),
            }
            for index in table.get("GlobalSecondaryIndexes", [])
        ],
        "localSecondaryIndexes": [
            {
                "name": index["IndexName"],
                "projectionType": index["Projection"]["ProjectionType"],
                "rangeKey": _keys(index).get("rangeKey"),
            }
            for index in table.get("LocalSecondaryIndexes", [])
        ],
        "ttl": {
            "enabled": expiry.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"},
            "attributeName": expiry.get("AttributeName"),
        },
        "tableClass": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        # Not an input of the provider. It shows a table that is being deleted, or can't use its KMS key.
        "status": None if table["TableStatus"] in {"ACTIVE", "UPDATING"} else table["TableStatus"],
        "streamEnabled": stream.get("StreamEnabled"),
        "streamViewType": stream.get("StreamViewType"),
        "streamArn": table.get("LatestStreamArn") if stream.get("StreamEnabled") else None,
        "serverSideEncryption": _live_encryption(table.get("SSEDescription", {}), managed_key),
        "pointInTimeRecovery": {
            "enabled": recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
            "recoveryPeriodInDays": recovery.get("RecoveryPeriodInDays"),
        },
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled"),
        "tags": {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]},
    }


def _key_schema(item: dict[str, Any]) -> list[dict[str, Any]]:
    if item.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in item["keySchemas"]]
    keys = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": item[key], "KeyType": type_} for key, type_ in keys if item.get(key)]


def keys(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the key attributes of a table and of its indexes, as AWS takes them."""
    items = (inputs, *inputs.get("globalSecondaryIndexes", []), *inputs.get("localSecondaryIndexes", []))
    return [key for item in items for key in _key_schema(item)]


def attribute_definitions(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the types of a table's key attributes, as AWS takes them."""
    return [
        {"AttributeName": attribute.get("name"), "AttributeType": attribute.get("type")}
        for attribute in inputs.get("attributes", [])
    ]


def index(inputs: dict[str, Any], mode: str = "PROVISIONED") -> dict[str, Any]:
    """Return a global secondary index, as AWS creates it in a table of this billing mode."""
    names = inputs.get("nonKeyAttributes")
    return {
        "IndexName": inputs.get("name"),
        "KeySchema": _key_schema(inputs),
        "Projection": {"ProjectionType": inputs.get("projectionType")}
        | ({"NonKeyAttributes": sorted(names)} if names else {}),
        **(throughput(inputs) if mode == "PROVISIONED" else {}),
    }


def recovery(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return point-in-time recovery, as AWS takes it."""
    period = inputs.get("recoveryPeriodInDays")
    specification = {"PointInTimeRecoveryEnabled": inputs.get("enabled", False)}
    if inputs.get("enabled") and period:
        specification["RecoveryPeriodInDays"] = period
    return {"PointInTimeRecoverySpecification": specification}


def throughput(item: dict[str, Any]) -> dict[str, Any]:
    """Return the provisioned capacity of a table or an index, as AWS takes it; {} where there is none."""
    units = {"ReadCapacityUnits": item.get("readCapacity"), "WriteCapacityUnits": item.get("writeCapacity")}
    return {"ProvisionedThroughput": units} if any(units.values()) else {}


def encryption(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return server-side encryption, as AWS takes it."""
    if not inputs.get("enabled"):
        return {"Enabled": False}
    key = {"KMSMasterKeyId": inputs["kmsKeyArn"]} if inputs.get("kmsKeyArn") else {}
    return {"Enabled": True, "SSEType": "KMS", **key}


def _live_encryption(description: Mapping[str, Any], managed_key: Callable[[], str | None]) -> dict[str, Any]:
    """Return a table's encryption. The AWS managed key is left out, because a declaration doesn't name it either."""
    if description.get("Status") not in {"ENABLED", "UPDATING"}:
        return {"enabled": False}
    key = description.get("KMSMasterKeyArn")
    return {"enabled": True, "kmsKeyArn": None if key == managed_key() else key}


def _managed_key(clients: Clients) -> str | None:
    """Return the ARN of the AWS managed key. An account gets it when a table is first encrypted with it."""
    kms = clients("kms")
    try:
        return kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]["Arn"]
    except kms.exceptions.NotFoundException:
        return None


def _keys(item: Mapping[str, Any]) -> dict[str, str]:
    return {{"HASH": "hashKey", "RANGE": "rangeKey"}[key["KeyType"]]: key["AttributeName"] for key in item["KeySchema"]}


def _capacity(item: Mapping[str, Any]) -> dict[str, int]:
    units = item.get("ProvisionedThroughput", {})
    return {"readCapacity": units.get("ReadCapacityUnits"), "writeCapacity": units.get("WriteCapacityUnits")}


def tolerates(resource: Registration, path: str, _declared: object, live: object, plan: list[Registration]) -> bool:
    """Tolerate a capacity that is in ignoreChanges and within the bounds of its scalable target."""
    capacity = re.fullmatch(r"(?:globalSecondaryIndexes\[(.+)\]\.)?(read|write)Capacity", path)
    pattern = path if not capacity or not capacity[1] else f"globalSecondaryIndexes[*].{capacity[2]}Capacity"
    if not capacity or pattern not in resource.ignore_changes or not isinstance(live, int):
        return False
    ids = scalable_target.ids(resource.inputs.get("name"), capacity[1] or "", capacity[2])
    targets = (other.inputs for other in plan if other.type == scalable_target.TYPE)
    return any(
        ids.items() <= target.items() and target["minCapacity"] <= live <= target["maxCapacity"] for target in targets
    )
