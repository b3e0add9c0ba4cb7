"""Finds the two versions of a stack: what the program declares, and what is deployed, at a git ref or in a state."""

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ops.aws.resources import table
from ops.engine import program, project, state
from ops.engine.plan import Plan, Registration
from ops.engine.project import Stack
from ops.errors import CallError, PlanError, one_line
from ops.rehearse import definitions
from ops.rehearse.definitions import Definitions


@dataclass(frozen=True)
class Version:
    """What a stack registers, and the tables, queries and example items that its components define.

    If it `is_state`, the plan is Pulumi's state, which may have the changes of others, and there are no definitions.
    """

    plan: Plan = field(default_factory=Plan)
    definitions: Definitions = field(default_factory=Definitions)
    is_state: bool = False


def declared(stack: Stack, running: program.Running) -> Version:
    """Return what the running program of a stack declares. Raises PlanError if the program fails."""
    return Version(running.record(lambda _: ("", {})), definitions.load(stack.directory))


def in_state(stack: Stack, file: str) -> Version:
    """Return the version in the output of `pulumi stack export`: a file, or - for stdin. Raises CallError."""
    plan = state.plan(stack, file)
    resources = [_as_live(each, plan.component_outputs[each.urn]) for each in plan.resources]
    return Version(replace(plan, resources=resources), is_state=True)


# What the provider compares as it was last read, also where the last deployment didn't declare it.
_LIVE = ("billingMode", "deletionProtectionEnabled", "streamEnabled", "streamViewType", "tableClass", "tags")


def _as_live(resource: Registration, outputs: dict[str, Any]) -> Registration:
    """Return a table as the provider last read it: also with what others changed, and with indexes that were left."""
    if resource.type != table.TYPE:
        return resource
    live = {key: outputs[key] for key in _LIVE if outputs.get(key) not in (None, "")}
    indexes, attributes = (resource.inputs.get(key) or [] for key in ("globalSecondaryIndexes", "attributes"))
    # In the order of the inputs, by which Pulumi ignores capacities.
    names = [index.get("name") for index in indexes]
    left = [index for index in outputs.get("globalSecondaryIndexes") or [] if index.get("name") not in names]
    known = [attribute["name"] for attribute in attributes]
    others = [attribute for attribute in outputs.get("attributes") or [] if attribute["name"] not in known]
    if left:
        live |= {"globalSecondaryIndexes": indexes + left, "attributes": attributes + others}
    return replace(resource, inputs=resource.inputs | live)


@contextlib.contextmanager
def at_ref(stack: Stack, overrides: Iterable[str], ref: str) -> Generator[Callable[[], Version]]:
    """Start the program at a git ref, in a temporary worktree. Yield a function that returns its version.

    Removes the worktree afterwards. If the ref doesn't have the stack, the version is empty. Raises CallError if git
    doesn't have the ref, and PlanError, with the ref, if the program fails.
    """
    top = Path(_git(stack.directory, "rev-parse", "--show-toplevel"))
    try:
        commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except CallError:
        raise CallError(f"--base {ref!r} is no commit, branch or tag of {top}; fetch it, or name another") from None
    with contextlib.ExitStack() as exits:
        tree = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="evolve-"))).resolve() / "base"
        exits.callback(_remove, top, tree)
        _git(top, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        directory = tree / stack.directory.relative_to(top)
        if not (directory / f"Pulumi.{stack.name}.yaml").is_file():
            yield Version
            return
        with _naming(ref, tree):
            base = project.load(directory, stack.name, overrides)
            running = exits.enter_context(program.start(base, dry_run=True))

        def wait() -> Version:
            with _naming(ref, tree):
                return declared(base, running)

        yield wait


@contextlib.contextmanager
def _naming(ref: str, tree: Path) -> Generator[None]:
    """Add the ref to the errors of the block, and name files by their paths in the repository."""
    try:
        yield
    except PlanError as error:
        raise type(error)(f"at {ref}: {error}".replace(f"{tree}/", "")) from None


def _remove(top: Path, tree: Path) -> None:
    with contextlib.suppress(CallError):
        _git(top, "worktree", "remove", "--force", str(tree))


def _git(directory: Path, *arguments: str) -> str:
    """Return what a git command prints. Raises CallError if it fails."""
    try:
        # In its own session, so that Ctrl-C doesn't end the git command that removes the worktree.
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            ["git", "-C", str(directory), *arguments],  # noqa: S607 - git as PATH has it
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise CallError("git is not on PATH; give what is deployed with --state FILE instead of --base") from None
    if done.returncode:
        raise CallError(f"git {arguments[0]} fails in {directory}: {one_line(Exception(done.stderr))}")
    return done.stdout.strip()
