"""The questions that the tables are for, asked of what a rehearsal made."""

import copy
import json
import re
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from components.examples import ITEMS
from components.schema import AccessPattern, GlobalSecondaryIndex, Table
from components.tables import TABLES
from ops import drift
from ops.__main__ import main
from ops.aws import emulator
from ops.rehearse import access_patterns, definitions, streams
from ops.rehearse.answer import Answer
from tests import programs
from tests.conftest import ROOT
from tests.ops import accounts
from tests.ops.accounts import attributes, index, recreate

STREAM = "stream: an insert, a change and a delete, as NEW_AND_OLD_IMAGES"
# Question, table, index, items read, items returned: each in one call.
QUESTIONS = [
    ("rental invoices of a user", "RentalInvoices", None, 3, 3),
    ("one rental invoice", "RentalInvoices", None, 1, 1),
    ("rental invoices due in a month of a year", "RentalInvoices", "due_date_year-due_date_month-index", 2, 2),
    ("a rental invoice, written", "RentalInvoices", None, 0, 0),
    ("a rental invoice, deleted", "RentalInvoices", None, 0, 0),
    ("user by id", "Users", None, 1, 1),
    ("user by email, at login", "Users", "Email-index", 1, 1),
    ("last fetch of a user's retail invoices, read", "Users", None, 1, 1),
    ("last fetch of a user's retail invoices, written", "Users", None, 0, 0),
    ("a user, written at signup", "Users", None, 0, 0),
    ("a user, deleted", "Users", None, 0, 0),
    ("retail invoices of a user", "RetailInvoices", None, 11, 11),
    ("one retail invoice", "RetailInvoices", None, 1, 1),
    ("retail invoices of a user between two dates, newest first", "RetailInvoices", "invoice_date-index", 9, 9),
    (
        *("retail invoices of a user in one category between two dates", "RetailInvoices"),
        *("sub_type-invoice_date-index", 2, 2),
    ),
    ("a retail invoice, written", "RetailInvoices", None, 0, 0),
    ("a retail invoice, deleted", "RetailInvoices", None, 0, 0),
    *(
        (f"detail of a {category} invoice{write}", f"{name}Invoices", None, count, count)
        for category, name in [
            ("food-delivery", "FoodDelivery"),
            ("clothing", "Clothing"),
            ("technology", "Technology"),
            ("subscription", "Subscription"),
            ("grocery", "Grocery"),
            ("misc-utility", "MiscellaneousUtility"),
            ("misc", "Miscellaneous"),
            ("travel", "Travel"),
        ]
        for write, count in [("", 1), (", written", 0), (", deleted", 0)]
    ),
    ("vendor by id", "VendorConfig", None, 1, 1),
    ("all active vendors", "VendorConfig", None, 3, 2),
]


pytestmark = pytest.mark.usefixtures("in_process")


def run(capsys, *arguments):
    command = ["rehearse", "--cwd", str(ROOT), "--stack", "prod", "--config", accounts.ACCOUNT, "--no-policies"]
    code = main([*command, "--drill", *arguments])
    return code, *capsys.readouterr()


def test_every_question_is_answered_and_every_stream_shows_what_was_written(capsys):
    code, out, err = run(capsys, "--json", "--config", accounts.TRIGGER)

    assert (code, err) == (0, "")
    assert [tuple(answer.values()) for answer in json.loads(out)["drill"]] == [
        *((question, table, index, 1, read, returned, True) for question, table, index, read, returned in QUESTIONS),
        (STREAM, "RentalInvoices", None, 3, 3, 3, True),
        ("trigger notify: by its filter only the insert", "RentalInvoices", None, 0, 3, 1, True),
        (STREAM, "RetailInvoices", None, 3, 3, 3, True),
    ]
    assert list(json.loads(out)["drill"][0]) == [
        *("question", "table", "index", "calls", "items_read", "items_returned", "ok")
    ]


