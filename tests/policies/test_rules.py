"""Each rule on single tables: compliant, each single break, absent, wrong type, unknown, secret, exempt."""

import pytest

from tests.policies.judge import (
    ABSENT,
    BY_NAME,
    COMPLIANT,
    HINT,
    IGNORED,
    ON_DEMAND,
    UNKNOWN,
    changed,
    secret,
    violations,
)

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
MANAGED = "arn:aws:kms:eu-west-1:123456789012:alias/aws/dynamodb"
RESOURCE_POLICIES = sorted(BY_NAME.keys() - {"dynamodb-autoscaling-enabled"})


@pytest.mark.parametrize("policy", RESOURCE_POLICIES)
@pytest.mark.parametrize("props", [COMPLIANT, ON_DEMAND], ids=["provisioned", "on demand"])
def test_a_compliant_table_passes(policy, props):
    assert violations(policy, props) == []


@pytest.mark.parametrize("policy", RESOURCE_POLICIES)
def test_a_compliant_table_passes_with_every_value_secret(policy):
    assert violations(policy, {key: secret(value) for key, value in COMPLIANT.items()}) == []


@pytest.mark.parametrize("policy", RESOURCE_POLICIES)
def test_another_resource_is_not_judged(policy):
    assert violations(policy, {}, type_="aws:s3/bucket:Bucket", protect=False, ignore_changes=["*"]) == []


SSE, PITR, GSI = "serverSideEncryption", "pointInTimeRecovery", "globalSecondaryIndexes"
ENCRYPTION, RECOVERY = "dynamodb-table-encryption-enabled", "dynamodb-pitr-enabled"
BILLING, SCHEMA, TAGGED = "dynamodb-billing-mode", "dynamodb-table-schema", "dynamodb-table-tagged"
DELETION = "dynamodb-table-deletion-protection-enabled"
NAME_RULE = "3 to 255 characters of a-zA-Z0-9_.-"
VIEW_TYPES = "KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES"
INDEX = {"name": "i", "hashKey": "due", "projectionType": "ALL", "readCapacity": 1.0, "writeCapacity": 1.0}

