from tests.policies.judge import COMPLIANT, violations

NAME = "dynamodb-table-protected"


def test_a_protected_table_passes():
    assert violations(NAME, COMPLIANT, protect=True) == []


def test_a_table_without_protect_fails():
    assert violations(NAME, COMPLIANT, protect=False) == [
        "the resource option protect is not set: a plan may delete or replace the table"
    ]
