"""verify of an account of 1,000 tables, against the calls alone that it needs."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.measure import ROOT, Figure, in_turns, seconds
from ops.aws import account
from ops.aws.clients import Clients
from ops.aws.resources import table
from ops.engine import project
from ops.verify import verify

_TABLES = 1_000


def figures() -> Iterator[Figure]:
    """Measure verify on an emulator in a process of its own."""
    stack = project.load(ROOT / "bench/generated", "dev", [f"tables={_TABLES}"])
    words = [sys.executable, "-m", "bench.serve", str(_TABLES)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            endpoint = server.stdout.readline().strip() if server.stdout else ""
            clients = account.connect(None, "eu-west-1", endpoint)
            found = verify(stack, "eu-west-1", clients)
            if found.drift.differences:
                sys.exit(f"the generated account is not as declared: {found.drift.differences[0]}")
            tables = [resource.inputs["name"] for resource in found.plan.resources if resource.type == table.TYPE]
            timings = {
                "ours": lambda: seconds(lambda: verify(stack, "eu-west-1", clients)),
                "calls": lambda: seconds(lambda: _read(clients, tables)),
            }
            values = in_turns(2, timings)
        finally:
            server.kill()
    what = f"verify of {_TABLES:,} tables, against four calls for each"
    yield Figure(what=what, values=values["ours"], floors=values["calls"])


def _read(clients: Clients, tables: list[str]) -> None:
    dynamodb = clients("dynamodb")

    def read(name: str) -> None:
        arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
        dynamodb.describe_continuous_backups(TableName=name)
        dynamodb.describe_time_to_live(TableName=name)
        dynamodb.list_tags_of_resource(ResourceArn=arn)

    with ThreadPoolExecutor(account.WORKERS) as pool:
        list(pool.map(read, tables))
