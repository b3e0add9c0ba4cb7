"""The pack, over the wire, against the oracle: of whatever is registered, it reports exactly what it must."""

import copy
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from tests.conftest import ROOT
from tests.policies import oracle
from tests.policies.oracle import ALARM, INDEX, KEY, POLICY, REPLICA, SIGNATURE, TABLE, TARGET, Resource, verdict

UNKNOWN = oracle.SENTINELS[0]
HOME, AWAY = "eu-west-1", "us-east-1"
# What the provider computes where it isn't set: at a preview, that is unknown and comes from nowhere.
COMPUTED = {
    TABLE: "arn id streamArn streamLabel streamViewType globalSecondaryIndexes globalTableWitness pointInTimeRecovery "
    "serverSideEncryption ttl warmThroughput",
    REPLICA: "arn id kmsKeyArn",
    INDEX: "arn id onDemandThroughput provisionedThroughput warmThroughput",
    TARGET: "arn id roleArn suspendedState",
    POLICY: "arn id alarmArns",
    ALARM: "arn id evaluateLowSampleCountPercentiles",
    "globalSecondaryIndexes": "hashKey keySchemas readCapacity writeCapacity warmThroughput",
}


@pytest.fixture(scope="module")
def pack():
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
    with subprocess.Popen(command, cwd=ROOT / "policies", stdout=subprocess.PIPE, text=True) as process:
        try:
            yield AnalyzerStub(grpc.insecure_channel(f"127.0.0.1:{next(iter(process.stdout or [])).strip()}"))
        finally:
            process.kill()


def reported(
    pack: AnalyzerStub, program: list[Resource], level: str, listed: list[str], agreed: dict[str, Any], *, preview: bool
) -> set[Any]:
    """Return what is reported of the inputs of each resource, and then of the outputs of all: policies and URNs."""
    billing, encryption = {"provisionedTables": listed}, {"level": level}
    own = {"dynamodb-billing-mode": billing, "dynamodb-table-encryption-enabled": encryption}
    own["dynamodb-table-contract"] = {"tables": agreed}
    configuration = proto.ConfigureAnalyzerRequest()
    for policy in pack.GetAnalyzerInfo(empty_pb2.Empty()).policies:
        configuration.policyConfig[policy.name].enforcementLevel = proto.MANDATORY
        configuration.policyConfig[policy.name].properties.update(own.get(policy.name, {}))
    pack.Configure(configuration)
    found, together = [], []
    for one in program:
        response = pack.Analyze(wire(proto.AnalyzeRequest, one, one.inputs))
        found += [(diagnostic, one.urn) for diagnostic in response.diagnostics]
        sources = {key: proto.AnalyzerPropertyDependencies(urns=urns) for key, urns in one.sources.items()}
        outputs = previewed(one.inputs, one.type) if preview else one.inputs
        together.append(wire(proto.AnalyzerResource, one, outputs, propertyDependencies=sources))
    response = pack.AnalyzeStack(proto.AnalyzeStackRequest(resources=together))
    found += [(diagnostic, diagnostic.urn) for diagnostic in response.diagnostics]
    # A policy that couldn't be run is advisory, whatever its level.
    return {(one.policyName, urn, *[one.message] * (one.enforcementLevel != proto.MANDATORY)) for one, urn in found}


def wire(message: Any, one: Resource, properties: dict[str, Any], **more: Any) -> Any:
    options = proto.AnalyzerResourceOptions(protect=one.protect, ignoreChanges=one.ignored)
    result = message(type=one.type, urn=one.urn, name=one.name, options=options, **more)
    result.properties.update(properties)
    if one.provider_region:
        result.provider.properties.update({"region": one.provider_region})
    return result


def previewed(properties: Any, name: str) -> Any:
    """Return the outputs that a preview has for these inputs of a resource."""
    if isinstance(properties, list):
        return [previewed(item, name) for item in properties]
    if not isinstance(properties, dict) or SIGNATURE in properties or name not in COMPUTED:
        return properties
    computed = {key: UNKNOWN for key in COMPUTED[name].split() if properties.get(key) in (None, [])}
    return {key: previewed(value, key) for key, value in properties.items()} | computed


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: oracle.SEALED, "value": value}


def keys(pairs: str) -> list[dict[str, str]]:
    return [dict(zip(("attributeName", "keyType"), pair.split(":"), strict=True)) for pair in pairs.split()]


