import dataclasses

import pytest
import yaml

from components import settings
from components.tables import TABLES
from ops.errors import PlanError
from tests import programs
from tests.conftest import ROOT

HEADLINE = "the configuration is wrong, nothing was registered:\n  "
NAME_RULE = "a table name has 3 to 255 characters of a-zA-Z0-9_.-"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:failed"

REFUSED = [
    pytest.param(
        "protect_table=true",
        ["paypulse:protect_table = 'true': no such key; the nearest is paypulse:protect_tables"],
        id="an unknown key",
    ),
    pytest.param("colour=red", ["paypulse:colour = 'red': no such key"], id="an unknown key like no other"),
    pytest.param(
        "protect_tables=yes",
        ["paypulse:protect_tables = 'yes': must be true or false"],
        id="a boolean that isn't one",
    ),
    pytest.param(
        "protect_tables=",
        ["paypulse:protect_tables = '': must be true or false"],
        id="no boolean at all",
    ),
    pytest.param(
        "autoscaling_max_capacity=ten",
        ["paypulse:autoscaling_max_capacity = 'ten': must be a whole number, 1 to 40000"],
        id="a number that isn't one",
    ),
    pytest.param(
        "autoscaling_max_capacity=٤٠",
        ["paypulse:autoscaling_max_capacity = '٤٠': must be a whole number, 1 to 40000"],
        id="a number of other digits",
    ),
    pytest.param(
        "users_table=ab",
        [f"paypulse:users_table = 'ab': must be empty, or a table name; {NAME_RULE}"],
        id="a name too short",
    ),
    pytest.param(
        f"users_table={'x' * 256}",
        [f"paypulse:users_table = '{'x' * 256}': must be empty, or a table name; {NAME_RULE}"],
        id="a name too long",
    ),
    pytest.param(
        "users_table=Users table",
        [f"paypulse:users_table = 'Users table': must be empty, or a table name; {NAME_RULE}"],
        id="a name with another character",
    ),
    pytest.param(
        "table_name_suffix=/dev",
        [f"paypulse:table_name_suffix = '/dev': {NAME_RULE}"],
        id="a suffix with another character",
    ),
    pytest.param(
        f"table_name_suffix={'x' * 228}",
        [
            f"paypulse:table_name_suffix = '{'x' * 228}': {NAME_RULE}; this makes MiscellaneousUtilityInvoices{'x' * 228}"
        ],
        id="a suffix too long for one name",
    ),
    pytest.param(
        "users_table=VendorConfig",
        [
            "paypulse:vendor_config_table = '': two tables would have the name 'VendorConfig': this one and that of users_table"
        ],
        id="two tables with one name",
    ),
    pytest.param(
        "autoscaling_min_capacity=11",
        ["paypulse:autoscaling_min_capacity = '11': must be at most autoscaling_max_capacity, which is 10"],
        id="min over max",
    ),
    pytest.param(
        "autoscaling_min_capacity=0",
        ["paypulse:autoscaling_min_capacity = '0': must be a whole number, 1 to 40000"],
        id="a minimum of none",
    ),
    pytest.param(
        "autoscaling_max_capacity=40001",
        ["paypulse:autoscaling_max_capacity = '40001': must be a whole number, 1 to 40000"],
        id="a maximum over the quota",
    ),
    pytest.param(
        "autoscaling_max_capacity=4",
        [
            "paypulse:autoscaling_max_capacity = '4': RentalInvoices is created with 5 read units, which must be in 1..4",
            "paypulse:autoscaling_max_capacity = '4': RentalInvoices is created with 5 write units, which must be in 1..4",
        ],
        id="an initial capacity over the maximum",
    ),
    pytest.param(
        "autoscaling_min_capacity=2",
        [
            "paypulse:autoscaling_min_capacity = '2': RentalInvoices, index due_date_year-due_date_month-index, "
            f"is created with 1 {access} units, which must be in 2..10"
            for access in ("read", "write")
        ],
        id="an index's initial capacity under the minimum",
    ),
    pytest.param(
        "autoscaling_target_utilization=19",
        ["paypulse:autoscaling_target_utilization = '19': must be a whole number, 20 to 90"],
        id="a target too low",
    ),
    pytest.param(
        "autoscaling_target_utilization=91",
        ["paypulse:autoscaling_target_utilization = '91': must be a whole number, 20 to 90"],
        id="a target too high",
    ),
    pytest.param(
        "autoscaling_scale_in_cooldown=-1",
        ["paypulse:autoscaling_scale_in_cooldown = '-1': must be a whole number, 0 to 2147483647"],
        id="a negative cooldown in",
    ),
    pytest.param(
        "autoscaling_scale_out_cooldown=-1",
        ["paypulse:autoscaling_scale_out_cooldown = '-1': must be a whole number, 0 to 2147483647"],
        id="a negative cooldown out",
    ),
    pytest.param(
        "autoscaling_scale_out_cooldown=2147483648",
        ["paypulse:autoscaling_scale_out_cooldown = '2147483648': must be a whole number, 0 to 2147483647"],
        id="a cooldown over an Integer",
    ),
    pytest.param(
        "environment=",
        ["paypulse:environment = '': must be 1 to 256 letters, digits, spaces and + - = . _ : / @"],
        id="no environment",
    ),
    pytest.param(
        f"environment={'x' * 257}",
        [f"paypulse:environment = '{'x' * 257}': must be 1 to 256 letters, digits, spaces and + - = . _ : / @"],
        id="an environment too long",
    ),
    pytest.param(
        "environment=a;b",
        ["paypulse:environment = 'a;b': must be 1 to 256 letters, digits, spaces and + - = . _ : / @"],
        id="an environment with another character",
    ),
    pytest.param(
        "kms_key_arn=arn:aws:kms:eu-west-1:123456789012:alias/mine",
        [
            "paypulse:kms_key_arn = 'arn:aws:kms:eu-west-1:123456789012:alias/mine': must be empty or the ARN of a KMS key"
        ],
        id="an alias for a key",
    ),
    pytest.param(
        "send_invoice_notification_function=notify:live",
        [
            "paypulse:send_invoice_notification_function = 'notify:live': "
            "must be empty, or a Lambda function's name or ARN, without a version or alias"
        ],
        id="a function with an alias",
    ),
    pytest.param(
        "send_invoice_notification_failure_destination=arn:aws:lambda:eu-west-1:123456789012:function:notify",
        [
            "paypulse:send_invoice_notification_failure_destination = 'arn:aws:lambda:eu-west-1:123456789012:function:notify': "
            "must be empty, or the ARN of an SQS queue, SNS topic or S3 bucket"
        ],
        id="a destination of another kind",
    ),
    pytest.param(
        "send_invoice_notification_failure_destination=arn:aws:s3:::failed",
        [
            "paypulse:send_invoice_notification_failure_destination = 'arn:aws:s3:::failed': "
            "there is no trigger without send_invoice_notification_function"
        ],
        id="a destination without a function",
    ),
    pytest.param(
        f"kms_key_arn={KEY.replace('eu-west-1', 'us-east-1')}",
        [
            f"paypulse:kms_key_arn = '{KEY.replace('eu-west-1', 'us-east-1')}': "
            "must be in the region of the tables, which is eu-west-1 (aws:region)"
        ],
        id="a key of another region",
    ),
    *(
        pytest.param(
            f"alarm_topic={value}",
            [f"paypulse:alarm_topic = '{value}': must be empty or the ARN of a standard SNS topic"],
            id=f"{value} for a topic",
        )
        for value in ("alarms", "arn:aws:sqs:eu-west-1:123456789012:alarms", f"{TOPIC}.fifo", f"{TOPIC}:1")
    ),
    pytest.param(
        f"alarm_topic={TOPIC.replace('eu-west-1', 'us-east-1')}",
        [
            f"paypulse:alarm_topic = '{TOPIC.replace('eu-west-1', 'us-east-1')}': "
            "must be in the region of the tables, which is eu-west-1 (aws:region)"
        ],
        id="a topic of another region",
    ),
    pytest.param(
        "kms_key_arn=1234abcd",
        ["paypulse:kms_key_arn = '1234abcd': must be empty or the ARN of a KMS key"],
        id="a key's id for its ARN",
    ),
]


