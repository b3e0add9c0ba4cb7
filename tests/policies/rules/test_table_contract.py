import json

import pytest

from tests.policies.judge import (
    ABSENT,
    ARN,
    COMPLIANT,
    CONTRACT,
    INDEX,
    ON_DEMAND,
    PET,
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

NAME = "dynamodb-table-contract"
GSI = "globalSecondaryIndexes"
T = "table 'RentalInvoices'"
DUE = "index 'due-index' of table 'RentalInvoices'"
RENTAL = {"tables": {"RentalInvoices": CONTRACT["RentalInvoices"]}}
TOGETHER = "in the same pull request"
REPLACED = "Change it back: another key replaces the table, and its items are lost"
REBUILT = "Change it back: a changed index is deleted and built again. To get another index, add one at the end"
KEPT = "Pulumi keeps the live capacities of indexes by position, and out of order an index gets that of another"


def agreed(changes):
    """Return an option in which the contract of RentalInvoices is changed."""
    return {"tables": {"RentalInvoices": changed(CONTRACT["RentalInvoices"], changes)}}


def said(keys):
    return f"{T} has {keys}, but the contract says partition key 'UserID', sort key 'InvoiceID'. {REPLACED}"


@cases(
    passes("as agreed"),
    passes("what the contract doesn't have", {"billingMode": "PAY_PER_REQUEST", "tags": {}, "readCapacity": 9.0}),
    fails("another partition key", {"hashKey": "User"}, said("partition key 'User', sort key 'InvoiceID'")),
    fails("no sort key", {"rangeKey": ABSENT}, said("partition key 'UserID'")),
    fails("no key", {"hashKey": "", "rangeKey": ""}, said("no key")),
    fails(
        "a malformed key", {"hashKey": {"a": UNKNOWN}}, said("partition key of the wrong type, sort key 'InvoiceID'")
    ),
    fails("a key that is not known", {"hashKey": UNKNOWN}, not_known("hashKey")),
    fails(
        "a key that is not known hides no other",
        {"hashKey": UNKNOWN, "rangeKey": "ID"},
        said("partition key not known until deployment, sort key 'ID'"),
        not_known("hashKey"),
    ),
    fails("a name that is not known", {"name": UNKNOWN}, not_known("name")),
    fails(
        "no name",
        {"name": ABSENT},
        "the table has no name that the contract could list: set name",
        f"the stack has no table 'RentalInvoices', but the contract does: declare it, or remove it from tables, {TOGETHER}",
    ),
)
def test_a_table_has_the_name_and_the_keys_of_its_contract(case):
    assert violations(NAME, changed(COMPLIANT, case.change), RENTAL) == case.reported


def test_the_keys_of_a_table_may_be_spelled_as_schemas():
    keys = [{"attributeName": "UserID", "keyType": "HASH"}, {"attributeName": "InvoiceID", "keyType": "RANGE"}]

    assert (
        violations(NAME, changed(COMPLIANT, {"hashKey": ABSENT, "rangeKey": ABSENT, "keySchemas": keys}), RENTAL) == []
    )


@cases(
    fails(
        "another type",
        {"attributes.0.type": "N"},
        f"attribute 'UserID' of {T} has type 'N', but the contract says 'S'. Change it back: a key of another type is another key",
    ),
    fails("a type that is not known", {"attributes.1.type": UNKNOWN}, not_known("attributes[1].type")),
    fails("an attribute that is not known", {"attributes.1": UNKNOWN}, not_known("attributes[1]")),
    fails("attributes that are not known", {"attributes": UNKNOWN}, not_known("attributes")),
    passes("an attribute that the schema refuses", {"attributes.0.name": "other"}),
    passes("attributes that the schema refuses", {"attributes": ["x", None]}),
    fails(
        "a contract that lacks the type of a key",
        {},
        f'the contract of {T} lacks the type of the key \'due\': add "due": "S" to its attributes',
        config=agreed({"attributes.due": ABSENT}),
    ),
)
def test_attributes_have_the_types_of_the_contract(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config or RENTAL) == case.reported


@cases(
    fails(
        "another view type",
        {"streamViewType": "KEYS_ONLY"},
        f"streamViewType of {T} is 'KEYS_ONLY', but the contract says 'NEW_AND_OLD_IMAGES'. Change it back: "
        "another view type makes a new stream, and readers of the old stream get nothing more",
    ),
    *(
        fails(
            name,
            change,
            f"{T} has no stream, but the contract does: set streamEnabled to true, streamViewType to 'NEW_AND_OLD_IMAGES'",
        )
        for name, change in (
            ("no stream", {"streamEnabled": ABSENT, "streamViewType": ABSENT}),
            ("a stream that is off", {"streamEnabled": False}),
        )
    ),
    fails(
        "a stream that the contract doesn't have",
        {},
        f"{T} has a stream, but the contract has none: remove it, or add "
        f'"streamViewType": "NEW_AND_OLD_IMAGES" to the contract, {TOGETHER}',
        config=agreed({"streamViewType": ABSENT}),
    ),
    passes(
        "no stream in both", {"streamEnabled": False, "streamViewType": ""}, config=agreed({"streamViewType": ABSENT})
    ),
    fails("a stream that is not known", {"streamEnabled": UNKNOWN}, not_known("streamEnabled")),
    fails("a view type that is not known", {"streamViewType": UNKNOWN}, not_known("streamViewType")),
)
def test_a_stream_is_as_the_contract_says(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config or RENTAL) == case.reported


def index_said(keys):
    return f"{DUE} has {keys}, but the contract says partition key 'due'. {REBUILT}"


def projection_said(projection, right="projection 'ALL'"):
    return f"{DUE} has {projection}, but the contract says {right}. {REBUILT}"


SOME = agreed({f"{GSI}.0.projection": ["total", "paid"]})
SOME_SAID = "projection 'INCLUDE' of 'total', 'paid'"
INCLUDE = {f"{GSI}.0.projectionType": "INCLUDE"}


@cases(
    fails("another key", {f"{GSI}.0.hashKey": "issued"}, index_said("partition key 'issued'")),
    fails("a sort key", {f"{GSI}.0.rangeKey": "paid"}, index_said("partition key 'due', sort key 'paid'")),
    passes(
        "the key as a schema",
        {f"{GSI}.0.hashKey": ABSENT, f"{GSI}.0.keySchemas": [{"attributeName": "due", "keyType": "HASH"}]},
    ),
    fails(
        "another key as a schema",
        {f"{GSI}.0.hashKey": ABSENT, f"{GSI}.0.keySchemas": [{"attributeName": "due", "keyType": "RANGE"}]},
        index_said("sort key 'due'"),
    ),
    fails(
        "a kind of key that is not known",
        {f"{GSI}.0.hashKey": ABSENT, f"{GSI}.0.keySchemas": [{"attributeName": "due", "keyType": UNKNOWN}]},
        not_known(f"{GSI}[0].keySchemas[0].keyType"),
    ),
    passes(
        "several keys",
        {
            f"{GSI}.0.hashKey": ABSENT,
            f"{GSI}.0.keySchemas": [{"attributeName": name, "keyType": "HASH"} for name in ("due", "UserID")],
        },
        config=agreed({f"{GSI}.0.partitionKey": ["due", "UserID"]}),
    ),
    fails(
        "several keys in another order",
        {
            f"{GSI}.0.hashKey": ABSENT,
            f"{GSI}.0.keySchemas": [{"attributeName": name, "keyType": "HASH"} for name in ("UserID", "due")],
        },
        f"{DUE} has partition key 'UserID' + 'due', but the contract says partition key 'due' + 'UserID'. {REBUILT}",
        config=agreed({f"{GSI}.0.partitionKey": ["due", "UserID"]}),
    ),
    fails("another projection", {f"{GSI}.0.projectionType": "KEYS_ONLY"}, projection_said("projection 'KEYS_ONLY'")),
    fails("no projection", {f"{GSI}.0.projectionType": ABSENT}, projection_said("projection missing")),
    passes("attributes in any order", INCLUDE | {f"{GSI}.0.nonKeyAttributes": ["paid", "total"]}, config=SOME),
    fails(
        "an attribute less",
        INCLUDE | {f"{GSI}.0.nonKeyAttributes": ["paid"]},
        projection_said("projection 'INCLUDE' of 'paid'", SOME_SAID),
        config=SOME,
    ),
    fails("all attributes", {}, projection_said("projection 'ALL'", SOME_SAID), config=SOME),
    fails(
        "attributes that are not known",
        INCLUDE | {f"{GSI}.0.nonKeyAttributes": UNKNOWN},
        not_known(f"{GSI}[0].nonKeyAttributes"),
        config=SOME,
    ),
    fails("a key that is not known", {f"{GSI}.0.hashKey": UNKNOWN}, not_known(f"{GSI}[0].hashKey")),
    fails(
        "a projection that is not known", {f"{GSI}.0.projectionType": UNKNOWN}, not_known(f"{GSI}[0].projectionType")
    ),
    fails("an index that is not known", {f"{GSI}.0": UNKNOWN}, not_known(f"{GSI}[0]")),
    fails("indexes that are not known", {GSI: UNKNOWN}, not_known(GSI)),
)
def test_an_index_has_the_key_and_the_projection_of_the_contract(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config or RENTAL) == case.reported


def index(name, key="due"):
    return {"name": name, "hashKey": key, "projectionType": "ALL"}


def no_index(name):
    wanted = f"declare it, or remove it from there, {TOGETHER}"
    return f"{T} has no index {name!r}, but the contract does: {wanted}"


def not_agreed(name):
    stated = f'{{"name": "{name}", "partitionKey": "due", "projection": "ALL"}}'
    return f"index {name!r} of {T} is not in the contract: add it there, at the end, {TOGETHER}:\n{stated}"


def order(found, right):
    return f"the indexes of {T} are {found}, but must be in the order {right}: {KEPT}"


ABC = [{"name": name, "partitionKey": "due", "projection": "ALL"} for name in ("a-index", "b-index", "c-index")]


@pytest.mark.parametrize(
    ("names", "reported"),
    [
        pytest.param(["a", "b", "c"], [], id="as agreed"),
        pytest.param(["a", "c"], [no_index("b-index")], id="one removed"),
        pytest.param([], [no_index(f"{name}-index") for name in "abc"], id="all removed"),
        pytest.param(
            ["b", "a", "c"],
            [order("'b-index', 'a-index', 'c-index'", "'a-index', 'b-index', 'c-index'")],
            id="two in another order",
        ),
        pytest.param(["a", "b", "c", "new"], [not_agreed("new-index")], id="a new one behind"),
        pytest.param(
            ["a", "new", "b", "c"],
            [
                not_agreed("new-index"),
                order("'a-index', 'new-index', 'b-index', 'c-index'", "'a-index', 'b-index', 'c-index', 'new-index'"),
            ],
            id="a new one in front of others",
        ),
        pytest.param(
            ["a", "d", "c"],
            [
                not_agreed("d-index"),
                order("'a-index', 'd-index', 'c-index'", "'a-index', 'c-index', 'd-index'"),
                no_index("b-index"),
            ],
            id="one renamed",
        ),
        pytest.param(
            ["c", "a", None],
            [order("'c-index', 'a-index'", "'a-index', 'c-index'"), not_known(f"{GSI}[2].name")],
            id="a name that is not known",
        ),
    ],
)
def test_the_indexes_begin_with_those_of_the_contract_in_order(names, reported):
    indexes = [index(f"{name}-index" if name else UNKNOWN) for name in names]

    assert violations(NAME, COMPLIANT | {GSI: indexes}, agreed({GSI: ABC})) == reported


@pytest.mark.parametrize("value", ["x", ["x"], [None], [{}]])
def test_an_index_that_is_none_stands_for_no_index_of_the_contract(value):
    assert no_index("due-index") in violations(NAME, COMPLIANT | {GSI: value}, RENTAL)


@pytest.mark.parametrize("indexes", [ABSENT, []])
@pytest.mark.parametrize("outputs", [{}, {"arn": ARN, GSI: [index("due-index")]}], ids=["new", "deployed"])
def test_the_last_index_is_missed_though_the_table_shows_it_for_ever(indexes, outputs):
    assert violations(NAME, changed(COMPLIANT, {GSI: indexes}), RENTAL, outputs=outputs) == [no_index("due-index")]


def test_the_outputs_of_a_deployed_table_have_its_indexes_in_any_order():
    indexes = [index(f"{name}-index") for name in "abc"]
    outputs = {"arn": ARN, GSI: indexes[::-1]}

    assert violations(NAME, COMPLIANT | {GSI: indexes}, agreed({GSI: ABC}), outputs=outputs) == []


def own(name="due-index", **more):
    """Return an index that is a resource of its own."""
    keys = [{"attributeName": "due", "attributeType": "S", "keyType": "HASH"}]
    inputs = {"tableName": "RentalInvoices", "indexName": name, "keySchemas": keys}
    inputs |= {"projection": {"projectionType": "ALL"}} | more
    return Resource(type=INDEX, name=name if name != UNKNOWN else "own", inputs=inputs)


BARE = Resource(inputs=changed(COMPLIANT, {GSI: ABSENT}))


@pytest.mark.parametrize(
    ("resources", "reported"),
    [
        pytest.param([own()], [], id="as agreed"),
        pytest.param([own("new-index"), own()], [("new-index", not_agreed("new-index"))], id="a new one, anywhere"),
        pytest.param([own(tableName="Other")], [("table", no_index("due-index"))], id="one of another table"),
        pytest.param(
            [own(projection={"projectionType": "KEYS_ONLY"})],
            [("due-index", projection_said("projection 'KEYS_ONLY'"))],
            id="another projection",
        ),
        pytest.param(
            [own(keySchemas=[{"attributeName": "due", "attributeType": "N", "keyType": "HASH"}])],
            [
                (
                    "due-index",
                    f"attribute 'due' of {T} has type 'N', but the contract says 'S'. Change it back: a key of another type is another key",
                )
            ],
            id="another type",
        ),
        pytest.param(
            [own(keySchemas=[{"attributeName": "UserID", "attributeType": "S", "keyType": "HASH"}])],
            [("due-index", index_said("partition key 'UserID'"))],
            id="another key",
        ),
        pytest.param([own(keySchemas=UNKNOWN)], [("due-index", not_known("keySchemas"))], id="a key that is not known"),
        pytest.param([own(UNKNOWN)], [("own", not_known("indexName"))], id="a name that is not known"),
    ],
)
def test_an_index_that_is_a_resource_of_its_own_is_one_of_its_table(resources, reported):
    assert judge(NAME, BARE, *resources, config=RENTAL) == reported


@pytest.mark.parametrize("outputs", [{}, {"arn": ARN, GSI: [index("c-index"), index("a-index"), index("b-index")]}])
def test_indexes_that_are_resources_of_their_own_may_be_in_any_order(outputs):
    table = Resource(inputs=changed(COMPLIANT, {GSI: ABSENT}), outputs=outputs)

    assert judge(NAME, own("c-index"), table, own("a-index"), own("b-index"), config=agreed({GSI: ABC})) == []


USERS = Resource(name="users", inputs=ON_DEMAND)


def no_table(name):
    return f"the stack has no table {name!r}, but the contract does: declare it, or remove it from tables, {TOGETHER}"


@pytest.mark.parametrize(
    ("resources", "options", "reported"),
    [
        pytest.param([Resource(), USERS], {}, [], id="both"),
        pytest.param([Resource()], {}, [(None, no_table("Users"))], id="one missing"),
        pytest.param([], {}, [(None, no_table("RentalInvoices")), (None, no_table("Users"))], id="no table"),
        pytest.param([Resource()], {"exemptTables": ["U*"]}, [], id="an exempt one missing"),
        pytest.param(
            [Resource(), Resource(name="users", inputs=ON_DEMAND | {"name": UNKNOWN}, sources={"name": ["pet"]})],
            {},
            [("users", not_known("name"))],
            id="one whose name is not known may be it",
        ),
        pytest.param(
            [Resource(inputs=COMPLIANT | {"name": UNKNOWN})],
            {"allowUnknown": True},
            [(None, no_table("RentalInvoices")), (None, no_table("Users"))],
            id="one whose name is not known can't be both",
        ),
    ],
)
def test_every_table_of_the_contract_is_in_the_stack(resources, options, reported):
    pet = Resource(type=PET, name="pet", inputs={})

    assert judge(NAME, *resources, pet, config={"tables": CONTRACT} | options) == reported


def test_every_table_of_the_stack_is_in_the_contract():
    orders = COMPLIANT | {"name": "Orders"}

    assert judge(NAME, Resource(), Resource(name="orders", inputs=orders), USERS, config={"tables": CONTRACT}) == [
        (
            "orders",
            "table 'Orders' is not in the contract. If it is a table of the contract, change its name back; if it is "
            "new, add it to tables, in the same pull request:\n"
            '"Orders": {"partitionKey": "UserID", "sortKey": "InvoiceID", '
            '"attributes": {"UserID": "S", "InvoiceID": "S", "due": "S"}, '
            '"globalSecondaryIndexes": [{"name": "due-index", "partitionKey": "due", "projection": "ALL"}], '
            '"streamViewType": "NEW_AND_OLD_IMAGES"}',
        )
    ]


def test_what_a_violation_says_to_add_is_what_the_contract_lacks():
    """The JSON that the message ends with, put into the contract, satisfies it."""
    inputs = changed(
        COMPLIANT, {f"{GSI}.0.projectionType": "INCLUDE", f"{GSI}.0.nonKeyAttributes": ["total"], "name": "Orders-1"}
    )
    (message,) = violations(NAME, inputs, {"tables": {"x": CONTRACT["Users"]}, "exemptTables": ["x"]})
    stated = json.loads(f"{{{message.splitlines()[-1]}}}")

    assert violations(NAME, inputs, {"tables": stated}) == []


def test_tables_of_one_name_in_two_regions_are_each_judged():
    far = Resource(name="far", region="us-east-1", inputs=changed(COMPLIANT, {GSI: ABSENT}))
    near = Resource(inputs=changed(COMPLIANT, {"rangeKey": ABSENT}))

    assert judge(NAME, near, far, config=RENTAL) == [
        ("table", said("partition key 'UserID'")),
        ("far", no_index("due-index")),
    ]


def test_without_a_contract_nothing_is_judged():
    assert judge(NAME, Resource(inputs={}), Resource(name="other", inputs={"name": UNKNOWN})) == []
    assert violations(NAME, {}, {"tables": {}}) == []


ALLOWED = {"allowUnknown": True} | RENTAL


@pytest.mark.parametrize(
    "change",
    [
        {"hashKey": UNKNOWN},
        {"attributes": UNKNOWN},
        {"streamViewType": UNKNOWN},
        {GSI: UNKNOWN},
        {f"{GSI}.0.name": UNKNOWN},
    ],
    ids=str,
)
def test_what_is_not_known_is_accepted_where_that_is_allowed(change):
    assert violations(NAME, changed(COMPLIANT, change), ALLOWED) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"partitionKey": ABSENT}, "tables.RentalInvoices.partitionKey is missing, but must be a string", id="no key"
        ),
        pytest.param(
            {"partitionKey": 5.0}, "tables.RentalInvoices.partitionKey is 5.0, but must be a string", id="a number"
        ),
        pytest.param(
            {"hashKey": "UserID"},
            "tables.RentalInvoices has 'hashKey', but may have only partitionKey, sortKey, attributes, "
            "globalSecondaryIndexes, streamViewType",
            id="a field of another name",
        ),
        pytest.param(
            {"attributes.UserID": "s"},
            "tables.RentalInvoices.attributes.UserID is 's', but must be one of S, N, B",
            id="a type in lower case",
        ),
        pytest.param(
            {"attributes": ["UserID"]},
            "tables.RentalInvoices.attributes is ['UserID'], but must be an object",
            id="a list",
        ),
        pytest.param({GSI: {}}, f"tables.RentalInvoices.{GSI} is {{}}, but must be a list of objects", id="no list"),
        pytest.param(
            {f"{GSI}.0": "due"}, f"tables.RentalInvoices.{GSI}[0] is 'due', but must be an object", id="a name"
        ),
        pytest.param(
            {f"{GSI}.0.partitionKey": [1.0]},
            f"tables.RentalInvoices.{GSI}[0].partitionKey is [1.0], but must be a string or a list of strings",
            id="a list of numbers",
        ),
        pytest.param(
            {f"{GSI}.0.projection": "INCLUDE"},
            f"tables.RentalInvoices.{GSI}[0].projection is 'INCLUDE', but must be one of ALL, KEYS_ONLY or a list of strings",
            id="an INCLUDE of nothing",
        ),
        pytest.param(
            {f"{GSI}.0.projection": ABSENT},
            f"tables.RentalInvoices.{GSI}[0].projection is missing, but must be one of ALL, KEYS_ONLY or a list of strings",
            id="no projection",
        ),
        pytest.param(
            {"streamViewType": "NEW"},
            "tables.RentalInvoices.streamViewType is 'NEW', but must be one of KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES",
            id="a view type",
        ),
    ],
)
def test_a_malformed_contract_is_refused(changes, message):
    with pytest.raises(ValueError, match="option") as raised:
        violations(NAME, COMPLIANT, agreed(changes))
    assert str(raised.value) == f"{NAME}: the option {message}"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        pytest.param(["Users"], "tables is ['Users'], but must be an object", id="a list"),
        pytest.param({"a-b": 5.0}, "tables['a-b'] is 5.0, but must be an object", id="a number"),
    ],
)
def test_what_is_no_contract_is_refused(tables, message):
    with pytest.raises(ValueError, match="option") as raised:
        violations(NAME, COMPLIANT, {"tables": tables})
    assert str(raised.value) == f"{NAME}: the option {message}"
