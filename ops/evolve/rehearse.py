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

_CAPACITIES = {"readCapacity": "ReadCapacityUnits", "writeCapacity": "WriteCapacityUnits"}


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
    """Every answer at every step, the call that was refused, "" for none, and what items and capacities were lost."""

    questions: list[Question] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Step:
    """A call of the deployment, and the resource that it is for."""

    pair: Pair
    text: str
    make: Callable[[], object]


def rehearse(then: Version, now: Version, found: list[Pair], clients: Clients) -> Rehearsed:
    """Rehearse the change of the resources `found`. `refused` and `lost` are by a resource's URN."""
    return _Rehearsal(then, now, found, clients).run()


class _Rehearsal:
    def __init__(self, then: Version, now: Version, found: list[Pair], clients: Clients) -> None:
        self._then, self._now, self._found, self._clients = then, now, found, clients
        self._strict = StrictTables(clients)
        self._result = Rehearsed()
        self._streams: dict[str, str] = {}
        self._uuids: dict[str, str] = {}
        # What each table has, by its logical name, and the capacities of tables and indexes before the deployment.
        self._items: dict[str, list[dict[str, Any]]] = {}
        self._olds = {id(pair): pair.old for pair in found}

    def run(self) -> Rehearsed:
        for pair in self._found:
            if pair.then:
                self._create(pair, pair.old)
        olds = self._old_definitions()
        for definition, pair in olds:
            self._items[definition.logical_name] = self._write(definition, pair.old["name"], self._then)
        self._move_capacities()
        self._ask(olds, "old", "before")
        refused = {pair.either.urn: "Pulumi: the resource is protected" for pair in self._found if pair.is_refused}
        self._result.refused.update(refused)
        for step in self._steps() if not refused else ():
            try:
                step.make()
            except (BotoCoreError, ClientError) as error:
                self._result.refused[step.pair.either.urn] = f"{step.text}: {one_line(error)}"
                break
            if step.pair.either.type == table.TYPE:
                self._ask([each for each in olds if each[1] is step.pair], "old", step.text)
                if step.pair.now and step.pair.table in self._names():
                    self._strict.wait(step.pair.table)
        self._ask(olds, "old", "after")
        self._find_losses(olds)
        if not self._result.refused:
            self._ask_new()
        return self._result

    def _names(self) -> list[str]:
        return self._clients("dynamodb").list_tables()["TableNames"]

    def _create(self, pair: Pair, inputs: dict[str, Any]) -> None:
        module = resources.module(pair.either.type)
        if module is resources.MODULES[event_source_mapping.TYPE]:
            inputs = inputs | {"eventSourceArn": self._streams.get(pair.table, "")}
        id_, outputs = module.create(self._clients, inputs)
        self._uuids[pair.either.urn] = id_
        if pair.either.type == table.TYPE:
            self._streams[inputs["name"]] = outputs.get("streamArn", "")
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

    def _write(self, definition: "Table", name: str, version: Version) -> list[dict[str, Any]]:
        """Write a table's example items; return them."""
        items = (self._now if version.is_state else version).definitions.items.get(definition.logical_name, [])
        for item in items:
            self._clients("dynamodb").put_item(TableName=name, Item=to_item(item))
        return [from_item(to_item(item)) for item in items]

    def _move_capacities(self) -> None:
        """Give every capacity that is ignored another value, as autoscaling does, also in Pulumi's state."""
        units = itertools.count(11)
        for pair in self._found:
            old, now = pair.old, pair.now
            if pair.either.type != table.TYPE or old.get("billingMode") != "PROVISIONED" or not (now and pair.then):
                continue
            moved = {key: next(units) for key in _CAPACITIES if key in now.ignore_changes}
            news = [
                index
                | {key: next(units) for key in _CAPACITIES if f"globalSecondaryIndexes[*].{key}" in now.ignore_changes}
                for index in old.get("globalSecondaryIndexes", [])
            ]
            moved = old | moved | ({"globalSecondaryIndexes": news} if news else {})
            for call in updates.update(table.TYPE, old, moved):
                call.make(self._clients)
                self._strict.wait(old["name"])
            self._olds[id(pair)] = moved

    def _steps(self) -> Iterator[_Step]:
        """Yield the calls of the deployment, as Pulumi makes them: in the program's order, deletions last."""
        deleted = []
        for pair in self._found:
            if not pair.now:
                deleted.append(pair)
            elif not pair.then:
                yield self._creation(pair)
            elif pair.replaced_by:
                yield self._creation(pair)
                deleted.append(pair)
            else:
                yield from self._updates(pair)
        for pair in reversed(deleted):
            call = updates.delete(pair.either.type, self._olds[id(pair)] | {"uuid": self._uuids[pair.either.urn]})
            yield _Step(pair, str(call), partial(call.make, self._clients))

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
                yield _Step(pair, str(call), partial(call.make, self._clients))
        except updates.RefusedError as error:
            self._result.refused[pair.either.urn] = f"the provider: {error}"

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
            if pair := by_name.get(definition.logical_name):
                written = self._write(definition, pair.new["name"], self._now)
                keys = {_key(definition, item) for item in written}
                kept = [] if pair.replaced_by else self._items.get(definition.logical_name, [])
                self._items[definition.logical_name] = written + [
                    item for item in kept if _key(definition, item) not in keys
                ]
                asked.append((definition, pair))
        self._ask(asked, "new", "after")

    def _find_losses(self, olds: list[tuple["Table", Pair]]) -> None:
        """Compare the items and the capacities of each table with those before."""
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


def _fits(pattern: "AccessPattern", index: dict[str, Any]) -> bool:
    return index.get("hashKey") in pattern.key and index.get("rangeKey") in (*pattern.key, pattern.between, None)


def _key(definition: "Table", item: dict[str, Any]) -> tuple[Any, ...]:
    return item.get(definition.partition_key), item.get(definition.sort_key or "")