@pytest.mark.parametrize(("setting", "problems"), REFUSED)
def test_a_wrong_value_is_refused_with_key_value_and_what_is_allowed(record, setting, problems):
    with pytest.raises(PlanError) as error:
        record("prod", setting)

    assert str(error.value) == HEADLINE + "\n  ".join(problems)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(["autoscaling_max_capacity=40000"], id="the highest capacity"),
        pytest.param(["autoscaling_max_capacity=5"], id="a maximum as high as what a table is created with"),
        pytest.param(
            ["autoscale_indexes=false", "autoscaling_min_capacity=5"], id="a minimum over what does not scale"
        ),
        pytest.param(["autoscaling_target_utilization=20"], id="the lowest target"),
        pytest.param(["autoscaling_target_utilization=90"], id="the highest target"),
        pytest.param(["autoscaling_scale_in_cooldown=0", "autoscaling_scale_out_cooldown=2147483647"], id="cooldowns"),
        pytest.param([f"environment={'ä' * 256}"], id="the longest environment"),
        pytest.param(["environment=a 1+-=._:/@"], id="every character of an environment"),
        pytest.param([f"table_name_suffix={'x' * 227}"], id="the longest suffix"),
        pytest.param([f"alarm_topic={TOPIC}", f"users_table={'x' * 200}"], id="the longest name with alarms"),
        pytest.param(
            [
                f"alarm_topic={TOPIC}",
                "send_invoice_notification_function=f",
                "send_invoice_notification_failure_destination=arn:aws:s3:::failed",
            ],
            id="alarms, and a bucket, which has no region",
        ),
        pytest.param([f"users_table={'x' * 255}", "vendor_config_table=a.b"], id="names of any length"),
        pytest.param(
            ["send_invoice_notification_function=arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:notify"],
            id="a function in another partition",
        ),
    ],
)
def test_what_aws_takes_is_taken(record, config):
    assert len(tables(record("prod", *config))) == len(TABLES)


