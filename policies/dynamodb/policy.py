"""Makes policies from rules: adds the common options and exemptions, and adapts checks to pulumi_policy's callbacks.

A check yields findings. A string is a violation; an Unknown is a value that the rule needs but that is not known until
deployment.
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
    """The path of a value that the rule needs but that is not known until deployment."""

    path: str


class Inputs(dict[str, Any]):
    """The properties of a resource, with UNKNOWN for values that are not known yet; `opts` are its resource options."""

    def __init__(self, urn: str, opts: PolicyResourceOptions, props: Mapping[str, Any]) -> None:
        """Read the properties."""
        super().__init__({key: element(props, key) for key in props})
        self.urn, self.opts = urn, opts


Findings = Iterator[str | Unknown]
# Checks one resource, before it is created or updated.
Check = Callable[[Inputs, Options], Findings]
# Findings, each with the resource that it is reported for, or None for the stack itself.
StackFindings = Iterator[tuple[StackResource | None, str | Unknown]]
# Checks all resources of a stack together.
StackCheck = Callable[[Stack, Options], StackFindings]
# Corrects a table's inputs in place. Returns whether it changed anything.
Remediate = Callable[[Any, Options], bool]


def strings_option(description: str, default: Iterable[str] = ()) -> dict[str, Any]:
    """Return the schema of an option that is a list of strings."""
    return {"type": "array", "items": {"type": "string"}, "default": list(default), "description": description}


def integer_option(description: str, bounds: tuple[int, int], default: int) -> dict[str, Any]:
    """Return the schema of an option that is a whole number within bounds."""
    minimum, maximum = bounds
    return {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default, "description": description}


def tables_option(description: str) -> dict[str, Any]:
    """Return the schema of an option that lists tables by physical name or glob pattern."""
    return strings_option(f"{description}: physical names, or glob patterns of whole names.")


_COMMON: Final[OptionSchema] = {
    "exemptTables": strings_option(
        "Tables that the policy doesn't check: physical names, or glob patterns of whole names. "
        "For a table that Pulumi names, such as orders-1a2b3c4, use orders-*."
    ),
    "allowUnknown": {
        "type": "boolean",
        "default": False,
        "description": "Accept values that the rule needs but that are not known until deployment.",
    },
}


def fsbp(control: str) -> PolicyComplianceFramework:
    """Return a control of AWS Foundational Security Best Practices."""
    name = "AWS Foundational Security Best Practices"
    return PolicyComplianceFramework(name=name, version="1.0.0", reference=control, specification=control)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """Adapts a rule's checks to the callbacks that pulumi_policy takes."""

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
            # The name of another resource isn't that of a table; its rule finds the tables that it is about.
            key = {TABLE: "name", GLOBAL_SECONDARY_INDEX: "tableName"}.get(args.resource_type)
            if not (key and is_exempt(get(inputs, key), options)):
                _report(check(inputs, options), options, report_violation, None)

    def validate_stack(self, args: StackValidationArgs, report_violation: ReportViolation) -> None:
        options, stack = self._options(args), Stack(args.resources)
        by_urn: dict[str | None, list[str | Unknown]] = defaultdict(list)
        check_replica = self.checks.get(TABLE_REPLICA)
        for replica in stack.resources[TABLE_REPLICA]:
            table = stack.table_of(replica)
            name = table.name if table else table_of_arn(get(replica.props, "globalTableArn"))
            if check_replica and not is_exempt(name, options):
                by_urn[replica.urn] += check_replica(Inputs(replica.urn, replica.options, replica.props), options)
        for resource, finding in self.check_stack(stack, options) if self.check_stack else ():
            by_urn[resource.urn if resource else None].append(finding)
        for urn, findings in by_urn.items():
            _report(findings, options, report_violation, urn)

    def remediate_table(self, args: ResourceValidationArgs) -> Any:  # noqa: ANN401 - a proxy
        if not self.remediate or args.resource_type != TABLE:
            return None
        options, name = self._options(args), args.props.get("name")
        is_judged = not is_exempt(None if is_sentinel(name) else name, options)
        return args.props if is_judged and self.remediate(args.props, options) else None

    def _options(self, args: ResourceValidationArgs | StackValidationArgs) -> Options:
        """Return the value or the default of every option.

        Raises ValueError for an option that the schema doesn't have: the CLI passes those on.
        """
        given = dict(args.get_config())
        for option, value in given.items():
            if option not in self.schema:
                nearest = difflib.get_close_matches(option, self.schema, n=1, cutoff=0)[0]
                raise ValueError(f"{self.name} has no option {option!r}; the nearest is {nearest!r}")
            # The SDK hands out the same object each time, which may be large.
            if option not in self.checked or value is not self.checked[option]:
                for fault in _faults(value, self.schema[option], option):
                    raise ValueError(f"{self.name}: the option {fault}")
                self.checked[option] = value
        return {option: declared["default"] for option, declared in self.schema.items()} | given


