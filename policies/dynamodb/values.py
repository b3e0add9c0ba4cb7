"""Reads properties of resources. They may be missing, unknown until deployment, or of the wrong type. Never raises."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

from pulumi_policy import proxy


class Unreadable(Enum):
    """Stands for the value of a property that can't be read."""

    UNKNOWN = "not known until deployment"
    MALFORMED = "of the wrong type"


_SENTINELS: Final = frozenset(value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_"))
UNKNOWN: Final = Unreadable.UNKNOWN
MALFORMED: Final = Unreadable.MALFORMED


def plain(value: object, when_unknown: object = UNKNOWN) -> Any:  # noqa: ANN401 - any JSON value
    """Convert a `pulumi_policy.proxy` value to dicts, lists and scalars, with `when_unknown` for unknown values."""
    if isinstance(value, Mapping):
        return {key: plain(element(value, key), when_unknown) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        # By position: a slice of the proxy, or a loop over it, returns Pulumi's sentinels of unknown values.
        return [plain(element(value, position), when_unknown) for position in range(len(value))]
    return when_unknown if value is UNKNOWN else value


def is_sentinel(value: object) -> bool:
    """Return whether a value is one of Pulumi's sentinels of unknown values. Only remediations get those."""
    return isinstance(value, str) and value in _SENTINELS


def element(container: Any, key: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return the item of a proxy at a key or position. Return UNKNOWN if it is not known yet."""
    try:
        return container[key]
    except proxy.UnknownValueError:
        return UNKNOWN


def get(item: object, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value at a dotted path, or None if it is missing.

    What the provider fills in for a missing value ("", 0, [], {}) counts as missing. Return UNKNOWN if the value or one
    of its parents is not known yet, and MALFORMED if a parent is not a mapping.
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
    """Return whether the provider fills in this value where none is set. It doesn't fill in False."""
    return not value and value is not False


def entries(item: object, path: str) -> list[tuple[str, Any]]:
    """Return the path and the value of each element of the list at `path`, or [] if it is missing.

    If the list can't be read, return its own path with UNKNOWN or MALFORMED.
    """
    elements = get(item, path)
    if isinstance(elements, Unreadable):
        return [(path, elements)]
    if elements is not None and (not isinstance(elements, Sequence) or isinstance(elements, str)):
        return [(path, MALFORMED)]
    return [(f"{path}[{position}]", element(elements, position)) for position in range(len(elements or []))]


def join(path: str, key: str, item: object) -> str:
    """Return the path of a property of the item at `path`, or of the item itself if that can't be read."""
    return path if isinstance(item, Unreadable) else f"{path}.{key}".lstrip(".")


def integer(value: object) -> int | None:
    """Return a whole number as int, and None for other values. Pulumi's protocol transports all numbers as floats."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    return None


def describe(value: object) -> str:
    """Return how messages refer to a value."""
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
