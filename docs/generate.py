"""Writes what is generated of the README and of the pages of this folder: what stands between `<!-- NAME -->` marks.

A test fails if any of it is stale.
"""

import inspect
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import yaml
from pulumi_policy import EnforcementLevel
from rich.console import Console
from rich.text import Text

DOCS, ROOT = Path(__file__).parent, Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "policies"), str(DOCS)]

import ci_permissions  # noqa: E402 - the path comes first

from components import alarms  # noqa: E402
from components.examples import ITEMS  # noqa: E402
from components.schema import AccessPattern, Family, GlobalSecondaryIndex, Table  # noqa: E402
from components.tables import FAMILIES  # noqa: E402
from dynamodb.rules import LEVEL, RULES  # noqa: E402 - the path comes first
from ops import permissions as policy_documents  # noqa: E402
from ops.aws.resources import metric_alarm, scalable_target, table  # noqa: E402
from ops.console import count  # noqa: E402
from ops.cost.target_tracking import ASSUMPTIONS  # noqa: E402
from ops.engine import program, project  # noqa: E402
from ops.evolve.codes import CODES, RECIPES, Severity  # noqa: E402


def assumptions() -> Iterator[str]:
    """Yield a table of the assumptions of `ops cost`, with their variants."""
    yield "| name | what AWS doesn't say | variants |\n|---|---|---|"
    for name, each in ASSUMPTIONS.items():
        yield f"| {name} | {each.what} | {'; or '.join(each.variants.values())} |"


def changes() -> Iterator[str]:
    """Return every code with its severity, reason and recipe, and every recipe with its steps."""
    by_severity = {each: [name for name, code in CODES.items() if code.severity == each] for each in get_args(Severity)}
    lines = [f"- **{severity}**: {', '.join(names)}" for severity, names in by_severity.items()]
    for name, code in CODES.items():
        recipe = f" Recipe: {', '.join(code.recipes)}." if code.recipes else ""
        lines += [f"\n### {name}\n", f"**{code.severity}**: {code.what} {code.why}{recipe}"]
    lines += ["\n## Every recipe\n", "Each step is one deployment, unless it says otherwise."]
    for name, recipe in RECIPES.items():
        codes = ", ".join(code for code, each in CODES.items() if name in each.recipes)
        lines += [f"\n### {name}\n", f"**{recipe.title}**, for {codes}\n"]
        lines += [f"{number}. {step}" for number, step in enumerate(recipe.steps, 1)]
    return map(_linked, lines)


_ISSUE, _NAME = r"#([0-9]{3,})", rf"(?<![\w-])({'|'.join(map(re.escape, [*CODES, *RECIPES]))})(?![\w-])"


def _linked(text: str) -> str:
    """Return Markdown with links to codes, recipes and issues of the provider, except in code and headings."""
    parts = re.split(r"(```.*?```|`[^`]*`|^#+ [^\n]*$)", text, flags=re.DOTALL | re.MULTILINE)
    for number in range(0, len(parts), 2):
        linked = re.sub(_NAME, r"[\1](#\1)", parts[number])
        parts[number] = re.sub(_ISSUE, rf"[#\1]({_ISSUES}/\1)", linked)
    return "".join(parts)


_ISSUES = "https://github.com/hashicorp/terraform-provider-aws/issues"


