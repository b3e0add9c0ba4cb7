"""A real AWS account, or an emulator in its stead, read only."""

import contextlib
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    ProfileNotFound,
)

from ops import clients
from ops.errors import CallError, PlanError

# Reads at once, each on a connection of its own. More make AWS throttle a large account, and retries slow.
WORKERS = 32
_CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 10}, max_pool_connections=WORKERS, connect_timeout=10)
_LOGIN = {"UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "InvalidSignatureException"}


def connect(profile: str | None, region: str, endpoint_url: str | None) -> clients.Clients:
    """Return clients with the credentials of boto3's usual chain. Raises CallError for a profile that there isn't."""
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        msg = f"{error}; name one of your AWS profiles with --profile"
        raise CallError(msg) from None
    return clients.make(session, _CONFIG, endpoint_url)


@contextlib.contextmanager
def reading(region: str) -> Generator[ThreadPoolExecutor]:
    """Read in parallel, by the map of the pool that this yields. Raises PlanError, in a line, for what AWS refuses."""
    pool = ThreadPoolExecutor(WORKERS)
    try:
        yield pool
    except NoCredentialsError:
        msg = "no AWS credentials; log in, set AWS_PROFILE, or name a profile with --profile"
        raise PlanError(msg) from None
    except (EndpointConnectionError, InvalidRegionError) as error:
        msg = f"{error}; is {region!r} the right --region, and is there a network?"
        raise PlanError(msg) from None
    except ClientError as error:
        code, operation = error.response.get("Error", {}).get("Code", ""), error.operation_name
        way_out = "log in again" if code in _LOGIN else "the README has the IAM policy that reading needs"
        msg = f"AWS refuses {operation} in {region}: {' '.join(str(error).split())}; {way_out}"
        raise PlanError(msg) from None
    except BotoCoreError as error:
        msg = f"AWS can't be read in {region}: {' '.join(str(error).split())}"
        raise PlanError(msg) from None
    finally:
        pool.shutdown(cancel_futures=True)
