"""What is judged and what a rehearsal finds, together."""

import json
from dataclasses import replace

import pytest

from ops.aws import emulator
from ops.errors import PlanError
from ops.evolve import evolve, judge, rehearse
from tests import programs
from tests.ops.evolve import test_judge
from tests.ops.evolve.edits import NONE, REGION, Edits, compared, defined, only, version

UNPROTECTED = ("protect_tables=false",)
LOGIN = "user by email, at login"


@pytest.fixture
def change(tmp_path):
    """Return a function that judges and rehearses the change of some tables."""
    stack = replace(programs.stack(), directory=tmp_path)

    def change(now, names, then=NONE, *, is_state=False):
        old, new = replace(only(version(then), names), is_state=is_state), only(version(now), names)
        with emulator.embedded(REGION) as clients:
            return evolve.evolve(stack, "main", old, new, clients)

    return change


def told(evolution):
    """Return the code, the property and the severity of each change, and what is special about it."""
    return [(change.code, change.path, change.severity, change.detail) for change in evolution.changes]


def test_nothing_changes(change):
    evolution = change(NONE, ["users"])

    assert (evolution.base, evolution.changes, evolution.refused, evolution.ok) == ("main", [], [], True)
    assert {question.problem for question in evolution.questions} == {""}


def test_without_resources_nothing_is_rehearsed(change):
    evolution = change(NONE, [])

    assert (evolution.changes, evolution.questions, evolution.ok) == ([], [], True)


def test_a_resource_that_ops_does_not_create_is_judged_and_not_rehearsed(change):
    evolution = change(Edits(resources=(test_judge.TOPIC,)), [test_judge.TOPIC.name])

    assert told(evolution) == [("other-change", "", "safe", "It is created, beside what there is.")]
    assert (evolution.questions, evolution.refused, evolution.ok) == ([], [], True)


def test_a_query_that_fails_is_a_dangerous_change_with_its_step(change):
    evolution = change(Edits(items={"users": [{"UserID": "u1"}]}), ["users"])

    problem = "In the rehearsal, after the deployment: components/examples.py has no items of users with {}."
    assert told(evolution) == [
        ("question-unanswered", LOGIN, "dangerous", problem.format("Email")),
        (
            "question-unanswered",
            "last fetch of a user's retail invoices, read",
            "dangerous",
            problem.format("last_retail_invoice_fetch"),
        ),
        (
            "question-unanswered",
            "last fetch of a user's retail invoices, written",
            "dangerous",
            problem.format("last_retail_invoice_fetch"),
        ),
    ]
    assert (evolution.refused, evolution.ok) == (evolution.changes, False)


def test_a_query_that_a_rebuilt_index_breaks_is_not_told_twice(change):
    now = Edits(tables={"users": {"indexes": (replace(test_judge.EMAIL, sort_key="UserID"),)}})
    evolution = change(now, ["users"])

    assert told(evolution) == [
        ("index-rebuilt", test_judge.EMAIL_PATH, "dangerous", f"Used by: {LOGIN}."),
    ]
    assert [question.question for question in evolution.questions if question.problem] == [LOGIN, LOGIN]


def test_a_query_on_another_index_than_the_rebuilt_one_is_told(change, monkeypatch):
    ask = rehearse.ask

    def fail(clients, definition, name, pattern, items):
        answer = ask(clients, definition, name, pattern, items)
        return replace(answer, problem="it fails") if pattern.index == "sub_type" else answer

    monkeypatch.setattr(rehearse, "ask", fail)
    by_date = replace(test_judge.BY_DATE, sort_key=None)
    # The old queries on the rebuilt index have a range that the new index doesn't.
    now = Edits(tables={"retail_invoices": {"indexes": (by_date, test_judge.BY_CATEGORY), "access_patterns": ()}})
    evolution = change(now, ["retail_invoices"])

    question = "retail invoices of a user in one category between two dates"
    assert [each[:2] for each in told(evolution)] == [
        ("index-rebuilt", f"globalSecondaryIndexes[{test_judge.BY_DATE.name}]"),
        ("question-unanswered", question),
    ]
    assert evolution.changes[1].detail == "In the rehearsal, before the deployment: it fails."


def test_items_that_are_lost_without_a_reason_are_a_dangerous_change(change, monkeypatch):
    find, key = rehearse.updates.update, {"UserID": {"S": version().definitions.items["users"][0]["UserID"]}}

    def empty(type_, old, new):
        for call in find(type_, old, new):
            yield call
            yield rehearse.updates.Call("dynamodb", "delete_item", {"TableName": "Users", "Key": key})

    monkeypatch.setattr(rehearse.updates, "update", empty)
    evolution = change(Edits(inputs={"users": {"tags": {"Environment": "live"}}}), ["users"])

    assert [each for each in told(evolution) if each[0] != "question-unanswered"] == [
        ("tags-changed", "tags.Environment", "safe", ""),
        ("items-lost", "", "dangerous", "1 of 2 example items are lost."),
    ]


