"""What the policy pack must say, by docs/policies.md, under the default options: slow, obvious, apart from the rules.

Shares no code with the pack. Takes what is on the wire: JSON with secrets in their wrapping and the sentinels of what
is not known until deployment. A comment that begins with "Open:" decides what docs/policies.md doesn't.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from pulumi_policy import proxy

TABLE: Final = "aws:dynamodb/table:Table"
# An index that is a resource of its own.
INDEX: Final = "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex"
TARGET: Final = "aws:appautoscaling/target:Target"
POLICY: Final = "aws:appautoscaling/policy:Policy"
# The key that carries a type on the wire, and the type of a secret.
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SEALED: Final = "1b47061264138c4ac30d75fd1eb44270"
SENTINELS: Final = [
    *[proxy.UNKNOWN_BOOLEAN_VALUE, proxy.UNKNOWN_NUMBER_VALUE, proxy.UNKNOWN_STRING_VALUE, proxy.UNKNOWN_ARRAY_VALUE],
    *[proxy.UNKNOWN_OBJECT_VALUE, proxy.UNKNOWN_ASSET_VALUE, proxy.UNKNOWN_ARCHIVE_VALUE],
]
# What stands for a value that isn't known until deployment, for one of a wrong type, whatever is expected, and for the
# billing mode of a table that is not in the stack.
UNKNOWN: Final = object()
MISFIT: Final = object()
ELSEWHERE: Final = object()
CAPACITIES: Final = ("readCapacity", "writeCapacity")
VIEW_TYPES: Final = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
# The kind and the access that a dimension is of.
DIMENSIONS: Final = {
    "dynamodb:table:ReadCapacityUnits": ("table", "Read"),
    "dynamodb:table:WriteCapacityUnits": ("table", "Write"),
    "dynamodb:index:ReadCapacityUnits": ("index", "Read"),
    "dynamodb:index:WriteCapacityUnits": ("index", "Write"),
}


def plain(value: Any) -> Any:
    """Return a wire value with secrets unwrapped, UNKNOWN for each sentinel, MISFIT for each asset and archive."""
    if isinstance(value, dict) and SIGNATURE in value:
        return plain(value["value"]) if value[SIGNATURE] == SEALED else MISFIT
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in value}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return UNKNOWN if value in SENTINELS else value


def at(value: Any, *keys: str) -> Any:
    """Return what is at a path, None where it is absent, UNKNOWN or MISFIT where one on the way is not known or no map.

    Absent is, by the provider, also an empty string, list or map, and 0; false is not.
    """
    for key in keys:
        if value is None or value is UNKNOWN:
            return value
        if not isinstance(value, dict):
            return MISFIT
        value = value.get(key)
        if value in ("", 0, [], {}) and value is not False:
            value = None
    return value


def items(value: Any, key: str) -> list[Any]:
    """Return the elements of a list, none where it is absent; one that isn't known, or is none, has that as its only."""
    found = at(value, key)
    if found is None or isinstance(found, list):
        return found or []
    return [UNKNOWN if found is UNKNOWN else MISFIT]


def text(value: Any) -> str:
    """Return a string, "" for anything else."""
    return value if isinstance(value, str) else ""


