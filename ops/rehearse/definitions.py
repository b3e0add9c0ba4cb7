"""Loads the tables, queries and example items of a program, from components/tables.py and components/examples.py."""

import runpy
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.errors import CallError, PlanError, one_line

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table


@dataclass(frozen=True)
class Definitions:
    """The definitions of tables, and the example items by the logical name of their table."""

    tables: "tuple[Table, ...]" = ()
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def load(directory: Path) -> Definitions:
    """Load the definitions of the program in `directory`.

    Raises CallError for a program that has none, PlanError for one that fails.
    """
    return Definitions(_run(directory, "tables")["TABLES"], _run(directory, "examples")["ITEMS"])


def index_name(definition: "Table", pattern: "AccessPattern") -> str | None:
    """Return the name of the index that a query uses, None if it uses the table."""
    return next((index.name for index in definition.indexes if index.logical_name == pattern.index), pattern.index)


def _run(directory: Path, module: str) -> dict[str, Any]:
    path = directory / "components" / f"{module}.py"
    if not path.is_file():
        raise CallError(f"no {path}: tables.py has the queries that are run, and examples.py the items that they find")
    # Two versions of a program have modules with the same names, and each must import its own.
    loaded = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "components"}
    sys.path.insert(0, str(directory))
    try:
        return runpy.run_path(str(path))
    except Exception as error:  # noqa: BLE001 - whatever the module raises
        raise PlanError(f"{path} fails: {type(error).__name__}: {one_line(error)}") from None
    finally:
        sys.path.remove(str(directory))
        for name in [name for name in sys.modules if name.partition(".")[0] == "components"]:
            del sys.modules[name]
        sys.modules.update(loaded)
