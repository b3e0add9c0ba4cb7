"""Judges each difference between two versions of a stack: which change it is, and which calls to AWS it takes."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws import resources, updates
from ops.aws.resources import event_source_mapping, metric_alarm, scalable_target, scaling_policy, table
from ops.engine.plan import Registration
from ops.evolve.changes import CAPACITIES, INDEXES, Change, Pair, capacities, capacity_path, indexes, is_ignored
from ops.evolve.versions import Version
from ops.rehearse.definitions import index_name

if TYPE_CHECKING:
    from components.schema import AccessPattern, Table

Inputs = dict[str, Any]


@dataclass(frozen=True)
class _Stack:
    """What a judgement of one resource depends on: the other resources, and the queries.

    `queries` are those that use an index, by the logical name of its table and the name of the index.
    """

    pairs: list[Pair]
    queries: dict[tuple[str, str], list[str]]
    is_state: bool

    def table_of(self, pair: Pair) -> Pair | None:
        """Return the table that a resource belongs to."""
        return next((other for other in self.pairs if other.is_table and other.table == pair.table), None)


def judge(then: Version, now: Version, pairs: list[Pair]) -> list[Change]:
    """Return every change between two versions of a stack, whose resources are `pairs`, in the order of the program."""
    queries = defaultdict(list)
    for definition in (now if then.is_state else then).definitions.tables:
        for pattern in definition.access_patterns:
            queries[definition.logical_name, index_name(definition, pattern) or ""].append(pattern.question)
    stack = _Stack(pairs, queries, then.is_state)
    removed = {(pair.either.type, _identity(pair)): pair for pair in pairs if not pair.now}
    moved = {id(pair): removed.get((pair.either.type, _identity(pair))) for pair in pairs if not pair.then}
    changes = []
    for pair in pairs:
        if old := moved.get(id(pair)):
            urns = {"old": old.either.urn, "new": pair.either.urn}
            detail = _FAILS.get(pair.either.type, "")
            calls = _whole_calls(pair) + (() if detail else _whole_calls(old))
            changes.append(pair.change("urn-changed", **urns, calls=calls, detail=detail))
        elif not any(pair is old for old in moved.values()):
            changes += _JUDGES.get(pair.either.type, _unknown)(pair, stack)
    return [*changes, *_queries(then, now, pairs), *_provider(pairs), *_pending(then)]


_SECOND_MAPPING = (
    "Pulumi creates the new one first, and Lambda refuses a second one of the same function and stream, so the "
    "deployment fails."
)
# Why creating a resource fails that exists under another URN. Creating one of another type again succeeds.
_FAILS = {
    table.TYPE: "AWS refuses to create the new one while the old one has its name, so the deployment fails.",
    event_source_mapping.TYPE: _SECOND_MAPPING,
}


def _unknown(pair: Pair, _: _Stack) -> Iterator[Change]:
    """Judge a resource of a type that this command doesn't know."""
    what = pair.either.type
    if not pair.then:
        yield pair.change("other-change", new=what, severity="safe", detail="It is created, beside what there is.")
    elif not pair.now:
        yield pair.change("other-change", old=what)
    else:
        yield from _others(pair, set())


def _provider(pairs: list[Pair]) -> Iterator[Change]:
    """Judge the configuration of the default providers, which a state doesn't tell; the region is judged elsewhere."""
    judged = set()
    for pair in pairs:
        old, new = (each.provider if each else None for each in (pair.then, pair.now))
        if not (old and new) or new.urn in judged:
            continue
        judged.add(new.urn)
        for key in sorted((old.inputs.keys() | new.inputs.keys()) - {"region", "version"}):
            if old.inputs.get(key) != new.inputs.get(key):
                values = {"old": old.inputs.get(key), "new": new.inputs.get(key)}
                change = pair.change("other-change", f"{new.type.rpartition(':')[2]}:{key}", **values)
                yield replace(change, urn=new.urn, table="")


def _pending(then: Version) -> Iterator[Change]:
    """Judge what a state still has to delete, because a deployment was interrupted."""
    for resource in then.plan.pending_deletions:
        if resource.type == table.TYPE:
            name = resource.inputs.get("name", "")
            pair = Pair(then=resource, now=None, old=resource.inputs, new={}, table=name)
            detail = "The state has it as replaced, and the next deployment deletes it."
            yield pair.change("table-deleted", old=name, calls=_whole_calls(pair), detail=detail)


