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

NAME = "dynamodb-table-deletion-protection-enabled"
ENABLED = "deletionProtectionEnabled"


@cases(
    passes("on"),
    fails("missing", {ENABLED: ABSENT}, f"{ENABLED} is missing, but must be true"),
    fails("off", {ENABLED: False}, f"{ENABLED} is false, but must be true"),
    fails("as the provider fills it in", {ENABLED: {}}, f"{ENABLED} is missing, but must be true"),
    fails("not a boolean", {ENABLED: "true"}, f"{ENABLED} is 'true', but must be true"),
    fails("not known", {ENABLED: UNKNOWN}, not_known(ENABLED)),
    passes("a replica on", {"replicas": [{"regionName": "eu-north-1", ENABLED: True}]}),
    fails(
        "a replica off",
        {"replicas": [{"regionName": "eu-north-1", ENABLED: True}, {"regionName": "us-east-1"}]},
        f"replicas[1].{ENABLED} is missing, but must be true",
    ),
    fails("replicas not known", {"replicas": UNKNOWN}, not_known("replicas")),
)
def test_a_table(case):
    assert violations(NAME, changed(COMPLIANT, case.change)) == case.reported


def test_a_replica_that_is_a_resource_of_its_own():
    replica = {"globalTableArn": ARN}

    assert violations(NAME, replica | {ENABLED: True}, type=TABLE_REPLICA) == []
    assert violations(NAME, replica, type=TABLE_REPLICA) == [f"{ENABLED} is missing, but must be true"]
