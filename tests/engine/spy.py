"""A policy pack that finds nothing wrong, and writes down what it is shown."""

import json
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

_PROJECT = f"""
description: writes down what it is shown
runtime: {{name: python, options: {{virtualenv: {ROOT / ".venv"}}}}}
"""
_PACK = """
import json
from collections.abc import Mapping, Sequence

from pulumi_policy import PolicyPack, ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError


def plain(value):
    if isinstance(value, Mapping):
        return {key: at(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [at(value, position) for position in range(len(value))]
    return value


def at(container, key):
    try:
        return plain(container[key])
    except UnknownValueError:
        return "(unknown)"


def shown(resource):
    options = resource.opts
    return {
        "type": resource.resource_type,
        "props": plain(resource.props),
        "protect": options.protect,
        "ignore_changes": list(options.ignore_changes),
        "parent": options.parent,
    }


def write(hook, urn, found):
    with open("shown.jsonl", "a") as file:
        print(json.dumps([hook, urn, found]), file=file)


def analyze(args, report):
    write("Analyze", args.urn, shown(args))


def analyze_stack(args, report):
    for resource in args.resources:
        properties = {name: sorted(r.urn for r in found) for name, found in resource.property_dependencies.items()}
        dependencies = sorted(r.urn for r in resource.dependencies)
        more = {"property_dependencies": properties, "dependencies": dependencies}
        write("AnalyzeStack", resource.urn, shown(resource) | more)


PolicyPack(
    "spy",
    [
        ResourceValidationPolicy("resource", "Writes down a resource.", analyze),
        StackValidationPolicy("stack", "Writes down a stack.", analyze_stack),
    ],
)
"""


class Spy:
    """The pack in `folder`, which it makes; `arguments` give it to the CLI or to a rehearsal."""

    def __init__(self, folder: Path) -> None:
        """Write the pack."""
        self.folder = folder
        folder.mkdir()
        config = folder / "config.json"
        config.write_text("{}")
        self.arguments = ("--policy-pack", str(folder), "--policy-pack-config", str(config))
        (folder / "PulumiPolicy.yaml").write_text(_PROJECT)
        (folder / "__main__.py").write_text(_PACK)

    def shown(self, hook: str) -> dict[str, dict[str, Any]]:
        """Return, by URN, what `Analyze` or `AnalyzeStack` was shown."""
        lines = map(json.loads, (self.folder / "shown.jsonl").read_text().splitlines())
        return {urn: found for of, urn, found in lines if of == hook}
