import pytest
from pulumi_policy import ResourceValidationArgs
from pulumi_policy.deserialize import deserialize_properties, serialize_properties

from tests.policies.judge import ABSENT, BY_NAME, COMPLIANT, TABLE, UNKNOWN, changed, options, secret

ENCRYPTION, RECOVERY = "dynamodb-table-encryption-enabled", "dynamodb-pitr-enabled"
DELETION = "dynamodb-table-deletion-protection-enabled"
SSE, PITR = "serverSideEncryption", "pointInTimeRecovery"


def remediated(policy, props, config=None, type_=TABLE):
    """Return what the SDK sends back over the wire; None for nothing."""
    proxied = deserialize_properties(props, proxy_secrets=True)
    result = BY_NAME[policy].remediate(ResourceValidationArgs(type_, proxied, "urn", "name", options(), None, config))
    return None if result is None else serialize_properties(result)


@pytest.mark.parametrize(
    ("policy", "broken", "mended"),
    [
        (ENCRYPTION, {SSE: ABSENT}, {SSE: {"enabled": True}}),
        (ENCRYPTION, {SSE: {"enabled": False}}, {SSE: {"enabled": True}}),
        (ENCRYPTION, {SSE: {"enabled": False, "kmsKeyArn": UNKNOWN}}, {SSE: {"enabled": True, "kmsKeyArn": UNKNOWN}}),
        (RECOVERY, {PITR: ABSENT}, {PITR: {"enabled": True}}),
        (
            RECOVERY,
            {PITR: {"enabled": False, "recoveryPeriodInDays": 7}},
            {PITR: {"enabled": True, "recoveryPeriodInDays": 35}},
        ),
        (
            RECOVERY,
            {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": 7}},
            {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": 35}},
        ),
        (DELETION, {"deletionProtectionEnabled": False}, {"deletionProtectionEnabled": True}),
        (DELETION, {"deletionProtectionEnabled": ABSENT}, {"deletionProtectionEnabled": True}),
    ],
)
def test_what_is_wrong_is_mended_and_nothing_else(policy, broken, mended):
    assert remediated(policy, changed(COMPLIANT, broken)) == changed(COMPLIANT, mended)


@pytest.mark.parametrize(
    ("policy", "unknown"),
    [
        (ENCRYPTION, {SSE: UNKNOWN}),
        (ENCRYPTION, {SSE: {"enabled": UNKNOWN}}),
        (RECOVERY, {PITR: UNKNOWN}),
        (RECOVERY, {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": UNKNOWN}}),
        (DELETION, {"deletionProtectionEnabled": UNKNOWN}),
    ],
)
def test_an_unknown_value_is_left_alone(policy, unknown):
    assert remediated(policy, changed(COMPLIANT, unknown)) is None


@pytest.mark.parametrize("policy", [ENCRYPTION, RECOVERY, DELETION])
def test_a_compliant_table_and_another_resource_are_left_alone(policy):
    assert remediated(policy, COMPLIANT) is None
    assert remediated(policy, {}, type_="aws:s3/bucket:Bucket") is None


def test_an_exempt_table_is_left_alone():
    broken = changed(COMPLIANT, {PITR: ABSENT})

    assert remediated(RECOVERY, broken, {"exemptTables": ["Rental*"]}) is None


def test_secrets_stay_secrets():
    broken = changed(COMPLIANT, {PITR: ABSENT, "hashKey": secret("UserID")})

    assert remediated(RECOVERY, broken) == changed(broken, {PITR: {"enabled": True}})


def test_a_secret_beside_what_is_mended_stays_a_secret():
    broken = changed(COMPLIANT, {SSE: {"enabled": False, "kmsKeyArn": secret("arn")}})

    assert remediated(ENCRYPTION, broken) == changed(broken, {f"{SSE}.enabled": True})


def test_encryption_that_need_not_be_stated_is_left_alone():
    assert remediated(ENCRYPTION, changed(COMPLIANT, {SSE: ABSENT}), {"level": "any"}) is None
    assert remediated(ENCRYPTION, changed(COMPLIANT, {f"{SSE}.enabled": False}), {"level": "any"}) == COMPLIANT


def test_only_these_policies_mend():
    assert [name for name, policy in BY_NAME.items() if getattr(policy, "has_remediation", lambda: False)()] == [
        DELETION,
        ENCRYPTION,
        RECOVERY,
    ]
