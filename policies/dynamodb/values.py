"""Reads a resource's properties, which may be missing, unknown until deployment, or of the wrong type. Never raises."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

from pulumi_policy import proxy


class Unreadable(Enum):
    """What a property may be instead of a value."""

    UNKNOWN = "not known until deployment"
    MALFORMED = "of the wrong type"


_SENTINELS: Final = frozenset(
    value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_") and name.endswith("_VALUE")
)
UNKNOWN: Final = Unreadable.UNKNOWN
MALFORMED: Final = Unreadable.MALFORMED


def plain(value: object, when_unknown: object = UNKNOWN) -> Any:  # noqa: ANN401 - any JSON value
    """Return a `pulumi_policy.proxy` value as dicts, lists and scalars; `when_unknown` stands for unknown values."""
    if isinstance(value, Mapping):
        return {key: plain(element(value, key), when_unknown) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        # By position: a slice or a loop over the proxy would give Pulumi's sentinel of an unknown value.
        return [plain(element(value, position), when_unknown) for position in range(len(value))]
    return when_unknown if value is UNKNOWN else value


def is_sentinel(value: object) -> bool:
    """Tell whether it is one of Pulumi's sentinels of an unknown value, which only a remediation sees."""
    return isinstance(value, str) and value in _SENTINELS


def element(container: Any, key: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return what is in a proxy under a key or at a position, UNKNOWN where that is not known."""
    try:
        return container[key]
    except proxy.UnknownValueError:
        return UNKNOWN


def get(item: object, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value at a dotted path, or None where it is missing.

    What the provider fills in for a missing value ("", 0, [], {}) counts as missing. UNKNOWN where the value, or one on
    the way to it, is not known; MALFORMED where one on the way is not a mapping.
    """
    for key in path.split("."):
        if item is None or isinstance(item, Unreadable):
            return item
        if not isinstance(item, Mapping):
            return MALFORMED
        try:
            item = item.get(key)
        except proxy.UnknownValueError:
            return UNKNOWN
        if is_missing(item):
            item = None
    return item


def is_missing(value: object) -> bool:
    """Tell whether the provider fills this in for a missing value. False is not such a value: it states something."""
    return not value and value is not False


def entries(item: object, path: str) -> list[tuple[str, Any]]:
    """Return the path and the value of each element of the list at `path`; none where it is missing.

    A list that can't be read has one element: its own path, and UNKNOWN or MALFORMED.
    """
    found = get(item, path)
    if isinstance(found, Unreadable):
        return [(path, found)]
    if found is not None and (not isinstance(found, Sequence) or isinstance(found, str)):
        return [(path, MALFORMED)]
    return [(f"{path}[{position}]", element(found, position)) for position in range(len(found or []))]


def join(path: str, key: str, item: object) -> str:
    """Return the path of a property of the item at `path`; that of the item itself where it can't be read."""
    return path if isinstance(item, Unreadable) else f"{path}.{key}".lstrip(".")


def integer(value: object) -> int | None:
    """Return a number as int, None if it isn't a whole number: on the wire all numbers are floats."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    return None


def describe(value: object) -> str:
    """Return a value as it is named in a message."""
    if isinstance(value, Unreadable):
        return value.value
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, int | float):
        return repr(value if integer(value) is None else integer(value))
    return "a list" if isinstance(value, Sequence) else "an object"
