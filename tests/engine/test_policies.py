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
    ("before", "after", "message"),
    [
        (
            r"indexes=\(GlobalSecondaryIndex\(logical_name=\"email\".*\n",
            "",
            "table 'Users' has no index 'Email-index', but the contract does",
        ),
        (
            r"(logical_name=\"retail_invoices\",(\n.*){3}\n *indexes=\()",
            r"\1GlobalSecondaryIndex(logical_name='a', name='a-index', partition_key='a'),",
            "the indexes of table 'RetailInvoices' are 'a-index', 'invoice_date-index',",
        ),
    ],
    ids=["the only index removed", "an index inserted in front"],
)
def test_what_the_contract_does_not_have_stops_a_preview(deployed, before, after, message):
    with deployed.edited(("components/tables.py", before, after)):
        out = deployed.run("preview", "--stack", "prod", *PACK, fails=True)
    assert "dynamodb-table-contract" in out
    assert message in " ".join(out.split())


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
