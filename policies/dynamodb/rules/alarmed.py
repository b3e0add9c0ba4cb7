"""Each table needs a metric alarm on its throttled reads, and one on its throttled writes.

An alarm counts if it watches ReadThrottleEvents or WriteThrottleEvents of AWS/DynamoDB with no dimension but TableName.
CloudWatch doesn't add up a metric over dimensions, so with another one the alarm watches something else, or nothing. A
metric in the metric math of an alarm (metricQueries) counts, too. Queries of Metrics Insights are not read: exempt the
tables that you watch in this way. If a dimension is not known until deployment, the alarm is for the table that the
dimension comes from. An alarm with actionsEnabled false tells nobody, and doesn't count.

If no table of a stack has such an alarm, there is one violation, for the stack. Indexes and replicas are not checked.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulumi_policy import EnforcementLevel, Severity

from dynamodb.policy import Options, StackFindings, Unknown, is_exempt, policy
from dynamodb.stack import METRIC_ALARM, Stack, StackResource, StackTable, same_region
from dynamodb.values import UNKNOWN, entries, get, is_missing

_ACCESSES: Final = {"ReadThrottleEvents": "reads", "WriteThrottleEvents": "writes"}


@dataclass(frozen=True, eq=False)
class _Watched:
    """A metric that an alarm watches: what the alarm or a query of it says, and the URNs that this comes from."""

    alarm: StackResource
    metric: Any
    sources: list[str]

    @property
    def accesses(self) -> list[str]:
        """The accesses whose throttling it counts, or may count."""
        if get(self.metric, "namespace") not in ("AWS/DynamoDB", UNKNOWN):
            return []
        name = get(self.metric, "metricName")
        return [access for metric, access in _ACCESSES.items() if name in (metric, UNKNOWN)]

    @property
    def is_certain(self) -> bool:
        """Whether the metric is known."""
        return UNKNOWN not in (get(self.metric, "namespace"), get(self.metric, "metricName"))

    @property
    def table_name(self) -> Any:  # noqa: ANN401 - a string, None or UNKNOWN
        """The name of the table, None if there is none or if there are other dimensions."""
        dimensions = get(self.metric, "dimensions")
        if not isinstance(dimensions, Mapping):
            return UNKNOWN if dimensions is UNKNOWN else None
        given = {name: value for name, value in dimensions.items() if not is_missing(value)}
        name = given.pop("TableName", None)
        return name if not given and (isinstance(name, str) or name is UNKNOWN) else None


def _check(stack: Stack, options: Options) -> StackFindings:
    tables = [table for table in stack.tables if not is_exempt(table.name, options)]
    watched, possible = _alarms(stack)
    lacking = {table: [one for one in _ACCESSES.values() if one not in watched[table]] for table in tables}
    is_bare = all(len(lacking[table]) == len(_ACCESSES) and not possible[table] for table in tables)
    if is_bare and len(tables) > 1:
        yield None, f"none of the {len(tables)} tables has a metric alarm on throttled reads and writes"
        return
    for table, accesses in lacking.items():
        if possible[table].intersection(accesses):
            yield table.resource, Unknown(f"which metric alarm is for {table.label}")
        elif accesses:
            yield table.resource, f"{table.label} has no metric alarm on throttled {' and '.join(accesses)}"


def _alarms(stack: Stack) -> tuple[dict[StackTable, set[str]], dict[StackTable, set[str]]]:
    """Return the accesses of each table that have an alarm, and those that may have one."""
    watched, possible = defaultdict(set), defaultdict(set)
    alarms = [alarm for alarm in stack.resources[METRIC_ALARM] if get(alarm.props, "actionsEnabled") is not False]
    for one in (one for alarm in alarms for one in _metrics(alarm)):
        near = [table for table in stack.tables if same_region(table.resource.region, one.alarm.region)]
        if one.table_name is UNKNOWN:
            found = [table for table in near if set(_urns(table)).intersection(one.sources)]
            unsure = [] if found else near
        else:
            found = [table for table in near if one.table_name and table.name == one.table_name]
            unsure = [table for table in near if one.table_name and table.name is UNKNOWN]
        for tables, accesses in ((found, watched if one.is_certain else possible), (unsure, possible)):
            for table in tables:
                accesses[table].update(one.accesses)
    return watched, possible


def _metrics(alarm: StackResource) -> Iterator[_Watched]:
    yield _Watched(alarm, alarm.props, alarm.urns("dimensions"))
    for _, query in entries(alarm.props, "metricQueries"):
        yield _Watched(alarm, get(query, "metric"), alarm.urns("metricQueries"))


def _urns(table: StackTable) -> list[str]:
    """Return the URNs that the name of a table may come from: its own, and that of what made its name."""
    return [table.resource.urn, *(table.resource.urns("name") if table.name is UNKNOWN else [])]


POLICY = policy(
    "dynamodb-table-alarmed",
    check_stack=_check,
    description="DynamoDB tables should have alarms on throttled reads and writes.",
    severity=Severity.LOW,
    enforcement_level=EnforcementLevel.ADVISORY,
    remediation_steps="For each table, register an aws.cloudwatch.MetricAlarm on ReadThrottleEvents and one on "
    "WriteThrottleEvents, with the dimension TableName alone.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html#DynamoDB",
)