def _identity(pair: Pair) -> str:
    """Return what identifies a resource in AWS."""
    if pair.either.type == event_source_mapping.TYPE:
        # A preview doesn't know the ARN of the stream.
        return f"{pair.table} {(pair.new or pair.old)['functionName']}"
    if pair.either.type not in resources.MODULES:
        return pair.either.urn
    return resources.module(pair.either.type).identity(pair.new or pair.old)


def _whole_calls(pair: Pair) -> tuple[str, ...]:
    """Return the calls that create what is declared now, and that delete what is deployed."""
    created = (updates.creation(pair.either.type, pair.new),) if pair.now else ()
    return created + ((str(updates.delete(pair.either.type, pair.old)),) if pair.then else ())


def _calls(pair: Pair, *keys: str) -> tuple[str, ...]:
    """Return the calls that a change of these properties alone takes."""
    new = {key: value for key, value in pair.old.items() if key not in keys}
    new |= {key: pair.new[key] for key in keys if key in pair.new}
    try:
        return tuple(map(str, updates.update(pair.either.type, pair.old, new)))
    except updates.RefusedError as error:
        return (f"none, because the provider refuses the change: {error}",)


def _changed(pair: Pair, code: str, *keys: str, **more: Any) -> Change:  # noqa: ANN401 - what Change takes
    """Return the change of the first of these properties, with the calls that changing all of them takes."""
    values = {"old": pair.old.get(keys[0]), "new": pair.new.get(keys[0]), "calls": _calls(pair, *keys)}
    return pair.change(code, keys[0], **(values | more))


def _table(pair: Pair, stack: _Stack) -> Iterator[Change]:
    old, new, keys = pair.old, pair.new, pair.replaced_by
    is_refused = "Pulumi refuses it, because the table is protected. Turn protect off in a deployment before this one."
    whole: dict[str, Any] = {"calls": _whole_calls(pair), "detail": is_refused if pair.is_refused else ""}
    if not pair.then:
        yield pair.change("table-added", new=new["name"], **whole)
    elif not pair.now:
        yield pair.change("table-deleted", old=old["name"], **whole)
    elif keys:
        values = {name: ", ".join(str(i.get(key)) for key in keys) for name, i in (("old", old), ("new", new))}
        yield pair.change("table-replaced", ", ".join(keys), **values, **whole)
    else:
        yield from _key_types(pair)
        yield from _billing_mode(pair)
        yield from _capacities(pair, stack)
        yield from _lost_capacities(pair)
        yield from _indexes(pair, stack)
        yield from _settings(pair, stack)
        yield from _tags(pair, stack)
        if pair.then.protect != pair.now.protect:
            values = {"old": pair.then.protect, "new": pair.now.protect}
            yield pair.change("protect-on" if pair.now.protect else "protect-off", "protect", **values)
        if old.get("tableClass") != new.get("tableClass"):
            yield _changed(pair, "table-class-changed", "tableClass")
        yield from _others(pair, _JUDGED)


# The properties of a table that the functions below judge.
_JUDGED = {
    *("name", "region", "hashKey", "rangeKey", "localSecondaryIndexes", "attributes", "billingMode", *CAPACITIES),
    *(INDEXES, "streamEnabled", "streamViewType", "ttl", "pointInTimeRecovery", "serverSideEncryption"),
    *("tags", "tagsAll", "deletionProtectionEnabled", "tableClass"),
}


def _key_types(pair: Pair) -> Iterator[Change]:
    old, new = ({each["name"]: each["type"] for each in i.get("attributes", [])} for i in (pair.old, pair.new))
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            yield pair.change("key-type-changed", f"attributes[{name}].type", old=old[name], new=new[name])
    keys = {key["AttributeName"] for i in (pair.old, pair.new) for key in table.keys(i)}
    for name in new.keys() - old.keys() - keys:
        detail = f"The provider takes only the attributes that are keys, and {name} is none."
        yield pair.change("change-refused", f"attributes[{name}]", new=new[name], detail=detail)


def _billing_mode(pair: Pair) -> Iterator[Change]:
    mode = pair.new["billingMode"]
    if mode == pair.old["billingMode"]:
        return
    more: dict[str, Any] = {}
    if mode == "PAY_PER_REQUEST":
        detail = "Its scalable targets and scaling policies are deleted with it."
        more = {"severity": "slow", "recipe": "to-on-demand", "detail": detail}
    else:
        known = capacities(pair.new)
        items = ((name, key) for name in ("", *indexes(pair.new)) for key in CAPACITIES)
        lost = [f"{key} of {name}" if name else key for name, key in items if not known.get((name, key))]
        if lost:
            more = {
                "detail": f"Not applied, because ignoreChanges keeps the old value, which is none: {', '.join(lost)}."
            }
    yield _changed(pair, "billing-mode-switched", "billingMode", *CAPACITIES, INDEXES, **more)


