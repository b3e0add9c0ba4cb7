"""Reads usage.yaml, which has the requests of each question, or CloudWatch's consumed capacity in a CSV file."""

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ops.cost.capacity import OPERATIONS, READS, Index, Stored, request_units, stored_bytes
from ops.cost.curves import DAYS, MINUTES, NOTHING, Day, Month, runs, scaled, total
from ops.engine.project import read_yaml
from ops.errors import CallError, one_line

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table


@dataclass(frozen=True)
class Asked:
    """The units a second that a question asks of a table, or of one of its indexes (`resource`), for read or write."""

    question: str
    table: str
    resource: str
    access: str
    units: Month


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The usage of a month, by physical names of tables: units, stored bytes by table and index, what is missing."""

    asked: list[Asked] = field(default_factory=list)
    bytes: dict[tuple[str, str], float] = field(default_factory=dict)
    not_counted: list[str] = field(default_factory=list)

    def demand(self, table: str, resource: str, access: str) -> Month:
        """Return the units a second that all questions ask of a table or an index."""
        months = [a.units for a in self.asked if (a.table, a.resource, a.access) == (table, resource, access)]
        return total(months) if months else NOTHING


def load(
    path: Path, definitions: "Iterable[Table]", tables: Mapping[str, dict[str, Any]], *, is_partial: bool = False
) -> Usage:
    """Read a usage file. `tables` are the inputs of the deployed tables, by logical name. Raises CallError.

    If the program `is_partial`, another version than that of the file, what it doesn't have is left out.
    """
    if path.suffix == ".csv":
        return _cloudwatch(path, {inputs["name"]: inputs for inputs in tables.values()})
    try:
        content = read_yaml(path)
    except FileNotFoundError:
        raise CallError(f"no {path}; docs/cost.md says what is in it. Name another file with --usage") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise CallError(f"{path} can't be read: {one_line(error)}") from None
    known = {table.logical_name: table for table in definitions if table.logical_name in tables}
    usages = _mapping(content, str(path), ["tables"]).get("tables")
    usages = _mapping(_pruned(usages, known, tables) if is_partial else usages, f"{path}: tables", known.keys())
    result = Usage()
    for name, table in known.items():
        if name not in usages:
            result.not_counted.extend(f"{table.name}: {pattern.question}" for pattern in table.access_patterns)
            result.not_counted.append(f"{table.name}: storage")
        else:
            _table(usages[name], f"{path}: {name}", table, tables[name], result)
    return result


def _pruned(usages: object, known: "Mapping[str, Table]", tables: Mapping[str, dict[str, Any]]) -> object:
    """Return the usages without tables, questions and indexes that the program doesn't have."""
    if not isinstance(usages, dict):
        return usages
    result = {}
    for name, table in known.items():
        given = usages.get(name)
        if isinstance(given, dict):
            deployed = {index["name"] for index in tables[name].get("globalSecondaryIndexes") or []}
            indexes = {index.logical_name for index in table.indexes if index.name in deployed}
            questions = {p.question for p in table.access_patterns if p.index is None or p.index in indexes}
            parts = {"indexes": indexes, "requests": questions}
            result[name] = given | {
                key: {each: value for each, value in given[key].items() if each in names}
                for key, names in parts.items()
                if isinstance(given.get(key), dict)
            }
    return result


