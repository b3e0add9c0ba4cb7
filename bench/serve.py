"""Serves an emulated account that has the generated program's tables: python -m bench.serve TABLES. Prints its URL."""

import sys
import threading

from moto.server import ThreadedMotoServer

from bench.measure import ROOT
from ops import emulator, project
from ops.rehearse import rehearse

emulator.isolate()
stack = project.load(ROOT / "bench/generated", "dev", [f"tables={sys.argv[1]}"])
with emulator.embedded("eu-west-1") as clients:
    rehearse(stack, clients)
    # In the process of the tables: the server answers from the same memory.
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print("http://{}:{}".format(*server.get_host_and_port()), flush=True)  # noqa: T201 - for who started it
    threading.Event().wait()
