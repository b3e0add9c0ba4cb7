import json
import signal
import subprocess
import time

import pytest

from components.tables import TABLES
from ops.__main__ import main
from tests.conftest import ROOT
from tests.engine.conftest import PACK

# The tables, 4 targets, 4 policies, 5 components and the stack.
RESOURCES = len(TABLES) + 14


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_plan_of_a_rehearsal_is_the_engines(engine, capsys, stack):
    main(["rehearse", "--cwd", str(ROOT), "--stack", stack, "--json"])
    rehearsed = json.loads(capsys.readouterr().out)["resources"]
    engine.run("stack", "init", stack)

    states = [step["newState"] for step in engine.json("preview", "--stack", stack)["steps"]]

    planned = {
        state["urn"]: {
            "type": state["type"],
            "parent": state.get("parent", ""),
            "custom": state["custom"],
            "inputs": state.get("inputs", {}),
            "protect": state.get("protect", False),
            "ignoreChanges": state.get("ignoreChanges", []),
        }
        for state in states
        if not state["type"].startswith("pulumi:providers:")
    }
    assert planned == {
        resource["urn"]: {
            **{key: resource[key] for key in ("type", "parent", "custom", "inputs")},
            **resource["options"],
        }
        for resource in rehearsed
    }


def test_dev_is_deployed_then_unchanged_and_can_be_destroyed(engine):
    engine.run("stack", "init", "dev")
    pack = [argument.replace("prod", "dev") for argument in PACK]

    assert engine.changes("--stack", "dev") == {"create": RESOURCES}
    engine.run("up", "--yes", "--stack", "dev", *pack)
    assert len(engine.tables()) == len(TABLES)
    assert engine.changes("--stack", "dev") == {"same": RESOURCES}
    engine.run("destroy", "--yes", "--stack", "dev")
    assert engine.tables() == []


def test_the_trigger_is_deployed_as_rehearsed_verified_and_adopted(engine, capsys):
    trigger = "paypulse:send_invoice_notification_function=notify"
    endpoint = (
        "--cwd",
        str(engine.folder),
        "--stack",
        "prod",
        "--endpoint-url",
        engine.environment["AWS_ENDPOINT_URL"],
    )
    engine.run("stack", "init", "prod")

    engine.run("up", "--yes", "--stack", "prod", "--config", trigger, *PACK)
    assert engine.changes("--stack", "prod") == {"same": RESOURCES + 1}
    assert engine.changes("--stack", "prod", "--refresh") == {"same": RESOURCES + 1}
    code = main(["verify", *endpoint])
    assert (code, capsys.readouterr().out[:14]) == (0, "no difference:")

    engine.run("stack", "rm", "--yes", "--force", "--preserve-config", "prod")
    engine.run("stack", "init", "prod")
    engine.adopt("prod")
    assert engine.changes("--stack", "prod") == {"same": RESOURCES + 1}


def test_prod_is_unchanged_after_it_is_deployed(deployed):
    assert deployed.changes("--stack", "prod", "--expect-no-changes") == {"same": RESOURCES}


def test_verify_finds_no_difference_in_what_the_engine_deployed(deployed, capsys):
    endpoint = deployed.environment["AWS_ENDPOINT_URL"]

    assert main(["verify", "--cwd", str(ROOT), "--stack", "prod", "--endpoint-url", endpoint]) == 0
    assert capsys.readouterr().out.startswith("no difference: ")


def test_what_autoscaling_moved_stays(deployed):
    units = {"ReadCapacityUnits": 8, "WriteCapacityUnits": 9}
    deployed.aws("dynamodb").update_table(
        TableName="RentalInvoices",
        ProvisionedThroughput=units,
        GlobalSecondaryIndexUpdates=[
            {"Update": {"IndexName": "due_date_year-due_date_month-index", "ProvisionedThroughput": units}}
        ],
    )

    assert deployed.changes("--stack", "prod", "--refresh") == {"same": RESOURCES}
    deployed.run("up", "--yes", "--refresh", "--stack", "prod", "--expect-no-changes")
    table = deployed.aws("dynamodb").describe_table(TableName="RentalInvoices")["Table"]
    for item in (table, *table["GlobalSecondaryIndexes"]):
        assert units.items() <= item["ProvisionedThroughput"].items()