def test_a_person_reads_what_is_stored_where_and_how_it_is_found(capsys):
    code, out, _ = run(capsys)
    lines = [line.rstrip() for line in out.splitlines()]

    assert code == 0
    assert [re.split(" {2,}", line) for line in lines if "at login" in line] == [
        ["✓", "user by email, at login", "Users, Email-index", "Query", "1", "1", "1"]
    ]
    assert lines[-1].startswith(f"ok: everything is as declared, {len(QUESTIONS) + 2} questions are answered (")


def test_without_drill_nothing_is_written(capsys):
    assert main(["rehearse", "--cwd", str(ROOT), "--no-policies", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drill"] == []


def test_every_question_has_an_answer_that_leaves_something_out():
    for table in TABLES:
        assert table.access_patterns, table.name
        items = ITEMS[table.logical_name]
        for pattern in table.access_patterns:
            if pattern.operation in {"UpdateItem", "PutItem", "DeleteItem"}:
                continue
            expected, _ = access_patterns._expected(pattern, items)  # noqa: SLF001 - what answers are compared with

            assert 0 < len(expected) < len(items), pattern.question


def test_items_have_the_attributes_that_paypulse_writes():
    assert {name: set().union(*items) for name, items in ITEMS.items() if name.startswith(("retail", "ven"))} == {
        "retail_invoices": {
            *("UserID", "InvoiceID", "UserID_SubType", "vendor_name", "sub_type"),
            *("total_amount", "currency", "invoice_date", "s3_path"),
        },
        "vendor_config": {
            *("vendor_id", "vendor_name", "invoice_sub_type", "email_patterns", "subject_keywords"),
            *("parser_type", "active"),
        },
    }
    for item in ITEMS["retail_invoices"]:
        assert item["UserID_SubType"] == f"{item['UserID']}_{item['sub_type']}"


# One table of details stands for the eight, which are alike.
FEW = tuple(
    table for table in TABLES if table.name in {"FoodDeliveryInvoices", *(row[1] for row in QUESTIONS if row[2])}
)
FEW += (TABLES[-1],)


@pytest.fixture
def deployed(monkeypatch):
    """Return what is rehearsed of prod, its trigger too, and the clients that reach it."""
    monkeypatch.setattr(definitions, "load", lambda _: definitions.Definitions(FEW, ITEMS))
    with accounts.deployed(accounts.TRIGGER) as (plan, clients):
        few = accounts.part(plan, *(table.name for table in FEW))
        yield programs.stack("prod", accounts.TRIGGER), few, clients


def problems(deployed):
    stack, plan, clients = deployed
    answers = access_patterns.drill(stack, plan, drift.find(plan, clients), clients)
    return {answer.question: answer.problem for answer in answers if answer.problem}


BY_DATE = "retail invoices of a user between two dates, newest first"
BY_CATEGORY = "retail invoices of a user in one category between two dates"


def test_a_question_without_its_index_is_not_answered(deployed):
    recreate(deployed[2], "Users", AttributeDefinitions=attributes("UserID"), GlobalSecondaryIndexes=[])

    assert problems(deployed) == {
        "user by email, at login": "An error occurred (ResourceNotFoundException) when calling the Query operation: "
        "Invalid index: Email-index for table: Users. Available indexes are:"
    }


def test_a_question_whose_index_has_another_key_is_not_answered(deployed):
    indexes = [index("invoice_date-index", "UserID", "s3_path"), index("sub_type-invoice_date-index", "UserID_SubType")]
    keys = attributes("UserID", "InvoiceID", "s3_path", "UserID_SubType")
    recreate(deployed[2], "RetailInvoices", AttributeDefinitions=keys, GlobalSecondaryIndexes=indexes)

    error = "An error occurred (ValidationException) when calling the Query operation:"
    assert problems(deployed) == {
        BY_DATE: f"{error} Query condition missed key schema element: s3_path",
        BY_CATEGORY: f"{error} Query key condition not supported",
    }


def test_a_question_whose_index_projects_too_little_is_not_answered(deployed):
    indexes = [
        index("invoice_date-index", "UserID", "invoice_date", Projection={"ProjectionType": "KEYS_ONLY"}),
        index("sub_type-invoice_date-index", "UserID_SubType", "invoice_date"),
    ]
    recreate(deployed[2], "RetailInvoices", GlobalSecondaryIndexes=indexes)

    assert problems(deployed) == {
        BY_DATE: "the answer lacks UserID_SubType, currency, s3_path, sub_type, total_amount, vendor_name"
    }


def test_a_stream_without_images_is_told(deployed):
    recreate(deployed[2], "RetailInvoices", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    key = {"UserID": "drill", "InvoiceID": "drill"}
    once, twice = key | {"drilled": "once"}, key | {"drilled": "twice"}
    written = [
        ("INSERT", {"NewImage": once}),
        ("MODIFY", {"OldImage": once, "NewImage": twice}),
        ("REMOVE", {"OldImage": twice}),
    ]

    assert problems(deployed) == {
        STREAM: f"the stream shows [('INSERT', {{}}), ('MODIFY', {{}}), ('REMOVE', {{}})], not {written}"
    }


def test_a_stream_that_is_not_there_is_told(deployed):
    recreate(deployed[2], "RetailInvoices", StreamSpecification={})

    assert problems(deployed) == {STREAM: "the table has no stream"}


def test_items_that_the_table_does_not_take_are_told_of_each_of_its_questions(deployed):
    key = [{"AttributeName": "vendorId", "KeyType": "HASH"}]
    recreate(deployed[2], "VendorConfig", AttributeDefinitions=attributes("vendorId"), KeySchema=key)

    assert problems(deployed) == dict.fromkeys(
        ["vendor by id", "all active vendors"],
        "its example items can't be written: An error occurred (ValidationException) when calling the PutItem "
        "operation: One or more parameter values were invalid: Missing the key vendorId in the item",
    )


def test_a_trigger_that_is_disabled_is_told(deployed):
    aws = deployed[2]("lambda")
    (mapping,) = aws.list_event_source_mappings()["EventSourceMappings"]
    aws.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    assert problems(deployed) == {"trigger notify: by its filter only the insert": "it is disabled"}


RENTAL_INVOICES = next(table for table in TABLES if table.name == "RentalInvoices")


def stream(aws, name, view_type):
    """Make a table with a stream, which takes less time than a deployment. Return what is read of it."""
    made = aws("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=attributes("id"),
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type},
    )["TableDescription"]
    return {"name": name, "hashKey": "id", "streamArn": made["LatestStreamArn"]}


# The view types of a stream that has the images that a definition's view type has.
WITH_THE_IMAGES = {
    "NEW_AND_OLD_IMAGES": ["NEW_AND_OLD_IMAGES"],
    "NEW_IMAGE": ["NEW_AND_OLD_IMAGES", "NEW_IMAGE"],
    "OLD_IMAGE": ["NEW_AND_OLD_IMAGES", "OLD_IMAGE"],
    "KEYS_ONLY": ["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"],
}


@pytest.mark.parametrize("view_type", WITH_THE_IMAGES)
def test_a_stream_must_have_the_images_of_its_view_type(view_type):
    defined = replace(RENTAL_INVOICES, stream_view_type=view_type)
    with emulator.embedded(accounts.REGION) as aws:
        answers = {live: next(streams.check(aws, defined, stream(aws, live, live), [])) for live in WITH_THE_IMAGES}

    assert [live for live, answer in answers.items() if not answer.problem] == WITH_THE_IMAGES[view_type]
    assert answers["NEW_AND_OLD_IMAGES"] == Answer(
        question=f"stream: an insert, a change and a delete, as {view_type}",
        table="NEW_AND_OLD_IMAGES",
        operation="GetRecords",
        calls=3,
        items_read=3,
        items_returned=3,
    )


def test_the_records_of_a_stream_may_come_late():
    late = iter([True])

    def come_late(parsed, **_):
        if next(late, False):
            parsed["Records"].clear()

    with emulator.embedded(accounts.REGION) as aws:
        aws("dynamodbstreams").meta.events.register("after-call.dynamodbstreams.GetRecords", come_late)
        live = stream(aws, "RentalInvoices", "NEW_AND_OLD_IMAGES")
        (answer,) = streams.check(aws, RENTAL_INVOICES, live, [])

    assert (answer.problem, answer.calls, answer.items_read) == ("", 6, 3)


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        pytest.param(None, "the stream shows [], not [('INSERT', ", id="without a trigger"),
        pytest.param("notify", "the stream shows nothing: moto as a server takes the records", id="with a trigger"),
        pytest.param("other", "the stream shows [], not [('INSERT', ", id="with a trigger of another table"),
    ],
)
def test_a_stream_that_shows_nothing_in_time_is_told(monkeypatch, function, problem):
    monkeypatch.setattr(streams, "_TIMEOUT", 0)
    with emulator.embedded(accounts.REGION) as aws:
        live = stream(aws, "RentalInvoices", "NEW_AND_OLD_IMAGES")
        arns = {"notify": live["streamArn"], "other": live["streamArn"].replace("RentalInvoices", "Others")}
        mappings = [mapping(function, arns[function])] if function else []
        answer = next(streams.check(aws, RENTAL_INVOICES, live, mappings))

    assert answer.problem.startswith(problem)