def typed(names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "S"} for name in names.split()]


# What may stand anywhere, whatever is expected there.
ASSET = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "table/Rental"}
ARCHIVE = {SIGNATURE: "0def7320c3a5731c473e5ecbe6d01bc7", "assets": {"a": ASSET}}
ODDITIES = [
    *[*oracle.SENTINELS, ASSET, ARCHIVE, secret(UNKNOWN), secret(None), secret(secret("Rental")), secret([UNKNOWN])],
    *[None, "", 0.0, -0.0, [], {}, False, True, "true", "5", 1.0, -1.0, 1e300],
    *[[None], [UNKNOWN], [{}], [ASSET], [[]], [0.0], ["a"], [{"name": UNKNOWN}], {"name": UNKNOWN}, {"a": None}],
    *["Rechnungen-für-Ñandú", "請求書", "\0", "\N{ROCKET}", "Rental\n"],
    *[json.loads('{"name":' * 50 + "0" + "}" * 50), json.loads("[" * 50 + "]" * 50), "x" * 100_000],
    *[["Rental"] * 500, [{"name": f"index-{n}", "hashKey": "UserID"} for n in range(500)]],
]
leaves = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
leaves |= st.sampled_from(ODDITIES)
trees = st.recursive(
    leaves,
    lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=8), one, max_size=4) | one.map(secret),
    max_leaves=12,
)
NAMES = ["Rental", "Rental-dev", "rental", "xRental", "Users", "ab", "a b", "_.-", "local", "due", "third"]
CAPACITIES = [0.5, 1.0, 1.5, 5.0, 9.0, 11.0, 40000.0, 40001.0]
CMK = "arn:aws:kms:eu-west-1:123456789012:key/1"
BY_DUE = {"name": "by-due", "hashKey": "due", "rangeKey": "UserID", "projectionType": "ALL"}
LOCAL = {"name": "local", "rangeKey": "due", "projectionType": "ALL"}
INCLUDE = {"projectionType": "INCLUDE", "nonKeyAttributes": ["a", "b"]}
UNITS = {"readCapacityUnits": 5.0, "writeCapacityUnits": 5.0}
LIMITS = {"maxReadRequestUnits": 5.0, "maxWriteRequestUnits": 5.0}
WARM = {"readUnitsPerSecond": 12000.0, "writeUnitsPerSecond": 4000.0}
ON = {"deletionProtectionEnabled": True, "pointInTimeRecovery": True}
INLINE_REPLICA = ON | {"regionName": AWAY, "propagateTags": True}
IGNORED = [f"{prefix}{name}Capacity" for prefix in ("", "globalSecondaryIndexes[*].") for name in ("read", "write")]
# What is apt for some properties, right or nearly so.
APT_FOR: dict[str, list[Any]] = {
    "name indexName": [*NAMES, "a" * 256],
    "tableName": ["Rental", "Users", "Elsewhere"],
    "billingMode": ["PROVISIONED", "PAY_PER_REQUEST", "provisioned", "ON_DEMAND"],
    "hashKey rangeKey attributeName": ["UserID", "InvoiceID", "due", "other", "n" * 255, "n" * 256],
    "attributes": [typed(names) for names in ("UserID", "UserID InvoiceID", "UserID due", "UserID UserID")],
    "type attributeType": ["S", "N", "B", "s", "SS"],
    "keyType": ["HASH", "RANGE", "SORT"],
    "keySchemas": [keys("due:HASH"), keys("due:RANGE"), keys("due:HASH UserID:RANGE"), keys("due:RANGE UserID:HASH")],
    "readCapacity writeCapacity readCapacityUnits writeCapacityUnits minCapacity maxCapacity": CAPACITIES,
    "provisionedThroughput": [UNITS, {"readCapacityUnits": 1.0}],
    "globalSecondaryIndexes": [[UNKNOWN], [BY_DUE], [BY_DUE, BY_DUE]],
    "localSecondaryIndexes": [[LOCAL], [LOCAL | {"name": "due"}], [LOCAL | {"rangeKey": "UserID"}]],
    "projectionType": ["ALL", "KEYS_ONLY", "INCLUDE"],
    "nonKeyAttributes": [[f"a{n}" for n in range(count)] for count in (1, 20, 21)],
    "streamEnabled enabled deletionProtectionEnabled propagateTags": [True, False],
    "streamViewType": [*oracle.VIEW_TYPES, "ALL", "keys_only"],
    "serverSideEncryption": [{"enabled": True, "kmsKeyArn": UNKNOWN}, {"enabled": False}, {"enabled": True}],
    "kmsKeyArn": [CMK, "alias/aws/dynamodb", CMK.replace("key/1", "alias/aws/dynamodb"), "key-1", UNKNOWN],
    "pointInTimeRecovery": [True, False, {"enabled": True}, {"enabled": False, "recoveryPeriodInDays": 35.0}],
    "recoveryPeriodInDays": [1.0, 34.0, 34.9, 35.0, 35.5, 36.0],
    "tags tagsAll": [{"Environment": value} for value in ("dev", "", UNKNOWN, False)] + [{"environment": "dev"}],
    "Environment": ["dev", 5.0, {"a": "b"}],
    "replicas": [[{"regionName": AWAY}], [INLINE_REPLICA], [INLINE_REPLICA | {"kmsKeyArn": CMK}, INLINE_REPLICA]],
    "regionName": [HOME, AWAY],
    "consistencyMode": ["STRONG", "EVENTUAL"],
    "globalTableWitness": [{"regionName": "eu-north-1"}],
    "globalTableArn": [*[f"arn:aws:dynamodb:{region}:1:table/Rental" for region in (HOME, AWAY)], "arn:aws:dynamodb:"],
    "ttl": [{"enabled": True}, {"enabled": True, "attributeName": "expires"}, {"attributeName": "expires"}],
    "warmThroughput": [WARM, WARM | {"readUnitsPerSecond": 11999.0}, WARM | {"writeUnitsPerSecond": 3999.0}],
    "onDemandThroughput": [LIMITS],
    "restoreSourceName restoreBackupArn restoreSourceTableArn": ["other", UNKNOWN],
    "serviceNamespace": ["dynamodb", "ecs"],
    "resourceId": [
        *[f"table/{name}" for name in ("Rental", "Users", "Rental/index/due", "Rental/")],
        "Rental",
        "TABLE/Rental",
    ],
    "scalableDimension": [*oracle.DIMENSIONS, "cassandra:table:ReadCapacityUnits"],
    "policyType": ["TargetTrackingScaling", "StepScaling"],
    "predefinedMetricType": ["DynamoDBReadCapacityUtilization", "DynamoDBWriteCapacityUtilization"],
    "targetValue": [19.9, 20.0, 90.0, 90.1],
    "customizedMetricSpecification": [{"metricName": "x"}],
    "namespace": ["AWS/DynamoDB", "AWS/Lambda", UNKNOWN],
    "metricName": ["ReadThrottleEvents", "WriteThrottleEvents", "ThrottledRequests", UNKNOWN],
    "dimensions": [{"TableName": name} for name in ("Rental", "Users", UNKNOWN)]
    + [{"GlobalSecondaryIndexName": "due"}],
    "TableName": ["Rental", "Users", "Elsewhere", UNKNOWN],
    "GlobalSecondaryIndexName": ["due", "", UNKNOWN],
}
APT = {property_: values for properties, values in APT_FOR.items() for property_ in properties.split()}


