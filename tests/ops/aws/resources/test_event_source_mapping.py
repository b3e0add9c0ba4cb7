from typing import Any

import pytest

from ops.aws import resources
from ops.aws.resources import event_source_mapping, table

ARN = "arn:aws:lambda:eu-west-1:999999999999:function:"
# All that create uses, but for the stream.
MAPPING: dict[str, Any] = {
    "functionName": "notify",
    "enabled": False,
    "filterCriteria": {"filters": [{"pattern": '{"eventName":["INSERT"]}'}, {"pattern": "{}"}]},
    "destinationConfig": {"onFailure": {"destinationArn": "arn:aws:sqs:eu-west-1:123456789012:failed"}},
    "batchSize": 7,
    "bisectBatchOnFunctionError": True,
    "functionResponseTypes": ["ReportBatchItemFailures"],
    "maximumBatchingWindowInSeconds": 3,
    "maximumRecordAgeInSeconds": 3600,
    "maximumRetryAttempts": 5,
    "parallelizationFactor": 2,
    "startingPosition": "LATEST",
    "tumblingWindowInSeconds": 30,
}
STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/things/stream/2026-01-01T00:00:00.000"


@pytest.fixture
def stream(clients):
    """Return the ARN of a table's stream."""
    attributes = [{"name": "id", "type": "S"}]
    shown = {"streamEnabled": True, "streamViewType": "NEW_IMAGE", "billingMode": "PAY_PER_REQUEST"}
    _, outputs = table.create(clients, {"name": "things", "hashKey": "id", "attributes": attributes, **shown})
    return outputs["streamArn"]


def read(clients):
    return list(event_source_mapping.read(clients, ["things"], map))


def test_a_mapping_is_created_with_a_function_and_read_with_all_its_properties(clients, stream):
    id_, outputs = event_source_mapping.create(clients, MAPPING | {"eventSourceArn": stream})
    (live,) = read(clients)

    assert outputs == {"uuid": id_}
    # What moto keeps.
    kept = set(MAPPING) - {"maximumBatchingWindowInSeconds", "tumblingWindowInSeconds", "bisectBatchOnFunctionError"}
    assert {key: live[key] for key in kept} == {key: MAPPING[key] for key in kept}
    assert (live["uuid"], live["eventSourceArn"]) == (id_, stream)
    assert clients("lambda").get_function(FunctionName="notify")["Configuration"]["Runtime"] == "python3.13"


def test_a_second_mapping_takes_the_function_that_is_there(clients, stream):
    for _ in range(2):
        event_source_mapping.create(clients, {"functionName": f"{ARN}notify", "eventSourceArn": stream})

    assert [function["FunctionName"] for function in clients("lambda").list_functions()["Functions"]] == ["notify"]


def test_all_that_create_uses_is_in_that_mapping():
    nested = {"filterCriteria": "filters.pattern", "destinationConfig": "onFailure.destinationArn"}

    assert {
        f"{key}.{nested[key]}" if key in nested else key for key in (*MAPPING, "eventSourceArn")
    } == event_source_mapping.CREATES


def test_all_that_aws_answers_is_read(clients):
    """Of these moto keeps too few."""

    def answer(**_):
        mapping = {
            "UUID": "uuid",
            "FunctionArn": f"{ARN}notify",
            "EventSourceArn": STREAM,
            "State": "Disabling",
            "FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
            "DestinationConfig": {"OnFailure": {"Destination": "arn:queue"}},
            "BatchSize": 1,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumBatchingWindowInSeconds": 2,
            "MaximumRecordAgeInSeconds": 60,
            "MaximumRetryAttempts": 3,
            "ParallelizationFactor": 4,
            "StartingPosition": "TRIM_HORIZON",
            "TumblingWindowInSeconds": 5,
        }
        return _Response(), {"EventSourceMappings": [mapping]}

    clients("lambda").meta.events.register_first("before-call.lambda.ListEventSourceMappings", answer)

    assert read(clients) == [
        {
            "uuid": "uuid",
            "functionName": "notify",
            "eventSourceArn": STREAM,
            "enabled": False,
            "filterCriteria": {"filters": [{"pattern": "{}"}]},
            "destinationConfig": {"onFailure": {"destinationArn": "arn:queue"}},
            "batchSize": 1,
            "bisectBatchOnFunctionError": True,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "maximumBatchingWindowInSeconds": 2,
            "maximumRecordAgeInSeconds": 60,
            "maximumRetryAttempts": 3,
            "parallelizationFactor": 4,
            "startingPosition": "TRIM_HORIZON",
            "tumblingWindowInSeconds": 5,
        }
    ]


