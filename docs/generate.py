"""Writes the generated pages of this folder, and the generated part of the README. A test fails if one is stale."""

import inspect
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pulumi_policy import EnforcementLevel
from rich.console import Console
from rich.text import Text

DOCS, ROOT = Path(__file__).parent, Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "policies")]

from components.examples import ITEMS  # noqa: E402
from components.schema import AccessPattern, Family, GlobalSecondaryIndex, Table  # noqa: E402
from components.tables import FAMILIES  # noqa: E402
from dynamodb.rules import LEVEL, RULES  # noqa: E402 - the path comes first
from ops.aws.resources import scalable_target, table  # noqa: E402
from ops.cost.target_tracking import ASSUMPTIONS  # noqa: E402
from ops.engine import program, project  # noqa: E402
from ops.evolve.codes import CODES, RECIPES, Severity  # noqa: E402

POLICIES = """\
# Policies

Generated from `policies/` by `make docs`. A stack's file in `policies/config/` sets levels and options:
`pulumi preview --policy-pack policies --policy-pack-config policies/config/prod.json`.

- A value that a rule needs but that is not known until deployment violates the policy, because the rule can't be
  checked yet. A value of the wrong type does too. What the provider fills in for a missing value ("", 0, an empty list
  or object) counts as missing.
- Every policy has the options `exemptTables` and `allowUnknown`. If your organization has tables that can't follow a
  rule yet, list them in `exemptTables`. A preview stops at an option that a policy doesn't have.
- Some policies check each table before it is changed, and then the whole stack, to include indexes and replicas that
  are separate resources. Policies identify a table by its name and its region.

The pack doesn't check DAX clusters, tables of the `aws-native` provider, global tables of version 2017.11.29
(`aws.dynamodb.GlobalTable`), resource policies, scheduled scaling actions, or items.
"""

TABLES = """\
# Tables

Generated from `components/tables.py`, and from what the program registers for prod, by `make docs`. Every key is a
string, and every index projects all attributes. `make rehearse` makes each query and write below with example
invoices. `asked by` has the functions of the application that make it.
"""

EVOLVING = """\
# Changing a live table

Generated from `ops/evolve/codes.py` by `make docs`.

A preview shows many dangerous changes of a DynamoDB table as harmless:

- **Another key or projection of an index** is shown as `~ update`. But the provider deletes the index and builds it
  again, and every query on it fails until it is built. Pulumi's protect and DynamoDB's deletion protection don't stop
  this, because the table stays.
- **An index that is added or removed in front of others** moves these. Pulumi's ignoreChanges, which keeps the
  autoscaled capacities, goes by position (#671): each index gets the live capacity of the one that had its position.
- **The only index of a table** is never removed, because the provider changes nothing if no index is declared (#47490).
  The preview shows no change. You pay for the index until you declare another, and then the provider deletes it.
- **A switch to provisioned** doesn't apply the capacities that ignoreChanges names. The table gets 1 unit (#22630), and
  AWS refuses its indexes (#38100).
- **Another name or key** deletes the table and creates an empty one. Only protection stops this, while it is on.

(The numbers are issues of terraform-provider-aws, which Pulumi's AWS provider is built on.)

## Judge a change

```sh
make evolve STACK=prod BASE=origin/main
```

This compares what the program declares now with what it declared at a git ref. For each change, it prints how severe
the change is, which calls AWS gets, and how to make the change safely. Then it rehearses the change in an embedded AWS:
it deploys the old version with its example items, and makes the calls one by one. It runs the queries of the old
version after each call, and those of the new version at the end. It needs no AWS account.

CI compares each pull request with its base branch in this way. `make preview` compares with Pulumi's state instead,
which also has the changes that a recipe makes in AWS:

```sh
pulumi stack export --stack prod | .venv/bin/python -m ops evolve --stack prod --state -
```

The exit code is 0 if there is no dangerous change, or if all of them are accepted; 1 if there is one; and 2 if the call
is wrong. `--json` prints JSON for scripts, and `--markdown` prints Markdown for pull requests.

- **safe**: nobody notices the change. Deploy it.
- **slow**: nothing is lost, but the change takes a backfill or several deployments. Readers may have to wait for it.
- **dangerous**: it loses data, breaks a reader, or doesn't do what the program says. Follow its recipe, or accept it.

## Accept a dangerous change

Add an entry to `accepted_changes.yaml`, beside `Pulumi.yaml`, in the pull request that makes the change:

```yaml
- code: stream-restarted
  table: RetailInvoices
  property: streamViewType
  reason: the export needs the keys only, and nothing else reads this stream
  told: the reporting team, on 3 March
```

`table` is the physical name of the table. `property` is what evolve prints as the property, or "" if it prints none.
An entry that matches no change since a git ref is an error. So remove the entry in the next pull request. When evolve
compares with Pulumi's state, such an entry is ignored, because the change may be deployed already. You can accept
table-replaced and table-deleted only after a deployment that turned protect off.

## Every change
"""

