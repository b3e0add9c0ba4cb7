"""accepted_changes.yaml: what is refused of it, and which changes it lets pass."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from ops.errors import PlanError
from ops.evolve import accepted
from ops.evolve.accepted import Accepted
from ops.evolve.changes import Change

ENTRY: dict[str, Any] = {
    "code": "ttl-on",
    "table": "Users",
    "property": "ttl",
    "reason": "old accounts go",
    "told": "the login team",
}
ON = Change(code="ttl-on", urn="urn:users", table="Users", path="ttl", severity="dangerous")
DROPPED = Change(code="table-deleted", urn="urn:travel", table="TravelInvoices", severity="dangerous")
FIELDS = "code, table, property, reason, told"


def without(*names):
    return {key: value for key, value in ENTRY.items() if key not in names}


@dataclass(frozen=True)
class Wrong:
    """What a file has, and what is said of it behind the path."""

    name: str
    content: str
    message: str


WRONG = [
    Wrong("a mapping", "a: b", f" must be a list of entries, each with {FIELDS}"),
    Wrong("a text", "ttl-on", f" must be a list of entries, each with {FIELDS}"),
    Wrong("a text in the list", "[ttl-on]", f", entry 1 is 'ttl-on', not an object with {FIELDS}"),
    Wrong(
        "a lacking reason", json.dumps([ENTRY, without("reason")]), ", entry 2: reason must be a string, and is None"
    ),
    Wrong("an empty reason", json.dumps([ENTRY | {"reason": " "}]), ", entry 1: reason must be a string, and is ' '"),
    Wrong("nobody told", json.dumps([ENTRY | {"told": ""}]), ", entry 1: told must be a string, and is ''"),
    Wrong("a lacking property", json.dumps([without("property")]), ", entry 1: property must be a string, and is None"),
    Wrong("no table", json.dumps([without("table")]), ", entry 1: table must be a string, and is None"),
    Wrong(
        "a key twice",
        "- {code: ttl-on, table: Users, table: VendorConfig, property: ttl, reason: a, told: b}",
        ' can\'t be read: duplicate key in "<unicode string>", line 1, column 3: - {code: ttl-on, table: Users, tab ... ^',
    ),
    Wrong("a number", json.dumps([ENTRY | {"code": 1}]), ", entry 1: code must be a string, and is 1"),
    Wrong("more", json.dumps([ENTRY | {"until": "x", "by": "y"}]), f", entry 1 has by, until; an entry has {FIELDS}"),
    Wrong(
        "a key that is no text",
        "[{1: x, code: a, table: b, property: c, reason: d, told: e}]",
        f", entry 1 has 1; an entry has {FIELDS}",
    ),
    Wrong(
        "an unknown code",
        json.dumps([ENTRY | {"code": "ttl"}]),
        ", entry 1: there is no code 'ttl'; docs/evolving.md lists the codes",
    ),
    Wrong(
        "no YAML",
        "[",
        " can't be read: while parsing a flow node expected the node content, but found '<stream end>' "
        'in "<unicode string>", line 1, column 2: [ ^',
    ),
]


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=wrong.name) for wrong in WRONG])
def test_a_wrong_file_is_refused(tmp_path, wrong):
    path = tmp_path / accepted.FILE
    path.write_text(wrong.content)
    with pytest.raises(PlanError) as error:
        accepted.read(tmp_path)

    assert str(error.value) == f"{path}{wrong.message}"


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / accepted.FILE
    path.write_bytes(b"\xff")
    with pytest.raises(PlanError) as error:
        accepted.read(tmp_path)

    assert str(error.value) == (
        f"{path} can't be read: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"
    )


@pytest.mark.parametrize("content", [None, "", "# nothing yet", "[]"])
def test_nothing_is_accepted_without_entries(tmp_path, content):
    if content is not None:
        (tmp_path / accepted.FILE).write_text(content)

    assert accepted.read(tmp_path) == []


def test_an_entry_is_read(tmp_path):
    deleted, account = ENTRY | {"code": "table-deleted", "property": ""}, ENTRY | {"code": "alarm-removed", "table": ""}
    (tmp_path / accepted.FILE).write_text(json.dumps([ENTRY, deleted, account]))

    assert accepted.read(tmp_path) == [Accepted(**ENTRY), Accepted(**deleted), Accepted(**account)]


def test_only_the_change_that_an_entry_names_is_accepted():
    others = [
        Change(code="ttl-on", urn="urn:other", table="Others", path="ttl", severity="dangerous"),
        Change(code="ttl-on", urn="urn:users", table="Users", path="other", severity="dangerous"),
        Change(code="recovery-off", urn="urn:users", table="Users", path="ttl", severity="dangerous"),
    ]
    found = accepted.apply([Accepted(**ENTRY)], [ON, *others], set())

    assert [change.accepted for change in found] == [True, False, False, False]
    assert found[1:] == others


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        pytest.param({"code": "ttl-off"}, "ttl-off of Users, ttl", id="another code"),
        pytest.param({"table": "Others"}, "ttl-on of Others, ttl", id="another table"),
        pytest.param({"code": "table-deleted", "property": ""}, "table-deleted of Users", id="no property"),
        pytest.param({"table": ""}, "ttl-on of no table, ttl", id="no table"),
    ],
)
def test_an_entry_that_is_no_change_is_refused(entry, what):
    with pytest.raises(PlanError) as error:
        accepted.apply([Accepted(**ENTRY | entry)], [ON], set())

    assert str(error.value) == (
        f"accepted_changes.yaml accepts {what}, which is not a change here; correct the entry, or remove it"
    )


def test_the_first_of_several_entries_that_are_no_change_is_named():
    entries = [Accepted(**ENTRY | {"table": name}) for name in "dbcae"]
    with pytest.raises(PlanError, match=r"accepts ttl-on of a, ttl, which"):
        accepted.apply(entries, [ON], set())


@pytest.mark.parametrize("code", ["table-deleted", "table-replaced"])
def test_a_table_that_is_protected_can_not_be_accepted_to_go(code):
    change = Change(code=code, urn="urn:travel", table="TravelInvoices", severity="dangerous")
    entry = Accepted(code, "TravelInvoices", "", "unused", "all")
    with pytest.raises(PlanError) as error:
        accepted.apply([entry], [change], {"urn:travel"})

    assert str(error.value) == (
        f"accepted_changes.yaml: {code} of TravelInvoices can't be accepted while the table is protected; turn protect "
        "off in a deployment of its own first"
    )
    assert [each.accepted for each in accepted.apply([entry], [change], {"urn:users"})] == [True]


def test_what_is_accepted_of_a_protected_table_beside_its_end_passes():
    assert [each.accepted for each in accepted.apply([Accepted(**ENTRY)], [ON], {"urn:users"})] == [True]


def test_what_nobody_accepts_stays():
    assert accepted.apply([], [ON, DROPPED], {"urn:travel"}) == [ON, DROPPED]