def policies() -> list[str]:
    """Return each policy's severity, control, level, rule, fix and options."""
    rules = {rule.POLICY.name: rule for rule in RULES}
    lines = ["| policy | severity | control | level | remediates |", "|---|---|---|---|---|"]
    for name, rule in sorted(rules.items()):
        policy = rule.POLICY
        level = (policy.enforcement_level or LEVEL).value
        remediates = "yes" if getattr(policy, "has_remediation", bool)() else "no"
        control = policy.framework.reference if policy.framework else ""
        lines.append(f"| [`{name}`](#{name}) | {policy.severity.value} | {control} | {level} | {remediates} |")
    for name, rule in sorted(rules.items()):
        policy = rule.POLICY
        framework = f" {policy.framework.name}, {policy.framework.reference}." if policy.framework else ""
        lines += [f"\n## {name}\n", f"{policy.description}{framework} [Reference]({policy.url})\n"]
        lines += [inspect.getdoc(rule) or "", f"\nFix: {policy.remediation_steps}\n"]
        lines += ["| option | default | |", "|---|---|---|"]
        for option, declared in policy.config_schema.properties.items():
            lines.append(f"| `{option}` | `{json.dumps(declared['default'])}` | {declared['description']} |")
    return lines


def policy_config_schema() -> str:
    """Return the JSON schema of policies/config/*.json: the levels and options of each policy."""
    levels = {"enum": [level.value for level in EnforcementLevel]}
    properties = {
        name: {
            "description": policy.description,
            "anyOf": [
                levels,
                {
                    "type": "object",
                    "properties": {"enforcementLevel": levels, **policy.config_schema.properties},
                    "additionalProperties": False,
                },
            ],
        }
        for name, policy in sorted((rule.POLICY.name, rule.POLICY) for rule in RULES)
    }
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Levels and options of the policies for one stack",
        "type": "object",
        "properties": {"all": levels, **properties},
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2) + "\n"


def tables() -> list[str]:
    """Return each family's diagram, its tables with keys, billing and attributes, and its queries."""
    resources = program.preview(project.load(ROOT, "prod")).resources
    declared = {r.name: r.inputs for r in resources if r.type == table.TYPE}
    targets = [r.inputs for r in resources if r.type == scalable_target.TYPE]
    protections = {_protection(inputs) for inputs in declared.values()}
    lines = [f"In prod every table has {'; or '.join(sorted(protections))}."]
    for family in FAMILIES:
        lines += [f"\n## {family.type.rpartition(':')[2]}\n", "```mermaid", "flowchart LR", *_diagram(family), "```\n"]
        lines += ["| table, index | partition key | sort key | billing | stream | other attributes |", "|---" * 6 + "|"]
        for definition in family.tables:
            inputs = declared[definition.logical_name]
            stream, billing = definition.stream_view_type or "", _billing(inputs, targets, f"table/{definition.name}")
            others = _attributes(definition)
            lines.append(f"| **{definition.name}** | {_keys(definition)} | {billing} | {stream} | {others} |")
            for index, made in zip(definition.indexes, inputs.get("globalSecondaryIndexes", []), strict=True):
                billing = _billing(made, targets, f"table/{definition.name}/index/{index.name}")
                lines.append(f"| {index.name} | {_keys(index)} | {billing} | | |")
        lines += ["\n| question | operation | key | asked by |", "|---|---|---|---|"]
        lines += [_asked(definition, pattern) for definition in family.tables for pattern in definition.access_patterns]
    return lines


# The alarms with the longest list: those of a trigger, too.
_CONFIG = (
    "alarm_topic=arn:aws:sns:eu-west-1:123456789012:alarms",
    "send_invoice_notification_function=notify",
    "send_invoice_notification_failure_destination=arn:aws:sqs:eu-west-1:123456789012:failed",
)


