"""Fails where a provisioned table's capacities, or those of its indexes, are not ignored, or anything else is.

Not ignored, the next deployment would undo the autoscaling; ignored too much, it would pass over real changes. A
PAY_PER_REQUEST table is not judged.
"""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import EXEMPT_TABLES, Findings, Options, Unknown, config_schema, fsbp, validation
from dynamodb.values import Odd, entries, get

_CAPACITIES = ("readCapacity", "writeCapacity")
_INDEXES = "globalSecondaryIndexes"
_SET_BACK = "the next deployment would set back what autoscaling did"


def _check(table: Mapping[str, Any], _: Options, opts: PolicyResourceOptions) -> Findings:
    mode = get(table, "billingMode")
    if mode == "PAY_PER_REQUEST":
        return
    findings = list(_check_provisioned(table, set(opts.ignore_changes)))
    if mode is Odd.UNKNOWN and findings:
        yield Unknown("billingMode")
    else:
        yield from findings


def _check_provisioned(table: Mapping[str, Any], ignored: set[str]) -> Findings:
    indexes = list(entries(table, _INDEXES))
    for capacity in _CAPACITIES:
        if capacity not in ignored:
            yield f"{capacity} is not ignored: {_SET_BACK}"
        for path, index in indexes if f"{_INDEXES}[*].{capacity}" not in ignored else ():
            if path == _INDEXES and index is Odd.UNKNOWN:
                yield Unknown(path)
            elif f"{path}.{capacity}" not in ignored:
                yield f"{path}.{capacity} is not ignored: {_SET_BACK}"
    allowed = {
        *_CAPACITIES,
        *(f"{path}.{capacity}" for path, _ in indexes if path != _INDEXES for capacity in _CAPACITIES),
    }
    allowed |= {f"{_INDEXES}[*].{capacity}" for capacity in _CAPACITIES}
    for path in sorted(ignored - allowed):
        yield f"{path} is ignored, which hides changes that autoscaling doesn't make; ignore the capacities alone"


POLICY = ResourceValidationPolicy(
    name="dynamodb-autoscaling-ignore-changes",
    description="Autoscaled capacities of DynamoDB tables, and nothing else, should be in ignoreChanges.",
    severity=Severity.MEDIUM,
    framework=fsbp(),
    config_schema=config_schema(EXEMPT_TABLES),
    validate=validation(_check, EXEMPT_TABLES),
    remediation_steps="Set opts=pulumi.ResourceOptions(ignore_changes=['readCapacity', 'writeCapacity', "
    "'globalSecondaryIndexes[*].readCapacity', 'globalSecondaryIndexes[*].writeCapacity']), the last two where the "
    "table has indexes.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/",
)
