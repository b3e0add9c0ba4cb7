"""What the policy pack must say of a program, by docs/policies.md: slow, obvious, apart from the rules.

Shares no code with the pack. Takes what a program registers as it is on the wire: JSON with secrets in their wrapping
and the sentinels of what is not known until deployment. A comment that begins with "Open:" decides what
docs/policies.md doesn't.
"""

import string
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any, Final

from pulumi_policy import proxy

TABLE: Final = "aws:dynamodb/table:Table"
REPLICA: Final = "aws:dynamodb/tableReplica:TableReplica"
INDEX: Final = "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex"
TARGET: Final = "aws:appautoscaling/target:Target"
POLICY: Final = "aws:appautoscaling/policy:Policy"
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
KEY: Final = "aws:kms/key:Key"
# The key that carries a type on the wire, and the type of a secret.
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SEALED: Final = "1b47061264138c4ac30d75fd1eb44270"
KINDS: Final = ("STRING", "BOOLEAN", "NUMBER", "ARRAY", "OBJECT", "ASSET", "ARCHIVE")
SENTINELS: Final = [getattr(proxy, f"UNKNOWN_{kind}_VALUE") for kind in KINDS]
# What isn't known until deployment, what is of a wrong type, whatever is expected, and keys that aren't stated right.
UNKNOWN, MISFIT, WRONG = object(), object(), object()
GLOBAL, LOCAL = "globalSecondaryIndexes", "localSecondaryIndexes"
VIEW_TYPES: Final = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
RESTORES: Final = ("restoreSourceName", "restoreSourceTableArn", "restoreBackupArn")
LEGAL: Final = set(string.ascii_letters + string.digits + "_.-")
ACCESSES: Final = ("Read", "Write")
# The kind and the access that a dimension is of.
DIMENSIONS: Final = {f"dynamodb:{k}:{a}CapacityUnits": (k, a) for k in ("table", "index") for a in ACCESSES}


@dataclass(eq=False, kw_only=True)
class Resource:
    """What a program registers; `sources` are, by property, the URNs that its value comes from."""

    type: str
    name: str
    inputs: dict[str, Any]
    protect: bool = True
    ignored: list[str] = field(default_factory=list)
    sources: dict[str, list[str]] = field(default_factory=dict)
    provider_region: str = ""

    def __post_init__(self) -> None:
        """Read the inputs: as they are, and as the stack shows them, where what is unknown but from nowhere isn't set."""
        self.urn = f"urn:pulumi:prod::paypulse::{self.type}::{self.name}"
        self.seen = {key: plain(self.inputs[key], UNKNOWN if self.sources.get(key) else None) for key in self.inputs}
        # Only the stack shows which table a replica is of, so it is judged there.
        self.props = self.seen if self.type == REPLICA else plain(self.inputs)
        # Open: a region of a wrong type, or not known, is the provider's.
        self.region = text(at(self.props, "region")) or self.provider_region
        # A billing mode that is missing is the provider's default.
        self.mode = "PROVISIONED" if at(self.seen, "billingMode") is None else at(self.seen, "billingMode")
        # Of an index or a replica its table, and what a table has of these.
        self.table, self.replicas, self.indexes = None, [], []
        # Of a target or a policy what it says that it scales, what it does scale, or the policy's target, and policies.
        self.id, self.dimension = word(at(self.seen, "resourceId")), word(at(self.seen, "scalableDimension"))
        self.kind, self.access = DIMENSIONS.get(text(self.dimension), ("", ""))
        self.namespace, self.of, self.policies = at(self.seen, "serviceNamespace"), None, []
        self.id_sources = self.sources.get("resourceId", []) + self.sources.get("scalableDimension", [])


def plain(value: Any, unknown: Any = UNKNOWN) -> Any:
    """Return a wire value with secrets unwrapped, `unknown` for each sentinel, MISFIT for each asset and archive."""
    if isinstance(value, dict) and SIGNATURE in value:
        return plain(value["value"], unknown) if value[SIGNATURE] == SEALED else MISFIT
    if isinstance(value, dict):
        return {key: plain(value[key], unknown) for key in value}
    if isinstance(value, list):
        return [plain(item, unknown) for item in value]
    return unknown if value in SENTINELS else value


