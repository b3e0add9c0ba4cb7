import json

import pytest

from tests.engine.conftest import PACK, that_change


def test_what_is_deployed_is_judged_without_the_program(deployed):
    deployed.run("policy", "analyze", "--stack", "prod", *PACK)
    state = json.loads(deployed.run("stack", "export", "--stack", "prod"))
    users = next(r for r in state["deployment"]["resources"] if r.get("inputs", {}).get("name") == "Users")
    users["inputs"]["pointInTimeRecovery"] = users["outputs"]["pointInTimeRecovery"] = {"enabled": False}
    (deployed.folder / "state.json").write_text(json.dumps(state))

    out = deployed.run("policy", "analyze", "--file", "state.json", *PACK, fails=True)
    assert "dynamodb-pitr-enabled  (aws:dynamodb:Table: users)" in out


@pytest.mark.parametrize(
    ("before", "after", "severity", "policy"),
    [
        (r"RecoveryArgs\(enabled=True", "RecoveryArgs(enabled=False", "medium", "dynamodb-pitr-enabled"),
        ("enabled=True, kms_key_arn", "enabled=False, kms_key_arn", "high", "dynamodb-table-encryption-enabled"),
    ],
    ids=["point-in-time recovery", "encryption"],
)
def test_turning_protection_off_stops_an_up_before_anything_is_created(engine, before, after, severity, policy):
    engine.run("stack", "init", "prod")

    with engine.edited(("components/family.py", before, after)), engine.watched() as calls:
        out = engine.run("up", "--yes", "--stack", "prod", *PACK, fails=True)
    assert f"- [mandatory] [severity: {severity}]  {policy}  (aws:dynamodb:Table: rental_invoices)" in out
    assert that_change(calls) == []
