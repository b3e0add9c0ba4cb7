"""verify, on an account that a rehearsal made and that something then changed."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.parsers import ResponseParserError
from moto import mock_aws
from moto.dynamodb.models.table import Table

from components.tables import RENTAL_INVOICES, TABLES
from ops import drift
from ops.__main__ import main
from ops.aws import account
from ops.drift import Difference
from ops.verify import as_markdown, verify
from tests import programs
from tests.conftest import ROOT
from tests.ops import accounts
from tests.ops.accounts import ACCOUNT, ALARMS, TRIGGER, attributes, deployed, index

pytestmark = pytest.mark.usefixtures("in_process")

PREFIX = "urn:pulumi:prod::paypulse::paypulse:dynamodb:"
RENTAL = f"{PREFIX}RentalInvoices$aws:dynamodb/table:Table::rental_invoices"
USERS = f"{PREFIX}Users$aws:dynamodb/table:Table::users"
RETAIL = f"{PREFIX}RetailInvoices$aws:dynamodb/table:Table::retail_invoices"
SCALING = f"{PREFIX}RentalInvoices$paypulse:dynamodb:TableAutoscaling$aws:appautoscaling/"
INDEX = "due_date_year-due_date_month-index"
READ = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/RentalInvoices",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}


@pytest.fixture
def live():
    """Return clients of an account in which prod is deployed."""
    with deployed() as (_, clients):
        yield clients


def found(clients):
    """Compare the tables that differ from each other: to read all twelve takes longer."""
    declared = programs.record(programs.stack("prod", ACCOUNT))
    few = accounts.part(declared, "RentalInvoices", "Users", "RetailInvoices", "VendorConfig")
    return drift.find(few, clients)


def test_an_untouched_account_has_no_difference(live):
    result = verify(programs.stack("prod", ACCOUNT), "eu-west-1", live).drift

    assert result.differences == []
    assert result.checked > 200


def update(**changes):
    return lambda aws: aws("dynamodb").update_table(**{"TableName": "Users", **changes})


def recovery(**specification):
    return lambda aws: aws("dynamodb").update_continuous_backups(
        TableName="Users", PointInTimeRecoverySpecification=specification
    )


def recreate(**changes):
    """Make the table Users anew, with other arguments than the program's."""
    kept = {
        "SSESpecification": {"Enabled": True},
        "DeletionProtectionEnabled": True,
        "Tags": [{"Key": "Environment", "Value": "production"}],
    }

    def change(aws):
        accounts.recreate(aws, "Users", **kept | changes)
        recovery(PointInTimeRecoveryEnabled=True)(aws)

    return change


def scaling(operation, **arguments):
    return lambda aws: getattr(aws("application-autoscaling"), operation)(**READ | arguments)


def policy(target=70.0, metric="DynamoDBReadCapacityUtilization", cooldown=60, name="DynamoDBReadAutoScalingPolicy"):
    return scaling(
        "put_scaling_policy",
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            "ScaleInCooldown": cooldown,
            "ScaleOutCooldown": 60,
        },
    )


def key_of(aws):
    return aws("kms").create_key()["KeyMetadata"]["Arn"]


def arn(aws, name="Users"):
    return aws("dynamodb").describe_table(TableName=name)["Table"]["TableArn"]


