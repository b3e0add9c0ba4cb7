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


@pytest.mark.parametrize(
    ("before", "after", "policy"),
    [
        ("RecoveryArgs(enabled=True", "RecoveryArgs(enabled=False", "dynamodb-pitr-enabled"),
        ("enabled=True, kms_key_arn", "enabled=False, kms_key_arn", "dynamodb-table-encryption-enabled"),
    ],
    ids=["point-in-time recovery", "encryption"],
)
def test_turning_protection_off_stops_preview_and_up_before_anything_is_created(engine, before, after, policy):
    family = engine.folder / "components/family.py"
    assert before in family.read_text()
    family.write_text(family.read_text().replace(before, after))
    engine.run("stack", "init", "prod")

    for command in (["preview"], ["up", "--yes"]):
        out = engine.run(*command, "--stack", "prod", *with_pack("prod"), fails=True)
        assert f"- [mandatory] [severity: high]  {policy}  (aws:dynamodb:Table: rental_invoices)" in out
    assert engine.tables() == []
