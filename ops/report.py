"""What a person reads on a terminal, and a machine from a pipe."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ops.drill import Answer
from ops.plan import Registration
from ops.readback import Difference, Readback
from ops.rehearse import Rehearsal
from ops.resources import scalable_target, scaling_policy, table

if TYPE_CHECKING:
    from ops.adopt import Adoption
    from ops.verify import Verification


def console(*, stderr: bool = False) -> Console:
    """Return a console with colours on a terminal only, and lines as long as they are: cut short, they mislead."""
    return Console(stderr=stderr, highlight=False, width=400)


def rehearsal_json(rehearsal: Rehearsal) -> str:
    """Return a rehearsal as one JSON object."""
    result = {
        "project": rehearsal.stack.project,
        "stack": rehearsal.stack.name,
        "resources": [_resource_json(resource) for resource in rehearsal.plan.resources],
        "outputs": rehearsal.plan.outputs,
        "policies": [
            {key: getattr(violation, key) for key in ("policy", "level", "severity", "urn", "message")}
            for violation in rehearsal.violations
        ],
        "readback": _readback_json(rehearsal.readback),
        "drill": [_answer_json(answer) for answer in rehearsal.answers],
        "ok": rehearsal.ok,
    }
    return json.dumps(result, indent=2)


def verification_json(found: "Verification") -> str:
    """Return a verification as one JSON object."""
    result = {
        "project": found.stack.project,
        "stack": found.stack.name,
        "region": found.region,
        **_readback_json(found.readback),
        "ok": not found.readback.differences,
    }
    return json.dumps(result, indent=2)


def _readback_json(read: Readback) -> dict[str, Any]:
    return {"checked": read.checked, "differences": [asdict(difference) for difference in read.differences]}


def _answer_json(answer: Answer) -> dict[str, Any]:
    fields = ("question", "table", "index", "calls", "items_read", "items_returned")
    return {name: getattr(answer, name) for name in fields} | {"ok": not answer.problem}


def _resource_json(resource: Registration) -> dict[str, Any]:
    fields = {name: getattr(resource, name) for name in ("urn", "type", "name", "parent", "custom")}
    fields["inputs"] = resource.shown
    return fields | {"options": {"protect": resource.protect, "ignoreChanges": resource.ignore_changes}}


def print_rehearsal(rehearsal: Rehearsal, out: Console) -> None:
    """Print the resource tree, the outputs, the counts, and what was read back."""
    resources, read = rehearsal.plan.resources, rehearsal.readback
    out.print(f"[bold]Rehearsing {rehearsal.stack.project} ({rehearsal.stack.name})[/]\n")
    out.print(_tree_table(resources))
    out.print("\n[bold]Outputs[/]")
    out.print(_grid(*([name, _short_value(value)] for name, value in sorted(rehearsal.plan.outputs.items()))))
    out.print("\n[bold]Tables and indexes, read back[/]")
    out.print(_tables(read))
    out.print("\n[bold]Autoscaling, read back[/]")
    out.print(_autoscaling(read))
    _print_policies(rehearsal, out)
    if rehearsal.answers:
        out.print("\n[bold]Drill[/]")
        out.print(_answers(rehearsal.answers))
        print_unanswered(rehearsal, out)
    counts = Counter(_short(resource.type) for resource in resources if resource.custom)
    out.print("\n[bold]Created[/]  " + ", ".join(f"{count} {type_}" for type_, count in counts.items()))
    out.print(f"[bold]Compared[/] {read.checked} properties, {len(read.differences)} different")
    print_differences(read.differences, out)
    out.print(f"{_verdict(rehearsal)} ({rehearsal.seconds:.1f} s)")


def print_unanswered(rehearsal: Rehearsal, out: Console) -> None:
    """Print a line for each question that has no right answer: the question, where it was asked, why."""
    for answer in filter(attrgetter("problem"), rehearsal.answers):
        out.print(f"[red]not answered[/]: {escape(f'{answer.question} ({answer.where}): {answer.problem}')}")


def _verdict(rehearsal: Rehearsal) -> str:
    if rehearsal.ok:
        answered = f", {len(rehearsal.answers)} questions are answered" if rehearsal.answers else ""
        return f"[green]ok[/]: everything is as declared{answered}"
    if rehearsal.readback.differences:
        return "[red]failed[/]: not everything is as declared"
    if any(answer.problem for answer in rehearsal.answers):
        return "[red]failed[/]: a question has no right answer"
    return "[red]failed[/]: a mandatory policy is violated"


def print_verification(found: "Verification", out: Console) -> None:
    """Print what differs, and the outcome."""
    read, resources = found.readback, sum(resource.custom for resource in found.plan.resources)
    print_differences(read.differences, out)
    verdict = f"[red]{len(read.differences)} differences[/]" if read.differences else "[green]no difference[/]"
    what = f"{read.checked} properties of {resources} resources"
    out.print(f"{verdict}: {what} of {found.stack.name} compared with {found.where} ({found.seconds:.1f} s)")


def print_adoption(adoption: "Adoption", file: Path, out: Console) -> None:
    """Print what is in the import file, what is left out, and the next commands."""
    counts = Counter(_short(spec["type"]) for spec in adoption.imports["resources"] if "id" in spec)
    out.print(f"{file}: " + (", ".join(f"{count} {type_}" for type_, count in counts.items()) or "no resource"))
    for resource in adoption.missing:
        what = f"{_short(resource.type)} {resource.name}"
        out.print(f"[yellow]not in the account[/], so the next up creates it: {what}")
        if resource.urn in adoption.in_the_way:
            name = adoption.in_the_way[resource.urn]
            out.print(f"[red]in its way[/]: its scalable target has the policy {escape(name)}; delete that first")
    for resource in adoption.unnamed:
        what = f"{_short(resource.type)} {resource.name}"
        out.print(f"[yellow]left out[/], as only the account knows its import id: {what}; adopt without --offline")
    name = adoption.stack.name
    out.print("\nNext:")
    for command in (
        f"pulumi stack select --create {name}",
        f"pulumi import --stack {name} --file {file} --generate-code=false",
        f"make preview STACK={name}",
    ):
        out.print(f"  {command}", soft_wrap=True)
    out.print("The preview may create and update; if it replaces or deletes anything, stop: docs/adopting.md")


def _print_policies(rehearsal: Rehearsal, out: Console) -> None:
    if rehearsal.packs:
        out.print("\n[bold]Policies[/]")
    for pack in rehearsal.packs:
        found = [violation for violation in rehearsal.violations if violation.pack == pack]
        out.print(f"    {'❌' if any(v.is_mandatory for v in found) else '✅'} {pack}")
        for violation in found:
            colour = "red" if violation.is_mandatory else "yellow"
            _, _, type_, name = violation.urn.split("::", 3)
            out.print(f"        - [{colour}]\\[{violation.level}][/] \\[severity: {violation.severity}]  ", end="")
            out.print(f"[bold]{violation.policy}[/]  ({_short(type_.split('$')[-1])}: {escape(name)})")
            for line in violation.message.splitlines():
                out.print(f"          {escape(line)}")
            out.print(f"          [dim]To mend it: {escape(violation.remediation)}[/]")


def print_differences(differences: list[Difference], out: Console) -> None:
    """Print a row for each difference; nothing where there is none."""
    if differences:
        rows = (
            [d.urn.split("::", 2)[2], d.property or "(the resource)", _value(d.declared), _value(d.live)]
            for d in differences
        )
        out.print(_grid(*rows, header=("Resource", "Property", "Declared", "Live")))


def _tree_table(resources: list[Registration]) -> Table:
    children = defaultdict(list)
    for resource in resources:
        children[resource.parent].append(resource)

    def rows(parent: str, guides: str) -> Iterator[list[str | Text]]:
        for resource in children[parent]:
            last = resource is children[parent][-1]
            branch = ("└─ " if last else "├─ ") if parent else ""
            protected = "protected" if resource.protect else ""
            type_, plan = guides + branch + _short(resource.type), Text("create", "green")
            yield [Text("+", "green"), type_, resource.name, plan, protected]
            yield from rows(resource.urn, guides + (("   " if last else "│  ") if parent else ""))

    return _grid(*rows("", ""), header=("", "Type", "Name", "Plan", ""))


def _tables(read: Readback) -> Table:
    rows = []
    for live in read.live[table.TYPE]:
        recovery, encryption = live["pointInTimeRecovery"], live["serverSideEncryption"]
        rows.append(
            [
                live["name"],
                _keys(live),
                _billing(live),
                live["streamViewType"] or "",
                encryption["kmsKeyArn"] or "aws/dynamodb" if encryption["enabled"] else "",
                f"{recovery['recoveryPeriodInDays']} days" if recovery["enabled"] else "",
                "on" if live["deletionProtectionEnabled"] else "",
            ]
        )
        rows += [
            [f"  {index['name']}", _keys(index), _billing(index | {"billingMode": ""}), "", "", "", ""]
            for index in live["globalSecondaryIndexes"]
        ]
    header = ("Table, index", "Partition key, sort key", "Billing", "Stream", "KMS key", "PITR", "Deletion protection")
    return _grid(*rows, header=header)


def _keys(item: dict[str, Any]) -> str:
    return ", ".join(item[key] for key in ("hashKey", "rangeKey") if key in item)


def _billing(item: dict[str, Any]) -> str:
    capacity = f"{item['readCapacity']}/{item['writeCapacity']}" if item["readCapacity"] else ""
    return f"{item['billingMode']} {capacity}".strip()


def _autoscaling(read: Readback) -> Table:
    policies = {(p["resourceId"], p["scalableDimension"]): p for p in read.live[scaling_policy.TYPE]}
    rows = []
    for live in read.live[scalable_target.TYPE]:
        policy = policies.get((live["resourceId"], live["scalableDimension"]))
        configuration = policy[scaling_policy.CONFIGURATION] if policy else {}
        rows.append(
            [
                live["resourceId"],
                live["scalableDimension"].rsplit(":", 1)[1],
                f"{live['minCapacity']}..{live['maxCapacity']}",
                policy["name"] if policy else "",
                f"{configuration.get('targetValue', 0):g} %",
                f"{configuration.get('scaleInCooldown')} s, {configuration.get('scaleOutCooldown')} s",
            ]
        )
    return _grid(
        *rows, header=("Scalable target", "Dimension", "Units", "Scaling policy", "Target", "Cooldown in, out")
    )


def _answers(answers: list[Answer]) -> Table:
    rows = [
        [
            Text("✗", "red") if answer.problem else Text("✓", "green"),
            answer.question,
            answer.where,
            answer.operation,
            *(str(number) for number in (answer.calls, answer.items_read, answer.items_returned)),
        ]
        for answer in answers
    ]
    return _grid(*rows, header=("", "Question", "Table, index", "Operation", "Calls", "Read", "Returned"))


def _short(type_: str) -> str:
    """Shorten a type token as the CLI shows it: aws:dynamodb/table:Table to aws:dynamodb:Table."""
    return re.sub("/[^:]*:", ":", type_)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "there"
    return "absent" if value is None else json.dumps(value)


def _short_value(value: object) -> str:
    return f"{len(value)} entries; --json has them" if isinstance(value, dict) else str(value)


def _grid(*rows: Sequence[str | Text], header: tuple[str, ...] = ()) -> Table:
    grid = Table(*header, box=None, show_header=bool(header), header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        # What a program says is text, never markup.
        grid.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return grid
