"""Keeps a process on this machine and away from all accounts. It needs only the standard library.

It prevents accidents, but it is not a sandbox: it doesn't stop C code or other programs that the process starts.
"""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

# Variables of AWS, tokens of CI, the destinations of traces (which C code sends, so Python can't stop it), and options
# of moto.
_DROPPED = (
    "AWS_",
    "ACTIONS_",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "PULUMI_",
    "OTEL_",
    "TRACEPARENT",
    "MOTO_",
    "TEST_SERVER_MODE",
    "INITIAL_NO_AUTH_ACTION_COUNT",
)
# The key that moto's documentation uses. AWS doesn't accept it.
KEY = "testing"
_SET = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": KEY,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # moto makes botocore read its model of EC2, which is large, three times, and uses only the name. This one is empty.
    "AWS_DATA_PATH": str(Path(__file__).parent / "aws" / "models"),
}
_CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOOKING_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}


def environment() -> dict[str, str]:
    """Return this process's environment without credentials, profiles, endpoints, proxies and tracing."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_DROPPED) and not name.lower().endswith("_proxy")
    }
    return kept | _SET


def isolate() -> None:
    """Give this process the environment of `environment`, and guard it. This can't be undone."""
    kept = environment()
    os.environ.clear()
    os.environ.update(kept)
    guard()


def guard() -> None:
    """Make each connection to another machine raise PermissionError. This can't be undone."""
    sys.addaudithook(_refuse_to_leave)


def is_loopback(host: object) -> bool:
    """Return whether a host name or address belongs to this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_to_leave(event: str, args: tuple[Any, ...]) -> None:
    if event in _CONNECTING:
        # A string is the path of a Unix socket, and None means the connected peer. Both are on this machine.
        host = args[1][0] if isinstance(args[1], tuple) else "localhost"
    elif event in _LOOKING_UP:
        host = (args[0][0] if isinstance(args[0], tuple) else args[0]) or "localhost"
    else:
        return
    if not is_loopback(host):
        raise PermissionError(f"a rehearsal can't connect to {host}: it stays on this machine")
