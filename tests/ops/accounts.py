"""An emulated account in which prod is deployed: rehearsed once, then restored from memory for each test."""

import contextlib
import copy
import dataclasses
import functools
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from moto.awslambda_simple.models import lambda_simple_backends
from moto.backends import get_backend
from moto.core.base_backend import BackendDict

from ops.aws import clients, emulator, inventory
from ops.engine import plan
from ops.rehearse import access_patterns
from ops.rehearse.deploy import Rehearsal
from tests import programs

TRIGGER = "send_invoice_notification_function=notify"
ALARMS = "alarm_topic=arn:aws:sns:eu-west-1:123456789012:alarms"
# moto's own account.
ACCOUNT = 'aws:allowedAccountIds=["123456789012"]'
REGION = "eu-west-1"


def _backends() -> Iterator[BackendDict]:
    for service in ("dynamodb", "dynamodbstreams", "applicationautoscaling", "cloudwatch", "kms", "iam"):
        yield get_backend(service)
    yield lambda_simple_backends


@functools.cache
def _rehearsed(config: tuple[str, ...]) -> tuple[Rehearsal, list[dict]]:
    """Return a rehearsal, and what moto remembers: of each backend, by account and region, its attributes."""
    with emulator.embedded(REGION) as aws:
        rehearsal = programs.rehearse(programs.stack("prod", *config), aws)
        memory = [
            {(account, region): vars(backend[account][region]) for account in backend for region in backend[account]}
            for backend in map(dict.copy, _backends())
        ]
        return rehearsal, copy.deepcopy(memory)


@contextlib.contextmanager
def deployed(*config: str) -> Generator[tuple[plan.Plan, clients.Clients]]:
    """Yield the plan of prod with this configuration, and clients of an account that has it."""
    rehearsal, memory = _rehearsed(config)
    with emulator.embedded(REGION) as aws:
        for backend, remembered in zip(_backends(), copy.deepcopy(memory), strict=True):
            for (account, region), attributes in remembered.items():
                vars(backend[account][region]).update(attributes)
        yield rehearsal.plan, aws


@functools.cache
def rehearsed(*config: str) -> Rehearsal:
    """Return a rehearsal of prod with its drill, which is for reading only: it is made once."""
    rehearsal, _ = _rehearsed(config)
    with deployed(*config) as (recorded, aws):
        answers = access_patterns.drill(rehearsal.stack, recorded, rehearsal.drift, aws)
    return dataclasses.replace(rehearsal, answers=answers)


def part(recorded: plan.Plan, *tables: str) -> plan.Plan:
    """Return what a plan has of these tables: to read all twelve takes longer."""
    return plan.Plan([r for r in recorded.resources if r.custom and inventory.table_name(r) in tables])


def recreate(aws: clients.Clients, name: str, **changes: Any) -> dict[str, Any]:
    """Make a table again, billed on demand, with the same keys, indexes and stream but for `changes`; describe it."""
    dynamodb = aws("dynamodb")
    old: Mapping[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    kept = ("TableName", "AttributeDefinitions", "KeySchema", "StreamSpecification")
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in old.get("GlobalSecondaryIndexes", [])
    ]
    arguments: dict[str, Any] = {key: old[key] for key in kept if key in old}
    arguments |= {"BillingMode": "PAY_PER_REQUEST", "GlobalSecondaryIndexes": indexes} | changes
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)
    request: dict[str, Any] = {key: value for key, value in arguments.items() if value}
    return dict(dynamodb.create_table(**request)["TableDescription"])


def index(name: str, *keys: str, **more: Any) -> dict[str, Any]:
    """Describe an index of all attributes, with a partition key and perhaps a sort key."""
    schema = [{"AttributeName": key, "KeyType": type_} for key, type_ in zip(keys, ("HASH", "RANGE"), strict=False)]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}, **more}


def attributes(*names: str) -> Any:
    """Define attributes, all strings."""
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]
