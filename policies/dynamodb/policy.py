"""Makes a policy of a rule: its options, its exemptions, and the way from checks to pulumi_policy's callbacks.

A check yields findings: text is a violation; an Unknown is a value that decides and is not known until deployment.
"""

import difflib
import fnmatch
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pulumi_policy import (
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResourceOptions,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from dynamodb.stack import GLOBAL_SECONDARY_INDEX, TABLE, TABLE_REPLICA, Stack, StackResource, table_of_arn
from dynamodb.values import UNKNOWN, describe, element, get, integer, is_sentinel, join

OptionSchema = dict[str, dict[str, Any]]
Options = dict[str, Any]


@dataclass(frozen=True)
class Unknown:
    """A value that decides and is not known until deployment."""

    path: str


class Inputs(dict[str, Any]):
    """The properties of a resource, UNKNOWN for each that is not known; `opts` are its resource options."""

    def __init__(self, urn: str, opts: PolicyResourceOptions, props: Mapping[str, Any]) -> None:
        """Read the properties."""
        super().__init__({key: element(props, key) for key in props})
        self.urn, self.opts = urn, opts


Findings = Iterator[str | Unknown]
# Judges one resource, before it is created or updated.
Check = Callable[[Inputs, Options], Findings]
# Judges the resources of a stack together. Each finding is of one of them, or of None: of the stack itself.
StackFindings = Iterator[tuple[StackResource | None, str | Unknown]]
StackCheck = Callable[[Stack, Options], StackFindings]
# Corrects a table's inputs in place, and tells whether it changed anything.
Remediate = Callable[[Any, Options], bool]

_PATTERNS: Final = {"type": "array", "items": {"type": "string"}, "default": []}
_COMMON: Final[OptionSchema] = {
    "exemptTables": _PATTERNS
    | {
        "description": "Tables that the policy doesn't judge: physical names, or glob patterns of whole names. "
        "For a table that Pulumi names, such as orders-1a2b3c4, use orders-*."
    },
    "allowUnknown": {
        "type": "boolean",
        "default": False,
        "description": "Accept a value that decides but is not known until deployment.",
    },
}


def tables_option(description: str) -> dict[str, Any]:
    """Return the schema of an option that lists tables by name or glob pattern."""
    return _PATTERNS | {"description": f"{description}: physical names, or glob patterns of whole names."}


def fsbp(control: str) -> PolicyComplianceFramework:
    """Return a control of AWS Foundational Security Best Practices."""
    name = "AWS Foundational Security Best Practices"
    return PolicyComplianceFramework(name=name, version="1.0.0", reference=control, specification=control)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """A rule's checks, as the callbacks that pulumi_policy takes."""

    name: str
    schema: OptionSchema
    checks: dict[str, Check]
    check_stack: StackCheck | None
    remediate: Remediate | None
    checked: dict[str, object] = field(default_factory=dict)

    def validate_resource(self, args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        check = self.checks.get(args.resource_type)
        if check and args.resource_type != TABLE_REPLICA:
            options, inputs = self._options(args), Inputs(args.urn, args.opts, args.props)
            name = get(inputs, "tableName" if args.resource_type == GLOBAL_SECONDARY_INDEX else "name")
            if not is_exempt(name, options):
                _report(check(inputs, options), options, report_violation, None)

    def validate_stack(self, args: StackValidationArgs, report_violation: ReportViolation) -> None:
        options, stack = self._options(args), Stack(args.resources)
        found: dict[str | None, list[str | Unknown]] = defaultdict(list)
        check_replica = self.checks.get(TABLE_REPLICA)
        for replica in stack.resources[TABLE_REPLICA]:
            table = stack.table_of(replica)
            name = table.name if table else table_of_arn(get(replica.props, "globalTableArn"))
            if check_replica and not is_exempt(name, options):
                found[replica.urn] += check_replica(Inputs(replica.urn, replica.options, replica.props), options)
        for resource, finding in self.check_stack(stack, options) if self.check_stack else ():
            found[resource.urn if resource else None].append(finding)
        for urn, findings in found.items():
            _report(findings, options, report_violation, urn)

    def remediate_table(self, args: ResourceValidationArgs) -> Any:  # noqa: ANN401 - a proxy
        if not self.remediate or args.resource_type != TABLE:
            return None
        options, name = self._options(args), args.props.get("name")
        is_judged = not is_exempt(None if is_sentinel(name) else name, options)
        return args.props if is_judged and self.remediate(args.props, options) else None

    def _options(self, args: ResourceValidationArgs | StackValidationArgs) -> Options:
        """Return all options, as given or by default. The CLI passes on what the schema doesn't have."""
        given = dict(args.get_config())
        for option, value in given.items():
            if option not in self.schema:
                nearest = difflib.get_close_matches(option, self.schema, n=1, cutoff=0)[0]
                raise ValueError(f"{self.name} has no option {option!r}; the nearest is {nearest!r}")
            # The SDK hands out the same object each time, which may be large.
            if value is not self.checked.get(option):
                for fault in _faults(value, self.schema[option], option):
                    raise ValueError(f"{self.name}: the option {fault}")
                self.checked[option] = value
        return {option: declared["default"] for option, declared in self.schema.items()} | given


class _ResourceAndStackPolicy(ResourceValidationPolicy):
    """Judges each resource by itself before it is changed, and then what only the whole stack shows."""

    def __init__(self, rule: _Rule, **more: Any) -> None:  # noqa: ANN401 - what the base class takes
        super().__init__(**more)
        self._rule = rule

    def validate(self, args: Any, report_violation: ReportViolation) -> None:  # noqa: ANN401 - of a resource or a stack
        if isinstance(args, StackValidationArgs):
            self._rule.validate_stack(args, report_violation)
        else:
            self._rule.validate_resource(args, report_violation)


# The SDK asks the policies that are instances of this class about the stack.
StackValidationPolicy.register(_ResourceAndStackPolicy)


def policy(
    name: str,
    *,
    checks: dict[str, Check] | None = None,
    check_stack: StackCheck | None = None,
    remediate: Remediate | None = None,
    options: OptionSchema | None = None,
    **metadata: Any,  # noqa: ANN401 - what pulumi_policy.Policy takes
) -> Policy:
    """Return a policy of a rule's checks.

    `checks`, by resource type, judge single resources before they are changed; a TableReplica with the whole stack, as
    only that shows which table it is of. `check_stack` judges what is joined. `remediate` is of tables. Every policy
    has the options exemptTables and allowUnknown besides its own. An option that the policy doesn't have, or a value of
    the wrong type, raises ValueError: the engine then stops with its message.
    """
    schema = _COMMON | (options or {})
    rule = _Rule(name=name, schema=schema, checks=checks or {}, check_stack=check_stack, remediate=remediate)
    common: dict[str, Any] = metadata | {"name": name, "config_schema": PolicyConfigSchema(schema)}
    if not checks:
        return StackValidationPolicy(validate=rule.validate_stack, **common)
    common |= {"validate": rule.validate_resource} | ({"remediate": rule.remediate_table} if remediate else {})
    if check_stack or TABLE_REPLICA in checks:
        return _ResourceAndStackPolicy(rule, **common)
    return ResourceValidationPolicy(**common)


def is_exempt(table_name: object, options: Options) -> bool:
    """Tell whether the option exemptTables has a table of this name."""
    return matches(table_name, options["exemptTables"])


def matches(name: object, patterns: list[str]) -> bool:
    """Tell whether a pattern matches the whole name, case-sensitively. `*` matches a name that is not known, too."""
    if isinstance(name, str):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    return "*" in patterns


def expect(item: object, key: str, fits: Callable[[Any], bool], wanted: str, path: str = "") -> Findings:
    """Find fault with a property of the item at `path`, unless it fits."""
    value, where = get(item, key), join(path, key, item)
    if value is UNKNOWN:
        yield Unknown(where)
    elif not fits(value):
        yield f"{where} is {describe(value)}, but must be {wanted}"


def set_property(item: Any, path: str, value: object) -> bool:  # noqa: ANN401 - a proxy
    """Set the value at a dotted path unless it has that value or is unknown; tell whether it was set.

    Nothing guards a remediation from unknown values: it sees Pulumi's sentinels. Changes are made in place, as the
    proxy keeps what was a secret a secret.
    """
    *parents, last = path.split(".")
    for key in parents:
        if is_sentinel(item.get(key)):
            return False
        if not isinstance(item.get(key), Mapping):
            item[key] = {}
        item = item[key]
    if is_sentinel(item.get(last)) or item.get(last) is value:
        return False
    item[last] = value
    return True


def _faults(value: object, declared: dict[str, Any], path: str) -> Iterator[str]:
    """Yield what is wrong with the value of an option, or with a field of an object in it."""
    if declared.get("type") == "object" and isinstance(value, dict):
        fields = declared.get("properties", {})
        for key in declared.get("required", []):
            if key not in value:
                yield f"{path}.{key} is missing, but must be {_wanted(fields[key])}"
        for key, item in value.items():
            if of_field := fields.get(key, declared["additionalProperties"]):
                yield from _faults(item, of_field, f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]")
            else:
                yield f"{path} has {key!r}, but may have only {', '.join(fields)}"
    elif _is_list_of_objects(declared) and isinstance(value, list):
        for position, item in enumerate(value):
            yield from _faults(item, declared["items"], f"{path}[{position}]")
    elif not _is_valid(value, declared):
        yield f"{path} is {value!r}, but must be {_wanted(declared)}"


def _is_list_of_objects(declared: dict[str, Any]) -> bool:
    return declared.get("type") == "array" and declared["items"]["type"] == "object"


def _is_valid(value: object, declared: dict[str, Any]) -> bool:
    if "anyOf" in declared:
        return any(_is_valid(value, one) for one in declared["anyOf"])
    if declared["type"] == "array":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if declared["type"] == "integer":
        number = integer(value)
        return number is not None and declared["minimum"] <= number <= declared["maximum"]
    if declared["type"] == "boolean":
        return isinstance(value, bool)
    return declared["type"] == "string" and isinstance(value, str) and value in declared.get("enum", [value])


def _wanted(declared: dict[str, Any]) -> str:
    if "anyOf" in declared:
        return " or ".join(map(_wanted, declared["anyOf"]))
    if declared["type"] == "array":
        return "a list of objects" if _is_list_of_objects(declared) else "a list of strings"
    if declared["type"] == "integer":
        return f"a whole number, {declared['minimum']} to {declared['maximum']}"
    if "enum" in declared:
        return f"one of {', '.join(declared['enum'])}"
    return {"boolean": "true or false", "object": "an object"}.get(declared["type"], "a string")


def _report(findings: Iterable[str | Unknown], options: Options, violate: ReportViolation, urn: str | None) -> None:
    """Report each finding once, and in one line what is unknown, unless that is allowed."""
    unknown = []
    for finding in dict.fromkeys(findings):
        if isinstance(finding, Unknown):
            unknown.append(finding.path)
        else:
            violate(finding, urn)
    if unknown and not options["allowUnknown"]:
        violate(
            f"{', '.join(unknown)}: not known until deployment, so nothing shows that the rule holds. "
            "Use a plain value instead of an output of another resource, or set allowUnknown for this policy",
            urn,
        )
