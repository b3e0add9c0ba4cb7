"""Judges a change and rehearses it, and joins what both find."""

from dataclasses import dataclass

from ops.aws.clients import Clients
from ops.engine.project import Stack
from ops.evolve import accepted, judge, rehearse
from ops.evolve.changes import Change, Pair, pairs
from ops.evolve.rehearse import Question, Rehearsed
from ops.evolve.versions import Version


@dataclass(frozen=True, kw_only=True)
class Evolution:
    """The changes of a stack from `base`, a ref or a state, and how each query was answered at each step."""

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
    """Judge and rehearse the change from `then` to `now` in an emulator. Raises PlanError."""
    entries = accepted.read(stack.directory)
    found = pairs(then.plan, now.plan, stack.config["aws:region"])
    changes = judge.judge(then, now, found)
    rehearsed = rehearse.rehearse(then, now, found, clients) if found else Rehearsed()
    changes += _found_in_rehearsal(rehearsed, found, changes)
    protected = {pair.either.urn for pair in found if pair.then and pair.then.protect}
    changes = accepted.apply(entries, changes, protected, is_state=then.is_state)
    return Evolution(stack=stack, base=base, changes=changes, questions=rehearsed.questions)


def _found_in_rehearsal(rehearsed: Rehearsed, found: list[Pair], changes: list[Change]) -> list[Change]:
    """Return what went wrong in a rehearsal and no dangerous change explains."""
    dangerous = [change for change in changes if change.severity == "dangerous"]
    by_urn = {pair.either.urn: pair for pair in found}
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
        pair = next(pair for pair in found if question.table in (pair.old.get("name"), pair.new.get("name")))
        detail = f"{question.step}: {question.problem}."
        result.append(pair.change("question-unanswered", question.question, detail=detail))
    return result


# These break queries of the old version on the whole table, or else on the index that their property names.
_BREAKING = ("index-dropped", "index-rebuilt", "table-replaced", "table-deleted", "urn-changed", "key-type-changed")


def _is_explained(question: Question, dangerous: list[Change]) -> bool:
    """Tell whether a dangerous change breaks a query of the old version, which then need not be named apart."""
    return question.version == "old" and any(
        change.table == question.table
        and change.code in _BREAKING
        and (not change.code.startswith("index-") or f"[{question.index}]" in change.path)
        for change in dangerous
    )