COST = """\
# What a month costs

Generated from `ops/cost/target_tracking.py` by `make docs`.

```sh
make cost STACK=prod
make cost STACK=prod ARGS='--usage consumed.csv --plot month.svg'
```

This computes a month of 31 days for the tables that the program declares, from what is asked of them. It needs no AWS
account. Each table and index is shown on demand and provisioned, with what is deployed and what is cheaper. A table on
demand is compared with the smallest autoscaling bounds that throttle nothing. `--plot` needs matplotlib, which
`make setup` installs and a deployment doesn't.

The Markdown that `evolve` writes for a pull request says what a change of billing, capacity, autoscaling or an index
does to the month.

## usage.yaml

```yaml
tables:
  rental_invoices:         # the logical name of the table
    items: 120000          # how many it has
    size: 600              # bytes of an item
    indexes:               # only for indexes that don't hold every item, or not all of it
      due_date: {share: 0.5, size: 200}
    requests:
      rental invoices of a user:      # a question of components/tables.py
        items: 12                     # that a Query reads, or a batch has (default: 1)
        day: {"00:00": 0, "07:00": 0.5, "22:00": 0}     # requests a second from each time on, UTC
        "on": {1: {"00:00": 0, "06:00": 10, "06:08": 0}}  # other days of the month
      one rental invoice: {rate: 0.1, consistent: true, size: 2000}  # requests a second all month
```

Units follow from the operation of the question. Questions and tables that are missing are listed as not counted.

## CloudWatch's figures

A file that ends in .csv has CloudWatch's sums of consumed capacity, with a period of 60 seconds. Minutes that are
missing are 0. `GlobalSecondaryIndexName` is empty for a table.

```csv
Timestamp,TableName,GlobalSecondaryIndexName,MetricName,Sum
2026-11-01T06:00:00Z,RentalInvoices,,ConsumedWriteCapacityUnits,600
```

Throttled requests consume nothing, so the figures of a table that is throttled are lower than what is asked of it.

## Prices

`ops/cost/prices/REGION.json` has a region's prices, with a date and the source of each. To add a region, copy a file
and fill it in from AWS's price list. The free tier is not counted, because it is the account's.

## What is simulated

Provisioned capacity is simulated minute by minute. Consumption above the target for 2 minutes scales out, and 15
minutes below it scale in. There are up to 300 seconds of burst capacity, 4 decreases a day and one more after each hour
without, and cooldowns. If an index has too little write capacity, the writes of its table are throttled. Requests are
taken to be even over a minute and over the partitions, and throttled ones are not tried again. Each rule has its source
in the code.

More capacity isn't always better. With fixed capacity, more never throttles more and never costs less, and autoscaling
never throttles more than its minimum alone. But a higher minimum can throttle more: the alarm is relative to the
capacity, so it may start a minute later. A higher maximum can, too: it may be followed by a decrease that the lower one
doesn't need.

## Assumptions

AWS doesn't document these points, or its pages differ. Every combination is simulated, and results are the range over
all of them. The hour is another: its cost is between the average and the highest capacity of the hour.
"""