# policy, what is changed on the provisioned table, the policy's configuration, what is reported.
CASES = [
    (ENCRYPTION, {SSE: ABSENT}, {}, [f"{SSE}.enabled is absent, but must be true"]),
    (ENCRYPTION, {SSE: {}}, {}, [f"{SSE}.enabled is absent, but must be true"]),
    (ENCRYPTION, {SSE: None}, {}, [f"{SSE}.enabled is absent, but must be true"]),
    (ENCRYPTION, {SSE: {"enabled": False}}, {}, [f"{SSE}.enabled is false, but must be true"]),
    (ENCRYPTION, {SSE: {"enabled": "true"}}, {}, [f"{SSE}.enabled is 'true', but must be true"]),
    (ENCRYPTION, {SSE: {"enabled": 1.0}}, {}, [f"{SSE}.enabled is 1, but must be true"]),
    (ENCRYPTION, {SSE: [True]}, {}, [f"{SSE}.enabled is of the wrong type, but must be true"]),
    (ENCRYPTION, {SSE: {"enabled": UNKNOWN}}, {}, [f"{SSE}.enabled{HINT}"]),
    (ENCRYPTION, {SSE: UNKNOWN}, {}, [f"{SSE}.enabled{HINT}"]),
    (ENCRYPTION, {SSE: UNKNOWN}, {"allowUnknown": True}, []),
    (ENCRYPTION, {f"{SSE}.kmsKeyArn": UNKNOWN}, {}, []),
    (ENCRYPTION, {SSE: secret({"enabled": False})}, {}, [f"{SSE}.enabled is false, but must be true"]),
    (ENCRYPTION, {SSE: ABSENT}, {"level": "any"}, []),
    (
        ENCRYPTION,
        {SSE: {"enabled": False}},
        {"level": "any"},
        [f"{SSE}.enabled is false, but must be true, or not stated at all"],
    ),
    (ENCRYPTION, {f"{SSE}.kmsKeyArn": KEY}, {"level": "cmk"}, []),
    (ENCRYPTION, {}, {"level": "cmk"}, [f"{SSE}.kmsKeyArn is absent, but must be the ARN of a customer managed key"]),
    (
        *(ENCRYPTION, {f"{SSE}.kmsKeyArn": MANAGED}, {"level": "cmk"}),
        [f"{SSE}.kmsKeyArn is {MANAGED!r}, but must be the ARN of a customer managed key"],
    ),
    (
        *(ENCRYPTION, {SSE: {"enabled": False, "kmsKeyArn": KEY}}, {"level": "cmk"}),
        [f"{SSE}.enabled is false, but must be true"],
    ),
    (ENCRYPTION, {f"{SSE}.kmsKeyArn": UNKNOWN}, {"level": "cmk"}, [f"{SSE}.kmsKeyArn{HINT}"]),
    (ENCRYPTION, {f"{SSE}.kmsKeyArn": KEY}, {"kmsKeyArns": [KEY]}, []),
    (ENCRYPTION, {}, {"kmsKeyArns": [KEY]}, [f"{SSE}.kmsKeyArn is absent, but must be one of {KEY}"]),
    (
        *(ENCRYPTION, {f"{SSE}.kmsKeyArn": KEY, "replicas": [{"regionName": "eu-north-1"}]}, {"level": "cmk"}),
        ["replicas[0].kmsKeyArn is absent, but must be the ARN of a customer managed key"],
    ),
    (ENCRYPTION, {f"{SSE}.kmsKeyArn": KEY, "replicas": UNKNOWN}, {"level": "cmk"}, [f"replicas{HINT}"]),
    (ENCRYPTION, {"replicas": UNKNOWN}, {}, []),
    (RECOVERY, {PITR: ABSENT}, {}, [f"{PITR}.enabled is absent, but must be true"]),
    (RECOVERY, {f"{PITR}.enabled": False}, {}, [f"{PITR}.enabled is false, but must be true"]),
    (RECOVERY, {f"{PITR}.enabled": "yes"}, {}, [f"{PITR}.enabled is 'yes', but must be true"]),
    (
        RECOVERY,
        {f"{PITR}.recoveryPeriodInDays": 34.0},
        {},
        [f"{PITR}.recoveryPeriodInDays is 34, but must be 35 days, or absent"],
    ),
    (RECOVERY, {f"{PITR}.recoveryPeriodInDays": 7.0}, {"minimumRecoveryPeriodInDays": 7.0}, []),
    (
        RECOVERY,
        {f"{PITR}.recoveryPeriodInDays": "35"},
        {},
        [f"{PITR}.recoveryPeriodInDays is '35', but must be 35 days, or absent"],
    ),
    (RECOVERY, {f"{PITR}.recoveryPeriodInDays": 0.0}, {}, []),
    (
        *(RECOVERY, {PITR: {"enabled": UNKNOWN, "recoveryPeriodInDays": 1.0}}, {}),
        [f"{PITR}.enabled{HINT}", f"{PITR}.recoveryPeriodInDays is 1, but must be 35 days, or absent"],
    ),
    (RECOVERY, {PITR: ABSENT}, {"exemptTables": ["RentalInvoices"]}, []),
    (RECOVERY, {PITR: ABSENT}, {"exemptTables": ["Rental*"]}, []),
    (
        RECOVERY,
        {PITR: ABSENT},
        {"exemptTables": ["Rental", "*Rental", "rentalinvoices"]},
        [f"{PITR}.enabled is absent, but must be true"],
    ),
    (
        RECOVERY,
        {PITR: ABSENT, "name": UNKNOWN},
        {"exemptTables": ["*"]},
        [f"{PITR}.enabled is absent, but must be true"],
    ),
    (BILLING, {"billingMode": ABSENT}, {}, ["billingMode is absent, but must be PAY_PER_REQUEST or PROVISIONED"]),
    (
        BILLING,
        {"billingMode": "provisioned"},
        {},
        ["billingMode is 'provisioned', but must be PAY_PER_REQUEST or PROVISIONED"],
    ),
    (BILLING, {"billingMode": UNKNOWN}, {}, [f"billingMode{HINT}"]),
    (BILLING, {"name": "Users"}, {}, ["'Users' is PROVISIONED, but only RentalInvoices, RentalInvoices-* may be"]),
    (BILLING, {"name": "RentalInvoices-dev"}, {}, []),
    (BILLING, {"name": "Users"}, {"provisionedTables": ["Users"]}, []),
    (BILLING, {}, {"provisionedTables": []}, ["'RentalInvoices' is PROVISIONED, but only no table may be"]),
    (BILLING, {"name": UNKNOWN}, {}, [f"name{HINT}"]),
    (BILLING, {"readCapacity": ABSENT}, {}, ["readCapacity is absent, but must be 1 or more capacity units"]),
    (BILLING, {"writeCapacity": 0.0}, {}, ["writeCapacity is absent, but must be 1 or more capacity units"]),
    (BILLING, {"writeCapacity": 1.5}, {}, ["writeCapacity is 1.5, but must be 1 or more capacity units"]),
    (BILLING, {"writeCapacity": True}, {}, ["writeCapacity is true, but must be 1 or more capacity units"]),
    (
        BILLING,
        {f"{GSI}.0.readCapacity": ABSENT},
        {},
        [f"{GSI}[0].readCapacity is absent, but must be 1 or more capacity units"],
    ),
    (BILLING, {f"{GSI}.0.writeCapacity": UNKNOWN}, {}, [f"{GSI}[0].writeCapacity{HINT}"]),
    (
        BILLING,
        {f"{GSI}.0": UNKNOWN, "readCapacity": -1.0},
        {},
        ["readCapacity is -1, but must be 1 or more capacity units", f"{GSI}[0]{HINT}"],
    ),
    (BILLING, {GSI: UNKNOWN}, {}, [f"{GSI}{HINT}"]),
    (DELETION, {"deletionProtectionEnabled": ABSENT}, {}, ["deletionProtectionEnabled is absent, but must be true"]),
    (DELETION, {"deletionProtectionEnabled": False}, {}, ["deletionProtectionEnabled is false, but must be true"]),
    (DELETION, {"deletionProtectionEnabled": {}}, {}, ["deletionProtectionEnabled is absent, but must be true"]),
    (DELETION, {"deletionProtectionEnabled": UNKNOWN}, {}, [f"deletionProtectionEnabled{HINT}"]),
    (DELETION, {"deletionProtectionEnabled": UNKNOWN}, {"allowUnknown": True}, []),
    (DELETION, {"deletionProtectionEnabled": False}, {"exemptTables": ["Rental*"]}, []),
    (TAGGED, {"tags": ABSENT}, {}, ["the tag 'Environment' is neither in tags nor in tagsAll"]),
    (TAGGED, {"tags": ["Environment"]}, {}, ["the tag 'Environment' is neither in tags nor in tagsAll"]),
    (TAGGED, {"tags": {"environment": "x"}}, {}, ["the tag 'Environment' is neither in tags nor in tagsAll"]),
    (TAGGED, {"tags.Environment": None}, {}, ["the tag 'Environment' is neither in tags nor in tagsAll"]),
    (TAGGED, {"tags": ABSENT, "tagsAll": {"Environment": "x"}}, {}, []),
    (TAGGED, {"tags.Environment": UNKNOWN}, {}, []),
    (TAGGED, {"tags": UNKNOWN}, {}, [f"tags{HINT}"]),
    (TAGGED, {"tags": UNKNOWN, "tagsAll": {"Environment": "x"}}, {}, []),
    (TAGGED, {}, {"requiredTags": ["Environment", "a.b"]}, ["the tag 'a.b' is neither in tags nor in tagsAll"]),
    (TAGGED, {"tags": {"a.b": "x"}}, {"requiredTags": ["a.b"]}, []),
    (SCHEMA, {"name": "ab"}, {}, [f"name is 'ab', but must be {NAME_RULE}"]),
    (SCHEMA, {"name": "x" * 256}, {}, [f"name is {'x' * 256!r}, but must be {NAME_RULE}"]),
    (SCHEMA, {"name": "Rental Invoices"}, {}, [f"name is 'Rental Invoices', but must be {NAME_RULE}"]),
    (SCHEMA, {"name": ABSENT}, {}, [f"name is absent, but must be {NAME_RULE}"]),
    (SCHEMA, {"name": UNKNOWN}, {}, [f"name{HINT}"]),
    (
        SCHEMA,
        {"attributes.2": {"name": "due", "type": "BOOL"}},
        {},
        ["attributes[2].type is 'BOOL', but must be S, N or B"],
    ),
    (
        SCHEMA,
        {"hashKey": ABSENT},
        {},
        [
            "hashKey is absent, but must be the name of an attribute",
            "attributes declares 'UserID', which is no key of the table or of an index",
        ],
    ),
    (SCHEMA, {"attributes.2": ABSENT}, {}, ["'due' is a key, but attributes doesn't declare it"]),
    (
        SCHEMA,
        {"attributes.2.name": "InvoiceID"},
        {},
        ["attributes declares 'InvoiceID' 2 times", "'due' is a key, but attributes doesn't declare it"],
    ),
    (SCHEMA, {f"{GSI}": ABSENT}, {}, ["attributes declares 'due', which is no key of the table or of an index"]),
    (
        SCHEMA,
        {f"{GSI}.0.hashKey": ABSENT, f"{GSI}.0.keySchemas": [{"attributeName": "due", "keyType": "HASH"}]},
        {},
        [],
    ),
    (
        *(
            SCHEMA,
            {f"{GSI}.0.hashKey": ABSENT, f"{GSI}.0.keySchemas": [{"attributeName": "due", "keyType": "KEY"}]},
            {},
        ),
        [
            f"{GSI}[0].keySchemas[0].keyType is 'KEY', but must be HASH or RANGE",
            f"{GSI}[0].keySchemas has no partition key, which is of keyType HASH",
        ],
    ),
    (SCHEMA, {f"{GSI}.0.hashKey": UNKNOWN}, {}, [f"{GSI}[0].hashKey{HINT}"]),
    (
        SCHEMA,
        {"attributes": UNKNOWN, "streamViewType": "x"},
        {},
        [f"attributes{HINT}", f"streamViewType is 'x', but must be one of {VIEW_TYPES}"],
    ),
    (SCHEMA, {"localSecondaryIndexes": [{"name": "lsi", "rangeKey": "due", "projectionType": "ALL"}]}, {}, []),
    (
        SCHEMA,
        {"localSecondaryIndexes": [{"name": "lsi", "rangeKey": "at", "projectionType": "ALL"}]},
        {},
        ["'at' is a key, but attributes doesn't declare it"],
    ),
    (
        SCHEMA,
        {"localSecondaryIndexes": [{"name": "due-index", "rangeKey": "due"}]},
        {},
        ["2 indexes have the name 'due-index'"],
    ),
    (SCHEMA, {GSI: [INDEX | {"name": f"index-{i}"} for i in range(20)]}, {}, []),
    (
        SCHEMA,
        {GSI: [INDEX | {"name": f"index-{i}"} for i in range(21)]},
        {},
        [f"{GSI} has 21 indexes, but a table may have 20"],
    ),
    (
        SCHEMA,
        {"localSecondaryIndexes": [{"name": f"lsi-{i}", "rangeKey": "due"} for i in range(6)]},
        {},
        ["localSecondaryIndexes has 6 indexes, but a table may have 5"],
    ),
    (
        SCHEMA,
        {"rangeKey": "UserID", "attributes.1": {"name": "due", "type": "S"}, "attributes.2": ABSENT},
        {},
        ["the table has 'UserID' as 2 of its keys"],
    ),
    (
        *(SCHEMA, {f"{GSI}.0.keySchemas": [{"attributeName": "UserID", "keyType": "HASH"}]}, {}),
        [f"{GSI}[0] has keySchemas, and hashKey or rangeKey; state its keys one way"],
    ),
    (
        *(SCHEMA, {"localSecondaryIndexes": [{"name": "lsi", "rangeKey": "UserID"}]}, {}),
        ["localSecondaryIndexes[0] has 'UserID' as 2 of its keys"],
    ),
    (
        *(
            SCHEMA,
            {"rangeKey": ABSENT, "attributes.1": ABSENT, "localSecondaryIndexes": [{"name": "lsi", "rangeKey": "due"}]},
            {},
        ),
        ["localSecondaryIndexes[0] is a local secondary index, but the table has no rangeKey"],
    ),
    (SCHEMA, {GSI: [INDEX]}, {}, [f"{GSI}[0].name is 'i', but must be {NAME_RULE}"]),
    (SCHEMA, {"streamViewType": ABSENT}, {}, [f"streamViewType is absent, but must be one of {VIEW_TYPES}"]),
    (SCHEMA, {"streamEnabled": ABSENT}, {}, ["streamViewType is 'NEW_AND_OLD_IMAGES', but streamEnabled is absent"]),
    (SCHEMA, {"streamEnabled": False}, {}, ["streamViewType is 'NEW_AND_OLD_IMAGES', but streamEnabled is false"]),
    (SCHEMA, {"streamEnabled": "true"}, {}, ["streamEnabled is 'true', but must be true or false"]),
    (SCHEMA, {"streamEnabled": False, "streamViewType": ""}, {}, []),
    (SCHEMA, {"streamEnabled": UNKNOWN}, {}, [f"streamEnabled{HINT}"]),
    (SCHEMA, {"streamEnabled": ABSENT, "streamViewType": UNKNOWN}, {"allowUnknown": True}, []),
    (TAGGED, {"tags.Environment": 0.0}, {}, ["the tag 'Environment' is neither in tags nor in tagsAll"]),
    (
        BILLING,
        {"billingMode": UNKNOWN, "readCapacity": -1.0},
        {"allowUnknown": True},
        ["readCapacity is -1, but must be absent or 1 or more capacity units"],
    ),
]


