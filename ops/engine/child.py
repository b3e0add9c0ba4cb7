"""Runs a Pulumi program as the CLI does: in a process that talks to an engine over Pulumi's protocol.

`program` starts it. The first line of stdin is a JSON object: the arguments of Pulumi's Settings, `config` and
`secret_keys`.
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
    """Run the program and return its exit code. If it fails, send the error to the engine."""
    settings = json.loads(sys.stdin.readline())
    config, secret_keys = settings.pop("config"), settings.pop("secret_keys")
    os.environ["PULUMI_CONFIG"] = json.dumps(config)
    settings["engine"] = _Engine(settings["engine"])
    pulumi.runtime.set_all_config(config, secret_keys)
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    # As the CLI does. Otherwise asyncio logs every unfinished task of a program that failed.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    directory = Path(settings["root_directory"])
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_InlineExecutor())
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(directory)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception as error:  # noqa: BLE001 - a program may raise anything
        pulumi.log.error(_traceback(error, directory))
    else:
        return 0
    return 1


class _Engine:
    """Sends the program's messages to the engine, except debug messages.

    The SDK logs four of those for each resource, and waits for each.
    """

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each call has types of its own
        return getattr(self._stub, name)

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802 - as Pulumi's protocol has it
        if request.severity > engine_pb2.DEBUG:
            self._stub.Log(request)


class _InlineExecutor(ThreadPoolExecutor):
    """Runs each call immediately, so that resources are registered in the program's order.

    With threads it is slow: each time a registration ends, Pulumi's SDK goes through all outputs that aren't done.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - as declared
        """Call the function, and return a future with its result or exception."""
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the caller gets it from the future
            future.set_exception(error)
        return future


def _run(directory: Path) -> None:
    runpy.run_path(str(directory), run_name="__main__")


def _traceback(error: Exception, directory: Path) -> str:
    """Format an error with only those frames of the traceback that are in the program's own code."""
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
