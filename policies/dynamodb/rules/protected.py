"""Each table must have Pulumi's resource option protect. With it, Pulumi refuses to delete or replace the table."""

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, policy
from dynamodb.stack import TABLE


def _check(table: Inputs, _: Options) -> Findings:
    if not table.opts.protect:
        yield "the resource option protect is not set: a plan may delete or replace the table"


POLICY = policy(
    "dynamodb-table-protected",
    checks={TABLE: _check},
    description="DynamoDB tables should have Pulumi's resource option protect.",
    severity=Severity.MEDIUM,
    remediation_steps="Set opts=pulumi.ResourceOptions(protect=True) on the table or its parent.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
)