@pytest.mark.parametrize(("policy", "changes", "config", "reported"), CASES)
def test_a_single_change_is_judged(policy, changes, config, reported):
    assert violations(policy, changed(COMPLIANT, changes), config) == reported


def test_an_on_demand_table_has_no_capacity():
    found = violations(BILLING, ON_DEMAND | {"readCapacity": 1.0, "writeCapacity": 0.0, GSI: [INDEX]})

    rule = "is 1, but must be absent on a PAY_PER_REQUEST table"
    assert found == [f"readCapacity {rule}", f"{GSI}[0].readCapacity {rule}", f"{GSI}[0].writeCapacity {rule}"]


def test_an_index_of_its_own_has_both_capacities_or_none():
    index = "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex"

    assert violations(BILLING, {"indexName": "i"}, type_=index) == []
    assert violations(BILLING, {"provisionedThroughput": {"readCapacityUnits": 1.0}}, type_=index) == [
        "provisionedThroughput.writeCapacityUnits is absent, but must be 1 or more capacity units"
    ]


def test_a_replica_of_its_own_has_a_key_of_its_own():
    replica = {"globalTableArn": UNKNOWN}

    assert violations(ENCRYPTION, replica, type_="aws:dynamodb/tableReplica:TableReplica") == []
    assert violations(ENCRYPTION, replica, {"level": "cmk"}, type_="aws:dynamodb/tableReplica:TableReplica") == [
        "kmsKeyArn is absent, but must be the ARN of a customer managed key"
    ]


