from dataclasses import replace

import pytest

from tests.policies.judge import (
    ABSENT,
    ARN,
    COMPLIANT,
    INDEX,
    ON_DEMAND,
    PET,
    TABLE_REPLICA,
    UNKNOWN,
    Resource,
    cases,
    changed,
    fails,
    judge,
    not_known,
    passes,
    violations,
)

NAME = "dynamodb-table-schema"
GSI, LSI = "globalSecondaryIndexes", "localSecondaryIndexes"
NAME_RULE = "but must be 3 to 255 characters of a-zA-Z0-9_.-"
VIEW_TYPES = "KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES"
NEW_AND_OLD = "the table has replicas: set streamEnabled to true and streamViewType to NEW_AND_OLD_IMAGES"
INCLUDE = {"projectionType": "INCLUDE"}


def gsi(number=1, **more):
    return [{"name": f"index-{n}", "hashKey": "due", "projectionType": "ALL"} | more for n in range(number)]


def lsi(number=1, **more):
    return [{"name": f"local-{n}", "rangeKey": "due", "projectionType": "ALL"} | more for n in range(number)]


def keys(*schema):
    """Return the keySchemas of an index, each as attribute:type."""
    return [dict(zip(("attributeName", "keyType"), key.split(":"), strict=True)) for key in schema]


def by_schema(*schema):
    """Return a change: the index states its keys by keySchemas."""
    declared = {key.split(":")[0] for key in schema} | {"UserID", "InvoiceID"}
    index = {"name": "due-index", "keySchemas": keys(*schema), "projectionType": "ALL"}
    return {GSI: [index], "attributes": [{"name": name, "type": "S"} for name in sorted(declared)]}


def unused(names):
    return f"attributes declares {names}, which no key of the table or of an index uses: remove it"


def undeclared(names):
    return f"attributes doesn't declare {names}, which a key uses: add it"


