import json
import re

import pytest

from ops.cost.target_tracking import ASSUMPTIONS
from tests.conftest import ROOT

PROD = ("cost", "--cwd", ROOT, "--stack", "prod")


def test_the_sample_month_shows_both_modes_and_the_burst_of_the_first(run):
    result = run(*PROD)

    assert (result.code, result.err) == (0, "")
    # 744 hours of a read and a write unit are 0.656 dollars. RentalInvoices and its index have 8 alarms each, 0.80.
    # Users has 14,976 + 5,040 reads a day of half a unit, and 5,061.6 writes of one: 31 days are 0.155 dollars.
    assert result.lines[:4] == [
        "Table, index                          On demand  Provisioned  Used  Break-even  Cheaper",
        "RentalInvoices                        0.02       1.46 *       1%    64%         on demand",
        "  due_date_year-due_date_month-index  0.00       1.46 *       0%    64%",
        "Users                                 0.15 *     2.66         2%    41%         on demand",
    ]
    start = result.lines.index("  throttled: writes")
    assert result.lines[start + 1 : start + 6] == [
        "    1,440 to 4,260 of 5,068 units (84.1% at worst)",
        "    from 06:00 UTC on day 1; 8 minutes of the month in all",
        "    a full burst capacity delays it by 33 s",
        "    autoscaling first adds capacity after 3 to 7 minutes",
        "    a rental invoice, written: up to 4,260 units",
    ]
    assert "    because the table has too little write capacity" in result.lines
    assert any(
        re.fullmatch("  RentalInvoices +writes +1 to 10 +11 to 11 +74[0-9] to 7[0-9]+", line) for line in result.lines
    )
    assert max(map(len, result.lines)) <= 100


def test_json_has_each_table_the_totals_and_the_assumptions(run):
    result = json.loads(run(*PROD, "--json").out)
    rents, users = result["tables"][:2]

    assert list(result) == [
        *("project", "stack", "region", "prices", "tables", "alarms", "totals", "assumptions", "not_counted"),
    ]
    assert (rents["deployed"], rents["cheaper"], users["deployed"]) == ("provisioned", "on demand", "on demand")
    assert [month["resource"] for month in rents["month"]] == [None, "due_date_year-due_date_month-index"]
    writes = next(t for t in rents["throttled"] if t["access"] == "write" and t["resource"] is None)
    assert writes["units"] == [pytest.approx(1440, abs=1), pytest.approx(4260, abs=1)]
    capacity = rents["capacities"][1]
    assert capacity.pop("unit_hours") == [pytest.approx(744.3, abs=0.1), pytest.approx(754, abs=6)]
    assert capacity == {"resource": None, "access": "write", "without_throttling": {"minimum": 11, "maximum": 11}}
    assert users["throttled"] == []
    assert list(result["assumptions"]) == list(ASSUMPTIONS)
    assert result["alarms"] == {"number": 0, "usd": 0.0}
    assert result["totals"]["all on demand"][0] < result["totals"]["as deployed"][0]


def test_names_are_those_of_the_stack(run, tmp_path):
    (tmp_path / "usage.yaml").write_text("tables: {}")
    result = json.loads(run("cost", "--cwd", ROOT, "--usage", tmp_path / "usage.yaml", "--json").out)

    assert result["tables"][0]["table"] == "RentalInvoices-dev"
    assert "RentalInvoices: rental invoices of a user" in result["not_counted"]


def test_wrong_files_and_regions_are_one_line_and_exit_code_2(run, tmp_path):
    wrong = tmp_path / "usage.yaml"
    wrong.write_text("tables: {invoices: {}}")
    for arguments, message in (
        (("--usage", wrong), f"error: {wrong}: tables: there is no 'invoices'; it can have: rental_invoices, users,"),
        (("--usage", tmp_path / "no.csv"), f"error: no {tmp_path / 'no.csv'}; name another file with --usage"),
        (("--config", "aws:region=eu-north-1"), "error: no prices of eu-north-1: copy"),
    ):
        result = run(*PROD, *arguments)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(message)
        assert result.err.count("\n") == 1


def test_a_csv_of_cloudwatch_is_simulated_too(run, tmp_path):
    rows = [f"2026-11-01T06:{minute:02}:00Z,RentalInvoices,,ConsumedWriteCapacityUnits,600" for minute in range(8)]
    file = tmp_path / "consumed.csv"
    file.write_text("\n".join(["Timestamp,TableName,GlobalSecondaryIndexName,MetricName,Sum", *rows]))
    result = json.loads(run(*PROD, "--usage", file, "--json").out)

    (writes,) = result["tables"][0]["throttled"]
    assert (writes["of"], writes["burst_seconds"]) == (pytest.approx(4800), pytest.approx(33.33, abs=0.01))
    assert "storage and recovery, which consumed capacity doesn't tell" in result["not_counted"]
