"""The program under the real CLI, against one flat file with the same resources; and a rehearsal, against the CLI."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.measure import ROOT, Figure, command, in_turns, seconds
from ops.engine import program, project
from tests.engine.conftest import PACK, engine_in

_CLASSES = {
    "aws:dynamodb/table:Table": "aws.dynamodb.Table",
    "aws:appautoscaling/target:Target": "aws.appautoscaling.Target",
    "aws:appautoscaling/policy:Policy": "aws.appautoscaling.Policy",
}


def figures() -> Iterator[Figure]:
    """Measure previews of dev, and rehearsals and deployments of prod, where the CLI is on PATH."""
    if not shutil.which("pulumi"):
        return
    with TemporaryDirectory() as folder, engine_in(Path(folder)) as engine:
        flat = replace(engine, folder=Path(folder, "flat"))
        flat.folder.mkdir()
        for file in ("Pulumi.yaml", "Pulumi.dev.yaml", ".venv"):
            (flat.folder / file).symlink_to(engine.folder / file)
        (flat.folder / "__main__.py").write_text(_flat(), encoding="utf-8")
        engine.run("stack", "init", "dev")
        preview = ("preview", "--stack", "dev")
        timings = {
            "ours": lambda: seconds(lambda: engine.run(*preview)),
            "flat": lambda: seconds(lambda: flat.run(*preview)),
        }
        values = in_turns(5, timings)
    what = "pulumi preview of dev, against one flat file"
    yield Figure(what=what, values=values["ours"], floors=values["flat"], aim=1.05)

    timings = {"rehearsal": command("-m", "ops", "rehearse", "--stack", "prod"), "up": _up}
    values = in_turns(5, timings)
    what = "rehearsal of prod, against pulumi up of it with the pack, on an emulated AWS"
    yield Figure(what=what, values=values["rehearsal"], floors=values["up"], aim=0.42)


def _up() -> float:
    """Return the seconds of a first deployment of prod."""
    with TemporaryDirectory() as folder, engine_in(Path(folder)) as engine:
        engine.run("stack", "init", "prod")
        return seconds(lambda: engine.run("up", "--yes", "--skip-preview", "--stack", "prod", *PACK))


def _flat() -> str:
    """Return a program that registers the resources of dev one after the other."""
    lines = ["import pulumi", "import pulumi_aws as aws"]
    for resource in program.preview(project.load(ROOT, "dev")).resources[1:]:
        if not resource.custom:
            lines.append(f"pulumi.ComponentResource({resource.type!r}, {resource.name!r})")
            continue
        options = f"pulumi.ResourceOptions(protect={resource.protect}, ignore_changes={resource.ignore_changes})"
        lines.append(f"{_CLASSES[resource.type]}({resource.name!r}, opts={options}, **{_snake_keys(resource.inputs)})")
    return "\n".join(lines)


def _snake_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake(key): item if key == "tags" else _snake_keys(item) for key, item in value.items()}
    return [_snake_keys(item) for item in value] if isinstance(value, list) else value


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name)
