"""AWS clients: how ops reaches an account or an emulator."""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

# From a service's name to its boto3 client, made once.
Clients = Callable[[str], Any]


def host(endpoint_url: str) -> str | None:
    """Return the host of an endpoint's URL, None if it is not such a URL."""
    try:
        parts = urlsplit(endpoint_url)
        is_url = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        return None
    return parts.hostname if is_url else None


def make(session: boto3.Session, config: Config, endpoint_url: str | None = None) -> Clients:
    """Return the clients of a session."""
    return functools.cache(functools.partial(session.client, config=config, endpoint_url=endpoint_url))
