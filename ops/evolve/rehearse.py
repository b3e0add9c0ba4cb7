"""Rehearses a change: deploys what is deployed, applies what is declared now call by call, and runs the queries."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.aws import resources, updates
from ops.aws.clients import Clients
from ops.aws.resources import event_source_mapping, table
from ops.aws.strict import StrictTables
from ops.errors import one_line
from ops.evolve.changes import Pair, ignore_changes, indexes
from ops.evolve.versions import Version
from ops.rehearse.access_patterns import ask
from ops.rehearse.answer import as_text, from_item, to_item

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table

_INDEXES = "globalSecondaryIndexes"
_CAPACITIES = ("readCapacity", "writeCapacity")


@dataclass(frozen=True, kw_only=True)
class Question:
    """How a query was answered at a step of the deployment: a query of the `old` or of the `new` version."""

    question: str
    version: str
    step: str
    table: str
    index: str | None
    problem: str


@dataclass
class Rehearsed:
    """Every answer at every step, what was refused, which items were lost, and which capacities were set back.

    `refused` and `lost` are by a resource's URN; `set_back` are by the URN and the property, and say to what.
    """

    questions: list[Question] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    set_back: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Step:
    """A call of the deployment, and the resource that it is for."""

    pair: Pair
    text: str
    make: Callable[[], object]


def rehearse(then: Version, now: Version, found: list[Pair], clients: Clients) -> Rehearsed:
    """Rehearse the change of the resources `found`."""
    return _Rehearsal(then, now, found, clients).run()


class _Rehearsal:
    def __init__(self, then: Version, now: Version, found: list[Pair], clients: Clients) -> None:
        self._then, self._now, self._found, self._clients = then, now, found, clients
        self._strict = StrictTables(clients)
        self._result = Rehearsed()
        self._uuids: dict[str, str] = {}
        # What each table has, by its logical name, and the inputs before the deployment, with the capacities by then.
        self._items: dict[str, list[dict[str, Any]]] = {}
        self._olds = {id(pair): pair.old for pair in found}

    def run(self) -> Rehearsed:
        for pair in self._found:
            if pair.then:
                self._create(pair, pair.old)
        olds = self._old_definitions()
        version = self._now if self._then.is_state else self._then
        for definition, pair in olds:
            items = version.definitions.items.get(definition.logical_name, [])
            self._items[definition.logical_name] = self._write(pair.old["name"], items)
        self._move_capacities()
        self._ask(olds, "old", "before")
        refused = {pair.either.urn: "Pulumi: the resource is protected" for pair in self._found if pair.is_refused}
        self._result.refused.update(refused)
        for step in self._steps() if not refused else ():
            try:
                step.make()
            except (BotoCoreError, ClientError, updates.RefusedError) as error:
                self._result.refused[step.pair.either.urn] = f"{step.text}: {one_line(error)}"
                break
            if step.pair.either.type == table.TYPE:
                self._ask([each for each in olds if each[1] is step.pair], "old", step.text)
                if step.pair.now and step.pair.table in self._names():
                    self._strict.wait(step.pair.table)
        self._ask(olds, "old", "after")
        self._find_lost_items(olds)
        self._find_capacities()
        if not self._result.refused:
            self._ask_new()
        return self._result

    def _names(self) -> list[str]:
        return self._clients("dynamodb").list_tables()["TableNames"]

    def _create(self, pair: Pair, inputs: dict[str, Any]) -> None:
        module = resources.module(pair.either.type)
        if module is resources.MODULES[event_source_mapping.TYPE]:
            live = self._clients("dynamodb").describe_table(TableName=pair.table)["Table"]
            inputs = inputs | {"eventSourceArn": live.get("LatestStreamArn", "")}
        self._uuids[pair.either.urn], _ = module.create(self._clients, inputs)
        if pair.either.type == table.TYPE:
            self._strict.wait(inputs["name"])

    def _old_definitions(self) -> list[tuple["Table", Pair]]:
        """Return the definition of each table that is deployed.

        Pulumi's state has none: there the queries of today stand in, as far as the deployed table can answer them.
        """
        definitions = (self._now if self._then.is_state else self._then).definitions.tables
        by_name = {pair.then.name: pair for pair in self._found if pair.then and pair.either.type == table.TYPE}
        return [(each, by_name[each.logical_name]) for each in definitions if each.logical_name in by_name]

    def _patterns(self, definition: "Table", pair: Pair) -> Iterator["AccessPattern"]:
        for pattern in definition.access_patterns:
            index = next((each for each in definition.indexes if each.logical_name == pattern.index), None)
            deployed = indexes(pair.old).get(index.name if index else pattern.index or "")
            if not self._then.is_state or not pattern.index or (deployed and _fits(pattern, deployed)):
                yield pattern

    def _write(self, name: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Write example items to a table; return them as they are read."""
        for item in items:
            self._clients("dynamodb").put_item(TableName=name, Item=to_item(item))
        return [from_item(to_item(item)) for item in items]

    def _move_capacities(self) -> None:
        """Give every capacity that is ignored another value, as autoscaling does, also in Pulumi's state."""
        units = itertools.count(11)
        for pair in self._found:
            old, ignored = pair.old, _ignored(pair)
            if not ignored:
                continue
            moved = old | {key: next(units) for key in _CAPACITIES if key in ignored}
            news = [
                index | {key: next(units) for key in _CAPACITIES if f"{_INDEXES}[*].{key}" in ignored}
                for index in old.get(_INDEXES, [])
            ]
            moved |= {_INDEXES: news} if news else {}
            for call in updates.update(table.TYPE, old, moved):
                call.make(self._clients)
                self._strict.wait(old["name"])
            self._olds[id(pair)] = moved

    def _steps(self) -> Iterator[_Step]:
        """Yield the calls of the deployment, as Pulumi makes them: in the program's order, deletions last.

        What keeps its name is deleted before it is created again, as the provider wants it.
        """
        deletions = [self._deletion(pair) for pair in self._found if not pair.now]
        for pair in self._found:
            if not pair.now:
                continue
            if not pair.then:
                yield self._creation(pair)
            elif not pair.replaced_by:
                yield from self._updates(pair)
            elif pair.now.delete_before_replace or pair.old.get("name", "") == pair.new.get("name"):
                yield self._deletion(pair)
                yield self._creation(pair)
            else:
                deletions.append(self._deletion(pair))
                yield self._creation(pair)
        yield from reversed(deletions)

    def _deletion(self, pair: Pair) -> _Step:
        call = updates.delete(pair.either.type, self._olds[id(pair)] | {"uuid": self._uuids[pair.either.urn]})
        return _Step(pair, pair.hide(str(call)), partial(call.make, self._clients))

    def _creation(self, pair: Pair) -> _Step:
        what = f"Create{pair.either.type.rpartition(':')[2]}: {pair.new.get('name', pair.either.name)}"
        return _Step(pair, what, partial(self._create, pair, pair.new))

    def _updates(self, pair: Pair) -> Iterator[_Step]:
        old = self._olds[id(pair)]
        new = ignore_changes(pair.new, old, pair.now.ignore_changes if pair.now else ())
        more = {"uuid": self._uuids[pair.either.urn]}
        if pair.either.type == event_source_mapping.TYPE:
            event_source_mapping.create_function(self._clients, new)
        elif pair.either.type == table.TYPE:
            more = {"arn": self._clients("dynamodb").describe_table(TableName=old["name"])["Table"]["TableArn"]}
        try:
            for call in updates.update(pair.either.type, old | more, new | more):
                yield _Step(pair, pair.hide(str(call)), partial(call.make, self._clients))
        except updates.RefusedError as error:
            yield _Step(pair, "the provider", partial(_raise, error))

    def _ask(self, definitions: list[tuple["Table", Pair]], version: str, step: str) -> None:
        for definition, pair in definitions:
            name = (pair.old if version == "old" else pair.new)["name"]
            patterns = self._patterns(definition, pair) if version == "old" else definition.access_patterns
            for pattern in patterns:
                items = self._items[definition.logical_name]
                answer = ask(self._clients, definition, name, pattern, items)
                self._result.questions.append(
                    Question(
                        question=pattern.question,
                        version=version,
                        step=step,
                        table=name,
                        index=answer.index,
                        problem=answer.problem,
                    )
                )

    def _ask_new(self) -> None:
        """Write today's example items over the old ones, and run today's queries."""
        by_name = {pair.now.name: pair for pair in self._found if pair.now and pair.either.type == table.TYPE}
        asked = []
        for definition in self._now.definitions.tables:
            if not (pair := by_name.get(definition.logical_name)):
                continue
            items, name = self._now.definitions.items.get(definition.logical_name, []), pair.new["name"]
            try:
                written = self._write(name, items)
            except (BotoCoreError, ClientError) as error:
                problem = f"its example items can't be written: {one_line(error)}"
                self._result.questions += [
                    Question(question=p.question, version="new", step="after", table=name, index=None, problem=problem)
                    for p in definition.access_patterns
                ]
                continue
            keys = {_key(definition, item) for item in written}
            kept = [] if pair.replaced_by else self._items.get(definition.logical_name, [])
            self._items[definition.logical_name] = written + [i for i in kept if _key(definition, i) not in keys]
            asked.append((definition, pair))
        self._ask(asked, "new", "after")

    def _find_lost_items(self, olds: list[tuple["Table", Pair]]) -> None:
        """Compare the items of each table with those before."""
        names = self._names()
        for definition, pair in olds:
            items, name = self._items[definition.logical_name], pair.old["name"]
            found = []
            if name in names:
                pages = self._clients("dynamodb").get_paginator("scan").paginate(TableName=name)
                found = [from_item(item) for page in pages for item in page["Items"]]
            if sorted(map(as_text, found)) != sorted(map(as_text, items)):
                kept = len({*map(as_text, found)} & {*map(as_text, items)})
                self._result.lost[pair.either.urn] = f"{len(items) - kept} of {len(items)} example items are lost."

    def _find_capacities(self) -> None:
        """Compare the capacities that autoscaling moves with those before."""
        for pair in self._found:
            ignored, before = _ignored(pair), self._olds[id(pair)]
            if not ignored or pair.replaced_by or pair.new.get("billingMode") != "PROVISIONED":
                continue
            live = next(table.read(self._clients, [before["name"]], map))
            units = _capacities(live, ignored)
            for path, was in _capacities(before, ignored).items():
                if units.get(path, was) != was:
                    told = f"In the rehearsal it was moved to {was}, and the deployment set it to {units[path]}."
                    self._result.set_back[pair.either.urn, path] = told


def _capacities(inputs: dict[str, Any], ignored: set[str]) -> dict[str, int]:
    """Return the capacities of a table and its indexes that are ignored, by their paths."""
    found = {key: inputs[key] for key in _CAPACITIES if key in ignored}
    for name, index in indexes(inputs).items():
        found |= {f"{_INDEXES}[{name}].{key}": index[key] for key in _CAPACITIES if f"{_INDEXES}[*].{key}" in ignored}
    return found


def _ignored(pair: Pair) -> set[str]:
    """Return the paths that are ignored of a provisioned table that stays: what autoscaling moves."""
    if pair.either.type != table.TYPE or pair.old.get("billingMode") != "PROVISIONED" or not (pair.then and pair.now):
        return set()
    return {*pair.then.ignore_changes, *pair.now.ignore_changes}


def _raise(error: Exception) -> None:
    raise error


def _fits(pattern: "AccessPattern", index: dict[str, Any]) -> bool:
    return index.get("hashKey") in pattern.key and index.get("rangeKey") in (*pattern.key, pattern.between, None)


def _key(definition: "Table", item: dict[str, Any]) -> tuple[Any, ...]:
    return item.get(definition.partition_key), item.get(definition.sort_key or "")
