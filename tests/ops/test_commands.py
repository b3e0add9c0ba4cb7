"""The command as a person calls it."""

import contextlib
import functools
import io
import json
import os
import re
import socket
import subprocess
import sys
from collections import Counter

import pytest
from moto.server import ThreadedMotoServer

from components.tables import TABLES
from ops.__main__ import main
from ops.aws import emulator, resources
from tests.conftest import ROOT
from tests.ops.accounts import ACCOUNT

# Reads and writes of each table with a capacity, and of its indexes.
SCALED = sum(2 + 2 * len(table.indexes) for table in TABLES if table.capacity)

TABLE = """
    aws.dynamodb.Table(
        "t",
        name="things",
        billing_mode="PAY_PER_REQUEST",
        hash_key="id",
        attributes=[{"name": "id", "type": "S"}],
    )
"""
THING = "urn:pulumi:dev::demo::aws:dynamodb/table:Table::t"


def run(capsys, *arguments):
    code = main(["rehearse", *map(str, arguments)])
    return code, *capsys.readouterr()


@functools.cache
def whole(stack):
    """Return what rehearsing a stack prints as JSON: with the program and the pack in processes of their own, once."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["rehearse", "--cwd", str(ROOT), "--stack", stack, "--config", ACCOUNT, "--json"])
    assert (code, err.getvalue()) == (0, "")
    return json.loads(out.getvalue())


@pytest.mark.parametrize(("stack", "advisory"), [("dev", []), ("prod", ["dynamodb-table-alarmed"])])
def test_a_stack_is_created_without_a_mandatory_violation_and_read_back(stack, advisory):
    result = whole(stack)

    assert (result["project"], result["stack"], result["ok"]) == ("paypulse", stack, True)
    assert [(found["policy"], found["level"]) for found in result["policies"]] == [
        (name, "advisory") for name in advisory
    ]
    assert Counter(r["type"] for r in result["resources"] if r["custom"]) == {
        "aws:dynamodb/table:Table": len(TABLES),
        "aws:appautoscaling/target:Target": SCALED,
        "aws:appautoscaling/policy:Policy": SCALED,
    }
    assert result["readback"]["checked"] > 200
    assert result["readback"]["differences"] == []


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("account", ["", "[]", '["000000000000"]'])
def test_a_protected_stack_that_names_no_account_is_warned_of(capsys, account):
    config = f"aws:allowedAccountIds={account}"
    code, out, err = run(capsys, "--cwd", ROOT, "--stack", "prod", "--config", config, "--no-policies", "--json")

    assert (code, json.loads(out)["ok"]) == (0, True)
    assert err == (
        "warning: prod protects its tables, but Pulumi.prod.yaml doesn't name their account; "
        "set aws:allowedAccountIds there before the first deployment\n"
    )


def test_json_shows_a_resource_as_the_engine_gets_it():
    result = whole("prod")
    family = "urn:pulumi:prod::paypulse::paypulse:dynamodb:RentalInvoices::rental_invoices"

    assert next(r for r in result["resources"] if r["inputs"].get("name") == "RentalInvoices") == {
        "urn": "urn:pulumi:prod::paypulse::paypulse:dynamodb:RentalInvoices$aws:dynamodb/table:Table::rental_invoices",
        "type": "aws:dynamodb/table:Table",
        "name": "rental_invoices",
        "parent": family,
        "custom": True,
        "inputs": {
            "name": "RentalInvoices",
            "billingMode": "PROVISIONED",
            "hashKey": "UserID",
            "rangeKey": "InvoiceID",
            "attributes": [
                {"name": "InvoiceID", "type": "S"},
                {"name": "UserID", "type": "S"},
                {"name": "due_date_month", "type": "S"},
                {"name": "due_date_year", "type": "S"},
            ],
            "readCapacity": 5,
            "writeCapacity": 5,
            "globalSecondaryIndexes": [
                {
                    "name": "due_date_year-due_date_month-index",
                    "hashKey": "due_date_year",
                    "rangeKey": "due_date_month",
                    "projectionType": "ALL",
                    "readCapacity": 1,
                    "writeCapacity": 1,
                }
            ],
            "streamEnabled": True,
            "streamViewType": "NEW_AND_OLD_IMAGES",
            "serverSideEncryption": {"enabled": True},
            "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
            "deletionProtectionEnabled": True,
            "tags": {"Environment": "production"},
        },
        "options": {
            "protect": True,
            "ignoreChanges": [
                "readCapacity",
                "writeCapacity",
                "globalSecondaryIndexes[*].readCapacity",
                "globalSecondaryIndexes[*].writeCapacity",
            ],
        },
    }


def test_outputs_are_what_the_embedded_aws_gave():
    outputs = whole("prod")["outputs"]
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/RentalInvoices"
    stream_arn = outputs["rental_invoices_stream_arn"]

    assert stream_arn.startswith(f"{arn}/stream/")
    assert sorted(outputs) == ["permissions", "rental_invoices_stream_arn", "retail_invoices_stream_arn", "tables"]
    assert len(outputs["tables"]) == len(TABLES)
    assert outputs["tables"]["vendor_config"] == {
        "name": "VendorConfig",
        "arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/VendorConfig",
        "indexes": {},
    }
    assert outputs["tables"]["rental_invoices"] == {
        "name": "RentalInvoices",
        "arn": arn,
        "stream_arn": stream_arn,
        "indexes": {
            "due_date": {
                "name": "due_date_year-due_date_month-index",
                "arn": f"{arn}/index/due_date_year-due_date_month-index",
            }
        },
    }


@pytest.mark.usefixtures("in_process")
def test_a_person_reads_tree_outputs_tables_scaling_and_counts_without_colour_in_a_pipe(capsys):
    code, out, _ = run(capsys, "--cwd", ROOT, "--stack", "prod", "--no-policies")
    lines = [line.rstrip() for line in out.splitlines()]

    assert code == 0
    assert "\x1b" not in out
    assert "+  │  ├─ aws:dynamodb:Table                  rental_invoices                 create  protected" in lines
    assert [line.split() for line in lines if "due_date_year-due_date_month-index  " in line][-3:] == [
        ["due_date_year-due_date_month-index", "due_date_year,", "due_date_month", "1/1"],
        *(
            [
                "table/RentalInvoices/index/due_date_year-due_date_month-index",
                f"{access}CapacityUnits",
                "1..10",
                *("70", "%", "60", "s,", "60", "s"),
                f"DynamoDB{access}AutoScalingPolicy",
            ]
            for access in ("Read", "Write")
        ),
    ]
    assert (
        f"Created  {len(TABLES)} aws:dynamodb:Table, 4 aws:appautoscaling:Target, 4 aws:appautoscaling:Policy" in lines
    )
    assert lines[-1].startswith("ok: everything is as declared (")


@pytest.mark.usefixtures("in_process")
def test_what_the_program_says_is_text_and_its_secrets_are_hidden(capsys, program):
    stack = program(
        """
        pulumi.export("markup", "[/red] [bold]x")
        pulumi.export("secret", pulumi.Output.secret("hush"))
        """
    )

    code, out, err = run(capsys, "--cwd", stack.directory)
    assert (code, err) == (0, "")
    assert ["markup", "[/red]", "[bold]x"] in [line.split() for line in out.splitlines()]
    assert ["secret", "[secret]"] in [line.split() for line in out.splitlines()]
    assert json.loads(run(capsys, "--cwd", stack.directory, "--json")[1])["outputs"]["secret"] == "[secret]"  # noqa: S105


@pytest.mark.usefixtures("in_process")
def test_a_wrong_read_back_fails_and_is_shown(capsys, monkeypatch):
    table = resources.module("aws:dynamodb/table:Table")
    read = table.read
    monkeypatch.setattr(table, "read", lambda *args: (live | {"billingMode": "PROVISIONED"} for live in read(*args)))

    code, out, _ = run(capsys, "--cwd", ROOT, "--no-policies", "--json")
    result = json.loads(out)

    assert (code, result["ok"]) == (1, False)
    assert len(result["readback"]["differences"]) == len(TABLES) - 1
    assert result["readback"]["differences"][0] == {
        "urn": "urn:pulumi:dev::paypulse::paypulse:dynamodb:Users$aws:dynamodb/table:Table::users",
        "property": "billingMode",
        "declared": "PAY_PER_REQUEST",
        "live": "PROVISIONED",
        "replaces": False,
    }
    code, out, _ = run(capsys, "--cwd", ROOT, "--no-policies")
    assert code == 1
    assert [
        "paypulse:dynamodb:Users$aws:dynamodb/table:Table::users",
        *("billingMode", '"PAY_PER_REQUEST"', '"PROVISIONED"'),
    ] in [line.split() for line in out.splitlines()]
    assert out.splitlines()[-1].startswith("failed: not everything is as declared")


SECRETS = """
    hush = pulumi.Output.secret("arn:aws:kms:eu-west-1:123456789012:key/hush")
    aws.dynamodb.Table(
        "t",
        name=pulumi.Output.secret("hush-things"),
        billing_mode="PAY_PER_REQUEST",
        hash_key="id",
        attributes=[{"name": "id", "type": "S"}],
        server_side_encryption={"enabled": True, "kms_key_arn": hush},
        point_in_time_recovery=pulumi.Output.secret({"enabled": True, "recovery_period_in_days": 7}),
        tags={"Owner": pulumi.Output.secret("hush"), "Team": "us"},
        ttl=pulumi.Output.secret({"enabled": True, "attribute_name": "hush"}),
    )
