"""The tables of a stack, joined with the indexes and replicas that are resources of their own."""

import pytest

from dynamodb.stack import Stack, table_of_arn
from dynamodb.values import UNKNOWN as NOT_KNOWN
from dynamodb.values import get
from tests.policies.judge import (
    ARN,
    COMPLIANT,
    INDEX,
    ON_DEMAND,
    PET,
    TABLE_REPLICA,
    UNKNOWN,
    Resource,
    registered,
)

GSI = "globalSecondaryIndexes"
FAR = Resource(name="far", region="us-east-1")
PETS = Resource(type=PET, name="pet", inputs={})


def stack(*resources):
    return Stack(registered(*resources))


def index(table_name="RentalInvoices", index_name="own-index", **more):
    return Resource(type=INDEX, name="index", inputs={"tableName": table_name, "indexName": index_name}, **more)


def replica(arn=ARN, region="eu-north-1", **more):
    return Resource(type=TABLE_REPLICA, name="replica", inputs={"globalTableArn": arn}, region=region, **more)


def named(name, *sources):
    """Return a table with a name that comes from these resources."""
    return Resource(inputs=COMPLIANT | {"name": name}, sources={"name": list(sources)})


def joined(*resources):
    """Return each table with the names of its indexes and replicas."""
    return {t.resource.name: [r.name for r in [*t.indexes, *t.replicas]] for t in stack(*resources).tables}


def test_what_is_unknown_and_of_no_other_resource_is_missing():
    table, *_ = stack(Resource(inputs=ON_DEMAND, sources={"ttl": []})).tables

    unset = ["arn", GSI, "serverSideEncryption.kmsKeyArn", "pointInTimeRecovery.recoveryPeriodInDays", "ttl"]
    assert [get(table.resource.props, path) for path in unset] == [None] * len(unset)
    assert get(table.resource.props, "pointInTimeRecovery.enabled") is True


def test_what_is_unknown_and_of_another_resource_is_not_known():
    inputs = ON_DEMAND | {"serverSideEncryption": {"enabled": True, "kmsKeyArn": UNKNOWN}, "tags": UNKNOWN}
    table, *_ = stack(PETS, Resource(inputs=inputs, sources={"tags": ["pet"]})).tables

    assert get(table.resource.props, "serverSideEncryption.kmsKeyArn") is NOT_KNOWN
    assert get(table.resource.props, "tags") is NOT_KNOWN
    assert table.resource.sources["tags"] == {"pet": PET}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([Resource(), index()], {"table": ["index"]}, id="an index by name"),
        pytest.param([Resource(), index("Elsewhere")], {"table": []}, id="an index of a table elsewhere"),
        pytest.param([Resource(), index(["RentalInvoices"])], {"table": []}, id="an index of a malformed name"),
        pytest.param(
            [Resource(), index(UNKNOWN, sources={"tableName": ["table"]})],
            {"table": ["index"]},
            id="an index by source",
        ),
        pytest.param([Resource(), index(UNKNOWN)], {"table": []}, id="an index of a source elsewhere"),
        pytest.param(
            [PETS, named(UNKNOWN, "pet"), index(UNKNOWN, sources={"tableName": ["pet"]})],
            {"table": ["index"]},
            id="an index by the source of the name",
        ),
        pytest.param(
            [PETS, named("Known", "pet"), index(UNKNOWN, sources={"tableName": ["pet"]})],
            {"table": []},
            id="an index by the source of a known name",
        ),
        pytest.param(
            [Resource(), FAR, index(UNKNOWN, sources={"tableName": ["table", "far"]})],
            {"table": [], "far": []},
            id="an index of one of two tables",
        ),
        pytest.param(
            [Resource(), FAR, index(region="us-east-1")], {"table": [], "far": ["index"]}, id="an index by region"
        ),
        pytest.param(
            [Resource(), FAR, index(region=UNKNOWN)], {"table": [], "far": []}, id="an index of unknown region"
        ),
        pytest.param(
            [Resource(), index(region=UNKNOWN)], {"table": ["index"]}, id="an index of unknown region, one table"
        ),
        pytest.param(
            [Resource(), FAR, replica()], {"table": ["replica"], "far": []}, id="a replica by the region in its ARN"
        ),
        pytest.param(
            [Resource(), replica(ARN.replace("Rental", "Other"))], {"table": []}, id="a replica of a table elsewhere"
        ),
        pytest.param([Resource(), replica("RentalInvoices")], {"table": []}, id="a replica without an ARN"),
        pytest.param(
            [Resource(), FAR, replica(UNKNOWN, sources={"globalTableArn": ["far"]})],
            {"table": [], "far": ["replica"]},
            id="a replica by source",
        ),
    ],
)
def test_an_index_and_a_replica_are_joined_to_their_table(resources, expected):
    assert joined(*resources) == expected


def test_the_region_is_the_resource_s_or_else_its_provider_s():
    own = Resource(name="own", inputs=COMPLIANT | {"region": "eu-north-1"})
    unknown = Resource(name="unknown", inputs=COMPLIANT | {"region": UNKNOWN})
    tables = stack(Resource(), own, unknown, Resource(name="nowhere", region=UNKNOWN)).tables

    assert [table.resource.region for table in tables] == ["eu-west-1", "eu-north-1", None, None]


def test_replicas_are_in_regions_of_their_own():
    inline = [{"regionName": "us-east-1"}, {"regionName": UNKNOWN}]
    table, *_ = stack(Resource(inputs=COMPLIANT | {"replicas": inline}), replica()).tables

    assert table.replica_regions == {"us-east-1", None, "eu-north-1"}


@pytest.mark.parametrize(
    ("outputs", "paths"),
    [
        pytest.param({}, [f"{GSI}[0]", f"{GSI}[1]"], id="new"),
        pytest.param({"arn": ARN}, [f"{GSI}[1]"], id="deployed: the standalone index is shown, too"),
    ],
)
def test_inline_indexes_are_those_that_the_table_declares(outputs, paths):
    inputs = COMPLIANT | {GSI: [{"name": "own-index"}, {"name": "due-index"}]}
    table, *_ = stack(Resource(inputs=inputs, outputs=outputs), index()).tables

    assert [path for path, _ in table.inline_indexes] == paths


def test_a_billing_mode_that_is_missing_is_the_provider_s_default():
    modes = ["PAY_PER_REQUEST", "", UNKNOWN, "provisioned"]
    tables = stack(*(Resource(name=f"t{n}", inputs={"billingMode": mode}) for n, mode in enumerate(modes))).tables

    assert [table.billing_mode for table in tables] == ["PAY_PER_REQUEST", "PROVISIONED", NOT_KNOWN, "provisioned"]


def test_a_table_is_named_where_its_name_is_known():
    tables = [table for resource in (FAR, named(UNKNOWN), named(["x"])) for table in stack(resource).tables]

    assert [table.label for table in tables] == ["table 'RentalInvoices'", "the table", "the table"]


@pytest.mark.parametrize("value", ["RentalInvoices", None, NOT_KNOWN, ["x"], f"{ARN[:3]}:aws:kms:eu-west-1:1:key/x"])
def test_what_is_no_arn_of_a_table_names_none(value):
    assert table_of_arn(value) == value
    assert table_of_arn(ARN) == table_of_arn(f"{ARN}/stream/2026") == "RentalInvoices"
