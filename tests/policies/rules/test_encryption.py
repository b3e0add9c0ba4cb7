from dataclasses import replace

import pytest

from tests.policies.judge import (
    ABSENT,
    ARN,
    COMPLIANT,
    KEY,
    PET,
    TABLE_REPLICA,
    UNKNOWN,
    Resource,
    cases,
    changed,
    fails,
    judge,
    not_known,
    passes,
    secret,
    violations,
)

NAME = "dynamodb-table-encryption-enabled"
SSE = "serverSideEncryption"
ENABLED, KEY_ARN = f"{SSE}.enabled", f"{SSE}.kmsKeyArn"
OWN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
MANAGED = "arn:aws:kms:eu-west-1:123456789012:alias/aws/dynamodb"
CMK, ANY, ONLY_OWN = {"level": "cmk"}, {"level": "any"}, {"kmsKeyArns": [OWN]}
WANTED = "the ARN of a customer managed key"
REPLICA = {"regionName": "eu-north-1"}


def with_key(arn, **more):
    return {SSE: {"enabled": True, "kmsKeyArn": arn}} | more


@cases(
    passes("on"),
    fails("missing", {SSE: ABSENT}, f"{ENABLED} is missing, but must be true"),
    fails("empty", {SSE: {}}, f"{ENABLED} is missing, but must be true"),
    fails("null", {SSE: None}, f"{ENABLED} is missing, but must be true"),
    fails("off", {ENABLED: False}, f"{ENABLED} is false, but must be true"),
    fails("off as a secret", {SSE: secret({"enabled": False})}, f"{ENABLED} is false, but must be true"),
    fails("a string", {ENABLED: "true"}, f"{ENABLED} is 'true', but must be true"),
    fails("a number", {ENABLED: 1.0}, f"{ENABLED} is 1, but must be true"),
    fails("a list", {SSE: [True]}, f"{ENABLED} is of the wrong type, but must be true"),
    fails("not known", {SSE: UNKNOWN}, not_known(ENABLED)),
    passes("on, the key not known", with_key(UNKNOWN)),
    passes("any: missing", {SSE: ABSENT}, config=ANY),
    passes("any: on", config=ANY),
    fails("any: off", {ENABLED: False}, f"{ENABLED} is false, but must be true, or missing", config=ANY),
    fails(
        "any, one key allowed: missing",
        {SSE: ABSENT},
        f"{KEY_ARN} is missing, but must be one of kmsKeyArns: {OWN}",
        config=ANY | ONLY_OWN,
    ),
    passes("cmk: own key", with_key(OWN), config=CMK),
    passes("cmk: alias of an own key", with_key(OWN.replace("key/1234abcd", "alias/own")), config=CMK),
    passes("cmk: own key in China", with_key(OWN.replace("arn:aws:", "arn:aws-cn:")), config=CMK),
    fails("cmk: no key", {}, f"{KEY_ARN} is missing, but must be {WANTED}", config=CMK),
    fails("cmk: missing", {SSE: ABSENT}, f"{KEY_ARN} is missing, but must be {WANTED}", config=CMK),
    fails("cmk: the AWS managed key", with_key(MANAGED), f"{KEY_ARN} is {MANAGED!r}, but must be {WANTED}", config=CMK),
    fails("cmk: the id of a key", with_key("1234abcd"), f"{KEY_ARN} is '1234abcd', but must be {WANTED}", config=CMK),
    fails("cmk: more than an ARN", with_key(f"{OWN}/x"), f"{KEY_ARN} is '{OWN}/x', but must be {WANTED}", config=CMK),
    fails(
        "cmk: own key, off",
        {SSE: {"enabled": False, "kmsKeyArn": OWN}},
        f"{ENABLED} is false, but must be true",
        config=CMK,
    ),
    passes("one key allowed: that", with_key(OWN), config=ONLY_OWN),
    fails("one key allowed: none", {}, f"{KEY_ARN} is missing, but must be one of kmsKeyArns: {OWN}", config=ONLY_OWN),
    fails(
        "one key allowed: another",
        with_key(f"{OWN}2"),
        f"{KEY_ARN} is '{OWN}2', but must be one of kmsKeyArns: {OWN}",
        config=CMK | ONLY_OWN,
    ),
    fails("one key allowed: not known", with_key(UNKNOWN), not_known(KEY_ARN), config=ONLY_OWN),
    passes("a replica beside the AWS managed key", {"replicas": [REPLICA]}),
    passes("a replica beside the AWS managed key by its alias", with_key(MANAGED, replicas=[REPLICA])),
    passes("a replica with a key", with_key(OWN, replicas=[REPLICA | {"kmsKeyArn": OWN}])),
    fails(
        "a replica without a key beside an own key",
        with_key(OWN, replicas=[REPLICA]),
        f"replicas[0].kmsKeyArn is missing, but must be {WANTED}, as its table has one",
    ),
    fails(
        "a replica without a key beside an own key that is not known",
        with_key(UNKNOWN, replicas=[REPLICA]),
        f"replicas[0].kmsKeyArn is missing, but must be {WANTED}, as its table has one",
    ),
    fails(
        "cmk: a replica without a key",
        with_key(OWN, replicas=[REPLICA]),
        f"replicas[0].kmsKeyArn is missing, but must be {WANTED}",
        config=CMK,
    ),
    fails(
        "one key allowed: a replica without a key",
        with_key(OWN, replicas=[REPLICA]),
        f"replicas[0].kmsKeyArn is missing, but must be one of kmsKeyArns: {OWN}",
        config=ONLY_OWN,
    ),
    passes("replicas not known", {"replicas": UNKNOWN}),
    fails("cmk: replicas not known", with_key(OWN, replicas=UNKNOWN), not_known("replicas"), config=CMK),
)
def test_a_table(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config) == case.reported


