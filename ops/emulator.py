"""The embedded AWS: moto in this process, or an emulator on this machine; never a real account."""

import contextlib
import functools
import os
from collections.abc import Generator
from unittest import mock

import boto3
from botocore.config import Config

from ops import clients, loopback
from ops.errors import CallError

# moto's own account; a key that is not one of AWS's.
_CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
# AWS's own variables; CI's tokens; where Pulumi's and OpenTelemetry's C code sends traces, unseen by Python; what
# changes moto.
_DROPPED = (
    "AWS_",
    "ACTIONS_",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "PULUMI_",
    "OTEL_",
    "TRACEPARENT",
    "MOTO_",
    "TEST_SERVER_MODE",
    "INITIAL_NO_AUTH_ACTION_COUNT",
)
_CONFIG = Config(
    retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20, account_id_endpoint_mode="disabled"
)


def isolate() -> None:
    """Cut this process, and the program that it runs, off from every account and from the network; for good.

    What the environment says of credentials, profiles, endpoints, proxies and tracing is dropped, for its children too;
    a connection to anywhere but this machine raises PermissionError.
    """
    for name in list(os.environ):
        if name.startswith(_DROPPED) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ |= {name.upper(): value for name, value in _CREDENTIALS.items()}
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    loopback.guard()


@contextlib.contextmanager
def embedded(region: str) -> Generator[clients.Clients]:
    """Start moto in this process, empty."""
    from moto import mock_aws  # noqa: PLC0415 - slow to import, and not needed for an endpoint
    from moto.awslambda_simple.models import LambdaSimpleBackend  # noqa: PLC0415

    with (
        mock_aws(config={"lambda": {"use_docker": False}}),
        # Even so moto starts Docker for each record of a stream that has a mapping, and then drops the record.
        mock.patch.object(LambdaSimpleBackend, "send_dynamodb_items", return_value=None),
    ):
        yield _clients(region)


@contextlib.contextmanager
def at(endpoint_url: str, region: str) -> Generator[clients.Clients]:
    """Use the emulator that the caller runs at `endpoint_url`. Raises CallError if that isn't on this machine."""
    if not loopback.is_loopback(clients.host(endpoint_url)):
        msg = f"--endpoint-url {endpoint_url}: a rehearsal stays on this machine; use http://127.0.0.1:PORT"
        raise CallError(msg)
    yield _clients(region, endpoint_url)


@functools.cache
def _clients(region: str, endpoint_url: str | None = None) -> clients.Clients:
    return clients.make(boto3.Session(region_name=region, **_CREDENTIALS), _CONFIG, endpoint_url)
