"""Fails where deletionProtectionEnabled is not true."""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import (
    EXEMPT_TABLES,
    Findings,
    Options,
    config_schema,
    expect,
    fsbp,
    put,
    remediation,
    validation,
)


def _check(table: Mapping[str, Any], _options: Options, _: PolicyResourceOptions) -> Findings:
    yield from expect(table, "deletionProtectionEnabled", lambda value: value is True, "true")


def _mend(table: Any, _: Options) -> bool:  # noqa: ANN401 - a proxy
    return put(table, "deletionProtectionEnabled", value=True)


POLICY = ResourceValidationPolicy(
    name="dynamodb-table-deletion-protection-enabled",
    description="DynamoDB tables should have deletion protection enabled.",
    severity=Severity.MEDIUM,
    framework=fsbp("DynamoDB.6"),
    config_schema=config_schema(EXEMPT_TABLES),
    validate=validation(_check, EXEMPT_TABLES),
    remediate=remediation(_mend, EXEMPT_TABLES),
    remediation_steps="Set deletion_protection_enabled=True.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-6",
)
