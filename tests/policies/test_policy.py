"""What every policy has in common: its options, its exemptions, how it reports, and what it says of itself."""

import json
from dataclasses import replace

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

from dynamodb.policy import Unknown, matches, policy
from tests.policies.judge import (
    ABSENT,
    ARN,
    BUCKET,
    BY_NAME,
    COMPLIANT,
    CONTRACT,
    INDEX,
    ON_DEMAND,
    TABLE,
    TABLE_REPLICA,
    UNKNOWN,
    Resource,
    judge,
    not_known,
    scaled,
    secret,
    violations,
)

RECOVERY, SCHEMA, AUTOSCALING = "dynamodb-pitr-enabled", "dynamodb-table-schema", "dynamodb-autoscaling-enabled"
TABLE_CONTRACT, LEAST = "dynamodb-table-contract", "dynamodb-least-privilege"
# What a policy needs to judge at all, and what it needs to have nothing against a compliant program.
NEEDED = {TABLE_CONTRACT: {"tables": CONTRACT}}
LISTED = NEEDED | {"dynamodb-billing-mode": {"provisionedTables": ["RentalInvoices"]}}
EVERY = pytest.mark.parametrize("name", sorted(BY_NAME))


@EVERY
def test_a_compliant_program_passes(name):
    hidden = [replace(r, inputs={key: secret(value) for key, value in r.inputs.items()}) for r in scaled()]

    assert judge(name, *scaled(), config=LISTED.get(name)) == []
    assert judge(name, *hidden, config=LISTED.get(name)) == []


@EVERY
def test_the_defaults_of_the_options_are_what_applies_without_them(name):
    defaults = {option: made["default"] for option, made in BY_NAME[name].config_schema.properties.items()}

    assert judge(name, *broken(), config=defaults) == judge(name, *broken())


@EVERY
def test_another_resource_is_not_judged(name):
    assert violations(name, {}, type=BUCKET, protect=False, ignore_changes=["*"]) == []