class _ResourceAndStackPolicy(ResourceValidationPolicy):
    """Checks each resource before it is changed, and afterwards the whole stack."""

    def __init__(self, rule: _Rule, **more: Any) -> None:  # noqa: ANN401 - what the base class takes
        super().__init__(**more)
        self._rule = rule

    def validate(self, args: Any, report_violation: ReportViolation) -> None:  # noqa: ANN401 - of a resource or a stack
        if isinstance(args, StackValidationArgs):
            self._rule.validate_stack(args, report_violation)
        else:
            self._rule.validate_resource(args, report_violation)


# The SDK calls the policies that are instances of StackValidationPolicy for the stack.
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
    """Return a policy that runs a rule's checks.

    `checks` maps resource types to checks that run before such a resource is changed. The check for a TableReplica runs
    with the whole stack, which shows what table the replica belongs to. `check_stack` checks the whole stack.
    `remediate` corrects tables. Every policy has the options exemptTables and allowUnknown besides its own. If a policy
    gets an option that it doesn't have, or a value of the wrong type, it raises ValueError, and the engine stops with
    its message.
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
    """Return whether the option exemptTables includes this table name."""
    return matches(table_name, options["exemptTables"])


def matches(name: object, patterns: list[str]) -> bool:
    """Return whether a pattern matches the whole name, case-sensitively. `*` also matches a name that isn't known."""
    if isinstance(name, str):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    return "*" in patterns


def expect(item: object, key: str, fits: Callable[[Any], bool], wanted: str, path: str = "") -> Findings:
    """Yield a finding unless `fits` accepts the value of a property of the item at `path`."""
    value, where = get(item, key), join(path, key, item)
    if value is UNKNOWN:
        yield Unknown(where)
    elif not fits(value):
        yield f"{where} is {describe(value)}, but must be {wanted}"


def set_property(item: Any, path: str, value: object) -> bool:  # noqa: ANN401 - a proxy
    """Set the value at a dotted path unless it is already that value or unknown. Return whether it was set.

    In a remediation, unknown values are Pulumi's sentinels, and using them raises nothing. The change is made in place,
    so that the proxy keeps secrets secret.
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
                yield f"{path}.{key} is missing, but must be {_check_option(None, fields[key])[1]}"
        for key, item in value.items():
            if of_field := fields.get(key, declared["additionalProperties"]):
                yield from _faults(item, of_field, f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]")
            else:
                yield f"{path} has {key!r}, but may have only {', '.join(fields)}"
    elif _is_list_of_objects(declared) and isinstance(value, list):
        for position, item in enumerate(value):
            yield from _faults(item, declared["items"], f"{path}[{position}]")
    else:
        is_valid, wanted = _check_option(value, declared)
        if not is_valid:
            yield f"{path} is {value!r}, but must be {wanted}"


def _is_list_of_objects(declared: dict[str, Any]) -> bool:
    return declared.get("type") == "array" and declared["items"]["type"] == "object"


def _check_option(value: object, declared: dict[str, Any]) -> tuple[bool, str]:
    """Return whether a value fits its schema, and what the schema accepts. `_faults` checks the fields of objects."""
    if "anyOf" in declared:
        checked = [_check_option(value, one) for one in declared["anyOf"]]
        return any(is_valid for is_valid, _ in checked), " or ".join(wanted for _, wanted in checked)
    if "enum" in declared:
        return isinstance(value, str) and value in declared["enum"], f"one of {', '.join(declared['enum'])}"
    if declared["type"] == "array":
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return is_list, f"a list of {declared['items']['type']}s"
    if declared["type"] == "integer":
        number, least, most = integer(value), declared["minimum"], declared["maximum"]
        return number is not None and least <= number <= most, f"a whole number, {least} to {most}"
    type_, wanted = _TYPES[declared["type"]]
    return isinstance(value, type_), wanted


_TYPES: Final = {"boolean": (bool, "true or false"), "object": (dict, "an object"), "string": (str, "a string")}


def _report(findings: Iterable[str | Unknown], options: Options, violate: ReportViolation, urn: str | None) -> None:
    """Report each violation once, and all unknown values in one line, unless they are allowed."""
    unknown = []
    for finding in dict.fromkeys(findings):
        if isinstance(finding, Unknown):
            unknown.append(finding.path)
        else:
            violate(finding, urn)
    if unknown and not options["allowUnknown"]:
        violate(
            f"{', '.join(unknown)}: not known until deployment, so the rule can't be checked. "
            "Use a plain value instead of an output of another resource, or set allowUnknown for this policy",
            urn,
        )
