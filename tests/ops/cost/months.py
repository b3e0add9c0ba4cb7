"""A small program with one provisioned and one on-demand table, and what is asked of them."""

from types import SimpleNamespace

from ops.aws.resources import event_source_mapping, scalable_target, scaling_policy, table
from ops.cost.curves import DAYS
from ops.cost.prices import Prices
from ops.cost.usage import Asked, Usage
from ops.engine.plan import Plan

PRICES = Prices(
    region="xx-test-1",
    date="2026-01-01",
    read_request_unit=0.000001,
    write_request_unit=0.00001,
    read_capacity_unit_hour=0.001,
    write_capacity_unit_hour=0.01,
    storage_gb_month=0.5,
    recovery_gb_month=0.25,
    alarm_month=0.1,
)


def registration(type_, name, inputs, dependencies=()):
    return SimpleNamespace(type=type_, name=name, urn=f"urn:{name}", inputs=inputs, dependencies=list(dependencies))


def scaled(resource_id, kind, access, high):
    key = {"resourceId": resource_id, "scalableDimension": f"dynamodb:{kind}:{access}CapacityUnits"}
    policy = {"targetValue": 70.0, "scaleInCooldown": 60, "scaleOutCooldown": 60}
    name = f"{resource_id}-{access}"
    return [
        registration(scalable_target.TYPE, name, key | {"minCapacity": 1, "maxCapacity": high}),
        registration(scaling_policy.TYPE, name, key | {scaling_policy.CONFIGURATION: policy}),
    ]


def plan(*, mode="PROVISIONED", high=10, alarms=0):
    """Return a plan: Rents, with an index, a stream and its trigger, and Mails, which is on demand."""
    units = {"readCapacity": 5, "writeCapacity": 5} if mode == "PROVISIONED" else {}
    index = {"name": "due-index", "hashKey": "due", "projectionType": "ALL", **units}
    rents = {
        "name": "Rents",
        "billingMode": mode,
        "globalSecondaryIndexes": [index],
        "streamEnabled": True,
        "pointInTimeRecovery": {"enabled": True},
        **units,
    }
    mails = {"name": "Mails", "billingMode": "PAY_PER_REQUEST", "streamEnabled": True}
    targets = []
    for access in ("Read", "Write") if units else ():
        targets += scaled("table/Rents", "table", access, high)
        targets += scaled("table/Rents/index/due-index", "index", access, high)
    resources = [
        registration(table.TYPE, "rents", rents),
        registration(table.TYPE, "mails", mails),
        *targets,
        registration(event_source_mapping.TYPE, "trigger", {}, ["urn:rents"]),
        *(registration("aws:cloudwatch/metricAlarm:MetricAlarm", f"alarm{n}", {}) for n in range(alarms)),
    ]
    return Plan(resources)


def every_day(*runs):
    return (tuple((minute, float(value)) for minute, value in runs),) * DAYS


# Ten writes a second for eight minutes of each day, and one read a second of Mails.
BURST = every_day((0, 0), (360, 10), (368, 0))
USAGE = Usage(
    asked=[
        Asked("a rent, written", "Rents", "", "write", BURST),
        Asked("a rent, written", "Rents", "due-index", "write", BURST),
        Asked("a mail", "Mails", "", "read", every_day((0, 1))),
    ],
    bytes={("Rents", ""): 2 * 2**30, ("Rents", "due-index"): 2**30},
    not_counted=["Rents: a rent"],
)
