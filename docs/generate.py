"""Writes the pages of this folder that say what the code says; a test fails when one is stale."""

import inspect
import json
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS.parent / "policies")]

from dynamodb.rules import LEVEL, RULES  # noqa: E402 - the path comes first

INTRODUCTION = """\
# Policies

Generated from `policies/` by `make docs`. The file of the stack in `policies/config/` may set another level and the
options: `pulumi preview --policy-pack policies --policy-pack-config policies/config/prod.json`.

A value that decides and isn't known until deployment violates a policy, as nothing shows yet that the rule holds.
"""


def policies() -> str:
    """Return docs/policies.md: of each policy severity, control, level and options, what fails and how to mend it."""
    rules = {rule.POLICY.name: rule for rule in RULES}
    lines = [INTRODUCTION, "| policy | severity | control | level | remediates |", "|---|---|---|---|---|"]
    for name, rule in sorted(rules.items()):
        policy = rule.POLICY
        level = (policy.enforcement_level or LEVEL).value
        remediates = "yes" if getattr(policy, "has_remediation", bool)() else "no"
        control = policy.framework.reference or ""
        lines.append(f"| [`{name}`](#{name}) | {policy.severity.value} | {control} | {level} | {remediates} |")
    for name, rule in sorted(rules.items()):
        policy, control = rule.POLICY, rule.POLICY.framework.reference
        framework = f" {policy.framework.name}, {control}." if control else ""
        lines += [f"\n## {name}\n", f"{policy.description}{framework} [Reference]({policy.url})\n"]
        lines += [inspect.getdoc(rule) or "", f"\nTo mend it: {policy.remediation_steps}\n"]
        lines += ["| option | default | |", "|---|---|---|"]
        for option, declared in policy.config_schema.properties.items():
            lines.append(f"| `{option}` | `{json.dumps(declared['default'])}` | {declared['description']} |")
    return "\n".join(lines) + "\n"


PAGES = {DOCS / "policies.md": policies}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
