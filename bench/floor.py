"""The least that does what a rehearsal does: python bench/floor.py RECORDING PACK, without a line of the project's.

It imports the same libraries, registers the recorded resources under Pulumi's MockMonitor, makes the recorded calls to
moto, and has the policy pack of the folder PACK, which should be empty, analyze every resource and the stack.
"""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

recording, pack_folder = sys.argv[1:]
process = subprocess.Popen(
    [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."],
    cwd=pack_folder,
    stdout=subprocess.PIPE,
    text=True,
)

# ruff: noqa: E402, F401 - as a rehearsal does: the pack starts before all else; every library that one imports
import boto3
import grpc
import pulumi
import pulumi_aws.appautoscaling
import pulumi_aws.dynamodb
import rich.console
import rich.status
import rich.table
import yaml
from botocore.config import Config
from google.protobuf import empty_pb2, struct_pb2
from moto import mock_aws
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import analyzer_pb2
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

resources, calls = pickle.loads(Path(recording).read_bytes())  # noqa: S301 - this benchmark's own


class Echo(Mocks):
    """Gives each resource its inputs for outputs."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Return an id and the inputs."""
        return args.name, args.inputs

    def call(self, args: MockCallArgs) -> Any:
        """Refuse: the program calls no function."""
        raise NotImplementedError(args.token)


class Component(pulumi.ComponentResource):
    """A component of any type."""


def program() -> None:
    """Register every recorded resource."""
    for resource in resources[1:]:
        if resource["custom"]:
            pulumi.CustomResource(resource["type"], resource["name"], resource["inputs"])
        else:
            Component(resource["type"], resource["name"])


def analyze() -> None:
    """Have the pack judge every resource, and the stack."""
    port = process.stdout.readline().strip() if process.stdout else ""
    stub = AnalyzerStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
    stub.GetAnalyzerInfo(empty_pb2.Empty())
    stub.Configure(analyzer_pb2.ConfigureAnalyzerRequest())
    everything: list[Any] = []
    for resource in resources:
        properties = struct_pb2.Struct()
        properties.update(resource["inputs"])
        known: dict[str, Any] = {
            "type": resource["type"],
            "urn": resource["urn"],
            "name": resource["name"],
            "properties": properties,
        }
        stub.Analyze(analyzer_pb2.AnalyzeRequest(**known))
        everything.append(analyzer_pb2.AnalyzerResource(**known))
    stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=everything))


def replay() -> None:
    """Make every recorded call; what an answer gave, such as a stream's ARN, the next calls get as it is now."""
    session = boto3.Session("testing", "testing", region_name="eu-west-1")
    config = Config(retries={"total_max_attempts": 1}, account_id_endpoint_mode="disabled")
    clients: dict[str, Any] = {}
    now: dict[str, str] = {}
    for service, operation, parameters, recorded in calls:
        if service not in clients:
            clients[service] = session.client(service, config=config)
        response = clients[service]._make_api_call(operation, renewed(parameters, now))  # noqa: SLF001
        now |= {before: after for before, after in strings(recorded, response) if before != after}


def strings(before: Any, after: Any) -> Any:
    """Yield each string of an answer with the one in its place in another answer."""
    if isinstance(before, dict):
        for key in before.keys() & after.keys() - {"ResponseMetadata"}:
            yield from strings(before[key], after[key])
    elif isinstance(before, list):
        for old, new in zip(before, after, strict=False):
            yield from strings(old, new)
    elif isinstance(before, str):
        yield before, after


def renewed(value: Any, now: dict[str, str]) -> Any:
    """Return parameters with strings of recorded answers as they are now."""
    if isinstance(value, dict):
        return {key: renewed(item, now) for key, item in value.items()}
    if isinstance(value, list):
        return [renewed(item, now) for item in value]
    return now.get(value, value) if isinstance(value, str) else value


set_mocks(Echo(), "paypulse", "prod", preview=False)
pulumi.runtime.test(program)()
with mock_aws():
    replay()
analyze()
process.kill()
print(json.dumps(resources, indent=2), flush=True)  # noqa: T201
# As the command does: to take the interpreter down would take longer.
os._exit(0)
