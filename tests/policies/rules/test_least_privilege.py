import json

import pytest

from tests.components import test_permissions
from tests.policies.judge import UNKNOWN, not_known, violations

NAME = "dynamodb-least-privilege"
POLICY = "aws:iam/policy:Policy"
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:"
USERS = f"{ARN}table/Users"
# Service authorization reference for DynamoDB.
WITHOUT_A_RESOURCE = [
    *("DescribeEndpoints", "DescribeLimits", "DescribeReservedCapacity", "DescribeReservedCapacityOfferings"),
    *("GetAbacStatus", "ListBackups", "ListContributorInsights", "ListExports", "ListGlobalTables", "ListImports"),
    *("ListStreams", "ListTables", "PurchaseReservedCapacityOfferings", "UpdateAbacStatus"),
]
GET = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": USERS}


def judged(*statements, config=None, type=POLICY):  # noqa: A002 - the name of the resource's field
    """Return what is reported of a document with these statements."""
    return violations(NAME, {"policy": json.dumps({"Statement": [*statements]})}, config, type=type)


def every_action(resource):
    return [f"policy.Statement[0] allows every DynamoDB action on {resource}; list the actions that are used"]


def every(what, resource, actions="dynamodb:GetItem"):
    return [f"policy.Statement[0] allows {actions} on every {what} ({resource}); list the ARNs that are used"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="an action on a table"),
        pytest.param({"Action": ["dynamodb:GetItem", "dynamodb:Query"]}, id="two actions"),
        pytest.param({"Action": "dynamodb:Batch*"}, id="some actions"),
        pytest.param({"Resource": f"{USERS}/index/Email-index"}, id="an index"),
        pytest.param({"Resource": f"{USERS}/index/E*"}, id="indexes of a prefix"),
        pytest.param({"Resource": f"{ARN}table/*-dev"}, id="tables of a suffix"),
        pytest.param({"Resource": f"{ARN}table/${{aws:PrincipalTag/table}}"}, id="a table that a tag names"),
        pytest.param({"Resource": f"{ARN}table/${{*}}"}, id="an asterisk"),
        pytest.param({"Resource": f"{USERS}/stream/*"}, id="the streams of a table"),
        pytest.param({"Action": "dynamodb:ListTables", "Resource": "*"}, id="an action without a resource"),
        pytest.param({"Action": "DynamoDB:ListTables", "Resource": "*"}, id="in other case"),
        pytest.param(
            {"Action": [f"dynamodb:{name}" for name in WITHOUT_A_RESOURCE], "Resource": "*"},
            id="all without a resource",
        ),
        pytest.param({"Action": "s3:*", "Resource": "*"}, id="of another service"),
        *(
            pytest.param({"Action": "*", "Resource": resource}, id=resource)
            for resource in ("arn:aws:s3:::bucket/*", "arn:aws:s3*", "arn:aws:lambda:*")
        ),
        pytest.param({"Effect": "Deny", "Action": "*", "Resource": "*"}, id="denied"),
        pytest.param({"Action": None, "NotAction": ["dynamodb:*"], "Resource": "*"}, id="all but DynamoDB"),
        pytest.param({"Action": "*", "Resource": None, "NotResource": "arn:aws:dynamodb:*"}, id="on all but DynamoDB"),
        pytest.param(
            {"Action": "*", "Resource": None, "NotResource": "arn:aws-cn:dynamodb:*:*:table/*"}, id="on all but tables"
        ),
    ],
)
def test_what_is_used_may_be_allowed(change):
    statement = {key: value for key, value in (GET | change).items() if value is not None}

    assert judged(statement) == []


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        pytest.param({"Action": "dynamodb:*"}, every_action(USERS), id="every action"),
        pytest.param({"Action": "DYNAMODB:*"}, every_action(USERS), id="in other case"),
        pytest.param({"Action": ["s3:GetObject", "*"]}, every_action(USERS), id="every action of all services"),
        pytest.param({"Action": "dynamo*:?*"}, every_action(USERS), id="other wildcards"),
        pytest.param({"Action": "dynamodb:?????*"}, every_action(USERS), id="every action but Scan"),
        pytest.param(
            {"Action": None, "NotAction": ["dynamodb:?", "dynamodb:Scan"]}, every_action(USERS), id="no action"
        ),
        pytest.param({"Action": None, "NotAction": "s3:*"}, every_action(USERS), id="all but another service"),
        pytest.param(
            {"Action": None, "NotAction": ["dynamodb:Delete*"]}, every_action(USERS), id="all but some actions"
        ),
        pytest.param({"Resource": "*"}, every("table", "*"), id="on everything"),
        pytest.param({"Resource": "arn:aws:dynamodb:*"}, every("table", "arn:aws:dynamodb:*"), id="on the service"),
        *(
            pytest.param({"Resource": resource}, every("table", resource), id=resource)
            for resource in (
                *(f"{ARN}*", f"{ARN}table/*", f"{ARN}t*", f"{ARN}table/*/index/due", f"{ARN}table/*/stream/*"),
                *(f"{ARN}*/index/*", "arn:aws:*:*:*:table/*", f"{ARN}table/????*", "arn:aws:dynamodb:*/index/*"),
                "arn:aws:dynamodb:${aws:RequestedRegion}:123456789012:table/*",
            )
        ),
        *(
            pytest.param({"Resource": resource}, every("index of a table", resource), id=resource)
            for resource in (
                *(f"{USERS}/index/*", f"{USERS}/*", f"{ARN}table/Users-?/i*", f"{USERS}*", f"{USERS}/index/??*"),
                *("arn:aws:*:table/Users/index/*", f"{ARN}table/${{aws:username}}/index/*"),
            )
        ),
        pytest.param(
            {"Resource": [USERS, f"{USERS}/index/*"]}, every("index of a table", f"{USERS}/index/*"), id="one of two"
        ),
        pytest.param(
            {"Action": ["dynamodb:ListTables", "dynamodb:Batch*", "s3:*"], "Resource": "*"},
            every("table", "*", "dynamodb:Batch*"),
            id="some of the actions",
        ),
        pytest.param(
            {"Resource": None, "NotResource": "arn:aws:s3:::bucket"}, every("table", "*"), id="on all but a bucket"
        ),
        *(
            pytest.param({"Resource": None, "NotResource": resource}, every("table", "*"), id=f"on all but {resource}")
            for resource in (
                *(f"{ARN}*", "arn:aws:dynamodb:eu-west-1:*", "arn:aws:dynamodb:*:123456789012:*"),
                "arn:aws:dynamodb:*:*:table/???",
            )
        ),
        pytest.param({"Action": "*", "Resource": "*"}, [*every_action("*"), *every("table", "*", "*")], id="admin"),
    ],
)
def test_what_allows_too_much_fails(change, reported):
    statement = {key: value for key, value in (GET | change).items() if value is not None}

    assert judged(statement) == reported


