"""The rehearsal of prod against its floor, its parts, and how rehearsals grow with the number of tables."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import ROOT, Figure, command, in_turns, seconds
from bench.policies import idle

# Tables: rounds.
_GROWTH = {12: 3, 120: 3, 1_200: 1}


def figures() -> Iterator[Figure]:
    """Measure --help, the whole command against its floor, its parts, and the time of each further resource."""
    timings = {"ours": command("-m", "ops", "--help"), "floor": command("-c", "import argparse")}
    values = in_turns(10, timings)
    yield Figure(
        what="python -m ops --help, against importing argparse", values=values["ours"], floors=values["floor"], aim=1.5
    )

    with TemporaryDirectory() as folder, idle(1, 1) as empty_pack:
        recording = Path(folder, "recording")
        parts = [_parts(recording) for _ in range(3)]
        timings = {
            "ours": command("-m", "ops", "rehearse", "--stack", "prod", "--drill", "--json"),
            "floor": command("bench/floor.py", recording, empty_pack),
        }
        values = in_turns(5, timings)
    what = "rehearsal of prod with its drill, whole command"
    yield Figure(what=what, values=values["ours"], floors=values["floor"], aim=1.25)
    for part in parts[0]:
        yield Figure(what=f"  of that: {part}", values=[each[part] for each in parts])

    rehearsals = {tables: [_rehearsal(tables) for _ in range(rounds)] for tables, rounds in _GROWTH.items()}
    for tables, found in rehearsals.items():
        yield Figure(what=f"rehearsal of {tables:,} tables, whole command", values=[s for s, _ in found])
    (least, count), *larger = (min(found) for found in rehearsals.values())
    some, most = ((elapsed - least) / (resources - count) * 1000 for elapsed, resources in larger)
    what = "rehearsal: each resource beyond 12 tables, of 1,200 tables against 120"
    yield Figure(what=what, values=[most], unit="ms", floors=[some], aim=1.2)


def _parts(recording: Path) -> dict[str, float]:
    """Run a rehearsal that records itself; return the seconds of each part."""
    words = [sys.executable, "-m", "bench.record", str(recording)]
    return json.loads(subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout)


def _rehearsal(tables: int) -> tuple[float, int]:
    """Return the seconds of a rehearsal of the generated program, and the number of its resources."""
    folder, pack = ROOT / "bench/generated", ROOT / "policies"
    words = [sys.executable, "-m", "ops", "rehearse", "--json", "--cwd", str(folder), "--policy-pack", str(pack)]
    words += ["--config", f"tables={tables}"]
    outputs: list[bytes] = []
    elapsed = seconds(lambda: outputs.append(subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout))
    return elapsed, len(json.loads(outputs[0])["resources"])
