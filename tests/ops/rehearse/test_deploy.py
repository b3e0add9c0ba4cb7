"""A rehearsal under policy packs, as a person calls it."""

import importlib.metadata
import json
from dataclasses import replace

import pytest

from components import family
from components.schema import GlobalSecondaryIndex
from components.tables import FAMILIES
from ops.__main__ import main
from ops.aws import emulator
from ops.drift import Difference, Drift
from ops.engine import project
from ops.engine.plan import Plan
from ops.engine.policy_pack import Violation
from ops.errors import CallError
from ops.rehearse.answer import Answer
from ops.rehearse.deploy import Rehearsal
from tests import programs
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("in_process")

PACK = str(ROOT / "policies")
TABLES = """
    def table(name, **more):
        aws.dynamodb.Table(
            name.lower(),
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            server_side_encryption={"enabled": True},
            deletion_protection_enabled=True,
            tags={"Environment": "test"},
            opts=pulumi.ResourceOptions(protect=True),
            **more,
        )

    table("Users", point_in_time_recovery={"enabled": True})
"""
USERS = "urn:pulumi:dev::demo::aws:dynamodb/table:Table::users"
ORDERS = "urn:pulumi:dev::demo::aws:dynamodb/table:Table::orders"
ORPHAN = """
    aws.appautoscaling.Target(
        "t",
        service_namespace="dynamodb",
        resource_id="table/Users",
        scalable_dimension="dynamodb:table:ReadCapacityUnits",
        min_capacity=1,
        max_capacity=2,
    )
"""


def run(capsys, *arguments):
    code = main(["rehearse", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_a_mandatory_violation_stops_before_the_resource_is_created(capsys, program):
    account = "config: {'aws:allowedAccountIds': ['123456789012']}"
    stack = program(TABLES + '\n    table("Orders")\n    table("Later")', account)

    code, out, err = run(capsys, "--cwd", stack.directory, "--policy-pack", PACK, "--json")
    result = json.loads(out)

    assert (code, err, result["ok"]) == (1, "", False)
    assert [r["name"] for r in result["resources"] if r["custom"]] == ["users"]
    assert result["readback"]["differences"] == []
    assert result["policies"] == [
        {
            "policy": "dynamodb-pitr-enabled",
            "level": "mandatory",
            "severity": "medium",
            "urn": ORDERS,
            "message": "DynamoDB tables should have point-in-time recovery enabled.\n"
            "pointInTimeRecovery.enabled is missing, but must be true",
        }
    ]


def test_a_person_reads_pack_level_policy_resource_message_and_remediation(capsys, program):
    stack = program(TABLES + '\n    table("Orders")')

    code, out, _ = run(capsys, "--cwd", stack.directory, "--policy-pack", PACK)
    lines = [line.rstrip() for line in out.splitlines()]

    assert code == 1
    start = lines.index("Policies")
    assert lines[start + 1 : start + 6] == [
        "    ❌ paypulse-dynamodb@v0.1.0 (local: policies)",
        "        - [mandatory] [severity: medium]  dynamodb-pitr-enabled  (aws:dynamodb:Table: orders)",
        "          DynamoDB tables should have point-in-time recovery enabled.",
        "          pointInTimeRecovery.enabled is missing, but must be true",
        "          Fix: Set point_in_time_recovery={'enabled': True}, with recovery_period_in_days=35 or without it.",
    ]
    assert lines[-1].startswith("failed: a mandatory policy is violated, stopped at orders (")


def test_the_whole_stack_is_judged_at_the_end(capsys, program):
    stack = program(TABLES + ORPHAN)

    code, out, _ = run(capsys, "--cwd", stack.directory, "--policy-pack", PACK, "--json")
    result = json.loads(out)

    assert (code, len(result["resources"])) == (1, 3)
    assert [(v["policy"], v["message"].splitlines()[-1]) for v in result["policies"]] == [
        (
            "dynamodb-autoscaling-enabled",
            "table 'Users' is PAY_PER_REQUEST and has no capacity to scale: remove this resource, or make the table PROVISIONED",
        ),
    ]


@pytest.mark.parametrize(("level", "code"), [("advisory", 0), ("disabled", 0), ("mandatory", 1), ("remediate", 0)])
def test_a_policy_acts_at_the_level_that_the_configuration_sets(capsys, program, tmp_path, level, code):
    stack = program(TABLES + '\n    table("Orders")')
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"dynamodb-pitr-enabled": level, "dynamodb-table-alarmed": "disabled"}))
    arguments = ["--cwd", stack.directory, "--policy-pack", PACK, "--policy-pack-config", config, "--json"]

    found, out, _ = run(capsys, *arguments)
    result = json.loads(out)
    orders = [r["inputs"].get("pointInTimeRecovery") for r in result["resources"] if r["urn"] == ORDERS]

    assert (found, [v["level"] for v in result["policies"]]) == (
        code,
        [level] if level in {"advisory", "mandatory"} else [],
    )
    assert orders == {"mandatory": [], "remediate": [{"enabled": True}]}.get(level, [None])


