"""Judges each difference between two versions of a stack: which change it is, and what AWS will do."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws import resources, updates
from ops.aws.resources import event_source_mapping, scalable_target, scaling_policy, table
from ops.evolve.changes import Change, Pair, indexes
from ops.evolve.codes import CODES
from ops.evolve.versions import Version

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table

_CAPACITIES = ("readCapacity", "writeCapacity")


def judge(then: Version, now: Version, found: list[Pair]) -> list[Change]:
    """Return every change between two versions of a stack, whose resources are `found`, in the order of the program."""
    moved = {id(pair): other for pair, other in _moved(found)}
    changes: list[Change] = []
    for pair in found:
        if id(pair) in moved:
            old = moved[id(pair)]
            changes.append(pair.change("urn-changed", old=old.either.urn, new=pair.either.urn, calls=_calls(old, pair)))
        elif not any(pair is old for old in moved.values()):
            changes += _JUDGES[pair.either.type](pair, found)
    if then.is_state:
        changes = [_of_others(change) for change in changes]
    used = _users(now if then.is_state else then)
    changes = [_with_users(change, used) for change in changes]
    return changes + list(_questions(then, now, found))


def _users(version: Version) -> dict[tuple[str, str], list[str]]:
    """Return the queries that use an index, by the logical name of its table and the name of the index."""
    used = defaultdict(list)
    for definition in version.definitions.tables:
        for pattern in definition.access_patterns:
            if index := _index_name(definition, pattern):
                used[definition.logical_name, index].append(pattern.question)
    return used


def _with_users(change: Change, used: dict[tuple[str, str], list[str]]) -> Change:
    """Return a change of an index with the queries that use it."""
    index = re.fullmatch(r"globalSecondaryIndexes\[(.+)\]", change.path)
    if not index or change.code not in {"index-dropped", "index-rebuilt", "index-removal-not-applied"}:
        return change
    names = used.get((change.urn.rpartition("::")[2], index[1]), [])
    detail = f"Used by: {', '.join(names)}." if names else "No declared query uses it."
    return replace(change, detail=detail)


def _of_others(change: Change) -> Change:
    """Return a tag that is removed as another's: the state has also those that the program never declared."""
    is_removed = change.code == "tags-changed" and change.new is None
    code = "tags-of-others-deleted"
    return replace(change, code=code, severity=CODES[code].severity) if is_removed else change


