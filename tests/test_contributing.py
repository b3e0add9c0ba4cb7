"""What CONTRIBUTING says to change is complete: each row, done in a copy of the repository, leaves the tests green."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

# As `make docs` does, but in one process, and without the picture: test_docs.py has a test that it is current.
DOCS = (
    "from ops.engine import program; from tests import programs; program.start = programs.start; "
    "import runpy; [path.write_text(page()) for path, page in runpy.run_path('docs/generate.py')['PAGES'].items()]"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of CONTRIBUTING: what it says to change first, in which other places, and the tests that notice them.

    A change is a file, the text in it that is replaced, and what replaces it; without that text, the file is new.
    """

    first: tuple[str, str, str]
    others: list[tuple[str, str, str]]
    noticing: list[str]


ROWS = {
    "add a table, or a retail category": Row(
        first=(
            "components/tables.py",
            'VENDOR_CONFIG = Family(\n    "vendor_config",\n    "paypulse:dynamodb:VendorConfig",\n    (\n',
            'VENDOR_CONFIG = Family(\n    "vendor_config",\n    "paypulse:dynamodb:VendorConfig",\n    (\n'
            '        Table(logical_name="receipts", name="Receipts", partition_key="ReceiptID", access_patterns=('
            'AccessPattern(question="one receipt", operation="GetItem", key=("ReceiptID",)),)),\n',
        ),
        others=[
            (
                "tests/test_contract.py",
                "TABLES = {\n",
                'TABLES = {\n    f"VendorConfig{TABLE}receipts": "Receipts",\n',
            ),
            (
                "policies/config/prod.json",
                '      "Users": {',
                '      "Receipts": {"partitionKey": "ReceiptID", "attributes": {"ReceiptID": "S"}},\n      "Users": {',
            ),
            (
                "Pulumi.yaml",
                "  vendor_config_table:\n",
                '  receipts_table:\n    type: string\n    default: ""\n'
                "    description: Physical name; empty for Receipts and the suffix\n  vendor_config_table:\n",
            ),
            (
                "components/examples.py",
                '    "vendor_config": [\n',
                '    "receipts": [{"ReceiptID": "1"}, {"ReceiptID": "2"}],\n    "vendor_config": [\n',
            ),
            (
                "tests/ops/rehearse/test_access_patterns.py",
                '    ("vendor by id",',
                '    ("one receipt", "Receipts", None, 1, 1),\n    ("vendor by id",',
            ),
            (
                "usage.yaml",
                "  vendor_config:\n",
                "  receipts: {items: 100, size: 900, requests: {one receipt: {rate: 0.1}}}\n  vendor_config:\n",
            ),
        ],
        noticing=[
            "tests/test_contract.py::test_tables_keep_their_urns_and_names",
            "tests/test_contract.py::test_tables_keep_their_keys_types_streams_and_indexes_in_order",
            "tests/test_docs.py::test_generated_pages_are_current",
            "tests/components/test_examples.py::test_every_table_has_items_of_several_keys_and_of_all_its_key_attributes[receipts]",
            "tests/components/test_settings.py::test_pulumi_yaml_declares_every_key_with_type_default_and_description",
            "tests/ops/rehearse/test_access_patterns.py::test_every_question_is_answered_and_every_stream_shows_what_was_written",
            "tests/ops/cost/test_usage.py::test_the_sample_covers_every_question_of_the_program",
        ],
    ),
    "add an index": Row(
        first=(
            "components/tables.py",
            'partition_key="Email"),)',
            'partition_key="Email"), GlobalSecondaryIndex(logical_name="by_id", name="id-index", partition_key="UserID"))',
        ),
        others=[
            (
                "policies/config/prod.json",
                '"partitionKey": "Email", "projection": "ALL"}]',
                '"partitionKey": "Email", "projection": "ALL"},'
                ' {"name": "id-index", "partitionKey": "UserID", "projection": "ALL"}]',
            ),
            (
                "tests/components/test_family.py",
                '[{"name": "Email-index", "hashKey": "Email", "projectionType": "ALL"}]',
                '[{"name": "Email-index", "hashKey": "Email", "projectionType": "ALL"},'
                ' {"name": "id-index", "hashKey": "UserID", "projectionType": "ALL"}]',
            ),
        ],
        noticing=[
            "tests/test_contract.py::test_tables_keep_their_keys_types_streams_and_indexes_in_order",
            "tests/test_docs.py::test_generated_pages_are_current",
            "tests/components/test_family.py::test_a_table_on_demand_is_registered_without_capacities",
        ],
    ),
    "add a policy": Row(
        first=(
            "policies/dynamodb/rules/table_class.py",
            "",
            '"""Fails where tableClass is anything but STANDARD."""\n\n'
            "from pulumi_policy import Severity\n\n"
            "from dynamodb.policy import expect, policy\n"
            "from dynamodb.stack import TABLE\n\n"
            "POLICY = policy(\n"
            '    "dynamodb-table-class",\n'
            '    checks={TABLE: lambda table, _: expect(table, "tableClass", {None, "STANDARD"}.__contains__, "STANDARD")},\n'
            '    description="DynamoDB tables should be of the class STANDARD.",\n'
            "    severity=Severity.LOW,\n"
            '    remediation_steps="Remove table_class.",\n'
            '    url="https://example.com",\n'
            ")\n",
        ),
        others=[
            (
                "tests/policies/rules/test_table_class.py",
                "",
                "from tests.policies.judge import COMPLIANT, violations\n\n\n"
                "def test_a_table_of_another_class_fails():\n"
                '    table = COMPLIANT | {"tableClass": "STANDARD_INFREQUENT_ACCESS"}\n\n'
                '    assert violations("dynamodb-table-class", table) == [\n'
                "        \"tableClass is 'STANDARD_INFREQUENT_ACCESS', but must be STANDARD\"\n"
                "    ]\n",
            ),
            (
                "tests/policies/test_policy.py",
                '        "tags": {},\n        "ttl"',
                '        "tags": {},\n        "tableClass": "OTHER",\n        "ttl"',
            ),
            (
                "tests/policies/test_policy.py",
                '"dynamodb-table-protected", "dynamodb-table-ttl"',
                '"dynamodb-table-class", "dynamodb-table-protected", "dynamodb-table-ttl"',
            ),
            (
                "tests/policies/test_pack.py",
                "BREAKS = {\n",
                'BREAKS = {\n    "dynamodb-table-class": (RENTAL, {"tableClass": "OTHER"}, {}, "low"),\n',
            ),
        ],
        noticing=[
            "tests/test_docs.py::test_generated_pages_are_current",
            "tests/policies/test_pack.py::test_every_policy_has_its_break",
            "tests/policies/test_policy.py::test_an_exempt_table_is_not_judged[dynamodb-table-class]",
            "tests/policies/test_policy.py::test_a_policy_is_asked_only_about_what_it_judges",
            "tests/policies/rules/test_table_class.py",
        ],
    ),
}


