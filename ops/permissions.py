"""Shows the IAM policy documents that a program exports, with the ARNs that its tables have in an account."""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.exceptions import UnknownRegionError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.aws import provider
from ops.aws.resources import table
from ops.engine.plan import Registration
from ops.engine.program import Running
from ops.engine.project import Stack
from ops.errors import CallError, PlanError

Documents = dict[str, dict[str, Any]]


def account(stack: Stack, given: str | None) -> str:
    """Return the id of the account: `given`, or the only one that the stack allows. Raises CallError."""
    accounts = sorted({*stack.allowed_accounts} - {"000000000000"})
    if given is None and len(accounts) == 1:
        return accounts[0]
    if not re.fullmatch("[0-9]{12}", given or ""):
        wrong = f"--account {given!r} is not an account id" if given is not None else "the ARNs need an account"
        raise CallError(
            f"{wrong}; give --account with 12 digits, or name one account in aws:allowedAccountIds of "
            f"Pulumi.{stack.name}.yaml"
        )
    return given or ""


def documents(running: Running, region: str, account_id: str) -> Documents:
    """Run a program, with the ARNs that AWS would give its tables, and return its output `permissions`.

    Only AWS knows the label of a stream, so `*` stands for it. Raises PlanError if there is no such output, and
    CallError for a region of no partition.
    """
    try:
        partition = botocore.session.Session().get_partition_for_region(region)
    except UnknownRegionError:
        raise CallError(f"aws:region is {region!r}, which AWS doesn't have, so the ARNs aren't known") from None

    def create(resource: Registration) -> tuple[str, dict[str, Any]]:
        if resource.type != table.TYPE:
            return "", {}
        arn = f"arn:{partition}:dynamodb:{region}:{account_id}:table/{provider.effective_inputs(resource)['name']}"
        return "", {"arn": arn, "streamArn": f"{arn}/stream/*"}

    found = running.record(create).outputs.get("permissions")
    if not (isinstance(found, dict) and all(map(_is_document, found.values()))):
        raise PlanError("the program exports no permissions: an object of IAM policy documents by function")
    return found


def _is_document(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether a value is a policy document as `rows` reads it: with a Sid and one resource a statement."""
    statements = value.get("Statement") if isinstance(value, dict) else None
    return isinstance(statements, list) and all(
        isinstance(each, dict)
        and "Action" in each
        and all(isinstance(each.get(key), str) for key in ("Sid", "Resource"))
        for each in statements
    )


def only(found: Documents, consumer: str | None) -> Documents:
    """Return the document of one consumer, or all of them. Raises CallError for an unknown consumer."""
    if consumer is None:
        return found
    if consumer not in found:
        nearest = difflib.get_close_matches(consumer, found, n=3, cutoff=0)
        raise CallError(f"no consumer {consumer!r}; the nearest are {', '.join(nearest)}")
    return {consumer: found[consumer]}


def rows(document: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the question, the actions, the resource without account and region, and the condition of each statement."""
    for statement in document["Statement"]:
        action, condition = statement["Action"], statement.get("Condition", {})
        actions = [action] if isinstance(action, str) else action
        question = re.sub("(?<!^)(?=[A-Z])", " ", statement["Sid"]).lower()
        conditions = [f"{key} {_values(value)}" for test in condition.values() for key, value in test.items()]
        shown = ", ".join(name.removeprefix("dynamodb:") for name in actions)
        yield question, shown, statement["Resource"].split(":", 5)[-1], "; ".join(conditions)


def _values(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def as_json(found: Documents, consumer: str | None) -> str:
    """Return the documents by consumer as JSON; of one consumer, only its document, as IAM takes it."""
    return json.dumps(found[consumer] if consumer else found, indent=2)


def print_documents(found: Documents, out: Console) -> None:
    """Print what each consumer may do, in at most 100 columns."""
    for name, document in found.items():
        shown = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for no_wrap in (False, True, True):
            shown.add_column(no_wrap=no_wrap)
        for question, actions, resource, _ in rows(document):
            shown.add_row(*map(Text, (question, actions, resource)))
        out.print(Text(name, "bold"))
        out.print(shown, width=min(out.width, 100))
    out.print("--json prints the IAM policy documents, with their conditions")
