"""The violations of a rehearsal as SARIF 2.1.0, with what GitHub's code scanning needs to show them on a diff.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import ast
import json
import os
from pathlib import Path
from typing import Any

from ops import markdown
from ops.engine.policy_pack import Violation
from ops.rehearse.deploy import Rehearsal

_TABLES, _POLICIES = "components/tables.py", "docs/policies.md"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(rehearsal: Rehearsal) -> str:
    """Return the violations as one SARIF log, each at the line of its table in components/tables.py."""
    folder = rehearsal.stack.directory
    lines, policies = _lines(folder / _TABLES), _text(folder / _POLICIES)
    rules = {violation.policy: _rule(violation, policies) for violation in rehearsal.violations}
    driver = {"name": f"policies of {rehearsal.stack.project}", "rules": list(rules.values())}
    results = [
        {
            "ruleId": violation.policy,
            "ruleIndex": list(rules).index(violation.policy),
            "level": _level(violation),
            "message": {"text": f"{violation.urn.split('::', 3)[-1]}: {violation.message}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": _TABLES},
                        "region": {"startLine": _line(violation, lines)},
                    }
                }
            ],
        }
        for violation in rehearsal.violations
    ]
    runs = [{"tool": {"driver": driver}, "results": results}]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, indent=2) + "\n"


def _rule(violation: Violation, policies: str) -> dict[str, Any]:
    fix = f"Fix: {violation.remediation}"
    rule: dict[str, Any] = {
        "id": violation.policy,
        "shortDescription": {"text": violation.description},
        "fullDescription": {"text": violation.description},
        "help": {"text": fix},
        "defaultConfiguration": {"level": _level(violation)},
    }
    if f"\n## {violation.policy}\n" in policies:
        page = f"{_POLICIES}#{violation.policy}"
        rule["help"]["text"] += f"\nSee {page}"
        # GitHub Actions sets both. A URI here is absolute.
        server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
        if server and repository:
            rule["helpUri"] = f"{server}/{repository}/blob/HEAD/{page}"
            rule["help"]["markdown"] = f"Fix: {markdown.code(violation.remediation)}\n\n[{page}]({rule['helpUri']})"
    return rule


def _level(violation: Violation) -> str:
    return "error" if violation.is_mandatory else "warning"


def _line(violation: Violation, lines: dict[str, int]) -> int:
    """Return the line of the table that a resource belongs to; 1 for the stack and for what no line names.

    What belongs to a table has its logical name, with or without more after a hyphen, as `users-read`.
    """
    name = violation.urn.split("::", 3)[-1]
    while name and name not in lines:
        name = name.rpartition("-")[0]
    return lines.get(name, 1)


def _lines(path: Path) -> dict[str, int]:
    """Return the line of each text in a module: of `logical_name=`, or else of its first occurrence."""
    try:
        tree = ast.parse(_text(path))
    except (SyntaxError, ValueError):
        return {}
    lines: dict[str, int] = {}
    named: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            lines[node.value] = min(node.lineno, lines.get(node.value, node.lineno))
        elif isinstance(node, ast.Call):
            named |= {
                value.value: value.lineno
                for value in (keyword.value for keyword in node.keywords if keyword.arg == "logical_name")
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
            }
    return lines | named


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