def broken(table_name="RentalInvoices"):
    """Return a program in which each policy has something against "rental" or its "reader", and nothing against others."""
    off = {"enabled": False}
    changes = {
        "name": table_name,
        "serverSideEncryption": off,
        "pointInTimeRecovery": off,
        "deletionProtectionEnabled": False,
        "tags": {},
        "ttl": {"enabled": True, "attributeName": "expires"},
        "streamViewType": "ALL",
    }
    rental, *others = scaled(
        {"rental": changes, "table-read": {"resourceId": UNKNOWN}, "index-write": ABSENT, "rental-reads": ABSENT}
    )
    resource = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table_name}/index/*"
    statement = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": resource}
    document = UNKNOWN if table_name == UNKNOWN else json.dumps({"Statement": statement})
    reader = Resource(type="aws:iam/policy:Policy", name="reader", inputs={"name": "reader", "policy": document})
    return [replace(rental, protect=False, ignore_changes=[]), *others, reader]


@EVERY
def test_an_exempt_table_is_not_judged(name):
    def judged(*exempt):
        return judge(name, *broken(), config=NEEDED.get(name, {}) | {"exemptTables": [*exempt]})

    assert {resource for resource, _ in judged()} in ({"rental"}, {"reader"})
    assert judged("Rental", "*Rental", "rentalinvoices") == judged()
    assert judged("RentalInvoices") == []
    assert judged("Users", "Rental*") == []


@EVERY
def test_only_a_star_exempts_a_table_whose_name_is_not_known(name):
    def judged(*exempt):
        return judge(name, *broken(UNKNOWN), config=NEEDED.get(name, {}) | {"exemptTables": [*exempt]})

    assert {"rental", "reader"} & {resource for resource, _ in judged("R*", "?*")}
    assert judged("*") == []


@pytest.mark.parametrize(
    ("arn", "exempt", "is_exempt"),
    [
        pytest.param(ARN, "RentalInvoices", True, id="by the ARN of its table"),
        pytest.param(ARN.replace("Rental", "Other"), "OtherInvoices", True, id="by the ARN of a table elsewhere"),
        pytest.param(UNKNOWN, "RentalInvoices", True, id="by the table that the ARN comes from"),
        pytest.param(UNKNOWN, "OtherInvoices", False, id="another"),
    ],
)
def test_a_replica_is_exempt_with_its_table(arn, exempt, is_exempt):
    replica = Resource(
        type=TABLE_REPLICA, name="replica", inputs={"globalTableArn": arn}, sources={"globalTableArn": ["table"]}
    )
    found = judge(RECOVERY, Resource(), replica, config={"exemptTables": [exempt]})

    assert found == ([] if is_exempt else [("replica", "pointInTimeRecovery is missing, but must be true")])


def test_an_index_that_is_a_resource_of_its_own_is_exempt_with_its_table():
    index = {"tableName": "Users", "indexName": "i", "keySchemas": [{"attributeName": "UserID", "keyType": "KEY"}]}
    program = [Resource(inputs=ON_DEMAND), Resource(type=INDEX, name="index", inputs=index)]

    assert {resource for resource, _ in judge(SCHEMA, *program)} == {"index"}
    assert judge(SCHEMA, *program, config={"exemptTables": ["Users"]}) == []


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        pytest.param(
            RECOVERY,
            {"exemptTable": []},
            "dynamodb-pitr-enabled has no option 'exemptTable'; the nearest is 'exemptTables'",
            id="unknown",
        ),
        pytest.param(
            RECOVERY,
            {"exemptTables": "Users"},
            "dynamodb-pitr-enabled: the option exemptTables is 'Users', but must be a list of strings",
            id="not a list",
        ),
        pytest.param(
            RECOVERY,
            {"exemptTables": [5.0]},
            "dynamodb-pitr-enabled: the option exemptTables is [5.0], but must be a list of strings",
            id="a list of numbers",
        ),
        pytest.param(
            RECOVERY,
            {"allowUnknown": "yes"},
            "dynamodb-pitr-enabled: the option allowUnknown is 'yes', but must be true or false",
            id="not a boolean",
        ),
        *(
            pytest.param(
                RECOVERY,
                {"minimumRecoveryPeriodInDays": days},
                f"dynamodb-pitr-enabled: the option minimumRecoveryPeriodInDays is {days!r}, but must be a whole number, 1 to 35",
                id=f"{days!r} days",
            )
            for days in (0.0, 36.0, 7.5, True, "7")
        ),
        pytest.param(
            "dynamodb-table-encryption-enabled",
            {"level": "high"},
            "dynamodb-table-encryption-enabled: the option level is 'high', but must be one of kms, cmk, any",
            id="none of a choice",
        ),
        pytest.param(
            AUTOSCALING,
            {"maximumCapacity": 40001.0},
            "dynamodb-autoscaling-enabled: the option maximumCapacity is 40001.0, but must be a whole number, 1 to 40000",
            id="of a stack policy",
        ),
        *(
            pytest.param(
                AUTOSCALING,
                {"maximumTargetUtilization": percent},
                f"dynamodb-autoscaling-enabled: the option maximumTargetUtilization is {percent}, but must be a whole number, 20 to 90",
                id=f"{percent:g} percent",
            )
            for percent in (19.0, 91.0)
        ),
    ],
)
def test_a_wrong_option_is_refused(name, config, message):
    with pytest.raises(ValueError, match="option") as raised:
        judge(name, *scaled(), config=config)
    assert str(raised.value) == message


@EVERY
def test_every_policy_refuses_an_option_that_it_does_not_have(name):
    with pytest.raises(ValueError, match=f"{name} has no option 'xyz'; the nearest is "):
        judge(name, *broken(), config={"xyz": True})


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        pytest.param({"billingMode": "provisioned"}, {"dynamodb-billing-mode": 1}, id="an illegal billing mode"),
        pytest.param(
            {"globalSecondaryIndexes": UNKNOWN},
            {"dynamodb-billing-mode": 1, SCHEMA: 1, TABLE_CONTRACT: 1, AUTOSCALING: 1},
            id="indexes that are not known",
        ),
        pytest.param({"hashKey": UNKNOWN}, {SCHEMA: 1, TABLE_CONTRACT: 1}, id="a key that is not known"),
        pytest.param({"streamViewType": "ALL"}, {SCHEMA: 1, TABLE_CONTRACT: 1}, id="a view type"),
    ],
)
def test_one_mistake_is_not_reported_by_every_policy(change, reported):
    found = {name: judge(name, *scaled({"rental": change}), config=LISTED.get(name)) for name in BY_NAME}

    assert {name: len(findings) for name, findings in found.items() if findings} == reported


def reporting(*findings, allow_unknown=False):
    """Return what a policy reports whose check yields these findings."""
    made = policy("p", checks={TABLE: lambda *_: iter(findings)}, description="d")
    return violations(made, COMPLIANT, {"allowUnknown": allow_unknown})


def test_each_finding_is_reported_once_and_all_that_is_not_known_in_one_line():
    findings = ["one", Unknown("a"), "two", Unknown("b"), "one", Unknown("a")]

    assert reporting(*findings) == ["one", "two", not_known("a", "b")]
    assert reporting(*findings, allow_unknown=True) == ["one", "two"]
    assert reporting(Unknown("a")) == [not_known("a")]


@pytest.mark.parametrize(
    ("name", "patterns", "expected"),
    [
        pytest.param("Users", ["Users"], True, id="the name"),
        pytest.param("Users", ["users"], False, id="in lower case"),
        pytest.param("Users-dev", ["Users"], False, id="a part of the name"),
        pytest.param("Users-dev", ["Orders", "Users-*"], True, id="a pattern"),
        pytest.param("orders-1a2b3c4", ["orders-???????"], True, id="a name by Pulumi"),
        pytest.param("Users", [], False, id="no pattern"),
        pytest.param("Users", ["*"], True, id="every name"),
        pytest.param(None, ["*"], True, id="no name, every name"),
        pytest.param(None, ["**", "?*"], False, id="no name"),
    ],
)
def test_a_pattern_matches_the_whole_name(name, patterns, expected):
    assert matches(name, patterns) is expected


def test_a_policy_has_the_control_and_the_severity_of_its_standard():
    fsbp, tagging = "AWS Foundational Security Best Practices", "AWS Resource Tagging Standard"
    controls = {
        name: (of.name, of.reference, of.specification, made.severity.value)
        for name, made in BY_NAME.items()
        if (of := made.framework)
    }

    assert controls == {
        AUTOSCALING: (fsbp, "DynamoDB.1", "DynamoDB.1", "medium"),
        RECOVERY: (fsbp, "DynamoDB.2", "DynamoDB.2", "medium"),
        "dynamodb-table-deletion-protection-enabled": (fsbp, "DynamoDB.6", "DynamoDB.6", "medium"),
        "dynamodb-table-tagged": (tagging, "DynamoDB.5", "DynamoDB.5", "low"),
    }


def test_a_policy_is_asked_only_about_what_it_judges():
    of_stacks = {name for name, made in BY_NAME.items() if isinstance(made, StackValidationPolicy)}
    of_resources = {name for name, made in BY_NAME.items() if isinstance(made, ResourceValidationPolicy)}

    # Every policy of stacks costs another reading of every resource.
    assert BY_NAME.keys() - of_stacks == {"dynamodb-table-protected", "dynamodb-table-ttl", LEAST}
    assert BY_NAME.keys() - of_resources == {
        AUTOSCALING,
        "dynamodb-autoscaling-ignore-changes",
        "dynamodb-table-alarmed",
    }


@EVERY
def test_every_policy_says_what_it_is_and_how_to_comply(name):
    made = BY_NAME[name]
    options = made.config_schema.properties

    assert all([made.description, made.severity, made.remediation_steps, made.url.startswith("https://")])
    assert {"exemptTables", "allowUnknown"} <= options.keys()
    assert all(option["description"].endswith(".") for option in options.values())
    assert {option["type"] for option in options.values()} <= {"array", "boolean", "integer", "object", "string"}
    assert all(option["items"] == {"type": "string"} for option in options.values() if option["type"] == "array")