PLAIN: dict[str, Any] = {"name": "Rental", "billingMode": "PAY_PER_REQUEST", "hashKey": "UserID"}
PLAIN |= {"serverSideEncryption": {"enabled": True}, "pointInTimeRecovery": {"enabled": True}}
PLAIN |= {"attributes": typed("UserID"), "deletionProtectionEnabled": True, "tags": {"Environment": "production"}}
STREAM: dict[str, Any] = {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}
# What a table can have beside that.
RICH: dict[str, Any] = STREAM | {
    "__defaults": [],
    "rangeKey": "InvoiceID",
    "attributes": typed("UserID InvoiceID due issued"),
    "globalSecondaryIndexes": [
        BY_DUE | {"warmThroughput": WARM, "onDemandThroughput": LIMITS},
        {"name": "multi", "keySchemas": keys("due:HASH issued:RANGE")} | INCLUDE,
    ],
    "tagsAll": {"Environment": "production", "Owner": "data"},
    "warmThroughput": WARM,
    "onDemandThroughput": LIMITS,
    "localSecondaryIndexes": [{"name": "by-issue", "rangeKey": "issued"} | INCLUDE],
    "serverSideEncryption": {"enabled": True, "kmsKeyArn": CMK},
    "replicas": [INLINE_REPLICA | {"kmsKeyArn": CMK, "consistencyMode": "EVENTUAL"}],
    "globalTableWitness": {"regionName": "eu-north-1"},
    "ttl": {"enabled": False, "attributeName": "expires"},
    "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35.0},
}