CONFIGURATION = "targetTrackingScalingPolicyConfiguration"
# Of these a deployment would make the table, or the index, anew.
REPLACING = {"sort key", "projection", "index key"}
# What is changed in the account, and the one difference that is found: URN, property, declared, live.
CHANGES = {
    "sort key": (
        recreate(
            KeySchema=[{"AttributeName": "UserID", "KeyType": "HASH"}, {"AttributeName": "Email", "KeyType": "RANGE"}]
        ),
        (USERS, "rangeKey", None, "Email"),
    ),
    "attribute": (
        recreate(
            AttributeDefinitions=[
                {"AttributeName": "Email", "AttributeType": "S"},
                {"AttributeName": "UserID", "AttributeType": "N"},
            ]
        ),
        (USERS, "attributes[UserID].type", "S", "N"),
    ),
    "projection": (
        recreate(GlobalSecondaryIndexes=[index("Email-index", "Email", Projection={"ProjectionType": "KEYS_ONLY"})]),
        (USERS, "globalSecondaryIndexes[Email-index].projectionType", "ALL", "KEYS_ONLY"),
    ),
    "index key": (
        recreate(
            GlobalSecondaryIndexes=[
                index("Email-index", "Email", "UserID"),
            ]
        ),
        (USERS, "globalSecondaryIndexes[Email-index].rangeKey", None, "UserID"),
    ),
    "no encryption": (
        recreate(SSESpecification={"Enabled": False}),
        (USERS, "serverSideEncryption.enabled", True, False),
    ),
    "billing mode": (
        lambda aws: aws("dynamodb").update_table(TableName="RentalInvoices", BillingMode="PAY_PER_REQUEST"),
        None,
    ),
    "stream": (
        update(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}),
        None,
    ),
    "recovery off": (recovery(PointInTimeRecoveryEnabled=False), None),
    "recovery period": (
        recovery(PointInTimeRecoveryEnabled=True, RecoveryPeriodInDays=7),
        (USERS, "pointInTimeRecovery.recoveryPeriodInDays", 35, 7),
    ),
    "deletion protection": (update(DeletionProtectionEnabled=False), (USERS, "deletionProtectionEnabled", True, False)),
    "tag changed": (
        lambda aws: aws("dynamodb").tag_resource(ResourceArn=arn(aws), Tags=[{"Key": "Environment", "Value": "test"}]),
        (USERS, "tags.Environment", "production", "test"),
    ),
    "tag added": (
        lambda aws: aws("dynamodb").tag_resource(ResourceArn=arn(aws), Tags=[{"Key": "Owner", "Value": "me"}]),
        (USERS, "tags.Owner", None, "me"),
    ),
    "tag gone": (
        lambda aws: aws("dynamodb").untag_resource(ResourceArn=arn(aws), TagKeys=["Environment"]),
        (USERS, "tags.Environment", "production", None),
    ),
    "expiry": (
        lambda aws: aws("dynamodb").update_time_to_live(
            TableName="Users", TimeToLiveSpecification={"Enabled": True, "AttributeName": "at"}
        ),
        None,
    ),
    "target suspended": (
        scaling(
            "register_scalable_target",
            MinCapacity=1,
            MaxCapacity=10,
            SuspendedState={"ScheduledScalingSuspended": True},
        ),
        (f"{SCALING}target:Target::rental_invoices-read", "suspendedState", None, {"scheduledScalingSuspended": True}),
    ),
    "local index": (
        recreate(
            KeySchema=[{"AttributeName": "UserID", "KeyType": "HASH"}, {"AttributeName": "Email", "KeyType": "RANGE"}],
            LocalSecondaryIndexes=[
                {
                    "IndexName": "lsi",
                    "KeySchema": [
                        {"AttributeName": "UserID", "KeyType": "HASH"},
                        {"AttributeName": "Email", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        ),
        None,
    ),
    "target's bounds": (
        scaling("register_scalable_target", MinCapacity=1, MaxCapacity=20),
        (f"{SCALING}target:Target::rental_invoices-read", "maxCapacity", 10, 20),
    ),
    "policy's target": (
        policy(target=80.0),
        (f"{SCALING}policy:Policy::rental_invoices-read", f"{CONFIGURATION}.targetValue", 70, 80.0),
    ),
    "policy's metric": (
        policy(metric="DynamoDBWriteCapacityUtilization"),
        (
            f"{SCALING}policy:Policy::rental_invoices-read",
            f"{CONFIGURATION}.predefinedMetricSpecification.predefinedMetricType",
            *("DynamoDBReadCapacityUtilization", "DynamoDBWriteCapacityUtilization"),
        ),
    ),
    "policy's cooldown": (
        policy(cooldown=0),
        (f"{SCALING}policy:Policy::rental_invoices-read", f"{CONFIGURATION}.scaleInCooldown", 60, 0),
    ),
}


@pytest.mark.parametrize("change", [name for name, (_, difference) in CHANGES.items() if difference])
def test_one_change_in_the_account_is_exactly_one_difference(live, change):
    make, difference = CHANGES[change]
    assert difference
    urn, property_, declared, is_live = difference
    make(live)

    assert found(live).differences == [
        Difference(urn=urn, property=property_, declared=declared, live=is_live, replaces=change in REPLACING)
    ]


def paths(result):
    return [(d.urn.split("::")[-1], d.property, d.declared, d.live) for d in result.differences]


def test_a_stream_or_recovery_is_told_by_all_its_properties(live):
    CHANGES["stream"][0](live)
    CHANGES["recovery off"][0](live)

    assert paths(found(live)) == [
        ("users", "pointInTimeRecovery.enabled", True, False),
        ("users", "pointInTimeRecovery.recoveryPeriodInDays", 35, None),
        ("users", "streamEnabled", None, True),
        ("users", "streamViewType", None, "KEYS_ONLY"),
    ]


def test_what_replaces_is_told_first_among_all_the_tables(capsys, live):
    CHANGES["local index"][0](live)
    CHANGES["expiry"][0](live)
    live("dynamodb").update_table(TableName="RentalInvoices", DeletionProtectionEnabled=False)
    live("dynamodb").update_table(TableName="VendorConfig", DeletionProtectionEnabled=False)
    live("dynamodb").delete_table(TableName="VendorConfig")

    differences = found(live).differences
    assert [(d.urn.split("::")[-1], d.property, d.replaces) for d in differences] == [
        ("users", "localSecondaryIndexes", True),
        ("users", "rangeKey", True),
        ("vendor_config", "", True),
        ("rental_invoices", "deletionProtectionEnabled", False),
        ("users", "ttl", False),
    ]
    assert [difference["replaces"] for difference in json.loads(run(capsys, "--json")[1])["differences"]] == [
        *(True, True, True, False, False),
    ]
    rows = [re.split("  +", line.strip())[1:] for line in run(capsys)[1].splitlines()[1:-1]]
    assert rows == [
        ["localSecondaryIndexes: the resource is replaced", "not declared", "there"],
        ["rangeKey: the resource is replaced", "missing", '"Email"'],
        ["(the resource): a new, empty one would be created", "there", "missing"],
        ["deletionProtectionEnabled", "true", "false"],
        ["ttl", "not declared", "there"],
    ]


def test_an_index_that_would_be_rebuilt_is_marked(capsys, live):
    CHANGES["index key"][0](live)

    rows = [re.split("  +", line.strip())[1:] for line in run(capsys)[1].splitlines()[1:-1]]
    assert rows == [["globalSecondaryIndexes[Email-index].rangeKey: the index is rebuilt", "missing", '"UserID"']]


def test_what_the_program_does_not_declare_is_named(capsys, live):
    scaling("register_scalable_target", MinCapacity=1, MaxCapacity=2, ResourceId="table/Users")(live)
    policy(name="Another")(live)

    rows = [re.split("  +", line.strip()) for line in run(capsys)[1].splitlines()[1:-1]]
    assert rows == [
        [
            "paypulse:dynamodb:Users$aws:dynamodb/table:Table::users",
            "scalable target dynamodb/table/Users/dynamodb:table:ReadCapacityUnits",
            *("not declared", "there"),
        ],
        [
            "paypulse:dynamodb:RentalInvoices$aws:dynamodb/table:Table::rental_invoices",
            "scaling policy dynamodb/table/RentalInvoices/dynamodb:table:ReadCapacityUnits/Another",
            *("not declared", "there"),
        ],
    ]


def test_a_table_that_is_going_is_not_as_declared(live, monkeypatch):
    monkeypatch.setattr("moto.dynamodb.models.table.Table.describe", with_status("DELETING"))

    assert {(property_, is_live) for _, property_, _, is_live in paths(found(live))} == {("status", "DELETING")}


def with_status(status):
    describe = Table.describe

    def described(self, *arguments, **options):
        answer = describe(self, *arguments, **options)
        for description in answer.values():
            description["TableStatus"] = status
        return answer

    return described


def test_a_billing_mode_is_told_with_the_capacities_that_went_with_it(live):
    CHANGES["billing mode"][0](live)

    assert ("rental_invoices", "billingMode", "PROVISIONED", "PAY_PER_REQUEST") in paths(found(live))


def test_another_key_encrypts(live):
    key = key_of(live)
    recreate(SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})(live)

    assert paths(found(live)) == [("users", "serverSideEncryption.kmsKeyArn", None, key)]


def test_an_index_that_is_missing_and_one_that_is_additional_are_each_one_difference(live):
    recreate(GlobalSecondaryIndexes=[index("Mail-index", "Email")])(live)

    assert [
        (urn, property_, bool(declared), bool(is_live)) for urn, property_, declared, is_live in paths(found(live))
    ] == [
        ("users", "globalSecondaryIndexes[Email-index]", True, False),
        ("users", "globalSecondaryIndexes[Mail-index]", False, True),
    ]


def test_a_table_that_is_missing_is_one_difference(live):
    update(DeletionProtectionEnabled=False)(live)
    live("dynamodb").delete_table(TableName="Users")

    assert [(urn, property_, live) for urn, property_, _, live in paths(found(live))] == [("users", "", None)]


def test_targets_and_policies_that_are_missing_or_additional_are_each_one_difference(live):
    live("application-autoscaling").delete_scaling_policy(PolicyName="DynamoDBReadAutoScalingPolicy", **READ)
    policy(name="Another")(live)
    live("application-autoscaling").register_scalable_target(
        MinCapacity=1, MaxCapacity=2, **READ | {"ResourceId": "table/Users"}
    )
    live("application-autoscaling").register_scalable_target(
        MinCapacity=1, MaxCapacity=2, **READ | {"ResourceId": "table/SomebodyElses"}
    )

    assert [
        (urn, bool(declared), (live or {}).get("name", (live or {}).get("resourceId")))
        for urn, _, declared, live in paths(found(live))
    ] == [
        ("users", False, "table/Users"),
        ("rental_invoices-read", True, None),
        ("rental_invoices", False, "Another"),
    ]


MAPPING = f"{PREFIX}RentalInvoices$aws:lambda/eventSourceMapping:EventSourceMapping::send_invoice_notification"


@pytest.fixture
def triggered():
    """Return the clients of an account in which prod is deployed with its trigger, and the mapping's UUID."""
    with deployed(TRIGGER) as (_, clients):
        (mapping,) = clients("lambda").list_event_source_mappings()["EventSourceMappings"]
        yield clients, mapping["UUID"]


def found_with_trigger(clients, function="notify"):
    declared = programs.record_family(RENTAL_INVOICES, f"send_invoice_notification_function={function}")
    return drift.find(declared, clients).differences


@pytest.mark.parametrize("function", ["notify", "arn:aws:lambda:eu-west-1:999999999999:function:notify"])
def test_a_trigger_is_as_declared_by_name_or_by_arn(triggered, function):
    assert found_with_trigger(triggered[0], function) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"Enabled": False}, ("enabled", True, False)),
        ({"BatchSize": 10}, ("batchSize", 1, 10)),
        ({"MaximumRetryAttempts": -1}, ("maximumRetryAttempts", 5, -1)),
        ({"FunctionResponseTypes": []}, ("functionResponseTypes", ["ReportBatchItemFailures"], [])),
        (
            {"FilterCriteria": {"Filters": []}},
            ("filterCriteria.filters", [{"pattern": '{"eventName":["INSERT"]}'}], []),
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failed"}}},
            ("destinationConfig", None, {"onFailure": {"destinationArn": "arn:aws:s3:::failed"}}),
        ),
    ],
)
def test_one_change_of_the_trigger_is_exactly_one_difference(triggered, change, difference):
    clients, uuid = triggered
    clients("lambda").update_event_source_mapping(UUID=uuid, **change)
    property_, declared, is_live = difference

    assert found_with_trigger(clients) == [Difference(urn=MAPPING, property=property_, declared=declared, live=is_live)]


