"""verify against an emulator that throttles, answers 500, breaks off and lies: never a false "no difference"."""

import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from ops.aws import account, emulator
from ops.errors import PlanError
from ops.verify import verify
from tests import programs
from tests.ops.accounts import ACCOUNT

THROTTLED = (400, b'{"__type": "ThrottlingException", "message": "slow down"}')
FAILED = (500, b'{"__type": "InternalServerError", "message": "try again"}')
BUSY = (503, b"busy")
EMPTY = (200, b"{}")
RUBBISH = (200, b"<html>")
SHARE = 0.1
RUNS = 2


class Moody(ThreadingHTTPServer):
    """Passes calls on to `upstream`, but for a SHARE of them, which it answers by one of `moods`, as `dice` fall."""

    daemon_threads = True

    def __init__(self, upstream, moods, dice):  # noqa: D107
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.moods, self.dice = upstream, moods, dice

    def handle_error(self, request, client_address):
        """Be silent of connections that were broken off on purpose."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format, *args):  # noqa: A002
        """Print nothing."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mood = self.server.dice.choice(self.server.moods) if self.server.dice.random() < SHARE else None
        if mood == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            return
        if mood == "half":
            self.answer(200, b'{"Table": {"TableName"', length=1000)
            self.close_connection = True
            return
        if isinstance(mood, tuple):
            self.answer(*mood)
            return
        with urlopen(Request(self.server.upstream, body, dict(self.headers))) as response:  # noqa: S310 - loopback
            self.answer(response.status, response.read())

    def answer(self, status, body, length=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def upstream():
    """Serve an account in which prod is deployed, but for one thing: Users has lost its deletion protection."""
    with emulator.embedded("eu-west-1") as clients:
        programs.rehearse(programs.stack(), clients)
        clients("dynamodb").update_table(TableName="Users", DeletionProtectionEnabled=False)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        yield "http://{}:{}/".format(*server.get_host_and_port())
        server.stop()


@pytest.fixture
def outcomes(in_process, monkeypatch, upstream):  # noqa: ARG001 - it is enough that it is there
    """Return a function: verify prod RUNS times by an endpoint of these moods; the properties that differ, or why not."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    # As in use, but for the waiting.
    config = account._CONFIG.merge(Config(retries={"mode": "standard", "max_attempts": 5}))  # noqa: SLF001
    monkeypatch.setattr(account, "_CONFIG", config)

    def verified(moods):
        moody = Moody(upstream, moods, random.Random(str(moods)))  # noqa: S311 - no secret
        threading.Thread(target=moody.serve_forever, args=(0.02,), daemon=True).start()
        clients = account.connect(None, "eu-west-1", f"http://127.0.0.1:{moody.server_port}")
        found = []
        for _ in range(RUNS):
            try:
                differences = verify(programs.stack("prod", ACCOUNT), "eu-west-1", clients).drift.differences
                found.append([difference.property for difference in differences])
            except PlanError as error:
                found.append(str(error))
        moody.shutdown()
        moody.server_close()
        return found

    return verified


def test_an_account_that_fails_is_asked_again_until_the_answer_is_right(outcomes):
    found = outcomes([THROTTLED, FAILED, BUSY, "reset", "half"])

    answers = [outcome for outcome in found if not isinstance(outcome, str)]
    assert answers
    assert answers == [["deletionProtectionEnabled"]] * len(answers)


@pytest.mark.parametrize("lie", [EMPTY, RUBBISH], ids=["{}", "<html>"])
def test_an_account_that_lies_is_no_account(outcomes, lie):
    beginning = "the endpoint for eu-west-1 is not AWS: its response has another form: "

    assert [outcome[: len(beginning)] for outcome in outcomes([lie])] == [beginning] * RUNS


def test_a_call_that_never_returns_holds_up_nothing_and_what_waits_is_not_called():
    ends = threading.Event()
    with account.reading("eu-west-1") as pool:
        *calls, waiting = [pool.submit(ends.wait, 20) for _ in range(account.WORKERS + 1)]

    assert [call.done() for call in calls] == [False] * account.WORKERS
    assert waiting.cancelled()
    ends.set()


@pytest.mark.parametrize(
    "code",
    ["UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "InvalidSignatureException"],
)
def test_who_is_not_logged_in_is_told_to_log_in(code):
    with pytest.raises(PlanError) as error, account.reading("eu-west-1"):
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeTable")

    refused = f"An error occurred ({code}) when calling the DescribeTable operation: no"
    assert str(error.value) == f"AWS refuses DescribeTable in eu-west-1: {refused}; log in again"


def test_credentials_and_region_are_those_of_the_profile_and_the_call(monkeypatch, tmp_path):
    (tmp_path / "credentials").write_text(
        "[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key = x\n"
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    def refuse(request, **_):
        raise ConnectionError(request.url, request.headers["Authorization"].decode().partition("/")[0])

    def asked(profile):
        clients = account.connect(profile, "eu-north-1", None)
        clients("dynamodb").meta.events.register("before-send.dynamodb", refuse)
        with pytest.raises(ConnectionError) as error:
            clients("dynamodb").list_tables()
        return error.value.args

    url = "https://dynamodb.eu-north-1.amazonaws.com/"
    assert asked("mine") == (url, "AWS4-HMAC-SHA256 Credential=AKIAMINE")
    assert asked(None) == (url, "AWS4-HMAC-SHA256 Credential=AKIADEFAULT")
