"""The scalable targets and scaling policies of a stack, joined to the tables and indexes that they scale."""

from dataclasses import replace

import pytest

from dynamodb.scaling import Scaling
from dynamodb.stack import Stack
from tests.policies.judge import (
    ABSENT,
    COMPLIANT,
    INDEX,
    INDEX_ID,
    ON_DEMAND,
    PET,
    POLICY,
    TABLE_ID,
    TARGET,
    UNKNOWN,
    Resource,
    registered,
    scaled,
    scaling_policy,
    target,
)

READS, INDEX_READS = "dynamodb:table:ReadCapacityUnits", "dynamodb:index:ReadCapacityUnits"
TABLE, DUE = "table 'RentalInvoices'", "index 'due-index' of table 'RentalInvoices'"
COMPLIANTLY = {
    **{f"table-{access}": (TABLE, [f"table-{access}-policy"]) for access in ("read", "write")},
    **{f"index-{access}": (DUE, [f"index-{access}-policy"]) for access in ("read", "write")},
}


def joined(*resources):
    """Return each target with what it scales, and its policies."""
    return {
        found.resource.name: (found.scalable and found.scalable.label, [p.resource.name for p in found.policies])
        for found in Scaling(Stack(registered(*resources))).targets
    }


def a_target(name, resource_id, dimension=READS, *sources, **more):
    inputs = target(resource_id, dimension)
    return Resource(type=TARGET, name=name, inputs=inputs, sources={"resourceId": list(sources)}, **more)


def a_policy(name, resource_id, dimension=READS, *sources, **more):
    inputs = scaling_policy(resource_id, dimension)
    return Resource(type=POLICY, name=name, inputs=inputs, sources={"resourceId": list(sources)}, **more)


NOT_KNOWN = {"resourceId": UNKNOWN}


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(scaled(), id="by resource ids"),
        pytest.param(
            scaled({name: NOT_KNOWN for access in COMPLIANTLY for name in (access, f"{access}-policy")}),
            id="by what the resource ids come from",
        ),
        pytest.param(
            scaled({f"{name}-policy": NOT_KNOWN | {"scalableDimension": UNKNOWN} for name in COMPLIANTLY}),
            id="policies by their target",
        ),
        pytest.param(list(reversed(scaled())), id="in another order"),
    ],
)
def test_a_target_is_joined_to_what_it_scales_and_a_policy_to_its_target(program):
    assert joined(*program) == COMPLIANTLY


PETS = Resource(type=PET, name="pet", inputs={})
UNNAMED = Resource(name="unnamed", inputs=ON_DEMAND | {"name": UNKNOWN}, sources={"name": ["pet"]})
FAR = Resource(name="far", region="us-east-1", inputs=COMPLIANT | {"globalSecondaryIndexes": [{"name": "far-index"}]})
TWO = COMPLIANT | {"globalSecondaryIndexes": [{"name": "one"}, {"name": "two"}]}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([a_target("t", "table/Elsewhere")], None, id="elsewhere"),
        pytest.param([a_target("t", ["x"])], None, id="malformed"),
        pytest.param([a_target("t", TABLE_ID, region=UNKNOWN)], TABLE, id="of unknown region"),
        pytest.param([a_target("t", TABLE_ID, region="eu-north-1")], None, id="of another region"),
        pytest.param(
            [FAR, a_target("t", f"{TABLE_ID}/index/far-index", INDEX_READS, region="us-east-1")],
            "index 'far-index' of table 'RentalInvoices'",
            id="of a table of the same name",
        ),
        pytest.param([a_target("t", UNKNOWN, INDEX_READS, "table")], DUE, id="of the table's index, by the dimension"),
        pytest.param([a_target("t", UNKNOWN, UNKNOWN, "table")], None, id="of the table, or of its index"),
        pytest.param(
            [PETS, UNNAMED, a_target("t", UNKNOWN, READS, "pet")],
            "the table",
            id="of the table whose name has the same source",
        ),
        pytest.param(
            [PETS, replace(UNNAMED, inputs=ON_DEMAND), a_target("t", UNKNOWN, READS, "pet")],
            None,
            id="of the same source as the known name of a table",
        ),
        pytest.param(
            [
                Resource(type=INDEX, name="own", inputs={"tableName": "RentalInvoices", "indexName": "own-index"}),
                a_target("t", UNKNOWN, INDEX_READS, "own"),
            ],
            "index 'own-index' of table 'RentalInvoices'",
            id="of an index of its own",
        ),
    ],
)
def test_a_target_s_table_or_index(resources, expected):
    assert joined(Resource(), *resources) == {"t": (expected, [])}


