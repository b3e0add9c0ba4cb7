import re
import signal
import subprocess
import time
from dataclasses import replace

import botocore.session
import pytest

from components.tables import TABLES
from ops.__main__ import main
from tests.engine.conftest import PACK, copy_project, described, that_change
from tests.test_ci_permissions import actions, shown

# The tables, 4 targets, 4 policies, 5 components and the stack.
RESOURCES = len(TABLES) + 14


def test_dev_is_deployed_then_unchanged_and_can_be_destroyed(engine):
    engine.run("stack", "init", "dev")
    pack = [argument.replace("prod", "dev") for argument in PACK]

    assert f"{RESOURCES} created" in engine.run("up", "--yes", "--stack", "dev", *pack)
    assert len(engine.tables()) == len(TABLES)
    assert engine.changes("--stack", "dev") == {"same": RESOURCES}
    engine.run("destroy", "--yes", "--stack", "dev")
    assert engine.tables() == []


def make_function(aws, name):
    """Make the function of another stack."""
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    empty_zip = b"PK\x05\x06" + bytes(18)
    aws("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Handler="none", Role=role, Code={"ZipFile": empty_zip}
    )


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
    make_function(engine.aws, "notify")
    engine.run("stack", "init", "prod")

    with engine.watched() as calls:
        engine.run("up", "--yes", "--skip-preview", "--stack", "prod", "--config", trigger, *PACK)
        assert engine.changes("--stack", "prod", "--refresh") == {"same": RESOURCES + 1}
    allowed = {action.partition(":")[2] for name in ("verify", "deploy") for action in actions(shown(name))}
    assert {operation(call) for call, _ in calls} <= allowed | {"GetCallerIdentity"}
    code = main(["verify", *endpoint])
    assert (code, capsys.readouterr().out[:14]) == (0, "no difference:")

    engine.run("stack", "rm", "--yes", "--force", "--preserve-config", "prod")
    engine.run("stack", "init", "prod")
    engine.adopt("prod")
    assert engine.changes("--stack", "prod") == {"same": RESOURCES + 1}


def operation(call):
    """Return the name of an operation that is logged by its name or, as those of Lambda, by its path."""
    method, _, path = call.partition(" ")
    model = botocore.session.get_session().get_service_model("lambda")
    for name in model.operation_names if path else ():
        http = model.operation_model(name).http
        if http["method"] == method and re.fullmatch(
            re.sub(r"\{.*?\}", ".+", http["requestUri"]).rstrip("/") + "/?", path
        ):
            return name
    return call


def test_alarms_are_deployed_as_rehearsed_verified_and_adopted(engine, capsys):
    topic = "arn:aws:sns:eu-west-1:123456789012:alarms"
    arguments = ("--stack", "prod", "--config", f"paypulse:alarm_topic={topic}")
    endpoint = ("--cwd", str(engine.folder), "--endpoint-url", engine.environment["AWS_ENDPOINT_URL"])
    # 3 for each table, 2 for each of 4 indexes, 4 on what the provisioned one consumes, 1 of the account.
    alarms = 3 * len(TABLES) + 2 * 4 + 4 + 1
    engine.run("stack", "init", "prod")

    engine.run("up", "--yes", "--skip-preview", *arguments, *PACK)
    everything = RESOURCES + len(TABLES) + alarms
    assert engine.changes("--stack", "prod", "--refresh") == {"same": everything}
    live = [a for a in engine.aws("cloudwatch").describe_alarms()["MetricAlarms"] if a["OKActions"] == [topic]]
    assert len(live) == alarms
    code = main(["verify", *endpoint, *arguments])
    assert (code, capsys.readouterr().out[:14]) == (0, "no difference:")

    engine.run("stack", "rm", "--yes", "--force", "--preserve-config", "prod")
    engine.run("stack", "init", "prod")
    engine.adopt("prod")
    assert engine.changes("--stack", "prod") == {"same": everything}


def test_a_committed_salt_goes_with_its_passphrase_and_not_with_the_tests(engine, tmp_path):
    engine.run("stack", "init", "prod")
    committed = (engine.folder / "Pulumi.prod.yaml").read_text()
    (tmp_path / "elsewhere").mkdir()
    elsewhere = replace(engine, environment=engine.environment | {"PULUMI_BACKEND_URL": f"file://{tmp_path}/elsewhere"})

    elsewhere.run("stack", "select", "--create", "prod")
    assert elsewhere.changes("--stack", "prod") == {"create": RESOURCES}
    assert (engine.folder / "Pulumi.prod.yaml").read_text() == committed
    copy_project(engine.folder, tmp_path / "copy")
    assert re.search("(?m)^encryptionsalt: v1:", committed)
    assert "encryptionsalt" not in (tmp_path / "copy/Pulumi.prod.yaml").read_text()


