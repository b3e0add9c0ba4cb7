"""Runs a Pulumi program as the CLI does: a process that speaks to an engine over Pulumi's protocol.

Started by `program`. The first line of stdin is one JSON object: the addresses, and what Pulumi's Settings take.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pulumi.runtime
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


def main() -> int:
    """Run the program; return its exit code. What it fails with goes to the engine, as errors."""
    settings = json.loads(sys.stdin.readline())
    config, secret_keys = settings.pop("config"), settings.pop("secret_keys")
    os.environ["PULUMI_CONFIG"] = json.dumps(config)
    settings["engine"] = _Engine(settings["engine"])
    pulumi.runtime.set_all_config(config, secret_keys)
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    # As the CLI does: asyncio would report every task that a failed program left over.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    directory = Path(settings["root_directory"])
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Inline())
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(directory)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception as error:  # noqa: BLE001 - the engine reports it
        pulumi.log.error(_traceback(error, directory))
    else:
        return 0
    return 1


class _Engine:
    """Sends no debug messages to the engine: the program would wait for four of them for each resource."""

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each call has types of its own
        return getattr(self._stub, name)

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802 - as Pulumi's protocol has it
        if request.severity > engine_pb2.DEBUG:
            self._stub.Log(request)


class _Inline(ThreadPoolExecutor):
    """Registers each resource at once, in the program's order.

    While registrations wait for a thread, Pulumi looks through every outstanding output each time one of them is done.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - as declared
        """Call the function; return what it returned or raised."""
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - its caller gets it
            future.set_exception(error)
        return future


def _run(directory: Path) -> None:
    runpy.run_path(str(directory), run_name="__main__")


def _traceback(error: Exception, directory: Path) -> str:
    """Format an error of the program with the frames of its own code only."""
    prefix = Path(sys.prefix)
    frames = [
        (frame.filename, frame.lineno or 0, frame.name, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(directory) and not Path(frame.filename).is_relative_to(prefix)
    ]
    lines = traceback.StackSummary.from_list(frames).format() + traceback.format_exception_only(error)
    return "the program failed:\n" + "".join(lines).rstrip()


if __name__ == "__main__":
    sys.exit(main())
