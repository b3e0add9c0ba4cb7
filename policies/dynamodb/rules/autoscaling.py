"""A PROVISIONED table and its indexes each need a scalable target, with a scaling policy, for reads and for writes.

A scalable target or a scaling policy also violates this policy if it

- scales a table or an index that is not in the stack, or that is PAY_PER_REQUEST,
- is the second one for the same dimension,
- has a wrong namespace, resource id, dimension, metric or number, or
- scales the writes of an index to a lower maximum than those of its table: that throttles the table's writes.

There is one violation for each table, even if several targets are missing. Replicas don't need targets, but may have
targets in their own regions. A missing billing mode counts as PROVISIONED. A stack without tables is not checked.

This is stricter than DynamoDB.1, which requires targets only for tables and doesn't check scaling policies.
"""

from collections.abc import Iterator, Mapping

from pulumi_policy import Severity

from dynamodb.policy import Findings, Options, StackFindings, Unknown, expect, fsbp, integer_option, is_exempt, policy
from dynamodb.scaling import ACCESSES, RESOURCE_ID, Scalable, Scaler, Scaling, ScalingPolicy, Target
from dynamodb.stack import Stack, StackTable
from dynamodb.values import UNKNOWN, describe, get, integer

_CONFIGURATION = "targetTrackingScalingPolicyConfiguration"


# 40,000 units is DynamoDB's quota for a table. Application Auto Scaling accepts 20 to 90 percent for DynamoDB.
_UNITS, _PERCENT = (1, 40_000), (20, 90)


def _check(stack: Stack, options: Options) -> StackFindings:
    if not stack.tables:
        return
    scaling = Scaling(stack)
    for table in stack.tables:
        if table.billing_mode in ("PROVISIONED", UNKNOWN) and not is_exempt(table.name, options):
            yield from ((table.resource, finding) for finding in _check_table(table, scaling))
    for target in scaling.targets:
        if not _is_exempt(target, target.scalable, options):
            yield from ((target.resource, finding) for finding in _check_target(target, scaling, options))
    for scaling_policy in scaling.policies:
        scalable = scaling_policy.target.scalable if scaling_policy.target else scaling.scalable_of(scaling_policy)
        if not _is_exempt(scaling_policy, scalable, options):
            findings = _check_policy(scaling_policy, scalable, scaling, options)
            yield from ((scaling_policy.resource, finding) for finding in findings)


def _is_exempt(scaler: Scaler, scalable: Scalable | None, options: Options) -> bool:
    named = RESOURCE_ID.fullmatch(str(scaler.resource_id))
    return is_exempt(named[1] if named else scalable.table.name if scalable else None, options)


def _check_table(table: StackTable, scaling: Scaling) -> Findings:
    if table.billing_mode is UNKNOWN:
        yield Unknown("billingMode")
        return
    for path, index in table.inline_indexes:
        if index is UNKNOWN:
            yield Unknown(path)
    own = [scalable for scalable in scaling.of_table[table] if not scalable.is_replica]
    lacking = [(scalable, access) for scalable in own for access in ACCESSES if not scalable.targets[access]]
    if any(scaling.may_have_target(scalable) for scalable, _ in lacking):
        yield Unknown(f"which scalable target is for {table.label}")
    elif lacking:
        what = ", ".join(f"{access.lower()}s of {scalable.part}" for scalable, access in lacking)
        yield (
            f"{table.label} is PROVISIONED and has no scalable target for {what}: "
            "add the targets, set billingMode to PAY_PER_REQUEST, or add the table to exemptTables"
        )


def _check_target(target: Target, scaling: Scaling, options: Options) -> Findings:
    props, scalable, access = target.resource.props, target.scalable, target.access
    wrong_ids = list(_check_ids(target, scalable)) or ([] if scalable else list(_check_unmatched(target, scaling)))
    # Further findings about the ids mostly come from the same mistake.
    yield from wrong_ids[:1]
    least, most = options["minimumCapacity"], options["maximumCapacity"]
    for path in ("minCapacity", "maxCapacity"):
        wanted = f"{least:g} to {most:g} capacity units"
        yield from expect(props, path, lambda units: least <= (integer(units) or 0) <= most, wanted)
    low, high = integer(get(props, "minCapacity")), integer(get(props, "maxCapacity"))
    if low is not None and high is not None and low > high:
        yield f"minCapacity is {low}, which is more than maxCapacity, {high}"
    if wrong_ids or scalable is None:
        return
    first = scalable.targets[access][0]
    if target is not first:
        yield f"{scalable.label} already has a scalable target for {access.lower()}s, {first.resource.name}: remove one"
    elif not target.policies and (scaling.has_unassigned_policy or not target.is_certain):
        yield Unknown("which scaling policy is for this target")
    elif not target.policies:
        yield f"the scalable target for {access.lower()}s of {scalable.label} has no scaling policy: add one"
    if scalable.kind == "index" and access == "Write" and high is not None:
        for maximum in _write_maximums(scalable, scaling):
            if high < maximum:
                yield (
                    f"maxCapacity is {high}, less than the {maximum} of its table: {scalable.label} would throttle "
                    f"writes to the table; set it to {maximum} or more"
                )


def _check_unmatched(target: Target, scaling: Scaling) -> Findings:
    """Check a target for which no table or index was found in the stack."""
    if target.resource_id is UNKNOWN:
        yield Unknown("resourceId")
    elif any(scalable.resource_id is None for scalable in scaling.scalables):
        yield Unknown(f"which table or index {describe(target.resource_id)} names")
    elif elsewhere := scaling.regions_of(target):
        yield (
            f"resourceId is {describe(target.resource_id)}, which is in {', '.join(elsewhere)}, "
            f"but the target is in {target.resource.region}: give it the region of its table"
        )
    elif not scaling.may_be_unknown_index(target):
        yield (
            f"resourceId is {describe(target.resource_id)}, but the stack has no such table or index: "
            "correct it, remove the target, or add the table to exemptTables"
        )