def test_a_trigger_on_the_stream_of_a_table_that_was_made_anew_is_told(triggered):
    clients, _ = triggered
    old = clients("dynamodb").describe_table(TableName="RentalInvoices")["Table"]
    keys = attributes(*(key["AttributeName"] for key in old["KeySchema"]))
    new = accounts.recreate(clients, "RentalInvoices", AttributeDefinitions=keys, GlobalSecondaryIndexes=[])

    assert [d for d in found_with_trigger(clients) if d.urn == MAPPING] == [
        Difference(
            urn=MAPPING,
            property="eventSourceArn",
            declared=new["LatestStreamArn"],
            live=old["LatestStreamArn"],
            replaces=True,
        )
    ]


def test_a_trigger_that_is_missing_is_one_difference(live):
    assert [(d.urn, d.property, d.live) for d in found_with_trigger(live)] == [(MAPPING, "", None)]


def test_triggers_of_other_stacks_on_the_same_stream_are_theirs(triggered):
    assert found(triggered[0]).differences == []
    assert [d.urn for d in found_with_trigger(triggered[0], "other")] == [MAPPING]


ALARM = f"{PREFIX}Users$paypulse:dynamodb:TableAlarms$aws:cloudwatch/metricAlarm:MetricAlarm::users-"


@pytest.fixture
def alarmed():
    """Return clients of an account in which prod is deployed with its alarms and its trigger."""
    with deployed(ALARMS, TRIGGER) as (_, clients):
        yield clients