PROTECTED, IGNORE = "dynamodb-table-protected", "dynamodb-autoscaling-ignore-changes"


def test_a_table_that_is_not_protected_fails_unless_exempt():
    assert violations(PROTECTED, COMPLIANT, protect=False) == [
        "the resource option protect is not set: a plan may delete or replace the table"
    ]
    assert violations(PROTECTED, COMPLIANT, {"exemptTables": ["Rental*"]}, protect=False) == []


SET_BACK = "is not ignored: the next deployment would set back what autoscaling did"
HIDES = "is ignored, which hides changes that autoscaling doesn't make; ignore the capacities alone"
BY_POSITION = ["readCapacity", "writeCapacity", f"{GSI}[0].readCapacity", f"{GSI}[0].writeCapacity"]


@pytest.mark.parametrize(
    ("changes", "ignored", "config", "reported"),
    [
        ({}, BY_POSITION, {}, []),
        ({}, [], {"exemptTables": ["RentalInvoices"]}, []),
        ({"billingMode": "PAY_PER_REQUEST"}, ["*"], {}, []),
        ({"billingMode": UNKNOWN}, IGNORED, {}, []),
        ({"billingMode": UNKNOWN}, [], {}, [f"billingMode{HINT}"]),
        ({}, [*IGNORED, f"{GSI}[{'9' * 5000}].readCapacity"], {}, [f"{GSI}[{'9' * 5000}].readCapacity {HIDES}"]),
        ({"billingMode": ABSENT}, IGNORED[1:], {}, [f"readCapacity {SET_BACK}"]),
        ({}, IGNORED[:2], {}, [f"{GSI}[0].readCapacity {SET_BACK}", f"{GSI}[0].writeCapacity {SET_BACK}"]),
        ({GSI: ABSENT}, IGNORED[:2], {}, []),
        ({GSI: UNKNOWN}, IGNORED, {}, []),
        ({GSI: UNKNOWN}, IGNORED[:2], {}, [f"{GSI}{HINT}"]),
        (
            {GSI: [INDEX, INDEX]},
            BY_POSITION,
            {},
            [f"{GSI}[1].readCapacity {SET_BACK}", f"{GSI}[1].writeCapacity {SET_BACK}"],
        ),
        ({}, [*IGNORED, "*"], {}, [f"* {HIDES}"]),
        ({}, [*IGNORED, GSI], {}, [f"{GSI} {HIDES}"]),
        ({}, [*IGNORED, f"{GSI}[*]"], {}, [f"{GSI}[*] {HIDES}"]),
        ({}, [*IGNORED, f"{GSI}[7].readCapacity"], {}, [f"{GSI}[7].readCapacity {HIDES}"]),
        ({}, [*IGNORED, "tags"], {}, [f"tags {HIDES}"]),
    ],
)
def test_exactly_the_autoscaled_capacities_are_ignored(changes, ignored, config, reported):
    assert violations(IGNORE, changed(COMPLIANT, changes), config, ignore_changes=ignored) == reported


@pytest.mark.parametrize("policy", RESOURCE_POLICIES)
def test_options_of_the_wrong_type_count_as_not_given(policy):
    schema = BY_NAME[policy].config_schema.properties

    assert violations(policy, COMPLIANT, dict.fromkeys(schema, {"not": "this"})) == []  # noqa: RUF024 - none is changed
