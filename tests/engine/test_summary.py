"""The summary of a job finds what this CLI prints."""

import runpy

from tests.conftest import ROOT
from tests.engine.conftest import PACK

SUMMARY = runpy.run_path(str(ROOT / ".github/summary.py"))["summary"]
PREVIEW = ("preview", "--stack", "prod", *PACK, "--color", "never", "--diff")


def test_a_preview_that_a_policy_refuses_is_summed_up(deployed):
    protection = ("Pulumi.prod.yaml", "(paypulse:protect_tables): .*", r"\1: false")
    with deployed.edited(protection):
        out = deployed.run(*PREVIEW, fails=True)

    text = SUMMARY("Preview of prod", "failure", {"preview.txt": out})

    tables = len(deployed.tables())
    assert text.startswith(
        # And one advisory violation, for the stack: it has no alarms.
        f"## Preview of prod: FAILED\n\n**0 to create**, **{tables} to update**, **0 to replace**, **0 to delete**\n\n"
        f"Violations of policies: {2 * tables + 1}\n\n    dynamodb-table-deletion-protection-enabled [mandatory]\n"
    )
    assert text.count(": the resource option protect is not set: ") == tables


def test_a_preview_that_replaces_is_summed_up(deployed):
    with deployed.edited(("components/tables.py", '"TravelInvoices"', '"Travels"')):
        text = SUMMARY("Preview of prod", "failure", {"preview.txt": deployed.run(*PREVIEW, fails=True)})

    assert "\n**0 to create**, **0 to update**, **1 to replace**, **0 to delete**\n" in text
    assert "\n    dynamodb-table-contract [mandatory]\n      aws:dynamodb:Table: travel_invoices: " in text