def test_what_an_alarm_could_not_be_made_for_or_see_is_refused_with_alarms(record):
    trigger = ("send_invoice_notification_function=f", f"send_invoice_notification_failure_destination={QUEUE}")
    config = (*trigger, f"users_table={'x' * 201}")

    assert len(tables(record("prod", *config))) == len(TABLES)
    with pytest.raises(PlanError) as error:
        record("prod", f"alarm_topic={TOPIC}", *config)
    assert str(error.value) == HEADLINE + "\n  ".join(
        [
            f"paypulse:users_table = '{'x' * 201}': with alarm_topic, a table name has at most 200 characters; this one has 201",
            f"paypulse:send_invoice_notification_failure_destination = '{QUEUE}': "
            "with alarm_topic, must be in the region of the tables, eu-west-1: an alarm sees no other region",
        ]
    )


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
        programs.record(programs.stack("prod", "environment="), lambda resource: ("", created.append(resource) or {}))

    assert [resource.type for resource in created] == ["pulumi:pulumi:Stack"]


def test_a_secret_value_is_not_shown():
    stack = programs.stack("prod", "kms_key_arn=hush")
    stack = dataclasses.replace(stack, secret_keys=frozenset({"paypulse:kms_key_arn"}))

    with pytest.raises(PlanError) as error:
        programs.record(stack)
    assert str(error.value) == f"{HEADLINE}paypulse:kms_key_arn = [secret]: must be empty or the ARN of a KMS key"


def tables(recorded):
    return [r for r in recorded.resources if r.type == "aws:dynamodb/table:Table"]


def test_the_suffix_is_put_behind_every_name_that_has_no_key_of_its_own(record):
    names = {r.name: r.inputs["name"] for r in tables(record("dev", "users_table=Customers"))}

    assert names.pop("users") == "Customers"
    assert names == {t.logical_name: f"{t.name}-dev" for t in TABLES if t.logical_name != "users"}


def test_without_a_region_the_key_may_be_of_any(record):
    assert tables(record("prod", f"kms_key_arn={KEY}", "aws:region="))


def test_pulumi_yaml_declares_every_key_with_type_default_and_description(monkeypatch):
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    read = []
    monkeypatch.setattr(settings._Config, "read", lambda _self, key, _parse: read.append(key))  # noqa: SLF001
    monkeypatch.setattr(settings._Config, "refuse_unknown_keys", lambda _: None)  # noqa: SLF001
    settings.load(TABLES)

    assert declared.pop("aws:region") == {"value": "eu-west-1"}
    assert sorted(declared) == sorted(read)
    assert [key for key, value in declared.items() if sorted(value) != ["default", "description", "type"]] == []
