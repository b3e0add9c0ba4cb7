"""Fails where serverSideEncryption.enabled is not true, or the key isn't one that `level` and `kmsKeyArns` allow.

At the level `cmk` the key of the table, and of each replica, must be stated and not be the AWS managed one. At the
level `any`, without `kmsKeyArns`, only an explicit false fails.
"""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import (
    TABLE_REPLICA,
    Findings,
    Options,
    config_schema,
    expect,
    fsbp,
    put,
    remediation,
    validation,
)
from dynamodb.values import entries

_ENABLED = "serverSideEncryption.enabled"
_SCHEMA = {
    "level": {
        "type": "string",
        "enum": ["kms", "cmk", "any"],
        "default": "kms",
        "description": "kms: an AWS managed or customer managed KMS key. cmk: a customer managed one. "
        "any: also the AWS owned key, DynamoDB's default.",
    },
    "kmsKeyArns": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "ARNs of the only keys allowed; empty for any key.",
    },
}


def _check_table(table: Mapping[str, Any], options: Options, _: PolicyResourceOptions) -> Findings:
    if _may_be_unstated(options):
        yield from expect(table, _ENABLED, lambda value: value is None or value is True, "true, or not stated at all")
    else:
        yield from expect(table, _ENABLED, lambda value: value is True, "true")
    yield from _check_key(table, "serverSideEncryption.kmsKeyArn", options)
    # A replica is encrypted as its table is, but by a key of its own region.
    for path, replica in entries(table, "replicas"):
        yield from _check_key(replica, "kmsKeyArn", options, path)


def _check_replica(replica: Mapping[str, Any], options: Options, _: PolicyResourceOptions) -> Findings:
    yield from _check_key(replica, "kmsKeyArn", options)


def _check_key(item: object, key: str, options: Options, path: str = "") -> Findings:
    allowed = options["kmsKeyArns"]
    if allowed:
        yield from expect(item, key, lambda arn: arn in allowed, f"one of {', '.join(map(str, allowed))}", path)
    if options["level"] == "cmk":
        yield from expect(item, key, _is_customer_managed, "the ARN of a customer managed key", path)


def _is_customer_managed(arn: object) -> bool:
    return isinstance(arn, str) and not arn.endswith("alias/aws/dynamodb")


def _mend(table: Any, options: Options) -> bool:  # noqa: ANN401 - a proxy
    encryption = table.get("serverSideEncryption") or {}
    if _may_be_unstated(options) and (not isinstance(encryption, Mapping) or encryption.get("enabled") is None):
        return False
    return put(table, _ENABLED, value=True)


def _may_be_unstated(options: Options) -> bool:
    return options["level"] == "any" and not options["kmsKeyArns"]


POLICY = ResourceValidationPolicy(
    name="dynamodb-table-encryption-enabled",
    description="DynamoDB tables and replicas should be encrypted at rest with a KMS key.",
    severity=Severity.HIGH,
    framework=fsbp(),
    config_schema=config_schema(_SCHEMA),
    validate=[validation(_check_table, _SCHEMA), validation(_check_replica, _SCHEMA, TABLE_REPLICA)],
    remediate=remediation(_mend, _SCHEMA),
    remediation_steps="Set server_side_encryption={'enabled': True}, with kms_key_arn for a customer managed key.",
    url="https://docs.aws.amazon.com/config/latest/developerguide/dynamodb-table-encryption-enabled.html",
)
