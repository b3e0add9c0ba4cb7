"""Rehearses a change: deploys the old version, makes the calls of the change one by one, and runs the queries."""

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.aws import resources, updates
from ops.aws.clients import Clients
from ops.aws.resources import event_source_mapping, table
from ops.aws.strict import StrictTables
from ops.errors import one_line
from ops.evolve.changes import CAPACITIES, INDEXES, Pair, capacities, capacity_path, ignore_changes, indexes, is_ignored
from ops.evolve.versions import Version
from ops.rehearse.access_patterns import ask, write
from ops.rehearse.answer import Answer, as_text, from_item, to_item
from ops.rehearse.definitions import index_name

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table


@dataclass(frozen=True, kw_only=True)
class Question:
    """How a query of the old or of the new version was answered at a step of the deployment.

    `step` is "before" or "after" the deployment, or the call after which it was asked. `table` and `index` are names.
    `problem` is "" if the answer is right.
    """

    question: str
    version: str
    step: str
    table: str
    index: str | None
    problem: str


@dataclass
class Rehearsed:
    """Every answer at every step, what was refused, which items were lost, and which capacities were set back.

    `refused` and `lost` have a message by the URN of a resource, and `set_back` by the URN and the property.
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


def rehearse(then: Version, now: Version, pairs: list[Pair], clients: Clients) -> Rehearsed:
    """Rehearse the change of the resources `pairs` in an emulator.

    Asks the queries of the old version before the deployment, after each call that concerns their table, and at the
    end; and those of the new version at the end, unless a call was refused.
    """
    return _Rehearsal(then, now, pairs, clients).run()


class _Rehearsal:
    def __init__(self, then: Version, now: Version, pairs: list[Pair], clients: Clients) -> None:
        self._now, self._is_state, self._pairs, self._clients = now, then.is_state, pairs, clients
        # Pulumi's state has no definitions. Those of the new version stand in for them.
        self._then = now if then.is_state else then
        by_name = {pair.then.name: pair for pair in pairs if pair.then and pair.is_table}
        self._deployed = [
            (d, by_name[name]) for d in self._then.definitions.tables if (name := d.logical_name) in by_name
        ]
        self._strict = StrictTables(clients)
        self._result = Rehearsed()
        self._uuids: dict[str, str] = {}
        # What is in each table, by its logical name.
        self._items: dict[str, list[dict[str, Any]]] = {}
        # The inputs before the deployment, with the capacities that autoscaling has set, by the identity of a pair.
        self._olds = {id(pair): pair.old for pair in pairs}

    def run(self) -> Rehearsed:
        for pair in self._pairs:
            if pair.then:
                self._create(pair, pair.old)
        for definition, pair in self._deployed:
            self._write(self._then, definition, pair.old["name"], "old", "before")
        self._move_capacities()
        self._ask_old(self._deployed, "before")
        self._deploy()
        self._ask_old(self._deployed, "after")
        self._find_lost_items()
        self._find_capacities()
        if not self._result.refused:
            self._ask_new()
        return self._result

    def _deploy(self) -> None:
        """Make the calls of the deployment, up to one that is refused."""
        refused = {pair.either.urn: "Pulumi: the resource is protected" for pair in self._pairs if pair.is_refused}
        self._result.refused.update(refused)
        for step in self._steps() if not refused else ():
            try:
                step.make()
            except (BotoCoreError, ClientError, updates.RefusedError) as error:
                self._result.refused[step.pair.either.urn] = f"{step.text}: {one_line(error)}"
                return
            if step.pair.is_table:
                self._ask_old([(d, pair) for d, pair in self._deployed if pair is step.pair], step.text)
                if step.pair.now and step.pair.table in self._names():
                    self._strict.wait(step.pair.table)

    def _names(self) -> list[str]:
        return self._clients("dynamodb").list_tables()["TableNames"]

    def _create(self, pair: Pair, inputs: dict[str, Any]) -> None:
        if pair.either.type == event_source_mapping.TYPE:
            live = self._clients("dynamodb").describe_table(TableName=pair.table)["Table"]
            inputs = inputs | {"eventSourceArn": live.get("LatestStreamArn", "")}
        if pair.is_table and inputs.get("billingMode") == "PROVISIONED":
            # A state may lack them: a refresh adds no inputs that there weren't before.
            units: dict[str, Any] = dict.fromkeys(CAPACITIES, 1)
            inputs = units | inputs
            if INDEXES in inputs:
                inputs[INDEXES] = [units | index for index in inputs[INDEXES]]
        self._uuids[pair.either.urn], _ = resources.module(pair.either.type).create(self._clients, inputs)
        if pair.is_table:
            self._strict.wait(inputs["name"])

    def _move_capacities(self) -> None:
        """Give every capacity that ignoreChanges names another value, as autoscaling does, also in Pulumi's state."""
        units = itertools.count(11)
        for pair in self._pairs:
            moved = copy.deepcopy(pair.old)
            items = {"": moved, **indexes(moved)}
            for index, key in _ignored(pair):
                items[index][key] = next(units)
            for call in updates.update(table.TYPE, pair.old, moved) if _ignored(pair) else ():
                call.make(self._clients)
                self._strict.wait(pair.old["name"])
            self._olds[id(pair)] = moved

    def _steps(self) -> Iterator[_Step]:
        """Yield the calls of the deployment, as Pulumi makes them: in the program's order, deletions last.

        A table that keeps its name is deleted before it is created again, as the provider requires.
        """
        deletions = [self._deletion(pair) for pair in self._pairs if not pair.now]
        for pair in self._pairs:
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
        old = self._olds[id(pair)] | {"uuid": self._uuids[pair.either.urn]}
        return self._step(pair, updates.delete(pair.either.type, old))

    def _creation(self, pair: Pair) -> _Step:
        return _Step(
            pair, pair.hide(updates.creation(pair.either.type, pair.new)), partial(self._create, pair, pair.new)
        )

    def _step(self, pair: Pair, call: updates.Call) -> _Step:
        return _Step(pair, pair.hide(str(call)), partial(call.make, self._clients))

    def _updates(self, pair: Pair) -> Iterator[_Step]:
        old = self._olds[id(pair)]
        new = ignore_changes(pair.new, old, pair.now.ignore_changes if pair.now else ())
        live = {"uuid": self._uuids[pair.either.urn]}
        if pair.either.type == event_source_mapping.TYPE:
            event_source_mapping.create_function(self._clients, new)
        elif pair.is_table:
            live = {"arn": self._clients("dynamodb").describe_table(TableName=old["name"])["Table"]["TableArn"]}
        try:
            for call in updates.update(pair.either.type, old | live, new | live):
                yield self._step(pair, call)
        except updates.RefusedError as error:
            yield _Step(pair, "the provider", partial(_raise, error))

    def _write(self, version: Version, definition: "Table", name: str, which: str, step: str) -> bool:
        """Write a version's example items to a table. If AWS refuses one, note that no query can be answered."""
        items = version.definitions.items.get(definition.logical_name, [])
        problems = write(self._clients, definition, name, items)
        self._note(problems, which, step)
        self._items[definition.logical_name] = [] if problems else [from_item(to_item(item)) for item in items]
        return not problems

    def _note(self, answers: Iterable[Answer], version: str, step: str) -> None:
        for answer in answers:
            fields = {name: getattr(answer, name) for name in ("question", "table", "index", "problem")}
            self._result.questions.append(Question(version=version, step=step, **fields))

    def _ask_old(self, deployed: list[tuple["Table", Pair]], step: str) -> None:
        """Run the queries of the old version; for a state, today's queries that the deployed table can answer."""
        for definition, pair in deployed:
            items, name = self._items[definition.logical_name], pair.old["name"]
            for pattern in definition.access_patterns:
                index = indexes(pair.old).get(index_name(definition, pattern) or "")
                if not self._is_state or not pattern.index or (index and _fits(pattern, index)):
                    self._note([ask(self._clients, definition, name, pattern, items)], "old", step)

    def _ask_new(self) -> None:
        """Write the example items of the new version over the old ones, and run the queries of the new version."""
        by_name = {pair.now.name: pair for pair in self._pairs if pair.now and pair.is_table}
        for definition in self._now.definitions.tables:
            if not (pair := by_name.get(definition.logical_name)):
                continue
            name = pair.new["name"]
            old = [] if pair.replaced_by else self._items.get(definition.logical_name, [])
            if self._write(self._now, definition, name, "new", "after"):
                items = self._items[definition.logical_name]
                keys = {_key(definition, item) for item in items}
                items += [item for item in old if _key(definition, item) not in keys]
                answers = [ask(self._clients, definition, name, p, items) for p in definition.access_patterns]
                self._note(answers, "new", "after")

    def _find_lost_items(self) -> None:
        names = self._names()
        for definition, pair in self._deployed:
            name, items = pair.old["name"], {*map(as_text, self._items[definition.logical_name])}
            pages = self._clients("dynamodb").get_paginator("scan").paginate(TableName=name) if name in names else []
            lost = items - {as_text(from_item(item)) for page in pages for item in page["Items"]}
            if lost:
                self._result.lost[pair.either.urn] = f"{len(lost)} of {len(items)} example items are lost."

    def _find_capacities(self) -> None:
        """Compare the capacities that autoscaling moves with those before."""
        for pair in self._pairs:
            ignored, before = _ignored(pair), capacities(self._olds[id(pair)])
            if not ignored or pair.replaced_by or pair.new.get("billingMode") != "PROVISIONED":
                continue
            live = capacities(next(table.read(self._clients, [pair.old["name"]], map)))
            for place in ignored:
                if (units := live.get(place, before[place])) != before[place]:
                    problem = f"In the rehearsal it was moved to {before[place]}, and the deployment set it to {units}."
                    self._result.set_back[pair.either.urn, capacity_path(*place)] = problem


def _ignored(pair: Pair) -> list[tuple[str, str]]:
    """Return the capacities that autoscaling moves: those that ignoreChanges names, of a provisioned table that stays.

    Each is the name of an index, "" for the table, and a property.
    """
    if not (pair.then and pair.now and pair.is_table and pair.old.get("billingMode") == "PROVISIONED"):
        return []
    paths = {*pair.then.ignore_changes, *pair.now.ignore_changes}
    return [place for place in capacities(pair.old) if is_ignored(paths, *place)]


def _raise(error: Exception) -> None:
    raise error


def _fits(pattern: "AccessPattern", index: dict[str, Any]) -> bool:
    return index.get("hashKey") in pattern.key and index.get("rangeKey") in (*pattern.key, pattern.between, None)


def _key(definition: "Table", item: dict[str, Any]) -> tuple[Any, ...]:
    return item.get(definition.partition_key), item.get(definition.sort_key or "")
