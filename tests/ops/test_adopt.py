import json

import pytest
from moto import mock_aws

from components.tables import TABLES
from ops.__main__ import main
from tests.conftest import ROOT
from tests.ops.accounts import TRIGGER, deployed

# The tables, 4 targets, 4 policies and 5 components.
ALL = len(TABLES) + 13
FAMILY = "paypulse:dynamodb:RentalInvoices"
SCALING = f"{FAMILY}$paypulse:dynamodb:TableAutoscaling"


@pytest.fixture
def clients():
    """Return clients of an account in which prod is deployed."""
    with deployed() as (_, clients):
        yield clients


def run(capsys, tmp_path, *arguments):
    file = tmp_path / "imports.json"
    code = main(["adopt", "--cwd", str(ROOT), "--stack", "prod", "--output", str(file), *arguments])
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

    assert out.splitlines()[2] == "in its way: its scalable target has the policy ByHand; delete that first"


@mock_aws
def test_an_account_without_any_of_the_tables_is_the_wrong_one(capsys, tmp_path):
    assert run(capsys, tmp_path)[:3] == (
        *(1, ""),
        f"error: none of the {len(TABLES)} tables of prod is in eu-west-1: is it the right --region, and --profile?\n",
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


def test_offline_a_trigger_is_left_out_and_said(capsys, tmp_path):
    code, out, _, specs = run(capsys, tmp_path, "--offline", "--config", TRIGGER)

    assert (code, len(specs)) == (0, ALL)
    assert (
        "left out, as only the account knows its import id: "
        "aws:lambda:EventSourceMapping send_invoice_notification; adopt without --offline"
    ) in out.splitlines()


def test_a_trigger_that_the_account_does_not_have_is_created_by_the_next_up(capsys, tmp_path):
    with deployed():
        out = run(capsys, tmp_path, "--config", TRIGGER)[1]

    assert (
        "not in the account, so the next up creates it: aws:lambda:EventSourceMapping send_invoice_notification"
    ) in out.splitlines()