def test_prod_is_unchanged_after_it_is_deployed_and_a_preview_only_reads(deployed):
    with deployed.watched() as calls:
        assert deployed.changes("--stack", "prod", "--expect-no-changes") == {"same": RESOURCES}
    assert described(calls) == {*deployed.tables()}
    assert that_change(calls) == []


def test_verify_finds_no_difference_in_what_the_engine_deployed(deployed, capsys):
    endpoint = deployed.environment["AWS_ENDPOINT_URL"]

    assert main(["verify", "--cwd", str(deployed.folder), "--stack", "prod", "--endpoint-url", endpoint]) == 0
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

    with deployed.watched() as calls:
        assert deployed.changes("--stack", "prod", "--refresh") == {"same": RESOURCES}
        deployed.run("up", "--yes", "--refresh", "--stack", "prod", "--expect-no-changes")
    assert that_change(calls) == []
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
        assert "protect" in deployed.run("up", "--yes", "--stack", "prod", fails=True)
    assert deployed.tables() == tables
    assert len(tables) == len(TABLES)


def test_destroying_prod_is_refused(deployed):
    out = deployed.run("destroy", "--yes", "--stack", "prod", fails=True)

    assert "cannot be deleted" in out
    assert deployed.changes("--stack", "prod") == {"same": RESOURCES}
    assert len(deployed.tables()) == len(TABLES)


def test_after_a_destroy_of_what_is_not_protected_the_next_up_brings_it_back(engine, capsys):
    trigger = ("--stack", "prod", "--config", "paypulse:send_invoice_notification_function=notify")
    make_function(engine.aws, "notify")
    engine.run("stack", "init", "prod")
    engine.run("up", "--yes", "--skip-preview", *trigger)
    verified = [*("verify", "--cwd", str(engine.folder), "--stack", "prod")]
    verified += ["--endpoint-url", engine.environment["AWS_ENDPOINT_URL"]]

    engine.run("destroy", "--yes", "--exclude-protected", "--stack", "prod")

    assert len(engine.tables()) == len(TABLES)
    assert main(verified) == 1
    lost = re.findall(r"::(\S+) +\(the resource\) ", capsys.readouterr().out)
    names = (
        "rental_invoices-read",
        "rental_invoices-write",
        "rental_invoices-due_date-read",
        "rental_invoices-due_date-write",
    )
    assert sorted(lost) == sorted([*names, *names, "send_invoice_notification"])

    engine.run("up", "--yes", "--stack", "prod", *PACK)
    assert main(verified) == 0


def interrupted(engine, with_signal):
    engine.run("stack", "init", "prod")
    up = engine.start("up", "--yes", "--skip-preview", "--stack", "prod", "--parallel", "1")
    # Stopped at a moment at which the state is written: a kill may cut it off, and no command can read it then.
    while not is_half_way(engine):
        up.send_signal(signal.SIGCONT)
        time.sleep(0.05)
        up.send_signal(signal.SIGSTOP)
    up.send_signal(with_signal)
    up.send_signal(signal.SIGCONT)
    up.communicate()
    assert 0 < len(engine.tables()) < len(TABLES)


def is_half_way(engine):
    """Tell whether the state has some tables, and something that is being created."""
    state = engine.state("prod")
    tables = [resource for resource in state.get("resources", []) if resource["type"] == "aws:dynamodb/table:Table"]
    pending = [operation["type"] for operation in state.get("pending_operations", [])]
    return len(tables) >= 4 and pending == ["creating"]


def test_an_up_that_was_interrupted_goes_on_at_the_next(engine):
    interrupted(engine, signal.SIGINT)

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

    shown = make("up", "STACK=prod", "ARGS=--yes --non-interactive")
    assert f"{RESOURCES} to create" in shown
    assert f"{RESOURCES} created" in shown
    assert len(engine.tables()) == len(TABLES)
    assert f"{RESOURCES} unchanged" in make("preview", "STACK=prod", "ARGS=--non-interactive")