def mapping(function, stream, *patterns):
    """Return an event source mapping as it is read."""
    filters = [{"pattern": pattern} for pattern in patterns]
    return {
        "functionName": function,
        "eventSourceArn": stream,
        "filterCriteria": {"filters": filters},
        "enabled": True,
    }


def trigger(*patterns):
    """Return what is wrong with a trigger of these filters."""
    with emulator.embedded(accounts.REGION) as aws:
        live = stream(aws, "RentalInvoices", "NEW_AND_OLD_IMAGES")
        records, answer = streams.check(aws, RENTAL_INVOICES, live, [mapping("notify", live["streamArn"], *patterns)])
    assert (records.problem, answer.operation) == ("", "filter")
    return answer.problem


@pytest.mark.parametrize("pattern", ["{", '{"eventName": "INSERT"}', "[]"])
def test_a_filter_that_is_none_is_told(pattern):
    assert trigger(pattern).startswith("its filter is not an event pattern: ")


@pytest.mark.parametrize(
    ("patterns", "passed"),
    [
        (['{"eventName":["MODIFY"]}'], ["MODIFY"]),
        (['{"eventName":["INSERT"]}', '{"eventName":["REMOVE"]}'], ["INSERT", "REMOVE"]),
    ],
)
def test_a_filter_that_lets_more_or_something_else_by_is_told(patterns, passed):
    assert trigger(*patterns) == f"its filter passes {passed}"