def resource(type_: str, name: str, inputs: dict[str, Any], region: str = HOME, **more: Any) -> Resource:
    return Resource(type=type_, name=name, inputs=inputs, provider_region=region, **more)


def table(**more: Any) -> Resource:
    return resource(TABLE, "Rental", PLAIN | more)


def crowded(global_: int, local: int, extra: int) -> Resource:
    """Return a table of so many indexes, with so many nonKeyAttributes in each local one."""
    projection = INCLUDE | {"nonKeyAttributes": [f"a{number}" for number in range(extra)]}
    return table(
        rangeKey="InvoiceID",
        attributes=typed("UserID InvoiceID due"),
        globalSecondaryIndexes=[BY_DUE | {"name": f"global-{number}"} for number in range(global_)],
        localSecondaryIndexes=[LOCAL | {"name": f"local-{number}"} | projection for number in range(local)],
    )


def multi(pairs: str) -> Resource:
    index = {"name": "multi", "keySchemas": keys(pairs), "projectionType": "ALL"}
    names = " ".join(["UserID", *[key["attributeName"] for key in keys(pairs)]])
    return table(attributes=typed(names), globalSecondaryIndexes=[index])


def scalers(name: str, indexes: list[str], region: str = HOME, most: float = 10.0) -> list[Resource]:
    """Return all that scales a table to 10 units, and its indexes to `most`."""
    result = []
    for kind, id_ in [("table", f"table/{name}"), *[("index", f"table/{name}/index/{index}") for index in indexes]]:
        for access in ("Read", "Write"):
            dimension = f"dynamodb:{kind}:{access}CapacityUnits"
            ids = {"serviceNamespace": "dynamodb", "resourceId": id_, "scalableDimension": dimension}
            metric = {"predefinedMetricType": f"DynamoDB{access}CapacityUtilization"}
            tracking = {"targetValue": 70.0, "predefinedMetricSpecification": metric}
            limits = {"minCapacity": 1.0, "maxCapacity": 10.0 if kind == "table" else most}
            config = {"policyType": "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration": tracking}
            of = {"resourceId": [resource(TABLE, name, {}).urn]}
            target = resource(TARGET, f"{id_}-{access}-{region}", ids | limits, region, sources=of)
            of_target = {key: [target.urn] for key in ids}
            result += [target, replace(target, type=POLICY, inputs=ids | config, sources=of_target)]
    return result


def scaled(name: str, indexes: list[str], region: str = HOME, most: float = 10.0, **more: Any) -> list[Resource]:
    """Return a PROVISIONED table, and all that scales it."""
    capacity = {"readCapacity": 5.0, "writeCapacity": 5.0}
    listed = [capacity | {"name": index, "hashKey": "due", "projectionType": "ALL"} for index in indexes]
    inputs = PLAIN | {"name": name, "billingMode": "PROVISIONED"} | capacity | more
    inputs |= {"attributes": typed("UserID due"), "globalSecondaryIndexes": listed} if indexes else {}
    of_table = resource(TABLE, name, inputs, region, ignored=IGNORED if indexes else IGNORED[:2])
    return [of_table, *scalers(name, indexes, region, most)]


def alarms(name: str, region: str = HOME, math: str = "") -> list[Resource]:
    """Return the alarms of a table, in metric math where that is named."""
    metrics = [
        {"namespace": "AWS/DynamoDB", "metricName": f"{access}ThrottleEvents", "dimensions": {"TableName": name}}
        for access in ("Read", "Write")
    ]
    of = [resource(TABLE, name, {}).urn]
    if math:
        queries = [{"id": "all", "expression": math}, *[{"metric": metric} for metric in metrics]]
        return [resource(ALARM, f"{name}-{region}", {"metricQueries": queries}, region, sources={"metricQueries": of})]
    return [
        resource(ALARM, f"{name}-{metric['metricName']}-{region}", metric, region, sources={"dimensions": of})
        for metric in metrics
    ]