def at(value: Any, *keys: str) -> Any:
    """Return what is at a path, None where it is missing, UNKNOWN or MISFIT where one on the way is not known or no map.

    Missing is also an empty string, list or map, and 0; false is not.
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


def items(value: Any, *keys: str) -> list[Any]:
    """Return the elements of a list, none where it is missing; one that isn't known, or is none, has that as its only."""
    found = at(value, *keys)
    if found is None or isinstance(found, list):
        return found or []
    return [UNKNOWN if found is UNKNOWN else MISFIT]


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def word(value: Any) -> Any:
    return value if isinstance(value, str) or value is None or value is UNKNOWN else MISFIT


def is_object(value: Any) -> bool:
    return value is UNKNOWN or isinstance(value, dict)


def is_number(value: Any, least: float, most: float = float("inf"), *, whole: bool = True) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    return is_one and (not whole or value == int(value))


def is_near(one: str, other: str) -> bool:
    """Tell whether two regions may be the same; "" is one that is not known."""
    return one == other or "" in (one, other)


def verdict(program: list[Resource], level: str, listed: list[str], contract: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the policies that must report something, with the URNs; `listed` are the provisionedTables.

    The URN of the stack itself is "".
    """
    stack = [replace(one) for one in program]
    tables = [one for one in stack if one.type == TABLE]
    for one in [one for one in stack if one.type in (INDEX, REPLICA)]:
        one.table = table_of(one, tables)
        if one.table:
            (one.table.replicas if one.type == REPLICA else one.table.indexes).append(one)
    wrong = {(policy, one.urn) for one in stack for policy, right in judge(one, level, listed).items() if not right}
    wrong |= {("dynamodb-table-contract", urn) for urn in (contract_verdict(tables, contract) if contract else ())}
    # A stack without tables is not judged.
    return wrong | (scaling_verdict(stack, tables) | alarm_verdict(stack, tables) if tables else set())


def alarm_verdict(stack: list[Resource], tables: list[Resource]) -> set[tuple[str, str]]:
    """Return what the policy on alarms must report, with the URNs."""
    facts = [(table, access, is_alarmed(table, access, stack, tables)) for table in tables for access in ACCESSES]
    wrong = {table.urn for table, _, has_alarm in facts if has_alarm is not True}
    # All are lacking for sure: that is one finding, of the stack.
    is_bare = len(tables) > 1 and all(has_alarm is False for _, _, has_alarm in facts)
    return {("dynamodb-table-alarmed", urn) for urn in ([""] if is_bare else wrong)}


def is_alarmed(table: Resource, access: str, stack: list[Resource], tables: list[Resource]) -> bool | None:
    """Tell whether an alarm is on a table's throttled reads or writes; None if only a deployment shows that."""
    found: list[bool | None] = [False]
    for alarm in [one for one in stack if one.type == ALARM and is_near(one.region, table.region)]:
        watched = [("dimensions", alarm.seen)]
        watched += [("metricQueries", at(query, "metric")) for query in items(alarm.seen, "metricQueries")]
        for property_, metric in watched:
            named = (at(metric, "namespace"), at(metric, "metricName"))
            if named[0] in ("AWS/DynamoDB", UNKNOWN) and named[1] in (f"{access}ThrottleEvents", UNKNOWN):
                is_here = is_watched(table, alarm.sources.get(property_, []), at(metric, "dimensions"), alarm, tables)
                found.append(None if is_here and UNKNOWN in named else is_here)
    return True if True in found else None if None in found else False


def is_watched(
    table: Resource, sources: list[str], dimensions: Any, alarm: Resource, tables: list[Resource]
) -> bool | None:
    """Tell whether dimensions are those of a table; None if only a deployment shows that."""
    name, known = (UNKNOWN if dimensions is UNKNOWN else at(dimensions, "TableName")), at(table.seen, "name")
    if isinstance(dimensions, dict) and [key for key in dimensions if at(dimensions, key) is not None] != ["TableName"]:
        return False
    if name is UNKNOWN:
        near = [one for one in tables if is_near(one.region, alarm.region)]
        # What comes from a table is for that one; what comes from elsewhere may be for any.
        return bool(urns_of(table) & set(sources)) or (
            None if not any(urns_of(one) & set(sources) for one in near) else False
        )
    return False if not text(name) else None if known is UNKNOWN else known == name


def contract_verdict(tables: list[Resource], contract: dict[str, Any]) -> set[str]:
    """Return the URNs of what isn't as the contract says."""
    seen_names = [at(table.seen, "name") for table in tables]
    missing = [name for name in contract if name not in seen_names]
    # A table whose name is not known may be a missing one.
    wrong = {""} if len(missing) > seen_names.count(UNKNOWN) else set()
    for table in tables:
        name, seen_name = (word(at(props, "name")) for props in (table.props, table.seen))
        if name not in contract or not is_as_agreed(table, contract[name]):
            wrong.add(table.urn)
        agreed = contract.get(seen_name, {"globalSecondaryIndexes": []})
        if seen_name in contract:
            wrong |= {one.urn for one in table.indexes if not is_own_index_as_agreed(one, agreed)}
        # All of its indexes are its own, or it has none; one whose name is not known may be any.
        names = [word(at(one.seen, "indexName")) for one in table.indexes]
        has_all = all(index["name"] in names for index in agreed.get(GLOBAL, []))
        if items(table.props, GLOBAL) == [] and not has_all and UNKNOWN not in names:
            wrong.add(table.urn)
    return wrong


def is_as_agreed(table: Resource, agreed: dict[str, Any]) -> bool:
    props, inline = table.props, items(table.props, GLOBAL)
    view = at(props, "streamViewType") if at(props, "streamEnabled") is True else None
    by_name = {index["name"]: index for index in agreed.get(GLOBAL, [])}
    order, names = list(by_name), [word(at(index, "name")) for index in inline]
    return (
        are_keys_as_agreed(props, agreed)
        and all(is_type_as_agreed(one, "name", "type", agreed) for one in items(props, "attributes"))
        and at(props, "streamEnabled") is not UNKNOWN
        and view == agreed.get("streamViewType")
        # Open: two of one name are a finding of the schema.
        and (inline == [] or (set(names) == set(order) and names == sorted(names, key=order.index)))
        and all(is_index_as_agreed(index, index, by_name[name]) for index, name in zip(inline, names, strict=True))
    )


def is_own_index_as_agreed(index: Resource, agreed: dict[str, Any]) -> bool:
    found = [one for one in agreed.get(GLOBAL, []) if one["name"] == at(index.seen, "indexName")]
    types = items(index.seen, "keySchemas")
    are_right = all(is_index_as_agreed(index.seen, at(index.seen, "projection"), one) for one in found)
    return (
        found != []
        and are_right
        and all(is_type_as_agreed(one, "attributeName", "attributeType", agreed) for one in types)
    )


def is_index_as_agreed(index: Any, projection: Any, agreed: dict[str, Any]) -> bool:
    extra, wanted = [word(name) for name in items(projection, "nonKeyAttributes")], agreed["projection"]
    wanted, included = ("INCLUDE", wanted) if isinstance(wanted, list) else (wanted, [])
    is_projected = at(projection, "projectionType") == wanted and set(extra) == set(included)
    return are_keys_as_agreed(index, agreed) and is_projected


def are_keys_as_agreed(item: Any, agreed: dict[str, Any]) -> bool:
    """Tell whether keys are the agreed ones. Open: of another keyType, or stated twice, they are for the schema."""
    schema = items(item, "keySchemas")
    if any(word(at(key, "keyType")) is UNKNOWN for key in schema):
        return False
    for type_, one_key, field_ in (("HASH", "hashKey", "partitionKey"), ("RANGE", "rangeKey", "sortKey")):
        names = [word(at(key, "attributeName")) for key in schema if at(key, "keyType") == type_]
        names += [] if at(item, one_key) is None else [word(at(item, one_key))]
        wanted = agreed.get(field_, [])
        if names != (wanted if isinstance(wanted, list) else [wanted]):
            return False
    # Open: a key of no known type whose name is not known decides, too.
    return all(word(at(key, "attributeName")) is not UNKNOWN for key in schema)


def is_type_as_agreed(attribute: Any, of_name: str, of_type: str, agreed: dict[str, Any]) -> bool:
    name, type_ = word(at(attribute, of_name)), at(attribute, of_type)
    stated = [agreed, *agreed.get(GLOBAL, [])]
    found = [one.get(field_, []) for one in stated for field_ in ("partitionKey", "sortKey")]
    keys = {key for some in found for key in (some if isinstance(some, list) else [some])}
    if name in agreed["attributes"]:
        return type_ == agreed["attributes"][name]
    return name is not UNKNOWN and name not in keys


def table_of(one: Resource, tables: list[Resource]) -> Resource | None:
    """Return the table of an index or a replica: of a name and region or, where that is not known, what it comes from."""
    key = "tableName" if one.type == INDEX else "globalTableArn"
    name, region = text(at(one.seen, key)), one.region
    if one.type == REPLICA:
        # arn:aws:dynamodb:REGION:ACCOUNT:table/NAME
        _, _, _, region, _, name, *_ = [*name.removesuffix("/").replace("table/", "").split(":"), *[""] * 6]
    found = [table for table in tables if name and at(table.seen, "name") == name and is_near(table.region, region)]
    if at(one.seen, key) is UNKNOWN:
        found = [table for table in tables if urns_of(table) & set(one.sources[key])]
    # Open: of two tables of one name and region, none.
    return found[0] if len(found) == 1 else None


def urns_of(table: Resource) -> set[str]:
    """Return the URNs that the name of a table may come from: the table's, and what its own name comes from."""
    return {table.urn, *(table.sources.get("name", []) if at(table.seen, "name") is UNKNOWN else [])}


def judge(one: Resource, level: str, listed: list[str]) -> dict[str, bool]:
    """Return the policies that judge a resource by itself, or with its table, and whether it is right."""
    props, inline = one.props, items(one.props, "replicas")
    if one.type == INDEX:
        return {"dynamodb-billing-mode": is_index_billed_right(one), "dynamodb-table-schema": is_index_right(one)}
    if one.type not in (TABLE, REPLICA):
        return {}
    days = at(props, "pointInTimeRecovery", "recoveryPeriodInDays") if one.type == TABLE else None
    recovery = at(props, "pointInTimeRecovery", *["enabled"] * (one.type == TABLE))
    # Open: a TableReplica has no replicas. Of one that is given some, this policy judges none, and others do.
    recoveries = [recovery, *[at(some, "pointInTimeRecovery") for some in inline if one.type == TABLE]]
    protections = [at(some, "deletionProtectionEnabled") for some in [props, *inline]]
    tags = [tags for tags in (at(props, "tags"), at(props, "tagsAll")) if isinstance(tags, dict)]
    is_tagged = any(at(some, "Environment") is not None for some in tags)
    result = {
        "dynamodb-pitr-enabled": are_true(recoveries) and (days is None or is_number(days, 35, 35)),
        "dynamodb-table-deletion-protection-enabled": are_true(protections),
        "dynamodb-table-encryption-enabled": is_encrypted(one, level),
        "dynamodb-table-tagged": is_tagged and are_true([at(some, "propagateTags") for some in inline]),
    }
    of_tables = {
        "dynamodb-billing-mode": is_billed_right(one, listed),
        "dynamodb-table-protected": one.protect,
        "dynamodb-table-schema": is_table_right(one),
        "dynamodb-table-ttl": at(props, "ttl", "enabled") in (None, False),
    }
    return result | of_tables if one.type == TABLE else result


def are_true(values: list[Any]) -> bool:
    return all(value is True for value in values)


def is_encrypted(one: Resource, level: str) -> bool:
    path = ("serverSideEncryption", "kmsKeyArn")
    # Open: at the level kms, a replica's key that is not known is a customer managed one, wherever it comes from.
    sources = one.sources if level == "cmk" else {}
    if one.type == REPLICA:
        key = at(one.table.seen, *path) if one.table else None
        is_right, others = True, [is_cmk(at(one.props, "kmsKeyArn"), sources.get("kmsKeyArn", []))]
    else:
        key, of_replicas = at(one.props, *path), sources.get("replicas", [])
        is_right = at(one.props, "serverSideEncryption", "enabled") is True
        is_right = is_right and (level == "kms" or is_cmk(key, one.sources.get("serverSideEncryption", [])))
        others = [is_cmk(at(some, "kmsKeyArn"), of_replicas) for some in items(one.props, "replicas")]
    return is_right and (all(others) or (level == "kms" and not is_cmk(key, [])))


def is_cmk(key: Any, sources: list[str]) -> bool:
    """Tell whether a key is the ARN of a customer managed one, or not known and comes from nothing but KMS keys."""
    parts = text(key).split(":")
    is_arn = len(parts) == 6 and parts[0] == "arn" and parts[1].startswith("aws") and parts[2] == "kms"
    is_own = is_arn and parts[5].startswith(("key/", "alias/")) and not parts[5].startswith("alias/aws/")
    # Open: what comes from nowhere is unset where it can be seen where it comes from, and set before.
    return is_own or (key is UNKNOWN and all(f":{KEY}:" in urn for urn in sources))


def is_billed_right(table: Resource, listed: list[str]) -> bool:
    mode, name = at(table.props, "billingMode"), text(at(table.props, "name"))
    # Open: an index that is none is a finding of the schema, and one that is not known, where it should have none.
    indexes = [one for one in items(table.props, GLOBAL) if is_object(one)]
    having = [table.props, *[one for one in indexes if one is not UNKNOWN or mode == "PROVISIONED"]]
    capacities = [at(one, capacity) for one in having for capacity in ("readCapacity", "writeCapacity")]
    if mode == "PAY_PER_REQUEST":
        return all(capacity is None for capacity in capacities)
    is_listed = any(fnmatchcase(name, pattern) for pattern in listed)
    return mode == "PROVISIONED" and is_listed and all(is_number(capacity, 1) for capacity in capacities)


def is_index_billed_right(index: Resource) -> bool:
    units = ("readCapacityUnits", "writeCapacityUnits")
    stated, seen = ([at(props, "provisionedThroughput", key) for key in units] for props in (index.props, index.seen))
    mode = index.table.mode if index.table else None
    agrees = mode not in ("PROVISIONED", "PAY_PER_REQUEST") or (seen != [None, None]) == (mode == "PROVISIONED")
    return agrees and (stated == [None, None] or all(is_number(capacity, 1) for capacity in stated))


def is_table_right(table: Resource) -> bool:
    props, own = table.props, [one.seen for one in table.indexes]
    global_, local, replicas = items(props, GLOBAL), items(props, LOCAL), items(props, "replicas")
    attributes, streams, view = items(props, "attributes"), at(props, "streamEnabled"), at(props, "streamViewType")
    declared = [word(at(attribute, "name")) for attribute in attributes]
    names = [word(at(index, "name")) for index in global_ + local]
    all_names = [name for name in names + [at(index, "indexName") for index in own] if text(name)]
    is_restored = any(at(props, key) is not None for key in RESTORES)
    # Open: a restored table leaves out all of them, or none.
    is_free = is_restored and declared == [] and at(props, "hashKey") is None
    keys = [keys_of(item) for item in [props, *global_]]
    keys += [[word(at(props, "hashKey")), word(at(index, "rangeKey"))] for index in local]
    used, used_elsewhere = {key for some in keys for key in some}, {key for index in own for key in keys_of(index)}
    extra = [items(index, "nonKeyAttributes") for index in global_ + local]
    extra += [items(index, "projection", "nonKeyAttributes") for index in own]
    is_limited = any(one is not UNKNOWN and at(one, "onDemandThroughput") is not None for one in [props, *global_])
    needs_stream = any(one is not UNKNOWN and at(one, "consistencyMode") != "STRONG" for one in replicas)
    needs_stream = needs_stream or (table.replicas != [] and items(table.seen, "replicas") == [])
    return (
        all(is_object(one) for one in [*global_, *local, *attributes, *replicas])
        and all(is_name(name) for name in [at(props, "name"), *names])
        and len(set(all_names)) == len(all_names)
        and (is_free or (used <= set(declared) and all(1 <= len(text(name)) <= 255 for name in [*declared, *used])))
        and all(are_distinct(some) for some in keys)
        # Open: while an index of its own has keys that can't be read, any attribute may be one.
        and (set(declared) <= used | used_elsewhere or not all(text(key) for key in used_elsewhere))
        and len(set(declared)) == len(declared)
        and all(at(attribute, "type") in ("S", "N", "B") for attribute in attributes)
        and len(global_) + len(own) <= 20
        and len(local) <= 5
        and (local == [] or is_restored or at(props, "rangeKey") is not None)
        and not (global_ and own)
        and all(is_projected_right(index) for index in global_ + local)
        and sum(len(some) for some in extra) <= 100
        and all(is_warm_enough(one) for one in [props, *global_])
        and not (is_limited and at(props, "billingMode") == "PROVISIONED")
        and ((streams is True and view in VIEW_TYPES) or (streams in (None, False) and view is None))
        and (not needs_stream or (streams is True and view == "NEW_AND_OLD_IMAGES"))
        and (at(props, "globalTableWitness") is None or len(replicas) == 1)
        and not (at(props, "ttl", "enabled") is True and at(props, "ttl", "attributeName") is None)
    )


def is_index_right(index: Resource) -> bool:
    keys, schema = keys_of(index.props), items(index.props, "keySchemas")
    is_limited = at(index.seen, "onDemandThroughput") is not None
    return (
        is_name(at(index.props, "indexName"))
        and all(1 <= len(text(key)) <= 255 for key in keys)
        and are_distinct(keys)
        and all(at(key, "attributeType") in ("S", "N", "B") for key in schema)
        and is_projected_right(at(index.props, "projection"))
        and is_warm_enough(index.props)
        and not (is_limited and index.table and index.table.mode == "PROVISIONED")
    )


def is_name(value: Any) -> bool:
    return value is UNKNOWN or (3 <= len(text(value)) <= 255 and set(value) <= LEGAL)


def are_distinct(keys: list[Any]) -> bool:
    names = [key for key in keys if text(key)]
    return WRONG not in keys and len(set(names)) == len(names)


def keys_of(item: Any) -> list[Any]:
    """Return the keys of a table or global index, stated as a pair or as a schema; [WRONG] for a wrong schema."""
    pair = [word(at(item, "hashKey"))] + ([] if at(item, "rangeKey") is None else [word(at(item, "rangeKey"))])
    schema = items(item, "keySchemas")
    if not schema:
        return pair
    types = [word(at(key, "keyType")) for key in schema]
    partition, sort = types.count("HASH"), types.count("RANGE")
    is_ordered = types == ["HASH"] * partition + ["RANGE"] * sort and 1 <= partition <= 4 and sort <= 4
    # A keyType that is not known is not judged, nor what it decides.
    is_right = is_ordered or (UNKNOWN in types and set(types) <= {"HASH", "RANGE", UNKNOWN})
    is_right = is_right and pair == [None] and all(is_object(key) for key in schema)
    return [word(at(key, "attributeName")) for key in schema] if is_right else [WRONG]


def is_projected_right(projection: Any) -> bool:
    type_, extra = at(projection, "projectionType"), items(projection, "nonKeyAttributes")
    if type_ == "INCLUDE":
        return 1 <= len(extra) <= 20
    # Open: a missing type is left to the provider.
    return len(extra) <= 20 if type_ in (None, UNKNOWN) else type_ in ("ALL", "KEYS_ONLY") and extra == []


def is_warm_enough(one: Any) -> bool:
    least = {"readUnitsPerSecond": 12000, "writeUnitsPerSecond": 4000}
    units = {key: at(one, "warmThroughput", key) for key in least}
    return all(units[key] in (None, UNKNOWN) or is_number(units[key], least[key]) for key in least)


def scaled_of(table: Resource) -> list[Any]:
    """Return a table, its indexes, and those of its replicas; `id` is None where a name isn't known."""
    name = at(table.seen, "name")
    parts = [("table", f"table/{name}" if text(name) else None, None)]
    indexes = [(at(index, "name"), None) for index in items(table.seen, GLOBAL) if isinstance(index, dict)]
    for index, own in indexes + [(at(index.seen, "indexName"), index) for index in table.indexes]:
        id_ = f"table/{name}/index/{index}" if text(name) and text(index) else None
        parts += [("index", id_, own)] if text(index) or index is UNKNOWN else []
    regions = {text(at(replica, "regionName")) for replica in items(table.seen, "replicas")}
    regions |= {replica.region for replica in table.replicas}
    result = []
    for region, is_replica in [(table.region, False), *[(region, True) for region in regions]]:
        for kind, id_, own in parts:
            one = SimpleNamespace(kind=kind, id=id_, own=own, table=table, region=region, is_replica=is_replica)
            one.urns, one.targets = urns_of(table) | ({own.urn} if own else set()), {"Read": [], "Write": []}
            result.append(one)
    return result


def scaling_verdict(stack: list[Resource], tables: list[Resource]) -> set[tuple[str, str]]:
    """Return what the policies on autoscaling must report, with the URNs."""
    scaled = [one for table in tables for one in scaled_of(table)]
    scalers = [one for one in stack if one.type in (TARGET, POLICY) and is_about_dynamodb(one, scaled)]
    # What says by itself what it scales comes before what is known by what it comes from.
    scalers.sort(key=lambda one: UNKNOWN in (one.id, one.dimension))
    targets, policies = ([one for one in scalers if one.type == type_] for type_ in (TARGET, POLICY))
    for target in targets:
        found = may_be_of(target, scaled)
        # Open: of two of one name, the first; of what comes from one table, the first that has none yet.
        found.sort(key=lambda one: target.id is UNKNOWN and one.targets[target.access] != [])
        target.of = found[0] if found else None
        if target.of and target.of.kind == target.kind and target.namespace in ("dynamodb", UNKNOWN):
            target.of.targets[target.access].append(target)
    for policy in policies:
        # Open: the first that has none yet; one with a wrong namespace, which scales nothing, as the last.
        found = targets_of(policy, targets, scaled)
        found.sort(key=lambda one: (one.policies != [], one.namespace not in ("dynamodb", UNKNOWN)))
        policy.of = found[0] if found else None
        if policy.of:
            policy.of.policies.append(policy)
    reported = [target for target in targets if not is_target_right(target, scaled)]
    reported += [policy for policy in policies if not is_policy_right(policy, scaled)]
    for table in tables:
        needing = [one for one in scaled if one.table is table and not one.is_replica]
        is_lacking = any(one.targets[access] == [] for one in needing for access in one.targets)
        # A mode, or an index, that is not known decides.
        is_lacking = is_lacking or UNKNOWN in items(table.seen, GLOBAL)
        reported += [table] if table.mode is UNKNOWN or (table.mode == "PROVISIONED" and is_lacking) else []
    judged = [one for table in tables for one in [table, *table.indexes]]
    return {("dynamodb-autoscaling-enabled", one.urn) for one in reported} | {
        ("dynamodb-autoscaling-ignore-changes", one.urn) for one in judged if not ignores_what_it_should(one, scaled)
    }


def is_about_dynamodb(scaler: Resource, scaled: list[Any]) -> bool:
    """Tell whether anything of a target or policy speaks of DynamoDB; if nothing does, it may be as it likes."""
    is_from_ours = scaler.namespace is UNKNOWN or any(one.urns & set(scaler.id_sources) for one in scaled)
    is_named = text(scaler.dimension).startswith("dynamodb:") or text(scaler.id).startswith("table/")
    return scaler.namespace == "dynamodb" or is_named or (text(scaler.dimension) == "" and is_from_ours)


def may_be_of(scaler: Resource, scaled: list[Any]) -> list[Any]:
    """Return what the resource id of a target or policy names or, where that is not known, comes from."""
    near = [one for one in scaled if is_near(one.region, scaler.region)]
    if scaler.id is not UNKNOWN:
        return [one for one in near if one.id and one.id == scaler.id]
    return [one for urn in scaler.id_sources for one in near if one.kind == scaler.kind and urn in one.urns]


def targets_of(policy: Resource, targets: list[Resource], scaled: list[Any]) -> list[Resource]:
    """Return the targets that a policy may be of: by its ids or, where one is not known, by what they come from."""
    if UNKNOWN in (policy.id, policy.dimension):
        found = [target for target in targets if target.urn in policy.id_sources]
        found = found or [t for one in may_be_of(policy, scaled) for t in one.targets.get(policy.access, [])]
    else:
        # Open: a target known by what it comes from has the id of what it scales.
        found = [target for target in targets if policy.id in (target.id, *([target.of.id] if target.of else []))]
    found = [target for target in found if is_near(policy.region, target.region)]
    found = [target for target in found if policy.id == target.id or UNKNOWN in (policy.id, target.id)]
    return [t for t in found if policy.dimension == t.dimension or UNKNOWN in (policy.dimension, t.dimension)]


def are_ids_right(scaler: Resource, of: Any) -> bool:
    """Tell whether namespace, dimension and resource id are right, by themselves and for a table or index."""
    words = text(scaler.id).split("/")
    is_id = words[0] == "table" and all(words) and (len(words) == 2 or (len(words) == 4 and words[2] == "index"))
    is_right = scaler.namespace == "dynamodb" and scaler.kind != "" and (scaler.id is UNKNOWN or is_id)
    return is_right and of.kind == scaler.kind and of.table.mode != "PAY_PER_REQUEST"


def is_target_right(target: Resource, scaled: list[Any]) -> bool:
    least, most, of = at(target.seen, "minCapacity"), at(target.seen, "maxCapacity"), target.of
    if of is None and is_of_unknown_index(target, scaled):
        return True
    if of is None or not are_ids_right(target, of) or of.targets[target.access][0] is not target or not target.policies:
        return False
    # An index that scales its writes to less than its table.
    tables = [one for one in scaled if one.table is of.table and one.kind == "table" and one.region == of.region]
    rivals = [at(other.seen, "maxCapacity") for one in tables for other in one.targets["Write"]]
    rivals = rivals if (target.kind, target.access) == ("index", "Write") else []
    are_numbers = is_number(least, 1, 40000) and is_number(most, 1, 40000)
    return are_numbers and least <= most and not any(is_number(rival, 0) and most < rival for rival in rivals)


def is_of_unknown_index(target: Resource, scaled: list[Any]) -> bool:
    """Tell whether a target names an index of a table whose indexes are not known. Open: it is left to the table."""
    words = text(target.id).split("/")
    tables = [one.table for one in scaled if len(words) == 4 and words[2] == "index" and one.id == "/".join(words[:2])]
    return any(UNKNOWN in items(table.seen, GLOBAL) for table in tables)


def is_policy_right(policy: Resource, scaled: list[Any]) -> bool:
    tracking, target = at(policy.seen, "targetTrackingScalingPolicyConfiguration"), policy.of
    access = policy.access or (target.access if target else "")
    metric = at(tracking, "predefinedMetricSpecification", "predefinedMetricType")
    # One mistake is one finding: what the target has wrong is told of it, and that there is none, of the table.
    if target:
        is_joined = target.policies[0] is policy and policy.namespace in ("dynamodb", target.namespace)
    else:
        named = may_be_of(policy, scaled)
        is_joined = (
            policy.id is not UNKNOWN and named != [] and not named[0].is_replica and are_ids_right(policy, named[0])
        )
    return (
        is_joined
        and at(policy.seen, "policyType") == "TargetTrackingScaling"
        and is_number(at(tracking, "targetValue"), 20, 90, whole=False)
        and (access == "" or metric == f"DynamoDB{access}CapacityUtilization")
        # Open: a policy has no second metric.
        and at(tracking, "customizedMetricSpecification") is None
    )


def ignores_what_it_should(one: Resource, scaled: list[Any]) -> bool:
    """Tell whether a table, or an index of its own, ignores the capacities that are scaled, and no more than capacities."""
    own, table, paths = (one if one.table else None), one.table or one, set(one.ignored)
    here = [some for some in scaled if some.table is table and some.own is own and not some.is_replica]
    moved = {(some.kind, access) for some in here for access in some.targets if some.targets[access]}
    if table.mode not in ("PROVISIONED", UNKNOWN) or not moved:
        return True
    # Open: in place of all, each may be ignored: that is not tried here.
    if own:
        return paths == {"provisionedThroughput"}
    capacities = {("table", access): f"{access.lower()}Capacity" for access in ACCESSES}
    capacities |= {("index", access): f"{GLOBAL}[*].{access.lower()}Capacity" for access in ACCESSES}
    needed = {capacities[some] for some in moved}
    return needed <= paths <= {*capacities.values(), *(["replicas"] if table.replicas else [])}
