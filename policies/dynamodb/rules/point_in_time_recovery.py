"""Fails where pointInTimeRecovery.enabled is not true, or the recovery period is not the minimum to 35 whole days."""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity

from dynamodb.policy import (
    EXEMPT_TABLES,
    Findings,
    Options,
    config_schema,
    expect,
    fsbp,
    put,
    remediation,
    validation,
)
from dynamodb.values import whole

# What DynamoDB takes where none is stated, and the most it takes (UpdateContinuousBackups, RecoveryPeriodInDays).
_DEFAULT_DAYS = 35
_SCHEMA = {
    **EXEMPT_TABLES,
    "minimumRecoveryPeriodInDays": {
        "type": "integer",
        "minimum": 1,
        "maximum": _DEFAULT_DAYS,
        "default": _DEFAULT_DAYS,
        "description": "How many days back a table must be recoverable.",
    },
}


def _check(table: Mapping[str, Any], options: Options, _: PolicyResourceOptions) -> Findings:
    least = options["minimumRecoveryPeriodInDays"]
    days = f"{_DEFAULT_DAYS}" if least == _DEFAULT_DAYS else f"{least:g} to {_DEFAULT_DAYS}"

    def is_enough(days: object) -> bool:
        return days is None or least <= (whole(days) or 0) <= _DEFAULT_DAYS

    yield from expect(table, "pointInTimeRecovery.enabled", lambda value: value is True, "true")
    yield from expect(
        table,
        "pointInTimeRecovery.recoveryPeriodInDays",
        is_enough,
        f"{days} days, or absent",
    )


def _mend(table: Any, options: Options) -> bool:  # noqa: ANN401 - a proxy
    mended = put(table, "pointInTimeRecovery.enabled", value=True)
    recovery = table.get("pointInTimeRecovery")
    days = recovery.get("recoveryPeriodInDays") if isinstance(recovery, Mapping) else None
    if days and (whole(days) or 0) < options["minimumRecoveryPeriodInDays"]:
        mended |= put(table, "pointInTimeRecovery.recoveryPeriodInDays", options["minimumRecoveryPeriodInDays"])
    return mended


POLICY = ResourceValidationPolicy(
    name="dynamodb-pitr-enabled",
    description="DynamoDB tables should have point-in-time recovery enabled.",
    severity=Severity.HIGH,
    framework=fsbp("DynamoDB.2"),
    config_schema=config_schema(_SCHEMA),
    validate=validation(_check, _SCHEMA),
    remediate=remediation(_mend, _SCHEMA),
    remediation_steps="Set point_in_time_recovery={'enabled': True}, with a recovery_period_in_days of 35 or none.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-2",
)