def _capacities(pair: Pair, stack: _Stack) -> Iterator[Change]:
    """Judge each capacity of a table that is provisioned before and after, and of the indexes that stay."""
    if not (pair.then and pair.now and pair.old["billingMode"] == pair.new["billingMode"] == "PROVISIONED"):
        return
    olds, news, declared = map(capacities, (pair.old, pair.new, pair.now.inputs))
    old_order, new_order = (["", *indexes(inputs)] for inputs in (pair.old, pair.new))
    for index, key in news | olds:
        if not (index in old_order and index in new_order):
            continue
        path, at = capacity_path(index, key), new_order.index(index)
        old, new, wanted = (units.get((index, key)) for units in (olds, news, declared))
        values = {"old": old, "new": new, "calls": _calls(pair, *([INDEXES] if index else CAPACITIES))}
        if is_ignored(pair.now.ignore_changes, index, key):
            if at != old_order.index(index):
                whose = f"that of {old_order[at]}" if at < len(old_order) else "the declared one"
                yield pair.change("capacity-set-back", path, **values, detail=f"It gets {whose}.")
            elif wanted not in (None, old):
                yield pair.change("capacity-not-applied", path, old=old, new=wanted)
        elif (
            wanted is not None
            and is_ignored(pair.then.ignore_changes, index, key)
            and _is_scaled(pair.table, index, key, stack)
        ):
            detail = "ignoreChanges no longer names it."
            yield pair.change("capacity-set-back", path, old=old, new=wanted, detail=detail)
        elif old != new and new is not None:
            is_lower = isinstance(old, int) and new < old
            yield pair.change("capacity-lowered" if is_lower else "capacity-raised", path, **values)


def _lost_capacities(pair: Pair) -> Iterator[Change]:
    """Judge the capacities of a provisioned table that ignoreChanges takes away, because the state lacks them."""
    if pair.now and pair.old["billingMode"] == pair.new["billingMode"] == "PROVISIONED":
        declared, known = capacities(pair.now.inputs), {**capacities(pair.old), **capacities(pair.new)}
        for index, key in sorted(declared.keys() - known.keys()):
            if index in ("", *indexes(pair.old)):
                detail = "ignoreChanges keeps what the state has, which is nothing: see to-provisioned."
                yield pair.change("change-refused", capacity_path(index, key), new=declared[index, key], detail=detail)


def _is_scaled(name: str, index: str, key: str, stack: _Stack) -> bool:
    """Tell whether a deployed scalable target moves a capacity."""
    ids = scalable_target.ids(name, index, key.removesuffix("Capacity"))
    targets = [pair.old for pair in stack.pairs if pair.either.type == scalable_target.TYPE]
    return any(ids.items() <= target.items() for target in targets)


def _indexes(pair: Pair, stack: _Stack) -> Iterator[Change]:
    olds, news = indexes(pair.old), indexes(pair.new)
    calls = _calls(pair, INDEXES)

    def change(code: str, name: str, detail: str = "") -> Change:
        values = {key: _described(i[name]) for key, i in (("old", olds), ("new", news)) if name in i}
        own = tuple(call for call in calls if f'"IndexName": "{name}"' in call)
        return pair.change(code, f"{INDEXES}[{name}]", **values, calls=own, detail=detail)

    dropped, added = [name for name in olds if name not in news], [name for name in news if name not in olds]
    rebuilt = [name for name in news if name in olds and not updates.same_index(olds[name], news[name])]
    for name in dropped + rebuilt:
        code = "index-rebuilt" if name in news else "index-dropped" if news else "index-removal-not-applied"
        used = ", ".join(stack.queries.get((pair.either.name, name), []))
        yield change(code, name, f"Used by: {used}." if used else "No declared query uses it.")
    for name in added:
        yield change("index-added", name)
    old_spelling, new_spelling = (_spelled_as_schemas(each) for each in (pair.then, pair.now))
    for name in sorted((new_spelling - old_spelling) & olds.keys() & news.keys() - {*rebuilt}):
        yield pair.change("other-change", f"{INDEXES}[{name}].keySchemas", detail=_NEW_SPELLING)
    if added and len(dropped + rebuilt + added) > 1:
        names = ", ".join([*dropped, *rebuilt, *added])
        yield pair.change("index-added-with-others", INDEXES, new=names, calls=calls)


