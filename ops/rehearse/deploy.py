"""Deploys a stack to an embedded AWS, under the policy packs, and reads it back."""

import contextlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ops import drift
from ops.aws import provider, resources
from ops.aws.clients import Clients
from ops.engine import program
from ops.engine.plan import Plan, Registration, StopProgram
from ops.engine.policy_pack import Pack, Violation
from ops.engine.project import Stack
from ops.errors import AnswerError, PlanError, one_line, reading_answer
from ops.rehearse import access_patterns
from ops.rehearse.answer import Answer


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What was deployed, what the policy packs said of it, what was read back, and how long it took in seconds."""

    stack: Stack
    plan: Plan
    packs: list[str]
    violations: list[Violation]
    drift: drift.Drift
    answers: list[Answer]
    seconds: float

    @property
    def is_stopped(self) -> bool:
        """Whether a mandatory policy is violated."""
        return any(violation.is_mandatory for violation in self.violations)

    @property
    def ok(self) -> bool:
        """Whether no mandatory policy is violated, nothing differs from the declared, and every answer is right."""
        return not (self.is_stopped or self.drift.differences or any(answer.problem for answer in self.answers))


def rehearse(
    stack: Stack,
    running: program.Running,
    clients: Clients,
    packs: Sequence[Pack] = (),
    *,
    with_drill: bool = False,
) -> Rehearsal:
    """Rehearse what a program registers that was started.

    Each resource is judged by the packs, then created; afterwards the packs judge the stack, everything is read back,
    and `with_drill` every access pattern is tried. As in `pulumi up`, a violation of a mandatory policy stops before
    the resource is created. Raises PlanError.
    """
    started = time.perf_counter()
    deployment = _Deployment(clients, packs)
    plan = running.record(deployment.create)
    if packs and not deployment.is_stopped:
        deployment.judge_stack(plan)
    with _telling_errors("what was created can't be read back"):
        found = drift.find(plan, clients)
    answers = []
    if with_drill and not deployment.is_stopped:
        with _telling_errors("the drill ends"):
            answers = access_patterns.drill(stack, plan, found, clients)
    return Rehearsal(
        stack=stack,
        plan=plan,
        packs=[pack.name for pack in packs],
        violations=deployment.violations,
        drift=found,
        answers=answers,
        seconds=time.perf_counter() - started,
    )


@dataclass
class _Deployment:
    """Judges and creates resources as the engine does; `computed` has what only AWS knows of each, by URN."""

    clients: Clients
    packs: Sequence[Pack]
    violations: list[Violation] = field(default_factory=list)
    providers: dict[str, Registration] = field(default_factory=dict)
    computed: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_stopped(self) -> bool:
        return any(violation.is_mandatory for violation in self.violations)

    def create(self, resource: Registration) -> tuple[str, dict[str, Any]]:
        if not resource.custom:
            self._judge(resource)
            return "", {}
        module, default = resources.module(resource.type), resource.provider
        if default and default.urn not in self.providers:
            self.providers[default.urn] = default
            self._judge(default)
        checked = provider.check(provider.not_yet_known(resource, self.computed))
        seen = dict(checked.inputs)
        self._judge(checked)
        remediated = provider.unchecked(resource, seen, checked.inputs)
        resource.inputs.clear()
        resource.inputs.update(remediated)
        provider.refuse_what_is_not_created(resource)
        with _telling_errors(f"{resource.urn} can't be created"), reading_answer():
            id_, outputs = module.create(self.clients, provider.named(resource))
        self.computed[resource.urn] = list(filter(None, outputs.values()))
        return id_, provider.filled(resource) | outputs

    def judge_stack(self, plan: Plan) -> None:
        """Judge all resources together, by their outputs in a preview, and their providers."""
        stack = Plan([self._previewed(resource, plan) for resource in plan.resources] + list(self.providers.values()))
        self.violations += [violation for pack in self.packs for violation in pack.analyze_stack(stack)]

    def _judge(self, resource: Registration) -> None:
        for pack in self.packs:
            pack.remediate(resource)
        self.violations += [violation for pack in self.packs for violation in pack.analyze(resource)]
        if self.is_stopped:
            raise StopProgram

    def _previewed(self, resource: Registration, plan: Plan) -> Registration:
        if resource.custom:
            return provider.preview(provider.not_yet_known(resource, self.computed))
        texts = [text for computed in self.computed.values() for text in computed]
        return replace(resource, inputs=provider.without(plan.component_outputs.get(resource.urn, {}), texts))


@contextlib.contextmanager
def _telling_errors(what: str) -> Generator[None]:
    """Raise PlanError, in a line, for what AWS refuses, and for an answer that doesn't have the form of AWS's."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        hint = "; a rehearsal needs an empty emulator" if "ResourceInUse" in str(error) else ""
        raise PlanError(f"{what}: {one_line(error)}{hint}") from None
    except (AnswerError, ResponseParserError) as error:
        raise PlanError(
            f"{what}: its inputs, or what the endpoint answers, have another form than AWS's: {one_line(error)}"
        ) from None
