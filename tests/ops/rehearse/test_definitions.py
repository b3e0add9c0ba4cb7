"""The definitions of a program are loaded from its own modules, and leave this process as it was."""

import re
import sys

import pytest

from components.tables import TABLES
from ops.errors import PlanError
from ops.rehearse import definitions

TABLE = "from components.names import NAME\nTABLES = (NAME,)\n"
ITEMS = "from components.names import NAME\nITEMS = {NAME: [{'id': '1'}]}\n"


@pytest.fixture
def write(tmp_path):
    """Return a function: write a program whose modules import one of their own."""

    def write(name, tables=TABLE):
        components = tmp_path / name / "components"
        components.mkdir(parents=True)
        sources = {"__init__": "", "names": f"NAME = {name!r}\n", "tables": tables, "examples": ITEMS}
        for module, source in sources.items():
            (components / f"{module}.py").write_text(source)
        return tmp_path / name

    return write


def imported():
    """Return where this process imports from, and the modules of its own program."""
    return list(sys.path), {key: module for key, module in sys.modules.items() if key.startswith("components")}


def test_each_version_of_a_program_has_the_definitions_of_its_own_modules(write):
    before = imported()
    loaded = [definitions.load(write(name)) for name in ("old", "new")]

    assert [(each.tables, each.items) for each in loaded] == [
        (("old",), {"old": [{"id": "1"}]}),
        (("new",), {"new": [{"id": "1"}]}),
    ]
    assert imported() == before
    assert "components.tables" in before[1]


def test_definitions_that_fail_are_told_and_leave_nothing_behind(write):
    directory, before = write("broken", TABLE + "raise ValueError('why')"), imported()

    message = f"{directory}/components/tables.py fails: ValueError: why"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        definitions.load(directory)
    assert imported() == before


@pytest.mark.parametrize(
    ("question", "name"),
    [
        pytest.param("user by id", None, id="the table"),
        pytest.param("user by email, at login", "Email-index", id="an index"),
    ],
)
def test_a_query_uses_the_table_or_the_index_of_its_logical_name(question, name):
    (users,) = [table for table in TABLES if table.name == "Users"]
    (pattern,) = [pattern for pattern in users.access_patterns if pattern.question == question]

    assert definitions.index_name(users, pattern) == name
