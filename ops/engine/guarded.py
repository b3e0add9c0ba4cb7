"""Runs Python code in a process that can't connect to other machines, and that ends when its parent does.

The arguments are a file, or -m and a module, and then those of the code. This file needs only the standard library,
because the code may run in a virtual environment with other packages.
"""

import gc
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path


def _end_with(parent: int) -> None:
    """Wait until the parent has ended, then kill this process and its children."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    # Imports make many objects and hardly any garbage.
    gc.set_threshold(100_000)
    runpy.run_path(str(Path(__file__).parents[1] / "isolation.py"))["guard"]()
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    is_module = sys.argv[1] == "-m"
    sys.argv = sys.argv[1 + is_module :]
    sys.path.insert(0, str(Path.cwd()))
    run = runpy.run_module if is_module else runpy.run_path
    run(sys.argv[0], run_name="__main__")
