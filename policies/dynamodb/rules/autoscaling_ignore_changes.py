"""Fails where a capacity that a scalable target moves is not in ignoreChanges, or anything but capacities is.

Not ignored, the next deployment would set the capacity back; ignored too much, it would pass over real changes. Only
PROVISIONED tables and indexes with a scalable target are judged. Beside a TableReplica, `replicas` may be ignored too,
as the provider demands it.
"""

from collections.abc import Iterator

from pulumi_policy import Severity

from dynamodb.policy import Findings, Options, Unknown, is_exempt, policy
from dynamodb.scaling import Scalable, Scaling
from dynamodb.stack import Stack, StackResource, StackTable
from dynamodb.values import UNKNOWN

_CAPACITIES = {"Read": "readCapacity", "Write": "writeCapacity"}
_INDEXES = "globalSecondaryIndexes"
# Of an index that is a resource of its own.
_THROUGHPUT = "provisionedThroughput"
_UNITS = {f"{_THROUGHPUT}.{capacity}Units" for capacity in _CAPACITIES.values()}


def _check(stack: Stack, options: Options) -> Iterator[tuple[StackResource, str | Unknown]]:
    scaling = Scaling(stack)
    for table, scalables in scaling.of_table.items():
        scaled = [s for s in scalables if any(s.targets.values()) and not s.is_replica]
        # In any other mode, the mode or the target is itself the mistake.
        if is_exempt(table.name, options) or table.billing_mode not in ("PROVISIONED", UNKNOWN):
            continue
        if any(not scalable.standalone for scalable in scaled):
            yield from ((table.resource, finding) for finding in _check_table(table, scaled))
        for index in (scalable.standalone for scalable in scaled if scalable.standalone):
            found = _compare(set(index.options.ignore_changes), {_THROUGHPUT: _UNITS}, {_THROUGHPUT, *_UNITS})
            yield from ((index, finding) for finding in found)


def _check_table(table: StackTable, scaled: list[Scalable]) -> Findings:
    positions = range(len(table.inline_indexes))
    own, of_indexes, allowed = {}, {}, {"replicas"} if table.replicas else set()
    for access, capacity in _CAPACITIES.items():
        if any(scalable.kind == "table" and scalable.targets[access] for scalable in scaled):
            own[capacity] = {capacity}
        # The outputs of the provider have another order than the inputs, so all positions must be ignored, or [*].
        each = {f"{_INDEXES}[{position}].{capacity}" for position in positions}
        if any(s.kind == "index" and not s.standalone and s.targets[access] for s in scaled):
            of_indexes[f"{_INDEXES}[*].{capacity}"] = each
        allowed |= {capacity, f"{_INDEXES}[*].{capacity}", *each}
    yield from _compare(set(table.resource.options.ignore_changes), own | of_indexes, allowed)


def _compare(ignored: set[str], needed: dict[str, set[str]], allowed: set[str]) -> Findings:
    """Find what `ignored` lacks of `needed`, which maps a path to those that are as good, and has beyond `allowed`."""
    lacking = [path for path, as_good in needed.items() if path not in ignored and not as_good <= ignored]
    wrong = (
        [f"lacks {', '.join(lacking)}, so the next deployment would set back what autoscaling did"] if lacking else []
    )
    if extra := sorted(ignored - allowed):
        wrong.append(f"has {', '.join(extra)}, so deployments would miss real changes")
    if wrong:
        kept = sorted(ignored & {"replicas"} & allowed)
        yield f"ignoreChanges {', and '.join(wrong)}: set it to {[*needed, *kept]}"


POLICY = policy(
    "dynamodb-autoscaling-ignore-changes",
    check_stack=_check,
    description="Autoscaled capacities of DynamoDB tables, and nothing else, should be in ignoreChanges.",
    severity=Severity.MEDIUM,
    remediation_steps="Set opts=pulumi.ResourceOptions(ignore_changes=['readCapacity', 'writeCapacity', "
    "'globalSecondaryIndexes[*].readCapacity', 'globalSecondaryIndexes[*].writeCapacity']), the last two where the "
    "table has indexes. The capacities of indexes are ignored by position: append a new index behind the others, and "
    "never insert, reorder or remove one, or another index gets its live capacity.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/",
)
