"""The embedded AWS: moto in this process, or an emulator on this machine. Never a real account."""

import contextlib
import difflib
import functools
from collections.abc import Generator, Iterator
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from ops import isolation
from ops.aws import clients
from ops.aws.clients import Clients
from ops.errors import CallError

_CONFIG = Config(
    retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20, account_id_endpoint_mode="disabled"
)
# Signing a request and writing its user agent take a quarter of a call's time, and moto reads neither.
_EMBEDDED = _CONFIG.merge(Config(signature_version=UNSIGNED, user_agent="rehearsal"))


@contextlib.contextmanager
def embedded(region: str) -> Generator[Clients]:
    """Start an empty moto in this process. Raises CallError for a region that AWS doesn't have."""
    from moto import mock_aws  # noqa: PLC0415 - slow to import, and not needed with an endpoint
    from moto.backends import get_backend  # noqa: PLC0415 - as above

    # This imports all of EC2, which is slow. Do it now, while the program's process still starts.
    get_backend("applicationautoscaling")
    with mock_aws(config={"lambda": {"use_docker": False}}):
        session = _session(region)
        partitions = session.get_available_partitions()
        regions = [name for partition in partitions for name in session.get_available_regions("dynamodb", partition)]
        if region not in regions:
            nearest = difflib.get_close_matches(region, regions, n=1, cutoff=0)[0]
            raise CallError(f"AWS has no region {region!r}; the nearest name is {nearest!r}")
        # moto would start Docker for each record of a stream with an event source mapping, and then drop the record.
        session.events.register("after-call.lambda.CreateEventSourceMapping", _forget_mappings, "mappings")
        # moto would refuse writes to a table whose stream was turned off, and refuse to turn the stream on again.
        session.events.register("after-call.dynamodb.UpdateTable", _forget_streams, "streams")
        yield clients.make(session, _EMBEDDED)


def _forget_mappings(**_: object) -> None:
    """Make moto's tables forget their event source mappings. Lambda keeps the mappings."""
    for table in _moto_tables():
        table.lambda_event_source_mappings.clear()


def _forget_streams(**_: object) -> None:
    """Make moto's tables forget the streams that are turned off."""
    for table in _moto_tables():
        if not (table.stream_specification or {}).get("StreamEnabled"):
            table.stream_shard = table.latest_stream_label = None


def _moto_tables() -> Iterator[Any]:
    from moto.backends import get_backend  # noqa: PLC0415 - as in embedded

    for account in get_backend("dynamodb").values():
        for backend in account.values():
            yield from backend.tables.values()


@contextlib.contextmanager
def at(endpoint_url: str, region: str) -> Generator[Clients]:
    """Use the emulator that runs at `endpoint_url`. Raises CallError if that is not on this machine."""
    if not isolation.is_loopback(clients.host(endpoint_url)):
        raise CallError(f"--endpoint-url {endpoint_url}: a rehearsal stays on this machine; use http://127.0.0.1:PORT")
    yield clients.make(_session(region), _CONFIG, endpoint_url)


@functools.cache
def _session(region: str) -> boto3.Session:
    return boto3.Session(region_name=region, aws_access_key_id=isolation.KEY, aws_secret_access_key=isolation.KEY)