@cases(
    passes("compliant"),
    # Names
    fails("two characters", {"name": "ab"}, f"name is 'ab', {NAME_RULE}"),
    passes("three characters", {"name": "a.b"}),
    passes("255 characters", {"name": "x" * 255}),
    fails("256 characters", {"name": "x" * 256}, f"name is {'x' * 256!r}, {NAME_RULE}"),
    fails("a space", {"name": "Rental Invoices"}, f"name is 'Rental Invoices', {NAME_RULE}"),
    fails("a line more", {"name": "Rental\n"}, f"name is 'Rental\\n', {NAME_RULE}"),
    fails("no name", {"name": ABSENT}, f"name is missing, {NAME_RULE}"),
    passes("a name that is not known", {"name": UNKNOWN}),
    fails("the name of an index", {f"{GSI}.0.name": "i"}, f"{GSI}[0].name is 'i', {NAME_RULE}"),
    fails(
        "no names of indexes", {GSI: gsi(2, name=None)}, *(f"{GSI}[{n}].name is missing, {NAME_RULE}" for n in (0, 1))
    ),
    fails("two indexes of one name", {LSI: lsi(name="due-index")}, "2 indexes have the name 'due-index'"),
    # Keys and attributes
    passes("a number", {"attributes.2.type": "N"}),
    passes("a binary", {"attributes.2.type": "B"}),
    fails("no type of a key", {"attributes.2.type": "BOOL"}, "attributes[2].type is 'BOOL', but must be S, N or B"),
    fails("no partition key", {"hashKey": ABSENT}, "hashKey is missing, but must be the name of an attribute"),
    fails("undeclared", {"attributes.2": ABSENT}, undeclared("'due'")),
    fails("two undeclared", {"attributes": COMPLIANT["attributes"][:1]}, undeclared("'InvoiceID', 'due'")),
    fails("unused", {GSI: ABSENT}, unused("'due'")),
    fails("two unused", {GSI: ABSENT, "rangeKey": ABSENT}, unused("'InvoiceID', 'due'")),
    fails(
        "declared twice",
        {"attributes.2.name": "InvoiceID"},
        "attributes declares 'InvoiceID' 2 times",
        undeclared("'due'"),
    ),
    fails(
        "an attribute without a name",
        {"attributes.2": {"type": "S"}},
        "attributes[2].name is missing, but must be the name of an attribute",
    ),
    fails(
        "attributes that are not known",
        {"attributes": UNKNOWN, "streamViewType": "x"},
        f"streamViewType is 'x', but must be one of {VIEW_TYPES}",
        not_known("attributes"),
    ),
    fails(
        "replicas that are malformed", {"replicas": "x"}, "replicas is of the wrong type, but must be a list of objects"
    ),
    fails(
        "attributes that are malformed",
        {"attributes": 5.0},
        "attributes is of the wrong type, but must be a list of objects",
    ),
    fails("an attribute that is malformed", {"attributes.2": "due"}, "attributes[2] is 'due', but must be an object"),
    fails("an index that is malformed", {LSI: ["x"]}, f"{LSI}[0] is 'x', but must be an object"),
    fails(
        "one attribute for both keys",
        {"rangeKey": "UserID", "attributes.1": ABSENT},
        "the table has 'UserID' as 2 of its keys",
    ),
    passes("a key of 255 characters", {"hashKey": "k" * 255, "attributes.0.name": "k" * 255}),
    fails(
        "a key of 256 characters",
        {"hashKey": "k" * 256, "attributes.0.name": "k" * 256},
        *[
            f"{path} has 256 characters, but the name of a key attribute has at most 255"
            for path in ("hashKey", "attributes[0].name")
        ],
    ),
    fails(
        "an index without a key",
        {f"{GSI}.0.hashKey": ABSENT},
        f"{GSI}[0].hashKey is missing, but must be the name of an attribute",
    ),
    fails("a key that is not known", {f"{GSI}.0.hashKey": UNKNOWN}, not_known(f"{GSI}[0].hashKey")),
    fails("a sort key that is not known", {"rangeKey": UNKNOWN}, not_known("rangeKey")),
    fails(
        "a local index without a key",
        {LSI: lsi(rangeKey=None)},
        f"{LSI}[0].rangeKey is missing, but must be the name of an attribute",
    ),
    fails("an index that is not known", {f"{GSI}.0": UNKNOWN}, not_known(f"{GSI}[0]")),
    fails("indexes that are not known", {GSI: UNKNOWN}, not_known(GSI)),
    fails(
        "an index with one attribute for both keys",
        {f"{GSI}.0.rangeKey": "due"},
        f"{GSI}[0] has 'due' as 2 of its keys",
    ),
    # keySchemas
    passes("keySchemas", by_schema("due:HASH", "UserID:RANGE")),
    passes("four of each", by_schema(*(f"h{n}:HASH" for n in range(4)), *(f"r{n}:RANGE" for n in range(4)))),
    fails(
        "five sort keys",
        by_schema("due:HASH", *(f"r{n}:RANGE" for n in range(5))),
        f"{GSI}[0].keySchemas has 5 keys of keyType RANGE, but may have 4",
    ),
    fails(
        "five partition keys",
        by_schema(*(f"h{n}:HASH" for n in range(5))),
        f"{GSI}[0].keySchemas has 5 keys of keyType HASH, but may have 4",
    ),
    fails(
        "RANGE before HASH",
        by_schema("UserID:RANGE", "due:HASH"),
        f"{GSI}[0].keySchemas has a key of keyType RANGE before one of keyType HASH: put those of HASH first",
    ),
    fails("one attribute twice", by_schema("due:HASH", "due:RANGE"), f"{GSI}[0] has 'due' as 2 of its keys"),
    fails(
        "no attribute",
        {GSI: gsi(hashKey=None, keySchemas=[{"keyType": "HASH"}])},
        f"{GSI}[0].keySchemas[0].attributeName is missing, but must be the name of an attribute",
    ),
    fails("no HASH", by_schema("due:RANGE"), f"{GSI}[0].keySchemas has no partition key (keyType HASH)"),
    fails(
        "neither HASH nor RANGE",
        by_schema("due:KEY"),
        f"{GSI}[0].keySchemas[0].keyType is 'KEY', but must be HASH or RANGE",
    ),
    fails(
        "keySchemas and hashKey",
        {f"{GSI}.0.keySchemas": keys("UserID:HASH")},
        f"{GSI}[0] has keySchemas and also hashKey or rangeKey: declare its keys only one way",
        unused("'due'"),
    ),
    fails(
        "keySchemas that are not known",
        by_schema("due:HASH") | {GSI: gsi(hashKey=None, keySchemas=UNKNOWN)},
        not_known(f"{GSI}[0].keySchemas"),
    ),
    passes(
        "a keyType that is not known",
        {GSI: gsi(hashKey=None, keySchemas=[{"attributeName": "due", "keyType": UNKNOWN}])},
    ),
    # Indexes
    passes("20 global indexes", {GSI: gsi(20)}),
    fails("21 global indexes", {GSI: gsi(21)}, f"{GSI} has 21 indexes, but a table may have 20"),
    passes("5 local indexes", {LSI: lsi(5)}),
    fails("6 local indexes", {LSI: lsi(6)}, f"{LSI} has 6 indexes, but a table may have 5"),
    fails("a local index by an undeclared key", {LSI: lsi(rangeKey="at")}, undeclared("'at'")),
    fails(
        "a local index by the partition key", {LSI: lsi(rangeKey="UserID")}, f"{LSI}[0] has 'UserID' as 2 of its keys"
    ),
    fails(
        "a local index on a table without a sort key",
        {"rangeKey": ABSENT, "attributes.1": ABSENT, LSI: lsi()},
        f"{LSI}[0] is a local secondary index, but the table has no rangeKey",
    ),
    fails(
        "no such projection",
        {f"{GSI}.0.projectionType": "SOME"},
        f"{GSI}[0].projectionType is 'SOME', but must be one of ALL, KEYS_ONLY, INCLUDE",
    ),
    passes("INCLUDE with attributes", {GSI: gsi(nonKeyAttributes=["a"], **INCLUDE)}),
    passes("INCLUDE with attributes that are not known", {GSI: gsi(nonKeyAttributes=UNKNOWN, **INCLUDE)}),
    fails(
        "INCLUDE without attributes",
        {GSI: gsi(**INCLUDE)},
        f"{GSI}[0].projectionType is 'INCLUDE', but nonKeyAttributes is missing",
    ),
    fails(
        "ALL with attributes",
        {GSI: gsi(nonKeyAttributes=["a"])},
        f"{GSI}[0].projectionType is 'ALL', which takes no nonKeyAttributes: remove them, or use INCLUDE",
    ),
    fails(
        "KEYS_ONLY with attributes",
        {LSI: lsi(projectionType="KEYS_ONLY", nonKeyAttributes=["a"])},
        f"{LSI}[0].projectionType is 'KEYS_ONLY', which takes no nonKeyAttributes: remove them, or use INCLUDE",
    ),
    fails(
        "100 attributes, and an index that is not known",
        {GSI: [*gsi(5, nonKeyAttributes=["a"] * 20, **INCLUDE), UNKNOWN]},
        not_known(f"{GSI}[5]"),
    ),
    passes("20 attributes in each of five indexes", {GSI: gsi(5, nonKeyAttributes=["a"] * 20, **INCLUDE)}),
    fails(
        "21 attributes",
        {GSI: gsi(nonKeyAttributes=["a"] * 21, **INCLUDE)},
        f"{GSI}[0].nonKeyAttributes has 21 attributes, but may have 20",
    ),
    fails(
        "101 attributes in all",
        {GSI: gsi(5, nonKeyAttributes=["a"] * 20, **INCLUDE), LSI: lsi(nonKeyAttributes=["a"], **INCLUDE)},
        "the indexes have 101 nonKeyAttributes in all, but may have 100",
    ),
    # Capacity
    passes("warm throughput", {"warmThroughput": {"readUnitsPerSecond": 12000.0, "writeUnitsPerSecond": 4000.0}}),
    fails(
        "too little warm throughput",
        {"warmThroughput": {"readUnitsPerSecond": 11999.0}, f"{GSI}.0.warmThroughput": {"writeUnitsPerSecond": 3999.0}},
        "warmThroughput.readUnitsPerSecond is 11999, but must be 12000 or more",
        f"{GSI}[0].warmThroughput.writeUnitsPerSecond is 3999, but must be 4000 or more",
    ),
    fails(
        "on-demand limits on a provisioned table are one finding",
        {
            "onDemandThroughput": {"maxReadRequestUnits": 5.0},
            f"{GSI}.0.onDemandThroughput": {"maxWriteRequestUnits": 5.0},
        },
        f"a PROVISIONED table has no on-demand limits: remove onDemandThroughput, {GSI}[0].onDemandThroughput",
    ),
    passes(
        "on-demand limits on an on-demand table",
        {"billingMode": "PAY_PER_REQUEST", "onDemandThroughput": {"maxReadRequestUnits": 5.0}},
    ),
    # Streams, replicas, time to live
    fails(
        "a stream without a view type",
        {"streamViewType": ABSENT},
        f"streamViewType is missing, but must be one of {VIEW_TYPES}",
    ),
    fails(
        "a view type without a stream",
        {"streamEnabled": ABSENT},
        "streamViewType is 'NEW_AND_OLD_IMAGES', but streamEnabled is missing",
    ),
    fails(
        "a view type of a stream that is off",
        {"streamEnabled": False},
        "streamViewType is 'NEW_AND_OLD_IMAGES', but streamEnabled is false",
    ),
    passes("no stream", {"streamEnabled": False, "streamViewType": ""}),
    fails("a stream as a string", {"streamEnabled": "true"}, "streamEnabled is 'true', but must be true or false"),
    fails("a stream that is not known", {"streamEnabled": UNKNOWN}, not_known("streamEnabled")),
    fails("a view type that is not known", {"streamViewType": UNKNOWN}, not_known("streamViewType")),
    passes("a replica beside a stream", {"replicas": [{"regionName": "us-east-1"}]}),
    fails(
        "a replica beside a stream of keys",
        {"replicas": [{"regionName": "us-east-1"}], "streamViewType": "KEYS_ONLY"},
        NEW_AND_OLD,
    ),
    fails(
        "a replica without a stream",
        {"replicas": [{"regionName": "us-east-1"}], "streamEnabled": False, "streamViewType": ABSENT},
        NEW_AND_OLD,
    ),
    passes(
        "replicas that are not known, without a stream",
        {"replicas": UNKNOWN, "streamEnabled": False, "streamViewType": ABSENT},
    ),
    passes(
        "a strongly consistent replica without a stream",
        {
            "replicas": [{"regionName": "us-east-1", "consistencyMode": "STRONG"}],
            "streamEnabled": False,
            "streamViewType": ABSENT,
        },
    ),
    passes(
        "a witness beside one replica",
        {"replicas": [{"regionName": "us-east-1"}], "globalTableWitness": {"regionName": "us-east-2"}},
    ),
    fails(
        "a witness beside none",
        {"globalTableWitness": {"regionName": "us-east-2"}},
        "globalTableWitness needs exactly one replica beside it, but there are 0",
    ),
    fails(
        "a witness beside two",
        {
            "replicas": [{"regionName": "us-east-1"}, {"regionName": "us-west-2"}],
            "globalTableWitness": {"regionName": "us-east-2"},
        },
        "globalTableWitness needs exactly one replica beside it, but there are 2",
    ),
    passes(
        "a witness beside replicas that are not known",
        {"replicas": UNKNOWN, "globalTableWitness": {"regionName": "us-east-2"}},
    ),
    fails("ttl without an attribute", {"ttl": {"enabled": True}}, "ttl is enabled, but ttl.attributeName is missing"),
    passes("ttl by an attribute", {"ttl": {"enabled": True, "attributeName": "expires"}}),
    passes("ttl off", {"ttl": {"enabled": False}}),
)
def test_a_table(case):
    assert violations(NAME, changed(COMPLIANT, case.change)) == case.reported