def _moved(found: list[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Yield each resource that is new, and the one that is gone, that are the same to AWS."""
    gone = {(pair.either.type, _identity(pair)): pair for pair in found if not pair.now}
    for pair in found:
        if not pair.then and (old := gone.get((pair.either.type, _identity(pair)))):
            yield pair, old


def _identity(pair: Pair) -> str:
    inputs = pair.new or pair.old
    if pair.either.type == event_source_mapping.TYPE:
        # The ARN of its stream is not known in a preview.
        return pair.either.name
    return resources.module(pair.either.type).identity(inputs)


def _calls(old: Pair, new: Pair | None = None) -> tuple[str, ...]:
    created = (f"Create{new.either.type.rpartition(':')[2]}: {_identity(new)}",) if new else ()
    return (*created, str(updates.delete(old.either.type, old.old)))


def _change_calls(pair: Pair, *keys: str) -> tuple[str, ...]:
    """Return the calls that a change of these properties alone takes."""
    new = {key: value for key, value in pair.old.items() if key not in keys}
    new |= {key: pair.new[key] for key in keys if key in pair.new}
    try:
        return tuple(map(str, updates.update(pair.either.type, pair.old, new)))
    except updates.RefusedError as error:
        return (f"none, the provider refuses it: {error}",)


def _table(pair: Pair, found: list[Pair]) -> Iterator[Change]:
    old, new = pair.old, pair.new
    if not pair.then:
        yield pair.change("table-added", new=new["name"], calls=(f"CreateTable: {new['name']}",))
        return
    if not pair.now:
        yield pair.change("table-deleted", old=old["name"], calls=_calls(pair), detail=_protection(pair))
        return
    if keys := pair.replaced_by:
        yield pair.change(
            "table-replaced",
            ", ".join(keys),
            old=", ".join(str(old.get(key)) for key in keys),
            new=", ".join(str(new.get(key)) for key in keys),
            calls=(f"CreateTable: {new['name']}", str(updates.delete(table.TYPE, old))),
            detail=_protection(pair),
        )
        return
    yield from _key_types(pair)
    yield from _billing(pair, found)
    yield from _indexes(pair, found)
    yield from _stream(pair)
    yield from _expiry(pair)
    yield from _recovery(pair)
    yield from _encryption(pair)
    yield from _tags(pair)
    if pair.then.protect != pair.now.protect:
        values = {"old": pair.then.protect, "new": pair.now.protect}
        yield pair.change("protect-on" if pair.now.protect else "protect-off", "protect", **values)
    yield from _switch(pair, "deletion-protection", "deletionProtectionEnabled")
    if old.get("tableClass") != new.get("tableClass"):
        yield _property(pair, "table-class-changed", "tableClass")
    yield from _others(pair, _KNOWN)


def _protection(pair: Pair) -> str:
    if pair.then and pair.then.protect:
        return "Pulumi refuses it, because the table is protected: turn protect off in a deployment before."
    return ""


def _switch(pair: Pair, what: str, key: str) -> Iterator[Change]:
    """Yield `what`-on or `what`-off, where a property of the inputs was turned on or off."""
    was, becomes = bool(pair.old.get(key)), bool(pair.new.get(key))
    if was != becomes:
        yield pair.change(
            f"{what}-{'on' if becomes else 'off'}", key, old=was, new=becomes, calls=_change_calls(pair, key)
        )


def _property(pair: Pair, code: str, *keys: str, **more: Any) -> Change:  # noqa: ANN401 - what Change takes
    """Return the change of a property, and of what changes with it."""
    values = {"old": pair.old.get(keys[0]), "new": pair.new.get(keys[0]), "calls": _change_calls(pair, *keys)}
    return pair.change(code, keys[0], **(values | more))


def _key_types(pair: Pair) -> Iterator[Change]:
    types = [{each["name"]: each["type"] for each in inputs.get("attributes", [])} for inputs in (pair.old, pair.new)]
    for name in types[0].keys() & types[1].keys():
        if types[0][name] != types[1][name]:
            yield pair.change("key-type-changed", f"attributes[{name}].type", old=types[0][name], new=types[1][name])


def _scaled(found: list[Pair], version: str, name: str, index: str | None, capacity: str) -> bool:
    """Tell whether a scalable target of a version moves a capacity of a table or an index."""
    resource_id = f"table/{name}" + (f"/index/{index}" if index else "")
    dimension = f"dynamodb:{'index' if index else 'table'}:{capacity.removesuffix('Capacity').title()}CapacityUnits"
    inputs = [getattr(pair, version) for pair in found if pair.either.type == scalable_target.TYPE]
    return any((i.get("resourceId"), i.get("scalableDimension")) == (resource_id, dimension) for i in inputs)


def _billing(pair: Pair, found: list[Pair]) -> Iterator[Change]:
    old, new = pair.old["billingMode"], pair.new["billingMode"]
    if old != new:
        keys = ("billingMode", *_CAPACITIES, "globalSecondaryIndexes")
        if new == "PAY_PER_REQUEST":
            more = {"severity": "slow", "recipe": "to-on-demand"}
            yield _property(pair, "billing-mode-switched", *keys, detail=_TO_ON_DEMAND, **more)
        else:
            yield _property(pair, "billing-mode-switched", *keys, detail=_to_provisioned(pair))
    elif new == "PROVISIONED":
        for capacity in _CAPACITIES:
            yield from _capacity(pair, found, None, capacity)


_TO_ON_DEMAND = "Its scalable targets and scaling policies are deleted with it."


def _to_provisioned(pair: Pair) -> str:
    lost = [name for name in _CAPACITIES if not pair.new.get(name)]
    lost += [
        f"{name} of {index}" for index, new in indexes(pair.new).items() for name in _CAPACITIES if not new.get(name)
    ]
    return f"Not applied, because ignoreChanges keeps what there was: {', '.join(lost)}." if lost else ""


def _capacity(pair: Pair, found: list[Pair], index: str | None, capacity: str) -> Iterator[Change]:
    """Yield what happens to one capacity of a table that is provisioned before and after, or of one of its indexes."""
    if not (pair.now and pair.then):
        return
    old, new, now = pair.old, pair.new, pair.now.inputs
    if index:
        old, new = indexes(old)[index], indexes(new)[index]
        now = next(each for each in now["globalSecondaryIndexes"] if each["name"] == index)
    path = f"globalSecondaryIndexes[{index}].{capacity}" if index else capacity
    ignored = f"globalSecondaryIndexes[*].{capacity}" if index else capacity
    was, becomes, said = old.get(capacity), new.get(capacity), now.get(capacity)
    is_ignored = ignored in pair.now.ignore_changes
    is_scaled = _scaled(found, "old", pair.table, index, capacity)
    values = {"old": was, "new": becomes}
    if is_ignored:
        moved = index and list(indexes(pair.old)).index(index) != list(indexes(pair.new)).index(index)
        if moved:
            at = list(indexes(pair.new)).index(index)
            others = list(indexes(pair.old))
            whose = f"It gets that of {others[at]}." if at < len(others) else "It gets the declared one."
            calls = _change_calls(pair, "globalSecondaryIndexes")
            yield pair.change("capacity-set-back", path, **values, detail=whose, calls=calls)
        elif said != was and said is not None:
            yield pair.change("capacity-not-applied", path, old=was, new=said)
    elif is_scaled and said is not None and ignored in pair.then.ignore_changes:
        yield pair.change(
            "capacity-set-back", path, old=was, new=said, detail="ignoreChanges doesn't name it any more."
        )
    elif was != becomes and becomes is not None:
        calls = _change_calls(pair, *(("globalSecondaryIndexes",) if index else _CAPACITIES))
        is_lower = isinstance(was, int) and becomes < was
        yield pair.change("capacity-lowered" if is_lower else "capacity-raised", path, **values, calls=calls)


def _indexes(pair: Pair, found: list[Pair]) -> Iterator[Change]:
    olds, news = indexes(pair.old), indexes(pair.new)
    key = "globalSecondaryIndexes"
    dropped, added = [name for name in olds if name not in news], [name for name in news if name not in olds]
    rebuilt = [name for name in news if name in olds and not updates.same_index(olds[name], news[name])]
    is_provisioned = pair.old["billingMode"] == pair.new["billingMode"] == "PROVISIONED"
    for name in dropped:
        code = "index-dropped" if news else "index-removal-not-applied"
        yield pair.change(code, f"{key}[{name}]", old=_described(olds[name]), calls=_index_calls(pair, name))
    for name in rebuilt:
        values = {"old": _described(olds[name]), "new": _described(news[name])}
        yield pair.change("index-rebuilt", f"{key}[{name}]", **values, calls=_index_calls(pair, name))
    for name in added:
        yield pair.change("index-added", f"{key}[{name}]", new=_described(news[name]), calls=_index_calls(pair, name))
    if added and len(added) + len(dropped) + len(rebuilt) > 1:
        names = ", ".join(dict.fromkeys([*dropped, *rebuilt, *added]))
        yield pair.change("index-added-with-others", key, new=names, calls=_change_calls(pair, key))
    for name in news if is_provisioned else ():
        for capacity in _CAPACITIES:
            if name in olds:
                yield from _capacity(pair, found, name, capacity)


def _index_calls(pair: Pair, name: str) -> tuple[str, ...]:
    """Return the calls that name an index."""
    return tuple(call for call in _change_calls(pair, "globalSecondaryIndexes") if f'"IndexName": "{name}"' in call)


def _described(index: dict[str, Any]) -> str:
    """Return an index's keys and projection in a line."""
    keys = ", ".join(index[key] for key in ("hashKey", "rangeKey") if key in index)
    names = index.get("nonKeyAttributes")
    return f"{keys}: {index.get('projectionType')}" + (f" {', '.join(sorted(names))}" if names else "")


def _stream(pair: Pair) -> Iterator[Change]:
    was, becomes = (i.get("streamViewType") if i.get("streamEnabled") else None for i in (pair.old, pair.new))
    if was != becomes:
        code = "stream-restarted" if was and becomes else "stream-on" if becomes else "stream-off"
        calls = _change_calls(pair, "streamEnabled", "streamViewType")
        yield pair.change(code, "streamViewType", old=was, new=becomes, calls=calls)


def _applied(pair: Pair, code: str, key: str, old: Any, new: Any) -> Change:  # noqa: ANN401 - any JSON value
    """Return a change of a property that the provider keeps as it is where it isn't declared."""
    calls = _change_calls(pair, key)
    detail = "" if calls else "It is not applied: the provider keeps what is not declared."
    return pair.change(code, key, old=old, new=new, calls=calls, detail=detail)


def _expiry(pair: Pair) -> Iterator[Change]:
    was, becomes = (
        ttl.get("attributeName") if ttl.get("enabled") else None
        for ttl in (i.get("ttl", {}) for i in (pair.old, pair.new))
    )
    if was != becomes:
        code = "ttl-attribute-changed" if was and becomes else "ttl-on" if becomes else "ttl-off"
        change = _applied(pair, code, "ttl", was, becomes)
        # Items are still deleted, though the program says otherwise.
        yield replace(change, severity="dangerous") if code == "ttl-off" and not change.calls else change


def _recovery(pair: Pair) -> Iterator[Change]:
    key = "pointInTimeRecovery"
    was, becomes = (
        recovery.get("recoveryPeriodInDays", 35) if recovery.get("enabled") else 0
        for recovery in (i.get(key, {}) for i in (pair.old, pair.new))
    )
    if was != becomes:
        code = f"recovery-{'lengthened' if becomes > was else 'shortened'}" if was and becomes else ""
        code = code or ("recovery-on" if becomes else "recovery-off")
        yield _applied(pair, code, key, was or None, becomes or None)


def _encryption(pair: Pair) -> Iterator[Change]:
    key = "serverSideEncryption"
    old, new = (inputs.get(key, {}) for inputs in (pair.old, pair.new))
    was, becomes = (i.get("kmsKeyArn", "alias/aws/dynamodb") if i.get("enabled") else None for i in (old, new))
    if was != becomes:
        code = "encryption-key-changed" if was and becomes else "encryption-on" if becomes else "encryption-off"
        change = _applied(pair, code, key, was, becomes)
        # As after an import, which names the AWS managed key.
        yield replace(change, severity="safe") if was and becomes and not change.calls else change


def _tags(pair: Pair) -> Iterator[Change]:
    old, new = pair.old.get("tags", {}), pair.new.get("tags", {})
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name) and not name.startswith("aws:"):
            calls = _change_calls(pair, "tags")
            yield pair.change("tags-changed", f"tags.{name}", old=old.get(name), new=new.get(name), calls=calls)


# The properties of a table that are judged above.
_KNOWN = {
    *("name", "region", "hashKey", "rangeKey", "localSecondaryIndexes", "attributes", "billingMode", *_CAPACITIES),
    *("globalSecondaryIndexes", "streamEnabled", "streamViewType", "ttl", "pointInTimeRecovery"),
    *("serverSideEncryption", "tags", "tagsAll", "deletionProtectionEnabled", "tableClass"),
}


def _others(pair: Pair, known: set[str]) -> Iterator[Change]:
    """Yield what changes of properties that aren't known here. What the provider computes itself may be left out."""
    outputs = resources.module(pair.either.type).OUTPUTS
    for key in sorted((pair.old.keys() | pair.new.keys()) - known):
        is_computed = key not in pair.new and outputs.get(key) == UNKNOWN
        if pair.old.get(key) != pair.new.get(key) and not is_computed:
            yield pair.change("other-change", key, old=pair.old.get(key), new=pair.new.get(key))


def _billing_of(name: str, found: list[Pair]) -> tuple[str | None, str | None]:
    """Return the billing modes of a table before and after; None where there is no such table."""
    for pair in found:
        if pair.either.type == table.TYPE and pair.table == name:
            return pair.old.get("billingMode"), pair.new.get("billingMode")
    return None, None


def _is_replaced(name: str, found: list[Pair]) -> bool:
    return any(pair.replaced_by for pair in found if pair.either.type == table.TYPE and pair.table == name)


def _index_is_gone(pair: Pair, found: list[Pair]) -> bool:
    """Tell whether a target or a policy is of an index that is not declared any more."""
    _, _, index = pair.old["resourceId"].partition("/index/")
    tables = [other for other in found if other.either.type == table.TYPE and other.table == pair.table]
    return bool(index) and any(other.now and index not in indexes(other.new) for other in tables)


def _autoscaling(pair: Pair, found: list[Pair]) -> Iterator[Change]:
    """Judge a scalable target or a scaling policy."""
    is_target = pair.either.type == scalable_target.TYPE
    was, becomes = _billing_of(pair.table, found)
    inputs = pair.new or pair.old
    what = f"{inputs['resourceId']} {inputs['scalableDimension'].rpartition(':')[2]}"
    if not pair.then:
        yield pair.change(
            "autoscaling-added",
            new=what,
            calls=(f"{'RegisterScalableTarget' if is_target else 'PutScalingPolicy'}: {what}",),
        )
    elif not pair.now:
        # With its table or index, or with the billing by capacity, what it scales is gone as well.
        is_over = becomes in (None, "PAY_PER_REQUEST") or _index_is_gone(pair, found)
        severity = "safe" if is_over else "dangerous"
        yield pair.change("autoscaling-removed", old=what, severity=severity, calls=_calls(pair))
    elif becomes == "PAY_PER_REQUEST" and was == "PROVISIONED":
        yield pair.change("autoscaling-removed", old=what, detail="It is left on a table that is on demand.")
    else:
        if replaced := pair.replaced_by:
            values = {"old": pair.old.get(replaced[0]), "new": pair.new.get(replaced[0])}
            # A table that is replaced takes its autoscaling along.
            severity = "safe" if replaced[0] == "resourceId" and _is_replaced(pair.table, found) else "dangerous"
            yield pair.change("autoscaling-removed", replaced[0], **values, severity=severity, calls=_calls(pair, pair))
        elif is_target:
            yield from _bounds(pair)
        elif pair.old.get(scaling_policy.CONFIGURATION) != pair.new.get(scaling_policy.CONFIGURATION):
            yield _property(pair, "autoscaling-policy-changed", scaling_policy.CONFIGURATION)
        known = {*("minCapacity", "maxCapacity", "region", scaling_policy.CONFIGURATION), *scaling_policy.CREATES}
        yield from _others(pair, known)


def _bounds(pair: Pair) -> Iterator[Change]:
    for key in ("minCapacity", "maxCapacity"):
        was, becomes = pair.old.get(key), pair.new.get(key)
        if was != becomes:
            is_lower = key == "maxCapacity" and isinstance(was, int) and isinstance(becomes, int) and becomes < was
            severity = "dangerous" if is_lower else "safe"
            yield _property(pair, "autoscaling-bounds-changed", key, severity=severity)


def _trigger(pair: Pair, found: list[Pair]) -> Iterator[Change]:
    if not pair.then:
        yield pair.change("trigger-added", new=pair.new["functionName"], calls=("CreateEventSourceMapping",))
        return
    if not pair.now:
        yield pair.change("trigger-removed", old=pair.old["functionName"], calls=_calls(pair))
        return
    stream, position = "eventSourceArn", "startingPosition"
    if _stream_is_new(pair, found) or pair.old.get(position) != pair.new.get(position):
        key = position if pair.old.get(position) != pair.new.get(position) else stream
        detail = _SECOND_MAPPING if key == position else ""
        yield pair.change("trigger-replaced", key, calls=_calls(pair, pair), detail=detail)
    yield from _disabled(pair)
    if pair.old.get("filterCriteria") != pair.new.get("filterCriteria"):
        yield _property(pair, "trigger-filter-changed", "filterCriteria")
    judged = {stream, position, "enabled", "filterCriteria", "region"}
    for key in sorted((pair.old.keys() | pair.new.keys()) - judged):
        if pair.old.get(key) != pair.new.get(key) and (key in pair.new or key in event_source_mapping.CREATES):
            yield _property(pair, "trigger-changed", key)


_SECOND_MAPPING = (
    "Pulumi creates the new one first, and Lambda refuses a second one of the same function and stream, so the "
    "deployment fails."
)


def _disabled(pair: Pair) -> Iterator[Change]:
    was, becomes = (inputs.get("enabled", True) for inputs in (pair.old, pair.new))
    if was != becomes:
        yield _property(pair, "trigger-added" if becomes else "trigger-removed", "enabled")


def _stream_is_new(pair: Pair, found: list[Pair]) -> bool:
    """Tell whether the stream that a trigger reads gets another ARN."""
    if not pair.now:
        return False
    sources = pair.now.property_dependencies.get("eventSourceArn", [])
    for other in found:
        if other.either.type == table.TYPE and other.either.urn in sources:
            return any(
                change.code in {"table-added", "table-replaced", "stream-restarted", "stream-on"}
                for change in _table(other, found)
            )
    return False


_JUDGES: dict[str, Callable[[Pair, list[Pair]], Iterator[Change]]] = {
    table.TYPE: _table,
    scalable_target.TYPE: _autoscaling,
    scaling_policy.TYPE: _autoscaling,
    event_source_mapping.TYPE: _trigger,
}


def _questions(then: Version, now: Version, found: list[Pair]) -> Iterator[Change]:
    """Judge the queries: those that need another key than before, and those whose index is only made now."""
    olds = {definition.logical_name: definition for definition in then.definitions.tables}
    by_name = {pair.either.name: pair for pair in found if pair.either.type == table.TYPE and pair.now}
    for definition in now.definitions.tables:
        pair = by_name.get(definition.logical_name)
        if not pair:
            continue
        old = olds.get(definition.logical_name)
        before = {pattern.question: pattern for pattern in old.access_patterns} if old else {}
        for pattern in definition.access_patterns:
            was, needs = before.get(pattern.question), _needs(definition, pattern)
            values: dict[str, Any] = {
                "property_": pattern.question,
                "old": _needs(old, was) if old and was else None,
                "new": needs,
            }
            index = _index_name(definition, pattern)
            is_declared = index is None or any(each.name == index for each in definition.indexes)
            if old and was and is_declared and values["old"] != needs:
                is_kept = _is_kept(_index_name(old, was), pair)
                yield pair.change("question-moved" if is_kept else "reader-broken", **values)
            if index and pair.then and index in indexes(pair.new) and index not in indexes(pair.old):
                yield pair.change("question-not-yet-answerable", **values)


def _is_kept(index: str | None, pair: Pair) -> bool:
    """Tell whether a table, or its index, still answers what it did before."""
    if pair.replaced_by:
        return False
    olds, news = indexes(pair.old), indexes(pair.new)
    return index is None or index not in olds or (index in news and updates.same_index(olds[index], news[index]))


def _index_name(definition: "Table", pattern: "AccessPattern") -> str | None:
    return next((index.name for index in definition.indexes if index.logical_name == pattern.index), pattern.index)


def _needs(definition: "Table", pattern: "AccessPattern") -> str:
    """Return what a query is run with: the operation, the index, and the attributes of its condition."""
    index = _index_name(definition, pattern)
    attributes = ", ".join(filter(None, [*pattern.key, pattern.between, pattern.filter_by]))
    return f"{pattern.operation}{f' on {index}' if index else ''}: {attributes}"