@pytest.fixture
def repository(tmp_path):
    """Return a copy of what git knows of this repository, with the same .venv."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def change(repository: Path, *changes: tuple[str, str, str]) -> None:
    for file, old, new in changes:
        text = (repository / file).read_text() if old else ""
        assert text.count(old) == 1, f"{file} has not once {old!r}"
        (repository / file).write_text(text.replace(old, new))


def failed(repository: Path, tests: list[str], *, with_docs: bool) -> list[str]:
    """Run tests of the copy, in a process of their own; return those that fail."""
    there = [test for test in tests if (repository / test.partition("::")[0]).exists()]
    source = f"{DOCS if with_docs else ''}\nimport pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"
    command = [sys.executable, "-c", source, "-q", "-n0", "-p", "no:cacheprovider", "--tb=no", *there]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert f"{len(there)} " in result.stdout.splitlines()[-1], result.stdout + result.stderr
    outcomes = re.findall(r"^FAILED (.+?)(?: - .*)?$", result.stdout, re.MULTILINE)
    return [test for test in tests if test in outcomes or test not in there]


def test_rows_that_are_followed_leave_nothing_that_fails(repository):
    # All rows in one copy: each run of pytest takes seconds.
    noticing = list(dict.fromkeys(test for row in ROWS.values() for test in row.noticing))
    change(repository, *(row.first for row in ROWS.values()))

    # But for the drill, which takes seconds.
    quick = [test for test in noticing if "rehearse" not in test]
    assert failed(repository, quick, with_docs=False) == quick
    change(repository, *(place for row in ROWS.values() for place in row.others))
    assert failed(repository, noticing, with_docs=True) == []


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_the_places_to_change(name):
    (row,) = [line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith(f"| {name} |")]
    places = [place for place in re.findall("`([^`]+)`", row) if "/" in place or place.endswith(".yaml")]
    changed = [file for file, _, _ in (ROWS[name].first, *ROWS[name].others)]

    assert [place for place in places if not any(file.startswith(place) for file in changed)] == []
    assert [file for file in changed if not any(file.startswith(place) for place in places)] == []
