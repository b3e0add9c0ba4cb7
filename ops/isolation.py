"""Keeps a process on this machine and away from every account. Needs the standard library alone.

It prevents accidents, and is not a sandbox: C code, and other programs that are started, are not held.
"""

import ipaddress
import os
import sys
from typing import Any

# AWS's own variables; CI's tokens; where Pulumi's and OpenTelemetry's C code sends traces, unseen by Python; what
# changes moto.
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
# moto's own key, which is not one of AWS's.
KEY = "testing"
_SET = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": KEY,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
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
    """Give this process, for good, that environment; a connection that leaves this machine raises PermissionError."""
    kept = environment()
    os.environ.clear()
    os.environ.update(kept)
    guard()


def guard() -> None:
    """Have every connection to anywhere but this machine raise PermissionError, for good."""
    sys.addaudithook(_refuse_to_leave)


def is_loopback(host: object) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_to_leave(event: str, args: tuple[Any, ...]) -> None:
    if event in _CONNECTING:
        # A string is a Unix socket's path, and None the peer that was connected: both stay here.
        host = args[1][0] if isinstance(args[1], tuple) else "localhost"
    elif event in _LOOKING_UP:
        host = (args[0][0] if isinstance(args[0], tuple) else args[0]) or "localhost"
    else:
        return
    if not is_loopback(host):
        raise PermissionError(f"a rehearsal opens no connection to {host}: it stays on this machine")
