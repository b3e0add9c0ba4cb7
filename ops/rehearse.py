"""Deploys a stack to an embedded AWS, under the policy packs, and reads it back."""

import contextlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops import readback, resources
from ops.clients import Clients
from ops.drill import Answer, drill
from ops.errors import PlanError, one_line
from ops.pack import Pack, Violation
from ops.plan import Plan, Registration, Stop, record
from ops.project import Stack


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What was deployed, what the policy packs said of it, what was read back, and how long it took in seconds."""

    stack: Stack
    plan: Plan
    packs: list[str]
    violations: list[Violation]
    readback: readback.Readback
    answers: list[Answer]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether no mandatory policy is violated, nothing differs from the declared, and every answer is right."""
        is_allowed = not any(violation.is_mandatory for violation in self.violations)
        return is_allowed and not self.readback.differences and not any(answer.problem for answer in self.answers)


def rehearse(stack: Stack, clients: Clients, packs: Sequence[Pack] = (), *, with_drill: bool = False) -> Rehearsal:
    """Run the program; analyse, then create, what it registers; analyse the whole stack; read it back; drill it.

    As in `pulumi up`, a violation of a mandatory policy stops before the resource is created. Raises PlanError.
    """
    started = time.perf_counter()
    violations: list[Violation] = []

    def create(resource: Registration) -> tuple[str, dict[str, Any]]:
        for pack in packs:
            pack.remediate(resource)
        found = [violation for pack in packs for violation in pack.analyze(resource)]
        violations.extend(found)
        if any(v.is_mandatory for v in found):
            raise Stop
        if not resource.custom:
            return "", {}
        module = resources.module(resource.type)
        with _understanding(f"{resource.urn} can't be created"):
            return module.create(clients, resource.inputs)

    plan = record(stack, create)
    if not any(v.is_mandatory for v in violations):
        violations += [violation for pack in packs for violation in pack.analyze_stack(plan)]
    with _understanding("what was created can't be read back"):
        read = readback.read_back(plan, clients)
    answers = []
    if with_drill and not any(v.is_mandatory for v in violations):
        with _understanding("the drill ends"):
            answers = drill(stack, plan, read, clients)
    return Rehearsal(
        stack=stack,
        plan=plan,
        packs=[pack.name for pack in packs],
        violations=violations,
        readback=read,
        answers=answers,
        seconds=time.perf_counter() - started,
    )


@contextlib.contextmanager
def _understanding(what: str) -> Generator[None]:
    """Put into a line what AWS refuses, and what isn't of the form that AWS has: inputs, or an endpoint's answer."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        hint = "; a rehearsal needs an empty emulator" if "ResourceInUse" in str(error) else ""
        msg = f"{what}: {one_line(error)}{hint}"
        raise PlanError(msg) from None
    except (AttributeError, KeyError, TypeError) as error:
        msg = f"{what}: its inputs, or what the endpoint answers, have another form than AWS's: {error!r}"
        raise PlanError(msg) from None