def test_a_trigger_without_a_filter_is_told(deployed):
    aws = deployed[2]("lambda")
    (mapping,) = aws.list_event_source_mappings()["EventSourceMappings"]
    aws.update_event_source_mapping(UUID=mapping["UUID"], FilterCriteria={"Filters": []})

    assert problems(deployed) == {
        "trigger notify: by its filter only the insert": "its filter passes ['INSERT', 'MODIFY', 'REMOVE']"
    }


def test_what_is_not_answered_fails_the_rehearsal_and_is_named(capsys, monkeypatch):
    items = ITEMS | {"users": []}
    monkeypatch.setattr(definitions, "load", lambda _: definitions.Definitions(TABLES, items))

    code, out, _ = run(capsys)
    assert code == 1
    assert (
        "not answered: user by id (Users): components/examples.py has no items of users with UserID" in out.splitlines()
    )
    assert out.splitlines()[-1].startswith("failed: a question has no right answer (")
    code, out, err = run(capsys, "--json")
    assert code == 1
    assert "not answered: user by id (Users): components/examples.py has no items of users with UserID" in err
    assert [answer["question"] for answer in json.loads(out)["drill"] if not answer["ok"]] == [
        question for question, table, *_ in QUESTIONS if table == "Users"
    ]


def test_a_project_without_access_patterns_cannot_be_drilled(capsys, program):
    stack = program("pulumi.export('a', 1)")

    assert main(["rehearse", "--cwd", str(stack.directory), "--drill"]) == 2
    assert capsys.readouterr().err == (
        f"error: no {stack.directory}/components/tables.py: tables.py has the queries that are run, and "
        "examples.py the items that they find\n"
    )


