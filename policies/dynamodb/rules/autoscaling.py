"""Fails where a provisioned table or index lacks a scalable target for reads or for writes, or a target its policy.

Also where a target or policy scales what isn't in the stack or is billed by request, is the second for its dimension,
or has a wrong namespace, resource id, dimension, metric or number; and where an index scales its writes to less than
its table, whose writes it would throttle. A billing mode that is absent counts as PROVISIONED. A stack without
tables is not judged.
"""

# A stack is read once. Targets find their table or index by resource id; where that isn't known yet, by the table that
# it comes from. Policies find their target likewise. Then each table, index, target and policy is judged by itself.

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from pulumi_policy import (
    PolicyResource,
    ReportViolation,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from dynamodb.policy import (
    EXEMPT_TABLES,
    GLOBAL_SECONDARY_INDEX,
    SCALABLE_TARGET,
    SCALING_POLICY,
    TABLE,
    Findings,
    Options,
    Unknown,
    config_schema,
    expect,
    fsbp,
    is_exempt,
    join,
    options,
    report,
)
from dynamodb.values import Odd, entries, get, show, whole

_T = TypeVar("_T")
_ACCESSES = ("Read", "Write")
_DIMENSION = re.compile(r"dynamodb:(table|index):(Read|Write)CapacityUnits")
_RESOURCE_ID = re.compile(r"table/([^/]+)(/index/[^/]+)?")
_CONFIGURATION = "targetTrackingScalingPolicyConfiguration"


def _number(default: int, bounds: tuple[int, int], description: str) -> dict[str, Any]:
    minimum, maximum = bounds
    return {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default, "description": description}


# 40,000 units: DynamoDB's quota for a table. 20 to 90 percent: what Application Auto Scaling takes for DynamoDB.
_UNITS, _PERCENT = (1, 40_000), (20, 90)
_SCHEMA = {
    **EXEMPT_TABLES,
    "minimumCapacity": _number(1, _UNITS, "Least minimum of a scalable target, in capacity units."),
    "maximumCapacity": _number(40_000, _UNITS, "Greatest maximum of a scalable target, in capacity units."),
    "minimumTargetUtilization": _number(20, _PERCENT, "Least target value of a scaling policy, in percent."),
    "maximumTargetUtilization": _number(90, _PERCENT, "Greatest target value of a scaling policy, in percent."),
}


class _Ids(NamedTuple):
    """What a target or policy says it scales; each a string, None or Odd."""

    resource_id: Any
    dimension: Any

    @property
    def kind(self) -> str | None:
        """Either table or index; None where the dimension doesn't say."""
        return self._part(1)

    @property
    def access(self) -> str | None:
        """Either Read or Write; None where the dimension doesn't say."""
        return self._part(2)

    def _part(self, group: int) -> str | None:
        match = _DIMENSION.fullmatch(self.dimension) if isinstance(self.dimension, str) else None
        return match[group] if match else None


@dataclass(eq=False)
class _Scalable:
    """A table or an index; or of the kind `indexes`, a list of them, or one in it, that is not known.

    `table` is None for an index of a table outside the stack.
    """

    kind: str
    resource: PolicyResource
    table: PolicyResource | None
    table_name: Any
    name: Any
    path: str
    targets: dict[str, list["_Target"]] = field(default_factory=lambda: {access: [] for access in _ACCESSES})

    @property
    def mode(self) -> object:
        """The billing mode; what is absent, or no mode at all, counts as PROVISIONED."""
        mode = get(self.table.props, "billingMode") if self.table else "unseen"
        return mode if mode in ("PAY_PER_REQUEST", "unseen", Odd.UNKNOWN) else "PROVISIONED"

    @property
    def resource_id(self) -> str | None:
        """None while a name in it is not known."""
        if not isinstance(self.table_name, str) or not isinstance(self.name, str):
            return None
        return f"table/{self.name}" if self.kind == "table" else f"table/{self.table_name}/index/{self.name}"

    @property
    def words(self) -> str:
        """What it is, in a message."""
        table = f"table {show(self.table_name)}"
        return table if self.kind == "table" else f"index {show(self.name)} of {table}"


@dataclass(eq=False)
class _Target:
    """A scalable target; `scalable` is None where no table or index of the stack is meant."""

    resource: PolicyResource
    ids: _Ids
    scalable: _Scalable | None
    policies: list[PolicyResource] = field(default_factory=list)


def _validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
    by_type = defaultdict(list)
    for resource in args.resources:
        by_type[resource.resource_type].append(resource)
    if by_type[TABLE]:
        chosen = options(_SCHEMA, args.get_config())
        for resource, findings in _Stack(by_type, chosen).judge():
            report(findings, chosen, lambda message, urn=resource.urn: report_violation(message, urn))


class _Stack:
    """The tables, indexes, targets and policies of a stack, joined."""

    def __init__(self, by_type: dict[str, list[PolicyResource]], chosen: Options) -> None:
        self._options = chosen
        self._scalables = list(_scalables(by_type[TABLE], by_type[GLOBAL_SECONDARY_INDEX]))
        self._tables_are_known = all(isinstance(s.name, str) for s in self._scalables if s.kind == "table")
        self._names_are_known = all(isinstance(s.name, str) and isinstance(s.table_name, str) for s in self._scalables)
        self._by_resource_id = {s.resource_id: s for s in self._scalables if s.resource_id}
        self._behind = defaultdict(list)
        for scalable in self._scalables:
            for urn in {resource.urn for resource in (scalable.resource, scalable.table) if resource}:
                self._behind[urn, scalable.kind].append(scalable)
        self._targets = {
            resource.urn: _Target(resource, ids, self._find_scalable(resource, ids))
            for resource in by_type[SCALABLE_TARGET]
            if self._is_ours(resource, ids := _ids(resource))
        }
        self._by_ids = defaultdict(list)
        for target in self._targets.values():
            for resource_id in {target.ids.resource_id, target.scalable and target.scalable.resource_id}:
                self._by_ids[_Ids(resource_id, target.ids.dimension)].append(target)
            if target.scalable and target.scalable.kind == target.ids.kind and _is_dynamodb(target.resource):
                target.scalable.targets[target.ids.access or ""].append(target)
        self._policies = [
            (resource, ids, self._find_target(resource, ids))
            for resource in by_type[SCALING_POLICY]
            if self._is_ours(resource, ids := _ids(resource))
        ]
        for resource, _, target in self._policies:
            if target:
                target.policies.append(resource)
        # What says by itself what it scales comes before what was joined by dependency.
        for scalable in self._scalables:
            for targets in scalable.targets.values():
                targets.sort(key=lambda target: target.ids.resource_id is Odd.UNKNOWN)
        self._stray_target = any(
            Odd.UNKNOWN in t.ids and not (t.scalable and t.ids.access) for t in self._targets.values()
        )
        self._stray_policy = any(not target and Odd.UNKNOWN in ids for _, ids, target in self._policies)

    def judge(self) -> Iterator[tuple[PolicyResource, Findings]]:
        """Yield each resource that may need mending, with its findings."""
        for scalable in self._scalables:
            if not is_exempt(scalable.table_name, self._options):
                yield scalable.resource, self._judge_scalable(scalable)
        for target in self._targets.values():
            if not self._is_exempt(target.ids, target):
                yield target.resource, self._judge_target(target)
        for resource, ids, target in self._policies:
            if not self._is_exempt(ids, target):
                yield resource, self._judge_policy(resource, ids, target)

    def _judge_scalable(self, scalable: _Scalable) -> Findings:
        if scalable.table is None:
            yield from self._judge_stray_index(scalable)
        elif scalable.mode is Odd.UNKNOWN and scalable.kind == "table":
            yield Unknown("billingMode")
        if scalable.mode != "PROVISIONED":
            return
        if scalable.kind == "indexes":
            yield (
                Unknown(scalable.path) if scalable.name is Odd.UNKNOWN else f"{scalable.path} is {show(scalable.name)}"
            )
            return
        for access in _ACCESSES:
            capacity = f"the {access.lower()} capacity of {scalable.words}"
            if scalable.targets[access]:
                continue
            if Odd.UNKNOWN in (scalable.name, scalable.table_name):
                yield Unknown(scalable.path)
            elif self._stray_target:
                yield Unknown(f"which scalable target is for {capacity}")
            else:
                yield f"{capacity} has no scalable target (dynamodb:{scalable.kind}:{access}CapacityUnits)"

    def _judge_stray_index(self, index: _Scalable) -> Findings:
        """Judge an index whose table isn't found: it may be of another stack only where that is certain."""
        if index.table_name is Odd.UNKNOWN or (isinstance(index.table_name, str) and not self._tables_are_known):
            yield Unknown(f"the table that tableName, {show(index.table_name)}, names")
        elif not isinstance(index.table_name, str):
            yield f"tableName is {show(index.table_name)}, but must be the name of a table"

    def _judge_target(self, target: _Target) -> Findings:
        yield from _judge_ids(target.resource, target.ids, target.scalable)
        scalable, access = target.scalable, target.ids.access
        if scalable is None:
            yield from self._judge_orphan(target.ids)
        least, most = self._options["minimumCapacity"], self._options["maximumCapacity"]
        for path in ("minCapacity", "maxCapacity"):
            wanted = f"{least:g} to {most:g} capacity units"
            yield from expect(target.resource.props, path, lambda units: least <= (whole(units) or 0) <= most, wanted)
        low, high = (whole(get(target.resource.props, path)) for path in ("minCapacity", "maxCapacity"))
        if low is not None and high is not None and low > high:
            yield f"minCapacity is {low}, over maxCapacity, which is {high}"
        if not target.policies:
            yield self._no_policy(target)
        if scalable is None or access is None or target not in scalable.targets[access]:
            return
        first = scalable.targets[access][0]
        if target is not first:
            yield f"{scalable.words} has a target for its {access.lower()} capacity already: {first.resource.name}"
        for table_high in self._write_maximums(scalable) if scalable.kind == "index" and access == "Write" else ():
            if high is not None and high < table_high:
                yield (
                    f"maxCapacity is {high}, under the {table_high} of its table: {scalable.words} "
                    "would throttle writes to the table"
                )

    def _no_policy(self, target: _Target) -> str | Unknown:
        what = target.scalable.words if target.scalable else show(target.ids.resource_id)
        capacity = f"the {target.ids.access.lower()} capacity" if target.ids.access else "the capacity"
        if self._stray_policy or Odd.UNKNOWN in target.ids:
            return Unknown(f"which scaling policy is for {capacity} of {what}")
        return f"{capacity} of {what} has a scalable target, but no target tracking scaling policy"

    def _judge_orphan(self, ids: _Ids) -> Findings:
        if ids.resource_id is Odd.UNKNOWN:
            yield Unknown("resourceId")
        elif not self._names_are_known:
            yield Unknown(f"the table or index that {show(ids.resource_id)} names")
        elif isinstance(ids.resource_id, str) and _RESOURCE_ID.fullmatch(ids.resource_id):
            yield f"resourceId is {show(ids.resource_id)}, but the stack has no such table or index"

    def _judge_policy(self, resource: PolicyResource, ids: _Ids, target: _Target | None) -> Findings:
        yield from _judge_ids(resource, ids, target.scalable if target else None)
        access = ids.access
        if target:
            access = access or target.ids.access
            if resource is not target.policies[0]:
                yield f"the scalable target {target.resource.name} has a policy already: {target.policies[0].name}"
        elif Odd.UNKNOWN in ids:
            yield Unknown("resourceId" if ids.resource_id is Odd.UNKNOWN else "scalableDimension")
        else:
            yield (
                Unknown(f"which scalable target is for {show(ids.resource_id)}, {show(ids.dimension)}")
                if self._stray_target
                else f"the stack has no scalable target for {show(ids.resource_id)}, {show(ids.dimension)}"
            )
        yield from expect(
            resource.props, "policyType", lambda value: value == "TargetTrackingScaling", "TargetTrackingScaling"
        )
        least, most = self._options["minimumTargetUtilization"], self._options["maximumTargetUtilization"]
        yield from expect(
            resource.props,
            f"{_CONFIGURATION}.targetValue",
            lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most,
            f"{least:g} to {most:g} percent",
        )
        customized = f"{_CONFIGURATION}.customizedMetricSpecification"
        yield from expect(resource.props, customized, lambda value: value is None, "absent beside a predefined metric")
        if access:
            metric = f"DynamoDB{access}CapacityUtilization"
            path = f"{_CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType"
            yield from expect(resource.props, path, lambda value: value == metric, f"{metric}, as its dimension says")

    def _write_maximums(self, index: _Scalable) -> Iterator[int]:
        for scalable in self._behind[index.table.urn, "table"] if index.table else ():
            for target in scalable.targets["Write"]:
                high = whole(get(target.resource.props, "maxCapacity"))
                if high is not None:
                    yield high

    def _find_scalable(self, resource: PolicyResource, ids: _Ids) -> _Scalable | None:
        if ids.resource_id is not Odd.UNKNOWN:
            return self._by_resource_id.get(ids.resource_id)
        return _only(self._scalables_behind(resource, ids))

    def _find_target(self, resource: PolicyResource, ids: _Ids) -> _Target | None:
        if Odd.UNKNOWN not in ids:
            return next(iter(self._by_ids[ids]), None)
        found = [self._targets[urn] for urn in _sources(resource) if urn in self._targets]
        found += [t for s in self._scalables_behind(resource, ids) for t in s.targets.get(ids.access or "", [])]
        return _only(t for t in found if all(a == b or Odd.UNKNOWN in (a, b) for a, b in zip(ids, t.ids, strict=True)))

    def _scalables_behind(self, resource: PolicyResource, ids: _Ids) -> Iterator[_Scalable]:
        return (s for urn in _sources(resource) for s in self._behind.get((urn, ids.kind), []))

    def _is_ours(self, resource: PolicyResource, ids: _Ids) -> bool:
        """Tell whether anything about a target or policy speaks of DynamoDB; if so, all of it must."""
        namespace = get(resource.props, "serviceNamespace")
        speaks_of_another = isinstance(ids.dimension, str) and not ids.dimension.startswith("dynamodb:")
        return (
            namespace == "dynamodb"
            or (namespace is Odd.UNKNOWN and not speaks_of_another)
            or str(ids.dimension).startswith("dynamodb:")
            or str(ids.resource_id).startswith("table/")
            or any((urn, kind) in self._behind for urn in _sources(resource) for kind in ("table", "index"))
        )

    def _is_exempt(self, ids: _Ids, target: _Target | None) -> bool:
        named = _RESOURCE_ID.fullmatch(ids.resource_id) if isinstance(ids.resource_id, str) else None
        name = named[1] if named else target.scalable.table_name if target and target.scalable else None
        return is_exempt(name, self._options)


def _scalables(tables: Iterable[PolicyResource], indexes: Iterable[PolicyResource]) -> Iterator[_Scalable]:
    by_name, by_urn = {}, {}
    for table in tables:
        name = get(table.props, "name")
        by_urn[table.urn] = table
        if isinstance(name, str):
            by_name[name] = table
        yield _Scalable("table", table, table, name, name, "name")
        for path, index in entries(table.props, "globalSecondaryIndexes"):
            kind = "indexes" if isinstance(index, Odd) else "index"
            yield _Scalable(kind, table, table, name, get(index, "name"), join(path, "name", index))
    for index in indexes:
        table_name, name = get(index.props, "tableName"), get(index.props, "indexName")
        table = by_name.get(table_name) if isinstance(table_name, str) else None
        if table_name is Odd.UNKNOWN:
            table = _only(by_urn[d.urn] for d in index.property_dependencies.get("tableName", []) if d.urn in by_urn)
            table_name = get(table.props, "name") if table else table_name
        path = "tableName" if table_name is Odd.UNKNOWN else "indexName"
        yield _Scalable("index", index, table, table_name, name, path)


def _judge_ids(resource: PolicyResource, ids: _Ids, scalable: _Scalable | None) -> Findings:
    yield from expect(resource.props, "serviceNamespace", lambda value: value == "dynamodb", "dynamodb")
    yield from expect(
        resource.props,
        "scalableDimension",
        lambda _: ids.kind is not None,
        "dynamodb:table: or dynamodb:index:, and then ReadCapacityUnits or WriteCapacityUnits",
    )
    if ids.resource_id is not Odd.UNKNOWN and not _RESOURCE_ID.fullmatch(str(ids.resource_id)):
        yield f"resourceId is {show(ids.resource_id)}, but must be table/NAME or table/NAME/index/INDEX"
    if scalable and ids.kind and scalable.kind != ids.kind:
        yield f"scalableDimension is {show(ids.dimension)}, but resourceId names the {scalable.words}"
    if scalable and scalable.mode == "PAY_PER_REQUEST":
        yield f"{scalable.words} is billed by request: there is no capacity to scale"


def _ids(resource: PolicyResource) -> _Ids:
    found = (get(resource.props, path) for path in ("resourceId", "scalableDimension"))
    return _Ids(*(value if isinstance(value, str | Odd | None) else Odd.MALFORMED for value in found))


def _sources(resource: PolicyResource) -> set[str]:
    dependencies = resource.property_dependencies
    return {d.urn for path in ("resourceId", "scalableDimension") for d in dependencies.get(path, [])}


def _is_dynamodb(resource: PolicyResource) -> bool:
    return get(resource.props, "serviceNamespace") in ("dynamodb", Odd.UNKNOWN)


def _only(found: Iterable[_T]) -> _T | None:
    different = list(dict.fromkeys(found))
    return different[0] if len(different) == 1 else None


POLICY = StackValidationPolicy(
    name="dynamodb-autoscaling-enabled",
    description="Provisioned DynamoDB tables and their indexes should scale their read and write capacity, each by one "
    "scalable target with one target tracking policy.",
    severity=Severity.MEDIUM,
    framework=fsbp("DynamoDB.1"),
    config_schema=config_schema(_SCHEMA),
    validate=_validate,
    remediation_steps="For each provisioned table and index, and for reads and writes each, register an "
    "aws.appautoscaling.Target and an aws.appautoscaling.Policy that takes its ids from the target; remove those that "
    "scale nothing.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-1",
)
