"""The rehearsal of prod against a baseline, and how rehearsals grow with the number of tables."""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench.measure import ROOT, Figure, command, in_turns, seconds

# What the command, the program and the pack import. moto's Application Auto Scaling imports all of EC2.
_LIBRARIES = """
import boto3, grpc, rich.console, rich.table, yaml
import pulumi, pulumi_policy, pulumi_aws.dynamodb, pulumi_aws.appautoscaling
from moto import mock_aws
from moto.backends import get_backend
for service in ("dynamodb", "dynamodbstreams", "applicationautoscaling", "kms"):
    get_backend(service)
"""
# Tables: rounds.
_GROWTH = {12: 3, 120: 3, 1_200: 1}


def figures() -> Iterator[Figure]:
    """Measure --help, the whole command, and the time of each further resource."""
    timings = {"ours": command("-m", "ops", "--help"), "floor": command("-c", "import argparse")}
    values = in_turns(10, timings)
    yield Figure(
        what="python -m ops --help, against importing argparse", values=values["ours"], floors=values["floor"], aim=1.5
    )

    timings = {
        "ours": command("-m", "ops", "rehearse", "--stack", "prod", "--drill", "--json"),
        "libraries": command("-c", _LIBRARIES),
    }
    values = in_turns(5, timings)
    what = "rehearsal of prod with its drill, against importing the libraries that it needs, one after the other"
    yield Figure(what=what, values=values["ours"], floors=values["libraries"])

    timings = {
        "evolve": command("-m", "ops", "evolve", "--stack", "prod", "--base", "HEAD"),
        "rehearsal": command("-m", "ops", "rehearse", "--stack", "prod", "--drill"),
    }
    values = in_turns(5, timings)
    what = "evolve of prod since a commit, against a rehearsal with its drill"
    yield Figure(what=what, values=values["evolve"], floors=values["rehearsal"], aim=2)

    rehearsals = {tables: [_rehearsal(tables) for _ in range(rounds)] for tables, rounds in _GROWTH.items()}
    for tables, found in rehearsals.items():
        yield Figure(what=f"rehearsal of {tables:,} tables, whole command", values=[s for s, _ in found])
    (least, count), *larger = (min(found) for found in rehearsals.values())
    some, most = ((elapsed - least) / (resources - count) * 1000 for elapsed, resources in larger)
    what = "rehearsal: each resource beyond 12 tables, of 1,200 tables against 120"
    yield Figure(what=what, values=[most], unit="ms", floors=[some], aim=1.2)


def _rehearsal(tables: int) -> tuple[float, int]:
    """Return the seconds of a rehearsal of the generated program, and the number of its resources."""
    folder, pack = ROOT / "bench/generated", ROOT / "policies"
    words = [sys.executable, "-m", "ops", "rehearse", "--json", "--cwd", str(folder), "--policy-pack", str(pack)]
    words += ["--config", f"tables={tables}"]
    outputs: list[bytes] = []
    elapsed = seconds(lambda: outputs.append(subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout))
    return elapsed, len(json.loads(outputs[0])["resources"])
