"""A rehearsed deployment: which queries are answered at which step, what is refused, and what is lost."""

from dataclasses import replace

import pytest

from components.schema import AccessPattern, Capacity
from ops.aws import emulator
from ops.evolve import rehearse
from tests.ops.evolve import test_judge
from tests.ops.evolve.edits import NONE, REGION, Edits, compared, index, only, version

RENTAL, USERS = test_judge.RENTAL, test_judge.USERS
DUE, EMAIL, BY_AMOUNT = test_judge.DUE, test_judge.EMAIL, test_judge.BY_AMOUNT
LOGIN = "user by email, at login"
UNPROTECTED = ("protect_tables=false",)
KEEPS_URN = "urn:pulumi:prod::paypulse::paypulse:dynamodb:"
TABLE = "$aws:dynamodb/table:Table::"
BY_A = AccessPattern(question="users by a", operation="Query", index="a_index", key=("a",))
WITH_A = Edits(
    tables={"users": {"indexes": (EMAIL, index("a-index", "a")), "access_patterns": (*USERS.access_patterns, BY_A)}},
    items={"users": [{"UserID": "u1", "Email": "e1", "last_retail_invoice_fetch": "x", "a": "1"}, {"UserID": "u2"}]},
)


@pytest.fixture
def run():
    """Return a function that rehearses the change of some tables, and returns what it finds and the clients."""
    with emulator.embedded(REGION) as clients:

        def run(now, names, then=NONE, *, is_state=False):
            old, new = only(version(then), names), only(version(now), names)
            old = replace(old, is_state=is_state)
            return rehearse.rehearse(old, new, compared(old, new), clients), clients

        yield run


def answers(rehearsed, question, which="old"):
    """Return each step at which a query was asked, and the problem."""
    return [(q.step, q.problem) for q in rehearsed.questions if (q.question, q.version) == (question, which)]


def capacities(clients):
    """Return the capacities of the rental invoices and of their indexes in the emulator."""
    found = clients("dynamodb").describe_table(TableName="RentalInvoices")["Table"]
    items = [("", found), *((each["IndexName"], each) for each in found["GlobalSecondaryIndexes"])]
    return {
        name: (units["ReadCapacityUnits"], units["WriteCapacityUnits"])
        for name, units in ((name, item["ProvisionedThroughput"]) for name, item in items)
    }


def test_without_a_change_the_old_queries_are_asked_twice_and_the_new_ones_once(run):
    rehearsed, _ = run(NONE, ["users"])

    asked = [(q.version, q.step, q.question) for q in rehearsed.questions]
    names = [pattern.question for pattern in USERS.access_patterns]
    assert asked == [
        *(("old", "before", name) for name in names),
        *(("old", "after", name) for name in names),
        *(("new", "after", name) for name in names),
    ]
    assert {q.problem for q in rehearsed.questions} == {""}
    assert (rehearsed.refused, rehearsed.lost, rehearsed.set_back) == ({}, {}, {})


def test_the_old_queries_are_asked_after_each_call_before_the_table_is_active_again(run):
    rehearsed, _ = run(replace(WITH_A, items=NONE.items), ["users"])

    steps = list(dict.fromkeys(q.step for q in rehearsed.questions if q.version == "old"))
    assert steps[0] == "before"
    assert steps[1].startswith("UpdateTable: TableName Users, AttributeDefinitions ")
    assert '"IndexName": "a-index"' in steps[1]
    assert steps[2:] == ["after"]
    assert answers(rehearsed, LOGIN) == [(step, "") for step in steps]


def test_the_query_of_an_index_that_is_rebuilt_fails_meanwhile(run):
    now = Edits(tables={"users": {"indexes": (replace(EMAIL, sort_key="UserID"),)}})
    rehearsed, _ = run(now, ["users"])

    found = answers(rehearsed, LOGIN)
    assert [(step.partition(" [")[0].partition(",")[0], problem) for step, problem in found] == [
        ("before", ""),
        (
            "UpdateTable: TableName Users",
            "An error occurred (ResourceNotFoundException) when calling the Query operation: "
            "Invalid index: Email-index for table: Users. Available indexes are:",
        ),
        (
            "UpdateTable: TableName Users",
            "An error occurred (ValidationException) when calling the Query operation: "
            "Cannot read from backfilling global secondary index: Email-index",
        ),
        ("after", ""),
    ]
    assert {q.index for q in rehearsed.questions if q.question == LOGIN} == {"Email-index"}
    assert {problem for _, problem in answers(rehearsed, "user by id")} == {""}


