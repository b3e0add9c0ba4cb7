"""deletionProtectionEnabled must be true on each table and each replica."""

from typing import Any

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, expect, fsbp, policy, set_property
from dynamodb.stack import TABLE, TABLE_REPLICA
from dynamodb.values import entries

_ENABLED = "deletionProtectionEnabled"


def _check(table: Inputs, _: Options) -> Findings:
    for path, item in (("", table), *entries(table, "replicas")):
        yield from expect(item, _ENABLED, lambda value: value is True, "true", path)


def _remediate(table: Any, _: Options) -> bool:  # noqa: ANN401 - a proxy
    return set_property(table, _ENABLED, value=True)


POLICY = policy(
    "dynamodb-table-deletion-protection-enabled",
    checks={TABLE: _check, TABLE_REPLICA: _check},
    remediate=_remediate,
    description="DynamoDB tables should have deletion protection enabled.",
    severity=Severity.MEDIUM,
    framework=fsbp("DynamoDB.6"),
    remediation_steps="Set deletion_protection_enabled=True.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-6",
)