def program(*sources, key=None, type_=KEY, **inputs):
    """Return a program with a KMS key and a table, whose key and replicas are from `sources`."""
    table = changed(COMPLIANT, with_key(key or UNKNOWN) | inputs)
    from_sources = {name: list(sources) for name in (SSE, *inputs)}
    return [
        Resource(type=type_, name="key", inputs={}),
        Resource(type=PET, name="pet", inputs={}),
        Resource(inputs=table, sources=from_sources),
    ]


@pytest.mark.parametrize(
    "type_",
    [f"aws:kms/{n[0].lower()}{n[1:]}:{n}" for n in ("Key", "ReplicaKey", "ExternalKey", "ReplicaExternalKey", "Alias")],
)
def test_a_key_of_the_same_program_is_customer_managed(type_):
    replicas = [REPLICA | {"kmsKeyArn": UNKNOWN}]

    assert judge(NAME, *program("key", type_=type_), config=CMK) == []
    assert judge(NAME, *program("key", type_=type_, replicas=replicas), config=CMK) == []


@pytest.mark.parametrize("sources", [["pet"], ["key", "pet"]])
def test_a_key_that_may_be_of_elsewhere_is_not(sources):
    replicas = [REPLICA | {"kmsKeyArn": UNKNOWN}]

    assert judge(NAME, *program(*sources, replicas=replicas), config=CMK) == [
        ("table", not_known(KEY_ARN, "replicas[0].kmsKeyArn"))
    ]


def replica(**inputs):
    return Resource(
        type=TABLE_REPLICA,
        name="replica",
        inputs={"globalTableArn": UNKNOWN} | inputs,
        sources={"globalTableArn": ["table"]},
    )


AS_TABLE = f"kmsKeyArn is missing, but must be {WANTED}, as table 'RentalInvoices' has one"


@pytest.mark.parametrize(
    ("resources", "reported"),
    [
        pytest.param(program("key"), [("replica", AS_TABLE)], id="a key of the program"),
        pytest.param(program(key=OWN), [("replica", AS_TABLE)], id="a key of elsewhere"),
        pytest.param(program("pet"), [("replica", AS_TABLE)], id="a key of elsewhere that is not known"),
        pytest.param([Resource()], [], id="the AWS managed key"),
        pytest.param(
            [replace(r, outputs={"arn": ARN} | with_key(OWN)) if r.name == "table" else r for r in program("key")],
            [("replica", AS_TABLE)],
            id="a key of the program, deployed",
        ),
        # Where the provider may not read KMS, a deployed table's outputs have the ARN of the AWS managed key.
        pytest.param([Resource(outputs={"arn": ARN} | with_key(OWN))], [], id="the AWS managed key, deployed"),
    ],
)
def test_a_replica_of_its_own_needs_a_key_where_its_table_has_one(resources, reported):
    assert judge(NAME, *resources, replica()) == reported
    assert judge(NAME, *resources, replica(kmsKeyArn=OWN)) == []
    assert judge(NAME, *resources, replica(), config={"exemptTables": ["RentalInvoices"]}) == []


@cases(
    passes("own key", {"kmsKeyArn": OWN}),
    fails("no key", {}, f"kmsKeyArn is missing, but must be {WANTED}"),
    fails("not known", {"kmsKeyArn": UNKNOWN}, not_known("kmsKeyArn")),
)
def test_a_replica_of_its_own_at_the_level_cmk(case):
    found = judge(NAME, *program("key"), replica(**case.change), config=CMK)

    assert found == [("replica", message) for message in case.reported]