def found_with_alarms(clients):
    stack = programs.stack("prod", ACCOUNT, ALARMS, TRIGGER)
    return verify(stack, "eu-west-1", clients).drift.differences


@pytest.mark.parametrize(
    ("name", "change", "difference"),
    [
        ("throttled-reads", {"EvaluationPeriods": 4}, ("evaluationPeriods", 5, 4)),
        ("throttled-reads", {"Threshold": 1}, ("threshold", 0, 1)),
        ("throttled-reads", {"ActionsEnabled": False}, ("actionsEnabled", True, False)),
        ("throttled-reads", {"AlarmActions": []}, ("alarmActions", [ALARMS.partition("=")[2]], [])),
        (
            "throttled-reads",
            {"MetricName": "ThrottledRequests"},
            ("metricName", "ReadThrottleEvents", "ThrottledRequests"),
        ),
        (
            "email-throttled-reads",
            {"Dimensions": [{"Name": "TableName", "Value": "Users"}]},
            ("dimensions.GlobalSecondaryIndexName", "Email-index", None),
        ),
    ],
)
def test_one_change_of_an_alarm_is_exactly_one_difference(name, change, difference):
    with deployed(ALARMS, TRIGGER) as (plan, clients):
        change_alarm(clients, name, change)
        found = drift.find(accounts.part(plan, "Users"), clients).differences
    property_, declared, is_live = difference

    assert found == [Difference(urn=f"{ALARM}{name}", property=property_, declared=declared, live=is_live)]


