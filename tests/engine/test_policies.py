import json

import pytest

PACK = ("--policy-pack", "policies", "--policy-pack-config", "policies/config/{}.json")


def with_pack(stack):
    return [argument.format(stack) for argument in PACK]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_preview_under_the_pack_passes(engine, stack):
    engine.run("stack", "init", stack)

    out = engine.run("preview", "--stack", stack, *with_pack(stack))

    assert "✅ paypulse-dynamodb@v0.1.0 (local: policies)" in out
    assert "mandatory" not in out


def test_what_is_deployed_is_judged_without_the_program(deployed):
    deployed.run("policy", "analyze", "--stack", "prod", *with_pack("prod"))
    state = json.loads(deployed.run("stack", "export", "--stack", "prod"))
    users = next(r for r in state["deployment"]["resources"] if r.get("inputs", {}).get("name") == "Users")
    users["inputs"]["pointInTimeRecovery"] = users["outputs"]["pointInTimeRecovery"] = {"enabled": False}
    (deployed.folder / "state.json").write_text(json.dumps(state))

    out = deployed.run("policy", "analyze", "--file", "state.json", *with_pack("prod"), fails=True)
    assert "dynamodb-pitr-enabled  (aws:dynamodb:Table: users)" in out


@pytest.mark.parametrize(
    ("before", "after", "policy"),
    [
        (r"RecoveryArgs\(enabled=True", "RecoveryArgs(enabled=False", "dynamodb-pitr-enabled"),
        ("enabled=True, kms_key_arn", "enabled=False, kms_key_arn", "dynamodb-table-encryption-enabled"),
    ],
    ids=["point-in-time recovery", "encryption"],
)
def test_turning_protection_off_stops_preview_and_up_before_anything_is_created(engine, before, after, policy):
    engine.run("stack", "init", "prod")

    with engine.edited(("components/family.py", before, after)):
        for command in (["preview"], ["up", "--yes"]):
            out = engine.run(*command, "--stack", "prod", *with_pack("prod"), fails=True)
            assert f"- [mandatory] [severity: high]  {policy}  (aws:dynamodb:Table: rental_invoices)" in out
    assert engine.tables() == []