TABLES_FILE, PROJECT = "components/tables.py", "Pulumi.yaml"


@pytest.mark.parametrize(
    "edits",
    [
        [
            (TABLES_FILE, "RENTAL_INVOICES, USERS, RETAIL", "RENTAL_INVOICES, RETAIL"),
            (PROJECT, "  users_table:(\n    .*){3}\n", ""),
        ],
        [(TABLES_FILE, ' *"travel": .*\n', ""), (PROJECT, "  travel_invoices_table:(\n    .*){3}\n", "")],
        [(TABLES_FILE, '"TravelInvoices"', '"Travels"')],
        [("Pulumi.prod.yaml", "config:\n", "config:\n  paypulse:users_table: Customers\n")],
        [(TABLES_FILE, 'partition_key="vendor_id"', 'partition_key="VendorID"')],
        [(TABLES_FILE, '"paypulse:dynamodb:VendorConfig"', '"paypulse:dynamodb:Vendors"')],
    ],
    ids=[
        "a family gone",
        "a table gone",
        "another name",
        "another name by configuration",
        "another key",
        "another type of component",
    ],
)
def test_what_would_lose_a_table_of_prod_is_refused(deployed, edits):
    tables = deployed.tables()

    with deployed.edited(*edits):
        for command in (["preview"], ["up", "--yes"]):
            assert "protect" in deployed.run(*command, "--stack", "prod", fails=True)
    assert deployed.tables() == tables
    assert len(tables) == len(TABLES)


def test_destroying_prod_is_refused(deployed):
    out = deployed.run("destroy", "--yes", "--stack", "prod", fails=True)

    assert "cannot be deleted" in out
    assert deployed.changes("--stack", "prod") == {"same": RESOURCES}
    assert len(deployed.tables()) == len(TABLES)


def interrupted(engine, with_signal):
    engine.run("stack", "init", "prod")
    up = engine.start("up", "--yes", "--skip-preview", "--stack", "prod", "--parallel", "1")
    while len(engine.tables()) < 4:
        time.sleep(0.05)
    up.send_signal(with_signal)
    up.communicate()
    assert 4 <= len(engine.tables()) < len(TABLES)


def test_an_up_that_was_interrupted_goes_on_at_the_next(engine):
    interrupted(engine, signal.SIGINT)

    engine.run("up", "--yes", "--stack", "prod")

    assert len(engine.tables()) == len(TABLES)
    assert engine.changes("--stack", "prod") == {"same": RESOURCES}


def test_an_up_that_was_killed_goes_on_once_what_it_was_creating_is_adopted(engine):
    interrupted(engine, signal.SIGKILL)

    engine.run("cancel", "--yes", "prod")
    engine.run("refresh", "--yes", "--clear-pending-creates", "--stack", "prod")
    engine.adopt("prod")
    engine.run("up", "--yes", "--stack", "prod")

    assert len(engine.tables()) == len(TABLES)
    assert engine.changes("--stack", "prod") == {"same": RESOURCES}


def test_make_previews_and_deploys_the_plan_that_it_showed(engine):
    def make(*arguments):
        result = subprocess.run(
            ["make", *arguments],
            cwd=engine.folder,
            env=engine.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    engine.run("stack", "init", "prod")

    assert f"{RESOURCES} to create" in make("preview", "STACK=prod", "ARGS=--non-interactive")
    make("up", "STACK=prod", "ARGS=--yes --non-interactive")
    assert len(engine.tables()) == len(TABLES)
    assert f"{RESOURCES} unchanged" in make("preview", "STACK=prod", "ARGS=--non-interactive")
