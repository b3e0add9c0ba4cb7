"""Reads a resource's properties: absent, unknown until deployment, of any wrong type; never raises.

Properties come as `pulumi_policy.proxy` mappings and sequences, in camelCase; an unknown one raises when touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from pulumi_policy import proxy

SENTINELS: Final = frozenset(
    value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_") and name.endswith("_VALUE")
)


class Odd(Enum):
    """What may stand where a value is expected."""

    UNKNOWN = "not known until deployment"
    MALFORMED = "of the wrong type"


def get(item: object, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value at a dotted path: a scalar, a mapping or a sequence; None where it is absent.

    What the provider fills in for an absent value ("", 0, [], {}) is absent too. Odd.UNKNOWN where the value, or one on
    the way to it, is not known; Odd.MALFORMED where one on the way is neither absent nor a mapping.
    """
    for key in path.split("."):
        if item is None or isinstance(item, Odd):
            return item
        if not isinstance(item, Mapping):
            return Odd.MALFORMED
        try:
            item = item.get(key)
        except proxy.UnknownValueError:
            return Odd.UNKNOWN
        if is_absent(item):
            item = None
    return item


def is_absent(value: object) -> bool:
    """Tell what the provider fills in for an absent value; false is none, it states something."""
    if isinstance(value, Mapping | Sequence):
        return not value
    return value is None or (value == 0 and value is not False)


def entries(item: object, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of every element of the list at `path`; none where it is absent.

    An element may be Odd.UNKNOWN. Of a list that is unknown, or is none, yield its own path and Odd: one such element.
    """
    found = get(item, path)
    if isinstance(found, Odd):
        yield path, found
    elif found is not None and (not isinstance(found, Sequence) or isinstance(found, str)):
        yield path, Odd.MALFORMED
    else:
        for position in range(len(found or [])):
            yield f"{path}[{position}]", _element(found, position)


def whole(value: object) -> int | None:
    """Return a number from the wire, where all are double, as int; None if it isn't a whole number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    return None


def show(value: object) -> str:
    """Put a value into words, for a message."""
    if isinstance(value, Odd):
        return value.value
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, int | float):
        return repr(value if whole(value) is None else whole(value))
    return "a list" if isinstance(value, Sequence) else "an object"


def _element(found: Sequence[Any], position: int) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return found[position]
    except proxy.UnknownValueError:
        return Odd.UNKNOWN
