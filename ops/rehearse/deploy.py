"""Deploys a stack to an embedded AWS, checks it with policy packs, and reads it back."""

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
    """The plan that was deployed, the violations, the differences, and the answers of the drill."""

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
        """Whether no mandatory policy is violated, there are no differences, and all answers are right."""
        return not (self.is_stopped or self.drift.differences or any(answer.problem for answer in self.answers))


def rehearse(
    stack: Stack,
    running: program.Running,
    clients: Clients,
    packs: Sequence[Pack] = (),
    *,
    with_drill: bool = False,
) -> Rehearsal:
    """Rehearse the resources that a running program registers.

    The packs check each resource before it is created, and then the stack. Then everything is read back, and with
    `with_drill`, all access patterns are run. As in `pulumi up`, a violation of a mandatory policy stops the deployment
    before the resource is created. Raises PlanError.
    """
    started = time.perf_counter()
    deployment = _Deployment(clients, packs)
    plan = running.record(deployment.create)
    if packs and not deployment.is_stopped:
        deployment.check_stack(plan)
    with _plan_errors("the resources can't be read back"):
        readback = drift.find(plan, clients)
    answers = []
    if with_drill and not deployment.is_stopped:
        with _plan_errors("the drill fails"):
            answers = access_patterns.drill(stack, plan, readback, clients)
    return Rehearsal(
        stack=stack,
        plan=plan,
        packs=[pack.name for pack in packs],
        violations=deployment.violations,
        drift=readback,
        answers=answers,
        seconds=time.perf_counter() - started,
    )


@dataclass
class _Deployment:
    """Checks and creates resources as the engine does. `computed` maps URNs to the values that AWS made for them."""

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
            self._check(resource)
            return "", {}
        module, default = resources.module(resource.type), resource.provider
        if default and default.urn not in self.providers:
            self.providers[default.urn] = default
            self._check(default)
        checked = provider.check(provider.with_unknowns(resource, self.computed))
        seen = dict(checked.inputs)
        self._check(checked)
        remediated = provider.undo_check(resource, seen, checked.inputs)
        resource.inputs.clear()
        resource.inputs.update(remediated)
        provider.refuse_unsupported(resource)
        with _plan_errors(f"{resource.urn} can't be created"), reading_answer():
            id_, outputs = module.create(self.clients, provider.effective_inputs(resource))
        self.computed[resource.urn] = list(filter(None, outputs.values()))
        return id_, provider.filled(resource) | outputs

    def check_stack(self, plan: Plan) -> None:
        """Check all resources and providers together. The packs get the outputs that a preview has."""
        stack = Plan([self._previewed(resource, plan) for resource in plan.resources] + list(self.providers.values()))
        self.violations += [violation for pack in self.packs for violation in pack.analyze_stack(stack)]

    def _check(self, resource: Registration) -> None:
        for pack in self.packs:
            pack.remediate(resource)
        self.violations += [violation for pack in self.packs for violation in pack.analyze(resource)]
        if self.is_stopped:
            raise StopProgram

    def _previewed(self, resource: Registration, plan: Plan) -> Registration:
        if resource.custom:
            return provider.preview(provider.with_unknowns(resource, self.computed))
        texts = [text for computed in self.computed.values() for text in computed]
        return replace(resource, inputs=provider.mask(plan.component_outputs.get(resource.urn, {}), texts))


@contextlib.contextmanager
def _plan_errors(what: str) -> Generator[None]:
    """Raise a PlanError of one line if AWS refuses a call, or if a response doesn't have the form of AWS's."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        hint = "; a rehearsal needs an empty emulator" if "ResourceInUse" in str(error) else ""
        raise PlanError(f"{what}: {one_line(error)}{hint}") from None
    except (AnswerError, ResponseParserError) as error:
        raise PlanError(
            f"{what}: the inputs or the endpoint's responses don't have AWS's form: {one_line(error)}"
        ) from None
