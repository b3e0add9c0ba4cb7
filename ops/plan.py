"""Runs a Pulumi program under Pulumi's own mock monitor and records all that it registers."""

import asyncio
import contextlib
import contextvars
import json
import logging
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never
from unittest import mock

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from ops.errors import CallError, PlanError
from ops.project import Stack

# How often a program is told that it must end; a program that catches even that is ended.
_WARNINGS = 3
# The real one: while a program runs, os._exit is another.
_exit = os._exit
SECRET = "[secret]"  # noqa: S105 - what stands for one
STACK_TYPE = "pulumi:pulumi:Stack"
# Pulumi's wire format: a struct with this key carries a type, and with this value a secret.
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource as the program registered it; `inputs` are as the provider gets them, in camelCase.

    `shown` are the inputs without their secrets.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    protect: bool
    ignore_changes: list[str]
    shown: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)


class Stop(Exception):  # noqa: N818 - no error: the run ends here, and what it has recorded is the plan
    """Raised by a `Create` to end the run."""


# Makes a resource and returns its id and output properties; of a component, nothing: ("", {}).
Create = Callable[[Registration], tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Plan:
    """What a program registered, in its order, the stack first; and the outputs of the stack."""

    resources: list[Registration] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)


def record(stack: Stack, create: Create | None = None, patience: float = 30) -> Plan:
    """Run the program of `stack` and return its plan; `create` gets each resource as it is registered.

    Without `create` the program runs as in a preview: outputs are the inputs, and what only AWS knows is unknown.
    Raises PlanError where the program fails, registers one URN twice, or goes on for `patience` seconds without a new
    resource; and what `create` raises, but for Stop. Sets SIGALRM, so it runs on the main thread only.
    """
    # A context of its own: Pulumi's runtime keeps its settings, configuration and root resource in context variables.
    return contextvars.copy_context().run(_record, stack, create, patience)


def _record(stack: Stack, create: Create | None, patience: float) -> Plan:
    if not (stack.directory / "__main__.py").is_file():
        msg = f"no {stack.directory / '__main__.py'}: there is no program to run"
        raise CallError(msg)
    monitor = _Monitor(create or _preview)
    # As the CLI does: a program reads its configuration from here.
    os.environ["PULUMI_CONFIG"] = json.dumps(stack.config)
    pulumi.runtime.set_all_config(stack.config, list(stack.secret_keys))
    pulumi.runtime.settings.reset_options()
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=stack.project,
            stack=stack.name,
            monitor=monitor,
            engine=mocks.MockEngine(logging.getLogger("pulumi")),
            dry_run=create is None,
            organization="organization",
            root_directory=str(stack.directory),
        )
    )
    # As the CLI does: asyncio would report every task that a failed program left over.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        # What the program prints is no part of a command's answer.
        with (
            contextlib.chdir(stack.directory),
            contextlib.redirect_stdout(sys.stderr),
            _contained(),
            _event_loop() as loop,
            _alarm(patience) as monitor.on_progress,
        ):
            loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run_main(stack.directory)))
    except _NoProgressError:
        last = monitor.plan.resources[-1].urn if monitor.plan.resources else "its start"
        msg = (
            f"the program does not end: in {patience:g} s nothing new; an output or a call never returns, after {last}"
        )
        raise PlanError(msg) from None
    except SystemExit as error:
        msg = f"the program ended itself with exit code {error.code}; a Pulumi program returns when it is done"
        raise PlanError(msg) from None
    except pulumi.RunError as error:
        raise PlanError(str(error)) from None
    except Exception as error:
        if isinstance(monitor.failure, Stop):
            return monitor.plan
        raise monitor.failure or PlanError(_traceback(error, stack.directory)) from error
    return monitor.plan


class _Inline(ThreadPoolExecutor):
    """Runs what it is given at once, on the caller's thread.

    So resources are created one after the other, in the program's order. And Pulumi's runtime, which looks through all
    outstanding outputs each time that one is ready, finds most of them ready: with a thread the time was quadratic.
    """

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:  # noqa: ANN401
        """Call the function and return its outcome."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **options))
        except Exception as error:  # noqa: BLE001 - it is the outcome
            future.set_exception(error)
        return future


@contextlib.contextmanager
def _event_loop() -> Generator[asyncio.AbstractEventLoop]:
    """Yield an event loop; afterwards cancel what is left on it."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Inline())
    try:
        yield loop
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=1))
        loop.close()


def _run_main(directory: Path) -> None:
    runpy.run_path(str(directory), run_name="__main__")


def _preview(registration: Registration) -> tuple[str, dict[str, Any]]:
    return "", registration.inputs if registration.custom else {}