class _Response:
    status_code = 200


@pytest.mark.parametrize(
    ("state", "is_enabled"),
    [
        ("Enabled", True),
        ("Enabling", True),
        ("Creating", True),
        ("Updating", True),
        ("Disabling", False),
        ("Disabled", False),
        ("Deleting", False),
    ],
)
def test_a_mapping_is_enabled_unless_it_is_going(clients, state, is_enabled):
    mapping = {"UUID": "uuid", "FunctionArn": f"{ARN}notify", "State": state}
    clients("lambda").meta.events.register_first(
        "before-call.lambda.ListEventSourceMappings", lambda **_: (_Response(), {"EventSourceMappings": [mapping]})
    )

    assert [live["enabled"] for live in read(clients)] == [is_enabled]


def test_of_several_the_one_of_the_latest_stream_and_of_the_function_itself_comes_last(clients):
    streams = [f"arn:aws:dynamodb:eu-west-1:123456789012:table/things/stream/202{year}" for year in (6, 5)]
    mappings = [
        {"UUID": f"{stream[-1]} {name}", "FunctionArn": f"{ARN}{name}", "EventSourceArn": stream, "State": "Enabled"}
        for stream in streams
        for name in ("notify", "notify:live")
    ]
    clients("lambda").meta.events.register_first(
        "before-call.lambda.ListEventSourceMappings", lambda **_: (_Response(), {"EventSourceMappings": mappings})
    )

    assert [live["uuid"] for live in read(clients)] == ["5 notify:live", "5 notify", "6 notify:live", "6 notify"]


@pytest.mark.parametrize(
    ("function", "told_by"),
    [
        pytest.param("notify", "things notify", id="a name"),
        pytest.param("notify:live", "things notify", id="an alias"),
        pytest.param(f"{ARN}notify", "things notify", id="an ARN"),
        pytest.param(f"{ARN}notify:3", "things notify", id="an ARN of a version"),
    ],
)
def test_a_mapping_is_told_by_its_table_and_its_function(function, told_by):
    assert event_source_mapping.identity({"functionName": function, "eventSourceArn": STREAM}) == told_by


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        pytest.param(STREAM, "things", id="a stream"),
        pytest.param("arn:aws:sqs:eu-west-1:123456789012:queue", "", id="another source"),
        pytest.param(None, "", id="none"),
    ],
)
def test_its_table_is_in_the_arn_of_the_stream(arn, name):
    assert event_source_mapping.table_name({"eventSourceArn": arn}) == name


def test_only_the_account_knows_its_import_id():
    assert event_source_mapping.import_id({"functionName": "notify"}) == ""
    assert event_source_mapping.import_id({"uuid": "uuid"}) == "uuid"
    assert resources.module(event_source_mapping.TYPE) is event_source_mapping


@pytest.mark.parametrize(
    ("path", "declared", "live", "is_tolerated"),
    [
        pytest.param("functionName", f"{ARN}notify", "notify", True, id="an ARN for a name"),
        pytest.param("functionName", f"{ARN}other", "notify", False, id="the ARN of another"),
        pytest.param("functionName", f"{ARN}not-notify", "notify", False, id="a longer name"),
        pytest.param("eventSourceArn", f"{ARN}notify", "notify", False, id="another property"),
    ],
)
def test_a_function_may_be_declared_by_its_arn(path, declared, live, is_tolerated):
    tolerated = event_source_mapping.tolerates(None, path, declared, live, [])  # ty: ignore[invalid-argument-type]

    assert tolerated is is_tolerated