def alarm_kinds() -> Iterator[str]:
    """Yield a table of the kinds of alarms."""
    yield "| alarm | how many | metric | dimensions | in alarm if | source |\n|---|---|---|---|---|---|"
    resources = program.preview(project.load(ROOT, "prod", _CONFIG)).resources
    found = [r.inputs for r in resources if r.type == metric_alarm.TYPE]
    delivered = [alarm for alarm, _ in alarms.DELIVERED.values()]
    for alarm in (
        *(*alarms.THROTTLED, *alarms.CONSUMED, alarms.SYSTEM_ERRORS, alarms.USER_ERRORS),
        *(alarms.ITERATOR_AGE, alarms.UNDELIVERED, delivered[0]),
    ):
        own = [inputs for inputs in found if inputs["name"].endswith(f"/{alarm.name}")]
        names = {", ".join(reversed(inputs.get("dimensions", {}))) for inputs in own}
        dimensions = f"TableName, all of {alarm.every}" if alarm.every else "; or ".join(sorted(names, key=len))
        condition = (
            f"{alarm.statistic} > {own[0]['threshold']:.10g} in {count(alarm.periods, 'period')} of {alarm.period} s"
        )
        yield (
            f"| {alarm.name} | {len(own)} | {alarm.namespace} {alarm.metric} | {dimensions or 'none'} | {condition} | "
            f"{alarm.source} |"
        )


def permissions() -> Iterator[str]:
    """Yield a table of what each function may do on which table, index or stream, in prod."""
    stack = project.load(ROOT, "prod")
    with program.start(stack, dry_run=True) as running:
        found = policy_documents.documents(running, stack.config["aws:region"], "123456789012")
    yield "| function | question | actions | resource | only if |\n|---|---|---|---|---|"
    for consumer, document in found.items():
        for question, actions, resource, condition in policy_documents.rows(document):
            yield f"| {consumer} | {question} | {actions} | `{resource}` | {condition} |"


def _diagram(family: Family) -> Iterator[str]:
    # Tables that have only a key share one node: eight more nodes would hide the other tables.
    plain: dict[str, list[str]] = {}
    beside = ""
    for definition in family.tables:
        name = definition.logical_name
        if not (definition.indexes or definition.capacity or definition.stream_view_type):
            plain.setdefault(_key(definition), []).append(definition.name)
            continue
        beside = f"{name} ~~~ "
        yield f'  {name}[("{definition.name}<br>{_key(definition)}")]'
        for index in definition.indexes:
            yield f'  {name} --- {name}.{index.logical_name}["{index.name}<br>{_key(index)}"]'
        if definition.capacity:
            scaled = [name, *(f"{name}.{index.logical_name}" for index in definition.indexes)]
            yield f'  {name}.autoscaling(["autoscaling of reads and writes"]) -.-> {" & ".join(scaled)}'
        if definition.stream_view_type:
            yield f'  {name} --> {name}.stream[/"stream<br>{definition.stream_view_type}"/]'
        if definition.trigger:
            yield f'  {name}.stream -- INSERT --> {name}.trigger{{{{"Lambda, if configured<br>{definition.trigger}"}}}}'
    for key, names in plain.items():
        prefix = "each " if names[1:] else ""
        yield f'  {beside}{family.logical_name}.{key}[("{"<br>".join(names)}<br>{prefix}{key}")]'


def _key(item: Table | GlobalSecondaryIndex) -> str:
    return ", ".join(filter(None, (item.partition_key, item.sort_key)))


def _keys(item: Table | GlobalSecondaryIndex) -> str:
    return f"{item.partition_key} | {item.sort_key or ''}"


def _attributes(definition: Table) -> str:
    others = {name for item in ITEMS[definition.logical_name] for name in item} - {*definition.key_attributes}
    expiry = f"; items expire by {definition.time_to_live}" if definition.time_to_live else ""
    return ", ".join(sorted(others)) + expiry


def _billing(inputs: dict[str, Any], targets: list[dict[str, Any]], resource_id: str) -> str:
    if "readCapacity" not in inputs:
        return "on-demand" if "billingMode" in inputs else ""
    bounds = {f"{t['minCapacity']} to {t['maxCapacity']}" for t in targets if t["resourceId"] == resource_id}
    return f"provisioned {inputs['readCapacity']}/{inputs['writeCapacity']}, autoscaled {', '.join(bounds)}"


