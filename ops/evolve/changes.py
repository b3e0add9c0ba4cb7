"""Defines a change, and pairs the resources of two versions."""

import copy
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ops.aws import provider, resources
from ops.aws.resources import event_source_mapping, metric_alarm, scalable_target, scaling_policy, table
from ops.engine.plan import Plan, Registration
from ops.engine.wire import SECRET, redact, secret_above
from ops.evolve.codes import CODES, RECIPES, Severity

INDEXES = "globalSecondaryIndexes"
CAPACITIES = ("readCapacity", "writeCapacity")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of a resource.

    `code` is one of CODES. `table` is a physical name. `path` is a property, or "" for the whole resource. `calls` are
    the calls to AWS that the change takes, in order. `detail` says what is special about this change. `recipe` is a key
    of RECIPES, or "" for the first recipe of the code.
    """

    code: str
    urn: str
    table: str
    path: str = ""
    old: Any = None
    new: Any = None
    severity: Severity
    detail: str = ""
    calls: tuple[str, ...] = ()
    recipe: str = ""
    accepted: bool = False

    @property
    def why(self) -> str:
        """The reason why the change matters, and what is special about it."""
        return " ".join(filter(None, [CODES[self.code].why, self.detail]))

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of the recipe. There are none if deploying the change is all there is to do."""
        recipes = [self.recipe] if self.recipe else CODES[self.code].recipes
        return RECIPES[recipes[0]].steps if recipes and self.severity != "safe" else ()


