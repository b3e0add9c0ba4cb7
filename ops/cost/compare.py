"""Says what a change of the program does to the month, in lines of Markdown for a pull request."""

from ops import markdown
from ops.aws.resources import scalable_target, scaling_policy
from ops.cost import deployed, month, prices, usage
from ops.cost.month import Month, Range
from ops.engine.plan import Plan
from ops.engine.project import Stack
from ops.errors import PlanError
from ops.evolve.versions import Version

NONE = Range(0, 0)


def compare(stack: Stack, then: Version, now: Version) -> list[str]:
    """Return lines that say what a change of billing, capacity, autoscaling or an index costs a month; else [].

    The usage is usage.yaml of the stack's folder. If a month can't be computed, the line says why.
    """
    if not then.plan.resources:
        return []
    try:
        if _billed(then.plan) == _billed(now.plan):
            return []
        before, after = (_month(stack, version, now) for version in (then, now))
    except PlanError as error:
        return [f"**A month**: not computed. {markdown.code(str(error))}"]
    old, new = (each.total(lambda table: table.as_deployed) for each in (before, after))
    before_and_after = " → ".join(dict.fromkeys([old.text(2), new.text(2)]))
    unchanged = ", unchanged" if old.text(2) == new.text(2) else ""
    lines = [f"**A month** by `usage.yaml`: {before_and_after} US dollars{unchanged}."]
    was, is_now = _throttled(before), _throttled(after)
    shown = ((name, was.get(name, NONE).text(), is_now.get(name, NONE).text()) for name in sorted(was | is_now))
    # What differs by less than a unit is shown as the same.
    if changes := [f"{markdown.code(name)} {old} → {new}" for name, old, new in shown if old != new]:
        lines.append(f"Units throttled: {'; '.join(changes)}.")
    return lines


def _billed(plan: Plan) -> list[object]:
    scaling = [r.inputs for r in plan.resources if r.type in {scalable_target.TYPE, scaling_policy.TYPE}]
    indexes = {
        name: sorted((inputs.get("globalSecondaryIndexes") or []), key=lambda index: index["name"])
        for name, inputs in deployed.inputs_by_logical_name(plan).items()
    }
    return [deployed.tables(plan), scaling, indexes, deployed.alarms(plan)]


def _month(stack: Stack, version: Version, now: Version) -> Month:
    tables = version.definitions.tables or now.definitions.tables
    inputs = deployed.inputs_by_logical_name(version.plan)
    found = usage.load(stack.directory / "usage.yaml", tables, inputs, is_partial=version is not now)
    return month.month(version.plan, found, prices.load(stack.config.get("aws:region", "")))


def _throttled(of: Month) -> dict[str, Range]:
    return {
        " ".join(filter(None, (table.deployed.name, each.resource, f"{each.access}s"))): each.units
        for table in of.tables
        if table.deployed.is_provisioned
        for each in table.throttling
    }
