"""The runbooks, command by command as they are written, on the real CLI and a prod that is full of items."""

import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field

from boto3.dynamodb.types import TypeSerializer

from components.examples import ITEMS
from components.tables import TABLES
from tests.conftest import ROOT
from tests.engine.conftest import Engine, that_change
from tests.engine.test_deploy import RESOURCES, interrupted

PAGES = ROOT / "docs/runbooks"
NAMES = {table.name for table in TABLES}


@dataclass
class Runbook:
    """A page, on the project of an engine. Who follows it answers each question with yes."""

    engine: Engine
    page: str
    environment: dict[str, str] = field(init=False)

    def __post_init__(self):
        self.environment = self.engine.environment | {
            "PATH": f"{ROOT / 'tests/engine/bin'}:{self.engine.environment['PATH']}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "PULUMI_SKIP_CONFIRMATIONS": "true",
        }

    def steps(self, section):
        """Return the blocks under a heading, each as its language and its text."""
        text = (PAGES / self.page).read_text()
        [found] = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        blocks = re.findall(r"^```(\w+)\n(.*?)^```", found, re.MULTILINE | re.DOTALL)
        assert blocks
        return blocks

    def follow(self, section):
        """Do what is under a heading: run commands, and save diffs and YAML. Return what the commands print."""
        return "".join(self.do(*block) for block in self.steps(section))

    def do(self, language, block):
        if language == "sh":
            return self.run(block)
        file = {"diff": "change.diff", "yaml": "accepted_changes.yaml"}[language]
        (self.engine.folder / file).write_text(block)
        return ""

    def run(self, block, *, fails=False):
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.engine.folder,
            env=self.environment,
            input="yes\n" * 9,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (result.returncode != 0) == fails, f"{block}\n{result.stdout}"
        return result.stdout


def deploy(engine):
    """Deploy prod, and write the example items; return all items."""
    engine.run("stack", "init", "prod")
    engine.run("up", "--yes", "--skip-preview", "--stack", "prod")
    return fill(engine)


def fill(engine):
    to_wire = TypeSerializer().serialize
    for table in TABLES:
        if table.name in engine.tables():
            for item in ITEMS[table.logical_name]:
                engine.aws("dynamodb").put_item(TableName=table.name, Item=to_wire(item)["M"])
    return items(engine)


def items(engine, *names):
    """Return the items of these tables, or of all."""
    scans = {name: engine.aws("dynamodb").scan(TableName=name)["Items"] for name in names or engine.tables()}
    return {name: sorted(found, key=str) for name, found in scans.items()}


def test_a_further_stack(engine):
    page = Runbook(engine, "new-stack.md")

    page.follow("Steps")
    assert {*engine.tables()} == {f"{name}-staging" for name in NAMES}
    arn = engine.aws("dynamodb").describe_table(TableName="Users-staging")["Table"]["TableArn"]
    tags = engine.aws("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "Environment", "Value": "staging"}]
    assert "no difference: " in page.follow("How to see that it worked")

    page.follow("The way back")
    assert engine.tables() == []
    assert not [*engine.folder.rglob("*staging*")]


def test_the_backend_is_gone(engine):
    before, page = deploy(engine), Runbook(engine, "lost-state.md")
    shutil.rmtree(engine.folder.parent / "state/.pulumi")

    with engine.watched() as calls:
        assert page.follow("The backend is gone").count(f"{RESOURCES} unchanged") == 2
    assert that_change(calls) == []
    assert "no difference: " in page.follow("How to see that it worked")
    assert items(engine) == before
    assert engine.json("stack", "output", "--stack", "prod")["tables"].keys() == {t.logical_name for t in TABLES}


def test_an_up_was_killed(engine):
    interrupted(engine, signal.SIGKILL)
    before, page = fill(engine), Runbook(engine, "lost-state.md")

    page.follow("An up was killed")
    assert {*engine.tables()} == NAMES
    assert "no difference: " in page.follow("How to see that it worked")
    assert {name: items(engine)[name] for name in before} == before


def git(engine, *arguments):
    who = ("-c", "user.name=me", "-c", "user.email=me@example.com")
    subprocess.run(["git", *who, *arguments], cwd=engine.folder, check=True, capture_output=True)


def commit(engine, message):
    """Put the project into a git repository of its own."""
    git(engine, "init", "-q")
    git(engine, "add", "--all")
    git(engine, "commit", "-qm", message)


def described(engine, name):
    return engine.aws("dynamodb").describe_table(TableName=name)["Table"]


def bounds(engine):
    """Return what is scaled, each with its minimum and its maximum."""
    targets = engine.aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="dynamodb")
    return {
        (target["ResourceId"], target["ScalableDimension"].split(":")[-1]): (
            target["MinCapacity"],
            target["MaxCapacity"],
        )
        for target in targets["ScalableTargets"]
    }


