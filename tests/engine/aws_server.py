"""Serves an emulated AWS account, by moto, and keeps a log of what is asked of it: python -m tests.engine.aws_server LOG.

Prints its URL. LOG gets one JSON line for each call: service, operation and parameters.
"""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

# What the real plugin asks and moto doesn't know, and the answers: moto keeps no tags of these.
_MISSING = {
    "application-autoscaling (List|Un)?[Tt]ag(sFor)?Resource": '{"Tags": {}}',
    "lambda GET /2017-03-31/tags/.*event-source-mapping.*": '{"Tags": {}}',
}


class Account:
    """moto's WSGI application, logged; it answers what moto doesn't."""

    def __init__(self, log: Path) -> None:
        """Write the calls to `log`."""
        self._moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        service, operation, parameters = _call(environ, body)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"service": service, "operation": operation, "parameters": parameters}) + "\n")
        for call, answer in _MISSING.items():
            if re.fullmatch(call, f"{service} {operation}"):
                start_response("200 OK", [("Content-Type", "application/json")])
                return [answer.encode()]
        answer = self._moto(environ | {"wsgi.input": io.BytesIO(body)}, start_response)
        if operation in {"UpdateTable", "RestoreTableToPointInTime"}:
            _correct(parameters)
        return answer


def _correct(parameters: dict[str, Any]) -> None:
    """Do what moto forgets: streams that are off, encryption that is new, how a restored table is billed."""
    for account in get_backend("dynamodb").values():
        for tables in (backend.tables for backend in account.values()):
            for table in tables.values():
                if not (table.stream_specification or {}).get("StreamEnabled"):
                    table.stream_shard = table.latest_stream_label = None
            table = tables.get(parameters.get("TableName", ""))
            if table and "SSESpecification" in parameters:
                key = table._get_default_encryption_key(table.account_id, table.region_name)  # noqa: SLF001 - as it makes one
                table.sse_specification = {"KMSMasterKeyId": key} | parameters["SSESpecification"]
            if restored := tables.get(parameters.get("TargetTableName", "")):
                restored.billing_mode = tables[parameters["SourceTableName"]].billing_mode


def _call(environ: WSGIEnvironment, body: bytes) -> tuple[str, str, dict[str, Any]]:
    """Return a request's service, operation and parameters, in each of the protocols that AWS has for them; in CBOR without parameters."""
    service = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    name = service[1] if service else ""
    if operation := re.fullmatch("/service/.+/operation/(.+)", environ["PATH_INFO"]):
        return name, operation[1], {}
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return name, target.rpartition(".")[2], json.loads(body or b"{}")
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        return name, form["Action"], form
    return name, f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", {"body": body.decode()}


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, Account(Path(sys.argv[1])), threaded=True)
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()
