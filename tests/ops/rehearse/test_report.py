"""What a rehearsal prints of what was read back; tests/ops/test_commands.py has the rest."""

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from ops.aws.resources import metric_alarm, scalable_target, scaling_policy, table
from ops.drift import Difference, Drift
from ops.engine.plan import Plan
from ops.engine.policy_pack import Violation
from ops.engine.project import Stack
from ops.rehearse import report
from ops.rehearse.answer import Answer
from ops.rehearse.deploy import Rehearsal
from tests import programs
from tests.conftest import ROOT

PACK = "pack@v1 (local: policies)"
STACK = programs.registration(
    "pulumi:pulumi:Stack", "demo-prod", "urn:pulumi:prod::demo::pulumi:pulumi:Stack::demo-prod", custom=False
)
TARGET = {
    "serviceNamespace": "dynamodb",
    "resourceId": "table/things",
    "scalableDimension": "dynamodb:table:ReadCapacityUnits",
    "minCapacity": 2,
    "maxCapacity": 9,
}
POLICY = {key: TARGET[key] for key in ("serviceNamespace", "resourceId", "scalableDimension")} | {
    "name": "reads",
    scaling_policy.CONFIGURATION: {"targetValue": 70.0, "scaleInCooldown": 120, "scaleOutCooldown": 30},
}
TABLE: dict[str, Any] = {
    "name": "things",
    "hashKey": "id",
    "billingMode": "PAY_PER_REQUEST",
    "readCapacity": 0,
    "writeCapacity": 0,
    "globalSecondaryIndexes": [],
    "streamViewType": None,
    "serverSideEncryption": {"enabled": True, "kmsKeyArn": None},
    "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
    "deletionProtectionEnabled": True,
}


def violation(level="mandatory", name="things"):
    urn = f"urn:pulumi:prod::demo::demo:data:Family$aws:dynamodb/table:Table::{name}"
    more = {"severity": "high", "urn": urn, "description": "d", "message": "one\n[two]", "remediation": "mend [it]"}
    return Violation(pack=PACK, policy="p", level=level, **more)


def rehearsal(plan=None, packs=(), violations=(), answers=(), **drift):
    return Rehearsal(
        stack=Stack(ROOT, "demo", "prod", {}),
        plan=plan or Plan(),
        packs=list(packs),
        violations=list(violations),
        drift=Drift(**drift),
        answers=list(answers),
        seconds=1.25,
    )


def lines(made, width=400):
    """Return the lines that are printed, each as its columns."""
    out = Console(file=io.StringIO(), width=width, highlight=False, soft_wrap=True)
    report.print_rehearsal(made, out)
    text = out.file.getvalue()  # ty: ignore[missing-attribute]
    return [re.split(" {2,}", line.rstrip()) for line in text.splitlines()]


def test_a_scalable_target_has_its_bounds_and_the_aim_and_cooldowns_of_its_policy():
    writes = TARGET | {"scalableDimension": "dynamodb:table:WriteCapacityUnits"}
    shown = {scalable_target.TYPE: [TARGET, writes], scaling_policy.TYPE: [POLICY]}
    printed = lines(rehearsal(shown=shown))

    start = printed.index(["Autoscaling, read back"])
    assert printed[start + 1 : start + 4] == [
        ["Scalable target", "Dimension", "Units", "Target", "Cooldown in, out", "Scaling policy"],
        ["table/things", "ReadCapacityUnits", "2..9", "70 %", "120 s, 30 s", "reads"],
        ["table/things", "WriteCapacityUnits", "2..9", "None %", "None s, None s"],
    ]


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        pytest.param({}, ["id", "PAY_PER_REQUEST", "aws/dynamodb", "35 days", "on"], id="on demand"),
        pytest.param(
            {"rangeKey": "day", "billingMode": "PROVISIONED", "readCapacity": 3, "writeCapacity": 4},
            ["id, day", "PROVISIONED 3/4", "aws/dynamodb", "35 days", "on"],
            id="provisioned",
        ),
        pytest.param(
            {"serverSideEncryption": {"enabled": True, "kmsKeyArn": "arn:key"}},
            ["id", "PAY_PER_REQUEST", "arn:key", "35 days", "on"],
            id="a key of one's own",
        ),
        pytest.param(
            {"serverSideEncryption": {"enabled": False}, "streamViewType": "KEYS_ONLY"},
            ["id", "PAY_PER_REQUEST", "KEYS_ONLY", "35 days", "on"],
            id="no encryption, a stream",
        ),
        pytest.param(
            {"pointInTimeRecovery": {"enabled": False}, "deletionProtectionEnabled": False},
            ["id", "PAY_PER_REQUEST", "aws/dynamodb"],
            id="unprotected",
        ),
    ],
)
def test_a_table_has_its_keys_billing_and_protection(change, columns):
    printed = lines(rehearsal(shown={table.TYPE: [TABLE | change]}))

    start = printed.index(["Tables and indexes, read back"])
    assert printed[start + 2] == ["things", *columns]


