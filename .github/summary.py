"""Writes a job's summary: the verdict, then what the commands printed.

`python3 .github/summary.py TITLE STATUS FILE...` appends to the file that GITHUB_STEP_SUMMARY names. All that was
printed stands in indented blocks of code, which only a line that isn't indented can end.
"""

import os
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

# GitHub shows no more than a megabyte.
LIMIT = 1_000_000
KINDS = ("create", "update", "replace", "delete")
# At the end of a preview, with lines as `    + 2 to create` and `    +-1 to replace`.
COUNTS = re.compile(r"^Resources:\n((?:    .+\n)+)", re.MULTILINE)
COUNT = re.compile(r"^\W*(\d+) to (\w+)$", re.MULTILINE)
VIOLATION = re.compile(
    r"^ *\S+@v\S+ \[(?P<level>\w+)\](?: \[severity: \w+\])?"
    r"  (?P<policy>\S+)  \((?P<resource>[^()]+)\).*\n(?P<message>.*)",
    re.MULTILINE,
)


def plain(text: str) -> str:
    """Return text whose lines end with a newline, and that has no other character that isn't seen."""
    lines = ("".join(c for c in line if c == "\t" or unicodedata.category(c)[0] != "C") for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines)


def block(text: str) -> str:
    """Return text as a block of code."""
    return "\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "\n"


def changes(text: str) -> str:
    """Return how many resources a preview creates, updates, replaces and deletes; nothing where there was none."""
    summaries = COUNTS.findall(text)
    if not summaries:
        return ""
    counts = {what: count for count, what in COUNT.findall(summaries[-1])}
    line = ", ".join(f"**{counts.pop(what, 0)} to {what}**" for what in KINDS)
    line += "".join(f", {count} to {what}" for what, count in counts.items())
    if len(summaries) > 1:
        line += f" (the last of {len(summaries)} summaries in the output: the program may have printed one)"
    return f"{line}\n"


def violations(text: str) -> str:
    """Return the violations by policy, those of mandatory policies first."""
    found = defaultdict(list)
    for match in VIOLATION.finditer(text):
        found[f"{match['policy']} [{match['level']}]"].append(f"{match['resource']}: {match['message'].strip()}")
    if not found:
        return ""
    total = sum(map(len, found.values()))
    policies = sorted(found, key=lambda policy: (not policy.endswith("[mandatory]"), policy))
    lines = [line for policy in policies for line in (policy, *(f"  {one}" for one in dict.fromkeys(found[policy])))]
    return f"\nViolations of policies: {total}\n{block(chr(10).join(lines))}"


def summary(title: str, status: str, outputs: dict[str, str]) -> str:
    """Return the summary of a job in Markdown."""
    texts = {name: plain(text) for name, text in outputs.items()}
    verdict = "".join(changes(text) + violations(text) for text in texts.values())
    return f"## {title}: {'succeeded' if status == 'success' else 'FAILED'}\n\n{verdict}" + "".join(
        f"\n<details open><summary>{name}</summary>\n\n{block(text)}</details>\n" for name, text in texts.items()
    )


def main(title: str, status: str, *files: str) -> int:
    """Append the summary; fail where it is longer than GitHub shows, because what isn't shown is not approved."""
    outputs = {file: Path(file).read_text("utf-8", "replace") for file in files if Path(file).exists()}
    text = summary(title, status, outputs)
    fits = len(text.encode()) < LIMIT
    if not fits:
        text = (
            f"## {title}: FAILED\n\nThe output is longer than GitHub shows, and what isn't shown can't be approved.\n"
        )
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
        file.write(text)
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