def in_prod(**changes):
    """Return the families of prod with fields of some tables changed, by their logical names; without it for None."""

    def of_family(family):
        kept = [table for table in family.tables if changes.get(table.logical_name, ()) is not None]
        tables = tuple(replace(table, **changes.get(table.logical_name, {})) for table in kept)
        return replace(family, tables=tables)

    return tuple(map(of_family, FAMILIES))


NEW = GlobalSecondaryIndex(logical_name="vendor", name="vendor-index", partition_key="vendor")
RETAIL = next(table for family in FAMILIES for table in family.tables if table.logical_name == "retail_invoices")
OF_RETAIL = "of table 'RetailInvoices'"


@pytest.mark.parametrize(
    ("changes", "name", "reported"),
    [
        pytest.param(
            {"retail_invoices": {"indexes": RETAIL.indexes[1:]}},
            "retail_invoices",
            [
                "table 'RetailInvoices' has no index 'invoice_date-index', but the contract does: declare it, or remove it "
                "from there, in the same pull request"
            ],
            id="an index removed",
        ),
        pytest.param(
            {"users": {"indexes": ()}},
            "users",
            [
                "table 'Users' has no index 'Email-index', but the contract does: declare it, or remove it from there, in "
                "the same pull request"
            ],
            id="the only index removed",
        ),
        pytest.param(
            {"retail_invoices": {"indexes": (NEW, *RETAIL.indexes)}},
            "retail_invoices",
            [
                f"index 'vendor-index' {OF_RETAIL} is not in the contract: add it there, at the end, in the same "
                'pull request:\n{"name": "vendor-index", "partitionKey": "vendor", "projection": "ALL"}',
                f"the indexes {OF_RETAIL} are 'vendor-index', 'invoice_date-index', 'sub_type-invoice_date-index', but "
                "must be in the order 'invoice_date-index', 'sub_type-invoice_date-index', 'vendor-index': Pulumi keeps "
                "the live capacities of indexes by position, and out of order an index gets that of another",
            ],
            id="an index inserted in front",
        ),
        pytest.param(
            {"retail_invoices": {"indexes": (replace(RETAIL.indexes[0], sort_key=None), RETAIL.indexes[1])}},
            "retail_invoices",
            [
                f"index 'invoice_date-index' {OF_RETAIL} has partition key 'UserID', but the contract says partition key "
                "'UserID', sort key 'invoice_date'. Change it back: a changed index is deleted and built again. To get "
                "another index, add one at the end"
            ],
            id="a key of an index changed",
        ),
        pytest.param(
            {"travel_invoices": None},
            "paypulse-prod",
            [
                "the stack has no table 'TravelInvoices', but the contract does: declare it, or remove it from tables, in "
                "the same pull request"
            ],
            id="a table removed",
        ),
    ],
)
def test_a_change_of_prod_that_its_contract_does_not_have_stops(capsys, monkeypatch, changes, name, reported):
    families = in_prod(**changes)
    monkeypatch.setattr("components.tables.FAMILIES", families)

    code, out, _ = run(capsys, "--cwd", ROOT, "--stack", "prod", "--json")
    found = [violation for violation in json.loads(out)["policies"] if violation["level"] == "mandatory"]

    head = "DynamoDB tables and their indexes should be as their contract says.\n"
    assert (code, {(v["policy"], v["level"], v["urn"].split("::")[-1]) for v in found}) == (
        *(1, {("dynamodb-table-contract", "mandatory", name)}),
    )
    assert [v["message"].removeprefix(head) for v in found] == reported


def test_a_changed_projection_of_prod_stops(capsys, monkeypatch):
    made = family._index_args  # noqa: SLF001 - the definitions know no projection
    monkeypatch.setattr(family, "_index_args", lambda index: made(index) | {"projection_type": "KEYS_ONLY"})

    code, out, _ = run(capsys, "--cwd", ROOT, "--stack", "prod", "--json")

    assert (code, [v["message"].splitlines()[-1] for v in json.loads(out)["policies"]]) == (
        1,
        [
            "index 'due_date_year-due_date_month-index' of table 'RentalInvoices' has projection 'KEYS_ONLY', but the "
            "contract says projection 'ALL'. Change it back: a changed index is deleted and built again. To get another "
            "index, add one at the end"
        ],
    )


