"""What of prod scales, by which settings, and what a deployment must leave alone."""

from dataclasses import dataclass
from typing import Any

import pytest

from components.autoscaling import autoscaled_capacities
from components.schema import Capacity, GlobalSecondaryIndex, Table
from components.settings import Autoscaling
from ops.engine.plan import Registration

FAMILY = "urn:pulumi:prod::paypulse::paypulse:dynamodb:RentalInvoices"
TABLE = f"{FAMILY}$aws:dynamodb/table:Table::rental_invoices"
SCALING = f"{FAMILY}$paypulse:dynamodb:TableAutoscaling"
TARGET = f"{SCALING}$aws:appautoscaling/target:Target"
TABLE_ID = "table/RentalInvoices"
INDEX_ID = f"{TABLE_ID}/index/due_date_year-due_date_month-index"
# All different, so that each is seen in its place.
SETTINGS = (
    "autoscaling_min_capacity=1",
    "autoscaling_max_capacity=20",
    "autoscaling_target_utilization=55",
    "autoscaling_scale_in_cooldown=120",
    "autoscaling_scale_out_cooldown=30",
)


@dataclass(frozen=True)
class Scaled:
    """A capacity that scales."""

    name: str
    resource_id: str
    dimension: str
    access: str


SCALED = [
    Scaled("rental_invoices-read", TABLE_ID, "dynamodb:table:ReadCapacityUnits", "Read"),
    Scaled("rental_invoices-write", TABLE_ID, "dynamodb:table:WriteCapacityUnits", "Write"),
    Scaled("rental_invoices-due_date-read", INDEX_ID, "dynamodb:index:ReadCapacityUnits", "Read"),
    Scaled("rental_invoices-due_date-write", INDEX_ID, "dynamodb:index:WriteCapacityUnits", "Write"),
]
NAMES = [pytest.param(scaled, id=scaled.name) for scaled in SCALED]


@pytest.fixture
def scaling(record):
    """Return what is registered of Application Auto Scaling, by type and name."""

    def scaling(*config: str) -> dict[tuple[str, str], Registration]:
        kinds = {"aws:appautoscaling/target:Target": "target", "aws:appautoscaling/policy:Policy": "policy"}
        return {(kinds[r.type], r.name): r for r in record("prod", *config).resources if r.type in kinds}

    return scaling


def ids(scaled: Scaled) -> dict[str, Any]:
    return {
        "serviceNamespace": "dynamodb",
        "resourceId": scaled.resource_id,
        "scalableDimension": scaled.dimension,
    }


def test_reads_and_writes_of_the_provisioned_table_and_of_its_index_scale(scaling):
    assert sorted(scaling()) == sorted((kind, scaled.name) for kind in ("target", "policy") for scaled in SCALED)


@pytest.mark.parametrize("scaled", NAMES)
def test_a_target_has_the_bounds_of_the_settings(scaling, scaled):
    target = scaling(*SETTINGS)["target", scaled.name]

    assert target.inputs == ids(scaled) | {"minCapacity": 1, "maxCapacity": 20}
    assert target.property_dependencies == {"resourceId": [TABLE]}


@pytest.mark.parametrize("scaled", NAMES)
def test_a_policy_has_the_aim_and_the_cooldowns_of_the_settings(scaling, scaled):
    assert scaling(*SETTINGS)["policy", scaled.name].inputs == ids(scaled) | {
        "name": f"DynamoDB{scaled.access}AutoScalingPolicy",
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "predefinedMetricSpecification": {
                "predefinedMetricType": f"DynamoDB{scaled.access}CapacityUtilization",
            },
            "targetValue": 55,
            "scaleInCooldown": 120,
            "scaleOutCooldown": 30,
        },
    }


@pytest.mark.parametrize("scaled", NAMES)
def test_a_policy_comes_after_its_target(scaling, scaled):
    policy = scaling()["policy", scaled.name]

    assert policy.property_dependencies == {name: [f"{TARGET}::{scaled.name}"] for name in ids(scaled)}
    assert policy.parent == f"{SCALING}::rental_invoices"


def test_indexes_need_not_scale(scaling):
    assert {name for _, name in scaling("autoscale_indexes=false")} == {
        "rental_invoices-read",
        "rental_invoices-write",
    }


OF_TABLE = ["readCapacity", "writeCapacity"]
OF_INDEXES = ["globalSecondaryIndexes[*].readCapacity", "globalSecondaryIndexes[*].writeCapacity"]


@pytest.mark.parametrize(
    ("config", "ignored"),
    [
        pytest.param([], OF_TABLE + OF_INDEXES, id="indexes scale"),
        pytest.param(["autoscale_indexes=false"], OF_TABLE, id="indexes don't"),
    ],
)
def test_a_deployment_leaves_exactly_the_capacities_that_scale(record, config, ignored):
    tables = [r for r in record("prod", *config).resources if r.type == "aws:dynamodb/table:Table"]

    assert {r.name: r.ignore_changes for r in tables if r.ignore_changes} == {"rental_invoices": ignored}


INDEX = GlobalSecondaryIndex(logical_name="i", name="by-day", partition_key="day", capacity=Capacity(1, 1))
OWN = ["readCapacity", "writeCapacity"]


@pytest.mark.parametrize(
    ("more", "indexes", "paths"),
    [
        pytest.param({}, True, [], id="on demand"),
        pytest.param({"capacity": Capacity(1, 1)}, True, OWN, id="without an index"),
        pytest.param({"capacity": Capacity(1, 1), "indexes": (INDEX,)}, False, OWN, id="an index that does not scale"),
        pytest.param(
            {"capacity": Capacity(1, 1), "indexes": (INDEX,)},
            True,
            [*OWN, "globalSecondaryIndexes[*].readCapacity", "globalSecondaryIndexes[*].writeCapacity"],
            id="an index",
        ),
    ],
)
def test_the_capacities_of_any_table_that_scale_are_left_alone(more, indexes, paths):
    table = Table(logical_name="t", name="T", partition_key="id", **more)
    settings = Autoscaling(
        min_capacity=1,
        max_capacity=2,
        target_utilization=70,
        scale_in_cooldown=1,
        scale_out_cooldown=1,
        indexes=indexes,
    )

    assert autoscaled_capacities(table, settings) == paths
