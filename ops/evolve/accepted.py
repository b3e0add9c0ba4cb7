"""Reads accepted_changes.yaml: the dangerous changes that the owners accept, in the pull request that makes them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ops.engine import project
from ops.errors import PlanError, one_line
from ops.evolve.changes import Change, Pair
from ops.evolve.codes import CODES

FILE = "accepted_changes.yaml"
_FIELDS = ("code", "table", "property", "reason", "told")
# Before these can be accepted, a deployment must have turned protect off.
_NEEDS_UNPROTECTED = {"table-replaced", "table-deleted"}


@dataclass(frozen=True)
class Accepted:
    """An accepted change: its code, the physical name of the table, the property, the reason and who was told.

    `table` is "" for a change of no table, such as that of the alarm of the account.
    """

    code: str
    table: str
    property: str
    reason: str
    told: str


def read(directory: Path) -> list[Accepted]:
    """Return the entries of the file in `directory`; none if there is no file. Raises PlanError for a wrong entry."""
    path = directory / FILE
    try:
        entries = project.read_yaml(path) or []
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise PlanError(f"{path} can't be read: {one_line(error)}") from None
    if not isinstance(entries, list):
        raise PlanError(f"{path} must be a list of entries, each with {', '.join(_FIELDS)}")
    return [_entry(entry, f"{path}, entry {number}") for number, entry in enumerate(entries, 1)]


def _entry(entry: Any, where: str) -> Accepted:  # noqa: ANN401 - any YAML value
    if not isinstance(entry, dict):
        raise PlanError(f"{where} is {entry!r}, not an object with {', '.join(_FIELDS)}")
    for name in _FIELDS:
        # A change of a whole resource has no property, and that of the account or the provider no table.
        if not isinstance(entry.get(name), str) or (name not in {"table", "property"} and not entry[name].strip()):
            raise PlanError(f"{where}: {name} must be a string, and is {entry.get(name)!r}")
    if unknown := sorted(map(str, entry.keys() - set(_FIELDS))):
        raise PlanError(f"{where} has {', '.join(unknown)}; an entry has {', '.join(_FIELDS)}")
    if entry["code"] not in CODES:
        raise PlanError(f"{where}: there is no code {entry['code']!r}; docs/evolving.md lists the codes")
    return Accepted(**entry)


def moves(entries: Iterable[Accepted], pairs: Iterable[Pair]) -> list[Change]:
    """Return a change for each table that gets another name and has an entry table-moved with both names.

    `table` of the change is the old name, and `path` the new one. The new name is not that of another table, and no
    table is declared with the old one, which AWS still has.
    """
    known = {(entry.table, entry.property) for entry in entries if entry.code == "table-moved"}
    tables = [pair for pair in pairs if pair.is_table]
    taken = {pair.old["name"] for pair in tables if pair.then}
    declared = {pair.new["name"] for pair in tables if pair.now}
    return [
        pair.change("table-moved", pair.new["name"])
        for pair in tables
        if "name" in pair.replaced_by
        and (pair.old["name"], pair.new["name"]) in known
        and pair.new["name"] not in taken
        and pair.old["name"] not in declared
    ]


def apply(
    entries: Iterable[Accepted], changes: Iterable[Change], protected: set[str], *, is_state: bool = False
) -> list[Change]:
    """Return the changes, and mark those that an entry names as accepted.

    `protected` are the URNs that are deployed with protect. Raises PlanError for an entry that can't be accepted yet,
    or that names no change. If the changes are those since Pulumi's state (`is_state`), such an entry is
    ignored: the change may already be deployed, or made in AWS by a recipe.
    """
    known, result = {(entry.code, entry.table, entry.property) for entry in entries}, []
    for change in changes:
        key = (change.code, change.table, change.path)
        if key in known and change.code in _NEEDS_UNPROTECTED and change.urn in protected:
            raise PlanError(
                f"{FILE}: {change.code} of {change.table} can't be accepted while the table is protected; turn protect "
                "off in a deployment of its own first"
            )
        result.append(replace(change, accepted=key in known))
    left = sorted(known - {(change.code, change.table, change.path) for change in result})
    if left and not is_state:
        code, table, property_ = left[0]
        what = f"{code} of {table or 'no table'}{f', {property_}' if property_ else ''}"
        raise PlanError(f"{FILE} accepts {what}, which is not a change here; correct the entry, or remove it")
    return result
