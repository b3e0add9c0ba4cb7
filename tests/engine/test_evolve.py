"""The real CLI stops before a change of prod that evolve, or the pack alone, refuses; and deploys one that is safe."""

import json
import subprocess
import sys

import pytest

from tests.engine.conftest import PACK, that_change

TABLES = "components/tables.py"
DUE = "due_date_year-due_date_month-index"
ADDED = """GlobalSecondaryIndex(
    logical_name="amount", name="amount-index", partition_key="total_amount", capacity=Capacity(read=2, write=2)
),"""
DANGEROUS = {
    "the only index dropped": (
        (TABLES, r"indexes=\(GlobalSecondaryIndex\(logical_name=\"email\".*\n", ""),
        "index-removal-not-applied",
    ),
    "another projection": (
        ("components/family.py", '"projection_type": "ALL"', '"projection_type": "KEYS_ONLY"'),
        "index-rebuilt",
    ),
    "an index inserted in front": (
        (TABLES, r"(capacity=Capacity\(read=5, write=5\),\n *indexes=\()", rf"\1{ADDED}"),
        "capacity-set-back",
    ),
}


def make(engine, *arguments):
    """Run make in the project; return its exit code, and what it printed."""
    result = subprocess.run(
        ["make", *arguments],
        cwd=engine.folder,
        env=engine.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout


def capacities(engine):
    """Return the capacity units of RentalInvoices and of its indexes, by name."""
    table = engine.aws("dynamodb").describe_table(TableName="RentalInvoices")["Table"]
    items = [("", table), *((index["IndexName"], index) for index in table["GlobalSecondaryIndexes"])]
    found = {name: item["ProvisionedThroughput"] for name, item in items}
    return {name: (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) for name, units in found.items()}


@pytest.mark.parametrize(("edit", "code"), DANGEROUS.values(), ids=DANGEROUS)
def test_make_stops_before_the_preview_of_a_dangerous_change(deployed, edit, code):
    with deployed.edited(edit), deployed.watched() as calls:
        status, out = make(deployed, "up", "STACK=prod", "ARGS=--yes --non-interactive")

    assert status == 2
    assert code in out
    assert "refused: " in out
    assert "Previewing update" not in out
    assert calls == []


@pytest.mark.parametrize("edit", [edit for edit, _ in DANGEROUS.values()], ids=DANGEROUS)
def test_the_pack_stops_the_bare_cli_before_a_dangerous_change(deployed, edit):
    state = deployed.folder / "before.json"
    state.write_text(deployed.run("stack", "export", "--stack", "prod"))
    with deployed.edited(edit), deployed.watched() as calls:
        out = deployed.run("up", "--yes", "--skip-preview", "--stack", "prod", *PACK, fails=True)
    # The CLI has written the new inputs into the state. Other tests use it, too.
    deployed.run("stack", "import", "--stack", "prod", "--file", str(state))

    assert "dynamodb-table-contract" in out
    assert that_change(calls) == []


def test_an_appended_index_is_deployed_and_every_live_capacity_is_kept(engine):
    engine.run("stack", "init", "prod")
    engine.run("up", "--yes", "--skip-preview", "--stack", "prod", *PACK)
    moved = {"ReadCapacityUnits": 8, "WriteCapacityUnits": 9}
    update = {"Update": {"IndexName": DUE, "ProvisionedThroughput": {"ReadCapacityUnits": 6, "WriteCapacityUnits": 7}}}
    engine.aws("dynamodb").update_table(
        TableName="RentalInvoices", ProvisionedThroughput=moved, GlobalSecondaryIndexUpdates=[update]
    )
    config = engine.folder / "policies/config/prod.json"
    contract = json.loads(config.read_text())
    table = contract["dynamodb-table-contract"]["tables"]["RentalInvoices"]
    table["attributes"]["total_amount"] = "S"
    table["globalSecondaryIndexes"].append(
        {"name": "amount-index", "partitionKey": "total_amount", "projection": "ALL"}
    )
    config.write_text(json.dumps(contract))

    with engine.edited((TABLES, r"(capacity=Capacity\(read=1, write=1\),\n *\),\n)", rf"\1{ADDED}")):
        status, out = make(engine, "up", "STACK=prod", "ARGS=--yes --non-interactive --refresh")

    assert status == 0, out
    assert "index-added " in out
    assert capacities(engine) == {"": (8, 9), DUE: (6, 7), "amount-index": (2, 2)}


def test_what_was_deployed_refreshed_or_adopted_is_no_change(engine):
    def changes():
        (engine.folder / "state.json").write_text(engine.run("stack", "export", "--stack", "prod"))
        evolve = [sys.executable, "-m", "ops", "evolve", "--cwd", engine.folder, "--stack", "prod", "--json"]
        result = subprocess.run(
            [*evolve, "--state", engine.folder / "state.json"], cwd=engine.folder, capture_output=True, check=True
        )
        return [
            (change["code"], change["table"], change["property"]) for change in json.loads(result.stdout)["changes"]
        ]

    engine.run("stack", "init", "prod")
    engine.run("up", "--yes", "--skip-preview", "--stack", "prod", *PACK)
    assert changes() == []
    engine.run("refresh", "--yes", "--skip-preview", "--stack", "prod")
    assert changes() == []
    engine.run("stack", "rm", "--yes", "--force", "--preserve-config", "prod")
    engine.run("stack", "init", "prod")
    engine.adopt("prod")
    assert changes() == []
