"""What Pulumi's bridge and Terraform's SDK make of a resource's inputs and state, by the properties of its type.

Lists of things with a name or an id are compared by that, all others as sets.
"""

import re
from collections.abc import Iterator
from typing import Any

from tests.engine.plugin import schema
from tests.engine.plugin.schema import Property, Type

Properties = dict[str, Any]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
DEFAULTS = "__defaults"


def with_defaults(properties: schema.Properties, news: Properties, olds: Properties) -> Properties:
    """Return the inputs with defaults, the old ones where there are, and in each object the names of those."""
    result, defaults = {}, []
    for key, value in news.items():
        fields = properties[key].fields
        if fields and isinstance(value, list):
            result[key] = [with_defaults(fields, item, {}) if isinstance(item, dict) else item for item in value]
        elif fields and isinstance(value, dict):
            result[key] = with_defaults(fields, value, olds.get(key, {}))
        else:
            result[key] = value
    for key, property_ in properties.items():
        if key not in news and property_.default is not None:
            result[key] = olds[key] if key in olds.get(DEFAULTS, []) else property_.default
            defaults.append(key)
    return result | {DEFAULTS: defaults}


def refusals(properties: schema.Properties, inputs: Properties, path: str = "") -> Iterator[str]:
    """Yield what is wrong with inputs: a property that there isn't, a value that isn't valid."""
    for key, value in inputs.items():
        if key not in properties or not properties[key].is_made:
            yield f"{path}{key}: the stand-in for the AWS plugin can't make it"
        elif value != UNKNOWN and properties[key].fields:
            for item in value if isinstance(value, list) else [value]:
                yield from refusals(properties[key].fields, item, f"{path}{key}.")
        elif value not in (UNKNOWN, None, "") and not re.fullmatch(properties[key].valid, f"{value}"):
            yield f"{path}{key}: {value!r} is not valid"


def changed(type_: Type, state: Properties, news: Properties) -> set[str]:
    """Return the names of the inputs that differ from the state, and of the outputs that will."""
    found = {
        key
        for key, property_ in type_.properties.items()
        if property_.is_input and _differs(property_, state.get(key), news.get(key))
    }
    found |= {output for key, output in type_.renews.items() if key in found}
    if any(type_.properties[key].replaces for key in found):
        return found
    return {key for key in found if type_.follows.get(key, key) in found}


def _differs(property_: Property, old: Any, new: Any) -> bool:
    if _is_unset(new):
        return not property_.computed and not _is_zero(old)
    if isinstance(new, list):
        olds, news = _by_name(old), _by_name(new)
        each = Property(fields=property_.fields)
        return olds.keys() != news.keys() or any(_differs(each, olds[name], news[name]) for name in news)
    if property_.fields and isinstance(old, dict) and isinstance(new, dict):
        fields = {key: field for key, field in property_.fields.items() if field.instead not in new}
        return any(_differs(field, old.get(key), new.get(key)) for key, field in fields.items())
    same = re.search(property_.alias, old) if property_.alias and isinstance(old, str) else None
    return old != new and not (_is_zero(old) and _is_zero(new)) and not (same and same[1] == new)


def planned(properties: schema.Properties, state: Properties | None, news: Properties) -> Properties:
    """Return what a preview knows of outputs: of a new object, nothing that is computed and not set."""
    result: Properties = {}
    for key, property_ in properties.items():
        old, new = (state or {}).get(key), news.get(key)
        if _is_unset(new) and property_.computed:
            result[key] = UNKNOWN if state is None else old
        elif _is_unset(new) or (property_.hidden and state is None and new == property_.default):
            result[key] = property_.unset
        elif property_.fields and isinstance(new, dict):
            result[key] = planned(property_.fields, old, new)
        elif property_.fields and isinstance(new, list):
            is_new = old is None or _differs(property_, old, new)
            result[key] = [planned(property_.fields, None, item) for item in new] if is_new else old
        else:
            result[key] = new
    return result


def whole(properties: schema.Properties, live: Properties) -> Properties:
    """Return what is live as a state has it: with all properties, set or not."""
    result = {key: live.get(key, property_.unset) for key, property_ in properties.items()}
    for key, property_ in properties.items():
        if property_.fields and isinstance(result[key], list):
            result[key] = [whole(property_.fields, item) for item in result[key]]
        elif property_.fields and result[key]:
            result[key] = whole(property_.fields, result[key])
    return result


def refreshed(inputs: Any, state: Any) -> Any:
    """Return the inputs after a refresh: those that there were, in their order, with the values of the state."""
    if isinstance(inputs, dict) and isinstance(state, dict):
        found = {key: refreshed(value, state[key]) for key, value in inputs.items() if key in state}
        kept = [key for key in inputs.get(DEFAULTS, []) if found.get(key) == inputs[key]]
        return found | ({DEFAULTS: kept} if DEFAULTS in inputs else {})
    if isinstance(inputs, list) and isinstance(state, list):
        olds, news = _by_name(inputs), _by_name(state)
        return [refreshed(item, news[name]) for name, item in olds.items() if name in news]
    return state


def imported(properties: schema.Properties, state: Properties) -> Properties:
    """Return the inputs after an import: all of the state that can be set, without defaults and what is off."""
    result: Properties = {DEFAULTS: []}
    for key, property_ in properties.items():
        value = state.get(key)
        if property_.fields and isinstance(value, list):
            value = [imported(property_.fields, item) for item in value]
        elif property_.fields and isinstance(value, dict):
            value = imported(property_.fields, value)
        is_told = property_.required or not (_is_zero(without_defaults(value)) or value == property_.default)
        if property_.is_input and value is not None and is_told:
            result[key] = value
    return result


def without_defaults(value: Any) -> Any:
    """Return inputs without the names of defaults."""
    if isinstance(value, dict):
        return {key: without_defaults(item) for key, item in value.items() if key != DEFAULTS}
    return [without_defaults(item) for item in value] if isinstance(value, list) else value


def known(value: Any) -> Any:
    """Return planned outputs without what isn't set, or only AWS knows."""
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items() if item not in (None, UNKNOWN)}
    return [known(item) for item in value] if isinstance(value, list) else value


def _is_unset(value: object) -> bool:
    return value is None or value in ("", [], {})


def _is_zero(value: object) -> bool:
    """Tell what the state has where nothing is set."""
    return all(map(_is_zero, value.values())) if isinstance(value, dict) else not value


def _by_name(items: list[Any] | None) -> dict[str, Any]:
    def name(item: Any) -> str:
        named = [item[key] for key in ("name", "id") if key in item] if isinstance(item, dict) else []
        return named[0] if named else str(without_defaults(item))

    return {name(item): item for item in items or []}