def test_each_statement_is_judged_and_one_needs_no_list():
    wrong = GET | {"Action": "dynamodb:*"}

    assert judged(GET, wrong) == [each.replace("[0]", "[1]") for each in every_action(USERS)]
    assert violations(NAME, {"policy": json.dumps({"Statement": wrong})}, type=POLICY) == [
        each.replace("[0]", "") for each in every_action(USERS)
    ]


@pytest.mark.parametrize("kind", ["rolePolicy:RolePolicy", "userPolicy:UserPolicy", "groupPolicy:GroupPolicy"])
def test_inline_policies_are_judged(kind):
    assert judged(GET | {"Action": "dynamodb:*"}, type=f"aws:iam/{kind}") == every_action(USERS)


def test_the_inline_policies_of_a_role_are_judged():
    documents = [{"Statement": GET}, {"Statement": GET | {"Resource": "*"}}]
    role = {"inlinePolicies": [{"name": "a", "policy": json.dumps(document)} for document in documents]}

    assert violations(NAME, role, type="aws:iam/role:Role") == [
        each.replace("policy.Statement[0]", "inlinePolicies[1].policy.Statement") for each in every("table", "*")
    ]
    assert violations(NAME, {"inlinePolicies": UNKNOWN}, type="aws:iam/role:Role") == [not_known("inlinePolicies")]


