"""verify of an account of 1,000 tables, against its calls alone."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from bench.measure import ROOT, Figure, in_turns, seconds
from ops import account, project
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
            calls: list[tuple[Any, ...]] = []
            make_call = BaseClient._make_api_call  # noqa: SLF001 - boto3's one way out

            def record_call(*call: Any) -> Any:
                calls.append(call)
                return make_call(*call)

            with mock.patch.object(BaseClient, "_make_api_call", record_call):
                found = verify(stack, "eu-west-1", clients)
            if found.readback.differences:
                sys.exit(f"the generated account is not as declared: {found.readback.differences[0]}")
            with ThreadPoolExecutor(account.WORKERS) as pool:
                timings = {
                    "ours": lambda: seconds(lambda: verify(stack, "eu-west-1", clients)),
                    "floor": lambda: seconds(lambda: [*pool.map(lambda call: make_call(*call), list(calls))]),
                }
                values = in_turns(1, timings)
        finally:
            server.kill()
    what = f"verify of {_TABLES:,} tables, against its {len(calls):,} calls alone"
    yield Figure(what=what, values=values["ours"], floors=values["floor"])