def test_a_new_query_on_a_new_index_is_right_at_the_end(run):
    rehearsed, _ = run(WITH_A, ["users"])

    assert answers(rehearsed, BY_A.question, "new") == [("after", "")]
    assert answers(rehearsed, BY_A.question, "old") == []


def test_new_items_that_the_table_refuses_are_told(run):
    rehearsed, _ = run(Edits(items={"users": [{"Email": "e1"}]}), ["users"])

    found = answers(rehearsed, LOGIN, "new")
    assert [step for step, _ in found] == ["after"]
    assert found[0][1].startswith(
        "its example items can't be written: An error occurred (ValidationException) when calling the PutItem operation: "
    )


def test_capacities_that_were_moved_survive_an_index_that_is_appended(run):
    rehearsed, clients = run(Edits(tables={"rental_invoices": {"indexes": (DUE, BY_AMOUNT)}}), ["rental_invoices"])

    assert rehearsed.set_back == {}
    assert capacities(clients) == {"": (11, 12), DUE.name: (13, 14), BY_AMOUNT.name: (2, 2)}


def test_capacities_that_were_moved_go_to_the_index_that_is_inserted_in_front(run):
    rehearsed, clients = run(Edits(tables={"rental_invoices": {"indexes": (BY_AMOUNT, DUE)}}), ["rental_invoices"])

    assert capacities(clients) == {"": (11, 12), DUE.name: (1, 1), BY_AMOUNT.name: (13, 14)}
    urn = f"{KEEPS_URN}RentalInvoices{TABLE}rental_invoices"
    assert rehearsed.set_back == {
        (urn, f"globalSecondaryIndexes[{DUE.name}].readCapacity"): (
            "In the rehearsal it was moved to 13, and the deployment set it to 1."
        ),
        (urn, f"globalSecondaryIndexes[{DUE.name}].writeCapacity"): (
            "In the rehearsal it was moved to 14, and the deployment set it to 1."
        ),
    }


def test_capacities_are_set_back_where_they_are_not_ignored_any_more(run):
    rehearsed, clients = run(Edits(options={"rental_invoices": {"ignore_changes": []}}), ["rental_invoices"])

    assert capacities(clients) == {"": (5, 5), DUE.name: (1, 1)}
    assert [path for _, path in rehearsed.set_back] == [
        "readCapacity",
        "writeCapacity",
        f"globalSecondaryIndexes[{DUE.name}].readCapacity",
        f"globalSecondaryIndexes[{DUE.name}].writeCapacity",
    ]


@pytest.mark.parametrize(
    ("now", "step"),
    [
        pytest.param(
            Edits(tables={"travel_invoices": {"partition_key": "UserID"}}, config=UNPROTECTED),
            "CreateTable: TravelInvoices",
            id="in place",
        ),
        pytest.param(
            Edits(config=(*UNPROTECTED, "travel_invoices_table=Journeys")),
            "DeleteTable: TableName TravelInvoices",
            id="beside it",
        ),
    ],
)
def test_items_are_lost_with_a_table_that_is_replaced(run, now, step):
    rehearsed, _ = run(now, ["travel_invoices"], Edits(config=UNPROTECTED))

    urn = f"{KEEPS_URN}RetailInvoices{TABLE}travel_invoices"
    assert rehearsed.lost == {urn: "2 of 2 example items are lost."}
    assert rehearsed.refused == {}
    for question in {q.question for q in rehearsed.questions if q.version == "old"}:
        *_, last, after = answers(rehearsed, question)
        assert (last[0], after[0], bool(after[1])) == (step, "after", True)