def change_alarm(clients, name, change):
    """Put an alarm again, with a change: a call replaces all of it."""
    alarm = f"Users/{name.replace('email-', 'email/')}"
    (live,) = clients("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    kept = (
        *("AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "MetricName", "Namespace"),
        *("Statistic", "Dimensions", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator"),
        "TreatMissingData",
    )
    clients("cloudwatch").put_metric_alarm(**{key: live[key] for key in kept} | change)


def test_alarms_that_are_missing_are_one_difference_each(alarmed):
    names = ["paypulse-prod/user-errors", "RentalInvoices/send_invoice_notification/iterator-age"]
    alarmed("cloudwatch").delete_alarms(AlarmNames=names)

    assert {(d.urn.rpartition("::")[2], d.property, d.live) for d in found_with_alarms(alarmed)} == {
        ("user-errors", "", None),
        ("rental_invoices-send_invoice_notification-iterator-age", "", None),
    }


def test_alarms_of_others_on_the_same_tables_are_theirs(alarmed):
    """Application Auto Scaling has alarms of its own on a table that it scales."""
    (*_, scaled) = [a for a in alarmed("cloudwatch").describe_alarms()["MetricAlarms"] if "Target" in a["AlarmName"]]
    alarmed("cloudwatch").put_metric_alarm(
        AlarmName="mine",
        Namespace="AWS/DynamoDB",
        MetricName="ReadThrottleEvents",
        Dimensions=[{"Name": "TableName", "Value": "Users"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=9,
        ComparisonOperator="GreaterThanThreshold",
    )

    assert scaled["AlarmName"].startswith("TargetTracking-")
    assert found_with_alarms(alarmed) == []


def set_capacity(aws, read, index_read):
    aws("dynamodb").update_table(
        TableName="RentalInvoices",
        ProvisionedThroughput={"ReadCapacityUnits": read, "WriteCapacityUnits": 5},
        GlobalSecondaryIndexUpdates=[
            {
                "Update": {
                    "IndexName": INDEX,
                    "ProvisionedThroughput": {"ReadCapacityUnits": index_read, "WriteCapacityUnits": 1},
                }
            }
        ],
    )


def test_autoscaled_capacities_count_as_right_within_their_bounds(live):
    set_capacity(live, 10, 7)
    assert found(live).differences == []
    set_capacity(live, 11, 12)

    assert paths(found(live)) == [
        ("rental_invoices", f"globalSecondaryIndexes[{INDEX}].readCapacity", 1, 12),
        ("rental_invoices", "readCapacity", 5, 11),
    ]


def run(capsys, *arguments, account=ACCOUNT):
    code = main(["verify", "--cwd", str(ROOT), "--stack", "prod", "--config", account, *arguments])
    return code, *capsys.readouterr()


@pytest.mark.usefixtures("live")
def test_the_command_shows_no_difference_and_exits_with_0(capsys):
    code, out, err = run(capsys)

    assert (code, err) == (0, "")
    assert out.startswith("no difference: ")
    assert f" properties of {len(TABLES) + 8} resources of prod compared with eu-west-1 (" in out


def test_the_command_shows_a_difference_and_exits_with_1(capsys, live):
    update(DeletionProtectionEnabled=False)(live)

    code, out, _ = run(capsys)
    assert (code, [line.split() for line in out.splitlines()][:2]) == (
        1,
        [
            ["Resource", "Property", "Declared", "Live"],
            ["paypulse:dynamodb:Users$aws:dynamodb/table:Table::users", "deletionProtectionEnabled", "true", "false"],
        ],
    )
    assert out.splitlines()[-1].startswith("1 difference: ")

    code, out, _ = run(capsys, "--json")
    result = json.loads(out)
    assert code == 1
    assert result.pop("checked") > 200
    assert result == {
        "project": "paypulse",
        "stack": "prod",
        "region": "eu-west-1",
        "differences": [
            {
                "urn": USERS,
                "property": "deletionProtectionEnabled",
                "declared": True,
                "live": False,
                "replaces": False,
            },
        ],
        "ok": False,
    }


@mock_aws
def test_an_account_without_any_of_the_tables_is_the_wrong_one(capsys):
    assert run(capsys, "--region", "eu-north-1") == (
        *(1, ""),
        f"error: none of the {len(TABLES)} tables of prod is in eu-north-1: are --region and --profile right?\n",
    )


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (NoCredentialsError(), "no AWS credentials; log in, set AWS_PROFILE, or use --profile"),
        (
            EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-9.amazonaws.com"),
            'Could not connect to the endpoint URL: "https://dynamodb.eu-west-9.amazonaws.com"; '
            "is 'eu-west-1' the right --region, and is there a network?",
        ),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "DescribeTable"),
            "AWS refuses DescribeTable in eu-west-1: An error occurred (AccessDeniedException) when calling the "
            "DescribeTable operation: not you; docs/deploying.md lists the permissions that are needed",
        ),
        (
            ResponseParserError("not well-formed"),
            "the endpoint for eu-west-1 is not AWS: its response has another form: not well-formed",
        ),
        (KeyError("Table"), "the endpoint for eu-west-1 is not AWS: its response has another form: KeyError('Table')"),
        (
            ClientError({"Error": {"Code": "InternalServerError", "Message": "oops"}}, "DescribeTable"),
            "AWS refuses DescribeTable in eu-west-1: An error occurred (InternalServerError) when calling the "
            "DescribeTable operation: oops",
        ),
    ],
)
@mock_aws
def test_what_stops_the_reading_is_one_clear_line(capsys, monkeypatch, failure, message):
    def fail(*_):
        raise failure

    monkeypatch.setattr("ops.aws.resources.table._read", fail)

    assert run(capsys) == (1, "", f"error: {message}\n")


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("error", [KeyError, TypeError])
def test_a_failure_of_our_own_is_no_answer_of_the_account(capsys, monkeypatch, error):
    def compare(*_):
        raise error

    monkeypatch.setattr("ops.drift.compare", compare)

    with pytest.raises(error):
        run(capsys)