class _Monitor(mocks.MockMonitor):
    """Pulumi's mock monitor, but with the engine's URNs, and keeping each registration whole."""

    def __init__(self, create: Create) -> None:
        super().__init__(mocks=None)  # ty: ignore[invalid-argument-type] - what would call it is overridden
        self.plan = Plan()
        self.failure: Exception | None = None
        self.on_progress: Callable[[], object] = lambda: None
        self._create = create
        self._urns: set[str] = set()
        self._pid = os.getpid()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Qualify the type by all its parents' types, except the stack's, as the engine does."""
        parent_type = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if parent_type == STACK_TYPE else f"{parent_type}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{qualified}::{name}"

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Record and create a resource. After the first failure, and in a child process, nothing more is created."""
        if os.getpid() != self._pid:
            _exit(0)
        if self.failure:
            raise self.failure
        try:
            return self._register(request)
        except Exception as error:
            self.failure = error
            raise

    def _register(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        self.on_progress()
        for option in ("remote", "importId"):
            if getattr(request, option):
                self._refuse(f"registers {request.name} with the option {option}")
        registration = Registration(
            urn=self.make_urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=from_wire(request.object),
            shown=from_wire(request.object, hide_secrets=True),
            protect=request.protect,
            ignore_changes=list(request.ignoreChanges),
            version=request.version,
            dependencies=list(request.dependencies),
            property_dependencies={
                k: list(found.urns) for k, found in request.propertyDependencies.items() if found.urns
            },
        )
        if registration.urn in self._urns:
            msg = f"two resources have the URN {registration.urn}; give each of one type and parent its own name"
            raise PlanError(msg)
        self._urns.add(registration.urn)
        id_, outputs = self._create(registration)
        self.plan.resources.append(registration)
        return resource_pb2.RegisterResourceResponse(urn=registration.urn, id=id_, object=to_wire(outputs))

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:
        """Keep the outputs of the stack."""
        if request.urn == self.plan.resources[0].urn:
            self.plan.outputs.update(from_wire(request.outputs, hide_secrets=True))
        return empty_pb2.Empty()

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Never:
        """Refuse: there is nothing in an embedded AWS that the program didn't make."""
        self._refuse(f"reads the existing {request.type} {request.id!r}")

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Never:
        """Refuse: a function's answer would have to be made up."""
        self._refuse(f"calls the function {request.tok}")

    def _refuse(self, what: str) -> Never:
        self.failure = self.failure or PlanError(
            f"the program {what}, which needs the real provider; run pulumi preview"
        )
        raise self.failure


def to_wire(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Return properties as Pulumi's protocols carry them."""
    message = struct_pb2.Struct()
    message.update(properties)
    return message


def from_wire(message: struct_pb2.Struct, *, hide_secrets: bool = False) -> dict[str, Any]:
    """Return properties without secret wrappers, and whole numbers as int: on the wire all are double."""
    return _plain(json_format.MessageToDict(message), hide_secrets=hide_secrets)


def _plain(value: Any, *, hide_secrets: bool) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return SECRET if hide_secrets else _plain(value["value"], hide_secrets=False)
        return {key: _plain(value[key], hide_secrets=hide_secrets) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(item, hide_secrets=hide_secrets) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _NoProgressError(BaseException):
    """Not an Exception: a program that catches everything must not catch this."""


@contextlib.contextmanager
def _contained() -> Generator[None]:
    """Keep a program from ending this process unheard, and a child that it forks from coming back here."""
    pid = os.getpid()

    def refuse(code: int) -> Never:
        if os.getpid() != pid:
            _exit(code)
        raise SystemExit(code)

    try:
        with mock.patch.object(os, "_exit", refuse):
            yield
    finally:
        if os.getpid() != pid:
            _exit(0)


@contextlib.contextmanager
def _alarm(seconds: float) -> Generator[Callable[[], object]]:
    """Raise _NoProgressError on the main thread `seconds` after the start or the last call of what this yields."""
    left = _WARNINGS

    def expire(*_: object) -> Never:
        nonlocal left
        left -= 1
        if not left:
            sys.stderr.write("error: the program does not end, and catches whatever would end it\n")
            _exit(1)
        raise _NoProgressError

    def rearm() -> object:
        # Again each second after the first: asyncio may hold one back as the result of a task.
        return signal.setitimer(signal.ITIMER_REAL, seconds, 1)

    previous = signal.signal(signal.SIGALRM, expire)
    rearm()
    try:
        yield rearm
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _traceback(error: Exception, directory: Path) -> str:
    """Format an error of the program with the frames of its own code only."""
    foreign = (Path(sys.prefix), Path(__file__).parent)
    frames = [
        (frame.filename, frame.lineno or 0, frame.name, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(directory) and not any(map(Path(frame.filename).is_relative_to, foreign))
    ]
    lines = traceback.StackSummary.from_list(frames).format() + traceback.format_exception_only(error)
    return "the program failed:\n" + "".join(lines).rstrip()