def test_a_table_that_keeps_its_name_is_deleted_before_it_is_created(run):
    now = Edits(tables={"travel_invoices": {"partition_key": "UserID"}}, config=UNPROTECTED)
    rehearsed, clients = run(now, ["travel_invoices"], Edits(config=UNPROTECTED))

    assert list(dict.fromkeys(q.step for q in rehearsed.questions)) == [
        "before",
        "DeleteTable: TableName TravelInvoices",
        "CreateTable: TravelInvoices",
        "after",
    ]
    found = clients("dynamodb").describe_table(TableName="TravelInvoices")["Table"]
    assert found["KeySchema"] == [{"AttributeName": "UserID", "KeyType": "HASH"}]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(Edits(tables={"travel_invoices": {"partition_key": "UserID"}}), id="replaced"),
        pytest.param(Edits(tables={"travel_invoices": None}), id="deleted"),
    ],
)
def test_nothing_is_called_where_pulumi_refuses(run, now):
    both = replace(now, tables=now.tables | {"users": {"indexes": (EMAIL, index("a-index", "a"))}})
    rehearsed, clients = run(both, ["users", "travel_invoices"])

    urn = f"{KEEPS_URN}RetailInvoices{TABLE}travel_invoices"
    assert rehearsed.refused == {urn: "Pulumi: the resource is protected"}
    assert {q.step for q in rehearsed.questions} == {"before", "after"}
    assert {q.version for q in rehearsed.questions} == {"old"}
    assert rehearsed.lost == {}
    found = clients("dynamodb").describe_table(TableName="Users")["Table"]["GlobalSecondaryIndexes"]
    assert [each["IndexName"] for each in found] == ["Email-index"]


