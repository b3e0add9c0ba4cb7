"""Fails where a provisioned table's capacities, or those of its indexes, are not ignored, or anything else is.

Not ignored, the next deployment would undo the autoscaling; ignored too much, it would pass over real changes.
"""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import EXEMPT_TABLES, Findings, Options, Unknown, config_schema, fsbp, validation
from dynamodb.values import Odd, get, items

_CAPACITIES = ("readCapacity", "writeCapacity")
_INDEXES = "globalSecondaryIndexes"
_INDEX_PATH = re.compile(rf"{_INDEXES}\[(\*|[0-9]+)\]\.({'|'.join(_CAPACITIES)})")


def _check(table: Mapping[str, Any], _: Options, opts: PolicyResourceOptions) -> Findings:
    mode = get(table, "billingMode")
    if mode is Odd.UNKNOWN:
        yield Unknown("billingMode")
        return
    if mode == "PAY_PER_REQUEST":
        return
    ignored = set(opts.ignore_changes)
    indexes = items(table, _INDEXES)
    for capacity in _CAPACITIES:
        paths = [capacity]
        if f"{_INDEXES}[*].{capacity}" not in ignored:
            if indexes is Odd.UNKNOWN:
                yield Unknown(_INDEXES)
            paths += [f"{path}.{capacity}" for path, _ in indexes] if isinstance(indexes, list) else []
        for path in paths:
            if path not in ignored:
                yield f"{path} is not ignored: the next deployment would set back what autoscaling did"
    for path in sorted(ignored - set(_CAPACITIES)):
        position = _INDEX_PATH.fullmatch(path)
        if not position or not _exists(position[1], indexes):
            yield f"{path} is ignored, which hides changes that autoscaling doesn't make; ignore the capacities alone"


def _exists(position: str, indexes: list | Odd) -> bool:
    return position == "*" or not isinstance(indexes, list) or int(position) < len(indexes)


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