@pytest.mark.parametrize("source", ["restoreSourceName", "restoreSourceTableArn", "restoreBackupArn"])
def test_a_restored_table_may_leave_out_its_keys_and_attributes(source):
    keyless = {"name": "Restored", source: UNKNOWN}

    assert violations(NAME, keyless) == []
    assert violations(NAME, keyless | {LSI: lsi()}) == []
    assert violations(NAME, keyless | {"hashKey": "UserID"}) == [undeclared("'UserID'")]
    assert violations(NAME, keyless | {"hashKey": "UserID", "attributes": [{"name": "ID", "type": "S"}]}) == [
        undeclared("'UserID'"),
        unused("'ID'"),
    ]


def index_of_its_own(name="due-index", *schema, **inputs):
    """Return an index that is a resource of its own, of the table RentalInvoices unless otherwise said."""
    keys = [
        {"attributeName": key.split(":")[0], "attributeType": "S", "keyType": key.split(":")[1]}
        for key in schema or ("due:HASH",)
    ]
    stated = {
        "tableName": "RentalInvoices",
        "indexName": name,
        "keySchemas": keys,
        "projection": {"projectionType": "ALL"},
    }
    return Resource(type=INDEX, name=name, inputs=stated | inputs)


@cases(
    passes("compliant"),
    fails("name", {"indexName": "i"}, f"indexName is 'i', {NAME_RULE}"),
    fails("no key", {"keySchemas": []}, "keySchemas is missing, but must have a partition key"),
    fails(
        "no key attribute",
        {"keySchemas.0.attributeName": ABSENT},
        "keySchemas[0].attributeName is missing, but must be the name of an attribute",
    ),
    fails(
        "no type of a key",
        {"keySchemas.0.attributeType": "L"},
        "keySchemas[0].attributeType is 'L', but must be S, N or B",
    ),
    fails("no HASH", {"keySchemas.0.keyType": "RANGE"}, "keySchemas has no partition key (keyType HASH)"),
    fails(
        "neither HASH nor RANGE",
        {"keySchemas.0.keyType": "KEY"},
        "keySchemas[0].keyType is 'KEY', but must be HASH or RANGE",
    ),
    fails(
        "one attribute for both keys",
        {
            "keySchemas": [
                {"attributeName": "due", "attributeType": "S", "keyType": type_} for type_ in ("HASH", "RANGE")
            ]
        },
        "the index has 'due' as 2 of its keys",
    ),
    fails("keys that are not known", {"keySchemas": UNKNOWN}, not_known("keySchemas")),
    fails(
        "keys that are an object",
        {"keySchemas": {"due": "HASH"}},
        "keySchemas is of the wrong type, but must be a list of objects",
    ),
    fails(
        "INCLUDE without attributes",
        {"projection": INCLUDE},
        "projection.projectionType is 'INCLUDE', but nonKeyAttributes is missing",
    ),
    passes("a projection that is not known", {"projection": UNKNOWN}),
    fails(
        "too little warm throughput",
        {"warmThroughput": {"readUnitsPerSecond": 5.0}},
        "warmThroughput.readUnitsPerSecond is 5, but must be 12000 or more",
    ),
)
def test_an_index_that_is_a_resource_of_its_own(case):
    index = index_of_its_own()

    assert judge(NAME, replace(index, inputs=changed(index.inputs, case.change))) == [
        ("due-index", m) for m in case.reported
    ]