_NEW_SPELLING = (
    "The key is the same, spelled as key_schemas. For an index that exists, the provider may build it again "
    "(terraform-provider-aws #46512, #46513)."
)


def _spelled_as_schemas(resource: Registration | None) -> set[str]:
    """Return the names of the indexes whose keys are registered as keySchemas."""
    items = resource.inputs.get(INDEXES) or [] if resource else []
    return {item["name"] for item in items if item.get("keySchemas")}


def _described(index: Inputs) -> str:
    """Return an index's keys and projection in a line."""
    keys = ", ".join(key["AttributeName"] for key in table.index(index)["KeySchema"])
    names = index.get("nonKeyAttributes")
    return f"{keys}: {index.get('projectionType')}" + (f" {', '.join(sorted(names))}" if names else "")


def _stream(inputs: Inputs) -> str | None:
    """Return the view type of a table's stream, None if it has none."""
    return inputs.get("streamViewType") if inputs.get("streamEnabled") else None


def _enabled(path: str, key: str, default: object = None) -> Callable[[Inputs], Any]:
    """Return a function that reads `key` of the object at `path` if that is enabled, and otherwise gives None."""
    return lambda inputs: inputs[path].get(key, default) if inputs.get(path, {}).get("enabled") else None


# How each setting is read, which gives its value while it is on; the prefix of its codes; the code of another value.
_SETTINGS: dict[str, tuple[Callable[[Inputs], Any], str, str]] = {
    "streamViewType": (_stream, "stream", "stream-restarted"),
    "ttl": (_enabled("ttl", "attributeName"), "ttl", "ttl-attribute-changed"),
    "pointInTimeRecovery": (_enabled("pointInTimeRecovery", "recoveryPeriodInDays", 35), "recovery", ""),
    "serverSideEncryption": (
        _enabled("serverSideEncryption", "kmsKeyArn", "alias/aws/dynamodb"),
        "encryption",
        "encryption-key-changed",
    ),
    "deletionProtectionEnabled": (lambda i: bool(i.get("deletionProtectionEnabled")), "deletion-protection", ""),
}


def _settings(pair: Pair, stack: _Stack) -> Iterator[Change]:
    for path, (read, prefix, changed) in _SETTINGS.items():
        old, new = read(pair.old), read(pair.new)
        if old == new:
            continue
        code = f"{prefix}-{'on' if new else 'off'}"
        if old and new:
            code = changed or ("recovery-lengthened" if new > old else "recovery-shortened")
        calls = _calls(pair, path, *(["streamEnabled"] if path == "streamViewType" else []))
        more: dict[str, Any] = {}
        if not calls:
            more = {"detail": "It is not applied: the provider keeps what is not declared."}
            if code == "ttl-off":
                # Items are still deleted, though the program says otherwise.
                more["severity"] = "dangerous"
            elif code == "encryption-key-changed" and stack.is_state:
                # An import may name the AWS managed key, which the program doesn't.
                more["severity"] = "safe"
        yield pair.change(code, path, old=old, new=new, calls=calls, **more)


def _tags(pair: Pair, stack: _Stack) -> Iterator[Change]:
    old, new = pair.old.get("tags", {}), pair.new.get("tags", {})
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name) and not name.startswith("aws:"):
            # A state also has the tags that the program never declared.
            code = "tags-of-others-deleted" if stack.is_state and name not in new else "tags-changed"
            values = {"old": old.get(name), "new": new.get(name), "calls": _calls(pair, "tags")}
            yield pair.change(code, f"tags.{name}", **values)


def _others(pair: Pair, judged: set[str]) -> Iterator[Change]:
    """Yield the changes of other properties than those judged. What the provider computes itself may be left out."""
    outputs = resources.module(pair.either.type).OUTPUTS if pair.either.type in resources.MODULES else {}
    for key in sorted((pair.old.keys() | pair.new.keys()) - judged):
        is_computed = key not in pair.new and outputs.get(key) == UNKNOWN
        if pair.old.get(key) != pair.new.get(key) and not is_computed:
            yield pair.change("other-change", key, old=pair.old.get(key), new=pair.new.get(key))


