import io
import json
from typing import Any

import pytest
from moto import mock_aws

from components.tables import TABLES
from ops import adopt
from ops.__main__ import main
from ops.aws import emulator
from ops.engine.plan import Registration
from tests.conftest import ROOT
from tests.ops.accounts import ACCOUNT, ALARMS, TRIGGER, attributes, deployed, index

pytestmark = pytest.mark.usefixtures("in_process")

# The tables, the targets and policies of those with a capacity and of their indexes, and 5 components.
ALL = len(TABLES) + sum(4 + 4 * len(table.indexes) for table in TABLES if table.capacity) + 5
FAMILY = "paypulse:dynamodb:RentalInvoices"
SCALING = f"{FAMILY}$paypulse:dynamodb:TableAutoscaling"


@pytest.fixture
def clients():
    """Return clients of an account in which prod is deployed."""
    with deployed() as (_, clients):
        yield clients


@pytest.fixture(autouse=True)
def path(monkeypatch, tmp_path):
    """Return a folder that is all of PATH: there is no Pulumi CLI unless a test puts one there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def cli(path, out="", err="", code=0):
    """Put a Pulumi CLI on PATH that answers so, and writes down how it was called."""
    (path / "pulumi").write_text(
        f"#!/bin/sh\necho \"$*\" > {path}/called\necho '{out}'\necho '{err}' >&2\nexit {code}\n"
    )
    (path / "pulumi").chmod(0o755)


def run(capsys, tmp_path, *arguments):
    file = tmp_path / "imports.json"
    command = ["adopt", "--cwd", str(ROOT), "--stack", "prod", "--config", ACCOUNT, "--output", str(file)]
    code = main([*command, *arguments])
    out, err = capsys.readouterr()
    return code, out, err, json.loads(file.read_text())["resources"] if file.exists() else None


def test_offline_every_component_and_every_resource_is_imported_by_its_id(capsys, tmp_path):
    code, out, _, specs = run(capsys, tmp_path, "--offline")
    by_name = {spec["name"]: spec for spec in specs}

    assert (code, len(specs), len(by_name)) == (0, ALL, ALL)
    assert sorted(spec["type"] for spec in specs if spec.get("component")) == [
        *(FAMILY, "paypulse:dynamodb:RetailInvoices", "paypulse:dynamodb:TableAutoscaling"),
        *("paypulse:dynamodb:Users", "paypulse:dynamodb:VendorConfig"),
    ]
    assert by_name[f"{FAMILY}::rental_invoices"] == {
        "type": FAMILY,
        "name": f"{FAMILY}::rental_invoices",
        "logicalName": "rental_invoices",
        "component": True,
    }
    version = by_name[f"{FAMILY}$aws:dynamodb/table:Table::rental_invoices"].pop("version")
    assert version.startswith("7.")
    assert by_name[f"{FAMILY}$aws:dynamodb/table:Table::rental_invoices"] == {
        "type": "aws:dynamodb/table:Table",
        "name": f"{FAMILY}$aws:dynamodb/table:Table::rental_invoices",
        "logicalName": "rental_invoices",
        "parent": f"{FAMILY}::rental_invoices",
        "id": "RentalInvoices",
    }
    index = "dynamodb/table/RentalInvoices/index/due_date_year-due_date_month-index/dynamodb:index:ReadCapacityUnits"
    assert by_name[f"{SCALING}$aws:appautoscaling/target:Target::rental_invoices-due_date-read"]["id"] == index
    assert by_name[f"{SCALING}$aws:appautoscaling/policy:Policy::rental_invoices-due_date-read"] == {
        "type": "aws:appautoscaling/policy:Policy",
        "name": f"{SCALING}$aws:appautoscaling/policy:Policy::rental_invoices-due_date-read",
        "logicalName": "rental_invoices-due_date-read",
        "parent": f"{SCALING}::rental_invoices",
        "id": f"{index}/DynamoDBReadAutoScalingPolicy",
        "version": version,
    }
    assert [line.strip() for line in out.splitlines()] == [
        f"{tmp_path}/imports.json: {len(TABLES)} aws:dynamodb:Table, 4 aws:appautoscaling:Target, 4 aws:appautoscaling:Policy",
        "",
        "Next:",
        "pulumi stack select --create prod",
        f"pulumi import --stack prod --file {tmp_path}/imports.json --generate-code=false",
        "make preview STACK=prod",
        "The preview may create and update; if it replaces or deletes anything, stop: docs/adopting.md",
    ]


def test_what_the_account_does_not_have_is_left_out_and_said(capsys, tmp_path, clients):
    clients("dynamodb").update_table(TableName="Users", DeletionProtectionEnabled=False)
    clients("dynamodb").delete_table(TableName="Users")
    clients("application-autoscaling").delete_scaling_policy(
        PolicyName="DynamoDBReadAutoScalingPolicy",
        ServiceNamespace="dynamodb",
        ResourceId="table/RentalInvoices",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
    )

    code, out, _, specs = run(capsys, tmp_path)

    assert (code, len(specs)) == (0, ALL - 2)
    assert out.splitlines()[1:3] == [
        "not in the account, so the next up creates it: aws:dynamodb:Table users",
        "not in the account, so the next up creates it: aws:appautoscaling:Policy rental_invoices-read",
    ]


def test_a_policy_of_another_name_on_the_same_target_is_in_the_way(capsys, tmp_path, clients):
    dimension = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/RentalInvoices",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    scaling = clients("application-autoscaling")
    scaling.delete_scaling_policy(PolicyName="DynamoDBReadAutoScalingPolicy", **dimension)
    scaling.put_scaling_policy(
        PolicyName="ByHand",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
        },
        **dimension,
    )

    out = run(capsys, tmp_path)[1]

    assert out.splitlines()[2] == "blocked: its scalable target has the scaling policy ByHand; delete that first"


@mock_aws
def test_an_account_without_any_of_the_tables_is_the_wrong_one(capsys, tmp_path):
    assert run(capsys, tmp_path)[:3] == (
        *(1, ""),
        f"error: none of the {len(TABLES)} tables of prod is in eu-west-1: are --region and --profile right?\n",
    )


def test_a_file_that_cannot_be_written_is_a_wrong_call(capsys, tmp_path):
    code, out, err, _ = run(capsys, tmp_path, "--offline", "--output", str(tmp_path / "no" / "file"))

    assert (code, out) == (2, "")
    assert err == f"error: --output {tmp_path}/no/file can't be written: No such file or directory\n"


MAPPING = f"{FAMILY}$aws:lambda/eventSourceMapping:EventSourceMapping::send_invoice_notification"


def test_a_trigger_is_imported_by_the_id_that_only_the_account_knows(capsys, tmp_path):
    with deployed(TRIGGER) as (_, clients):
        (mapping,) = clients("lambda").list_event_source_mappings()["EventSourceMappings"]
        code, _, _, specs = run(capsys, tmp_path, "--config", TRIGGER)

    assert code == 0
    assert (
        next(spec for spec in specs if spec["name"] == MAPPING).items()
        >= {
            "id": mapping["UUID"],
            "parent": f"{FAMILY}::rental_invoices",
        }.items()
    )


def test_alarms_are_imported_by_their_names(capsys, tmp_path):
    config = ("--config", ALARMS, "--config", TRIGGER)
    with deployed(ALARMS, TRIGGER):
        code, _, _, specs = run(capsys, tmp_path, *config)
        offline = run(capsys, tmp_path, "--offline", *config)[3]
    ids = {spec["logicalName"]: spec["id"] for spec in specs if spec["type"].startswith("aws:cloudwatch/")}

    assert (code, len(ids)) == (0, 50)
    assert ids["rental_invoices-due_date-throttled-reads"] == "RentalInvoices/due_date/throttled-reads"
    assert ids["rental_invoices-send_invoice_notification-iterator-age"] == (
        "RentalInvoices/send_invoice_notification/iterator-age"
    )
    assert ids["user-errors"] == "paypulse-prod/user-errors"
    assert ids == {spec["logicalName"]: spec["id"] for spec in offline if spec["type"].startswith("aws:cloudwatch/")}


def test_offline_a_trigger_is_left_out_and_said(capsys, tmp_path):
    code, out, _, specs = run(capsys, tmp_path, "--offline", "--config", TRIGGER)

    assert (code, len(specs)) == (0, ALL)
    assert (
        "left out, only the account has its import id: "
        "aws:lambda:EventSourceMapping send_invoice_notification; adopt without --offline"
    ) in out.splitlines()


def test_offline_what_the_program_gives_no_name_is_left_out(capsys, program, tmp_path):
    scaled = (
        "service_namespace='dynamodb', resource_id='table/x', scalable_dimension='dynamodb:table:ReadCapacityUnits'"
    )
    stack = program(f"aws.dynamodb.Table('t', hash_key='id')\naws.appautoscaling.Policy('p', {scaled})")
    file = tmp_path / "imports.json"

    assert main(["adopt", "--cwd", str(stack.directory), "--offline", "--output", str(file)]) == 0
    assert json.loads(file.read_text()) == {"resources": []}
    assert [line.partition(":")[2] for line in capsys.readouterr().out.splitlines()[1:3]] == [
        " aws:dynamodb:Table t; adopt without --offline",
        " aws:appautoscaling:Policy p; adopt without --offline",
    ]


def test_a_trigger_that_the_account_does_not_have_is_created_by_the_next_up(capsys, tmp_path):
    with deployed():
        out = run(capsys, tmp_path, "--config", TRIGGER)[1]

    assert (
        "not in the account, so the next up creates it: aws:lambda:EventSourceMapping send_invoice_notification"
    ) in out.splitlines()


URN = "urn:pulumi:prod::paypulse::"
STATE = json.dumps(
    {
        "deployment": {
            "resources": [
                {"urn": f"{URN}{FAMILY}::rental_invoices"},
                {"urn": f"{URN}{FAMILY}$aws:dynamodb/table:Table::rental_invoices"},
                {"urn": f"{URN}{SCALING}$aws:appautoscaling/target:Target::rental_invoices-read"},
                {"urn": f"{URN}{SCALING}$aws:appautoscaling/target:Target::rental_invoices-write", "delete": True},
            ]
        }
    }
)
LEFT_OUT = "left out, already in Pulumi's state: 1 aws:dynamodb:Table, 1 aws:appautoscaling:Target"


def names(specs):
    return {spec["name"] for spec in specs}


@pytest.mark.usefixtures("clients")
def test_what_the_state_has_is_left_out_but_for_components(capsys, tmp_path, path):
    everything = names(run(capsys, tmp_path)[3])
    cli(path, STATE)

    code, out, _, specs = run(capsys, tmp_path)

    assert (code, LEFT_OUT in out.splitlines()) == (0, True)
    assert everything - names(specs) == {
        f"{FAMILY}$aws:dynamodb/table:Table::rental_invoices",
        f"{SCALING}$aws:appautoscaling/target:Target::rental_invoices-read",
    }
    assert (path / "called").read_text() == "stack export --non-interactive --stack prod\n"


@pytest.mark.usefixtures("clients")
def test_a_stack_that_the_cli_does_not_have_has_nothing_yet(capsys, tmp_path, path):
    cli(path, err="error: no stack named 'prod' found", code=6)
    code, _, err, specs = run(capsys, tmp_path)
    assert (code, err, len(specs)) == (0, "", ALL)

    cli(path, json.dumps({"version": 3, "deployment": {}}))
    assert len(run(capsys, tmp_path)[3]) == ALL


@pytest.mark.usefixtures("clients")
def test_a_cli_that_fails_is_not_taken_for_one_without_the_stack(capsys, tmp_path, path):
    cli(path, err="error: PULUMI_ACCESS_TOKEN must be set", code=3)

    assert run(capsys, tmp_path)[:3] == (
        *(2, ""),
        "error: pulumi stack export fails: PULUMI_ACCESS_TOKEN must be set; "
        "log in, or pass its output with --state FILE\n",
    )


@pytest.mark.parametrize("offline", [[], ["--offline"]])
@pytest.mark.parametrize("name", ["state.json", "-"])
@pytest.mark.usefixtures("clients")
def test_the_state_can_be_given(capsys, monkeypatch, tmp_path, name, offline):
    (tmp_path / "state.json").write_text(STATE)
    monkeypatch.setattr("sys.stdin", io.StringIO(STATE))
    file = name if name == "-" else str(tmp_path / name)

    code, out, _, specs = run(capsys, tmp_path, "--state", file, *offline)

    assert (code, LEFT_OUT in out.splitlines(), len(specs)) == (0, True, ALL - 2)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"deployment": 1}', '{"deployment": {"resources": [{}]}}'])
def test_what_is_no_state_is_a_wrong_call(capsys, tmp_path, content):
    file = tmp_path / "state.json"
    file.write_text(content)

    assert run(capsys, tmp_path, "--offline", "--state", str(file))[:3] == (
        *(2, ""),
        f"error: {file} is not the state of a stack; pulumi stack export writes one\n",
    )


def test_tags_that_the_first_up_removes_and_an_expiry_that_it_leaves_are_told(capsys, tmp_path, clients):
    dynamodb = clients("dynamodb")
    arn = dynamodb.describe_table(TableName="Users")["Table"]["TableArn"]
    tags = {"Team": "us", "CostCenter": "1", "aws:cloudformation:stack-name": "x"}
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    dynamodb.update_time_to_live(
        TableName="Users", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )

    code, out, _, specs = run(capsys, tmp_path)

    assert (code, len(specs)) == (0, ALL)
    assert out.splitlines()[1:3] == [
        "warning: the first up removes tags of Users that the program doesn't declare: CostCenter, Team",
        "warning: Users deletes items by the time in expires: up doesn't change that, and verify reports it",
    ]


@pytest.mark.usefixtures("clients")
def test_another_account_than_the_stacks_is_refused(capsys, tmp_path):
    code, out, err, specs = run(capsys, tmp_path, "--config", 'aws:allowedAccountIds=["111111111111"]')

    assert (code, out, specs) == (1, "", None)
    assert err.startswith("error: the credentials belong to the account 123456789012, but prod is in 111111111111 (")


INDEXES = """
    aws.dynamodb.Table(
        "t",
        name="things",
        billing_mode="PROVISIONED",
        read_capacity=1,
        write_capacity=1,
        hash_key="id",
        attributes=[{"name": "id", "type": "S"}],
        global_secondary_indexes=[
            {"name": name, "hash_key": "id", "projection_type": "ALL", "read_capacity": 1, "write_capacity": 1}
            for name in NAMES
        ],
        opts=pulumi.ResourceOptions(ignore_changes=["globalSecondaryIndexes[*].readCapacity"]),
    )