def test_a_document_may_be_an_object():
    wrong = {"Statement": [GET | {"Resource": [USERS, f"{ARN}table/*"]}]}

    assert violations(NAME, {"policy": wrong}, type=POLICY) == every("table", f"{ARN}table/*")


@pytest.mark.parametrize(
    ("document", "reported"),
    [
        pytest.param(UNKNOWN, not_known("policy"), id="all of it"),
        pytest.param({"Statement": UNKNOWN}, not_known("policy.Statement"), id="the statements"),
        pytest.param({"Statement": [UNKNOWN]}, not_known("policy.Statement[0]"), id="a statement"),
        pytest.param(
            {"Statement": [GET | {"Action": UNKNOWN}]}, not_known("policy.Statement[0].Action"), id="an action"
        ),
        pytest.param(
            {"Statement": [GET | {"Resource": [USERS, UNKNOWN]}]},
            not_known("policy.Statement[0].Resource[1]"),
            id="a resource",
        ),
        pytest.param("{", "policy is not JSON, so the rule can't be checked", id="not JSON"),
        pytest.param(
            '{"Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Action": "s3:Get*", "Resource": "*"}]}',
            "policy is not JSON, so the rule can't be checked",
            id="a key twice",
        ),
        pytest.param(
            json.dumps({"statement": [GET]}),
            "policy.Statement is of the wrong type, so the rule can't be checked",
            id="keys in other case",
        ),
        pytest.param(
            {"Statement": {"Effect": "Allow", "Action": "dynamodb:*", "resource": "*"}},
            "policy.Statement.Resource is of the wrong type, so the rule can't be checked",
            id="without a resource",
        ),
        pytest.param(
            {"Statement": {"Effect": "Allow", "action": "dynamodb:*", "Resource": "*"}},
            "policy.Statement.Action is of the wrong type, so the rule can't be checked",
            id="without an action",
        ),
        pytest.param("[" * 100_000, "policy is not JSON, so the rule can't be checked", id="too deep"),
        pytest.param("5", "policy is of the wrong type, so the rule can't be checked", id="a number"),
        pytest.param(
            {"Statement": "x"}, "policy.Statement is of the wrong type, so the rule can't be checked", id="no statement"
        ),
        pytest.param(
            {"Statement": [GET | {"Resource": [5.0]}]},
            "policy.Statement[0].Resource[0] is of the wrong type, so the rule can't be checked",
            id="a number as a resource",
        ),
    ],
)
def test_what_cannot_be_read_fails(document, reported):
    assert violations(NAME, {"policy": document}, type=POLICY) == [reported]


def test_a_long_pattern_is_read():
    resource = f"{ARN}table/{'*?' * 20_000}"

    assert judged(GET | {"Resource": resource}) == every("index of a table", resource)


def test_an_unknown_resource_of_another_service_passes():
    assert violations(NAME, {"policy": {"Statement": {"Action": "s3:*", "Resource": UNKNOWN}}}, type=POLICY) == []
    assert violations(NAME, {"policy": UNKNOWN}, {"allowUnknown": True}, type=POLICY) == []


def test_a_table_may_be_exempt():
    legacy = {"exemptTables": ["Users"]}

    assert judged(GET | {"Action": "dynamodb:*", "Resource": [USERS, f"{USERS}/index/*"]}, config=legacy) == []
    assert judged(GET | {"Resource": "*"}, config=legacy) == every("table", "*")
    assert judged(GET | {"Resource": "*"}, config={"exemptTables": ["*"]}) == []


def test_the_documents_of_this_program_pass():
    for document in test_permissions.documents().values():
        assert violations(NAME, {"policy": json.dumps(document)}, type=POLICY) == []