def _autoscaling(pair: Pair, stack: _Stack) -> Iterator[Change]:
    """Judge a scalable target or a scaling policy."""
    table_pair = stack.table_of(pair)
    old, new = (table_pair.old, table_pair.new) if table_pair else ({}, {})
    inputs, mode, configuration = pair.new or pair.old, new.get("billingMode"), scaling_policy.CONFIGURATION
    what = f"{inputs['resourceId']} {inputs['scalableDimension'].rpartition(':')[2]}"
    if not pair.then:
        yield pair.change("autoscaling-added", new=what, calls=_whole_calls(pair))
    elif not pair.now:
        # What it scales is removed as well: the table, the index, or the billing by capacity.
        _, _, index = pair.old["resourceId"].partition("/index/")
        is_over = mode in (None, "PAY_PER_REQUEST") or (index and index not in indexes(new))
        severity = "safe" if is_over else "dangerous"
        yield pair.change("autoscaling-removed", old=what, severity=severity, calls=_whole_calls(pair))
    elif mode == "PAY_PER_REQUEST" and old.get("billingMode") == "PROVISIONED":
        yield pair.change("autoscaling-removed", old=what, detail="It is left on a table that is on demand.")
    else:
        if keys := pair.replaced_by:
            # The autoscaling of a table that is replaced is replaced with it.
            is_expected = keys[0] == "resourceId" and table_pair and table_pair.replaced_by
            more = {"severity": "safe" if is_expected else "dangerous", "calls": _whole_calls(pair)}
            more |= {"detail": _SECOND_POLICY} if keys[0] == "name" else {}
            yield _changed(pair, "autoscaling-removed", keys[0], **more)
        elif pair.either.type == scalable_target.TYPE:
            yield from _bounds(pair)
        elif pair.old.get(configuration) != pair.new.get(configuration):
            yield _changed(pair, "autoscaling-policy-changed", configuration)
        yield from _others(pair, {"minCapacity", "maxCapacity", "region", configuration, *scaling_policy.CREATES})


_SECOND_POLICY = (
    "Pulumi creates the new policy first, and AWS takes one for each metric, so it refuses it and the deployment fails."
)


def _bounds(pair: Pair) -> Iterator[Change]:
    for key in ("minCapacity", "maxCapacity"):
        old, new = pair.old.get(key), pair.new.get(key)
        if old != new:
            is_lower = key == "maxCapacity" and isinstance(old, int) and isinstance(new, int) and new < old
            severity = "dangerous" if is_lower else "safe"
            yield _changed(pair, "autoscaling-bounds-changed", key, severity=severity)


def _trigger(pair: Pair, stack: _Stack) -> Iterator[Change]:
    if not pair.then:
        yield pair.change("trigger-added", new=pair.new["functionName"], calls=_whole_calls(pair))
        return
    if not pair.now:
        yield pair.change("trigger-removed", old=pair.old["functionName"], calls=_whole_calls(pair))
        return
    stream, position = "eventSourceArn", "startingPosition"
    sources = pair.now.property_dependencies.get(stream, [])
    if pair.old.get(position) != pair.new.get(position):
        more = {"calls": _whole_calls(pair), "detail": _SECOND_MAPPING, "recipe": "undo"}
        yield _changed(pair, "trigger-replaced", position, **more)
    elif any(other.either.urn in sources and _stream_is_new(other) for other in stack.pairs if other.is_table):
        yield pair.change("trigger-replaced", stream, calls=_whole_calls(pair))
    old, new = (inputs.get("enabled", True) for inputs in (pair.old, pair.new))
    if old != new:
        yield _changed(pair, "trigger-added" if new else "trigger-removed", "enabled")
    for key in sorted((pair.old.keys() | pair.new.keys()) - {stream, position, "enabled", "region"}):
        if pair.old.get(key) == pair.new.get(key):
            continue
        if key == "filterCriteria":
            yield _changed(pair, "trigger-filter-changed", key)
        elif key in pair.new or any(f"{path}.".startswith(f"{key}.") for path in event_source_mapping.CREATES):
            severity = "safe" if _keeps_records(key, pair.old.get(key), pair.new.get(key)) else "dangerous"
            yield _changed(pair, "trigger-changed", key, severity=severity)