"""
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
PROVISIONED: dict[str, Any] = {"ProvisionedThroughput": UNITS}
ON_DEMAND: dict[str, Any] = {"BillingMode": "PAY_PER_REQUEST"}


@pytest.mark.parametrize(
    ("ours", "billing", "stops"),
    [
        (["one", "two"], PROVISIONED, False),
        (["one", "two", "new"], PROVISIONED, False),
        (["one"], PROVISIONED, False),
        (["two", "one"], PROVISIONED, True),
        (["new", "one", "two"], PROVISIONED, True),
        (["two"], PROVISIONED, True),
        (["two", "one"], {}, False),
    ],
)
def test_provisioned_indexes_in_another_order_than_the_programs_stop(capsys, program, tmp_path, ours, billing, stops):
    stack = program(INDEXES.replace("NAMES", str(ours)))
    indexes: Any = [index(name, "id", **billing) for name in ("one", "two")]
    with emulator.embedded("eu-west-1") as clients:
        clients("dynamodb").create_table(
            TableName="things",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=attributes("id"),
            GlobalSecondaryIndexes=indexes,
            **billing or ON_DEMAND,
        )
        file = tmp_path / "imports.json"
        code = main(["adopt", "--cwd", str(stack.directory), "--output", str(file)])

    assert (code, file.exists()) == ((1, False) if stops else (0, True))
    assert capsys.readouterr().err == (
        "error: things has the provisioned indexes one, two in AWS, but "
        f"{', '.join(ours)} in the program: the first up would give them each other's capacities; "
        "declare them in AWS's order, and new ones at the end\n"
        if stops
        else ""
    )


@pytest.mark.parametrize(
    ("declared", "tags", "warnings"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param(
            {},
            {"b": "1", "a": "2", "aws:x": "3"},
            ["the first up removes tags of Users that the program doesn't declare: a, b"],
            id="tags",
        ),
        pytest.param({"tags": {"a": "other"}}, {"a": "2"}, [], id="declared tags"),
        pytest.param({"ttl": {"enabled": True}}, {}, [], id="a declared expiry"),
    ],
)
def test_the_first_up_is_warned_of_only_where_the_program_declares_less(declared, tags, warnings):
    resource = Registration(
        urn="urn", type="t", name="n", parent="", custom=True, inputs=declared, protect=False, ignore_changes=[]
    )
    live = {"name": "Users", "tags": tags, "ttl": {"enabled": "ttl" in declared, "attributeName": "expires"}}

    assert list(adopt._warnings(resource, live)) == warnings  # noqa: SLF001 - the command would take seconds for each