def _protection(inputs: dict[str, Any]) -> str:
    key = inputs["serverSideEncryption"].get("kmsKeyArn", "the AWS managed key")
    days = inputs["pointInTimeRecovery"]["recoveryPeriodInDays"]
    deletion = "deletion protection" if inputs["deletionProtectionEnabled"] else "no deletion protection"
    return f"encryption with {key}, point-in-time recovery of {days} days, and {deletion}"


def _asked(definition: Table, pattern: AccessPattern) -> str:
    index = next((f", {i.name}" for i in definition.indexes if i.logical_name == pattern.index), "")
    of = f" of `{pattern.attribute}`" if pattern.attribute else ""
    condition = (
        f"`{pattern.key_condition}`" if pattern.key_condition else f"none; the filter `{pattern.filter_by} = :true`"
    )
    where, note = f"{definition.name}{index}", f". {pattern.note}" if pattern.note else ""
    consumers = ", ".join(pattern.consumers)
    return f"| {pattern.question} | {pattern.operation}{of}: {where} | {condition}{note} | {consumers} |"


def configuration() -> Iterator[str]:
    """Yield a table of the configuration keys that Pulumi.yaml declares."""
    yield "| key | type | default | what it is |\n|---|---|---|---|"
    for key, declared in yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"].items():
        if ":" not in key:
            default = f"`{json.dumps(declared['default'])}`" if declared["default"] != "" else ""
            yield f"| `{key}` | {declared['type']} | {default} | {declared['description']} |"


def role(document: Callable[[str, list[str]], dict[str, Any]]) -> list[str]:
    """Return what a role may do to the tables of prod, by their region and names."""
    stack = project.load(ROOT, "prod")
    names = [r.inputs["name"] for r in program.preview(stack).resources if r.type == table.TYPE]
    return ["```json", json.dumps(document(stack.config["aws:region"], names), indent=2), "```"]


PARTS: dict[Path, dict[str, Callable[[], Iterable[str]]]] = {
    ROOT / "README.md": {"configuration": configuration},
    DOCS / "deploying.md": {
        "verify": lambda: role(lambda *tables: ci_permissions.document(*tables, ci_permissions.VERIFY)),
        "deploy": lambda: role(ci_permissions.deploy),
    },
    DOCS / "policies.md": {"policies": policies},
    DOCS / "tables.md": {"tables": tables, "alarms": alarm_kinds},
    DOCS / "permissions.md": {"permissions": permissions},
    DOCS / "evolving.md": {"changes": changes},
    DOCS / "cost.md": {"assumptions": assumptions},
}


def _filled(path: Path) -> str:
    """Return a page with its generated parts as they should be. Raises ValueError if a mark is missing."""
    page = path.read_text(encoding="utf-8")
    for name, lines in PARTS[path].items():
        head, rest = page.split(f"<!-- {name} -->\n")
        _, tail = rest.split(f"<!-- /{name} -->")
        page = "\n".join([f"{head}<!-- {name} -->", *lines(), f"<!-- /{name} -->{tail}"])
    return page


PAGES = {path: partial(_filled, path) for path in PARTS} | {ROOT / "policies/config.schema.json": policy_config_schema}

# The widest picture that is legible on a repository's page.
PICTURE, COLUMNS, LINES = DOCS / "rehearsal.svg", 100, 25


def picture() -> str:
    """Return the last lines of what make rehearse STACK=prod prints on a terminal of 100 columns, as SVG."""
    command = [sys.executable, "-m", "ops", "rehearse", "--drill", "--stack", "prod"]
    environment = os.environ | {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": f"{COLUMNS}"}
    result = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit("the rehearsal of prod failed: make rehearse STACK=prod says why")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
    console.print(*map(Text.from_ansi, result.stdout.splitlines()[-LINES:]), sep="\n")
    svg = console.export_svg(title="make rehearse STACK=prod", unique_id="rehearsal")
    # Remove the web font: pages of a repository don't load it.
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    for path, page in (PAGES | {PICTURE: picture}).items():
        path.write_text(page(), encoding="utf-8")
