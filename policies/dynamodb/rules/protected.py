"""Fails where Pulumi's protect is not set, which stops a plan before AWS is asked."""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import EXEMPT_TABLES, Findings, Options, config_schema, fsbp, validation


def _check(_table: Mapping[str, Any], _options: Options, opts: PolicyResourceOptions) -> Findings:
    if not opts.protect:
        yield "the resource option protect is not set: a plan may delete or replace the table"


POLICY = ResourceValidationPolicy(
    name="dynamodb-table-protected",
    description="DynamoDB tables should be protected by Pulumi's resource option protect.",
    severity=Severity.MEDIUM,
    framework=fsbp(),
    config_schema=config_schema(EXEMPT_TABLES),
    validate=validation(_check, EXEMPT_TABLES),
    remediation_steps="Set opts=pulumi.ResourceOptions(protect=True) on the table or its parent.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
)
