"""Judges a change, rehearses it, and adds to the judgement what only the rehearsal shows."""

from dataclasses import dataclass, replace

from ops.aws.clients import Clients
from ops.aws.resources import MODULES
from ops.engine.project import Stack
from ops.evolve import accepted, judge, rehearse
from ops.evolve.changes import Change, Pair, pairs, renamed
from ops.evolve.rehearse import Question, Rehearsed
from ops.evolve.versions import Version


@dataclass(frozen=True, kw_only=True)
class Evolution:
    """The changes of a stack since `base`, a git ref or a state, and how each query was answered at each step."""

    stack: Stack
    base: str
    changes: list[Change]
    questions: list[Question]

    @property
    def refused(self) -> list[Change]:
        """The dangerous changes that nobody has accepted."""
        return [change for change in self.changes if change.severity == "dangerous" and not change.accepted]

    @property
    def ok(self) -> bool:
        """Whether nothing dangerous changes, or all of it is accepted.

        A query without a right answer is a dangerous change, or the effect of one.
        """
        return not self.refused


def evolve(stack: Stack, base: str, then: Version, now: Version, clients: Clients) -> Evolution:
    """Judge the change from `then` to `now`, and rehearse it in an emulator.

    Where table-moved is accepted of a version in git, a table has its new name in `then`, too.
    Raises PlanError if accepted_changes.yaml is wrong, or accepts what is no change or can't be accepted yet.
    """
    entries = accepted.read(stack.directory)
    region = stack.config["aws:region"]
    resources = pairs(then.plan, now.plan, region)
    moves = [] if then.is_state else accepted.moves(entries, resources)
    if moves:
        then = replace(then, plan=renamed(then.plan, {move.table: move.path for move in moves}))
        resources = pairs(then.plan, now.plan, region)
    changes = moves + judge.judge(then, now, resources)
    known = [pair for pair in resources if pair.either.type in MODULES]
    rehearsed = rehearse.rehearse(then, now, known, clients) if known else Rehearsed()
    changes += _only_rehearsed(rehearsed, resources, changes)
    protected = {pair.either.urn for pair in resources if pair.then and pair.then.protect}
    changes = accepted.apply(entries, changes, protected, is_state=then.is_state)
    return Evolution(stack=stack, base=base, changes=changes, questions=rehearsed.questions)


def _only_rehearsed(rehearsed: Rehearsed, resources: list[Pair], changes: list[Change]) -> list[Change]:
    """Return what went wrong in a rehearsal, if no dangerous change explains it."""
    dangerous = [change for change in changes if change.severity == "dangerous"]
    by_urn = {pair.either.urn: pair for pair in resources}
    result = []
    for code, problems in (("change-refused", rehearsed.refused), ("items-lost", rehearsed.lost)):
        for urn, problem in problems.items():
            if not any(change.table == by_urn[urn].table for change in dangerous):
                result.append(by_urn[urn].change(code, detail=problem))
    known = {(change.code, change.urn, change.path) for change in changes}
    for (urn, path), problem in rehearsed.set_back.items():
        if ("capacity-set-back", urn, path) not in known:
            result.append(by_urn[urn].change("capacity-set-back", path, detail=problem))
    seen = set()
    for question in rehearsed.questions:
        key = (question.version, question.table, question.question)
        if not question.problem or key in seen or _is_explained(question, dangerous):
            continue
        seen.add(key)
        pair = next(pair for pair in resources if question.table in (pair.old.get("name"), pair.new.get("name")))
        when = f"{question.step} the deployment" if question.step in {"before", "after"} else f"after {question.step}"
        detail = f"In the rehearsal, {when}: {question.problem}."
        result.append(pair.change("question-unanswered", question.question, detail=detail))
    return result


# These break the queries of the old version: index-... on the index of their property, the others on the whole table.
_BREAKING = ("index-dropped", "index-rebuilt", "table-replaced", "table-deleted", "urn-changed", "key-type-changed")


def _is_explained(question: Question, dangerous: list[Change]) -> bool:
    """Tell whether a dangerous change already says why a query of the old version fails."""
    return question.version == "old" and any(
        change.table == question.table
        and change.code in _BREAKING
        and (not change.code.startswith("index-") or f"[{question.index}]" in change.path)
        for change in dangerous
    )