def test_an_index_is_below_its_table():
    index = {"name": "by-day", "hashKey": "day", "rangeKey": "id", "readCapacity": 1, "writeCapacity": 2}
    printed = lines(rehearsal(shown={table.TYPE: [TABLE | {"globalSecondaryIndexes": [index]}]}))

    assert ["", "by-day", "day, id", "1/2"] in printed


ALARM: dict[str, Any] = {
    "name": "things/throttled-reads",
    "metricName": "ReadThrottleEvents",
    "statistic": "Sum",
    "period": 60,
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 5,
    "threshold": 0.0,
    "metricQueries": [],
}
NO_METRIC = {"metricName": None, "statistic": None, "period": None}
SELECT = 'SELECT SUM(SystemErrors) FROM SCHEMA("AWS/DynamoDB", TableName, Operation)'


def test_alarms_of_one_condition_are_counted():
    old = {
        "metricName": "IteratorAge",
        "statistic": "Maximum",
        "period": 300,
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "threshold": 3_600_000.0,
        "evaluationPeriods": 1,
    }
    alarms = [
        ALARM,
        ALARM | NO_METRIC | {"metricQueries": [{"id": "sum", "expression": SELECT, "period": 60}]},
        ALARM | {"name": "others/throttled-reads"},
        ALARM | old,
        ALARM | {"comparisonOperator": "LessThanThreshold", "threshold": 0.5},
        ALARM | NO_METRIC | {"metricQueries": [{"id": "e", "expression": "m * 2", "period": 60}]},
    ]
    printed = lines(rehearsal(shown={metric_alarm.TYPE: alarms}))

    start = printed.index(["Alarms, read back"])
    assert printed[start + 1 : start + 7] == [
        ["Metric", "In alarm if", "Alarms"],
        ["ReadThrottleEvents", "Sum > 0 in 5 periods of 60 s", "2"],
        ["SystemErrors", "Sum > 0 in 5 periods of 60 s", "1"],
        ["IteratorAge", "Maximum >= 3600000 in 1 period of 300 s", "1"],
        ["ReadThrottleEvents", "Sum < 0.5 in 5 periods of 60 s", "1"],
        ["metric math", "it > 0 in 5 periods of 60 s", "1"],
    ]


def registered(type_, name, parent):
    urn = f"urn:pulumi:prod::demo::{type_}::{name}"
    return replace(STACK, urn=urn, type=type_, name=name, parent=parent.urn, custom=":" in type_)


def test_the_alarms_of_a_component_are_one_row_of_the_tree():
    several, single = (registered("demo:data:Alarms", name, STACK) for name in ("several", "single"))
    alarms = [registered(metric_alarm.TYPE, f"alarm-{number}", several) for number in range(3)]
    topic = registered("aws:sns/topic:Topic", "topic", several)
    plan = Plan([STACK, several, *alarms, topic, single, registered(metric_alarm.TYPE, "alarm", single)])
    printed = lines(rehearsal(plan))

    start = printed.index(["", "Type", "Name", "Plan"])
    assert [row[1:3] for row in printed[start + 1 : start + 7]] == [
        ["pulumi:pulumi:Stack", "demo-prod"],
        ["├─ demo:data:Alarms", "several"],
        ["│", "├─ aws:cloudwatch:MetricAlarm"],
        ["│", "└─ aws:sns:Topic"],
        ["└─ demo:data:Alarms", "single"],
        ["└─ aws:cloudwatch:MetricAlarm", "alarm"],
    ]
    assert [row[3:5] for row in printed[start + 3 : start + 5]] == [["3 alarms", "create"], ["topic", "create"]]
    assert ["Created", "5 aws:cloudwatch:MetricAlarm, 1 aws:sns:Topic"] not in printed
    assert ["Created", "2 demo:data:Alarms, 4 aws:cloudwatch:MetricAlarm, 1 aws:sns:Topic"] in printed


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        pytest.param({}, "ok: everything is as declared (1.2 s)", id="nothing"),
        pytest.param(
            {"answers": [Answer(question="q", table="t")]},
            "ok: everything is as declared, 1 questions are answered (1.2 s)",
            id="answered",
        ),
        pytest.param(
            {"answers": [Answer(question="q", table="t", problem="p")]},
            "failed: a question has no right answer (1.2 s)",
            id="not answered",
        ),
        pytest.param(
            {
                "differences": [Difference(urn="a::b::c", property="x", declared=1, live=2)],
                "answers": [Answer(question="q", table="t", problem="p")],
            },
            "failed: not everything is as declared (1.2 s)",
            id="different",
        ),
        pytest.param({"violations": [violation("advisory")]}, "ok: everything is as declared (1.2 s)", id="advisory"),
        pytest.param(
            {"violations": [violation(), violation(name="[x]"), violation("advisory", "y")]},
            "failed: a mandatory policy is violated, stopped at things, [x] (1.2 s)",
            id="mandatory",
        ),
    ],
)
def test_the_last_line_says_the_outcome(outcome, verdict):
    assert lines(rehearsal(**outcome))[-1] == [verdict]


