"""Serves an emulated account that has the generated program's tables: python -m bench.serve TABLES. Prints its URL."""

import sys
import threading

from moto.server import ThreadedMotoServer

from bench.measure import ROOT
from ops import isolation
from ops.aws import emulator
from ops.engine import program, project
from ops.rehearse import deploy

isolation.isolate()
stack = project.load(ROOT / "bench/generated", "dev", [f"tables={sys.argv[1]}"])
with program.start(stack) as running, emulator.embedded("eu-west-1") as clients:
    deploy.rehearse(stack, running, clients)
    # In the process of the tables: the server answers from the same memory.
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print("http://{}:{}".format(*server.get_host_and_port()), flush=True)  # noqa: T201 - for who started it
    threading.Event().wait()
