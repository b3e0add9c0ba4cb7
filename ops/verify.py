"""Compares what the program declares with what a live account has. Only reads."""

import time
from dataclasses import dataclass

from ops import account, readback
from ops.clients import Clients
from ops.errors import PlanError
from ops.plan import Plan, record
from ops.project import Stack
from ops.resources import table


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was compared, in which region, and how long it took in seconds."""

    stack: Stack
    plan: Plan
    region: str
    readback: readback.Readback
    seconds: float


def verify(stack: Stack, region: str, clients: Clients) -> Verification:
    """Record the plan of a stack, as a preview does, and read all of it from the account.

    Raises PlanError also where none of the tables is there: that is another account or region, not a difference.
    """
    started = time.perf_counter()
    plan = record(stack)
    with account.reading(region) as pool:
        read = readback.read_back(plan, clients, pool.map)
    tables = [resource for resource in plan.resources if resource.type == table.TYPE]
    if tables and not read.live[table.TYPE]:
        msg = (
            f"none of the {len(tables)} tables of {stack.name} is in {region}: is it the right --region, and --profile?"
        )
        raise PlanError(msg)
    seconds = time.perf_counter() - started
    return Verification(stack=stack, plan=plan, region=region, readback=read, seconds=seconds)