QUERIES = {
    pattern.question: next(returned for question, *_, returned in QUESTIONS if question == pattern.question)
    for table in TABLES
    for pattern in table.access_patterns
    if pattern.operation == "Query"
}


def test_a_question_that_reads_more_than_it_returns_is_told(deployed):
    def read_one_more(parsed, **_):
        parsed["ScannedCount"] += 1

    deployed[2]("dynamodb").meta.events.register("after-call.dynamodb.Query", read_one_more)

    assert problems(deployed) == {
        question: f"reads {returned + 1} items to return {returned}" for question, returned in QUERIES.items()
    }


def test_an_answer_in_another_order_is_told(deployed):
    deployed[2]("dynamodb").meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: parsed["Items"].reverse()
    )

    assert problems(deployed) == {BY_DATE: "the answer is not in descending order of invoice_date"}


def test_an_answer_of_several_pages_is_read_whole(deployed):
    for operation in ("Query", "Scan"):
        deployed[2]("dynamodb").meta.events.register(
            f"provide-client-params.dynamodb.{operation}", lambda params, **_: params | {"Limit": 1}
        )

    assert problems(deployed) == {}


def test_a_write_to_an_item_that_is_not_there_is_told(deployed):
    deployed[2]("dynamodb").meta.events.register(
        "provide-client-params.dynamodb.UpdateItem", lambda params, **_: params | {"Key": {"UserID": {"S": "nobody"}}}
    )

    assert problems(deployed) == {
        "last fetch of a user's retail invoices, written": "An error occurred (ConditionalCheckFailedException) when "
        "calling the UpdateItem operation: The conditional request failed"
    }


def content(deployed):
    """Return the items of every table."""
    aws = deployed[2]("dynamodb")
    return {name: aws.scan(TableName=name)["Items"] for name in aws.list_tables()["TableNames"]}


def test_a_second_drill_has_the_same_answers_and_leaves_the_same_items(deployed):
    assert problems(deployed) == {}
    before = content(deployed)

    # A stream keeps the records of the first drill, so only it shows more.
    assert not problems(deployed).keys() & {question for question, *_ in QUESTIONS}
    assert content(deployed) == before


def test_the_answers_do_not_depend_on_the_order_of_the_questions(deployed, monkeypatch):
    backwards = tuple(replace(table, access_patterns=table.access_patterns[::-1]) for table in TABLES)
    items = copy.deepcopy(ITEMS)
    monkeypatch.setattr(definitions, "load", lambda _: definitions.Definitions(backwards, items))

    assert problems(deployed) == {}
    assert items == ITEMS, "the examples are those of the next drill, too"


WRITES = {
    operation: [pattern for table in FEW for pattern in table.access_patterns if pattern.operation == operation]
    for operation in ("PutItem", "DeleteItem")
}


def test_an_item_that_is_put_with_another_content_is_told(deployed):
    def lose(params, **_):
        if {"S": "drill of a write"} in params["Item"].values():
            params["Item"].pop("currency", None)

    deployed[2]("dynamodb").meta.events.register("provide-client-params.dynamodb.PutItem", lose)

    assert problems(deployed) == {
        pattern.question: "the answer lacks currency"
        for pattern in WRITES["PutItem"]
        if pattern.question != "a user, written at signup"
    }