@pytest.mark.usefixtures("live")
def test_another_account_than_the_stacks_is_refused(capsys):
    account = 'aws:allowedAccountIds=["111111111111", "222222222222"]'

    assert run(capsys, account=account) == (
        *(1, ""),
        "error: the credentials belong to the account 123456789012, but prod is in 111111111111 or 222222222222 "
        "(aws:allowedAccountIds in Pulumi.prod.yaml): use another --profile, or correct that key\n",
    )


@pytest.mark.usefixtures("live")
def test_a_stack_that_names_no_account_is_compared_with_any(capsys):
    assert run(capsys, account="aws:allowedAccountIds=")[0] == 0


@pytest.mark.parametrize("accounts", ["123456789012", "[123456789012]", '["prod"]', "{}", "null", "["])
def test_what_is_no_list_of_accounts_is_a_wrong_call(capsys, accounts):
    assert run(capsys, account=f"aws:allowedAccountIds={accounts}") == (
        *(2, ""),
        f"error: aws:allowedAccountIds is {accounts!r}; write a list of account ids of 12 digits, in quotes: "
        '["123456789012"]\n',
    )


def test_a_profile_that_there_is_not_is_a_wrong_call(capsys, monkeypatch):
    # The tests have it, verify hasn't. With it, boto3 doesn't read the profile at once.
    monkeypatch.delenv("AWS_DATA_PATH")

    assert run(capsys, "--profile", "nobody") == (
        *(2, ""),
        "error: The config profile (nobody) could not be found; name one of your AWS profiles with --profile\n",
    )


