"""The policy pack, against packs whose policies do nothing."""

import contextlib
import json
import sys
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

from bench.measure import ROOT, Figure, in_turns, seconds
from ops.engine import plan, policy_pack, program, project

OURS = ROOT / "policies"
sys.path.append(str(OURS))
from dynamodb.rules import RULES  # noqa: E402 - the pack's own folder is on its path

_CALLS = 100
# Rounds for stacks of so many tables.
_ROUNDS = {100: 5, 1_000: 3, 10_000: 2}


@contextlib.contextmanager
def idle(of_resources: int, of_stacks: int) -> Generator[Path]:
    """Make the folder of a pack of so many policies that do nothing for a resource, and so many for a stack."""
    counts = {"ResourceValidationPolicy": of_resources, "StackValidationPolicy": of_stacks}
    made = [f'{kind}("{kind}-{n}", "none", lambda *_: None)' for kind, count in counts.items() for n in range(count)]
    with TemporaryDirectory() as folder:
        Path(folder, "PulumiPolicy.yaml").write_text("runtime: python\n", encoding="utf-8")
        source = f"from pulumi_policy import *\nPolicyPack('idle', [{', '.join(made)}], EnforcementLevel.MANDATORY)\n"
        Path(folder, "__main__.py").write_text(source, encoding="utf-8")
        yield Path(folder)


def figures() -> Iterator[Figure]:
    """Measure the start of the pack, its analysis of a table and of stacks, and its memory."""
    stack = project.load(ROOT, "prod")
    prod = program.preview(stack).resources
    table = next(resource for resource in prod if resource.inputs.get("name") == "RentalInvoices")
    with contextlib.ExitStack() as exits:
        one = exits.enter_context(idle(1, 1))
        starts = in_turns(5, {"ours": partial(_start, OURS, stack), "one": partial(_start, one, stack)})
        yield Figure(what="pack: process start to first answer", values=starts["ours"], floors=starts["one"])

        policies = [rule.POLICY for rule in RULES]
        count = sum(isinstance(policy, ResourceValidationPolicy) for policy in policies)
        of_stacks = sum(isinstance(policy, StackValidationPolicy) for policy in policies)
        packs = {"ours": OURS, "one": one, "many": exits.enter_context(idle(count, of_stacks))}
        started = {name: exits.enter_context(policy_pack.start(folder, None, stack)) for name, folder in packs.items()}
        values = in_turns(10, {name: partial(_analyze, each, table) for name, each in started.items()})
        what = f"pack: analysis of a table, against {{}} (ours: {count})"
        yield Figure(
            what=what.format("as many idle policies"), values=values["ours"], unit="ms", floors=values["many"], aim=1.5
        )
        yield Figure(what=what.format("one idle policy"), values=values["ours"], unit="ms", floors=values["one"])

        packs.pop("one")
        growth: dict[str, list[float]] = {name: [] for name in packs}
        for size, rounds in _ROUNDS.items():
            whole = plan.Plan(_stack(prod, size))
            values = in_turns(rounds, {name: partial(_analyze_stack, started[name], whole) for name in packs})
            what = f"pack: analysis of a stack of {size:,} tables, {len(whole.resources):,} resources"
            yield Figure(what=what, values=values["ours"], floors=values["many"], aim=1.5)
            for name in packs:
                growth[name].append(median(values[name]))
        # A straight line is 10; an idle pack is above it already.
        times = {name: [most / middle] for name, (_, middle, most) in growth.items()}
        what = "pack: 10,000 tables for 1,000, how many times as long"
        yield Figure(what=what, values=times["ours"], unit="times", floors=times["many"], aim=1.2)
        memory = {name: [_peak_memory(started[name])] for name in packs}
        yield Figure(what="pack: peak memory after that", values=memory["ours"], unit="MiB", floors=memory["many"])


def _start(folder: Path, stack: project.Stack) -> float:
    with policy_pack.start(folder, None, stack) as started:
        return seconds(started.connect)


def _analyze(started: policy_pack.Pack, resource: plan.Registration) -> float:
    """Return milliseconds a call."""
    return seconds(lambda: [list(started.analyze(resource)) for _ in range(_CALLS)]) / _CALLS * 1000


def _analyze_stack(started: policy_pack.Pack, stack: plan.Plan) -> float:
    return seconds(lambda: list(started.analyze_stack(stack)))


def _stack(prod: list[plan.Registration], tables: int) -> list[plan.Registration]:
    """Return so many tables, each under its own name; a tenth as RentalInvoices, with its targets and policies."""
    scaled = [resource for resource in prod if resource.custom and "RentalInvoices" in resource.urn]
    plain = [resource for resource in prod if resource.inputs.get("name") == "Users"]
    return [
        replace(
            resource,
            urn=f"{resource.urn}-{number}",
            name=f"{resource.name}-{number}",
            inputs=json.loads(json.dumps(resource.inputs).replace("RentalInvoices", f"RentalInvoices-{number}")),
        )
        for number in range(tables)
        for resource in (plain if number % 10 else scaled)
    ]


def _peak_memory(started: policy_pack.Pack) -> float:
    """Return MiB, as Linux tells it."""
    status = Path(f"/proc/{started.process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