def _write_maximums(index: Scalable, scaling: Scaling) -> Iterator[int]:
    for other in scaling.of_table[index.table]:
        if other.kind == "table" and other.region == index.region:
            for target in other.targets["Write"]:
                maximum = integer(get(target.resource.props, "maxCapacity"))
                if maximum is not None:
                    yield maximum


def _check_policy(
    scaling_policy: ScalingPolicy, scalable: Scalable | None, scaling: Scaling, options: Options
) -> Findings:
    props, target = scaling_policy.resource.props, scaling_policy.target
    wrong_type = list(
        expect(props, "policyType", lambda value: value == "TargetTrackingScaling", "TargetTrackingScaling")
    )
    if wrong_type:
        yield from wrong_type
        return
    if target is None:
        yield from list(_check_no_target(scaling_policy, scalable, scaling))[:1]
    elif scaling_policy is not target.policies[0]:
        first = target.policies[0].resource.name
        yield f"the scalable target {target.resource.name} already has a scaling policy, {first}: remove one"
    elif scaling_policy.namespace != target.namespace:
        yield from _check_namespace(scaling_policy)
    wanted = "an object with targetValue and predefinedMetricSpecification"
    wrong = list(expect(props, _CONFIGURATION, lambda value: isinstance(value, Mapping), wanted))
    yield from wrong or _check_configuration(scaling_policy, options)


def _check_configuration(scaling_policy: ScalingPolicy, options: Options) -> Findings:
    props, target = scaling_policy.resource.props, scaling_policy.target
    least, most = options["minimumTargetUtilization"], options["maximumTargetUtilization"]
    yield from expect(
        props,
        f"{_CONFIGURATION}.targetValue",
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most,
        f"{least:g} to {most:g} percent",
    )
    customized = f"{_CONFIGURATION}.customizedMetricSpecification"
    wrong = list(expect(props, customized, lambda value: value is None, "missing: DynamoDB has predefined metrics"))
    yield from wrong
    access = scaling_policy.access or (target.access if target else "")
    if access and not wrong:
        metric = f"DynamoDB{access}CapacityUtilization"
        path = f"{_CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType"
        yield from expect(
            props, path, lambda value: value == metric, f"{metric}, as its dimension is for {access.lower()}s"
        )


def _check_no_target(scaling_policy: ScalingPolicy, scalable: Scalable | None, scaling: Scaling) -> Findings:
    """Check a scaling policy without a target. A table of the stack that lacks the target has its own violation."""
    ids = f"{describe(scaling_policy.resource_id)}, {describe(scaling_policy.dimension)}"
    yield from _check_ids(scaling_policy, scalable)
    if not scaling_policy.is_certain:
        yield Unknown("resourceId" if scaling_policy.resource_id is UNKNOWN else "scalableDimension")
    elif scalable and not scalable.is_replica:
        return
    elif scaling.has_unassigned_target:
        yield Unknown(f"which scalable target is for {ids}")
    else:
        yield f"the stack has no scalable target for {ids}: add it, and take the policy's ids from the target"


def _check_namespace(scaler: Scaler) -> Findings:
    yield from expect(scaler.resource.props, "serviceNamespace", lambda value: value == "dynamodb", "dynamodb")


def _check_ids(scaler: Scaler, scalable: Scalable | None) -> Findings:
    yield from _check_namespace(scaler)
    yield from expect(
        scaler.resource.props,
        "scalableDimension",
        lambda _: bool(scaler.kind),
        "dynamodb:table: or dynamodb:index:, then ReadCapacityUnits or WriteCapacityUnits",
    )
    if scaler.resource_id is not UNKNOWN and not RESOURCE_ID.fullmatch(str(scaler.resource_id)):
        yield f"resourceId is {describe(scaler.resource_id)}, but must be table/NAME or table/NAME/index/INDEX"
    if scalable and scaler.kind and scalable.kind != scaler.kind:
        yield f"scalableDimension is {describe(scaler.dimension)}, but resourceId names the {scalable.label}"
    if scalable and scalable.table.billing_mode == "PAY_PER_REQUEST":
        yield (
            f"{scalable.label} is PAY_PER_REQUEST and has no capacity to scale: remove this resource, "
            "or make the table PROVISIONED"
        )


POLICY = policy(
    "dynamodb-autoscaling-enabled",
    check_stack=_check,
    options={
        "minimumCapacity": integer_option("Lowest minCapacity that a scalable target may have.", _UNITS, 1),
        "maximumCapacity": integer_option("Highest maxCapacity that a scalable target may have.", _UNITS, 40_000),
        "minimumTargetUtilization": integer_option("Lowest targetValue of a scaling policy, in %.", _PERCENT, 20),
        "maximumTargetUtilization": integer_option("Highest targetValue of a scaling policy, in %.", _PERCENT, 90),
    },
    description="Provisioned DynamoDB tables and their indexes should scale their read and write capacity, each with "
    "one scalable target that has one target tracking policy.",
    severity=Severity.MEDIUM,
    framework=fsbp("DynamoDB.1"),
    remediation_steps="For the reads and for the writes of each provisioned table and index, register an "
    "aws.appautoscaling.Target and an aws.appautoscaling.Policy that takes its ids from the target. Remove targets and "
    "policies that scale nothing.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-1",
)
