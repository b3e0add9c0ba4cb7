"""What the rules share: options, exemptions, unknown values, and the way from a check to pulumi_policy's callbacks.

A check yields its findings: text is a violation, an Unknown is a value that decides and is not known until deployment.
"""

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulumi_policy import (
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResourceOptions,
    ReportViolation,
    ResourceValidationArgs,
)

from dynamodb.values import SENTINELS, Odd, get, show, whole

TABLE: Final = "aws:dynamodb/table:Table"
TABLE_REPLICA: Final = "aws:dynamodb/tableReplica:TableReplica"
GLOBAL_SECONDARY_INDEX: Final = "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex"
SCALABLE_TARGET: Final = "aws:appautoscaling/target:Target"
SCALING_POLICY: Final = "aws:appautoscaling/policy:Policy"

Schema = dict[str, dict[str, Any]]
Options = dict[str, Any]

EXEMPT_TABLES: Final[Schema] = {
    "exemptTables": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Tables to pass over: physical names, or glob patterns that match the whole name.",
    }
}
_ALLOW_UNKNOWN: Final[Schema] = {
    "allowUnknown": {
        "type": "boolean",
        "default": False,
        "description": "Let a value pass that decides and is not known until deployment.",
    }
}


@dataclass(frozen=True)
class Unknown:
    """A value that decides and is not known until deployment."""

    path: str


Findings = Iterator[str | Unknown]
Check = Callable[[Mapping[str, Any], Options, PolicyResourceOptions], Findings]


def fsbp(control: str | None = None) -> PolicyComplianceFramework:
    """Return AWS Foundational Security Best Practices, with the control's id where there is one."""
    return PolicyComplianceFramework(
        name="AWS Foundational Security Best Practices", version="1.0.0", reference=control, specification=control
    )


def config_schema(schema: Schema) -> PolicyConfigSchema:
    """Return the schema of a policy's options, with the one that every policy has."""
    return PolicyConfigSchema({**schema, **_ALLOW_UNKNOWN})


def options(schema: Schema, given: Mapping[str, Any]) -> Options:
    """Return all options of a policy: as given, or the default where not given or of the wrong type."""
    found = {}
    for name, declared in (schema | _ALLOW_UNKNOWN).items():
        found[name] = given[name] if name in given and _fits(given[name], declared) else declared["default"]
    return found


def _fits(value: Any, declared: dict[str, Any]) -> bool:  # noqa: ANN401 - any JSON value
    if declared["type"] == "array":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if declared["type"] == "integer":
        number = whole(value)
        return number is not None and declared["minimum"] <= number <= declared["maximum"]
    if declared["type"] == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str) and value in declared["enum"]


def is_exempt(name: object, chosen: Options) -> bool:
    """Tell whether `exemptTables` has a table of this name. A name that is not known is not exempt."""
    return matches(name, chosen.get("exemptTables", []))


def matches(name: object, patterns: list[str]) -> bool:
    """Tell whether one of the patterns matches the whole name, upper and lower case told apart."""
    return isinstance(name, str) and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def expect(item: object, key: str, fits: Callable[[Any], bool], wanted: str, path: str = "") -> Findings:
    """Find fault with a property of the item at `path`, unless it fits."""
    value, where = get(item, key), join(path, key, item)
    if value is Odd.UNKNOWN:
        yield Unknown(where)
    elif not fits(value):
        yield f"{where} is {show(value)}, but must be {wanted}"


def join(path: str, key: str, item: object) -> str:
    """Return the path of a property; that of the item itself where the item is unknown or malformed."""
    return path if isinstance(item, Odd) else f"{path}.{key}".lstrip(".")


def report(findings: Findings, chosen: Options, violate: Callable[[str], None]) -> None:
    """Report each finding once; an unknown value too, unless allowed."""
    for finding in dict.fromkeys(findings):
        if isinstance(finding, str):
            violate(finding)
        elif not chosen["allowUnknown"]:
            violate(
                f"{finding.path} is not known until deployment, so nothing shows that the rule holds: "
                "state it as a plain value, not as an output of another resource, or set allowUnknown for this policy"
            )


def validation(
    check: Check, schema: Schema, type_: str = TABLE
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    """Return the callback that checks every resource of the type, unless it is exempt."""

    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        if args.resource_type != type_:
            return
        chosen = options(schema, args.get_config())
        if not is_exempt(get(args.props, "name"), chosen):
            report(check(args.props, chosen, args.opts), chosen, lambda message: report_violation(message, None))

    return validate


def remediation(mend: Callable[[Any, Options], bool], schema: Schema) -> Callable[[ResourceValidationArgs], Any]:
    """Return the callback that lets `mend` change every table that is not exempt, and tell whether it did."""

    def remediate(args: ResourceValidationArgs) -> Any:  # noqa: ANN401 - a proxy
        chosen = options(schema, args.get_config())
        if args.resource_type != TABLE or is_exempt(args.props.get("name"), chosen):
            return None
        return args.props if mend(args.props, chosen) else None

    return remediate


def put(item: Any, path: str, value: object) -> bool:  # noqa: ANN401 - a proxy
    """Set the value at a dotted path, unless it is that, or it or what it is in is unknown; tell whether it was set.

    Nothing guards a remediation from unknown values: it sees Pulumi's sentinels. Changes are made in place, as the
    proxy keeps what was a secret a secret.
    """
    *parents, last = path.split(".")
    for key in parents:
        if is_unknown(item.get(key)):
            return False
        if not isinstance(item.get(key), Mapping):
            item[key] = {}
        item = item[key]
    if is_unknown(item.get(last)) or item.get(last) is value:
        return False
    item[last] = value
    return True


def is_unknown(value: object) -> bool:
    """Tell one of Pulumi's sentinels, as a remediation sees it."""
    return isinstance(value, str) and value in SENTINELS
