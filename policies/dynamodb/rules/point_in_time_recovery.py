"""pointInTimeRecovery.enabled must be true, with a recovery period from `minimumRecoveryPeriodInDays` to 35 days.

On a replica, pointInTimeRecovery must be true. This is stricter than DynamoDB.2, which accepts any recovery period.
"""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, expect, fsbp, integer_option, policy, set_property
from dynamodb.stack import TABLE, TABLE_REPLICA
from dynamodb.values import entries, integer

# DynamoDB's default and maximum (DynamoDB API reference, UpdateContinuousBackups, RecoveryPeriodInDays).
_DEFAULT_DAYS = 35


def _check(table: Inputs, options: Options) -> Findings:
    least = options["minimumRecoveryPeriodInDays"]
    days = f"{_DEFAULT_DAYS}" if least == _DEFAULT_DAYS else f"{least:g} to {_DEFAULT_DAYS}"

    def is_enough(days: object) -> bool:
        return days is None or least <= (integer(days) or 0) <= _DEFAULT_DAYS

    yield from expect(table, "pointInTimeRecovery.enabled", lambda value: value is True, "true")
    yield from expect(table, "pointInTimeRecovery.recoveryPeriodInDays", is_enough, f"{days} days, or missing")
    for path, replica in entries(table, "replicas"):
        yield from _check_replica(replica, options, path)


def _check_replica(replica: Mapping[str, Any], _: Options, path: str = "") -> Findings:
    yield from expect(replica, "pointInTimeRecovery", lambda value: value is True, "true", path)


def _remediate(table: Any, options: Options) -> bool:  # noqa: ANN401 - a proxy
    is_changed = set_property(table, "pointInTimeRecovery.enabled", value=True)
    recovery = table.get("pointInTimeRecovery")
    days = recovery.get("recoveryPeriodInDays") if isinstance(recovery, Mapping) else None
    least = options["minimumRecoveryPeriodInDays"]
    if days and (integer(days) or 0) < least:
        is_changed |= set_property(table, "pointInTimeRecovery.recoveryPeriodInDays", least)
    return is_changed


POLICY = policy(
    "dynamodb-pitr-enabled",
    checks={TABLE: _check, TABLE_REPLICA: _check_replica},
    remediate=_remediate,
    options={
        "minimumRecoveryPeriodInDays": integer_option(
            "The shortest recovery period that a table may have, in days.", (1, _DEFAULT_DAYS), _DEFAULT_DAYS
        ),
    },
    description="DynamoDB tables should have point-in-time recovery enabled.",
    severity=Severity.MEDIUM,
    framework=fsbp("DynamoDB.2"),
    remediation_steps="Set point_in_time_recovery={'enabled': True}, with recovery_period_in_days=35 or without it.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-2",
)