def test_a_call_that_is_refused_without_a_reason_is_a_dangerous_change(change):
    indexes = [
        {"name": "Email-index", "hashKey": "Email", "projectionType": "ALL"},
        {"name": "by-other", "hashKey": "other", "projectionType": "ALL"},
    ]
    evolution = change(Edits(inputs={"users": {"globalSecondaryIndexes": indexes}}), ["users"])

    added, refused = evolution.changes
    assert (added.code, refused.code, refused.severity) == ("index-added", "change-refused", "dangerous")
    assert refused.detail.endswith(
        "An error occurred (ValidationException) when calling the UpdateTable operation: One or more parameter values "
        "were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [other]"
    )
    assert not evolution.ok


def test_a_capacity_that_the_judge_does_not_know_is_told(change, monkeypatch):
    monkeypatch.setattr(judge, "judge", lambda *_: [])
    now = Edits(tables={"rental_invoices": {"indexes": (test_judge.BY_AMOUNT, test_judge.DUE)}})
    evolution = change(now, ["rental_invoices"])

    moved = "In the rehearsal it was moved to {}, and the deployment set it to 1."
    assert told(evolution) == [
        ("capacity-set-back", f"{test_judge.DUE_PATH}.readCapacity", "dangerous", moved.format(13)),
        ("capacity-set-back", f"{test_judge.DUE_PATH}.writeCapacity", "dangerous", moved.format(14)),
    ]


def test_a_capacity_that_the_judge_knows_is_told_once(change):
    now = Edits(tables={"rental_invoices": {"indexes": (test_judge.BY_AMOUNT, test_judge.DUE)}})
    evolution = change(now, ["rental_invoices"])

    paths = [each[1] for each in told(evolution) if each[0] == "capacity-set-back"]
    assert paths == [f"{test_judge.DUE_PATH}.readCapacity", f"{test_judge.DUE_PATH}.writeCapacity"]


def test_a_table_that_is_replaced_explains_what_is_lost(change):
    now = Edits(tables={"travel_invoices": {"partition_key": "UserID"}}, config=UNPROTECTED)
    evolution = change(now, ["travel_invoices"], Edits(config=UNPROTECTED))

    # The query and the writes still have the old key: they fail in the new version.
    assert [each[:3] for each in told(evolution)] == [
        ("table-replaced", "hashKey", "dangerous"),
        ("question-unanswered", "detail of a travel invoice", "dangerous"),
        ("question-unanswered", "detail of a travel invoice, written", "dangerous"),
        ("question-unanswered", "detail of a travel invoice, deleted", "dangerous"),
    ]


def test_an_accepted_change_passes(change, tmp_path):
    entry = {"code": "table-deleted", "table": "TravelInvoices", "property": "", "reason": "old", "told": "all"}
    (tmp_path / "accepted_changes.yaml").write_text(f"[{entry}]")
    unprotected = Edits(config=UNPROTECTED)
    evolution = change(replace(unprotected, tables={"travel_invoices": None}), ["travel_invoices"], unprotected)

    assert [(each.code, each.accepted) for each in evolution.changes] == [("table-deleted", True)]
    assert (evolution.refused, evolution.ok) == ([], True)


# What the rehearsal may find beside a dangerous change of the same row.
EXPLAINED = {
    "the only index is removed": {LOGIN},
    "one of two indexes is removed": {"retail invoices of a user between two dates, newest first"},
    "an index's projection changes": {LOGIN},
}


# Where a dangerous change explains whatever the rehearsal finds, there is nothing to learn from it. Nor where a trigger or
# alarms change, which answer no query.
REHEARSED = [
    row
    for row in test_judge.CASES
    if (
        row.name in EXPLAINED
        or {code for code, _, level in row.changes if level == "dangerous"} <= {"capacity-set-back"}
    )
    and "trigger" not in row.name
    and "alarm" not in row.name
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in REHEARSED])
def test_the_rehearsal_of_a_row_finds_nothing_that_the_judge_calls_safe(change, row):
    names = affected(row)
    # For the row that brings a query on an attribute that the examples don't have.
    items = {"users": [item | {"a": "1"} for item in version(NONE).definitions.items["users"]]}
    evolution = change(replace(row.now, items=row.now.items | items), names, row.then)

    found = [each for each in evolution.changes if each.code in {"question-unanswered", "change-refused", "items-lost"}]
    assert {each.path for each in found} == EXPLAINED.get(row.name, set())
    set_back = {each.path for each in evolution.changes if each.code == "capacity-set-back"}
    assert set_back == {path for code, path, _ in row.changes if code == "capacity-set-back"}


def affected(row):
    """Return the logical names of the tables that a row changes: of many, two; of none, one."""
    then, now = version(row.then), version(row.now)
    found = compared(then, now)
    changed = {change.table for change in judge.judge(then, now, found)}
    names = [pair.either.name for pair in found if pair.either.type.endswith(":Table") and pair.table in changed]
    return [*(["users", "rental_invoices"] if len(names) > 2 else names or ["users"]), "send_invoice_notification"]


