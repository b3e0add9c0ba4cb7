"""The calls that change a resource are those of the provider: of a stand-in for it that was written apart from ops/."""

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.rpc import UNKNOWN

from ops.aws import updates
from ops.aws.resources import event_source_mapping, metric_alarm, scalable_target, scaling_policy, table
from tests.engine.plugin import aws, bridge, schema
from tests.ops.evolve import test_judge
from tests.ops.evolve.edits import Edits, compared, version

STAND_INS = {
    table.TYPE: (schema.TABLE, aws.Table),
    scalable_target.TYPE: (schema.TARGET, aws.Target),
    scaling_policy.TYPE: (schema.POLICY, aws.Policy),
    event_source_mapping.TYPE: (schema.MAPPING, aws.Mapping),
    metric_alarm.TYPE: (schema.ALARM, aws.Alarm),
}
ALARMED = (*test_judge.FUNCTION, *test_judge.ALARMS)
# What AWS says where nothing is declared.
LIVE = {table.TYPE: {"arn": "arn:things"}, event_source_mapping.TYPE: {"uuid": "1"}}
RECOVERED = {"enabled": True, "recoveryPeriodInDays": 35}


@dataclass
class Recorder:
    """Stands in for all clients, and records their calls, each with its service."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    service: str = ""

    def __call__(self, service):
        return Recorder(self.calls, service)

    def __getattr__(self, method):
        return lambda **parameters: self.calls.append((f"{self.service} {method}", copy.deepcopy(parameters)))


def of_stand_in(type_, old, new):
    """Return the calls of the stand-in, as it makes them after Diff; a message at the end where it refuses."""
    (properties, api), recorder = STAND_INS[type_], Recorder()
    # After a deployment a state also has what its preview doesn't show.
    hidden = {key: each.default for key, each in properties.properties.items() if each.hidden}
    state = hidden | bridge.known(bridge.planned(properties.properties, None, old)) | LIVE.get(type_, {})
    if type_ == table.TYPE and old.get("pointInTimeRecovery", {}).get("enabled"):
        state["pointInTimeRecovery"] = RECOVERED | old["pointInTimeRecovery"]
    changed = bridge.changed(properties, state, new)
    planned = bridge.planned(properties.properties, state, new) | dict.fromkeys(properties.renews.values(), UNKNOWN)
    outputs = bridge.whole(properties.properties, state) | {key: planned[key] for key in changed}
    try:
        if changed:
            api(recorder).update(state, bridge.known(outputs), changed)
    except ValueError as error:
        recorder.calls.append(("refused", {"error": str(error)}))
    # A call that names only the trigger changes nothing: so it is where its destination is removed.
    return [one_spelling(*call) for call in recorder.calls if [*call[1]] != ["UUID"]]


def of_ops(type_, old, new):
    recorder, live = Recorder(), LIVE.get(type_, {})
    try:
        for call in updates.update(type_, old | live, new | live):
            call.make(recorder)
    except updates.RefusedError as error:
        recorder.calls.append(("refused", {"error": str(error)}))
    return [one_spelling(*call) for call in recorder.calls]


def one_spelling(method, parameters):
    """Return a call without what says nothing: that KMS encrypts, that scaling in is on, empty lists, the order of others."""
    parameters.get("TargetTrackingScalingPolicyConfiguration", {}).pop("DisableScaleIn", None)
    if "SSESpecification" in parameters:
        parameters["SSESpecification"].pop("SSEType", None)
    if parameters.get("FilterCriteria") == {"Filters": []}:
        parameters["FilterCriteria"] = {}
    for listed in ("TagKeys", "Tags", "Dimensions", "Metrics", "OKActions", "AlarmActions"):
        if listed in parameters:
            parameters[listed].sort(key=str)
            if not parameters[listed]:
                del parameters[listed]
    return method, parameters


def in_place(row):
    """Return the resources that a row of the catalogue changes in place, as far as the stand-in can make them."""
    found = compared(version(row.then), version(row.now))
    return [pair for pair in found if pair.then and pair.now and pair.old != pair.new and is_made(pair)]


def is_made(pair):
    if pair.either.type not in STAND_INS:
        return False
    made = STAND_INS[pair.either.type][0].properties
    return not pair.replaced_by and all(made[key].is_made for key in pair.old | pair.new)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in test_judge.CASES])
def test_a_row_of_the_catalogue_takes_the_calls_of_the_stand_in(row):
    pairs = in_place(row)

    ours = {pair.either.urn: of_ops(pair.either.type, pair.old, pair.new) for pair in pairs}

    assert ours == {pair.either.urn: of_stand_in(pair.either.type, pair.old, pair.new) for pair in pairs}


CAPACITY = st.integers(1, 3)
NAMES = ("by-day", "by-owner", "by-state")


def some(**options):
    """Return a strategy for an object that has some of these properties."""
    return st.fixed_dictionaries({}, optional=options)


@st.composite
def tables(draw, was=None):
    """Draw the inputs of a table; of one that `was` on demand, maybe with its capacities ignored."""
    mode = draw(st.sampled_from(["PROVISIONED", "PAY_PER_REQUEST"]))
    is_ignored = was == "PAY_PER_REQUEST" and draw(st.booleans())

    def capacity():
        has = mode == "PROVISIONED" and not is_ignored
        return {"readCapacity": draw(CAPACITY), "writeCapacity": draw(CAPACITY)} if has else {}

    indexes = [
        {
            "name": name,
            "hashKey": draw(st.sampled_from(["day", "owner"])),
            **draw(
                st.sampled_from(
                    [
                        {"projectionType": "ALL"},
                        {"projectionType": "ALL", "rangeKey": "id"},
                        {"projectionType": "INCLUDE", "nonKeyAttributes": ["a", "b"]},
                    ]
                )
            ),
            **capacity(),
        }
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    view = draw(st.none() | st.sampled_from(["KEYS_ONLY", "NEW_IMAGE"]))
    more = some(
        deletionProtectionEnabled=st.booleans(),
        serverSideEncryption=st.fixed_dictionaries({"enabled": st.booleans()})
        | st.just({"enabled": True, "kmsKeyArn": test_judge.KEY}),
        pointInTimeRecovery=st.fixed_dictionaries({"enabled": st.booleans()})
        | st.fixed_dictionaries({"enabled": st.sampled_from([True]), "recoveryPeriodInDays": st.sampled_from([7, 35])}),
        ttl=st.fixed_dictionaries({"enabled": st.booleans(), "attributeName": st.sampled_from("ab")}),
        tags=st.dictionaries(st.sampled_from("xyz"), st.sampled_from("12"), min_size=1),
        tableClass=st.sampled_from(["STANDARD", "STANDARD_INFREQUENT_ACCESS"]),
    )
    return {
        "name": "things",
        "hashKey": "id",
        "billingMode": mode,
        "tableClass": "STANDARD",
        "attributes": [{"name": name, "type": "S"} for name in ("id", "day", "owner")],
        **({"globalSecondaryIndexes": indexes} if indexes else {}),
        **({"streamEnabled": True, "streamViewType": view} if view else {}),
        **capacity(),
        **draw(more),
    }


@given(st.data())
def test_any_change_of_a_table_takes_the_calls_of_the_stand_in(data):
    old = data.draw(tables(), "old")
    new = data.draw(tables(old["billingMode"]), "new")

    assert of_ops(table.TYPE, old, new) == of_stand_in(table.TYPE, old, new)


THINGS = {
    "name": "things",
    "hashKey": "id",
    "attributes": [{"name": "id", "type": "S"}],
    "billingMode": "PROVISIONED",
    "tableClass": "STANDARD",
    "readCapacity": 2,
    "writeCapacity": 3,
}
DAILY = {"name": "by-day", "hashKey": "day", "projectionType": "ALL", "readCapacity": 1, "writeCapacity": 1}
ON = {"enabled": True}


@dataclass(frozen=True)
class Fact:
    """What changes of a table, and the calls that it takes, as updates.Call shows them."""

    name: str
    old: dict[str, Any]
    new: dict[str, Any]
    calls: list[str]


FACTS = [
    Fact(
        "a capacity that is not declared stays",
        {},
        {"readCapacity": 7, "writeCapacity": None},
        [
            "UpdateTable: TableName things, BillingMode PROVISIONED, "
            'ProvisionedThroughput {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3}'
        ],
    ),
    Fact(
        "ignored capacities become 1",
        {"billingMode": "PAY_PER_REQUEST", "readCapacity": None, "writeCapacity": None},
        {"readCapacity": None, "writeCapacity": None},
        [
            "UpdateTable: TableName things, BillingMode PROVISIONED, "
            'ProvisionedThroughput {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}'
        ],
    ),
    Fact("the default of a period is declared", {"pointInTimeRecovery": ON}, {"pointInTimeRecovery": RECOVERED}, []),
    Fact("a period is not declared any more", {"pointInTimeRecovery": RECOVERED}, {"pointInTimeRecovery": ON}, []),
    Fact("recovery is not declared any more", {"pointInTimeRecovery": ON}, {}, []),
    Fact("the only index is removed", {"globalSecondaryIndexes": [DAILY]}, {}, []),
    Fact(
        "a stream shows something else",
        {"streamEnabled": True, "streamViewType": "KEYS_ONLY"},
        {"streamEnabled": True, "streamViewType": "NEW_IMAGE"},
        [
            'UpdateTable: TableName things, StreamSpecification {"StreamEnabled": false}',
            'UpdateTable: TableName things, StreamSpecification {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}',
        ],
    ),
    Fact(
        "an index changes its key while another is added, and the capacity and the tags change",
        {"globalSecondaryIndexes": [DAILY]},
        {
            "readCapacity": 4,
            "tags": {"a": "b"},
            "globalSecondaryIndexes": [DAILY | {"rangeKey": "id"}, DAILY | {"name": "by-state"}],
        },
        [
            'TagResource: ResourceArn things, Tags [{"Key": "a", "Value": "b"}]',
            'UpdateTable: TableName things, GlobalSecondaryIndexUpdates [{"Delete": {"IndexName": "by-day"}}]',
            "UpdateTable: TableName things, BillingMode PROVISIONED, "
            'ProvisionedThroughput {"ReadCapacityUnits": 4, "WriteCapacityUnits": 3}',
            'UpdateTable: TableName things, AttributeDefinitions [{"AttributeName": "id", "AttributeType": "S"}], '
            'GlobalSecondaryIndexUpdates [{"Create": {"IndexName": "by-state", '
            '"KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}, '
            '"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]',
            'UpdateTable: TableName things, AttributeDefinitions [{"AttributeName": "id", "AttributeType": "S"}], '
            'GlobalSecondaryIndexUpdates [{"Create": {"IndexName": "by-day", '
            '"KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}], '
            '"Projection": {"ProjectionType": "ALL"}, '
            '"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]',
        ],
    ),
]


@pytest.mark.parametrize("fact", [pytest.param(fact, id=fact.name) for fact in FACTS])
def test_a_change_takes_these_calls(fact):
    old, new = ({key: value for key, value in (THINGS | more).items() if value} for more in (fact.old, fact.new))

    assert [str(call) for call in updates.update(table.TYPE, old, new)] == fact.calls
    assert of_ops(table.TYPE, old, new) == of_stand_in(table.TYPE, old, new)


def test_an_index_without_a_capacity_is_refused_after_the_tags():
    new = THINGS | {"tags": {"a": "b"}, "globalSecondaryIndexes": [{"name": "by-day", "hashKey": "day"}]}
    calls = updates.update(table.TYPE, THINGS, new)

    assert str(next(calls)) == 'TagResource: ResourceArn things, Tags [{"Key": "a", "Value": "b"}]'
    with pytest.raises(updates.RefusedError) as error:
        next(calls)
    assert str(error.value) == "GSI (by-day): read and write capacity must be > 0 when billing mode is PROVISIONED"


def test_a_trigger_keeps_its_stream_and_its_position():
    """AWS can't change them in place."""
    old = {"uuid": "1", "functionName": "notify", "eventSourceArn": "arn:old", "startingPosition": "LATEST"}
    new = old | {"eventSourceArn": "arn:new", "startingPosition": "TRIM_HORIZON", "batchSize": 2}
    calls = updates.update(event_source_mapping.TYPE, old, new)

    assert [str(call) for call in calls] == ["UpdateEventSourceMapping: UUID 1, BatchSize 2"]


@pytest.mark.parametrize("type_", STAND_INS)
def test_what_stays_takes_no_call_and_a_deletion_that_of_the_stand_in(type_):
    of_type = [pair for pair in compared(version(), version(Edits(config=ALARMED))) if pair.now]
    inputs = next(pair.new for pair in of_type if pair.either.type == type_) | LIVE.get(type_, {})
    ours, theirs = Recorder(), Recorder()

    assert of_ops(type_, inputs, inputs) == []
    updates.delete(type_, inputs).make(ours)
    STAND_INS[type_][1](theirs).delete(inputs)

    assert ours.calls == theirs.calls
