"""Runs a program in this process, against the same monitor as a rehearsal's: a process each would take a second."""

import asyncio
import contextlib
import contextvars
import functools
import json
import logging
import os
import pickle
import runpy
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Never
from unittest import mock

import grpc
import pulumi

from components import tables
from components.schema import Family
from ops.aws.clients import Clients
from ops.engine import program, project
from ops.engine.monitor import Monitor
from ops.engine.plan import Create, Plan, Registration, StopProgram
from ops.engine.policy_pack import Pack
from ops.engine.project import Stack
from ops.errors import PlanError
from ops.rehearse import deploy
from ops.rehearse.deploy import Rehearsal

PROJECT = Path(__file__).parents[1]
_OF_TRIGGER = ("function", "failure_destination")
# Each is a plan, pickled: that copies it in a third of the time.
_PREVIEWS: dict[str, bytes] = {}


@functools.cache
def stack(name: str = "prod", *config: str) -> Stack:
    """Return a stack of this project with some configuration: its files are read once."""
    return project.load(PROJECT, name, config)


def registration(type_: str, name: str, urn: str, **more: Any) -> Registration:
    """Return a resource as a program registers it: at the top, custom and not protected, unless `more` says else."""
    usual: dict[str, Any] = {"parent": "", "custom": True, "inputs": {}, "protect": False, "ignore_changes": []}
    return Registration(type=type_, name=name, urn=urn, **usual | more)


class _Ended(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.ABORTED

    def details(self) -> str:
        return "the engine has ended"


class _Context:
    def abort(self, *_: object) -> Never:
        raise _Ended


class _Stub:
    """Calls a monitor as the SDK's gRPC stub does."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __getattr__(self, name: str):
        return lambda request: getattr(self._monitor, name)(request, _Context())


class Running(program.Running):
    """A program that runs in this process, once it is recorded."""

    def __init__(self, stack: Stack, *, dry_run: bool) -> None:
        """Keep what is run."""
        self._stack, self._dry_run = stack, dry_run

    def record(self, create: Create, timeout: float = 0) -> Plan:  # noqa: ARG002 - nothing ends it
        """Return the plan of the program, as program.Running does."""
        # Tests may change their own programs, but not this project's: its preview, in which a lambda makes nothing, is
        # recorded once.
        if self._dry_run and self._stack.directory == PROJECT and getattr(create, "__name__", "") == "<lambda>":
            stack = repr(self._stack)
            if stack not in _PREVIEWS:
                _PREVIEWS[stack] = pickle.dumps(self._record(create))
            return pickle.loads(_PREVIEWS[stack])  # noqa: S301 - of this process
        return self._record(create)

    def _record(self, create: Create) -> Plan:
        # A context of its own: Pulumi's runtime keeps its settings in context variables. A thread of its own: Pulumi reads
        # the source of each frame of the stack, for each registration, and pytest has many.
        context = contextvars.copy_context()
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: context.run(_record, self._stack, create, dry_run=self._dry_run)).result()


@contextlib.contextmanager
def start(stack: Stack, *, dry_run: bool = False) -> Generator[Running]:
    """Stand in for program.start."""
    yield Running(stack, dry_run=dry_run)


def record(stack: Stack, create: Create | None = None) -> Plan:
    """Return the plan of a program; `create` makes each resource, without it is as in a preview."""
    return Running(stack, dry_run=create is None).record(create or (lambda _: ("", {})))


def record_family(family: Family, *config: str) -> Plan:
    """Return the plan of prod with only this family, as in a preview."""
    prod = stack("prod", *config)
    own = {table.name_key for table in family.tables} | {
        f"{table.trigger}_{key}" for table in family.tables for key in _OF_TRIGGER
    }
    # The program would refuse the keys of tables that it doesn't have.
    others = {key for key in prod.config if key.endswith(("_table", *_OF_TRIGGER))} - {f"paypulse:{key}" for key in own}
    known = {key: value for key, value in prod.config.items() if key not in others}
    with mock.patch.multiple(tables, FAMILIES=(family,), TABLES=family.tables):
        # The key of another namespace tells this recording from those of the program as it is.
        return record(replace(prod, config=known | {"test:family": repr(family)}))


def rehearse(stack: Stack, clients: Clients, packs: Sequence[Pack] = (), *, with_drill: bool = False) -> Rehearsal:
    """Rehearse a program in this process."""
    with start(stack) as running:
        return deploy.rehearse(stack, running, clients, packs, with_drill=with_drill)


def _record(stack: Stack, create: Create, *, dry_run: bool) -> Plan:
    monitor = Monitor(stack, lambda _: None)
    monitor.create.set_result(create)
    os.environ["PULUMI_CONFIG"] = json.dumps(stack.config)
    pulumi.runtime.set_all_config(stack.config, sorted(stack.secret_keys))
    pulumi.runtime.settings.reset_options()
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=stack.project,
            stack=stack.name,
            monitor=_Stub(monitor),
            engine=_Stub(monitor),
            dry_run=dry_run,
            organization="organization",
            root_directory=str(stack.directory),
        )
    )

    def run() -> None:
        runpy.run_path(str(stack.directory), run_name="__main__")

    # As in the child: asyncio would report every task that a failed program left over.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    try:
        with contextlib.chdir(stack.directory):
            loop.run_until_complete(pulumi.runtime.run_in_stack(run))
    except Exception as error:  # noqa: BLE001 - whatever a program raises
        if not isinstance(monitor.failure, StopProgram):
            raise monitor.failure or PlanError(str(error)) from None
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    return monitor.plan