def _hidden(value: Any, shown: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Yield the strings and numbers of a value that `shown`, the same value without secrets, doesn't have."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _hidden(item, shown[key] if isinstance(shown, dict) else shown)
    elif isinstance(value, list) and value != shown:
        for item in value:
            yield from _hidden(item, shown)
    elif value != shown and not isinstance(value, bool):
        yield from {str(value), json.dumps(value).strip('"')} - {"", "null"}


# ForceNew in terraform-provider-aws: if one of these changes, Pulumi replaces the resource.
_REPLACED_BY = {
    table.TYPE: ("name", "hashKey", "rangeKey", "localSecondaryIndexes", "region"),
    scalable_target.TYPE: ("serviceNamespace", "resourceId", "scalableDimension", "region"),
    scaling_policy.TYPE: ("name", "policyType", "serviceNamespace", "resourceId", "scalableDimension", "region"),
    event_source_mapping.TYPE: ("startingPosition", "region"),
    metric_alarm.TYPE: ("name", "region"),
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A resource as it is deployed (`then`) and as the program declares it now (`now`). One of them may be None.

    `old` and `new` are the inputs that the provider compares, with its defaults; what ignoreChanges names has its old
    value in `new`. Without the resource they are empty. `table` is the physical name of its table.
    """

    then: Registration | None
    now: Registration | None
    old: dict[str, Any]
    new: dict[str, Any]
    table: str

    @property
    def either(self) -> Registration:
        """The resource as it is now, or else as it was."""
        resource = self.now or self.then
        if resource is None:
            raise ValueError("a pair of nothing")
        return resource

    @property
    def is_table(self) -> bool:
        """Whether it is a table."""
        return self.either.type == table.TYPE

    @property
    def replaced_by(self) -> list[str]:
        """The changed properties because of which Pulumi replaces the resource."""
        if not (self.then and self.now):
            return []
        asked = {str(_steps(path)[0]) for path in self.now.replace_on_changes}
        all_keys = dict.fromkeys([*_REPLACED_BY.get(self.either.type, ()), *self.old, *self.new])
        keys = all_keys if "*" in asked else [*_REPLACED_BY.get(self.either.type, ()), *sorted(asked)]
        return [key for key in keys if self.old.get(key) != self.new.get(key)]

    @property
    def is_refused(self) -> bool:
        """Whether Pulumi refuses the whole deployment, because it would delete this resource, which is protected."""
        return bool(self.then and self.then.protect and (not self.now or self.replaced_by))

    def hide(self, text: str) -> str:
        """Return text without the secrets of this resource."""
        secrets = [_hidden(version.inputs, version.shown) for version in (self.then, self.now) if version]
        for secret in sorted(itertools.chain(*secrets), key=len, reverse=True):
            text = text.replace(secret, SECRET)
        return text

    def change(self, code: str, property_: str = "", **more: Any) -> Change:  # noqa: ANN401 - what Change takes
        """Return a change of this resource. The values of a secret property are hidden."""
        severity = more.pop("severity", CODES[code].severity)
        secrets = [path for resource in (self.then, self.now) if resource for path in resource.secrets]
        path = re.sub(r"\[.*?\]", "", property_)
        for name in more.keys() & {"old", "new"}:
            more[name] = redact(more[name], secrets, path) if secret_above(path, secrets) is None else SECRET
        more["calls"] = tuple(map(self.hide, more.get("calls", ())))
        more["detail"] = self.hide(more.get("detail", ""))
        return Change(code=code, urn=self.either.urn, table=self.table, path=property_, severity=severity, **more)


def pairs(then: Plan, now: Plan, region: str) -> list[Pair]:
    """Pair the custom resources of two plans by URN or alias: in the order of `now`, then those only in `then`."""
    olds = {resource.urn: resource for resource in then.resources if resource.custom}
    news = {resource.urn: resource for resource in now.resources}
    result: list[Pair] = []
    for resource in (resource for resource in now.resources if resource.custom):
        urn = next((urn for urn in _urns(resource, news) if urn in olds), None)
        result.append(_pair(olds.pop(urn) if urn else None, resource, region, result))
    for resource in olds.values():
        result.append(_pair(resource, None, region, result))
    return result


def renamed(plan: Plan, names: dict[str, str]) -> Plan:
    """Return a plan whose tables have other physical names, as `names` maps them, with their autoscaling."""

    def inputs(resource: Registration) -> dict[str, Any]:
        if resource.type not in _REPLACED_BY:
            return resource.inputs
        name = resources.module(resource.type).table_name(resource.inputs)
        if name not in names:
            return resource.inputs
        if resource.type == table.TYPE:
            return resource.inputs | {"name": names[name]}
        if "resourceId" in resource.inputs:
            first, _, *rest = resource.inputs["resourceId"].split("/")
            return resource.inputs | {"resourceId": "/".join([first, names[name], *rest])}
        return resource.inputs

    return replace(plan, resources=[replace(resource, inputs=inputs(resource)) for resource in plan.resources])


def _urns(resource: Registration, news: dict[str, Registration]) -> Iterator[str]:
    """Yield the URN of a resource, its aliases, and those that Pulumi's engine derives from its parent's aliases.

    If the name of the resource begins with its parent's name, the derived alias has the parent's old name there.
    """
    own = (resource.urn, *resource.aliases)
    yield from own
    if parent := news.get(resource.parent):
        for above in [*_urns(parent, news)][1:]:
            *where, types, parent_name = above.split("::", 3)
            for urn in own:
                *_, own_types, name = urn.split("::", 3)
                is_named_after = name.startswith(parent.name)
                new_name = parent_name + name.removeprefix(parent.name) if is_named_after else name
                yield "::".join([*where, f"{types}${own_types.rpartition('$')[2]}", new_name])


def _pair(then: Registration | None, now: Registration | None, region: str, others: list[Pair]) -> Pair:
    old = _filled(then, region) if then else {}
    new = {}
    if now:
        # The provider keeps the name that it once generated.
        is_named = "name" in old and now.type in resources.MODULES and "name" in resources.module(now.type).CREATES
        made_up = {"name": old["name"]} if is_named else {}
        new = _filled(replace(now, inputs=made_up | now.inputs), region)
        new = ignore_changes(new, old, now.ignore_changes) if then else new
    return Pair(then=then, now=now, old=old, new=new, table=_table_name(then or now, old or new, others))


def _table_name(resource: Registration | None, inputs: dict[str, Any], others: list[Pair]) -> str:
    """Return the name of a resource's table; if its ARN is not known, of the table that the ARN depends on."""
    if not resource or resource.type not in resources.MODULES:
        return ""
    sources = [urn for urns in resource.property_dependencies.values() for urn in urns]
    from_table = (other.table for other in others if other.is_table and other.either.urn in sources)
    return resources.module(resource.type).table_name(inputs) or next(from_table, "")


def _filled(resource: Registration, region: str) -> dict[str, Any]:
    """Return the inputs with the provider's defaults, without empty values, and with index keys spelled in one way."""
    if resource.type not in resources.MODULES:
        return resource.inputs
    filled = {"region": region, **provider.filled(resource)}
    filled.pop("tagsAll", None)
    return {key: value for key, value in _plain(filled).items() if value != {}}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with keySchemas as hashKey and rangeKey, and without empty values in objects."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = {"HASH": "hashKey", "RANGE": "rangeKey"}
    listed = value.get("keySchemas") or []
    schema = {keys[key["keyType"]]: key["attributeName"] for key in listed}
    # An index may have several keys of one kind, which only keySchemas tells.
    is_plain = len(schema) == len(listed)
    schema = schema if is_plain else {}
    inner = {key: _plain(item) for key, item in value.items() if key != "keySchemas" or not is_plain}
    return {key: item for key, item in (inner | schema).items() if item not in (None, "", [])}


def ignore_changes(new: dict[str, Any], old: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return `new`, in which what each path names has its value in `old`.

    As in Pulumi's engine (pulumi/pulumi, PropertyPath.Reset), `[*]` goes by position, and a position that only one of
    them has stays as it is.
    """
    result = copy.deepcopy(new)
    for path in paths:
        _reset(old, result, _steps(path))
    return result


# A step of a property path: ["quoted key"], [position], or key.
_STEP = re.compile(r'\["([^"]*)"\]|\[(\*|[0-9]+)\]|([^.\[\]]+)')


def _steps(path: str) -> list[str | int]:
    """Return the steps of a property path: keys, positions, and "*" for all."""
    steps = _STEP.findall(path)
    return [int(position) if position.isdigit() else quoted or position or key for quoted, position, key in steps]


def _reset(old: Any, new: Any, path: list[str | int]) -> None:  # noqa: ANN401 - any JSON value
    step, *rest = path
    keys: Iterable[Any] = [step]
    if isinstance(old, list) and isinstance(new, list):
        length = min(len(old), len(new))
        keys = range(length) if step == "*" else [step] if isinstance(step, int) and step < length else []
    elif not isinstance(old, dict) or not isinstance(new, dict):
        return
    elif step == "*":
        keys = old.keys() | new.keys()
    for key in keys:
        is_both = isinstance(new, list) or (key in old and key in new)
        if rest and is_both:
            _reset(old[key], new[key], rest)
        elif not rest and (isinstance(old, list) or key in old):
            new[key] = old[key]
        elif not rest:
            new.pop(key, None)


def indexes(inputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a table's global secondary indexes by name, in order."""
    return {index["name"]: index for index in inputs.get(INDEXES, [])}


def capacities(inputs: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Return the capacity units of a table and of its indexes, by the index's name, "" for the table, and property."""
    items = {"": inputs, **indexes(inputs)}
    return {(name, key): item[key] for name, item in items.items() for key in CAPACITIES if key in item}


def capacity_path(index: str, key: str) -> str:
    """Return the property path of a capacity; of the index "*", what ignoreChanges names for all indexes."""
    return f"{INDEXES}[{index}].{key}" if index else key


def is_ignored(paths: Iterable[str], index: str, key: str) -> bool:
    """Return whether ignoreChanges names a capacity, of the table or of all indexes."""
    return capacity_path(index and "*", key) in paths