def _table(content: object, where: str, table: "Table", inputs: dict[str, Any], result: Usage) -> None:
    """Add the usage of a table to the result."""
    given = _mapping(content, where, ("items", "size", "indexes", "requests"))
    items, size = (_number(given, key, where) for key in ("items", "size"))
    stored = Stored(items=items, size=int(size))
    stored = replace(stored, indexes=_indexes(given, where, table, inputs, stored))
    name = inputs["name"]
    result.bytes[name, ""] = stored_bytes(items, stored.size)
    for index in stored.indexes.values():
        result.bytes[name, index.name] = stored_bytes(index.items, index.size)
    patterns = {pattern.question: pattern for pattern in table.access_patterns}
    requests = _mapping(given.get("requests") or {}, f"{where}: requests", patterns.keys())
    for question, pattern in patterns.items():
        if question not in requests or pattern.operation not in OPERATIONS:
            result.not_counted.append(f"{table.name}: {question}")
            continue
        at = f"{where}: {question!r}"
        request = _request(requests[question], at, pattern)
        if pattern.index and pattern.index not in stored.indexes:
            raise CallError(f"{at}: {table.name} has no index {pattern.index}, which the question needs")
        access, units = request_units(pattern, stored, request)
        curve = _curve(request, at)
        result.asked.extend(Asked(question, name, resource, access, scaled(curve, n)) for resource, n in units.items())


def _indexes(
    given: dict[str, Any], where: str, table: "Table", inputs: dict[str, Any], stored: Stored
) -> dict[str, Index]:
    declared = {index["name"]: index for index in inputs.get("globalSecondaryIndexes") or []}
    logical = {index.logical_name: declared[index.name] for index in table.indexes if index.name in declared}
    settings = _mapping(given.get("indexes") or {}, f"{where}: indexes", logical.keys())
    result = {}
    for name, index in logical.items():
        at = f"{where}: indexes: {name}"
        own = _mapping(settings.get(name) or {}, at, ("share", "size"))
        share = _number(own, "share", at, 1)
        if share > 1:
            raise CallError(f"{at}: share is {share:g}; it is the part of the items that the index holds, 0 to 1")
        keys = [index.get("hashKey"), index.get("rangeKey"), *(k["attributeName"] for k in index.get("keySchemas", []))]
        result[name] = Index(
            name=index["name"],
            key=tuple(key for key in keys if key),
            projection=index.get("projectionType", "ALL"),
            attributes=tuple(index.get("nonKeyAttributes") or ()),
            items=stored.items * share,
            size=int(_number(own, "size", at, stored.size)),
        )
    return result


def _request(content: object, where: str, pattern: "AccessPattern") -> dict[str, Any]:
    request = _mapping(content, where, ("rate", "day", "on", "size", "items", "consistent"))
    if ("rate" in request) == ("day" in request):
        raise CallError(f"{where}: give either rate, in requests a second, or day, a rate from each time on")
    for key in {"size", "items"} & request.keys():
        request[key] = _number(request, key, where)
    consistent = request.get("consistent", False)
    if not isinstance(consistent, bool):
        raise CallError(f"{where}: consistent is {consistent!r}, but must be true or false")
    if consistent and (pattern.index or pattern.operation not in READS):
        raise CallError(f"{where}: only reads of a table can be consistent, not those of an index, and not writes")
    return request


def _curve(request: dict[str, Any], where: str) -> Month:
    usual = _day(request["day"], where) if "day" in request else ((0, _number(request, "rate", where)),)
    days = [usual] * DAYS
    for number, day in _mapping(request.get("on") or {}, f"{where}: on", map(str, range(1, DAYS + 1))).items():
        days[int(number) - 1] = _day(day, f"{where}: on {number}")
    return tuple(days)


def _day(content: object, where: str) -> Day:
    """Return a day of rates from times on: {"00:00": 0, "06:00": 2.5}."""
    if not isinstance(content, dict) or not content:
        raise CallError(f'{where}: a day is a mapping from times to requests a second, as {{"00:00": 0, "06:30": 2.5}}')
    day = []
    for time in content:
        if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", str(time)):
            raise CallError(f'{where}: {time!r} is not a time; write hours and minutes in quotes, as "06:30", in UTC')
        hours, minutes = str(time).split(":")
        day.append((int(hours) * 60 + int(minutes), _number(content, time, where)))
    day.sort()
    return tuple(day) if day[0][0] == 0 else ((0, 0.0), *day)


