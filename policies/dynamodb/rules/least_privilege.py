"""An IAM policy must not allow every DynamoDB action, or an action on every table or on every index of a table.

It checks the documents of policies, of the inline policies of roles, users and groups, and of a role's inlinePolicies.
Of a statement with the Effect Allow, `dynamodb:*` and `*` are every action, and so is a NotAction, unless it excludes
`dynamodb:*`. `*` and `table/*` are every table, and so is a NotResource, unless it excludes DynamoDB. `index/*` and
`table/NAME/*` are every index of a table. Actions that AWS authorizes only for `*`, such as ListTables, may have `*`.
Conditions aren't considered. The option exemptTables exempts statements on these tables.
"""

import fnmatch
import json
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
        *("listbackups", "listexports", "listglobaltables", "listimports", "liststreams", "listtables"),
        "purchasereservedcapacityofferings",
    )
}
# No action, table or index has the name ~, so a pattern that matches it matches every name.
_EVERY_ACTION, _EVERY_TABLE, _EVERY_INDEX = "dynamodb:~", "table/~", "index/~"
_EVERY_ARN = f"arn:aws:dynamodb:eu-west-1:123456789012:{_EVERY_TABLE}"


def _check(resource: Inputs, options: Options) -> Findings:
    yield from _check_document(get(resource, "policy"), "policy", options)


def _check_role(role: Inputs, options: Options) -> Findings:
    for path, inline in entries(role, "inlinePolicies"):
        yield from _check_document(get(inline, "policy"), join(path, "policy", inline), options)


def _check_document(document: Any, path: str, options: Options) -> Findings:  # noqa: ANN401 - any JSON value
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            yield f"{path} is not JSON, so the rule can't be checked"
            return
    document = plain(document)
    if isinstance(document, dict):
        document, path = get(document, "Statement"), f"{path}.Statement"
    for where, statement in _each(document, path, dict):
        if isinstance(statement, dict):
            yield from _check_statement(statement, where, options)
        elif not is_exempt(None, options):
            yield from _unreadable(where, statement)


def _check_statement(statement: dict[str, Any], path: str, options: Options) -> Findings:
    actions, resources = list(_actions(statement, path)), list(_resources(statement, path))
    if get(statement, "Effect") == "Deny" or not actions:
        return
    for where, value in (*actions, *resources):
        if isinstance(value, Unreadable) and not is_exempt(None, options):
            yield from _unreadable(where, value)
    names = [action for _, action in actions if isinstance(action, str)]
    for resource in (value for _, value in resources if isinstance(value, str)):
        reach, table = _reach(resource)
        if not reach or is_exempt(table, options):
            continue
        if any(_fits(_EVERY_ACTION, name) for name in names):
            yield f"{path} allows every DynamoDB action on {resource}; list the actions that are used"
        scoped = [name for name in names if name.lower() not in _UNSCOPED]
        if scoped and reach.startswith("every"):
            yield f"{path} allows {', '.join(scoped)} on {reach} ({resource}); list the ARNs that are used"


def _actions(statement: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the patterns of actions that may match one of DynamoDB, with their paths."""
    yield from _left(statement, "NotAction", _EVERY_ACTION, path)
    for where, action in _each(get(statement, "Action"), f"{path}.Action", str):
        if isinstance(action, Unreadable) or _fits("dynamodb", action.partition(":")[0]):
            yield where, action


def _resources(statement: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the patterns of resources, with their paths."""
    yield from _left(statement, "NotResource", _EVERY_ARN, path)
    yield from _each(get(statement, "Resource"), f"{path}.Resource", str)


def _left(statement: dict[str, Any], key: str, all_of_dynamodb: str, path: str) -> Iterator[tuple[str, Any]]:
    """Yield what a NotAction or a NotResource leaves: everything, unless it excludes all of DynamoDB."""
    excluded = list(_each(get(statement, key), f"{path}.{key}", str))
    if excluded and not any(_fits(all_of_dynamodb, value) for _, value in excluded if isinstance(value, str)):
        yield from [each for each in excluded if isinstance(each[1], Unreadable)] or [(path, "*")]


def _reach(resource: str) -> tuple[str, str]:
    """Return which tables or indexes of DynamoDB a pattern of ARNs matches, "" for none, and the name of the table."""
    *start, rest = resource.split(":", 5)
    if len(start) < 5:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        rest = "*" if _fits(_EVERY_ARN, resource) else ""
    elif not _fits("dynamodb", start[2]):
        rest = ""
    kind, name, sub = [*rest.split("/", 2), "", ""][:3]
    is_table = _fits("table", kind)
    if _fits(_EVERY_TABLE, rest) or _fits(f"{_EVERY_TABLE}/{_EVERY_INDEX}", rest) or (is_table and _fits("~", name)):
        return "every table", "*"
    if is_table and sub and _fits(_EVERY_INDEX, sub):
        return "every index of a table", name
    return ("a table" if rest else ""), name


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