def is_number(value: Any, least: float, most: float = float("inf")) -> bool:
    """Tell whether it is a number from `least` to `most`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def is_whole(value: Any, least: float, most: float = float("inf")) -> bool:
    """Tell whether it is a whole number from `least` to `most`."""
    return is_number(value, least, most) and value == int(value)


def is_name(value: Any) -> bool:
    """Tell whether DynamoDB takes it as the name of a table or an index."""
    legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
    return 3 <= len(text(value)) <= 255 and all(character in legal for character in value)


def resource_verdict(type_: str, properties: dict[str, Any], *, protect: bool, ignore_changes: list[str]) -> set[str]:
    """Return the names of the policies on single resources that must report a registration."""
    table = plain(properties)
    if type_ == INDEX and not has_a_capacity_that_will_do(table):
        return {"dynamodb-billing-mode"}
    if type_ != TABLE:
        return set()
    holds = {
        "dynamodb-autoscaling-ignore-changes": ignores_what_it_should(table, ignore_changes),
        "dynamodb-billing-mode": is_billed_as_it_should_be(table),
        "dynamodb-pitr-enabled": is_recoverable(table),
        "dynamodb-table-deletion-protection-enabled": at(table, "deletionProtectionEnabled") is True,
        "dynamodb-table-encryption-enabled": at(table, "serverSideEncryption", "enabled") is True,
        "dynamodb-table-protected": protect,
        "dynamodb-table-schema": has_a_schema(table),
        "dynamodb-table-tagged": is_tagged(table),
    }
    return {policy for policy, held in holds.items() if not held}


def ignores_what_it_should(table: dict[str, Any], ignored: list[str]) -> bool:
    """Tell whether a table that may be provisioned ignores its capacities and those of its indexes, and nothing else."""
    # Open: a table billed by request may ignore anything; any other mode but that, unknown too, counts as PROVISIONED.
    if at(table, "billingMode") == "PAY_PER_REQUEST":
        return True
    # Open: [*] may be ignored where there is no index, and an index may be ignored by its position.
    indexes = items(table, "globalSecondaryIndexes")
    positions = range(len(indexes)) if isinstance(at(table, "globalSecondaryIndexes"), list) else []
    for capacity in CAPACITIES:
        one_by_one = [f"globalSecondaryIndexes[{position}].{capacity}" for position in positions]
        are_all_there = bool(positions) and all(path in ignored for path in one_by_one)
        of_all = f"globalSecondaryIndexes[*].{capacity}"
        if capacity not in ignored or (indexes and of_all not in ignored and not are_all_there):
            return False
        ignored = [path for path in ignored if path not in (capacity, of_all, *one_by_one)]
    return ignored == []


def is_billed_as_it_should_be(table: dict[str, Any]) -> bool:
    """Tell whether the table may have its billing mode, and its capacities agree with it."""
    mode, name = at(table, "billingMode"), text(at(table, "name"))
    having = [table, *items(table, "globalSecondaryIndexes")]
    if mode == "PAY_PER_REQUEST":
        return all(at(one, capacity) is None for one in having for capacity in CAPACITIES)
    # Open: capacities are whole.
    is_listed = name == "RentalInvoices" or name.startswith("RentalInvoices-")
    has_all = all(is_whole(at(one, capacity), 1) for one in having for capacity in CAPACITIES)
    return mode == "PROVISIONED" and is_listed and has_all


def has_a_capacity_that_will_do(index: dict[str, Any]) -> bool:
    """Tell whether an index that is a resource of its own has no capacities, or both."""
    # Open: all that is asked of such an index.
    throughput = at(index, "provisionedThroughput")
    units = [at(throughput, key) for key in ("readCapacityUnits", "writeCapacityUnits")]
    return throughput is None or all(is_whole(capacity, 1) for capacity in units)


def is_recoverable(table: dict[str, Any]) -> bool:
    """Tell whether point-in-time recovery is on, for as long as it must."""
    days = at(table, "pointInTimeRecovery", "recoveryPeriodInDays")
    # Open: more than 35 days is wrong too, as AWS has no more.
    return at(table, "pointInTimeRecovery", "enabled") is True and (days is None or is_whole(days, 35, 35))


def is_tagged(table: dict[str, Any]) -> bool:
    """Tell whether the tag Environment is there, of whatever value."""
    for tags in (at(table, "tags"), at(table, "tagsAll")):
        if isinstance(tags, dict) and at(tags, "Environment") is not None:
            return True
    return False


def has_a_schema(table: dict[str, Any]) -> bool:
    """Tell whether names, keys, attributes, indexes and the stream are such as DynamoDB accepts."""
    global_indexes, local_indexes = items(table, "globalSecondaryIndexes"), items(table, "localSecondaryIndexes")
    attributes = items(table, "attributes")
    declared = [at(attribute, "name") for attribute in attributes]
    index_names = [at(index, "name") for index in global_indexes + local_indexes]
    all_keys = [keys(table, []), *[keys(index, items(index, "keySchemas")) for index in global_indexes]]
    all_keys += [[at(table, "hashKey"), at(index, "rangeKey")] for index in local_indexes]
    used = [key for some in all_keys for key in some]
    streams, view = at(table, "streamEnabled"), at(table, "streamViewType")
    return (
        # Open: a name must be there, and a key is no two of one table or index.
        all(is_name(name) for name in [at(table, "name"), *index_names])
        and all(1 <= len(text(name)) <= 255 for name in declared + used)
        and all(len(set(some)) == len(some) for some in all_keys)
        and sorted(declared) == sorted(set(used))
        and all(at(attribute, "type") in ("S", "N", "B") for attribute in attributes)
        and len(global_indexes) <= 20
        and len(local_indexes) <= 5
        # Open: a local index is of a table with a sort key.
        and (local_indexes == [] or at(table, "rangeKey") is not None)
        and len(set(index_names)) == len(index_names)
        and ((streams is True and view in VIEW_TYPES) or (streams in (None, False) and view is None))
    )


def keys(item: Any, schema: list[Any]) -> list[Any]:
    """Return the keys of a table or global index, stated as a pair or as a schema; [None] for one that is wrong."""
    pair = [at(item, "hashKey")] + ([] if at(item, "rangeKey") is None else [at(item, "rangeKey")])
    if not schema:
        return pair
    # Open: keys are stated one way; a schema has 1 to 4 of the type HASH, up to 4 of RANGE, no other.
    types = [at(key, "keyType") for key in schema]
    are_types_right = 1 <= types.count("HASH") <= 4 and types.count("HASH") + types.count("RANGE") == len(types)
    is_right = pair == [None] and are_types_right and types.count("RANGE") <= 4
    return [at(key, "attributeName") for key in schema] if is_right else [None]


@dataclass(eq=False)
class Scaled:
    """A table, or an index of one. `id` is None where a name is not known; `targets` are by access, the first first.

    `urn` is of the resource that says what it is, `table` of its table, "" where that is not in the stack.
    """

    kind: str
    urn: str
    table: str
    mode: Any
    id: str | None
    targets: dict[str, list["Scaler"]] = field(default_factory=lambda: {"Read": [], "Write": []})


@dataclass(eq=False)
class Scaler:
    """A target or policy. `of` is what a target scales, or a policy's target; None where the stack has none."""

    urn: str
    props: dict[str, Any]
    sources: list[str]
    of: Any = None
    policies: list["Scaler"] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read what says what is scaled."""
        self.namespace = at(self.props, "serviceNamespace")
        self.id, self.dimension = at(self.props, "resourceId"), at(self.props, "scalableDimension")
        self.kind, self.access = DIMENSIONS.get(text(self.dimension), ("", ""))


def stack_verdict(resources: list[tuple[str, str, dict[str, Any], dict[str, list[str]]]]) -> set[str]:
    """Return the URNs that dynamodb-autoscaling-enabled must report, of resources (type, urn, properties, dependencies).

    Dependencies are, by property, the URNs that its value comes from.
    """
    scaled, reported = find_scaled(resources)
    targets = [scaler for scaler in scalers(resources, TARGET) if is_about_dynamodb(scaler, scaled)]
    policies = [scaler for scaler in scalers(resources, POLICY) if is_about_dynamodb(scaler, scaled)]
    # Open: the first target is the one that says which; behind it come those that are known by what they come from.
    for target in sorted(targets, key=lambda target: target.id is UNKNOWN):
        # Open: of two tables of one name, the last.
        named = [one for one in scaled if one.id is not None and one.id == target.id][-1:]
        found = behind(target, scaled) if target.id is UNKNOWN else named
        target.of = found[0] if len(found) == 1 else None
        if target.of and target.of.kind == target.kind and target.namespace in ("dynamodb", UNKNOWN):
            target.of.targets[target.access].append(target)
    for policy in policies:
        policy.of = find_target(policy, targets, scaled)
        if policy.of:
            policy.of.policies.append(policy)
    # Open: what lacks a target is reported at the table, what lacks a policy at the target; modes as above.
    for one in scaled:
        is_provisioned = one.mode not in (UNKNOWN, ELSEWHERE, "PAY_PER_REQUEST")
        if is_provisioned and not (one.targets["Read"] and one.targets["Write"]):
            reported.add(one.urn)
    reported |= {target.urn for target in targets if not is_target_right(target, scaled)}
    reported |= {policy.urn for policy in policies if not is_policy_right(policy)}
    # Open: a stack without a table passes.
    return reported if any(one.kind == "table" for one in scaled) else set()


def find_scaled(resources: list[Any]) -> tuple[list[Scaled], set[str]]:
    """Return the tables and indexes that are certain to be there, and the URNs of what leaves open which there are."""
    scaled, open_ = [], set()
    tables = {urn: plain(props) for type_, urn, props, _ in resources if type_ == TABLE}
    for urn, table in tables.items():
        mode, name, indexes = at(table, "billingMode"), text(at(table, "name")), items(table, "globalSecondaryIndexes")
        scaled.append(Scaled("table", urn, urn, mode, f"table/{name}" if name else None))
        certain = [index for index in indexes if index is not UNKNOWN and index is not MISFIT]
        scaled += [Scaled("index", urn, urn, mode, index_id(name, at(index, "name"))) for index in certain]
        if mode is UNKNOWN or (mode != "PAY_PER_REQUEST" and certain != indexes):
            open_.add(urn)
    for type_, urn, props, dependencies in resources:
        if type_ == INDEX:
            index = plain(props)
            name, sources = at(index, "tableName"), set(dependencies.get("tableName", []))
            found = [one for one in tables if text(name) and at(tables[one], "name") == name]
            if name is UNKNOWN and len(sources & tables.keys()) == 1:
                found = list(sources & tables.keys())
                name = at(tables[found[0]], "name")
            # Open: its table need not be in the stack, but then it must be certain that it is none of them.
            if not found and not (text(name) and all(text(at(table, "name")) for table in tables.values())):
                open_.add(urn)
            table = found[-1] if found else ""
            mode = at(tables[table], "billingMode") if found else ELSEWHERE
            scaled.append(Scaled("index", urn, table, mode, index_id(name, at(index, "indexName"))))
    return scaled, open_


def index_id(table_name: Any, name: Any) -> str | None:
    """Return the resource id of an index, None while a name is not known."""
    return f"table/{table_name}/index/{name}" if text(table_name) and text(name) else None


def scalers(resources: list[Any], wanted: str) -> list[Scaler]:
    """Return the targets or the policies of a stack."""
    return [
        Scaler(urn, plain(props), dependencies.get("resourceId", []) + dependencies.get("scalableDimension", []))
        for type_, urn, props, dependencies in resources
        if type_ == wanted
    ]


def is_about_dynamodb(scaler: Scaler, scaled: list[Scaled]) -> bool:
    """Tell whether anything of a target or policy speaks of DynamoDB; if nothing does, it may be as it likes."""
    return (
        scaler.namespace == "dynamodb"
        or (scaler.namespace is UNKNOWN and text(scaler.dimension) == "")
        or text(scaler.dimension).startswith("dynamodb:")
        or text(scaler.id).startswith("table/")
        or any(one.urn in scaler.sources for one in scaled)
    )


def behind(scaler: Scaler, scaled: list[Scaled]) -> list[Scaled]:
    """Return the tables, or the indexes, that the ids of a target or policy come from."""
    return [
        one for one in scaled if one.kind == scaler.kind and (one.urn in scaler.sources or one.table in scaler.sources)
    ]


def find_target(policy: Scaler, targets: list[Scaler], scaled: list[Scaled]) -> Scaler | None:
    """Return the target of a policy: by its ids; where one is not known, the only one that fits where it comes from."""
    if policy.id is not UNKNOWN and policy.dimension is not UNKNOWN:
        found = [target for target in targets if target.dimension == policy.dimension]
        # Open: the first of the stack, be it known by what it comes from; and of an absent id, one that names nothing.
        found = [target for target in found if policy.id in (target.id, target.of and target.of.id)]
        return found[0] if found else None
    near = [target for one in behind(policy, scaled) for target in one.targets[policy.access]]
    found = [target for target in targets if target.urn in policy.sources or target in near]
    found = [target for target in found if policy.id == target.id or UNKNOWN in (policy.id, target.id)]
    found = [t for t in found if policy.dimension == t.dimension or UNKNOWN in (policy.dimension, t.dimension)]
    return found[0] if len(found) == 1 else None


def are_ids_right(scaler: Scaler, one: Scaled | None) -> bool:
    """Tell whether namespace, dimension and resource id are right, by themselves and for a table or index."""
    words = text(scaler.id).split("/")
    is_id = words[0] == "table" and all(words) and (len(words) == 2 or (len(words) == 4 and words[2] == "index"))
    fits = one is None or (one.kind == scaler.kind and one.mode != "PAY_PER_REQUEST")
    return scaler.namespace == "dynamodb" and scaler.kind != "" and (scaler.id is UNKNOWN or is_id) and fits


def is_target_right(target: Scaler, scaled: list[Scaled]) -> bool:
    """Tell whether nothing is to be reported of a target."""
    least, most = at(target.props, "minCapacity"), at(target.props, "maxCapacity")
    if target.of is None or not are_ids_right(target, target.of) or target.of.targets[target.access][0] is not target:
        return False
    if target.policies == [] or not is_whole(least, 1, 40000) or not is_whole(most, 1, 40000) or least > most:
        return False
    # An index that scales its writes to less than its table.
    tables = [one for one in scaled if one.kind == "table" and one.urn == target.of.table]
    rivals = [at(other.props, "maxCapacity") for one in tables for other in one.targets["Write"]]
    is_writing_index = target.dimension == "dynamodb:index:WriteCapacityUnits"
    return not (is_writing_index and any(is_whole(rival, 0) and most < rival for rival in rivals))


def is_policy_right(policy: Scaler) -> bool:
    """Tell whether nothing is to be reported of a policy."""
    tracking = at(policy.props, "targetTrackingScalingPolicyConfiguration")
    metric = at(tracking, "predefinedMetricSpecification", "predefinedMetricType")
    return (
        policy.of is not None
        and policy.of.policies[0] is policy
        and are_ids_right(policy, policy.of.of)
        and at(policy.props, "policyType") == "TargetTrackingScaling"
        and is_number(at(tracking, "targetValue"), 20, 90)
        and metric == f"DynamoDB{policy.access}CapacityUtilization"
        # Open: a policy has no second metric.
        and at(tracking, "customizedMetricSpecification") is None
    )