"""
EXPIRY = 'ttl=pulumi.Output.secret({"enabled": True, "attribute_name": "hush"}),'


@pytest.mark.usefixtures("in_process")
def test_what_is_read_back_is_shown_without_its_secrets(capsys, program):
    # A rehearsal creates no expiry.
    stack = program(SECRETS.replace(EXPIRY, ""))

    code, out, err = run(capsys, "--cwd", stack.directory)
    row = next(line for line in out.splitlines() if "PAY_PER_REQUEST" in line)

    assert (code, "hush" in out + err) == (0, False)
    assert re.split("  +", row.strip()) == ["[secret]", "id", "PAY_PER_REQUEST", "[secret]", "[secret] days"]


@pytest.fixture
def verified(capsys, monkeypatch, program, in_process):  # noqa: ARG001 - it is enough that it is there
    """Return a function: verify the program with secrets against an account that `made` has changed."""

    def verify(made):
        stack = program(SECRETS)
        monkeypatch.setattr("ops.aws.account.refuse_without_tables", lambda *_: None)
        with emulator.embedded("eu-west-1") as clients:
            made(clients)
            results = []
            for more in ([], ["--json"]):
                main(["verify", "--cwd", str(stack.directory), *more])
                results.append(capsys.readouterr().out)
        return results

    return verify


def other_table(clients):
    clients("dynamodb").create_table(
        TableName="hush-things",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        SSESpecification={"Enabled": True},
        Tags=[{"Key": "Owner", "Value": "hushed"}, {"Key": "Team", "Value": "them"}],
    )
    clients("dynamodb").update_time_to_live(
        TableName="hush-things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "hush-hush"}
    )
    clients("application-autoscaling").register_scalable_target(
        ServiceNamespace="dynamodb",
        ResourceId="table/hush-things",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        MinCapacity=1,
        MaxCapacity=2,
    )


def test_a_difference_at_or_below_a_secret_shows_neither_side(verified):
    text, as_json = verified(other_table)

    assert "hush" not in text + as_json
    assert [(d["property"], d["declared"], d["live"]) for d in json.loads(as_json)["differences"]] == [
        *(
            (secret, "[secret]", "[secret]")
            for secret in ("pointInTimeRecovery", "serverSideEncryption.kmsKeyArn", "tags.Owner")
        ),
        ("tags.Team", "us", "them"),
        ("ttl", "[secret]", "[secret]"),
        ("scalable target [secret]", None, "[secret]"),
    ]


def test_a_table_that_is_missing_shows_what_was_declared_without_its_secrets(verified):
    text, as_json = verified(lambda _: None)
    (difference,) = json.loads(as_json)["differences"]

    assert "hush" not in text + as_json
    assert (difference["property"], difference["live"]) == ("", None)
    assert difference["declared"] == {
        "name": "[secret]",
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "id",
        "attributes": [{"name": "id", "type": "S"}],
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": "[secret]"},
        "pointInTimeRecovery": "[secret]",
        "tags": {"Owner": "[secret]", "Team": "us"},
        "ttl": "[secret]",
    }


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(
            "aws.sns.Topic('t')",
            "ops can't create aws:sns/topic:Topic; add a module for it to ops/aws/resources/, and to MODULES in its __init__.py\n",
            id="an unknown type",
        ),
        pytest.param(
            TABLE.replace('hash_key="id"', 'hash_key="other"'),
            f"{THING} can't be created: An error occurred (ValidationException) when calling the CreateTable operation",
            id="AWS refuses",
        ),
    ],
)
def test_a_program_that_cannot_be_rehearsed_ends_in_a_clear_error(capsys, program, source, message):
    stack = program(source)

    code, out, err = run(capsys, "--cwd", stack.directory, "--json")

    assert (code, out) == (1, "")
    assert err.startswith(f"error: {message}")


def test_a_program_that_leaves_this_machine_fails(capsys, program):
    stack = program("import socket\nsocket.create_connection(('192.0.2.1', 80))")

    code, out, err = run(capsys, "--cwd", stack.directory, "--json")

    assert (code, out) == (1, "")
    assert err.startswith("error: the program failed:\n")
    assert err.endswith("PermissionError: a rehearsal can't connect to 192.0.2.1: it stays on this machine\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stack", "live"], "the stack 'live' has no Pulumi.live.yaml; the stacks here: dev, prod"),
        (["--config", "x"], "--config 'x' is not KEY=VALUE"),
        *(
            (
                ["--endpoint-url", url],
                f"--endpoint-url {url}: a rehearsal stays on this machine; use http://127.0.0.1:PORT",
            )
            for url in (
                "https://dynamodb.eu-west-1.amazonaws.com",
                "http://10.0.0.1:8000",
                "127.0.0.1:8000",
                "http://[::2]",
            )
        ),
    ],
)
def test_a_wrong_call_is_refused(capsys, arguments, message):
    assert run(capsys, "--cwd", ROOT, *arguments) == (2, "", f"error: {message}\n")


@pytest.fixture
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.mark.usefixtures("in_process")
def test_an_endpoint_of_the_caller_has_the_tables_afterwards_and_only_once(capsys, server):
    arguments = ("--cwd", ROOT, "--stack", "prod", "--no-policies", "--endpoint-url", server)
    code = run(capsys, *arguments)[0]

    with emulator.at(server, "eu-west-1") as clients:
        assert code == 0
        assert len(clients("dynamodb").list_tables()["TableNames"]) == len(TABLES)
    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert err.endswith("Table already exists: RentalInvoices; a rehearsal needs an empty emulator\n")


@pytest.mark.usefixtures("in_process")
def test_an_endpoint_that_does_not_answer_ends_in_a_clear_error(capsys):
    code, _, err = run(capsys, "--cwd", ROOT, "--no-policies", "--endpoint-url", "http://127.0.0.1:1")

    assert code == 1
    assert err.endswith('Could not connect to the endpoint URL: "http://127.0.0.1:1/"\n')


def test_whatever_the_environment_holds_no_account_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}"
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
            "AWS_PROFILE": "production",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_DYNAMODB": url,
            "HTTPS_PROXY": url,
            "https_proxy": url,
            "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT": url,
        }
        command = [sys.executable, "-m", "ops", "rehearse"]
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

        assert (result.returncode, result.stderr) == (0, "")
        with pytest.raises(BlockingIOError):
            trap.accept()


@pytest.mark.parametrize(
    "call",
    [
        lambda datagrams: datagrams.sendto(b"x", ("192.0.2.1", 53)),
        lambda datagrams: datagrams.connect(("192.0.2.1", 53)),
        lambda _: socket.gethostbyname("192.0.2.1"),
        lambda _: socket.getnameinfo(("192.0.2.1", 53), 0),
    ],
    ids=["a datagram", "a connection for datagrams", "a name", "an address"],
)
def test_nothing_else_leaves_the_machine_either(call):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(PermissionError, match=r"it stays on this machine$"),
    ):
        call(datagrams)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "aws.example"])
def test_no_connection_leaves_the_machine(host):
    with pytest.raises(PermissionError, match=f"^a rehearsal can't connect to {host}: it stays on this machine$"):
        socket.create_connection((host, 443), timeout=1)


OPTIONS = (
    *("--stack", "--config", "--cwd", "--drill", "--json", "--endpoint-url"),
    *("--policy-pack ", "--policy-pack-config", "--no-policies"),
)


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as end:
        main(["rehearse", "--help"])

    assert end.value.code == 0
    out = capsys.readouterr().out
    assert all(option in out for option in OPTIONS)


@pytest.mark.parametrize("region", ["eu", "eu-west-1x", "eu-west-1 ", "EU-WEST-1"])
def test_what_is_not_wholly_a_region_is_a_wrong_call(capsys, region):
    assert run(capsys, "--cwd", ROOT, "--config", f"aws:region={region}") == (
        *(2, ""),
        f"error: aws:region is {region!r}, which is not a region; set it in Pulumi.dev.yaml or with --config\n",
    )


@pytest.fixture
def evolved(capsys, program, in_process):  # noqa: ARG001 - it is enough that it is there
    """Return a function that evolves the table of a small program from the state of another, and is called so."""

    def evolved(then, *arguments, now=TABLE):
        stack = program(now)
        components = stack.directory / "components"
        components.mkdir()
        (components / "tables.py").write_text("TABLES = ()")
        (components / "examples.py").write_text("ITEMS = {}")
        things = {"name": "things", "billingMode": "PAY_PER_REQUEST", "hashKey": "id"}
        inputs = things | {"attributes": [{"name": "id", "type": "S"}]} | then
        resource = {"urn": THING, "type": "aws:dynamodb/table:Table", "custom": True, "inputs": inputs}
        state = stack.directory / "state.json"
        state.write_text(json.dumps({"deployment": {"resources": [resource]}}))
        code = main(["evolve", "--cwd", str(stack.directory), "--state", str(state), *arguments])
        return code, *capsys.readouterr()

    return evolved


def test_evolve_without_a_change_is_a_success(evolved):
    code, out, err = evolved({}, "--json")

    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found.pop("base").endswith("/state.json")
    assert found == {"project": "demo", "stack": "dev", "changes": [], "questions": [], "ok": True}


def test_evolve_fails_for_a_dangerous_change(evolved):
    code, out, err = evolved({"name": "others"}, "--json")

    assert (code, err) == (1, "")
    (change,) = json.loads(out)["changes"]
    assert (change["code"], change["property"], change["old"], change["new"]) == (
        "table-replaced",
        "name",
        "others",
        "things",
    )


def test_evolve_succeeds_with_a_safe_change_that_a_person_reads(evolved):
    code, out, err = evolved(
        {"deletionProtectionEnabled": False, "tags": {"a": "b"}}, now=TABLE.replace("name=", "tags={'a': 'c'}, name=")
    )

    assert (code, err) == (0, "")
    header, row, _, verdict = out.splitlines()
    assert header.split() == ["Code", "Table", "Property", "Change"]
    assert row.split() == ["safe", "tags-changed", "things", "tags.a", "b", "→", "c"]
    assert re.fullmatch("ok: 1 change since .*/state.json, rehearsed with 0 queries", verdict)


@pytest.mark.parametrize("output", [[], ["--json"], ["--markdown"]])
def test_evolve_prints_no_secret(evolved, tmp_path, output):
    wrapped = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": json.dumps("hidden-before"),
    }
    now = TABLE.replace("name=", "tags={'a': pulumi.Output.secret('hidden-now')}, name=")
    code, out, err = evolved({"tags": {"a": wrapped}}, *output, "--summary", f"{tmp_path}/summary", now=now)
    summary = (tmp_path / "summary").read_text()

    assert code == 0
    assert "tags-changed" in out
    assert "tags-changed" in summary
    assert "hidden" not in out + err + summary


def test_the_summary_also_says_what_a_change_of_capacity_does_to_the_month_or_why_it_cannot(evolved, tmp_path):
    provisioned = {"billingMode": "PROVISIONED", "readCapacity": 5, "writeCapacity": 5}
    code, out, err = evolved(provisioned, "--markdown", "--summary", f"{tmp_path}/summary")

    assert (code, err) == (0, "")
    summary = (tmp_path / "summary").read_text()
    assert out == summary.removesuffix("\n")
    assert re.search(r"^\*\*A month\*\*: not computed\. `no .*/usage\.yaml; docs/cost\.md", summary, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--state", "none.json"], "--state none.json can't be read: [Errno 2] No such file or directory: 'none.json'"),
        (["--base", ""], "--base and --state can't be empty; name a git ref, or a file"),
        (["--state", ""], "--base and --state can't be empty; name a git ref, or a file"),
        (["--state", "-"], "stdin is not the state of a stack; pulumi stack export writes one"),
        (["--base", "none", "--stack", "live"], "the stack 'live' has no Pulumi.live.yaml; the stacks here: dev, prod"),
    ],
)
@pytest.mark.usefixtures("in_process")
def test_a_wrong_call_of_evolve_is_refused(capsys, monkeypatch, arguments, message):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert (main(["evolve", "--cwd", str(ROOT), *arguments]), *capsys.readouterr()) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of the arguments --base --state is required"),
        (["--base", "a", "--state", "b"], "argument --state: not allowed with argument --base"),
        (["--base", "a", "--json", "--markdown"], "argument --markdown: not allowed with argument --json"),
    ],
)
def test_evolve_needs_one_base(capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        main(["evolve", *arguments])

    assert end.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {message}\n")


@pytest.mark.usefixtures("in_process")
def test_a_rehearsal_is_appended_to_the_summary(capsys, tmp_path):
    (tmp_path / "summary").write_text("before\n")
    code, _, err = run(capsys, "--cwd", ROOT, "--no-policies", "--summary", tmp_path / "summary")

    assert (code, err) == (0, "")
    assert (tmp_path / "summary").read_text() == (
        "before\n### dev: rehearsed\n\n**ok**: everything is as declared\n\nCreated `12 aws:dynamodb:Table, "
        "4 aws:appautoscaling:Target, 4 aws:appautoscaling:Policy`; compared 215 properties\n\n"
    )


@pytest.mark.usefixtures("in_process")
def test_an_account_that_cannot_be_verified_is_in_the_summary(capsys, tmp_path):
    summary = tmp_path / "summary"
    arguments = ["verify", "--cwd", str(ROOT), "--stack", "prod", "--config", ACCOUNT, "--summary", str(summary)]
    with emulator.embedded("eu-west-1"):
        code = main(arguments)

    error = "error: "
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert err.startswith(error)
    assert summary.read_text() == f"### prod: verify failed\n\n**error**: `{err.strip().removeprefix(error)}`\n\n"


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("option", ["--summary", "--sarif"])
def test_a_file_that_cannot_be_written_is_a_wrong_call(capsys, tmp_path, program, option):
    stack = program(TABLE)
    code, out, err = run(capsys, "--cwd", stack.directory, "--no-policies", option, tmp_path)

    assert (code, err) == (2, f"error: {option} {tmp_path} can't be written: Is a directory\n")
    assert "ok: everything is as declared" in out


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("/dev/full", "/dev/full can't be written: No space left on device"),
        ("", " can't be written: Is a directory"),
        ("-", "- is not stdout; name a file, such as /dev/stdout"),
    ],
)
@pytest.mark.parametrize(("option", "other"), [("--summary", "--sarif"), ("--sarif", "--summary")])
def test_of_a_summary_and_sarif_one_is_written_if_the_other_cannot_be(
    capsys, tmp_path, program, option, other, file, why
):
    written = tmp_path / "written"
    stack = program(TABLE)
    code, out, err = run(capsys, "--cwd", stack.directory, "--no-policies", option, file, other, written)

    assert (code, err) == (2, f"error: {option} {why}\n")
    assert "ok: everything is as declared" in out
    assert written.read_text()


def test_a_summary_and_sarif_are_not_written_to_one_file(capsys, tmp_path, monkeypatch):
    file = tmp_path / "result"
    file.write_text("before\n")
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "--cwd", ROOT, "--summary", file, "--sarif", "result")

    assert (code, out, err) == (2, "", "error: --summary and --sarif are both result; name two files\n")
    assert file.read_text() == "before\n"


def test_a_summary_of_a_failure_that_cannot_be_written_leaves_the_failure(capsys, tmp_path, program, in_process):  # noqa: ARG001
    stack = program("raise ValueError('no')")
    code, _, err = run(capsys, "--cwd", stack.directory, "--no-policies", "--summary", tmp_path)

    assert code == 2
    assert err == f"error: no\nerror: --summary {tmp_path} can't be written: Is a directory\n"


def test_a_violation_fails_and_is_in_the_summary_and_in_sarif(capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    summary, sarif = tmp_path / "summary", tmp_path / "sarif"
    unprotected = ("--stack", "prod", "--config", "protect_tables=false")
    code, *_ = run(capsys, "--cwd", ROOT, *unprotected, "--summary", summary, "--sarif", sarif)
    results = json.loads(sarif.read_text())["runs"][0]["results"]

    assert code == 1
    assert summary.read_text().splitlines()[:3] == [
        "### prod: rehearsed",
        "",
        "**failed**: a mandatory policy is violated, stopped at `rental_invoices`",
    ]
    assert [(result["ruleId"], result["level"]) for result in results] == [
        ("dynamodb-table-deletion-protection-enabled", "error"),
        ("dynamodb-table-protected", "error"),
    ]
