"""AWS clients: how ops reaches an account or an emulator."""

import functools
from typing import TYPE_CHECKING, Literal, Protocol, overload
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_application_autoscaling import ApplicationAutoScalingClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient
    from types_boto3_iam import IAMClient
    from types_boto3_kms import KMSClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_sts import STSClient


class Clients(Protocol):
    """Returns the boto3 client of a service. Each client is made once."""

    @overload
    def __call__(self, service: Literal["application-autoscaling"], /) -> "ApplicationAutoScalingClient": ...
    @overload
    def __call__(self, service: Literal["cloudwatch"], /) -> "CloudWatchClient": ...
    @overload
    def __call__(self, service: Literal["dynamodb"], /) -> "DynamoDBClient": ...
    @overload
    def __call__(self, service: Literal["dynamodbstreams"], /) -> "DynamoDBStreamsClient": ...
    @overload
    def __call__(self, service: Literal["iam"], /) -> "IAMClient": ...
    @overload
    def __call__(self, service: Literal["kms"], /) -> "KMSClient": ...
    @overload
    def __call__(self, service: Literal["lambda"], /) -> "LambdaClient": ...
    @overload
    def __call__(self, service: Literal["sts"], /) -> "STSClient": ...


def host(endpoint_url: str) -> str | None:
    """Return the host of an endpoint's URL, or None if it is not an HTTP URL."""
    try:
        parts = urlsplit(endpoint_url)
        is_url = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        return None
    return parts.hostname if is_url else None


def make(session: boto3.Session, config: Config, endpoint_url: str | None = None) -> Clients:
    """Return the clients of a session."""
    return functools.cache(functools.partial(session.client, config=config, endpoint_url=endpoint_url))
