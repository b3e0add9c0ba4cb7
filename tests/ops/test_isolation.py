"""What a process keeps of its environment, and which connections it may open; conftest.py has isolated this one."""

import os
import socket
from pathlib import Path

import pytest

from ops import isolation


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_WEB_IDENTITY_TOKEN_FILE"),
        *("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"),
        *("PULUMI_ACCESS_TOKEN", "OTEL_EXPORTER_OTLP_ENDPOINT", "TRACEPARENT"),
        *("MOTO_ACCOUNT_ID", "TEST_SERVER_MODE", "INITIAL_NO_AUTH_ACTION_COUNT"),
        *("HTTPS_PROXY", "https_proxy", "all_proxy", "NO_PROXY"),
    ],
)
def test_what_may_lead_to_an_account_is_dropped(monkeypatch, name):
    monkeypatch.setenv(name, "mine")

    assert isolation.environment().get(name) in {None, "testing"}


def test_the_rest_is_kept(monkeypatch):
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "MY_AWS_PROFILE": "a", "PROXY": "b", "GITHUB_SHA": "c"})

    assert isolation.environment() == {
        "PATH": "/bin",
        "MY_AWS_PROFILE": "a",
        "PROXY": "b",
        "GITHUB_SHA": "c",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DATA_PATH": str(Path(isolation.__file__).parent / "aws" / "models"),
    }


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        *((host, True) for host in ("localhost", "127.0.0.1", "127.8.9.1", "::1")),
        *((host, False) for host in ("192.0.2.1", "0.0.0.0", "::2", "localhost.example", "aws.example", "", None)),  # noqa: S104
    ],
)
def test_only_addresses_of_the_loopback_are_here(host, is_here):
    assert isolation.is_loopback(host) is is_here


AWAY = ("192.0.2.1", 53)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda opened: opened.connect(AWAY), id="connect"),
        pytest.param(lambda opened: opened.connect_ex(AWAY), id="connect_ex"),
        pytest.param(lambda opened: opened.sendto(b"x", AWAY), id="sendto"),
        pytest.param(lambda opened: opened.sendmsg([b"x"], [], 0, AWAY), id="sendmsg"),
        pytest.param(lambda _: socket.getaddrinfo("192.0.2.1", 53), id="getaddrinfo"),
        pytest.param(lambda _: socket.gethostbyname("192.0.2.1"), id="gethostbyname"),
        pytest.param(lambda _: socket.gethostbyname_ex("192.0.2.1"), id="gethostbyname_ex"),
        pytest.param(lambda _: socket.gethostbyaddr("192.0.2.1"), id="gethostbyaddr"),
        pytest.param(lambda _: socket.getnameinfo(AWAY, 0), id="getnameinfo"),
    ],
)
def test_nothing_leaves_this_machine(call):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened, pytest.raises(PermissionError) as error:
        call(opened)
    assert str(error.value) == "a rehearsal can't connect to 192.0.2.1: it stays on this machine"


def test_this_machine_may_be_reached(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as opened:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        opened.connect(str(tmp_path / "s"))
        opened.sendmsg([b"x"])
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving,
        socket.socket(type=socket.SOCK_DGRAM) as sending,
    ):
        receiving.bind(("127.0.0.1", 0))
        sending.sendto(b"x", receiving.getsockname())
        sending.connect(receiving.getsockname())
        sending.sendmsg([b"y"])
        assert [receiving.recv(1) for _ in range(2)] == [b"x", b"y"]
    assert socket.getaddrinfo("localhost", 80)
    assert socket.getaddrinfo(None, 80)
