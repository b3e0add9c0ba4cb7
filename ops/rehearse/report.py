"""Prints a rehearsal: as tables for people, as Markdown for the summary of a job, and as JSON for scripts."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ops import markdown
from ops.aws.resources import metric_alarm, scalable_target, scaling_policy, table
from ops.console import (
    COLOURS,
    DIFFERENCE,
    Row,
    count,
    counts,
    difference_row,
    print_differences,
    print_table,
    short_type,
)
from ops.drift import Drift
from ops.engine.plan import Registration
from ops.engine.policy_pack import Violation
from ops.rehearse.answer import Answer
from ops.rehearse.deploy import Rehearsal


def as_json(rehearsal: Rehearsal) -> str:
    """Return a rehearsal as one JSON object."""
    readback = rehearsal.drift
    result = {
        "project": rehearsal.stack.project,
        "stack": rehearsal.stack.name,
        "resources": [_resource_json(resource) for resource in rehearsal.plan.resources],
        "outputs": rehearsal.plan.outputs,
        "policies": [
            {key: getattr(violation, key) for key in ("policy", "level", "severity", "urn", "message")}
            for violation in rehearsal.violations
        ],
        "readback": {"checked": readback.checked, "differences": list(map(asdict, readback.differences))},
        "drill": [_answer_json(answer) for answer in rehearsal.answers],
        "ok": rehearsal.ok,
    }
    return json.dumps(result, indent=2)


def _answer_json(answer: Answer) -> dict[str, Any]:
    fields = ("question", "table", "index", "calls", "items_read", "items_returned")
    return {name: getattr(answer, name) for name in fields} | {"ok": not answer.problem}


def _resource_json(resource: Registration) -> dict[str, Any]:
    fields = {name: getattr(resource, name) for name in ("urn", "type", "name", "parent", "custom")}
    fields["inputs"] = resource.shown
    return fields | {"options": {"protect": resource.protect, "ignoreChanges": resource.ignore_changes}}


def print_rehearsal(rehearsal: Rehearsal, out: Console) -> None:
    """Print the resource tree, the outputs, what was read back, the violations, the answers and the result."""
    resources, readback = rehearsal.plan.resources, rehearsal.drift
    out.print(f"[bold]Rehearsing {rehearsal.stack.project} ({rehearsal.stack.name})[/]\n")
    print_table(out, list(_tree(resources)), ("", "Type", "Name", "Plan", ""))
    if rehearsal.plan.outputs:
        out.print("\n[bold]Outputs[/]")
        print_table(
            out,
            [[name, _short(value, out.width // 2)] for name, value in sorted(rehearsal.plan.outputs.items())],
            ("", ""),
        )
    if readback.shown.get(table.TYPE):
        out.print("\n[bold]Tables and indexes, read back[/]")
        _print_tables(readback, out)
    if readback.shown.get(scalable_target.TYPE):
        out.print("\n[bold]Autoscaling, read back[/]")
        _print_autoscaling(readback, out)
    if readback.shown.get(metric_alarm.TYPE):
        out.print("\n[bold]Alarms, read back[/]")
        _print_alarms(readback, out)
    _print_policies(rehearsal, out)
    if rehearsal.answers:
        out.print("\n[bold]Drill[/]")
        _print_answers(rehearsal.answers, out)
        print_unanswered(rehearsal, out)
    # Wrapped on a terminal, because there may be many types.
    out.print(f"\n[bold]Created[/]  {_created(rehearsal)}", soft_wrap=False)
    out.print(f"[bold]Compared[/] {readback.checked} properties, {len(readback.differences)} different")
    print_differences(readback.differences, out)
    word, why = _verdict(rehearsal, escape)
    out.print(f"[{COLOURS[word]}]{word}[/]: {why} ({rehearsal.seconds:.1f} s)")


def as_markdown(rehearsal: Rehearsal) -> list[str]:
    """Return a rehearsal as lines of Markdown: the result, the violations by policy, and what else is wrong."""
    word, why = _verdict(rehearsal, markdown.code)
    lines = [f"### {rehearsal.stack.name}: rehearsed", "", f"**{word}**: {why}"]
    by_policy: dict[tuple[str, ...], list[Violation]] = defaultdict(list)
    for violation in sorted(rehearsal.violations, key=lambda v: (not v.is_mandatory, v.policy)):
        by_policy[violation.policy, violation.level, violation.remediation].append(violation)
    for (policy, level, remediation), violations in by_policy.items():
        title = f"**{markdown.code(policy)}** ({level}): {len(violations)}. Fix: {markdown.code(remediation)}"
        rows = [map(markdown.code, (*_type_and_name(violation), violation.message)) for violation in violations]
        lines += ["", title, "", *markdown.table(("Type", "Name", "Message"), rows)]
    if rehearsal.drift.differences:
        rows = [map(markdown.code, difference_row(difference)) for difference in rehearsal.drift.differences]
        lines += ["", "Differences:", "", *markdown.table(DIFFERENCE, rows)]
    wrong = [answer for answer in rehearsal.answers if answer.problem]
    if wrong:
        rows = [map(markdown.code, (answer.question, answer.where, answer.problem)) for answer in wrong]
        lines += ["", "Not answered:", "", *markdown.table(("Question", "Table, index", "Problem"), rows)]
    created, readback = markdown.code(_created(rehearsal)), rehearsal.drift
    return [*lines, "", f"Created {created}; compared {readback.checked} properties"]


def _created(rehearsal: Rehearsal) -> str:
    """Return how many resources of each type were created."""
    return counts(short_type(resource.type) for resource in rehearsal.plan.resources if resource.custom) or "nothing"


def _type_and_name(violation: Violation) -> tuple[str, str]:
    """Return the type, as the CLI shows it, and the name of the resource of a violation."""
    _, _, type_, name = violation.urn.split("::", 3)
    return short_type(type_.split("$")[-1]), name


def print_unanswered(rehearsal: Rehearsal, out: Console) -> None:
    """Print a line for each question without a right answer: the question, its table and index, and the problem."""
    for answer in filter(attrgetter("problem"), rehearsal.answers):
        out.print(f"[red]not answered[/]: {escape(f'{answer.question} ({answer.where}): {answer.problem}')}")


def _verdict(rehearsal: Rehearsal, shown: Callable[[str], str]) -> tuple[str, str]:
    """Return the result in one word, and why."""
    if rehearsal.ok:
        answered = f", {len(rehearsal.answers)} questions are answered" if rehearsal.answers else ""
        return "ok", f"everything is as declared{answered}"
    if rehearsal.drift.differences:
        return "failed", "not everything is as declared"
    if any(answer.problem for answer in rehearsal.answers):
        return "failed", "a question has no right answer"
    stopped = dict.fromkeys(_type_and_name(v)[1] for v in rehearsal.violations if v.is_mandatory)
    return "failed", f"a mandatory policy is violated, stopped at {', '.join(map(shown, stopped))}"


def _print_policies(rehearsal: Rehearsal, out: Console) -> None:
    if rehearsal.packs:
        out.print("\n[bold]Policies[/]")
    for pack in rehearsal.packs:
        violations = [violation for violation in rehearsal.violations if violation.pack == pack]
        out.print(f"    {'❌' if any(v.is_mandatory for v in violations) else '✅'} {pack}")
        for violation in violations:
            colour = "red" if violation.is_mandatory else "yellow"
            type_, name = _type_and_name(violation)
            out.print(f"        - [{colour}]\\[{violation.level}][/] \\[severity: {violation.severity}]  ", end="")
            out.print(f"[bold]{violation.policy}[/]  ({type_}: {escape(name)})")
            for line in violation.message.splitlines():
                out.print(f"          {escape(line)}")
            out.print(f"          [dim]Fix: {escape(violation.remediation)}[/]")


def _tree(resources: list[Registration]) -> Iterator[Row]:
    children = defaultdict(list)
    for resource in resources:
        children[resource.parent].append(resource)

    def rows(parent: str, guides: str) -> Iterator[Row]:
        shown, alarms = _without_further_alarms(children[parent])
        for resource in shown:
            last = resource is shown[-1]
            branch = ("└─ " if last else "├─ ") if parent else ""
            protected = "protected" if resource.protect else ""
            type_, plan = guides + branch + short_type(resource.type), Text("create", "green")
            is_several = alarms > 1 and resource.type == metric_alarm.TYPE
            name = count(alarms, "alarm") if is_several else resource.name
            yield [Text("+", "green"), type_, name, plan, protected]
            yield from rows(resource.urn, guides + (("   " if last else "│  ") if parent else ""))

    return rows("", "")


def _without_further_alarms(resources: list[Registration]) -> tuple[list[Registration], int]:
    """Return the resources of one parent with the first of its alarms only, and the number of its alarms."""
    alarms = [resource for resource in resources if resource.type == metric_alarm.TYPE]
    return [resource for resource in resources if resource not in alarms[1:]], len(alarms)


def _print_tables(readback: Drift, out: Console) -> None:
    rows = []
    for live in readback.shown[table.TYPE]:
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
    header = ("Table, index", "Partition key, sort key", "Billing", "Stream", "KMS key", "PITR", "Protection")
    print_table(out, rows, header, droppable=("Stream", "KMS key", "Protection"))


def _keys(item: dict[str, Any]) -> str:
    return ", ".join(item[key] for key in ("hashKey", "rangeKey") if key in item)


def _billing(item: dict[str, Any]) -> str:
    capacity = f"{item['readCapacity']}/{item['writeCapacity']}" if item["readCapacity"] else ""
    return f"{item['billingMode']} {capacity}".strip()


def _print_autoscaling(readback: Drift, out: Console) -> None:
    policies = {(p["resourceId"], p["scalableDimension"]): p for p in readback.shown[scaling_policy.TYPE]}
    rows = []
    for live in readback.shown[scalable_target.TYPE]:
        policy = policies.get((live["resourceId"], live["scalableDimension"]))
        configuration = policy[scaling_policy.CONFIGURATION] if policy else {}
        rows.append(
            [
                live["resourceId"],
                live["scalableDimension"].rsplit(":", 1)[1],
                f"{live['minCapacity']}..{live['maxCapacity']}",
                f"{configuration.get('targetValue')} %".replace(".0 %", " %"),
                f"{configuration.get('scaleInCooldown')} s, {configuration.get('scaleOutCooldown')} s",
                policy["name"] if policy else "",
            ]
        )
    header = ("Scalable target", "Dimension", "Units", "Target", "Cooldown in, out", "Scaling policy")
    print_table(out, rows, header, droppable=("Scaling policy", "Cooldown in, out"))


_OPERATORS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


def _print_alarms(readback: Drift, out: Console) -> None:
    """Print a row for each metric and condition, with the number of its alarms."""
    kinds = Counter(map(_condition, readback.shown[metric_alarm.TYPE]))
    rows = [[*kind, str(number)] for kind, number in kinds.items()]
    print_table(out, rows, ("Metric", "In alarm if", "Alarms"))


def _condition(alarm: dict[str, Any]) -> tuple[str, str]:
    """Return the metric of an alarm, or of its query, and when it goes off."""
    metric, statistic, period = alarm["metricName"], alarm["statistic"], alarm["period"]
    if query := next(iter(alarm["metricQueries"]), None):
        selected = re.match(r"SELECT (\w+)\((\w+)\)", query.get("expression", ""))
        statistic, metric = (selected[1].title(), selected[2]) if selected else ("it", "metric math")
        period = query.get("period")
    operator = _OPERATORS.get(alarm["comparisonOperator"], alarm["comparisonOperator"])
    condition = f"{statistic} {operator} {alarm['threshold']:.10g} in {count(alarm['evaluationPeriods'], 'period')}"
    return metric, f"{condition} of {period} s"


def _print_answers(answers: list[Answer], out: Console) -> None:
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
    header = ("", "Question", "Table, index", "Operation", "Calls", "Read", "Returned")
    print_table(out, rows, header, droppable=("Table, index", "Calls"))


def _short(value: object, width: int) -> str:
    if isinstance(value, dict):
        return f"{len(value)} entries; --json has them"
    return str(value) if len(str(value)) <= width else f"{len(str(value))} characters; --json has them"
