"""A rehearsal against the real CLI's preview of the same stack."""

import json
from dataclasses import dataclass

import pytest

from components.tables import TABLES
from ops.__main__ import main
from tests.engine.conftest import PACK, Engine, described, engine_in, that_change
from tests.engine.spy import Spy


@dataclass(frozen=True)
class Preview:
    """The first preview of a stack: what it printed, what it asked of AWS, and what it showed a policy pack."""

    engine: Engine
    stack: str
    printed: str
    calls: list[tuple[str, dict]]
    spy: Spy


@pytest.fixture(scope="module", params=["dev", "prod"])
def preview(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("preview")
    spy, pack = Spy(folder / "spy"), [argument.replace("prod", request.param) for argument in PACK]
    with engine_in(folder) as engine:
        engine.run("stack", "init", request.param)
        with engine.watched() as calls:
            printed = engine.run("preview", "--stack", request.param, *pack, *spy.arguments)
        yield Preview(engine, request.param, printed, calls, spy)


def test_a_preview_under_the_pack_passes(preview):
    # Without alarms prod has one advisory violation, and dev doesn't check them.
    mark, advisory = {"dev": ("✅", 0), "prod": ("⚠️", 1)}[preview.stack]

    assert f"{mark} paypulse-dynamodb@v0.1.0 (local: policies)" in preview.printed
    assert preview.printed.count("dynamodb-table-alarmed") == advisory
    assert "mandatory" not in preview.printed


def test_a_preview_asks_for_the_account_and_each_table_and_changes_nothing(preview):
    suffix = {"dev": "-dev", "prod": ""}[preview.stack]

    assert described(preview.calls) == {f"{table.name}{suffix}" for table in TABLES}
    assert "GetCallerIdentity" in {operation for operation, _ in preview.calls}
    assert that_change(preview.calls) == []


def test_the_plan_of_a_rehearsal_is_the_engines(preview, capsys):
    main(["rehearse", "--cwd", str(preview.engine.folder), "--stack", preview.stack, "--no-policies", "--json"])
    rehearsed = json.loads(capsys.readouterr().out)["resources"]

    planned = {
        urn: {
            "type": shown["type"],
            "parent": shown["parent"] or "",
            "inputs": declared(shown["props"]),
            "protect": shown["protect"],
            "ignoreChanges": shown["ignore_changes"],
        }
        for urn, shown in preview.spy.shown("Analyze").items()
        if not shown["type"].startswith("pulumi:providers:")
    }
    assert planned == {
        resource["urn"]: {**{key: resource[key] for key in ("type", "parent", "inputs")}, **resource["options"]}
        for resource in rehearsed
    }


def declared(inputs):
    """Leave out what the provider adds to the inputs of prod and dev, which name their tables and billing modes."""
    if isinstance(inputs, dict):
        added = {"__defaults", "region", "tableClass", "tagsAll"}
        return {key: declared(value) for key, value in inputs.items() if key not in added}
    return [declared(item) for item in inputs] if isinstance(inputs, list) else inputs


def test_a_pack_is_shown_the_same_in_a_rehearsal(preview, tmp_path):
    spy = Spy(tmp_path / "spy")

    main(["rehearse", "--cwd", str(preview.engine.folder), "--stack", preview.stack, *spy.arguments])

    for hook in ("Analyze", "AnalyzeStack"):
        assert of_aws(spy, hook) == of_aws(preview.spy, hook)


def of_aws(spy, hook):
    """Return what a hook was shown of AWS's resources, without what isn't set, however that is written."""
    found = {urn: shown for urn, shown in spy.shown(hook).items() if shown["type"].startswith("aws:")}
    for shown in found.values():
        shown["props"] = stated(shown["props"])
        # A set: in whatever order.
        shown["props"].get("attributes", []).sort(key=str)
    return found


def stated(value):
    if isinstance(value, dict):
        found = {key: stated(item) for key, item in value.items() if key != "__defaults"}
        return {key: item for key, item in found.items() if item not in (None, "", [], {})}
    return [stated(item) for item in value] if isinstance(value, list) else value
