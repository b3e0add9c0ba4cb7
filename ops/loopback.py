"""Keeps a process on this machine. Needs the standard library alone: a policy pack's process runs it too."""

import ipaddress
import sys
from typing import Any

_CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOOKING_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}


def guard() -> None:
    """Have every connection to anywhere but this machine raise PermissionError, for good.

    It prevents accidents, and is no sandbox: C code, and other programs that are started, are not held.
    """
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
        msg = f"a rehearsal opens no connection to {host}: it stays on this machine"
        raise PermissionError(msg)
