import pytest

from tests.policies.judge import (
    ABSENT,
    COMPLIANT,
    INDEX,
    ON_DEMAND,
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

NAME = "dynamodb-billing-mode"
GSI = "globalSecondaryIndexes"
LISTED = {"provisionedTables": ["RentalInvoices"]}
NEED = "but a PROVISIONED table and each of its indexes need 1 or more capacity units"
NOT_LISTED = "is PROVISIONED: set billingMode to PAY_PER_REQUEST, or add it to provisionedTables"
MODES = "but must be PAY_PER_REQUEST or PROVISIONED"


@cases(
    passes("listed", config=LISTED),
    passes("listed by pattern", config={"provisionedTables": ["Users", "Rental*"]}),
    fails("no table is listed", {}, f"'RentalInvoices' {NOT_LISTED}"),
    fails("another is listed", {}, f"'RentalInvoices' {NOT_LISTED}", config={"provisionedTables": ["Rental"]}),
    fails("a name that is not known", {"name": UNKNOWN}, f"the table {NOT_LISTED}", config=LISTED),
    passes("a name that is not known, all listed", {"name": UNKNOWN}, config={"provisionedTables": ["*"]}),
    fails("no mode", {"billingMode": ABSENT}, f"billingMode is missing, {MODES}", config=LISTED),
    fails("a mode in lower case", {"billingMode": "provisioned"}, f"billingMode is 'provisioned', {MODES}"),
    fails("a mode that is not known", {"billingMode": UNKNOWN}, not_known("billingMode")),
    fails("no read capacity", {"readCapacity": ABSENT}, f"readCapacity is missing, {NEED}", config=LISTED),
    fails("half a unit more", {"writeCapacity": 1.5}, f"writeCapacity is 1.5, {NEED}", config=LISTED),
    fails("not a number", {"writeCapacity": True}, f"writeCapacity is true, {NEED}", config=LISTED),
    fails(
        "a table and its index without capacity are one finding",
        {"writeCapacity": 0.0, f"{GSI}.0.readCapacity": ABSENT, f"{GSI}.0.writeCapacity": -1.0},
        f"writeCapacity is missing, {GSI}[0].readCapacity is missing, {GSI}[0].writeCapacity is -1, {NEED}",
        config=LISTED,
    ),
    fails(
        "an index that is not known",
        {f"{GSI}.0": UNKNOWN, "readCapacity": -1.0},
        f"readCapacity is -1, {NEED}",
        not_known(f"{GSI}[0]"),
        config=LISTED,
    ),
    fails(
        "the capacity of an index that is not known",
        {f"{GSI}.0.writeCapacity": UNKNOWN},
        not_known(f"{GSI}[0].writeCapacity"),
        config=LISTED,
    ),
    fails("indexes that are not known", {GSI: UNKNOWN}, not_known(GSI), config=LISTED),
    passes("indexes that are malformed", {GSI: ["x", None]}, config=LISTED),
)
def test_a_provisioned_table(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config) == case.reported


@cases(
    passes("no capacity"),
    passes("as the provider fills it in", {"readCapacity": 0.0, "writeCapacity": 0.0}),
    fails(
        "a table and its index with capacity are one finding",
        {"readCapacity": 1.0, GSI: [{"name": "i", "readCapacity": 1.0, "writeCapacity": 5.0}]},
        "the table is PAY_PER_REQUEST but has a capacity: "
        f"remove readCapacity, {GSI}[0].readCapacity, {GSI}[0].writeCapacity",
    ),
    fails("a capacity that is not known", {"readCapacity": UNKNOWN}, not_known("readCapacity")),
    passes("indexes that are not known", {GSI: UNKNOWN}),
    passes("indexes that are malformed", {GSI: ["x"]}),
)
def test_an_on_demand_table(case):
    assert violations(NAME, changed(ON_DEMAND, case.change)) == case.reported


READ, WRITE = "provisionedThroughput.readCapacityUnits", "provisionedThroughput.writeCapacityUnits"
BOTH = {"provisionedThroughput": {"readCapacityUnits": 1.0, "writeCapacityUnits": 1.0}}
NONE = {"provisionedThroughput": {"readCapacityUnits": 0.0, "writeCapacityUnits": 0.0}}


def with_index(table, index, **more):
    tables = [Resource(inputs=table), Resource(name="other", inputs=COMPLIANT, region="us-east-1")]
    return judge(
        NAME,
        *tables,
        Resource(type=INDEX, name="index", inputs={"tableName": table["name"]} | index, **more),
        config=LISTED,
    )


@pytest.mark.parametrize(
    ("table", "index", "reported"),
    [
        pytest.param(COMPLIANT, BOTH, [], id="provisioned, both"),
        pytest.param(
            COMPLIANT, {}, [f"table 'RentalInvoices' is PROVISIONED: set {READ} and {WRITE}"], id="provisioned, none"
        ),
        pytest.param(
            COMPLIANT,
            {"provisionedThroughput": {"readCapacityUnits": 1.0}},
            [f"{WRITE} is missing, {NEED}"],
            id="provisioned, one",
        ),
        pytest.param(
            COMPLIANT, {"provisionedThroughput": UNKNOWN}, [not_known(READ, WRITE)], id="provisioned, not known"
        ),
        pytest.param(ON_DEMAND, {}, [], id="on demand, none"),
        pytest.param(
            ON_DEMAND, BOTH, ["table 'Users' is PAY_PER_REQUEST: remove provisionedThroughput"], id="on demand, both"
        ),
        pytest.param({**COMPLIANT, "name": "Legacy"}, {"tableName": "Elsewhere"}, [], id="of a table elsewhere"),
    ],
)
def test_an_index_that_is_a_resource_of_its_own_agrees_with_its_table(table, index, reported):
    expected = [("index", message) for message in reported]

    assert [found for found in with_index(table, index) if found[0] == "index"] == expected


def test_a_deployed_index_of_an_on_demand_table_may_show_capacities_of_zero():
    assert with_index(ON_DEMAND, {}, outputs=NONE) == []


def test_an_index_of_an_exempt_table_is_not_judged():
    index = Resource(type=INDEX, name="index", inputs={"tableName": "Users"} | BOTH)

    assert judge(NAME, Resource(inputs=ON_DEMAND), index, config={"exemptTables": ["Users"]}) == []
