"""Runs a rehearsal of prod and writes down what its floor must do too: python -m bench.record FILE.

That is the registrations, and the calls to AWS with their answers. Prints the seconds of each part, without those of
the parts that it calls.
"""

import time

started = time.perf_counter()

# ruff: noqa: E402 - imports are a part, too, and what a rehearsal imports first makes it safe
import contextlib
import io
import json
import pickle
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ops import emulator

emulator.isolate()

from botocore.client import BaseClient

from ops import pack, plan, readback, rehearse, resources
from ops.__main__ import main

seconds: defaultdict[str, float] = defaultdict(float)
running: list[str] = []
calls: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
recorded: list[plan.Plan] = []


def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, which adds its seconds to those of its part."""

    def call(*arguments: Any, **options: Any) -> Any:
        running.append(part)
        start = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            elapsed = time.perf_counter() - start
            running.pop()
            seconds[part] += elapsed
            if running:
                seconds[running[-1]] -= elapsed

    return call


def record_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Write down a call and its answer; errors come from the caller's own tests for what is there."""
    response = make_call(client, operation, parameters)
    calls.append((client.meta.service_model.service_name, operation, parameters, response))
    return response


def record_plan(*arguments: Any, **options: Any) -> plan.Plan:
    """Write down the plan."""
    recorded.append(record(*arguments, **options))
    return recorded[-1]


make_call, record = BaseClient._make_api_call, plan.record  # noqa: SLF001 - boto3's one way out
for where, name, part in (
    (rehearse, "record", "program"),
    (rehearse, "drill", "drill"),
    (readback, "read_back", "read-back"),
    (pack.Pack, "connect", "waiting for the pack"),
    *((pack.Pack, name, "policies") for name in ("analyze", "remediate", "analyze_stack")),
    *((module, "create", "create") for module in resources.MODULES.values()),
):
    setattr(where, name, timed(part, record_plan if name == "record" else getattr(where, name)))
setattr(BaseClient, "_make_api_call", record_call)  # noqa: B010 - it has a type, this has not

with contextlib.redirect_stdout(io.StringIO()) as out:
    code = main(["rehearse", "--stack", "prod", "--drill", "--json"])
if code:
    sys.exit(out.getvalue())
parts = {"imports, reading files, printing": time.perf_counter() - started - sum(seconds.values()), **seconds}
Path(sys.argv[1]).write_bytes(pickle.dumps(([asdict(resource) for resource in recorded[0].resources], calls)))
print(json.dumps(parts))  # noqa: T201 - for who started it
