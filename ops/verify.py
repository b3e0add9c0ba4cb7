"""Compares what the program declares with what a live account has. Only reads."""

import time
from dataclasses import dataclass

from ops import account, readback
from ops.clients import Clients
from ops.plan import Plan, record
from ops.project import Stack
from ops.resources import table


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was compared, in which region and where exactly, and how long it took in seconds."""

    stack: Stack
    plan: Plan
    region: str
    where: str
    readback: readback.Readback
    seconds: float


def verify(stack: Stack, region: str, clients: Clients) -> Verification:
    """Record the plan of a stack, as a preview does, and read all of it from the account.

    Raises PlanError also where none of the tables is there.
    """
    started = time.perf_counter()
    plan = record(stack)
    with account.reading(region) as pool:
        read = readback.read_back(plan, clients, pool.map)
    account.refuse_if_elsewhere(stack.name, region, plan, read.live[table.TYPE])
    seconds = time.perf_counter() - started
    where = account.where(region, clients)
    return Verification(stack=stack, plan=plan, region=region, where=where, readback=read, seconds=seconds)
