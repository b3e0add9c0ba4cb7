"""An IAM policy must not allow every DynamoDB action, or an action on every table or on every index of a table.

It checks the documents of policies, of the inline policies of roles, users and groups, and of a role's inlinePolicies.
Of a statement with the Effect Allow, `dynamodb:*` and `*` are every action, and so is a NotAction, unless it excludes
`dynamodb:*`. `*` and `table/*` are every table, and so is a NotResource, unless it excludes DynamoDB in every region
and account. `index/*`, `table/NAME/*` and `table/NAME*` are every index of a table, because `*` doesn't end at a slash.
Actions that AWS authorizes only for `*`, such as ListTables, may have `*`. Conditions aren't considered, nor are the
policies of AWS that a program attaches. The option exemptTables exempts statements on these tables.
"""

import fnmatch
import json
import re
from collections.abc import Iterator
from typing import Any

from pulumi_policy import EnforcementLevel, Severity

from dynamodb.policy import Findings, Inputs, Options, Unknown, is_exempt, policy
from dynamodb.values import MALFORMED, UNKNOWN, Unreadable, entries, get, join, plain

# Service authorization reference for DynamoDB: actions without a resource type. ListStreams returns only ARNs.
_UNSCOPED = {
    f"dynamodb:{name}"
    for name in (
        *("describeendpoints", "describelimits", "describereservedcapacity", "describereservedcapacityofferings"),
        *("getabacstatus", "listbackups", "listcontributorinsights", "listexports", "listglobaltables", "listimports"),
        *("liststreams", "listtables", "purchasereservedcapacityofferings", "updateabacstatus"),
    )
}
# No action, table or index has a name of ~, so a pattern that matches such a name matches every name that is as long:
# of Scan and DescribeReservedCapacityOfferings, and of the shortest and the longest table and index.
_ACTIONS = [f"dynamodb:{'~' * length}" for length in (4, 33)]
_NAMES = ["~" * length for length in (3, 255)]
# In what a pattern is compared with, ^ is any text without a colon and a slash, and * is any text.
_ARN = "arn:^:dynamodb:^:^:"


def _check(resource: Inputs, options: Options) -> Findings:
    yield from _check_document(get(resource, "policy"), "policy", options)


def _check_role(role: Inputs, options: Options) -> Findings:
    for path, inline in entries(role, "inlinePolicies"):
        yield from _check_document(get(inline, "policy"), join(path, "policy", inline), options)


def _check_document(document: Any, path: str, options: Options) -> Findings:  # noqa: ANN401 - any JSON value
    if isinstance(document, str):
        try:
            document = json.loads(document, object_pairs_hook=_without_duplicates)
        except (ValueError, RecursionError):
            yield f"{path} is not JSON, so the rule can't be checked"
            return
    document = plain(document)
    if isinstance(document, dict):
        document, path = get(document, "Statement") or MALFORMED, f"{path}.Statement"
    for where, statement in _each(document, path, dict):
        if isinstance(statement, dict):
            yield from _check_statement(statement, where, options)
        elif not is_exempt(None, options):
            yield from _unreadable(where, statement)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raises ValueError for two values of one key: readers differ in which they take."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


def _check_statement(statement: dict[str, Any], path: str, options: Options) -> Findings:
    actions, resources = list(_actions(statement, path)), list(_resources(statement, path))
    if get(statement, "Effect") == "Deny":
        return
    # A key in lower case is another key here, and may be none to AWS.
    lacking = [
        (f"{path}.{key}", MALFORMED)
        for key in ("Action", "Resource")
        if get(statement, key) is get(statement, f"Not{key}") is None
    ]
    for where, value in (*lacking, *((*actions, *resources) if actions else ())):
        if isinstance(value, Unreadable) and not is_exempt(None, options):
            yield from _unreadable(where, value)
    names = [action for _, action in actions if isinstance(action, str)]
    for resource in (value for _, value in resources if isinstance(value, str)):
        reach, table = _reach(resource)
        if not reach or is_exempt(table, options):
            continue
        if any(_fits(action, name) for action in _ACTIONS for name in names):
            yield f"{path} allows every DynamoDB action on {resource}; list the actions that are used"
        scoped = [name for name in names if name.lower() not in _UNSCOPED]
        if scoped and reach.startswith("every"):
            yield f"{path} allows {', '.join(scoped)} on {reach} ({resource}); list the ARNs that are used"


