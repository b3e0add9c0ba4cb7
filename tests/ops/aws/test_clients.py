import boto3
import pytest
from botocore.config import Config

from ops.aws import clients


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:5000", "127.0.0.1"),
        ("https://dynamodb.eu-west-1.amazonaws.com", "dynamodb.eu-west-1.amazonaws.com"),
        ("http://[::1]:5000", "::1"),
        ("http://user@LOCALHOST", "localhost"),
        ("", None),
        ("127.0.0.1:5000", None),
        ("ftp://127.0.0.1", None),
        ("http://", None),
        ("http://127.0.0.1:0", None),
        ("http://127.0.0.1:notaport", None),
        ("http://127.0.0.1:65536", None),
        ("http://[::2", None),
    ],
)
def test_the_host_of_an_endpoint(url, host):
    assert clients.host(url) == host


def test_a_client_is_made_once_for_each_service_with_the_region_and_endpoint_given():
    session = boto3.Session(region_name="eu-north-1")
    made = clients.make(session, Config(read_timeout=7), "http://127.0.0.1:5000")
    dynamodb = made("dynamodb")

    assert made("dynamodb") is dynamodb
    assert made("kms") is not dynamodb
    assert (dynamodb.meta.region_name, dynamodb.meta.endpoint_url) == ("eu-north-1", "http://127.0.0.1:5000")
    assert dynamodb.meta.config.read_timeout == 7  # ty: ignore[missing-attribute] - the stubs leave it out