def replica(**more: Any) -> Resource:
    inputs = ON | {"globalTableArn": UNKNOWN, "tags": {"Environment": "dev"}} | more
    return resource(REPLICA, "replica", inputs, AWAY, sources={"globalTableArn": [table().urn]} | OF_KEY)


def own_index(of: str, name: str, **more: Any) -> Resource:
    schema = [keys("due:HASH")[0] | {"attributeType": "S"}]
    inputs = {"tableName": of, "indexName": name, "keySchemas": schema, "projection": {"projectionType": "ALL"}} | more
    sources = {"tableName": [resource(TABLE, of, {}).urn]}
    return resource(INDEX, name, inputs, sources=sources, ignored=["provisionedThroughput"])


OF_KEY = {key: [resource(KEY, "key", {}).urn] for key in ("serverSideEncryption", "kmsKeyArn", "replicas")}
WITH_KEY = STREAM | {"serverSideEncryption": {"enabled": True, "kmsKeyArn": UNKNOWN}}
WITH_KEY |= {"replicas": [INLINE_REPLICA | {"kmsKeyArn": UNKNOWN}]}
RESTORED: dict[str, Any] = dict.fromkeys(("hashKey", "attributes", *oracle.RESTORES)) | {"restoreSourceName": "Old"}
WITH_UNITS: dict[str, Any] = {"provisionedThroughput": UNITS}
IN_STREAM: dict[str, Any] = {"replicas": [INLINE_REPLICA]} | STREAM
# Programs that no policy has anything against, but for the mode and the key where the options say so; or hardly.
PROGRAMS = [
    *[[table(**RICH)]] * 4,
    *[[table()], [table(**RESTORED)], [crowded(0, 1, 1), own_index("Rental", "third")]],
    *[[crowded(*counts)] for counts in [(20, 5, 20), (21, 5, 1), (20, 6, 1), (0, 5, 21)]],
    *[[multi("a:HASH b:HASH c:HASH d:HASH " + more)] for more in ("e:RANGE f:RANGE g:RANGE h:RANGE", "e:HASH f:RANGE")],
    *[[multi("a:RANGE b:RANGE c:RANGE d:RANGE")], [multi("a:HASH b:RANGE c:RANGE d:RANGE e:RANGE f:RANGE")]],
    *[scaled("Rental", ["due", "other"]), scaled("Rental", []), scaled("Rental", ["due"], most=9.0)],
    # One name in two regions.
    [*scaled("Rental", ["due"]), *[replace(one, name=f"{one.name}-2") for one in scaled("Rental", [], AWAY)]],
    # Replicas, and targets in their region; indexes of their own; keys of the program.
    [*scaled("Rental", [], **IN_STREAM), *scalers("Rental", [], AWAY)],
    [replace(one, ignored=[*IGNORED[:2], "replicas"]) for one in scaled("Rental", [], **STREAM)] + [replica()],
    [own_index("Rental", "third", **WITH_UNITS), *scaled("Rental", []), *scalers("Rental", ["third"])[4:]],
    [table(attributes=typed("UserID due")), own_index("Rental", "third"), own_index("Elsewhere", "fourth")],
    [resource(KEY, "key", {}), replace(table(**WITH_KEY), sources=OF_KEY), replica(kmsKeyArn=UNKNOWN)],
]
ECS = {"serviceNamespace": "ecs", "resourceId": "service/a/b", "scalableDimension": "ecs:service:DesiredCount"}
OTHERS = [
    *[[], [], [], [resource("random:index/randomPet:RandomPet", "pet", {})], [resource(TARGET, "ecs", ECS)]],
    *[alarms("Rental"), alarms("Rental"), alarms("Rental", AWAY), alarms("Rental", math="a + b")],
    [*scaled("Users", []), *alarms("Users"), *alarms("Rental")],
    *[scaled("Users", []), [resource(TABLE, "Logs", PLAIN | {"name": "Logs"}), *scalers("Logs", [])]],
]


