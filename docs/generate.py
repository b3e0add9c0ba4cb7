"""Writes the pages of this folder that say what the code says; a test fails when one is stale."""

import json
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS.parent / "policies")]

from dynamodb.rules import POLICIES  # noqa: E402 - the path comes first

INTRODUCTION = """\
# Policies

Generated from `policies/` by `make docs`. Each policy is mandatory unless the stack's file in `policies/config/` says
otherwise: `pulumi preview --policy-pack policies --policy-pack-config policies/config/prod.json`.

A value that decides and is not known until deployment violates a policy: nothing shows yet that the rule holds. State it
as a plain value, or set the option `allowUnknown`, which every policy has, to let it pass.
"""


def policies() -> str:
    """Return docs/policies.md: each policy's description, control, severity, options, and how to mend a violation."""
    overview = ["| policy | severity | control | remediates |", "|---|---|---|---|"]
    sections = []
    for policy in sorted(POLICIES, key=lambda policy: policy.name):
        control = policy.framework.reference or ""
        remediates = "yes" if getattr(policy, "has_remediation", lambda: False)() else ""
        overview.append(f"| [`{policy.name}`](#{policy.name}) | {policy.severity.value} | {control} | {remediates} |")
        sections += [
            f"## {policy.name}",
            policy.description,
            f"Severity {policy.severity.value}. "
            + (f"{policy.framework.name}, {control}. " if control else "")
            + f"[Reference]({policy.url})",
            f"To mend it: {policy.remediation_steps}",
            "\n".join(
                [
                    "| option | default | |",
                    "|---|---|---|",
                    *(
                        f"| `{name}` | `{json.dumps(option['default'])}` | {option['description']} |"
                        for name, option in policy.config_schema.properties.items()
                        if name != "allowUnknown"
                    ),
                ]
            )
            if len(policy.config_schema.properties) > 1
            else "",
        ]
    return "\n\n".join(filter(None, [INTRODUCTION.rstrip(), "\n".join(overview), *sections])) + "\n"


PAGES = {DOCS / "policies.md": policies}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
