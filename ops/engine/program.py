"""Runs a Pulumi program in its own process, as the CLI does, and records what it registers."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops import isolation
from ops.engine.plan import Create, Plan, StopProgram
from ops.engine.project import Stack
from ops.errors import CallError, PlanError

if TYPE_CHECKING:
    from ops.engine.monitor import Monitor

# Seconds that a program may run without registering a new resource.
TIMEOUT = 30
_HERE = Path(__file__).parent


@contextlib.contextmanager
def start(stack: Stack, *, dry_run: bool = False) -> Generator["Running"]:
    """Start the program of `stack`, and end it and its children afterwards.

    It waits at its first resource until `Running.record` is called. Raises CallError if the stack's folder has no
    program.
    """
    if not (stack.directory / "__main__.py").is_file():
        raise CallError(f"no {stack.directory / '__main__.py'}: there is no program to run")
    # The program's output goes to stderr, because it is not part of a command's output.
    stderr = 2
    with guarded(str(_HERE / "child.py"), cwd=stack.directory, stdin=subprocess.PIPE, stdout=stderr) as process:
        from ops.engine.monitor import Monitor, served  # noqa: PLC0415 - slow to import, while the process starts

        events: queue.Queue[str] = queue.Queue()
        monitor = Monitor(stack, events.put)
        with served(monitor) as address:
            settings = {
                "project": stack.project,
                "stack": stack.name,
                "monitor": address,
                "engine": address,
                "dry_run": dry_run,
                "organization": "organization",
                "root_directory": str(stack.directory),
                "config": stack.config,
                "secret_keys": sorted(stack.secret_keys),
            }
            # Closed afterwards, as by the CLI, so that a program that reads stdin doesn't wait.
            with contextlib.suppress(BrokenPipeError), process.stdin or contextlib.nullcontext() as stdin:
                print(json.dumps(settings), file=stdin)
            threading.Thread(target=lambda: events.put(f"ended with {process.wait()}"), daemon=True).start()
            try:
                yield Running(process, monitor, events)
            finally:
                # Before its engine is gone: it would report that.
                _kill(process)
                # If nothing was recorded, a registration may still wait for it, and its thread would keep this process.
                monitor.create.cancel()


class Running:
    """A running program."""

    def __init__(self, process: "subprocess.Popen[str]", monitor: "Monitor", events: "queue.Queue[str]") -> None:
        """Take the process, the monitor that serves it, and the events of both."""
        self._process, self._monitor, self._events = process, monitor, events

    def record(self, create: Create, timeout: float = TIMEOUT) -> Plan:
        """Return the plan of the program. `create` creates the resources, one after the other.

        Raises PlanError if the program fails, registers a URN twice, or runs for `timeout` seconds without registering
        a new resource. Also raises what `create` raises, except StopProgram.
        """
        monitor = self._monitor
        monitor.create.set_result(create)
        # The seconds that each state may last. `create` has its own timeouts.
        state, seconds = "starts", {"starts": TIMEOUT, "runs": timeout, "creates": None, "is done": TIMEOUT}
        while state in seconds and not monitor.failure:
            try:
                state = self._events.get(timeout=seconds[state])
            except queue.Empty:
                last = monitor.plan.resources[-1].urn if monitor.plan.resources else "its start"
                raise PlanError(
                    f"the program doesn't end: it did nothing new in {seconds[state]:g} s after {last}; "
                    "an output or a call never returns"
                ) from None
        if isinstance(monitor.failure, StopProgram):
            return monitor.plan
        if monitor.failure:
            raise monitor.failure
        if monitor.errors:
            raise PlanError(monitor.errors[-1])
        if not monitor.is_done:
            code = self._process.returncode
            how = f"exited with code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
            raise PlanError(f"the program {how}; a Pulumi program must return when it is done")
        return monitor.plan


@contextlib.contextmanager
def guarded(
    *arguments: str,
    env: dict[str, str] | None = None,
    python: Path | str = sys.executable,
    **options: Any,  # noqa: ANN401 - what subprocess.Popen takes
) -> Generator["subprocess.Popen[str]"]:
    """Run Python code in a process that can't connect to other machines, and kill it and its children afterwards.

    `arguments` are a file, or -m and a module, and then those of the code. The environment of the process has no
    credentials, and has `env` in addition.
    """
    command = [python, "-u", "-P", str(_HERE / "guarded.py"), *arguments]
    environment = isolation.environment() | {"GRPC_VERBOSITY": "NONE"} | (env or {})
    with subprocess.Popen(command, env=environment, text=True, start_new_session=True, **options) as process:  # noqa: S603 - the caller's code
        try:
            yield process
        finally:
            _kill(process)


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process that `guarded` started, and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def preview(stack: Stack, timeout: float = TIMEOUT) -> Plan:
    """Run the program of `stack` as in a preview: outputs are the inputs, and values that only AWS knows are unknown.

    Raises what `start` and `Running.record` raise.
    """
    with start(stack, dry_run=True) as running:
        return running.record(lambda _: ("", {}), timeout)