BARE = Resource(inputs=changed(COMPLIANT, {GSI: ABSENT}))
BOTH = (
    "the table has both inline globalSecondaryIndexes and an aws.dynamodb.GlobalSecondaryIndex ({}), which the next "
    "deployment would delete: declare all indexes the same way"
)
UNNAMED = replace(BARE, inputs=changed(BARE.inputs, {"name": UNKNOWN}))
OF_UNNAMED = replace(index_of_its_own(tableName=UNKNOWN), sources={"tableName": ["table"]})


@pytest.mark.parametrize(
    ("program", "reported"),
    [
        pytest.param([BARE, index_of_its_own()], [], id="an attribute that a standalone index uses"),
        pytest.param(
            [BARE, index_of_its_own("own", "UserID:HASH")], [unused("'due'")], id="an attribute that no index uses"
        ),
        pytest.param([BARE, index_of_its_own(region="us-east-1")], [unused("'due'")], id="an index in another region"),
        pytest.param([Resource(), index_of_its_own("own")], [BOTH.format("own")], id="both"),
        pytest.param([Resource(), index_of_its_own()], [BOTH.format("due-index")], id="both, the same index"),
        pytest.param(
            [replace(BARE, outputs={"arn": ARN, GSI: COMPLIANT[GSI]}), index_of_its_own()],
            [],
            id="deployed, which shows it inline",
        ),
        pytest.param(
            [replace(Resource(), outputs={"arn": ARN}), index_of_its_own("own")],
            [BOTH.format("own")],
            id="deployed, and both",
        ),
        pytest.param(
            [BARE, index_of_its_own(), replace(index_of_its_own(), name="other")],
            ["2 indexes have the name 'due-index'"],
            id="two of one name",
        ),
        pytest.param([BARE, *map(index_of_its_own, [f"index-{n}" for n in range(20)])], [], id="20"),
        pytest.param(
            [BARE, *map(index_of_its_own, [f"index-{n}" for n in range(21)])],
            ["the table has 21 global secondary indexes, but may have 20"],
            id="21",
        ),
        pytest.param(
            [
                BARE,
                *(
                    index_of_its_own(f"index-{n}", projection=INCLUDE | {"nonKeyAttributes": ["a"] * 17})
                    for n in range(6)
                ),
            ],
            ["the indexes have 102 nonKeyAttributes in all, but may have 100"],
            id="102 attributes in all",
        ),
        pytest.param([UNNAMED, OF_UNNAMED], [], id="of a table whose name is not known"),
        pytest.param(
            [
                Resource(type=PET, name="pet", inputs={}),
                *(
                    replace(resource, sources={key: ["pet"]})
                    for resource, key in ((UNNAMED, "name"), (OF_UNNAMED, "tableName"))
                ),
            ],
            [],
            id="of a table by the source of its name",
        ),
        pytest.param(
            [replace(BARE, inputs=BARE.inputs | {"attributes": UNKNOWN}), index_of_its_own()],
            [not_known("attributes")],
            id="attributes that are not known",
        ),
    ],
)
def test_a_table_is_judged_with_the_indexes_that_are_resources_of_their_own(program, reported):
    assert judge(NAME, *program) == [("table", message) for message in reported]
    assert judge(NAME, *program, config={"exemptTables": ["*"]}) == []


def test_on_demand_limits_of_a_standalone_index_of_a_provisioned_table():
    limited = index_of_its_own(onDemandThroughput={"maxReadRequestUnits": 5.0})
    on_demand = replace(BARE, inputs=BARE.inputs | {"billingMode": "PAY_PER_REQUEST"})

    assert judge(NAME, on_demand, limited) == []
    assert judge(NAME, BARE, limited) == [
        ("due-index", "table 'RentalInvoices' is PROVISIONED: remove onDemandThroughput")
    ]


def test_replicas_that_are_resources_of_their_own_need_a_stream():
    replica = Resource(type=TABLE_REPLICA, name="replica", inputs={"globalTableArn": ARN}, region="us-east-1")
    on_demand = ON_DEMAND | {"name": "RentalInvoices"}

    assert judge(NAME, Resource(), replica) == []
    assert judge(NAME, Resource(inputs=on_demand), replica) == [("table", NEW_AND_OLD)]
    assert judge(NAME, Resource(inputs=on_demand | {"replicas": [{"regionName": "us-east-1"}]}), replica) == [
        ("table", NEW_AND_OLD)
    ]
