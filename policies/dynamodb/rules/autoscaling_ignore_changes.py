"""The ignoreChanges of an autoscaled table must list the capacities that its scalable targets change, and nothing else.

If a capacity is missing from ignoreChanges, the next deployment resets it. If other properties are in it, deployments
miss real changes to them. Only PROVISIONED tables and indexes with a scalable target are checked. A table that has a
TableReplica may also ignore `replicas`, because the provider requires that.
"""

from pulumi_policy import Severity

from dynamodb.policy import Findings, Options, StackFindings, is_exempt, policy
from dynamodb.scaling import Scalable, Scaling
from dynamodb.stack import Stack, StackTable
from dynamodb.values import UNKNOWN

_CAPACITIES = {"Read": "readCapacity", "Write": "writeCapacity"}
_INDEXES = "globalSecondaryIndexes"
# The capacity of an index that is a separate resource.
_THROUGHPUT = "provisionedThroughput"
_UNITS = {f"{_THROUGHPUT}.{capacity}Units" for capacity in _CAPACITIES.values()}


def _check(stack: Stack, options: Options) -> StackFindings:
    scaling = Scaling(stack)
    for table, scalables in scaling.of_table.items():
        scaled = [s for s in scalables if any(s.targets.values()) and not s.is_replica]
        # Other policies report a target of a PAY_PER_REQUEST table, and a wrong mode.
        if is_exempt(table.name, options) or table.billing_mode not in ("PROVISIONED", UNKNOWN):
            continue
        if any(not scalable.standalone for scalable in scaled):
            yield from ((table.resource, finding) for finding in _check_table(table, scaled))
        for index in (scalable.standalone for scalable in scaled if scalable.standalone):
            findings = _compare(set(index.options.ignore_changes), {_THROUGHPUT: _UNITS}, {_THROUGHPUT, *_UNITS})
            yield from ((index, finding) for finding in findings)


def _check_table(table: StackTable, scaled: list[Scalable]) -> Findings:
    positions = range(len(table.inline_indexes))
    own, of_indexes, allowed = {}, {}, {"replicas"} if table.replicas else set()
    for access, capacity in _CAPACITIES.items():
        if any(scalable.kind == "table" and scalable.targets[access] for scalable in scaled):
            own[capacity] = {capacity}
        # The provider's outputs have another order than the inputs, so [*] or all positions must be ignored.
        by_position = {f"{_INDEXES}[{position}].{capacity}" for position in positions}
        if any(s.kind == "index" and not s.standalone and s.targets[access] for s in scaled):
            of_indexes[f"{_INDEXES}[*].{capacity}"] = by_position
        allowed |= {capacity, f"{_INDEXES}[*].{capacity}", *by_position}
    yield from _compare(set(table.resource.options.ignore_changes), own | of_indexes, allowed)


def _compare(ignored: set[str], needed: dict[str, set[str]], allowed: set[str]) -> Findings:
    """Yield a violation if `ignored` lacks a path of `needed`, or has one that is not in `allowed`.

    `needed` maps each path to the paths that together replace it.
    """
    lacking = [path for path, alternative in needed.items() if path not in ignored and not alternative <= ignored]
    wrong = []
    if lacking:
        wrong.append(f"lacks {', '.join(lacking)}, so the next deployment would reset what autoscaling changed")
    if extra := sorted(ignored - allowed):
        wrong.append(f"has {', '.join(extra)}, so deployments would miss real changes")
    if wrong:
        kept = sorted(ignored & {"replicas"} & allowed)
        yield f"ignoreChanges {', and '.join(wrong)}: set it to {[*needed, *kept]}"


POLICY = policy(
    "dynamodb-autoscaling-ignore-changes",
    check_stack=_check,
    description="ignoreChanges of DynamoDB tables should list the autoscaled capacities and nothing else.",
    severity=Severity.MEDIUM,
    remediation_steps="Set opts=pulumi.ResourceOptions(ignore_changes=['readCapacity', 'writeCapacity', "
    "'globalSecondaryIndexes[*].readCapacity', 'globalSecondaryIndexes[*].writeCapacity']), the last two where the "
    "table has indexes. Pulumi ignores the capacities of indexes by position. So add a new index at the end; if you "
    "insert, reorder or remove one, the indexes after it get each other's capacities.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/",
)