def test_targets_that_do_not_tell_their_index_are_of_one_each():
    table = Resource(inputs=TWO)
    targets = [a_target(name, UNKNOWN, INDEX_READS, "table") for name in ("a", "b", "c")]
    one, two = (f"index '{name}' of table 'RentalInvoices'" for name in ("one", "two"))

    assert [scalable for scalable, _ in joined(table, *targets).values()] == [one, two, one]
    assert joined(table, targets[0], a_target("known", f"{TABLE_ID}/index/one", INDEX_READS)) == {
        "known": (one, []),
        "a": (two, []),
    }


def test_policies_that_do_not_tell_their_target_are_of_one_each():
    targets = [a_target("read", TABLE_ID), a_target("write", TABLE_ID, READS.replace("Read", "Write"))]
    policies = [
        replace(a_policy(name, UNKNOWN, UNKNOWN), sources={"resourceId": ["read", "write"]}) for name in ("a", "b")
    ]

    assert joined(Resource(), *targets, *policies) == {"read": (TABLE, ["a"]), "write": (TABLE, ["b"])}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(a_policy("p", TABLE_ID), ["p"], id="the same"),
        pytest.param(a_policy("p", TABLE_ID, region="us-east-1"), [], id="another region"),
        pytest.param(a_policy("p", TABLE_ID, "dynamodb:table:WriteCapacityUnits"), [], id="another dimension"),
        pytest.param(a_policy("p", INDEX_ID, INDEX_READS), [], id="another resource id"),
        pytest.param(a_policy("p", UNKNOWN, READS, "table"), ["p"], id="by the table that both come from"),
        pytest.param(a_policy("p", UNKNOWN, READS), [], id="from elsewhere"),
        pytest.param(
            replace(a_policy("p", UNKNOWN), sources={"scalableDimension": ["t"]}),
            ["p"],
            id="by what its dimension comes from",
        ),
        pytest.param(a_policy("p", ["x"]), [], id="malformed"),
    ],
)
def test_a_policy_is_of_the_target_with_its_ids(policy, expected):
    assert joined(Resource(), a_target("t", TABLE_ID), policy) == {"t": (TABLE, expected)}


OTHER = {"serviceNamespace": "ecs", "resourceId": "service/c/s", "scalableDimension": "ecs:service:DesiredCount"}


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        pytest.param({}, False, id="of ECS"),
        pytest.param({"serviceNamespace": UNKNOWN}, False, id="of ECS by its dimension"),
        pytest.param({"resourceId": UNKNOWN}, False, id="of ECS by what its id comes from"),
        pytest.param({"serviceNamespace": "dynamodb"}, True, id="by its namespace"),
        pytest.param({"scalableDimension": READS}, True, id="by its dimension"),
        pytest.param({"resourceId": "table/x"}, True, id="by its resource id"),
        pytest.param({"serviceNamespace": UNKNOWN, "scalableDimension": UNKNOWN}, True, id="maybe"),
        pytest.param({"resourceId": UNKNOWN, "scalableDimension": ABSENT}, True, id="by what its id comes from"),
    ],
)
def test_of_other_services_nothing_is_joined(change, is_ours):
    inputs = {key: value for key, value in (OTHER | change).items() if value is not ABSENT}
    sources = {"resourceId": ["pet"]} if inputs["resourceId"] == UNKNOWN else {}
    found = joined(PETS, UNNAMED, Resource(type=TARGET, name="t", inputs=inputs, sources=sources))

    assert list(found) == (["t"] if is_ours else [])
