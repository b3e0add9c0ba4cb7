import botocore.session
import pytest

from ops import isolation
from ops.aws import emulator
from ops.aws.resources import event_source_mapping, table
from ops.errors import CallError

THINGS = {
    "name": "things",
    "hashKey": "id",
    "attributes": [{"name": "id", "type": "S"}],
    "billingMode": "PAY_PER_REQUEST",
    "streamEnabled": True,
    "streamViewType": "NEW_IMAGE",
}


def test_each_embedded_aws_is_empty_and_of_its_region():
    for region in ("eu-west-1", "eu-north-1"):
        with emulator.embedded(region) as clients:
            assert clients("dynamodb").list_tables()["TableNames"] == []
            assert table.create(clients, THINGS)[1]["arn"] == f"arn:aws:dynamodb:{region}:123456789012:table/things"


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_regions_of_all_partitions_are_known(region):
    with emulator.embedded(region) as clients:
        assert clients("dynamodb").meta.region_name == region


def test_a_region_that_aws_does_not_have_is_refused():
    with pytest.raises(CallError) as error, emulator.embedded("eu-west-9"):
        pass
    assert str(error.value) == "AWS has no region 'eu-west-9'; the nearest name is 'eu-west-3'"


def test_the_large_model_of_ec2_is_not_read():
    model = botocore.session.get_session().get_service_data("ec2")
    assert (model["metadata"]["endpointPrefix"], model["operations"]) == ("ec2", {})


def test_a_record_of_a_stream_starts_no_function_and_is_kept(clients):
    """Of a stream with a mapping moto starts Docker for each record, and drops it."""
    _, outputs = table.create(clients, THINGS)
    event_source_mapping.create(
        clients,
        {
            "functionName": "notify",
            "eventSourceArn": outputs["streamArn"],
            "batchSize": 1,
            "startingPosition": "LATEST",
        },
    )
    clients("dynamodb").put_item(TableName="things", Item={"id": {"S": "x"}})
    streams = clients("dynamodbstreams")
    (shard,) = streams.describe_stream(StreamArn=outputs["streamArn"])["StreamDescription"]["Shards"]
    position = streams.get_shard_iterator(
        StreamArn=outputs["streamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )

    assert [r["eventName"] for r in streams.get_records(ShardIterator=position["ShardIterator"])["Records"]] == [
        "INSERT"
    ]
    assert len(clients("lambda").list_event_source_mappings()["EventSourceMappings"]) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://dynamodb.eu-west-1.amazonaws.com",
        "http://10.0.0.1:8000",
        "http://127.0.0.1.example.com",
        "127.0.0.1:8000",
        "http://[::2]",
    ],
)
def test_an_emulator_elsewhere_is_refused(url):
    with pytest.raises(CallError) as error, emulator.at(url, "eu-west-1"):
        pass
    assert str(error.value) == (f"--endpoint-url {url}: a rehearsal stays on this machine; use http://127.0.0.1:PORT")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_an_emulator_here_gets_no_credentials_of_a_person(monkeypatch, url):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")

    def refuse(request, **_):
        raise ConnectionError(request.url, request.headers["Authorization"].decode())

    with emulator.at(url, "eu-west-1") as clients:
        clients("dynamodb").meta.events.register("before-send.dynamodb", refuse)
        with pytest.raises(ConnectionError) as error:
            clients("dynamodb").list_tables()
    address, authorization = error.value.args
    assert address == f"{url}/"
    assert f" Credential={isolation.KEY}/" in authorization