def test_violations_are_below_their_pack():
    found = [violation("advisory"), violation(), Violation(**(vars(violation()) | {"pack": "other"}))]
    printed = lines(rehearsal(packs=[PACK, "clean", "other"], violations=found))

    start = printed.index(["Policies"])
    told = [["", "one"], ["", "[two]"], ["", "Fix: mend [it]"]]
    assert printed[start + 1 : start + 16] == [
        ["", f"❌ {PACK}"],
        ["", "- [advisory] [severity: high]", "p", "(aws:dynamodb:Table: things)"],
        *told,
        ["", "- [mandatory] [severity: high]", "p", "(aws:dynamodb:Table: things)"],
        *told,
        ["", "✅ clean"],
        ["", "❌ other"],
        ["", "- [mandatory] [severity: high]", "p", "(aws:dynamodb:Table: things)"],
        *told,
    ]


def test_an_output_that_is_too_long_is_counted():
    outputs = {"b": {"x": 1, "y": 2}, "a": "z" * 40, "c": "z" * 41, "d": 7}
    printed = lines(rehearsal(Plan([STACK], outputs)), width=80)

    start = printed.index(["Outputs"])
    assert printed[start + 1 : start + 5] == [
        ["a", "z" * 40],
        ["b", "2 entries; --json has them"],
        ["c", "41 characters; --json has them"],
        ["d", "7"],
    ]


def test_what_was_created_and_compared_is_counted():
    assert ["Created", "nothing"] in lines(rehearsal())
    assert ["Compared 7 properties, 0 different"] in lines(rehearsal(checked=7))


def test_markdown_has_the_result_then_the_violations_by_policy_mandatory_first():
    found = [violation("advisory", "a|b"), violation(name="x\n# y"), violation()]
    different = [Difference(urn="a::b::c|d", property="x`", declared=1, live="\r2", replaces=False)]
    wrong = [Answer(question="q", table="t", problem="p|\nr")]

    assert report.as_markdown(rehearsal(violations=found, differences=different, answers=wrong, checked=7)) == [
        "### prod: rehearsed",
        "",
        "**failed**: not everything is as declared",
        "",
        "**`p`** (mandatory): 2. Fix: `mend [it]`",
        "",
        "| Type | Name | Message |",
        "|---|---|---|",
        "| `aws:dynamodb:Table` | `x # y` | `one [two]` |",
        "| `aws:dynamodb:Table` | `things` | `one [two]` |",
        "",
        "**`p`** (advisory): 1. Fix: `mend [it]`",
        "",
        "| Type | Name | Message |",
        "|---|---|---|",
        "| `aws:dynamodb:Table` | `a\\|b` | `one [two]` |",
        "",
        "Differences:",
        "",
        "| Resource | Property | Declared | Live |",
        "|---|---|---|---|",
        '| `c\\|d` | `x\'` | `1` | `"\\r2"` |',
        "",
        "Not answered:",
        "",
        "| Question | Table, index | Problem |",
        "|---|---|---|",
        "| `q` | `t` | `p\\| r` |",
        "",
        "Created `nothing`; compared 7 properties",
    ]


def test_markdown_names_what_stopped_as_code():
    assert report.as_markdown(rehearsal(violations=[violation(name="`x`\n# y")]))[2] == (
        "**failed**: a mandatory policy is violated, stopped at `'x' # y`"
    )
