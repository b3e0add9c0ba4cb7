import dataclasses

import pytest
import yaml

from components import settings
from components.tables import TABLES
from ops import plan, project
from ops.errors import PlanError
from tests.conftest import ROOT

HEADLINE = "the configuration is wrong, nothing was registered:\n  "
NAME_RULE = "a table name has 3 to 255 characters of a-zA-Z0-9_.-"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

REFUSED = {
    "an unknown key": (
        "protect_table=true",
        "paypulse:protect_table = 'true': no such key; the nearest is paypulse:protect_tables",
    ),
    "a boolean that isn't one": ("protect_tables=yes", "paypulse:protect_tables = 'yes': must be true or false"),
    "no boolean at all": ("protect_tables=", "paypulse:protect_tables = '': must be true or false"),
    "a number that isn't one": (
        "autoscaling_max_capacity=ten",
        "paypulse:autoscaling_max_capacity = 'ten': must be a whole number, 1 to 40000",
    ),
    "a number of other digits": (
        "autoscaling_max_capacity=٤٠",
        "paypulse:autoscaling_max_capacity = '٤٠': must be a whole number, 1 to 40000",
    ),
    "a name too short": ("users_table=ab", f"paypulse:users_table = 'ab': must be empty, or a table name; {NAME_RULE}"),
    "a name too long": (
        f"users_table={'x' * 256}",
        f"paypulse:users_table = '{'x' * 256}': must be empty, or a table name; {NAME_RULE}",
    ),
    "a name with another character": (
        "users_table=Users table",
        f"paypulse:users_table = 'Users table': must be empty, or a table name; {NAME_RULE}",
    ),
    "a suffix with another character": (
        "table_name_suffix=/dev",
        f"paypulse:table_name_suffix = '/dev': {NAME_RULE}",
    ),
    "a suffix too long for one name": (
        f"table_name_suffix={'x' * 228}",
        f"paypulse:table_name_suffix = '{'x' * 228}': {NAME_RULE}; this makes MiscellaneousUtilityInvoices{'x' * 228}",
    ),
    "two tables with one name": (
        "users_table=VendorConfig",
        "paypulse:vendor_config_table = '': the table would be named 'VendorConfig', as that of users_table is",
    ),
    "min over max": (
        "autoscaling_min_capacity=11",
        "paypulse:autoscaling_min_capacity = '11': must be at most autoscaling_max_capacity, which is 10",
    ),
    "a minimum of none": (
        "autoscaling_min_capacity=0",
        "paypulse:autoscaling_min_capacity = '0': must be a whole number, 1 to 40000",
    ),
    "a maximum over the quota": (
        "autoscaling_max_capacity=40001",
        "paypulse:autoscaling_max_capacity = '40001': must be a whole number, 1 to 40000",
    ),
    "an initial capacity over the maximum": (
        "autoscaling_max_capacity=4",
        "paypulse:autoscaling_max_capacity = '4': RentalInvoices is created with 5 read units, which must be in 1..4",
        "paypulse:autoscaling_max_capacity = '4': RentalInvoices is created with 5 write units, which must be in 1..4",
    ),
    "an index's initial capacity under the minimum": (
        "autoscaling_min_capacity=2",
        *(
            "paypulse:autoscaling_min_capacity = '2': RentalInvoices, index due_date_year-due_date_month-index, "
            f"is created with 1 {access} units, which must be in 2..10"
            for access in ("read", "write")
        ),
    ),
    "a target too low": (
        "autoscaling_target_utilization=19",
        "paypulse:autoscaling_target_utilization = '19': must be a whole number, 20 to 90",
    ),
    "a target too high": (
        "autoscaling_target_utilization=91",
        "paypulse:autoscaling_target_utilization = '91': must be a whole number, 20 to 90",
    ),
    "a negative cooldown in": (
        "autoscaling_scale_in_cooldown=-1",
        "paypulse:autoscaling_scale_in_cooldown = '-1': must be a whole number, 0 to 2147483647",
    ),
    "a negative cooldown out": (
        "autoscaling_scale_out_cooldown=-1",
        "paypulse:autoscaling_scale_out_cooldown = '-1': must be a whole number, 0 to 2147483647",
    ),
    "no environment": (
        "environment=",
        "paypulse:environment = '': must be 1 to 256 letters, digits, spaces and + - = . _ : / @",
    ),
    "an alias for a key": (
        "kms_key_arn=arn:aws:kms:eu-west-1:123456789012:alias/mine",
        "paypulse:kms_key_arn = 'arn:aws:kms:eu-west-1:123456789012:alias/mine': must be empty or the ARN of a KMS key",
    ),
    "a function with an alias": (
        "send_invoice_notification_function=notify:live",
        "paypulse:send_invoice_notification_function = 'notify:live': "
        "must be empty, or a Lambda function's name or ARN, without a version or alias",
    ),
    "a destination of another kind": (
        "send_invoice_notification_failure_destination=arn:aws:lambda:eu-west-1:123456789012:function:notify",
        "paypulse:send_invoice_notification_failure_destination = 'arn:aws:lambda:eu-west-1:123456789012:function:notify': "
        "must be empty, or the ARN of an SQS queue, SNS topic or S3 bucket",
    ),
    "a destination without a function": (
        "send_invoice_notification_failure_destination=arn:aws:s3:::failed",
        "paypulse:send_invoice_notification_failure_destination = 'arn:aws:s3:::failed': "
        "there is no trigger without send_invoice_notification_function",
    ),
    "a key's id for its ARN": (
        "kms_key_arn=1234abcd",
        "paypulse:kms_key_arn = '1234abcd': must be empty or the ARN of a KMS key",
    ),
}