def test_a_deployment_was_wrong(engine):
    before, page = deploy(engine), Runbook(engine, "rollback.md")
    page.environment |= {f"GIT_{who}_{what}": "me" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    commit(engine, "right")
    was = {name: described(engine, name) for name in ("RentalInvoices", "RetailInvoices")}
    page.run("pulumi stack export --stack prod > ../right.json")
    scaled = bounds(engine)
    for file, old, new in (
        ("Pulumi.prod.yaml", "environment: production", "environment: prod\n  paypulse:autoscaling_max_capacity: 5"),
        ("components/tables.py", "trigger=", 'stream_view_type="KEYS_ONLY",\n            trigger='),
        ("components/tables.py", "stream_view_type=_IMAGES,\n            stream", "stream"),
    ):
        text = (engine.folder / file).read_text()
        assert text.count(old) == 1, old
        (engine.folder / file).write_text(text.replace(old, new))
    tables = engine.folder / "components/tables.py"
    for dropped in (
        r' *GlobalSecondaryIndex\(\n *logical_name="sub_type",\n(.*\n){3} *\),\n',
        r" *AccessPattern\(\n.*in one category.*\n(.*\n){6} *\),\n",
    ):
        text, count = re.subn(dropped, "", tables.read_text())
        assert count == 1, dropped
        tables.write_text(text)
    git(engine, "commit", "-qam", "wrong")
    engine.run("up", "--yes", "--skip-preview", "--stack", "prod")
    assert len(described(engine, "RetailInvoices")["GlobalSecondaryIndexes"]) == 1
    assert {high for _, high in bounds(engine).values()} == {5}
    wrong = described(engine, "RentalInvoices")

    (_, revert), (_, judge), *rest = page.steps("Steps")
    page.run(revert)

    # Why not to import the old state: nothing that is wrong in AWS would be taken back.
    page.run("pulumi stack export --stack prod > ../wrong.json")
    page.run("pulumi stack import --stack prod --file ../right.json")
    assert engine.changes("--stack", "prod") == {"same": RESOURCES}
    page.run("pulumi stack import --stack prod --file ../wrong.json")

    assert re.findall("^dangerous *(\\S+)", page.run(judge, fails=True), re.MULTILINE) == ["stream-restarted"]
    for block in rest:
        page.do(*block)

    now = {name: described(engine, name) for name in was}
    indexes = [each["IndexName"] for each in now["RetailInvoices"]["GlobalSecondaryIndexes"]]
    assert indexes == [each["IndexName"] for each in was["RetailInvoices"]["GlobalSecondaryIndexes"]]
    assert bounds(engine) == scaled
    streams = {table["LatestStreamArn"] for table in (was["RentalInvoices"], wrong, now["RentalInvoices"])}
    assert len(streams) == 3
    out = page.follow("How to see that it worked")
    assert "no difference: " in out
    assert now["RentalInvoices"]["LatestStreamArn"] in out
    assert items(engine) == before


def units(engine, name):
    """Return how a table is billed, and its capacity and that of its indexes."""
    table = described(engine, name)
    found = [item.get("ProvisionedThroughput", {}) for item in (table, *table["GlobalSecondaryIndexes"])]
    return table["BillingModeSummary"]["BillingMode"], [
        (each.get("ReadCapacityUnits", 0), each.get("WriteCapacityUnits", 0)) for each in found
    ]


def test_billing_modes(engine):
    before, page = deploy(engine), Runbook(engine, "billing-mode.md")
    scaled = bounds(engine)

    page.follow("RentalInvoices to on demand")
    assert described(engine, "RentalInvoices")["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert bounds(engine) == {}

    page.follow("RentalInvoices back to provisioned")
    assert units(engine, "RentalInvoices") == ("PROVISIONED", [(8, 9), (6, 7)])
    assert bounds(engine) == scaled

    page.follow("RetailInvoices to provisioned")
    assert units(engine, "RetailInvoices") == ("PROVISIONED", [(5, 5)] * 3)
    assert len(bounds(engine)) == len(scaled) + 6
    assert "no difference: " in page.follow("How to see that it worked")
    assert items(engine) == before


def protection(engine, name):
    return described(engine, name)["DeletionProtectionEnabled"]


def test_a_table_is_retired(engine):
    before, page = deploy(engine), Runbook(engine, "retire.md")
    [protected] = [r for r in engine.state("prod")["resources"] if r["urn"].endswith("Table::vendor_config")]
    assert protected["protect"]
    assert protection(engine, "VendorConfig")

    page.follow("1. Take the protection off")
    assert not protection(engine, "VendorConfig")
    assert all(protection(engine, name) for name in NAMES - {"VendorConfig"})
    assert items(engine) == before

    assert "AVAILABLE" in page.follow("2. Delete it")
    assert {*engine.tables()} == NAMES - {"VendorConfig"}
    assert "no difference: " in page.follow("How to see that it worked")

    page.follow("The way back")
    assert items(engine) == before


def spoil(engine):
    """Do what the bad code does, and a good one; return what is in Users then."""
    for user, email in (("user_abc123", "rubbish"), ("user_new789", "new@example.com")):
        item = {"UserID": {"S": user}, "Email": {"S": email}}
        engine.aws("dynamodb").put_item(TableName="Users", Item=item)
    return items(engine, "Users")["Users"]


def test_a_table_goes_back_to_an_earlier_moment(engine):
    good, page = deploy(engine)["Users"], Runbook(engine, "restore.md")
    commit(engine, "before")
    (_, restore), (_, compare) = page.steps("1. Restore, and compare")
    page.run("pulumi stack export --stack prod > ../before.json")
    page.run(restore)
    assert items(engine, "Users-restored")["Users-restored"] == good
    # moto restores what is there now: for it, the bad code runs later.
    bad = spoil(engine)
    out = page.run(compare)
    assert "rubbish" in out
    assert "new@example.com" in out

    *move, (_, accepted) = page.steps("2b. Move")
    for block in move:
        page.do(*block)
    # The check of the pull request: against git, and its preview against the state, here as it was before the move.
    judge = "make --no-print-directory evolve STACK=prod BASE=HEAD"
    assert "table-replaced" in page.run(judge, fails=True)
    page.do("yaml", accepted)
    assert re.search("(?m)^accepted +table-moved +Users +Users-restored", page.run(judge))
    out = page.run(".venv/bin/python -m ops evolve --stack prod --state ../before.json", fails=True)
    assert re.search("(?m)^dangerous +table-replaced +Users +name", out)

    [new] = [item for item in bad if item["UserID"]["S"] == "user_new789"]
    assert items(engine, "Users-restored")["Users-restored"] == sorted([*good, new], key=str)
    assert items(engine, "Users")["Users"] == bad
    assert protection(engine, "Users-restored")
    assert protection(engine, "Users")
    assert "no difference: " in page.follow("How to see that it worked")

    page.follow("2a. Copy back")
    assert items(engine, "Users")["Users"] == sorted([*good, new], key=str)


def keys(engine):
    """Return the KMS keys that encrypt the tables."""
    return {described(engine, name)["SSEDescription"]["KMSMasterKeyArn"] for name in engine.tables()}


def test_a_customer_managed_key(engine):
    before, page = deploy(engine), Runbook(engine, "rotate-key.md")
    managed = keys(engine)

    page.follow("1. The key")
    configured, accepted = page.steps("2. Deploy it")
    page.do(*configured)
    assert "encryption-key-changed" in page.run("make preview STACK=prod", fails=True)
    page.do(*accepted)
    [key] = keys(engine)
    assert key not in managed
    assert (engine.folder / "key.txt").read_text().strip() == key
    out = page.follow("How to see that it worked")
    assert "no difference: " in out
    assert key in out

    # Why the way back begins in AWS: to the provider, no key is no change. (This also saves the configuration.)
    assert engine.changes("--stack", "prod", "--config", "paypulse:kms_key_arn=") == {"same": RESOURCES}
    page.follow("The way back")
    assert keys(engine) == managed
    assert items(engine) == before
