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
        """Return the blocks of commands under a heading."""
        text = (PAGES / self.page).read_text()
        [found] = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        blocks = re.findall(r"^```sh\n(.*?)^```", found, re.MULTILINE | re.DOTALL)
        assert blocks
        return blocks

    def follow(self, section):
        """Run every command under a heading; return what they print."""
        return "".join(self.run(block) for block in self.steps(section))

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
        *first, last = page.steps("The backend is gone")
        shown = "".join(map(page.run, first))
        assert f"{RESOURCES} unchanged" in shown, shown
        page.run(last)
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