def _actions(statement: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the patterns of actions that may match one of DynamoDB, with their paths."""
    yield from _left(statement, "NotAction", _ACTIONS, path)
    for where, action in _each(get(statement, "Action"), f"{path}.Action", str):
        if isinstance(action, Unreadable) or _fits("dynamodb", action.partition(":")[0]):
            yield where, action


def _resources(statement: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the patterns of resources, with their paths."""
    yield from _left(statement, "NotResource", [f"arn:aws:dynamodb:~:~:table/{name}" for name in _NAMES], path)
    yield from _each(get(statement, "Resource"), f"{path}.Resource", str)


def _left(statement: dict[str, Any], key: str, all_of_dynamodb: list[str], path: str) -> Iterator[tuple[str, Any]]:
    """Yield what a NotAction or a NotResource leaves: everything, unless it excludes all of DynamoDB."""
    excluded = list(_each(get(statement, key), f"{path}.{key}", str))
    # The partition is that of the account, such as aws-cn.
    patterns = [re.sub("^arn:aws[a-z-]*:", "arn:aws:", value) for _, value in excluded if isinstance(value, str)]
    if excluded and not any(all(_fits(each, pattern) for each in all_of_dynamodb) for pattern in patterns):
        yield from [each for each in excluded if isinstance(each[1], Unreadable)] or [(path, "*")]


def _reach(resource: str) -> tuple[str, str]:
    """Return which tables or indexes of DynamoDB a pattern of ARNs matches, "" for none, and the name of the table."""
    # A variable stands for some text, in which * is no wildcard.
    pattern = re.sub(r"\$\{[^}]*\}", "$", resource.lower())
    named = re.search(":table/([^/]+)", resource)
    tables = [f"{_ARN}table/{name}{index}" for name in _NAMES for index in ("", *(f"/index/{each}" for each in _NAMES))]
    if any(_meet(pattern, each) for each in tables) or (named and not named[1].strip("*")):
        return "every table", "*"
    if any(_meet(pattern, f"{_ARN}table/^/index/{name}") for name in _NAMES):
        return "every index of a table", named[1] if named else "*"
    return ("a table" if _meet(pattern, f"{_ARN}*") else ""), named[1] if named else "*"


def _meet(pattern: str, other: str) -> bool:
    """Return whether there is a text that matches a pattern of IAM, and `other` with its ^ and *."""
    # The positions in `other` that the text may have come to; one at ^ or * is at what follows, too.
    places = _with_next({0}, other)
    for character in pattern:
        if character == "*":
            places = set(range(min(places, default=len(other) + 1), len(other) + 1))
            continue
        at = {place: other[place] for place in places if place < len(other)}
        stays = {place for place, wanted in at.items() if wanted == "*" or (wanted == "^" and character not in ":/")}
        passes = {place + 1 for place, wanted in at.items() if wanted not in "^*" and character in (wanted, "?")}
        places = _with_next(stays | passes, other)
    return len(other) in places


def _with_next(places: set[int], other: str) -> set[int]:
    return places | {place + 1 for place in places if other[place : place + 1] in {"^", "*"}}


def _each(value: Any, path: str, type_: type) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON value
    """Yield the elements of a list, or the only value, with their paths; MALFORMED for those of another type."""
    if isinstance(value, list):
        for position, element in enumerate(value):
            yield f"{path}[{position}]", element if isinstance(element, (type_, Unreadable)) else MALFORMED
    elif value is not None:
        yield path, value if isinstance(value, (type_, Unreadable)) else MALFORMED


def _unreadable(path: str, value: Unreadable) -> Findings:
    yield Unknown(path) if value is UNKNOWN else f"{path} is {value.value}, so the rule can't be checked"


def _fits(value: str, pattern: str) -> bool:
    """Return whether a pattern of IAM matches. It has no character sets, as those of fnmatch do."""
    return fnmatch.fnmatchcase(value, pattern.lower().replace("[", "[[]"))


POLICY = policy(
    "dynamodb-least-privilege",
    checks={
        "aws:iam/policy:Policy": _check,
        "aws:iam/rolePolicy:RolePolicy": _check,
        "aws:iam/userPolicy:UserPolicy": _check,
        "aws:iam/groupPolicy:GroupPolicy": _check,
        "aws:iam/role:Role": _check_role,
    },
    description="IAM policies should allow only the DynamoDB actions, tables and indexes that are used.",
    severity=Severity.MEDIUM,
    # A document with the ARN of any resource that isn't created yet is unknown, also if it has nothing of DynamoDB.
    enforcement_level=EnforcementLevel.ADVISORY,
    remediation_steps="List the actions, and the ARN of each table and index. An index needs an ARN of its own.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
