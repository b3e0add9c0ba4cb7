import json

import pytest

from ops.__main__ import main
from tests.conftest import ROOT


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_plan_of_a_rehearsal_is_the_engines(engine, capsys, stack):
    main(["rehearse", "--cwd", str(ROOT), "--stack", stack, "--json"])
    rehearsed = json.loads(capsys.readouterr().out)["resources"]
    engine.run("stack", "init", stack)

    states = [step["newState"] for step in engine.json("preview", "--stack", stack)["steps"]]

    planned = {
        state["urn"]: {
            "type": state["type"],
            "parent": state.get("parent", ""),
            "custom": state["custom"],
            "inputs": state.get("inputs", {}),
            "protect": state.get("protect", False),
            "ignoreChanges": state.get("ignoreChanges", []),
        }
        for state in states
        if not state["type"].startswith("pulumi:providers:")
    }
    assert planned == {
        resource["urn"]: {
            **{key: resource[key] for key in ("type", "parent", "custom", "inputs")},
            **resource["options"],
        }
        for resource in rehearsed
    }
