"""The document of each function allows what it asks, and nothing else."""

import copy
import functools
import json
from dataclasses import replace
from unittest import mock

import boto3
import botocore.session
import pytest
from botocore.config import Config
from moto.core import set_initial_no_auth_action_count
from moto.dynamodb.responses import DynamoHandler

from components import permissions
from components.examples import ITEMS
from components.tables import TABLES, USERS
from ops.aws import clients
from ops.rehearse import access_patterns
from tests import iam, programs
from tests.ops import accounts

ACCOUNT, REGION = "123456789012", "eu-west-1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/"
STREAM = "stream/2026-05-24T00:00:00.000"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
QUEUE, TOPIC = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed", f"arn:aws:sns:{REGION}:{ACCOUNT}:failed"
BUCKET = "arn:aws:s3:::failed"
TRIGGER = "send_invoice_notification_function=notify"
DETAILS = [
    f"{category}Invoices"
    for category in (
        *("FoodDelivery", "Clothing", "Technology", "Subscription", "Grocery"),
        *("MiscellaneousUtility", "Miscellaneous", "Travel"),
    )
]
# What each function does, and on what.
CALLS = {
    "create_manual_invoice": {"PutItem": ["RetailInvoices", *DETAILS]},
    "delete_retail_invoice": {"GetItem": ["RetailInvoices"], "DeleteItem": ["RetailInvoices", *DETAILS]},
    "delete_user": {
        "Query": ["RentalInvoices", "RetailInvoices"],
        "DeleteItem": ["RentalInvoices", "RetailInvoices", "Users", *DETAILS],
    },
    "fetch_invoices": {"Query": ["RentalInvoices"]},
    "fetch_latest_invoice": {"Query": ["RentalInvoices/index/due_date_year-due_date_month-index"]},
    "fetch_retail_invoices": {"GetItem": ["Users"], "UpdateItem": ["Users"], "Scan": ["VendorConfig"]},
    "get_invoices": {
        "Query": ["RentalInvoices", "RetailInvoices", "RetailInvoices/index/sub_type-invoice_date-index"],
        "GetItem": DETAILS,
    },
    "get_rental_invoice": {"GetItem": ["RentalInvoices"]},
    "get_user_profile": {"GetItem": ["Users"]},
    "login_user": {"Query": ["Users/index/Email-index"]},
    "parse_invoice": {"PutItem": ["RentalInvoices"]},
    "parse_retail_invoice": {"PutItem": ["RetailInvoices", *DETAILS]},
    "send_invoice_notification": {
        action: [f"RentalInvoices/{STREAM}"]
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
    "signup_user": {"Query": ["Users/index/Email-index"], "PutItem": ["Users"]},
}
# Service authorization reference for DynamoDB: actions that no operation has the name of.
OTHER_ACTIONS = ["ConditionCheckItem", "PurchaseReservedCapacityOfferings", "CreateTableReplica", "DeleteTableReplica"]
OTHER_ACTIONS += [f"PartiQL{verb}" for verb in ("Select", "Insert", "Update", "Delete")]
RESOURCES = [
    *(table.name for table in TABLES),
    *(f"{table.name}/index/{index.name}" for table in TABLES for index in table.indexes),
    *(f"{table.name}/{STREAM}" for table in TABLES if table.stream_view_type),
]
# A request for the one attribute that a function may read and write.
ONE = {
    "dynamodb:Attributes": ["UserID", "last_retail_invoice_fetch"],
    "dynamodb:Select": "SPECIFIC_ATTRIBUTES",
    "dynamodb:ReturnValues": "NONE",
}


@functools.cache
def actions():
    services = (botocore.session.Session().get_service_model(name) for name in ("dynamodb", "dynamodbstreams"))
    return [name for service in services for name in service.operation_names] + OTHER_ACTIONS


@functools.cache
def documents(*config):
    """Return the documents that prod exports, once it is deployed."""

    def create(resource):
        arn = f"{TABLE}{resource.inputs.get('name', '')}"
        return "id", {"arn": arn, "streamArn": f"{arn}/{STREAM}"}

    return programs.record(programs.stack("prod", *config), create).outputs["permissions"]


def test_each_function_may_do_exactly_what_it_asks():
    asked = [
        (consumer, action, resource) for consumer in CALLS for action in actions() for resource in (*RESOURCES, "Other")
    ]
    allowed = [
        (consumer, action, resource)
        for consumer, action, resource in asked
        if iam.allows(documents()[consumer], f"dynamodb:{action}", f"{TABLE}{resource}", ONE)
    ]

    assert sorted(documents()) == sorted(CALLS)
    assert sorted(allowed) == sorted(
        (consumer, action, resource)
        for consumer, calls in CALLS.items()
        for action, resources in calls.items()
        for resource in resources
    )


def test_every_access_pattern_is_allowed_to_its_consumers():
    for table in TABLES:
        names = {index.logical_name: f"{table.name}/index/{index.name}" for index in table.indexes}
        for pattern in table.access_patterns:
            for consumer in pattern.consumers:
                assert names.get(pattern.index, table.name) in CALLS[consumer][pattern.operation], pattern.question


@pytest.mark.parametrize(
    ("action", "context", "allowed"),
    [
        pytest.param("GetItem", {}, True, id="read the attribute"),
        pytest.param(
            "GetItem", {"dynamodb:Attributes": ["last_retail_invoice_fetch"]}, True, id="read without the key"
        ),
        pytest.param("GetItem", {"dynamodb:Attributes": ["UserID", "Password"]}, False, id="read another"),
        pytest.param("GetItem", {"dynamodb:Select": "ALL_ATTRIBUTES"}, False, id="read all"),
        pytest.param(
            "GetItem", {"dynamodb:Select": "ALL_ATTRIBUTES", "dynamodb:Attributes": None}, False, id="read all, unnamed"
        ),
        pytest.param("GetItem", {"dynamodb:Select": None}, False, id="read, without saying what"),
        pytest.param("UpdateItem", {}, True, id="write the attribute"),
        pytest.param("UpdateItem", {"dynamodb:ReturnValues": "UPDATED_NEW"}, True, id="write and return it"),
        pytest.param("UpdateItem", {"dynamodb:ReturnValues": None}, True, id="write, returning the default"),
        pytest.param("UpdateItem", {"dynamodb:ReturnValues": "ALL_NEW"}, False, id="write and return all"),
        pytest.param("UpdateItem", {"dynamodb:Attributes": ["UserID", "Email"]}, False, id="write another"),
    ],
)
def test_a_function_that_asks_for_one_attribute_gets_no_other(action, context, allowed):
    request = {key: value for key, value in (ONE | context).items() if value is not None}

    document = documents()["fetch_retail_invoices"]
    assert iam.allows(document, f"dynamodb:{action}", f"{TABLE}Users", request) is allowed


@pytest.mark.parametrize(
    ("destination", "allowed"),
    [
        pytest.param("", set(), id="none"),
        pytest.param(QUEUE, {("sqs:SendMessage", QUEUE)}, id="a queue"),
        pytest.param(TOPIC, {("sns:Publish", TOPIC)}, id="a topic"),
        pytest.param(BUCKET, {("s3:PutObject", f"{BUCKET}/a/b"), ("s3:ListBucket", BUCKET)}, id="a bucket"),
    ],
)
def test_only_the_trigger_sends_failed_records(destination, allowed):
    config = (TRIGGER, f"send_invoice_notification_failure_destination={destination}")
    services = ("sqs:SendMessage", "sqs:ReceiveMessage", "sns:Publish", "s3:PutObject", "s3:ListBucket", "s3:GetObject")
    found = {
        (consumer, action, resource)
        for consumer, document in documents(*config).items()
        for action in services
        for resource in (QUEUE, TOPIC, BUCKET, f"{BUCKET}/a/b", "arn:aws:s3:::other")
        if iam.allows(document, action, resource)
    }

    assert found == {("send_invoice_notification", *each) for each in allowed}


def test_with_a_key_of_its_own_each_function_may_decrypt_by_way_of_dynamodb():
    def allowed(action, resource, service):
        context = {"kms:ViaService": service} if service else {}
        found = documents(f"kms_key_arn={KEY}")
        return [name for name in found if iam.allows(found[name], action, resource, context)]

    dynamodb = f"dynamodb.{REGION}.amazonaws.com"
    assert allowed("kms:Decrypt", KEY, dynamodb) == sorted(CALLS)
    assert allowed("kms:Decrypt", KEY, None) == []
    assert allowed("kms:Decrypt", KEY, f"s3.{REGION}.amazonaws.com") == []
    assert allowed("kms:Decrypt", KEY.replace("1234abcd", "00000000"), dynamodb) == []
    for action in ("Encrypt", "CreateGrant", "GenerateDataKey", "DescribeKey", "ReEncryptFrom"):
        assert allowed(f"kms:{action}", KEY, dynamodb) == []
    assert not any("kms:" in json.dumps(document) for document in documents().values())


def test_a_query_without_its_index_is_not_allowed_on_the_table():
    users = replace(USERS, tables=(replace(USERS.tables[0], indexes=()),))
    settings = mock.Mock(kms_key_arn="", triggers={})
    found = permissions.documents([users], {"users": {"arn": f"{TABLE}Users", "indexes": {}}}, settings)

    assert "login_user" not in found
    assert [statement["Action"] for statement in found["signup_user"]["Statement"]] == ["dynamodb:PutItem"]


def test_no_document_is_too_large_or_repeats_a_sid():
    config = (f"kms_key_arn={KEY}", TRIGGER, f"send_invoice_notification_failure_destination={BUCKET}")
    for document in documents(*config).values():
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len({*sids}) == len(sids)
        assert all(sid.isalnum() for sid in sids)
        # IAM and STS quotas: characters of a managed policy, without white space. Those of a role's inline policies
        # are 10,240 in all.
        assert len(json.dumps(document, separators=(",", ":"))) <= 6_144


def _resource(handler):
    """Return what DynamoDB authorizes a request for: its index, or else its table."""
    body = handler.body
    index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
    return f"{TABLE}{body['TableName']}{index}"


def _without_conditions(document):
    return document | {"Statement": [{k: v for k, v in s.items() if k != "Condition"} for s in document["Statement"]]}


def test_the_drill_is_answered_to_those_who_ask_and_denied_to_all_others(monkeypatch):
    with accounts.deployed() as (_, aws):
        users = {name: _without_conditions(document) for name, document in documents().items()}
        users["drill"] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        as_user = {name: _clients(aws("iam"), name, document) for name, document in users.items()}
        # moto enforces actions and resources. It takes "*" for the resource of every call of DynamoDB unless the
        # handler has this method, and it denies a statement with a condition: the tests above evaluate those.
        monkeypatch.setattr(DynamoHandler, "_determine_resource", _resource, raising=False)
        answers = set_initial_no_auth_action_count(0)(_drill)(as_user)

    answered = {(consumer, place) for consumer, place, problem in answers if not problem}
    assert answered == {
        (consumer, (action, name))
        for consumer, calls in CALLS.items()
        if consumer != "send_invoice_notification"  # It reads a stream, for which moto knows no resource.
        for action, names in calls.items()
        for name in names
    }
    for consumer, (action, _), problem in answers:
        denial = f"user/{consumer} is not authorized to perform: dynamodb:{action}<"
        assert not problem or denial in problem
    assert len(answers) == len(CALLS) * sum(len(table.access_patterns) for table in TABLES)


def _clients(aws, name, document):
    """Return the clients of a user with only this document."""
    aws.create_user(UserName=name)
    aws.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    key = aws.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    return clients.make(session, Config(account_id_endpoint_mode="disabled", retries={"total_max_attempts": 1}))


def _drill(as_user):
    """Ask every question as every consumer. Return the consumer, the operation and its resource, and the problem."""
    admin, answers = as_user["drill"], []
    for table in TABLES:
        items = copy.deepcopy(ITEMS[table.logical_name])
        assert access_patterns.write(admin, table, table.name, items) == []
        for pattern in table.access_patterns:
            for name in sorted(CALLS):
                answer = access_patterns.ask(admin, table, table.name, pattern, items, asker=as_user[name])
                place = (pattern.operation, answer.where.replace(", ", "/index/"))
                answers.append((name, place, answer.problem))
    return answers
