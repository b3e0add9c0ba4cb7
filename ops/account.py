"""A real AWS account, or an emulator in its stead, read only."""

import contextlib
from collections.abc import Generator, Sized
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
from ops.errors import CallError, PlanError, one_line
from ops.plan import Plan
from ops.resources import table

# Reads at once, each on a connection of its own. More make AWS throttle a large account, and retries slow.
WORKERS = 32
_CONFIG = Config(
    retries={"mode": "adaptive", "max_attempts": 5},
    max_pool_connections=WORKERS,
    connect_timeout=10,
    read_timeout=10,
)
_LOGIN = {"UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "InvalidSignatureException"}


def connect(profile: str | None, region: str, endpoint_url: str | None) -> clients.Clients:
    """Return clients with the credentials of boto3's usual chain.

    Raises CallError for a profile that there isn't, and for an endpoint that is no URL.
    """
    if endpoint_url is not None and clients.host(endpoint_url) is None:
        msg = f"--endpoint-url {endpoint_url!r} is no URL; use http://HOST:PORT"
        raise CallError(msg)
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        msg = f"{error}; name one of your AWS profiles with --profile"
        raise CallError(msg) from None
    return clients.make(session, _CONFIG, endpoint_url)


def where(region: str, clients: clients.Clients) -> str:
    """Return the region, and the endpoint where that is not AWS's own: the environment or a profile may have set it."""
    endpoint = clients("dynamodb").meta.endpoint_url
    return region if endpoint.endswith((".amazonaws.com", ".amazonaws.com.cn")) else f"{region} at {endpoint}"


def refuse_if_elsewhere(stack: str, region: str, plan: Plan, found: Sized) -> None:
    """Raise PlanError where none of the plan's tables is there: that is another account or region, not a difference."""
    declared = sum(resource.type == table.TYPE for resource in plan.resources)
    if declared and not found:
        msg = f"none of the {declared} tables of {stack} is in {region}: is it the right --region, and --profile?"
        raise PlanError(msg)


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
        msg = f"AWS refuses {operation} in {region}: {one_line(error)}"
        if code in _LOGIN:
            msg += "; log in again"
        elif "Denied" in code or "NotAuthorized" in code:
            msg += "; the README has the IAM policy that reading needs"
        raise PlanError(msg) from None
    except BotoCoreError as error:
        msg = f"AWS can't be read in {region}: {one_line(error)}"
        raise PlanError(msg) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"what answers for {region} is not AWS, its answer has another form: {error!r}"
        raise PlanError(msg) from None
    finally:
        # A call that never returns must not hold up the end.
        pool.shutdown(wait=False, cancel_futures=True)