@pytest.mark.parametrize(("setting", "problems"), [(s, p) for s, *p in REFUSED.values()], ids=REFUSED)
def test_a_wrong_value_is_refused_with_key_value_and_what_is_allowed(record, setting, problems):
    with pytest.raises(PlanError) as error:
        record("prod", setting)

    assert str(error.value) == HEADLINE + "\n  ".join(problems)


def test_all_that_is_wrong_is_listed_at_once(record):
    with pytest.raises(PlanError) as error:
        record("prod", "protect_tables=1", "autoscaling_min_capacity=x", "users_table=a", "kms=1", "environment=")

    assert [line.split(" = ")[0] for line in str(error.value).splitlines()] == [
        "the configuration is wrong, nothing was registered:",
        "  paypulse:autoscaling_min_capacity",
        "  paypulse:users_table",
        "  paypulse:environment",
        "  paypulse:protect_tables",
        "  paypulse:kms",
    ]


def test_nothing_is_registered_before_the_configuration_is_right():
    created = []

    with pytest.raises(PlanError, match="the configuration is wrong"):
        plan.record(project.load(ROOT, "prod", ["environment="]), lambda resource: ("", created.append(resource) or {}))

    assert [resource.type for resource in created] == ["pulumi:pulumi:Stack"]


def test_a_secret_value_is_not_shown():
    stack = project.load(ROOT, "prod", ["kms_key_arn=hush"])
    stack = dataclasses.replace(stack, secret_keys=frozenset({"paypulse:kms_key_arn"}))

    with pytest.raises(PlanError) as error:
        plan.record(stack)
    assert str(error.value) == f"{HEADLINE}paypulse:kms_key_arn = [secret]: must be empty or the ARN of a KMS key"


def tables(recorded):
    return [r for r in recorded.resources if r.type == "aws:dynamodb/table:Table"]


def test_the_suffix_is_put_behind_every_name_that_has_no_key_of_its_own(record):
    names = {r.name: r.inputs["name"] for r in tables(record("dev", "users_table=Customers"))}

    assert names.pop("users") == "Customers"
    assert names == {t.logical_name: f"{t.name}-dev" for t in TABLES if t.logical_name != "users"}


def test_a_customer_managed_key_encrypts_every_table(record):
    encryptions = [r.inputs["serverSideEncryption"] for r in tables(record("prod", f"kms_key_arn={KEY}"))]

    assert encryptions == [{"enabled": True, "kmsKeyArn": KEY}] * len(TABLES)


@pytest.mark.parametrize(
    ("stack", "protected", "environment"), [("prod", True, "production"), ("dev", False, "development")]
)
def test_a_stack_protects_and_tags_every_table(record, stack, protected, environment):
    found = [(r.protect, r.inputs["deletionProtectionEnabled"], r.inputs["tags"]) for r in tables(record(stack))]

    assert found == [(protected, protected, {"Environment": environment})] * len(TABLES)


def test_indexes_need_not_scale(record):
    resources = record("prod", "autoscale_indexes=false", "autoscaling_min_capacity=5").resources
    rental_invoices = next(r for r in resources if r.inputs.get("name") == "RentalInvoices")

    assert [r.name for r in resources if r.type.startswith("aws:appautoscaling/target")] == [
        "rental_invoices-read",
        "rental_invoices-write",
    ]
    assert rental_invoices.ignore_changes == ["readCapacity", "writeCapacity"]


def test_pulumi_yaml_declares_every_key_with_type_default_and_description(monkeypatch):
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    read = []
    monkeypatch.setattr(settings._Config, "read", lambda _self, key, _parse: read.append(key))  # noqa: SLF001
    monkeypatch.setattr(settings._Config, "refuse_unknown_keys", lambda _: None)  # noqa: SLF001
    settings.load(TABLES)

    assert declared.pop("aws:region") == {"value": "eu-west-1"}
    assert sorted(declared) == sorted(read)
    assert [key for key, value in declared.items() if sorted(value) != ["default", "description", "type"]] == []