def test_no_policies_enforces_none(capsys, program):
    stack = program(TABLES + '\n    table("Orders")')

    code, out, _ = run(capsys, "--cwd", stack.directory, "--policy-pack", PACK, "--no-policies", "--json")

    assert (code, json.loads(out)["policies"]) == (0, [])


def test_several_packs_are_enforced_and_each_has_its_configuration(capsys, program, tmp_path):
    stack = program(TABLES + '\n    table("Orders")')
    config = tmp_path / "config.json"
    config.write_text('{"all": "advisory", "dynamodb-table-alarmed": "disabled"}')
    packs = ["--cwd", stack.directory, "--policy-pack", PACK, "--policy-pack", PACK]

    code, out, _ = run(capsys, *packs, "--policy-pack-config", config, "--policy-pack-config", config, "--json")
    assert (code, [v["policy"] for v in json.loads(out)["policies"]]) == (0, ["dynamodb-pitr-enabled"] * 2)
    assert run(capsys, *packs, "--policy-pack-config", config) == (
        *(2, ""),
        "error: 1 --policy-pack-config for 2 policy packs; give one for each\n",
    )


def test_a_misspelt_policy_in_the_configuration_is_refused(capsys, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"dynamodb-pitr-enable": "mandatory"}')

    assert run(capsys, "--cwd", ROOT, "--policy-pack-config", config) == (
        *(1, ""),
        f"error: {config}: there is no policy 'dynamodb-pitr-enable'; the nearest is 'dynamodb-pitr-enabled'\n",
    )


class Judge:
    """Stands in for a policy pack: notes what it is asked, and finds in the stack what it is told to."""

    name = "judge"

    def __init__(self, *found):  # noqa: D107
        self.asked, self.found = [], found

    def remediate(self, resource):
        self.asked.append(("remediate", resource.name))

    def analyze(self, resource):
        self.asked.append(("analyze", resource.name))
        return []

    def analyze_stack(self, recorded):
        self.asked.append(("stack", *(resource.name for resource in recorded.resources)))
        return self.found


def violation(level):
    return Violation(
        pack="judge", policy="p", level=level, severity="", urn=USERS, message="m", description="d", remediation=""
    )


def rehearse(stack, judge, **options):
    with emulator.embedded("eu-west-1") as clients:
        return programs.rehearse(stack, clients, [judge], **options)


def test_a_pack_is_asked_of_everything_in_order_and_of_a_provider_once(program):
    stack = program('    pulumi.ComponentResource("demo:data:Family", "family")\n' + TABLES + ORPHAN)
    judge = Judge()
    rehearsal = rehearse(stack, judge)

    provider = f"default_{importlib.metadata.version('pulumi-aws').replace('.', '_')}"
    names = ["demo-dev", "family", provider, "users", "t"]
    assert judge.asked == [
        *((hook, name) for name in names for hook in ("remediate", "analyze")),
        ("stack", "demo-dev", "family", "users", "t", provider),
    ]
    assert (rehearsal.ok, rehearsal.packs, rehearsal.violations) == (True, ["judge"], [])


@pytest.mark.parametrize("level", ["mandatory", "advisory"])
def test_a_stack_that_a_policy_stops_is_not_drilled(program, level):
    """The drill of a project without access patterns is a wrong call."""
    stack, judge = program(TABLES), Judge(violation(level))

    if level == "mandatory":
        rehearsal = rehearse(stack, judge, with_drill=True)
        assert (rehearsal.ok, rehearsal.answers, rehearsal.violations) == (False, [], [violation(level)])
    else:
        with pytest.raises(CallError, match="has the queries that are run"):
            rehearse(stack, judge, with_drill=True)


@pytest.mark.parametrize(
    ("outcome", "ok"),
    [
        pytest.param({}, True, id="nothing"),
        pytest.param({"violations": [violation("advisory")]}, True, id="advisory"),
        pytest.param({"violations": [violation("advisory"), violation("mandatory")]}, False, id="mandatory"),
        pytest.param({"answers": [Answer(question="q", table="t")]}, True, id="answered"),
        pytest.param(
            {"answers": [Answer(question="q", table="t"), Answer(question="q", table="t", problem="p")]},
            False,
            id="not answered",
        ),
        pytest.param(
            {"drift": Drift(differences=[Difference(urn=USERS, property="p", declared=1, live=2)])},
            False,
            id="different",
        ),
    ],
)
def test_all_that_is_wrong_fails_a_rehearsal(outcome, ok):
    nothing = {"packs": [], "violations": [], "drift": Drift(), "answers": [], "seconds": 0.0}
    stack = project.Stack(ROOT, "demo", "dev", {})

    assert Rehearsal(**{"stack": stack, "plan": Plan(), **nothing, **outcome}).ok is ok  # ty: ignore[invalid-argument-type]