def _keeps_records(key: str, old: Any, new: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether a trigger drops no record that it kept before: -1 retries, or an age of -1, have no bound."""
    if key in {"maximumRetryAttempts", "maximumRecordAgeInSeconds"}:
        bounds = [float("inf") if value in (None, -1) else value for value in (old, new)]
        return bounds[1] >= bounds[0]
    if key in {"destinationConfig", "functionResponseTypes"}:
        return not old
    return key in {"functionName", "batchSize", "maximumBatchingWindowInSeconds", "parallelizationFactor"}


def _alarm(pair: Pair, stack: _Stack) -> Iterator[Change]:
    if not pair.then:
        yield pair.change("alarm-added", new=pair.new["name"], calls=_whole_calls(pair))
    elif not pair.now:
        severity = "dangerous" if _is_still_there(pair, stack) else "safe"
        yield pair.change("alarm-removed", old=pair.old["name"], severity=severity, calls=_whole_calls(pair))
    elif pair.replaced_by:
        yield _changed(pair, "alarm-changed", pair.replaced_by[0], calls=_whole_calls(pair))
    else:
        for key in sorted((pair.old.keys() | pair.new.keys()) - {"evaluateLowSampleCountPercentiles"}):
            old, new = pair.old.get(key), pair.new.get(key)
            if old != new:
                is_muted = key == "actionsEnabled" and not new
                is_muted = is_muted or (key.endswith("Actions") and not set(old or []) <= set(new or []))
                is_lost = is_muted or key in {"namespace", "metricName", "dimensions", "metricQueries"}
                yield _changed(pair, "alarm-changed", key, severity="dangerous" if is_lost else "safe")


def _is_still_there(pair: Pair, stack: _Stack) -> bool:
    """Tell whether what an alarm watches is deployed from now on: the account, a table, its index or its trigger."""
    table_pair, dimensions = stack.table_of(pair), pair.old.get("dimensions", {})
    if not table_pair or not table_pair.now:
        return not pair.table
    if pair.old.get("metricName", "").startswith("Consumed") and table_pair.new["billingMode"] == "PAY_PER_REQUEST":
        return False
    if index := dimensions.get("GlobalSecondaryIndexName"):
        return index in indexes(table_pair.new)
    of_trigger = pair.old.get("namespace") not in {None, "AWS/DynamoDB"}
    triggers = [other for other in stack.pairs if other.either.type == event_source_mapping.TYPE]
    return not of_trigger or any(other.now and other.table == pair.table for other in triggers)


def _stream_is_new(pair: Pair) -> bool:
    """Tell whether the stream of a table gets another ARN."""
    is_other = _stream(pair.new) is not None and _stream(pair.old) != _stream(pair.new)
    return not pair.then or bool(pair.replaced_by) or is_other


_JUDGES: dict[str, Callable[[Pair, _Stack], Iterator[Change]]] = {
    table.TYPE: _table,
    scalable_target.TYPE: _autoscaling,
    scaling_policy.TYPE: _autoscaling,
    event_source_mapping.TYPE: _trigger,
    metric_alarm.TYPE: _alarm,
}


def _queries(then: Version, now: Version, pairs: list[Pair]) -> Iterator[Change]:
    """Judge the queries: those that use another key than before, and those whose index this change adds."""
    olds = {definition.logical_name: definition for definition in then.definitions.tables}
    tables = {pair.either.name: pair for pair in pairs if pair.is_table and pair.now}
    for definition in now.definitions.tables:
        old = olds.get(definition.logical_name)
        if not (pair := tables.get(definition.logical_name)):
            continue
        old_patterns = {pattern.question: pattern for pattern in old.access_patterns} if old else {}
        for pattern in definition.access_patterns:
            index, needs, before = index_name(definition, pattern), _needs(definition, pattern), None
            if old and (old_pattern := old_patterns.get(pattern.question)):
                before, old_index = _needs(old, old_pattern), index_name(old, old_pattern)
                is_declared = index is None or any(declared.name == index for declared in definition.indexes)
                if is_declared and before != needs:
                    code = "question-moved" if _is_kept(old_index, pair) else "reader-broken"
                    yield pair.change(code, pattern.question, old=before, new=needs)
            if index and pair.then and index in indexes(pair.new) and index not in indexes(pair.old):
                yield pair.change("question-not-yet-answerable", pattern.question, old=before, new=needs)


def _is_kept(index: str | None, pair: Pair) -> bool:
    """Tell whether a table, or its index, still answers what it answered before."""
    olds, news = indexes(pair.old), indexes(pair.new)
    is_same = index not in olds or (index in news and updates.same_index(olds[index], news[index]))
    return is_same and not pair.replaced_by


def _needs(definition: "Table", pattern: "AccessPattern") -> str:
    """Return what a query uses: the operation, the index, and the attributes of its condition."""
    index = index_name(definition, pattern)
    attributes = ", ".join(filter(None, [*pattern.key, pattern.between, pattern.filter_by]))
    return f"{pattern.operation}{f' on {index}' if index else ''}: {attributes}"
