import pytest
from pulumi_policy import ResourceValidationArgs
from pulumi_policy.deserialize import deserialize_properties, serialize_properties

from tests.policies.judge import ABSENT, BUCKET, BY_NAME, COMPLIANT, TABLE, UNKNOWN, Resource, changed, options, secret

ENCRYPTION, RECOVERY = "dynamodb-table-encryption-enabled", "dynamodb-pitr-enabled"
DELETION = "dynamodb-table-deletion-protection-enabled"
SSE, PITR, PROTECTION = "serverSideEncryption", "pointInTimeRecovery", "deletionProtectionEnabled"
A_WEEK = {"minimumRecoveryPeriodInDays": 7.0}


def remediated(policy, props, config=None, type_=TABLE):
    """Return what the SDK sends back over the wire; None for nothing."""
    proxied = deserialize_properties(props, proxy_secrets=True)
    args = ResourceValidationArgs(type_, proxied, "urn", "name", options(Resource()), None, config)
    result = BY_NAME[policy].remediate(args)
    return None if result is None else serialize_properties(result)


@pytest.mark.parametrize(
    ("policy", "broken", "corrected"),
    [
        pytest.param(ENCRYPTION, {SSE: ABSENT}, {SSE: {"enabled": True}}, id="encryption missing"),
        pytest.param(ENCRYPTION, {SSE: {"enabled": False}}, {SSE: {"enabled": True}}, id="encryption off"),
        pytest.param(
            ENCRYPTION,
            {SSE: {"enabled": False, "kmsKeyArn": UNKNOWN}},
            {SSE: {"enabled": True, "kmsKeyArn": UNKNOWN}},
            id="encryption off, the key not known",
        ),
        pytest.param(RECOVERY, {PITR: ABSENT}, {PITR: {"enabled": True}}, id="recovery missing"),
        pytest.param(
            RECOVERY,
            {PITR: {"enabled": False, "recoveryPeriodInDays": 7}},
            {PITR: {"enabled": True, "recoveryPeriodInDays": 35}},
            id="recovery off and too short",
        ),
        pytest.param(
            RECOVERY,
            {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": 7}},
            {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": 35}},
            id="recovery not known and too short",
        ),
        pytest.param(DELETION, {PROTECTION: False}, {PROTECTION: True}, id="deletion protection off"),
        pytest.param(DELETION, {PROTECTION: ABSENT}, {PROTECTION: True}, id="deletion protection missing"),
    ],
)
def test_what_is_wrong_is_corrected_and_nothing_else(policy, broken, corrected):
    assert remediated(policy, changed(COMPLIANT, broken)) == changed(COMPLIANT, corrected)


@pytest.mark.parametrize(
    ("policy", "unknown"),
    [
        pytest.param(ENCRYPTION, {SSE: UNKNOWN}, id="encryption"),
        pytest.param(ENCRYPTION, {SSE: {"enabled": UNKNOWN}}, id="whether it is on"),
        pytest.param(RECOVERY, {PITR: UNKNOWN}, id="recovery"),
        pytest.param(RECOVERY, {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": UNKNOWN}}, id="its period"),
        pytest.param(DELETION, {PROTECTION: UNKNOWN}, id="deletion protection"),
    ],
)
def test_an_unknown_value_is_left_alone(policy, unknown):
    assert remediated(policy, changed(COMPLIANT, unknown)) is None


@pytest.mark.parametrize("policy", [ENCRYPTION, RECOVERY, DELETION])
def test_a_compliant_table_and_another_resource_are_left_alone(policy):
    assert remediated(policy, COMPLIANT) is None
    assert remediated(policy, {}, type_=BUCKET) is None


@pytest.mark.parametrize(
    ("name", "exempt", "is_corrected"),
    [
        pytest.param("RentalInvoices", ["Rental*"], False, id="exempt"),
        pytest.param("RentalInvoices", ["Users"], True, id="another exempt"),
        pytest.param(UNKNOWN, ["*"], False, id="not known, every table exempt"),
        pytest.param(UNKNOWN, ["0*"], True, id="not known, a pattern of what stands for it"),
    ],
)
def test_an_exempt_table_is_left_alone(name, exempt, is_corrected):
    broken = changed(COMPLIANT, {PITR: ABSENT, "name": name})
    corrected = changed(broken, {PITR: {"enabled": True}})

    assert remediated(RECOVERY, broken, {"exemptTables": exempt}) == (corrected if is_corrected else None)


def test_a_recovery_period_is_corrected_to_the_least_that_is_enough():
    assert remediated(RECOVERY, changed(COMPLIANT, {f"{PITR}.recoveryPeriodInDays": 6.0}), A_WEEK) == changed(
        COMPLIANT, {f"{PITR}.recoveryPeriodInDays": 7.0}
    )
    assert remediated(RECOVERY, changed(COMPLIANT, {f"{PITR}.recoveryPeriodInDays": 7.0}), A_WEEK) is None


def test_secrets_stay_secrets():
    broken = changed(COMPLIANT, {PITR: ABSENT, "hashKey": secret("UserID")})

    assert remediated(RECOVERY, broken) == changed(broken, {PITR: {"enabled": True}})


def test_a_secret_beside_what_is_corrected_stays_a_secret():
    broken = changed(COMPLIANT, {SSE: {"enabled": False, "kmsKeyArn": secret("arn")}})

    assert remediated(ENCRYPTION, broken) == changed(broken, {f"{SSE}.enabled": True})


def test_encryption_that_need_not_be_stated_is_left_alone():
    assert remediated(ENCRYPTION, changed(COMPLIANT, {SSE: ABSENT}), {"level": "any"}) is None
    assert remediated(ENCRYPTION, changed(COMPLIANT, {f"{SSE}.enabled": False}), {"level": "any"}) == COMPLIANT


def test_only_these_policies_correct_anything():
    assert [name for name, policy in BY_NAME.items() if getattr(policy, "has_remediation", lambda: False)()] == [
        DELETION,
        ENCRYPTION,
        RECOVERY,
    ]