def _mapping(content: object, where: str, keys: Iterable[str]) -> dict[str, Any]:
    known = list(keys)
    if not isinstance(content, dict):
        raise CallError(f"{where} is {content!r}, but must be a mapping with keys of: {', '.join(known)}")
    for key in content:
        if key not in known:
            raise CallError(f"{where}: there is no {key!r}; it can have: {', '.join(known)}")
    return dict(content)


def _number(content: Mapping[str, Any], key: str, where: str, default: float | None = None) -> float:
    value = content.get(key, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:
        raise CallError(f"{where}: {key} is {value!r}, but must be a number, at least 0")
    return float(value)


_COLUMNS = ["Timestamp", "TableName", "GlobalSecondaryIndexName", "MetricName", "Sum"]
_METRICS = {"ConsumedReadCapacityUnits": "read", "ConsumedWriteCapacityUnits": "write"}


def _cloudwatch(path: Path, tables: dict[str, dict[str, Any]]) -> Usage:
    """Read CloudWatch's sums of consumed capacity: a row for each minute of a table or an index. The others are 0."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except FileNotFoundError:
        raise CallError(f"no {path}; name another file with --usage") from None
    except (OSError, ValueError, csv.Error) as error:
        raise CallError(f"{path} can't be read: {one_line(error)}") from None
    if not rows or rows[0] != _COLUMNS:
        raise CallError(f"{path}, line 1: the columns must be {','.join(_COLUMNS)}")
    if not rows[1:]:
        raise CallError(f"{path} has no rows; give the sums of each minute of a month")
    sums: dict[tuple[str, str, str], dict[int, float]] = {}
    for line, row in enumerate(rows[1:], 2):
        key, minute, value = _row(row, f"{path}, line {line}", tables)
        if sums.setdefault(key, {}).setdefault(minute, value) is not value:
            raise CallError(f"{path}, line {line}: the same metric and minute as in an earlier line; keep one of them")
    first = min(min(minutes) for minutes in sums.values()) // MINUTES
    result = Usage(not_counted=["storage and recovery, which consumed capacity doesn't tell"])
    known: dict[Day, Day] = {}
    for (table, resource, access), minutes in sums.items():
        if max(minutes) // MINUTES >= first + DAYS:
            raise CallError(f"{path}: {table} has more than {DAYS} days; give one month")
        days = []
        for number in range(first, first + DAYS):
            rates = [minutes.get(minute, 0.0) / 60 for minute in range(number * MINUTES, (number + 1) * MINUTES)]
            day = runs(rates)
            days.append(known.setdefault(day, day))
        result.asked.append(Asked("(CloudWatch)", table, resource, access, tuple(days)))
    return result


def _row(row: list[str], where: str, tables: dict[str, dict[str, Any]]) -> tuple[tuple[str, str, str], int, float]:
    if len(row) != len(_COLUMNS):
        raise CallError(f"{where}: {len(row)} fields, but there must be {len(_COLUMNS)}")
    time, table, index, metric, text = row
    if table not in tables:
        raise CallError(f"{where}: the stack has no table {table!r}; its tables are {', '.join(tables)}")
    if index and index not in [each["name"] for each in tables[table].get("globalSecondaryIndexes") or []]:
        raise CallError(f"{where}: {table} has no index {index!r}")
    if metric not in _METRICS:
        raise CallError(f"{where}: the metric is {metric!r}, but must be {' or '.join(_METRICS)}")
    try:
        moment = datetime.fromisoformat(time)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        seconds = moment.timestamp()
    except (ValueError, OverflowError):
        raise CallError(f"{where}: {time!r} is not a time; write 2026-11-01T00:00:00Z") from None
    if seconds % 60:
        raise CallError(f"{where}: {time!r} is not the start of a minute; use CloudWatch's period of 60 seconds")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise CallError(f"{where}: Sum is {text!r}, but must be a number, at least 0")
    return (table, index, _METRICS[metric]), int(seconds) // 60, value
