"""serverSideEncryption.enabled must be true, with a key that the options `level` and `kmsKeyArns` allow.

At the level `cmk`, the key of the table and of each replica must be the ARN of a customer managed key, or come from a
KMS key in the same program. At the level `any`, and without `kmsKeyArns`, only an explicit false is a violation. At
every level, if a table has a customer managed key, each of its replicas needs one too, from the replica's own region.
"""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_policy import Severity

from dynamodb.policy import (
    Findings,
    Inputs,
    Options,
    StackFindings,
    Unknown,
    expect,
    is_exempt,
    policy,
    set_property,
    strings_option,
)
from dynamodb.stack import TABLE, TABLE_REPLICA, Stack, StackResource
from dynamodb.values import UNKNOWN, entries, get, join

_ENABLED = "serverSideEncryption.enabled"
_KEY_PROPERTY = "serverSideEncryption"
_KEY = f"{_KEY_PROPERTY}.kmsKeyArn"
# KMS API reference, DescribeKey, KeyId: the ARN of a key or of an alias. alias/aws/ is reserved for AWS managed keys.
_CUSTOMER_MANAGED = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]+|alias/(?!aws/).+)")
_KMS_KEYS = {
    f"aws:kms/{name[0].lower()}{name[1:]}:{name}"
    for name in ("Key", "ReplicaKey", "ExternalKey", "ReplicaExternalKey", "Alias")
}
_WANTED = "the ARN of a customer managed key"


def _check_table(table: Inputs, options: Options) -> Findings:
    wrong_key, key = list(_check_key(table, _KEY, options)), get(table, _KEY)
    if _may_be_unstated(options):
        yield from expect(table, _ENABLED, lambda value: value is None or value is True, "true, or missing")
    elif not wrong_key or get(table, _KEY_PROPERTY) is not None:
        yield from expect(table, _ENABLED, lambda value: value is True, "true")
    yield from wrong_key
    has_key = key is UNKNOWN or _is_customer_managed(key)
    for path, replica in entries(table, "replicas"):
        yield from _check_key(replica, "kmsKeyArn", options, path)
        # A key that is not known until deployment counts as a customer managed key.
        if has_key and _accepts_any_key(options) and get(replica, "kmsKeyArn") is not UNKNOWN:
            yield from expect(replica, "kmsKeyArn", _is_customer_managed, f"{_WANTED}, as its table has one", path)


def _check_replica(replica: Inputs, options: Options) -> Findings:
    yield from _check_key(replica, "kmsKeyArn", options)


def _check_key(item: object, key: str, options: Options, path: str = "") -> Findings:
    allowed, is_cmk = options["kmsKeyArns"], options["level"] == "cmk"
    if allowed:
        yield from expect(item, key, lambda arn: arn in allowed, f"one of kmsKeyArns: {', '.join(allowed)}", path)
    elif is_cmk and get(item, key) is not UNKNOWN:
        # Only the check of the stack shows which resource a key comes from that is not known yet.
        yield from expect(item, key, _is_customer_managed, _WANTED, path)


def _is_customer_managed(arn: object) -> bool:
    return isinstance(arn, str) and bool(_CUSTOMER_MANAGED.fullmatch(arn))


def _check_stack(stack: Stack, options: Options) -> StackFindings:
    is_cmk = options["level"] == "cmk"
    for table in stack.tables:
        if is_exempt(table.name, options):
            continue
        resource, key = table.resource, get(table.resource.props, _KEY)
        if is_cmk and key is UNKNOWN and not _is_from_kms(resource, _KEY_PROPERTY):
            yield resource, Unknown(_KEY)
        for path, replica in entries(resource.props, "replicas") if is_cmk else ():
            if get(replica, "kmsKeyArn") is UNKNOWN and not _is_from_kms(resource, "replicas"):
                yield resource, Unknown(join(path, "kmsKeyArn", replica))
        for replica in table.replicas:
            replica_key = get(replica.props, "kmsKeyArn")
            if is_cmk and replica_key is UNKNOWN and not _is_from_kms(replica, "kmsKeyArn"):
                yield replica, Unknown("kmsKeyArn")
            elif _accepts_any_key(options) and _has_own_key(resource, key) and replica_key is not UNKNOWN:
                wanted = f"{_WANTED}, as {table.label} has one"
                findings = expect(replica.props, "kmsKeyArn", _is_customer_managed, wanted)
                yield from ((replica, finding) for finding in findings)


def _is_from_kms(resource: StackResource, name: str) -> bool:
    """Return whether the value of a property comes from KMS keys only."""
    return set(resource.sources[name].values()) <= _KMS_KEYS


def _has_own_key(table: StackResource, key: object) -> bool:
    """Return whether the program sets a customer managed key. The outputs of a table may have the AWS managed key."""
    if _KEY_PROPERTY in table.sources and _is_from_kms(table, _KEY_PROPERTY):
        return True
    return not table.is_deployed and (key is UNKNOWN or _is_customer_managed(key))


def _accepts_any_key(options: Options) -> bool:
    return options["level"] != "cmk" and not options["kmsKeyArns"]


def _may_be_unstated(options: Options) -> bool:
    return options["level"] == "any" and not options["kmsKeyArns"]


def _remediate(table: Any, options: Options) -> bool:  # noqa: ANN401 - a proxy
    encryption = table.get(_KEY_PROPERTY) or {}
    if _may_be_unstated(options) and (not isinstance(encryption, Mapping) or encryption.get("enabled") is None):
        return False
    return set_property(table, _ENABLED, value=True)


POLICY = policy(
    "dynamodb-table-encryption-enabled",
    checks={TABLE: _check_table, TABLE_REPLICA: _check_replica},
    check_stack=_check_stack,
    remediate=_remediate,
    options={
        "level": {
            "type": "string",
            "enum": ["kms", "cmk", "any"],
            "default": "kms",
            "description": "kms: an AWS managed or customer managed KMS key. cmk: a customer managed key. "
            "any: also the AWS owned key, which is DynamoDB's default.",
        },
        "kmsKeyArns": strings_option("ARNs of the keys that are allowed. If empty, the level decides."),
    },
    description="DynamoDB tables and replicas should be encrypted at rest with a KMS key.",
    severity=Severity.HIGH,
    remediation_steps="Set server_side_encryption={'enabled': True}, with kms_key_arn for a customer managed key.",
    url="https://docs.aws.amazon.com/config/latest/developerguide/dynamodb-table-encryption-enabled.html",
)
