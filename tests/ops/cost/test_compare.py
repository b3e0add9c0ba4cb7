"""What the summary of a pull request says of the month, over edits of this project's own plan."""

import copy
from dataclasses import replace

import pytest

from components.examples import ITEMS
from components.tables import TABLES
from ops.aws.resources import scalable_target, table
from ops.cost.compare import compare
from ops.engine.plan import Plan
from ops.evolve.versions import Version
from ops.rehearse.definitions import Definitions
from tests import programs
from tests.programs import record

PROD = programs.stack()
# Ten writes a second to RentalInvoices for an hour of each day, and a login and a signup a second.
USAGE = """
tables:
  rental_invoices:
    items: 0
    size: 500
    requests: {"a rental invoice, written": {day: {"06:00": 10, "07:00": 0}}}
  users:
    items: 1000000
    size: 973
    requests: {"user by email, at login": {rate: 1}, "a user, written at signup": {rate: 1}}
"""
DEFINITIONS = Definitions(TABLES, ITEMS)


@pytest.fixture(scope="module")
def prod():
    return Version(record(PROD), DEFINITIONS)


@pytest.fixture
def stack(tmp_path):
    (tmp_path / "usage.yaml").write_text(USAGE)
    return replace(PROD, directory=tmp_path)


def edited(version, edit):
    """Return a version with changed resources: `edit` changes inputs, and returns whether the resource stays."""
    resources = copy.deepcopy(version.plan.resources)
    return replace(version, plan=Plan([each for each in resources if edit(each) is not False]))


def raise_bounds(resource):
    if resource.type == scalable_target.TYPE and "Write" in resource.inputs["scalableDimension"]:
        resource.inputs.update(minCapacity=11, maxCapacity=20)


def on_demand(resource):
    if "RentalInvoices" in resource.inputs.get("resourceId", ""):
        return False
    if resource.type == table.TYPE and resource.name == "rental_invoices":
        resource.inputs["billingMode"] = "PAY_PER_REQUEST"
    return True


def without_index(resource):
    if resource.type == table.TYPE and resource.name == "users":
        resource.inputs["globalSecondaryIndexes"] = []


def tagged(resource):
    if resource.type == table.TYPE:
        resource.inputs["tags"] = {"Environment": "elsewhere"}


def test_a_change_of_what_is_not_billed_says_nothing(stack, prod):
    assert compare(stack, prod, prod) == []
    assert compare(stack, edited(prod, tagged), prod) == []


def test_a_first_deployment_says_nothing(stack, prod):
    assert compare(stack, Version(), prod) == []


def test_more_capacity_says_what_it_costs_and_what_is_no_longer_throttled(stack, prod):
    month, throttled = compare(stack, prod, edited(prod, raise_bounds))

    # At most 10 units more, of the table and of the index, for 744 hours of 0.000735 dollars: 10.94.
    assert month == "**A month** by `usage.yaml`: 8.05 to 8.48 → 18.78 to 18.97 US dollars."
    assert throttled == (
        "Units throttled: `RentalInvoices due_date_year-due_date_month-index writes` 44,640 to 403,620 → 0; "
        "`RentalInvoices writes` 44,640 to 403,620 → 0."
    )


def test_throttling_that_differs_by_less_than_a_unit_is_not_told(stack, prod):
    def other_maximum(resource):
        if resource.type == scalable_target.TYPE and "Read" in resource.inputs["scalableDimension"]:
            resource.inputs.update(maxCapacity=10.5)

    assert compare(stack, prod, edited(prod, other_maximum)) == [
        "**A month** by `usage.yaml`: 8.05 to 8.48 US dollars, unchanged."
    ]


def test_another_billing_mode_says_what_it_costs(stack, prod):
    month, throttled = compare(stack, prod, edited(prod, on_demand))

    # 36,000 writes a day of the table and of the index are 1.573 dollars; that of Users is 4.752.
    assert month == "**A month** by `usage.yaml`: 8.05 to 8.48 → 6.33 US dollars."
    assert "`RentalInvoices writes` 44,640 to 403,620 → 0" in throttled


def test_a_new_index_whose_question_is_new_says_what_it_costs(stack, prod):
    (month,) = compare(stack, edited(prod, without_index), prod)

    # For a million items 0.283 dollars are stored; 2,678,400 writes cost 1.888 and as many queries 0.190.
    assert month == "**A month** by `usage.yaml`: 5.69 to 6.12 → 8.05 to 8.48 US dollars."


def test_a_state_has_the_questions_of_now(stack, prod):
    state = Version(edited(prod, on_demand).plan, is_state=True)

    assert compare(stack, state, prod)[0] == "**A month** by `usage.yaml`: 6.33 → 8.05 to 8.48 US dollars."


def test_a_month_that_can_not_be_computed_is_a_line(stack, prod):
    elsewhere = replace(stack, config=stack.config | {"aws:region": "eu-north-1"})
    (line,) = compare(elsewhere, prod, edited(prod, on_demand))

    assert line.startswith("**A month**: not computed. `no prices of eu-north-1: copy ops/cost/prices/")
