"""Connects to a real AWS account, or to an emulator in place of one. It only reads."""

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
from botocore.parsers import ResponseParserError

from ops.aws import clients
from ops.aws.resources import table
from ops.engine.plan import Plan
from ops.engine.project import Stack
from ops.errors import AnswerError, CallError, PlanError, one_line, reading_answer

# Concurrent reads, each with its own connection. AWS throttles more than these in a large account.
WORKERS = 32
_CONFIG = Config(
    retries={"mode": "adaptive", "max_attempts": 5},
    max_pool_connections=WORKERS,
    connect_timeout=10,
    read_timeout=10,
)
_LOGIN = {"UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "InvalidSignatureException"}


def connect(profile: str | None, region: str, endpoint_url: str | None) -> clients.Clients:
    """Return clients that use boto3's usual chain of credentials.

    Raises CallError if the profile doesn't exist, or if the endpoint is not a URL.
    """
    if endpoint_url is not None and clients.host(endpoint_url) is None:
        raise CallError(f"--endpoint-url {endpoint_url!r} is not a URL; use http://HOST:PORT")
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise CallError(f"{error}; name one of your AWS profiles with --profile") from None
    return clients.make(session, _CONFIG, endpoint_url)


def where(region: str, clients: clients.Clients) -> str:
    """Return the region, with the endpoint if it is not AWS's. The environment or a profile may set an endpoint."""
    endpoint = clients("dynamodb").meta.endpoint_url
    return region if endpoint.endswith((".amazonaws.com", ".amazonaws.com.cn")) else f"{region} at {endpoint}"


def refuse_without_tables(stack: str, region: str, plan: Plan, live_tables: Sized) -> None:
    """Raise PlanError if the account has none of the plan's tables, because it must be the wrong account or region."""
    declared = sum(resource.type == table.TYPE for resource in plan.resources)
    if declared and not live_tables:
        raise PlanError(f"none of the {declared} tables of {stack} is in {region}: are --region and --profile right?")


def refuse_other_account(stack: Stack, clients: clients.Clients) -> None:
    """Raise PlanError if the credentials belong to an account that is not in `aws:allowedAccountIds`."""
    if allowed := stack.allowed_accounts:
        with reading_answer():
            account = clients("sts").get_caller_identity()["Account"]
        if account not in allowed:
            raise PlanError(
                f"the credentials belong to the account {account}, but {stack.name} is in {' or '.join(allowed)} "
                f"(aws:allowedAccountIds in Pulumi.{stack.name}.yaml): use another --profile, or correct that key"
            )


@contextlib.contextmanager
def reading(region: str) -> Generator[ThreadPoolExecutor]:
    """Yield a thread pool for parallel reads. Raises a PlanError of one line if AWS can't be read or refuses a call."""
    pool = ThreadPoolExecutor(WORKERS)
    try:
        yield pool
    except NoCredentialsError:
        raise PlanError("no AWS credentials; log in, set AWS_PROFILE, or use --profile") from None
    except (EndpointConnectionError, InvalidRegionError) as error:
        raise PlanError(f"{error}; is {region!r} the right --region, and is there a network?") from None
    except ClientError as error:
        code, operation = error.response.get("Error", {}).get("Code", ""), error.operation_name
        msg = f"AWS refuses {operation} in {region}: {one_line(error)}"
        if code in _LOGIN:
            msg += "; log in again"
        elif "Denied" in code or "NotAuthorized" in code:
            msg += "; docs/deploying.md lists the permissions that are needed"
        raise PlanError(msg) from None
    except BotoCoreError as error:
        raise PlanError(f"AWS can't be read in {region}: {one_line(error)}") from None
    except (AnswerError, ResponseParserError) as error:
        raise PlanError(
            f"the endpoint for {region} is not AWS: its response has another form: {one_line(error)}"
        ) from None
    finally:
        # Don't wait for calls that never return.
        pool.shutdown(wait=False, cancel_futures=True)