def cost() -> str:
    """Return docs/cost.md: the usage file, and every assumption with its variants."""
    lines = [COST, "| name | what AWS doesn't say | variants |", "|---|---|---|"]
    for name, each in ASSUMPTIONS.items():
        lines.append(f"| {name} | {each.what} | {'; or '.join(each.variants.values())} |")
    return "\n".join(lines) + "\n"


def evolving() -> str:
    """Return docs/evolving.md: every code with its severity, reason and recipe, and every recipe with its steps."""
    by_severity = {each: [name for name, code in CODES.items() if code.severity == each] for each in get_args(Severity)}
    lines = [EVOLVING, *(f"- **{severity}**: {', '.join(names)}" for severity, names in by_severity.items())]
    for name, code in CODES.items():
        recipe = f" Recipe: {', '.join(code.recipes)}." if code.recipes else ""
        lines += [f"\n### {name}\n", f"**{code.severity}**: {code.what} {code.why}{recipe}"]
    lines += ["\n## Every recipe\n", "Each step is one deployment, unless it says otherwise."]
    for name, recipe in RECIPES.items():
        codes = ", ".join(code for code, each in CODES.items() if name in each.recipes)
        lines += [f"\n### {name}\n", f"**{recipe.title}**, for {codes}\n"]
        lines += [f"{number}. {step}" for number, step in enumerate(recipe.steps, 1)]
    return "\n".join(map(_linked, lines)) + "\n"


_ISSUE, _NAME = r"#([0-9]{3,})", rf"(?<![\w-])({'|'.join(map(re.escape, [*CODES, *RECIPES]))})(?![\w-])"


def _linked(text: str) -> str:
    """Return Markdown with links to codes, recipes and issues of the provider, except in code and headings."""
    parts = re.split(r"(```.*?```|`[^`]*`|^#+ [^\n]*$)", text, flags=re.DOTALL | re.MULTILINE)
    for number in range(0, len(parts), 2):
        linked = re.sub(_NAME, r"[\1](#\1)", parts[number])
        parts[number] = re.sub(_ISSUE, rf"[#\1]({_ISSUES}/\1)", linked)
    return "".join(parts)


_ISSUES = "https://github.com/hashicorp/terraform-provider-aws/issues"


def policies() -> str:
    """Return docs/policies.md: each policy's severity, control, level, rule, fix and options."""
    rules = {rule.POLICY.name: rule for rule in RULES}
    lines = [POLICIES, "| policy | severity | control | level | remediates |", "|---|---|---|---|---|"]
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
    return "\n".join(lines) + "\n"


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


def tables() -> str:
    """Return docs/tables.md: each family's diagram, its tables with keys, billing and attributes, and its queries."""
    resources = program.preview(project.load(ROOT, "prod")).resources
    declared = {r.name: r.inputs for r in resources if r.type == table.TYPE}
    targets = [r.inputs for r in resources if r.type == scalable_target.TYPE]
    protections = {_protection(inputs) for inputs in declared.values()}
    lines = [TABLES, f"In prod every table has {'; or '.join(sorted(protections))}."]
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
    return "\n".join(lines) + "\n"


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


def readme() -> str:
    """Return README.md with a table of the configuration keys that Pulumi.yaml declares."""
    head, _, rest = README.read_text(encoding="utf-8").partition("<!-- configuration -->\n")
    lines = ["| key | type | default | what it is |", "|---|---|---|---|"]
    for key, declared in yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"].items():
        if ":" not in key:
            default = f"`{json.dumps(declared['default'])}`" if declared["default"] != "" else ""
            lines.append(f"| `{key}` | {declared['type']} | {default} | {declared['description']} |")
    _, end, tail = rest.partition("<!-- /configuration -->")
    return head + "<!-- configuration -->\n" + "\n".join(lines) + "\n" + end + tail


README = ROOT / "README.md"
PAGES = {
    README: readme,
    DOCS / "policies.md": policies,
    DOCS / "tables.md": tables,
    DOCS / "evolving.md": evolving,
    DOCS / "cost.md": cost,
    ROOT / "policies/config.schema.json": policy_config_schema,
}

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
