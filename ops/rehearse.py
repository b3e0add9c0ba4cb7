"""Deploys a stack to an embedded AWS as the program registers it, and reads it back."""

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops import readback, resources
from ops.clients import Clients
from ops.errors import PlanError
from ops.plan import Plan, Registration, record
from ops.project import Stack


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What was deployed, what was read back, and how long it took in seconds."""

    stack: Stack
    plan: Plan
    readback: readback.Readback
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether all that was declared is there, and nothing else."""
        return not self.readback.differences


def rehearse(stack: Stack, clients: Clients) -> Rehearsal:
    """Run the program, create what it registers, read it back. Raises PlanError."""

    def create(resource: Registration) -> tuple[str, dict[str, Any]]:
        module = resources.module(resource.type)
        try:
            return module.create(clients, resource.inputs)
        except (BotoCoreError, ClientError) as error:
            msg = f"{resource.urn} can't be created: {' '.join(str(error).split())}"
            raise PlanError(msg) from None

    started = time.perf_counter()
    plan = record(stack, create)
    read = readback.read_back(plan, clients)
    return Rehearsal(stack=stack, plan=plan, readback=read, seconds=time.perf_counter() - started)