def test_a_delete_that_leaves_the_item_is_told(deployed):
    asker = mock.Mock()  # It deletes nothing.
    answers = [
        access_patterns.ask(deployed[2], table, table.name, pattern, ITEMS[table.logical_name], asker=asker)
        for table in TABLES
        for pattern in table.access_patterns
        if pattern in WRITES["DeleteItem"]
    ]

    assert [answer.problem for answer in answers] == ["the item is still there"] * len(WRITES["DeleteItem"])
    assert not any(content(deployed).values())


BETWEEN = AccessPattern(
    question="notes of an author between two days",
    operation="Query",
    index="by_day",
    key=("author",),
    between="due_date",
)
NOTES = Table(
    logical_name="notes",
    name="Notes",
    partition_key="id",
    indexes=(
        GlobalSecondaryIndex(logical_name="by_day", name="day-index", partition_key="author", sort_key="due_date"),
    ),
)


def notes(*days):
    return [{"id": str(number), "author": "me"} | ({"due_date": day} if day else {}) for number, day in enumerate(days)]


def asked(pattern, items, handlers=None):
    """Return the answer to a query or write of a small table with these items."""
    indexes: Any = [index("day-index", "author", "due_date")]
    with emulator.embedded(accounts.REGION) as aws:
        for event, handler in (handlers or {}).items():
            aws("dynamodb").meta.events.register(event, handler)
        aws("dynamodb").create_table(
            TableName="Notes",
            AttributeDefinitions=attributes("id", "author", "due_date"),
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=indexes,
        )
        assert access_patterns.write(aws, NOTES, "Notes", items) == []
        return access_patterns.ask(aws, NOTES, "Notes", pattern, items)


@pytest.mark.parametrize(
    ("days", "returned"),
    [
        pytest.param(["1"], 1, id="one item"),
        pytest.param(["1", "2"], 2, id="two items"),
        pytest.param(["1", "2", "3"], 1, id="the first and the last are left out"),
        pytest.param(["1", "4", "3", "2", "5"], 3, id="items in another order than the answer"),
        pytest.param(["1", "2", None, "3"], 1, id="an item that is not in the index"),
    ],
)
def test_a_range_is_asked_of_any_items(days, returned):
    answer = asked(BETWEEN, notes(*days))

    assert (answer.problem, answer.items_returned) == ("", returned)


@pytest.mark.parametrize(
    ("lost", "problem"),
    [
        pytest.param(1, "the answer has 2 items, which are not the 3 that were written", id="items are lacking"),
        pytest.param(0, "the answer is not in descending order of due_date", id="the order is another"),
    ],
)
def test_of_several_problems_the_worst_is_told(lost, problem):
    def spoil(parsed, **_):
        parsed["Items"] = parsed["Items"][::-1][lost:]
        parsed["ScannedCount"] += 1

    newest_first = replace(BETWEEN, newest_first=True)
    answer = asked(newest_first, notes("1", "2", "3", "4", "5"), {"after-call.dynamodb.Query": spoil})

    assert answer.problem == problem


@pytest.mark.parametrize("operation", ["UpdateItem", "PutItem", "DeleteItem"])
def test_a_write_needs_one_item_and_is_checked_by_consistent_reads(operation):
    reads = []
    pattern = AccessPattern(
        question="a write",
        operation=operation,
        key=("id",),
        attribute="due_date" if operation == "UpdateItem" else None,
    )
    handlers = {"provide-client-params.dynamodb.GetItem": lambda params, **_: reads.append(params["ConsistentRead"])}

    assert asked(pattern, notes("1"), handlers).problem == ""
    assert reads == [True]


@pytest.mark.parametrize(
    ("pattern", "items", "problem"),
    [
        pytest.param(
            AccessPattern(question="all active notes", operation="Scan", filter_by="active"),
            [{"id": "1", "active": False}],
            "no item of components/examples.py is an answer",
            id="no item is an answer",
        ),
        pytest.param(
            *(BETWEEN, [{"id": "1"}], "components/examples.py has no items of notes with author, due_date"),
            id="the first item has not what is asked for",
        ),
    ],
)
def test_examples_that_cannot_be_asked_for_are_told(pattern, items, problem):
    assert asked(pattern, items).problem == problem