def agreed_on(program: list[Resource]) -> dict[str, Any]:
    """Return the contract of a program's tables, of those that have a key."""
    result: dict[str, Any] = {}
    for one in program:
        if one.type == TABLE and one.inputs.get("hashKey"):
            types = {attribute["name"]: attribute["type"] for attribute in one.inputs["attributes"]}
            indexes = [agreed_of(some, some) for some in one.inputs.get("globalSecondaryIndexes", [])]
            stated = agreed_keys(one.inputs) | {"attributes": types, "globalSecondaryIndexes": indexes}
            stated |= {key: one.inputs[key] for key in ("streamViewType",) if key in one.inputs}
            result.setdefault(one.inputs["name"], stated)
    for one in [one for one in program if one.type == INDEX and one.inputs["tableName"] in result]:
        agreed = result[one.inputs["tableName"]]
        index = one.inputs | {"name": one.inputs["indexName"]}
        agreed["globalSecondaryIndexes"].append(agreed_of(index, index["projection"]))
        agreed["attributes"] |= {key["attributeName"]: key["attributeType"] for key in index["keySchemas"]}
    return result


def agreed_of(index: dict[str, Any], projection: dict[str, Any]) -> dict[str, Any]:
    of_type = {"INCLUDE": projection.get("nonKeyAttributes")}
    type_ = projection["projectionType"]
    return {"name": index["name"], "projection": of_type.get(type_, type_)} | agreed_keys(index)


def agreed_keys(item: dict[str, Any]) -> dict[str, Any]:
    found = [(key["keyType"], key["attributeName"]) for key in item.get("keySchemas", [])]
    found += [(type_, item[key]) for type_, key in (("HASH", "hashKey"), ("RANGE", "rangeKey")) if item.get(key)]
    of_type = {type_: [name for of, name in found if of == type_] for type_ in ("HASH", "RANGE")}
    fields = {"partitionKey": of_type["HASH"], "sortKey": of_type["RANGE"]}
    return {
        field: names[0] if len(names) == 1 else names for field, names in fields.items() if names or field != "sortKey"
    }


@st.composite
def contracts(draw, program: list[Resource]) -> dict[str, Any]:
    """Draw a contract: of a program or, at times, of another, or none."""
    agreed = copy.deepcopy(draw(st.sampled_from([*[agreed_on(program)] * 4, {}, AGREED])))
    if not agreed or draw(st.booleans()):
        return agreed
    name = draw(st.sampled_from(sorted(agreed)))
    of_table, indexes = agreed[name], agreed[name]["globalSecondaryIndexes"]
    match draw(st.sampled_from(["new", "key", "type", "types", "stream", "index", "order", "projection"])):
        case "new":
            agreed["Elsewhere"] = of_table
        case "key":
            item = draw(st.sampled_from([of_table, *indexes]))
            item["sortKey"] = draw(st.sampled_from(["UserID", "due"]))
        case "type":
            of_table["attributes"][draw(st.sampled_from(["UserID", "due"]))] = "N"
        case "types":
            of_table["attributes"] = {}
        case "stream":
            of_table["streamViewType"] = "KEYS_ONLY"
        case "index" if indexes:
            del indexes[draw(st.integers(0, len(indexes) - 1))]
        case "order":
            indexes.reverse()
        case "projection" if indexes:
            indexes[0]["projection"] = draw(st.sampled_from(["KEYS_ONLY", ["a"], ["b", "a"]]))
    return agreed


AGREED = agreed_on([table(**RICH)])
# What has been seen in a resource, in a property or in an element of one.
INNER: dict[str, dict[str, None]] = defaultdict(dict)


def look_into(value: Any, name: str) -> None:
    for inner in value if isinstance(value, list) else []:
        look_into(inner, name)
    for key in value if isinstance(value, dict) and SIGNATURE not in value else []:
        INNER[name][key] = None
        look_into(value[key], key)


look_into([APT, *[{one.type: one.inputs} for program in [*PROGRAMS, *OTHERS] for one in program]], "")


def places(container: Any, name: str):
    """Yield what can be changed in the value of `name`: a container, a key or position there, the property's name.

    Not within a secret, an asset or an archive, whose form is the wire's; nor far down a long list.
    """
    if isinstance(container, dict) and SIGNATURE not in container:
        for key in [*container, *[key for key in INNER[name] if key not in container]]:
            yield container, key, key
            yield from places(container.get(key), key)
    elif isinstance(container, list):
        for position in range(min(len(container), 3)):
            yield container, position, name
            yield from places(container[position], name)