@pytest.mark.parametrize("url", ["", "garbage", "ftp://127.0.0.1", "http://127.0.0.1:notaport"])
def test_an_endpoint_that_is_no_url_is_a_wrong_call(capsys, url):
    assert run(capsys, "--endpoint-url", url) == (
        2,
        "",
        f"error: --endpoint-url {url!r} is not a URL; use http://HOST:PORT\n",
    )


def test_clients_retry_and_have_a_connection_for_each_worker():
    # The stubs leave out the options of a Config.
    config: Any = account.connect(None, "eu-west-1", None)("dynamodb").meta.config

    assert config.retries == {"mode": "adaptive", "total_max_attempts": 6}
    assert (config.connect_timeout, config.read_timeout) == (10, 10)
    assert config.max_pool_connections == account.WORKERS


def test_an_endpoint_that_is_not_aws_is_named(live, monkeypatch):
    assert account.where("eu-west-1", live) == "eu-west-1"

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    elsewhere = account.connect(None, "eu-west-1", None)
    assert account.where("eu-west-1", elsewhere) == "eu-west-1 at http://127.0.0.1:5000"


def test_markdown_has_the_number_then_what_replaces_then_the_rest(live):
    recreate(
        KeySchema=[{"AttributeName": "UserID", "KeyType": "HASH"}, {"AttributeName": "Email", "KeyType": "RANGE"}],
        Tags=[{"Key": "Environment", "Value": "a|b`\r\n# c"}],
    )(live)
    lines = as_markdown(verify(programs.stack("prod", ACCOUNT), "eu-west-1", live))
    users = "`paypulse:dynamodb:Users$aws:dynamodb/table:Table::users`"

    assert lines[:2] == ["### prod: verified", ""]
    assert re.fullmatch(
        r"\*\*2 differences\*\*: \d+ properties of 20 resources of prod compared with eu-west-1", lines[2]
    )
    assert lines[3:] == [
        "",
        "A deployment would replace the table or rebuild the index: 1",
        "",
        "| Resource | Property | Declared | Live |",
        "|---|---|---|---|",
        f'| {users} | `rangeKey: the resource is replaced` | `missing` | `"Email"` |',
        "",
        "Other differences: 1",
        "",
        "| Resource | Property | Declared | Live |",
        "|---|---|---|---|",
        f'| {users} | `tags.Environment` | `"production"` | `"a\\|b\'\\r\\n# c"` |',
    ]


def test_markdown_without_a_difference_is_one_line(live):
    title, _, verdict = as_markdown(verify(programs.stack("prod", ACCOUNT), "eu-west-1", live))

    assert title == "### prod: verified"
    assert verdict.startswith("**no difference**: ")
