"""The pack as it is run: a process of its own, over the wire."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from pulumi.runtime.proto.analyzer_pb2 import EnforcementLevel

from ops.engine import policy_config, project
from ops.engine import policy_pack as pack
from ops.engine.plan import Plan, Registration
from ops.errors import CallError, PlanError
from tests import programs
from tests.conftest import ROOT
from tests.policies.judge import ABSENT, BY_NAME, UNKNOWN, changed
from tests.policies.test_hostile import st, trees

STACK = project.Stack(ROOT, "paypulse", "prod", {})
RENTAL = ("aws:dynamodb/table:Table", "rental_invoices")
RENTAL_READS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "rental_invoices-throttled-reads")
TOPIC = "alarm_topic=arn:aws:sns:eu-west-1:123456789012:alarms"
READER = ("aws:iam/policy:Policy", "reader")
READ_TARGET = ("aws:appautoscaling/target:Target", "rental_invoices-read")


@pytest.fixture(scope="module")
def prod() -> Plan:
    """Return the plan of prod with alarms, and with a policy for a reader."""
    plan = programs.record(programs.stack("prod", TOPIC))
    inputs = {"name": "reader", "policy": document(f"{TABLE_ARN}/index/Email-index")}
    urn = f"urn:pulumi:prod::paypulse::{READER[0]}::{READER[1]}"
    reader = dataclasses.replace(plan.resources[-1], urn=urn, type=READER[0], name=READER[1], inputs=inputs, parent="")
    return Plan([*plan.resources, reader])


TABLE_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/Users"


def document(resource: str) -> str:
    statement = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def running():
    with pack.start(ROOT / "policies", ROOT / "policies/config/prod.json", STACK) as started:
        started.connect()
        yield started


def judge(
    running: pack.Pack, resources: list[Registration], stack: Plan | None = None
) -> list[tuple[str, str, str, str]]:
    """Judge each of the resources, and the stack; without one, it has these resources."""
    found = [violation for resource in resources for violation in running.analyze(resource)]
    found += running.analyze_stack(stack or Plan(resources))
    return [(v.policy, v.level, v.severity, v.urn.split("::")[-1]) for v in found]


# For every policy the one thing that breaks it: a resource, and what is changed of its inputs or options.
BREAKS = {
    "dynamodb-least-privilege": (READER, {"policy": document(f"{TABLE_ARN}/index/*")}, {}, "medium"),
    "dynamodb-table-encryption-enabled": (RENTAL, {"serverSideEncryption.enabled": False}, {}, "high"),
    "dynamodb-pitr-enabled": (RENTAL, {"pointInTimeRecovery.enabled": False}, {}, "medium"),
    "dynamodb-billing-mode": (RENTAL, {"globalSecondaryIndexes.0.readCapacity": ABSENT}, {}, "medium"),
    "dynamodb-autoscaling-enabled": (READ_TARGET, {"minCapacity": 0}, {}, "medium"),
    "dynamodb-autoscaling-ignore-changes": (RENTAL, {}, {"ignore_changes": ["*"]}, "medium"),
    "dynamodb-table-deletion-protection-enabled": (RENTAL, {"deletionProtectionEnabled": False}, {}, "medium"),
    "dynamodb-table-protected": (RENTAL, {}, {"protect": False}, "medium"),
    "dynamodb-table-contract": (RENTAL, {"streamViewType": "KEYS_ONLY"}, {}, "high"),
    "dynamodb-table-schema": (RENTAL, {"warmThroughput": {"readUnitsPerSecond": 1}}, {}, "high"),
    "dynamodb-table-alarmed": (RENTAL_READS, {"dimensions.Operation": "GetItem"}, {}, "low"),
    "dynamodb-table-tagged": (RENTAL, {"tags": {}}, {}, "low"),
    "dynamodb-table-ttl": (RENTAL, {"ttl": {"enabled": True, "attributeName": "expires"}}, {}, "medium"),
}
# The level and the resource that is reported, where that is not mandatory, and what is changed.
REPORTED = {"dynamodb-table-alarmed": ("advisory", "rental_invoices")}


def test_every_policy_has_its_break():
    assert sorted(BREAKS) == sorted(BY_NAME)


def test_prod_has_no_violation(running, prod):
    assert judge(running, prod.resources) == []


@pytest.mark.parametrize("policy", BREAKS)
def test_a_stack_that_breaks_one_thing_fails_with_exactly_that_policy(running, prod, policy):
    key, changes, options, severity = BREAKS[policy]
    (old,) = [r for r in prod.resources if (r.type, r.name) == key]
    broken = dataclasses.replace(old, inputs=changed(old.inputs, changes), **options)
    stack = Plan([broken if r is old else r for r in prod.resources])

    level, name = REPORTED.get(policy, ("mandatory", key[1]))
    assert set(judge(running, [broken], stack)) == {(policy, level, severity, name)}


def test_prod_without_alarms_has_one_advisory_violation_of_the_stack(running):
    found = list(running.analyze_stack(programs.record(programs.stack())))

    assert [(v.policy, v.level, v.urn.split("::")[-1]) for v in found] == [
        ("dynamodb-table-alarmed", "advisory", "paypulse-prod")
    ]
    assert found[0].message.splitlines() == [
        "DynamoDB tables should have alarms on throttled reads and writes.",
        "none of the 12 tables has a metric alarm on throttled reads and writes",
    ]


def test_a_violation_says_what_is_wrong_and_how_to_mend_it(running, prod):
    users = next(r for r in prod.resources if r.inputs.get("name") == "Users")
    broken = dataclasses.replace(users, inputs=users.inputs | {"pointInTimeRecovery": {}})

    assert list(running.analyze(broken)) == [
        pack.Violation(
            pack="paypulse-dynamodb@v0.1.0 (local: policies)",
            policy="dynamodb-pitr-enabled",
            description="DynamoDB tables should have point-in-time recovery enabled.",
            level="mandatory",
            severity="medium",
            urn=users.urn,
            message="DynamoDB tables should have point-in-time recovery enabled.\n"
            "pointInTimeRecovery.enabled is missing, but must be true",
            remediation="Set point_in_time_recovery={'enabled': True}, with recovery_period_in_days=35 or without it.",
        )
    ]


def test_a_pack_is_configured_by_its_file(running, prod, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"all": "advisory", "dynamodb-pitr-enabled": {"minimumRecoveryPeriodInDays": 7}}')
    users = next(r for r in prod.resources if r.inputs.get("name") == "Users")

    def judged(running: pack.Pack, days: int) -> list[tuple[str, str]]:
        inputs = users.inputs | {"pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": days}}
        found = running.analyze(dataclasses.replace(users, inputs=inputs))
        return [(violation.level, violation.message.splitlines()[-1]) for violation in found]

    wrong = "pointInTimeRecovery.recoveryPeriodInDays is {}, but must be {} days, or missing"
    assert judged(running, 7) == [("mandatory", wrong.format(7, 35))]
    with pack.start(ROOT / "policies", config, STACK) as configured:
        assert judged(configured, 7) == []
        assert judged(configured, 6) == [("advisory", wrong.format(6, "7 to 35"))]


def test_an_unknown_value_is_a_mandatory_violation(running, prod):
    users = next(r for r in prod.resources if r.inputs.get("name") == "Users")
    unknown = dataclasses.replace(users, inputs=users.inputs | {"pointInTimeRecovery": UNKNOWN})

    assert {(v.policy, v.level) for v in running.analyze(unknown)} == {("dynamodb-pitr-enabled", "mandatory")}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([RENTAL[0], READ_TARGET[0], READER[0], "aws:iam/role:Role", "aws:appautoscaling/policy:Policy"]),
    st.dictionaries(st.text(max_size=8), trees),
)
def test_no_registration_makes_the_pack_fail(running, type_, inputs):
    resource = programs.registration(type_, "x", f"urn:pulumi:dev::demo::{type_}::x", inputs=inputs)

    judge(running, [resource])


def test_remediation_changes_what_is_recorded(prod, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"all": "remediate"}')
    users = next(r for r in prod.resources if r.inputs.get("name") == "Users")
    broken = dataclasses.replace(users, inputs=changed(users.inputs, {"pointInTimeRecovery": ABSENT}))

    with pack.start(ROOT / "policies", config, STACK) as running:
        running.remediate(broken)
        running.remediate(users)

    assert broken.inputs == changed(users.inputs, {"pointInTimeRecovery": {"enabled": True}})


@pytest.mark.parametrize(
    ("stack", "others"),
    [
        ("prod", {"dynamodb-table-alarmed": "ADVISORY"}),
        (
            "dev",
            dict.fromkeys(
                ("dynamodb-table-alarmed", "dynamodb-table-deletion-protection-enabled", "dynamodb-table-protected"),
                "DISABLED",
            ),
        ),
    ],
)
def test_prod_enforces_all_but_alarms_and_dev_all_but_protection_and_alarms(running, stack, others):
    levels = {
        name: EnforcementLevel.Name(policy.enforcementLevel)
        for name, policy in policy_config.configuration(
            running.policies, ROOT / f"policies/config/{stack}.json"
        ).items()
    }

    assert levels == dict.fromkeys(BY_NAME, "MANDATORY") | others


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("{", CallError, "can't be read: Expecting property name"),
        ("[]", PlanError, "must map policies to an enforcement level"),
        (
            '{"dynamodb-pitr": "mandatory"}',
            PlanError,
            "there is no policy 'dynamodb-pitr'; the nearest is 'dynamodb-pitr-enabled'",
        ),
        (
            *('{"dynamodb-pitr-enabled": "mandatry"}', PlanError),
            "dynamodb-pitr-enabled: there is no enforcement level 'mandatry'; the nearest is 'mandatory'",
        ),
        ('{"all": {"enforcementLevl": "disabled"}}', PlanError, "all: there is no option 'enforcementLevl'"),
        (
            '{"all": "off"}',
            PlanError,
            "there is no enforcement level 'off'; use one of advisory, mandatory, disabled, remediate",
        ),
        (
            *('{"dynamodb-pitr-enabled": {"exemptTable": []}}', PlanError),
            "dynamodb-pitr-enabled: there is no option 'exemptTable'; the nearest is 'exemptTables'",
        ),
        (
            *('{"dynamodb-pitr-enabled": {"exemptTables": "Users"}}', PlanError),
            "dynamodb-pitr-enabled: exemptTables: 'Users' is not of type 'array'",
        ),
        (
            *('{"dynamodb-table-encryption-enabled": {"level": "high"}}', PlanError),
            "dynamodb-table-encryption-enabled: level: 'high' is not one of ['kms', 'cmk', 'any']",
        ),
        (
            *('{"dynamodb-table-contract": {"tables": {"a-b": {"partitionKey": 5, "attributes": {}}}}}', PlanError),
            "dynamodb-table-contract: tables['a-b'].partitionKey: 5 is not of type 'string'",
        ),
        (
            '{"dynamodb-table-contract": {"tables": {"Users": {"partitionKey": "a", "attributes": {}, '
            '"globalSecondaryIndexes": [{"name": "i", "partitionKey": "b", "projection": "INCLUDE"}]}}}}',
            PlanError,
            "dynamodb-table-contract: tables.Users.globalSecondaryIndexes[0].projection: "
            "'INCLUDE' is not one of ['ALL', 'KEYS_ONLY']; 'INCLUDE' is not of type 'array'",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(running, tmp_path, content, error, message):
    config = tmp_path / "config.json"
    config.write_text(content)

    with pytest.raises(error, match=re.escape(message)) as raised:
        policy_config.configuration(running.policies, config)
    assert str(raised.value).startswith(str(config))


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["mandatory", "disabled"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
options = st.sampled_from(
    ["enforcementLevel", "exemptTables", "allowUnknown", "level", "minimumCapacity", "tables", ""]
)
names = st.sampled_from([*BY_NAME, "all", "none"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(json_values, st.dictionaries(names, st.one_of(json_values, st.dictionaries(options, json_values)))))
def test_any_configuration_is_refused_in_a_line_or_configures_every_policy(running, tmp_path, content):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(content))

    try:
        outcome = f"{config} configures {' '.join(policy_config.configuration(running.policies, config))}"
    except (CallError, PlanError) as error:
        outcome = str(error)

    assert outcome.startswith(str(config))
    assert " configures " not in outcome or outcome.endswith(f" configures {' '.join(running.policies)}")
    assert len(outcome.splitlines()) == 1


def write_pack(folder: Path, source: str, runtime: str = "python") -> Path:
    (folder / "PulumiPolicy.yaml").write_text(f"runtime: {runtime}\n")
    (folder / "__main__.py").write_text(source)
    return folder


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("print('hello')", "printed 'hello' instead of its port"),
        (r"import sys; sys.stdout.buffer.write(b'\xff\xfe\n')", "printed '\ufffd\ufffd' instead"),
        ("raise KeyError('boom')", "ended before it served; last line of stderr: KeyError: 'boom'"),
        (
            r"import os, sys; sys.stderr.buffer.write(b'\xff\n'); sys.stderr.flush(); os._exit(3)",
            "ended before it served; last line of stderr: \ufffd",
        ),
        ("import os\nos._exit(3)", "ended before it served"),
        ("print(1)", "failed: "),
        (
            "import os\nfrom pulumi_policy import *\n"
            "PolicyPack('p', [ResourceValidationPolicy('x', 'y', lambda *_: os._exit(1))], EnforcementLevel.MANDATORY)",
            "failed: ",
        ),
        (
            "from pulumi_policy import *\n"
            "PolicyPack('p', [ResourceValidationPolicy('x', 'y', lambda *_: 1 / 0)], EnforcementLevel.MANDATORY)",
            "failed: Exception calling application: division by zero",
        ),
    ],
    ids=["rubbish", "no text", "raises", "no text on stderr", "exits", "another port", "dies", "a policy that raises"],
)
def test_a_pack_that_does_not_serve_ends_in_a_clear_error(prod, tmp_path, source, message):
    directory = write_pack(tmp_path, source)

    with pack.start(directory, None, STACK, ending=0.1) as running, pytest.raises(PlanError) as raised:
        list(running.analyze(prod.resources[0]))
    assert str(raised.value).startswith(f"the policy pack {directory} {message}")


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        ("nodejs", "is a policy pack for nodejs; a rehearsal runs only packs for python, pulumi preview any"),
        (None, "is not a policy pack: it has no PulumiPolicy.yaml with a runtime"),
        ("[python]", "is not a policy pack: it has no PulumiPolicy.yaml with a runtime"),
        (
            "{name: go, options: null}",
            "is a policy pack for go; a rehearsal runs only packs for python, pulumi preview any",
        ),
    ],
)
def test_what_is_no_python_pack_is_refused(tmp_path, runtime, message):
    if runtime:
        write_pack(tmp_path, "", runtime)

    with pytest.raises(CallError) as raised, pack.start(tmp_path, None, STACK):
        pass
    assert str(raised.value) == f"{tmp_path} {message}"


def test_a_pack_may_print_while_it_serves(prod, tmp_path):
    directory = write_pack(
        tmp_path,
        "from pulumi_policy import *\n"
        "PolicyPack('p', [ResourceValidationPolicy('x', 'y', lambda *_: print('z' * 200_000))], EnforcementLevel.MANDATORY)",
    )

    with pack.start(directory, None, STACK) as running:
        assert [list(running.analyze(prod.resources[0])) for _ in range(3)] == [[], [], []]


def test_a_pack_that_never_serves_ends_in_a_clear_error(tmp_path):
    directory = write_pack(tmp_path, "import time\ntime.sleep(60)")

    with (
        pack.start(directory, None, STACK, timeout=0.2, ending=0.1) as running,
        pytest.raises(PlanError) as raised,
    ):
        running.connect()
    assert str(raised.value) == f"the policy pack {directory} did not serve within 0.2 s"


def test_no_process_of_a_pack_is_left_over(tmp_path):
    directory = write_pack(tmp_path, "import time\ntime.sleep(60)")

    with pack.start(directory, None, STACK) as running:
        process = running.process
    assert process.returncode is not None


def test_without_a_configuration_most_policies_are_mandatory(running):
    configured = policy_config.configuration(running.policies, None)

    levels = {name: EnforcementLevel.Name(policy.enforcementLevel) for name, policy in configured.items()}
    assert levels == dict.fromkeys(BY_NAME, "MANDATORY") | {
        "dynamodb-table-alarmed": "ADVISORY",
        "dynamodb-least-privilege": "ADVISORY",
    }
