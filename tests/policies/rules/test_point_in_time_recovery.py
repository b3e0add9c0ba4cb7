from tests.policies.judge import (
    ABSENT,
    ARN,
    COMPLIANT,
    TABLE_REPLICA,
    UNKNOWN,
    cases,
    changed,
    fails,
    not_known,
    passes,
    violations,
)

NAME = "dynamodb-pitr-enabled"
PITR = "pointInTimeRecovery"
ENABLED, DAYS = f"{PITR}.enabled", f"{PITR}.recoveryPeriodInDays"
A_WEEK = {"minimumRecoveryPeriodInDays": 7.0}


@cases(
    passes("on for 35 days"),
    passes("on without a period", {DAYS: ABSENT}),
    passes("on with a period that the provider fills in", {DAYS: 0.0}),
    fails("missing", {PITR: ABSENT}, f"{ENABLED} is missing, but must be true"),
    fails("off", {ENABLED: False}, f"{ENABLED} is false, but must be true"),
    fails("not a boolean", {ENABLED: "yes"}, f"{ENABLED} is 'yes', but must be true"),
    fails("too short", {DAYS: 34.0}, f"{DAYS} is 34, but must be 35 days, or missing"),
    fails("too long", {DAYS: 36.0}, f"{DAYS} is 36, but must be 35 days, or missing"),
    fails("not a number", {DAYS: "35"}, f"{DAYS} is '35', but must be 35 days, or missing"),
    passes("a week where a week is enough", {DAYS: 7.0}, config=A_WEEK),
    fails(
        "six days where a week is the least",
        {DAYS: 6.0},
        f"{DAYS} is 6, but must be 7 to 35 days, or missing",
        config=A_WEEK,
    ),
    fails("a part of a day", {DAYS: 7.5}, f"{DAYS} is 7.5, but must be 7 to 35 days, or missing", config=A_WEEK),
    fails(
        "a part of a day where a day is the least",
        {DAYS: 0.5},
        f"{DAYS} is 0.5, but must be 1 to 35 days, or missing",
        config={"minimumRecoveryPeriodInDays": 1.0},
    ),
    fails(
        "not known, and too short",
        {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": 1.0}},
        f"{DAYS} is 1, but must be 35 days, or missing",
        not_known(ENABLED),
    ),
    fails("nothing known", {PITR: UNKNOWN}, not_known(ENABLED, DAYS)),
    passes("a replica on", {"replicas": [{"regionName": "eu-north-1", PITR: True}]}),
    fails(
        "a replica off",
        {"replicas": [{"regionName": "eu-north-1", PITR: False}]},
        f"replicas[0].{PITR} is false, but must be true",
    ),
)
def test_a_table(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config) == case.reported


def test_a_replica_that_is_a_resource_of_its_own():
    replica = {"globalTableArn": ARN}

    assert violations(NAME, replica | {PITR: True}, type=TABLE_REPLICA) == []
    assert violations(NAME, replica | {PITR: False}, type=TABLE_REPLICA) == [f"{PITR} is false, but must be true"]