@pytest.fixture
def accept(tmp_path):
    """Return a function that accepts a table's move."""

    def accept(table, name):
        entry = {"code": "table-moved", "table": table, "property": name, "reason": "restored", "told": "all"}
        (tmp_path / "accepted_changes.yaml").write_text(json.dumps([entry]))

    return accept


MOVED = Edits(config=("users_table=Users-restored",))


def codes(evolution):
    return [(change.code, change.table, change.path, change.accepted) for change in evolution.changes]


def test_a_table_that_was_moved_in_the_state_passes_where_both_names_are_accepted(change, accept):
    accept("Users", "Users-restored")
    evolution = change(MOVED, ["users"])

    assert codes(evolution) == [("table-moved", "Users", "Users-restored", True)]
    assert evolution.ok
    assert {(question.table, question.problem) for question in evolution.questions} == {("Users-restored", "")}


def test_a_table_that_was_moved_keeps_its_autoscaling_and_trigger(change, accept):
    config = ("send_invoice_notification_function=notify",)
    accept("RentalInvoices", "Rents")
    now = Edits(config=(*config, "rental_invoices_table=Rents"))
    evolution = change(now, ["rental_invoices", "send_invoice_notification"], Edits(config=config))

    assert codes(evolution) == [("table-moved", "RentalInvoices", "Rents", True)]
    assert evolution.ok


@pytest.mark.parametrize(
    ("now", "code"),
    [
        pytest.param(
            replace(MOVED, tables={"users": {"partition_key": "Email", "access_patterns": (), "indexes": ()}}),
            "table-replaced",
            id="another key",
        ),
        pytest.param(
            replace(MOVED, tables={"users": {"indexes": (), "access_patterns": ()}}),
            "index-removal-not-applied",
            id="no index",
        ),
    ],
)
def test_what_else_changes_of_a_moved_table_is_refused(change, accept, now, code):
    accept("Users", "Users-restored")
    evolution = change(now, ["users"])

    assert codes(evolution)[0] == ("table-moved", "Users", "Users-restored", True)
    assert code in [each.code for each in evolution.refused]


@pytest.mark.parametrize(
    ("table", "name"),
    [("Users", "Users-other"), ("VendorConfig", "Users-restored"), ("Users", "name"), ("Users", "Users")],
)
def test_a_move_with_other_names_is_no_change(change, accept, table, name):
    accept(table, name)
    message = f"accepts table-moved of {table}, {name}, which is not a change here"
    with pytest.raises(PlanError, match=message):
        change(MOVED, ["users", "vendor_config"])


def test_a_table_does_not_move_to_the_name_of_another(change, accept):
    accept("Users", "VendorConfig")
    with pytest.raises(PlanError, match="accepts table-moved of Users, VendorConfig, which is not a change here"):
        change(Edits(config=("users_table=VendorConfig", "vendor_config_table=Users")), ["users", "vendor_config"])


def test_a_table_does_not_move_if_another_gets_its_name(change, accept):
    added = replace(defined("users"), logical_name="guests", name="Guests", access_patterns=())
    accept("Users", "Users-restored")
    with pytest.raises(PlanError, match="accepts table-moved of Users, Users-restored, which is not a change here"):
        change(replace(MOVED, added=(("users", added),), inputs={"guests": {"name": "Users"}}), ["users", "guests"])


def test_a_table_that_moved_and_changes_its_region_is_refused(change, accept):
    accept("Users", "Users-restored")
    evolution = change(replace(MOVED, inputs={"users": {"region": "eu-north-1"}}), ["users"])

    assert ("table-replaced", "region") in [(each.code, each.path) for each in evolution.refused]


def test_the_entry_of_a_move_accepts_nothing_while_the_state_has_the_old_table(change, accept):
    accept("Users", "Users-restored")
    evolution = change(MOVED, ["users"], is_state=True)

    assert codes(evolution) == [("table-replaced", "Users", "name", False)]


def test_a_move_that_nobody_accepts_is_a_replacement(change):
    assert [(each.code, each.path) for each in change(MOVED, ["users"]).refused] == [("table-replaced", "name")]


def test_a_move_is_not_accepted_of_a_state_that_has_the_old_table(tmp_path, accept):
    accept("Users", "Users-restored")
    then, now = (only(version(edits), ["users"]) for edits in (NONE, MOVED))
    stack = replace(programs.stack(), directory=tmp_path)
    with emulator.embedded(REGION) as clients:
        old = evolve.evolve(stack, "state", replace(then, is_state=True), now, clients)
        new = evolve.evolve(stack, "state", replace(now, is_state=True), now, clients)

    assert [(each.code, each.path) for each in old.refused] == [("table-replaced", "name")]
    assert new.changes == []