@st.composite
def mutated(draw, inputs: dict[str, Any], type_: str) -> dict[str, Any]:
    """Draw the inputs of a resource with one place of them changed."""
    result = copy.deepcopy(inputs)
    container, key, name = draw(st.sampled_from(list(places(result, type_))))
    is_there = isinstance(container, list) or key in container
    match draw(st.sampled_from([*["apt"] * 5, "odd", "tree", "tree", "away", "secret", "twice"])):
        case "apt" if isinstance(container, dict) and name in APT:
            container[key] = copy.deepcopy(draw(st.sampled_from(APT[name])))
        case "tree":
            container[key] = draw(st.just(UNKNOWN) | trees)
        case "away" if is_there:
            del container[key]
        case "secret" if is_there:
            container[key] = secret(container[key])
        case "twice" if isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        case _:
            container[key] = copy.deepcopy(draw(st.sampled_from(ODDITIES)))
    return result


PATHS = [*IGNORED, "replicas", "provisionedThroughput", "tags", "*", "globalSecondaryIndexes.readCapacity", "Größe"]


@st.composite
def changed(draw, one: Resource, program: list[Resource]) -> Resource:
    """Draw a resource of a program with something of it changed."""
    any_urn = draw(st.sampled_from(program)).urn
    match draw(st.sampled_from([*["inputs"] * 8, "unknown", "unknown", "sources", "region", "ignored", "protect"])):
        case "unknown" | "sources" as what if one.inputs:
            key = draw(st.sampled_from(sorted({*one.inputs, *one.sources})))
            known = one.sources.get(key, [])
            sources = one.sources | {key: draw(st.sampled_from([known, [*known, any_urn], [any_urn], []]))}
            return replace(one, inputs=one.inputs | ({key: UNKNOWN} if what == "unknown" else {}), sources=sources)
        case "region":
            region = draw(st.sampled_from([HOME, AWAY, ""]))
            inputs = one.inputs | ({"region": region} if draw(st.booleans()) else {})
            return replace(one, inputs=inputs, provider_region=draw(st.sampled_from([one.provider_region, region])))
        case "ignored":
            return replace(one, ignored=draw(st.lists(st.sampled_from(PATHS), max_size=6, unique=True)))
        case "protect":
            return replace(one, protect=not one.protect)
    return replace(one, inputs=draw(mutated(one.inputs, one.type))) if INNER[one.type] else one


@st.composite
def programs(draw) -> tuple[list[Resource], dict[str, Any]]:
    """Draw a program: of a right or nearly right one, up to three resources changed, lost, doubled or moved.

    And the contract of what it was.
    """
    program = draw(st.sampled_from(PROGRAMS)) + draw(st.sampled_from(OTHERS))
    agreed = draw(contracts(program))
    for step in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        # Of each type alike: there are many targets and policies.
        type_ = draw(st.sampled_from(sorted({one.type for one in program})))
        position = draw(st.sampled_from([number for number, one in enumerate(program) if one.type == type_]))
        one = program[position]
        match draw(st.sampled_from([*["change"] * 6, "lose", "double", "move"])):
            case "lose" if len(program) > 1:
                del program[position]
            case "double":
                program.append(draw(changed(replace(one, name=f"{one.name}-{step}"), program)))
            case "move":
                program.insert(0, program.pop(position))
            case _:
                program[position] = draw(changed(one, program))
    urns = {one.urn for one in program}
    for position, one in enumerate(program):
        # What isn't set comes from nowhere, and so does what came from a resource that was lost.
        sources = {key: sorted(urns.intersection(found)) for key, found in one.sources.items() if key in one.inputs}
        program[position] = replace(one, sources=sources)
    return program, agreed


anything = st.builds(
    lambda type_, inputs, agreed: ([resource(type_, "x", inputs)], agreed),
    st.sampled_from([TABLE, TABLE, INDEX, TARGET, POLICY, ALARM, "aws:s3/bucket:Bucket", "Größe", ""]),
    st.dictionaries(
        st.sampled_from([*INNER[TABLE], *INNER[INDEX], *INNER[TARGET], *INNER[ALARM]]) | st.text(max_size=8),
        trees | st.sampled_from(ODDITIES),
        max_size=6,
    ),
    st.sampled_from([{}, AGREED]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs() | programs() | anything, st.sampled_from([("kms", []), ("cmk", ["Rental*"])]), st.booleans())
def test_of_a_program_exactly_the_policies_that_it_breaks_are_reported(pack, program_and_contract, options, preview):
    program, agreed = program_and_contract

    assert reported(pack, program, *options, agreed, preview=preview) == verdict(program, *options, agreed)
