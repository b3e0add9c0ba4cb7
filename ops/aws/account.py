"""A real AWS account, or an emulator in place of one. Only reads."""

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

    Raises CallError for a profile that doesn't exist, and for an endpoint that is not a URL.
    """
    if endpoint_url is not None and clients.host(endpoint_url) is None:
        raise CallError(f"--endpoint-url {endpoint_url!r} is not a URL; use http://HOST:PORT")
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise CallError(f"{error}; name one of your AWS profiles with --profile") from None
    return clients.make(session, _CONFIG, endpoint_url)


def where(region: str, clients: clients.Clients) -> str:
    """Return the region, and the endpoint if it is not AWS's own, which the environment or a profile may set."""
    endpoint = clients("dynamodb").meta.endpoint_url
    return region if endpoint.endswith((".amazonaws.com", ".amazonaws.com.cn")) else f"{region} at {endpoint}"


def refuse_if_elsewhere(stack: str, region: str, plan: Plan, found: Sized) -> None:
    """Raise PlanError if the account has none of the plan's tables: it is another account or region."""
    declared = sum(resource.type == table.TYPE for resource in plan.resources)
    if declared and not found:
        raise PlanError(
            f"none of the {declared} tables of {stack} is in {region}: is it the right --region, and --profile?"
        )


def refuse_another(stack: Stack, clients: clients.Clients) -> None:
    """Raise PlanError if the credentials belong to an account that `aws:allowedAccountIds` doesn't name."""
    if allowed := stack.allowed_accounts:
        with reading_answer():
            account = clients("sts").get_caller_identity()["Account"]
        if account not in allowed:
            raise PlanError(
                f"the credentials are of the account {account}, and {stack.name} is in {' or '.join(allowed)} "
                f"(aws:allowedAccountIds in Pulumi.{stack.name}.yaml): name another --profile, or set that"
            )


@contextlib.contextmanager
def reading(region: str) -> Generator[ThreadPoolExecutor]:
    """Yield a pool that reads in parallel with its `map`. Raises PlanError, in one line, for what AWS refuses."""
    pool = ThreadPoolExecutor(WORKERS)
    try:
        yield pool
    except NoCredentialsError:
        raise PlanError("no AWS credentials; log in, set AWS_PROFILE, or name a profile with --profile") from None
    except (EndpointConnectionError, InvalidRegionError) as error:
        raise PlanError(f"{error}; is {region!r} the right --region, and is there a network?") from None
    except ClientError as error:
        code, operation = error.response.get("Error", {}).get("Code", ""), error.operation_name
        msg = f"AWS refuses {operation} in {region}: {one_line(error)}"
        if code in _LOGIN:
            msg += "; log in again"
        elif "Denied" in code or "NotAuthorized" in code:
            msg += "; docs/deploying.md has the permissions that reading needs"
        raise PlanError(msg) from None
    except BotoCoreError as error:
        raise PlanError(f"AWS can't be read in {region}: {one_line(error)}") from None
    except (AnswerError, ResponseParserError) as error:
        raise PlanError(
            f"what answers for {region} is not AWS, its answer has another form: {one_line(error)}"
        ) from None
    finally:
        # A call that never returns must not hold up the end.
        pool.shutdown(wait=False, cancel_futures=True)
