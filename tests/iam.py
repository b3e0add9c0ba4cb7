"""Evaluates IAM policies, as far as the tests need it; written to IAM's user guide, not to the documents of this project.

Sources: "Policy evaluation logic", and of "IAM JSON policy elements" Action, Resource, Condition operators and "Single-
valued vs. multivalued context keys". What isn't supported raises an error.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Context = Mapping[str, str | Sequence[str]]


def allows(document: Mapping[str, Any], action: str, resource: str, context: Context | None = None) -> bool:
    """Tell whether an identity with only this policy may do an action on a resource: an explicit Deny wins."""
    statements = _list(document["Statement"])
    effects = [s["Effect"] for s in statements if _concerns(s, action, resource, context or {})]
    return "Allow" in effects and "Deny" not in effects


def _concerns(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    known = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    assert statement.keys() <= known, f"not supported: {statement.keys() - known}"
    return (
        _element(statement, "Action", action.lower(), lower=True)
        and _element(statement, "Resource", resource)
        and all(
            _test(operator, wanted, {name.lower(): value for name, value in context.items()}.get(key.lower()))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _element(statement: Mapping[str, Any], name: str, value: str, *, lower: bool = False) -> bool:
    negated = f"Not{name}" in statement
    patterns = _list(statement[f"Not{name}" if negated else name])
    return negated != any(_matches(pattern.lower() if lower else pattern, value) for pattern in patterns)


def _matches(pattern: str, value: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def _test(operator: str, wanted: str | Sequence[str], value: str | Sequence[str] | None) -> bool:
    """Return whether a condition is met. `value` is None if the request doesn't have the key."""
    if operator == "Null":
        return (value is None) == (str(wanted).lower() == "true")
    set_operator, _, operator = operator.rpartition(":")
    if operator.endswith("IfExists"):
        if value is None:
            return True
        operator = operator.removesuffix("IfExists")
    compare = {"StringEquals": lambda one, other: one == other, "StringLike": _matches}[operator]
    fits = [any(compare(each, one) for each in _list(wanted)) for one in ([] if value is None else _list(value))]
    # Without the key, ForAllValues is met.
    return {"": fits == [True], "ForAllValues": all(fits), "ForAnyValue": any(fits)}[set_operator]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