def test_a_call_that_is_refused_stops_the_deployment(run):
    now = Edits(
        inputs={"users": {"ttl": test_judge.TTL | {"attributeName": "ends"}}, "vendor_config": {"tags": {"a": "b"}}}
    )
    rehearsed, clients = run(now, ["users", "vendor_config"], Edits(inputs={"users": {"ttl": test_judge.TTL}}))

    assert rehearsed.refused == {
        f"{KEEPS_URN}Users{TABLE}users": (
            'UpdateTimeToLive: TableName Users, TimeToLiveSpecification {"AttributeName": "ends", "Enabled": true}: '
            "An error occurred (ValidationException) when calling the UpdateTimeToLive operation: "
            "TimeToLive is active on a different AttributeName: current AttributeName is expires"
        )
    }
    arn = clients("dynamodb").describe_table(TableName="VendorConfig")["Table"]["TableArn"]
    tags = clients("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "Environment", "Value": "production"}]
    assert {q.step for q in rehearsed.questions} == {"before", "after"}


def test_what_the_provider_refuses_stops_the_deployment(run):
    inputs = {
        "billingMode": "PROVISIONED",
        "readCapacity": 1,
        "writeCapacity": 1,
        "globalSecondaryIndexes": [{"name": "by-a", "hashKey": "Email", "projectionType": "ALL"}],
    }
    now = Edits(inputs={"users": inputs, "vendor_config": {"deletionProtectionEnabled": False}})
    rehearsed, clients = run(now, ["users", "vendor_config"])

    assert rehearsed.refused == {
        f"{KEEPS_URN}Users{TABLE}users": (
            "the provider: GSI (by-a): read and write capacity must be > 0 when billing mode is PROVISIONED"
        )
    }
    found = clients("dynamodb").describe_table(TableName="VendorConfig")["Table"]
    assert found["DeletionProtectionEnabled"]


def test_a_state_is_asked_todays_queries_as_far_as_its_indexes_answer_them(run):
    then = Edits(tables={"users": {"indexes": (index("a-index", "a"),)}})
    rehearsed, _ = run(NONE, ["users"], then, is_state=True)

    assert answers(rehearsed, LOGIN) == []
    assert answers(rehearsed, LOGIN, "new") == [("after", "")]
    assert {problem for _, problem in answers(rehearsed, "user by id")} == {""}


def test_a_provisioned_table_of_a_state_without_capacities_has_one_unit(run):
    # A refresh adds no inputs that there weren't before.
    lacks = {"name": DUE.name, "hashKey": DUE.partition_key, "rangeKey": DUE.sort_key, "projectionType": "ALL"}
    units = {"readCapacity": None, "writeCapacity": None, "globalSecondaryIndexes": [lacks]}
    rehearsed, clients = run(NONE, ["rental_invoices"], Edits(inputs={"rental_invoices": units}), is_state=True)

    assert rehearsed.refused == {}
    assert capacities(clients) == {"": (1, 1), DUE.name: (1, 1)}


def test_a_trigger_that_is_replaced_is_there_afterwards(run):
    row = next(row for row in test_judge.CASES if row.name == "a trigger starts elsewhere")
    rehearsed, clients = run(row.now, ["rental_invoices", "send_invoice_notification"], row.then)

    mappings = clients("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert rehearsed.refused == {}
    assert [mapping["StartingPosition"] for mapping in mappings] == ["TRIM_HORIZON"]


def test_a_table_without_indexes_goes_provisioned_with_one_unit(run):
    # ignoreChanges leaves no capacity, so the provider takes 1 unit.
    none = {"indexes": (), "access_patterns": USERS.access_patterns[:1]}
    now = Edits(tables={"users": none | {"capacity": Capacity(5, 5)}})
    rehearsed, clients = run(now, ["users"], Edits(tables={"users": none}))

    assert rehearsed.refused == {}
    found = clients("dynamodb").describe_table(TableName="Users")["Table"]["ProvisionedThroughput"]
    assert (found["ReadCapacityUnits"], found["WriteCapacityUnits"]) == (1, 1)


def test_a_call_at_which_queries_are_asked_shows_no_secret(run):
    now = Edits(inputs={"users": {"tags": {"a": 'hid"den', "b": "shown"}}}, options={"users": {"secrets": ["tags.a"]}})
    rehearsed, clients = run(now, ["users"])

    steps = list(dict.fromkeys(q.step for q in rehearsed.questions))
    assert [step.partition(", Tags ")[2] for step in steps] == [
        "",
        "",
        '[{"Key": "a", "Value": "[secret]"}, {"Key": "b", "Value": "shown"}]',
        "",
    ]
    arn = clients("dynamodb").describe_table(TableName="Users")["Table"]["TableArn"]
    assert clients("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": 'hid"den'},
        {"Key": "b", "Value": "shown"},
    ]


def test_items_of_today_that_a_deployed_table_refuses_are_told(run):
    attributes = [{"name": name, "type": "S"} for name in ("id", "Email")]
    then = Edits(inputs={"users": {"hashKey": "id", "attributes": attributes}})
    rehearsed, _ = run(NONE, ["users"], then, is_state=True)

    step, problem = answers(rehearsed, LOGIN)[0]
    assert step == "before"
    assert problem.startswith("its example items can't be written: An error occurred (ValidationException)")
    assert rehearsed.lost == {}


ALARMED = Edits(config=test_judge.ALARMS)


def alarms(clients):
    """Return the periods of the alarms in the emulator, by name."""
    found = clients("cloudwatch").describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["EvaluationPeriods"] for alarm in found}


USERS_ALARMS = {
    **{f"Users/{part}throttled-{access}": 5 for part in ("", "email/") for access in ("reads", "writes")},
    "Users/system-errors": 15,
}


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        pytest.param(NONE, ALARMED, USERS_ALARMS, id="added"),
        pytest.param(ALARMED, NONE, {}, id="removed"),
        pytest.param(
            ALARMED,
            replace(ALARMED, inputs={"users-system-errors": {"evaluationPeriods": 3}}),
            USERS_ALARMS | {"Users/system-errors": 3},
            id="changed",
        ),
    ],
)
def test_a_change_of_alarms_is_rehearsed(run, then, now, expected):
    rehearsed, clients = run(now, ["users"], then)

    assert alarms(clients) == expected
    assert rehearsed.refused == {}
