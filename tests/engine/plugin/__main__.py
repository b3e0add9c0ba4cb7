"""Serves a stand-in for Pulumi's AWS plugin: `pulumi-resource-aws` beside this folder starts it.

It behaves as the real one, and knows nothing of ops/. Endpoint and credentials come from the environment. What only the
real one can make, it refuses.
"""

import functools
import hashlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.engine.plugin import aws, bridge, schema
from tests.engine.plugin.aws import Properties
from tests.engine.plugin.bridge import DEFAULTS, UNKNOWN, without_defaults

TYPES = {
    "aws:dynamodb/table:Table": (schema.TABLE, aws.Table),
    "aws:appautoscaling/target:Target": (schema.TARGET, aws.Target),
    "aws:appautoscaling/policy:Policy": (schema.POLICY, aws.Policy),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (schema.MAPPING, aws.Mapping),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (schema.ALARM, aws.Alarm),
}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's provider protocol."""

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="7.51.1")

    def GetSchema(self, request, context):
        return provider_pb2.GetSchemaResponse(schema='{"name": "aws", "version": "7.51.1"}')

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        config = from_wire(request.args)
        self.region = config["region"]
        clients = functools.cache(functools.partial(boto3.client, region_name=self.region))
        sts = boto3.client("sts", region_name=self.region)
        account, allowed = sts.get_caller_identity()["Account"], config.get("allowedAccountIds", "[]")
        if json.loads(allowed) and account not in json.loads(allowed):
            message = f"AWS account ID not allowed: {account}"
            raise ValueError(message)
        self.apis: dict[str, aws.Api] = {type_: api(clients) for type_, (_, api) in TYPES.items()}
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(self, request, context):
        olds, news = from_wire(request.olds), without_defaults(from_wire(request.news))
        type_, _ = TYPES[request.type]
        if reasons := list(bridge.refusals(type_.properties, news)):
            failures = [provider_pb2.CheckFailure(reason=reason) for reason in reasons]
            return provider_pb2.CheckResponse(failures=failures)
        inputs = bridge.with_defaults(type_.properties, news, olds)
        if type_.names and "name" not in inputs:
            suffix = hashlib.sha256(request.randomSeed).hexdigest()[:7]
            inputs["name"] = olds["name"] if "name" in olds.get(DEFAULTS, []) else f"{request.name}-{suffix}"
            inputs[DEFAULTS].append("name")
        inputs[DEFAULTS].sort()
        inputs.setdefault("region", self.region)
        if "tagsAll" in type_.properties:
            inputs["tagsAll"] = inputs.get("tags", {})
        return provider_pb2.CheckResponse(inputs=to_wire(inputs))

    def Diff(self, request, context):
        type_, api = self._of(request)
        state, news = from_wire(request.olds), without_defaults(from_wire(request.news))
        api.refuse(news, state)
        changed = bridge.changed(type_, state, news)
        forced = {name for name, property_ in type_.properties.items() if property_.replaces}
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted(changed),
            replaces=sorted(changed & forced),
            stables=sorted(forced - changed),
            deleteBeforeReplace=bool(changed & forced) and state.get("name") == news.get("name"),
        )

    def Create(self, request, context):
        type_, api = self._of(request)
        inputs = without_defaults(from_wire(request.properties))
        api.refuse(inputs, {})
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_wire(bridge.planned(type_.properties, None, inputs)))
        state = self._state(request, api.create(inputs)) or {}
        return provider_pb2.CreateResponse(id=state["id"], properties=to_wire(state))

    def Read(self, request, context):
        type_, api = self._of(request)
        known = from_wire(request.properties)
        state = self._state(request, known or api.locate(request.id))
        if state is None:
            return provider_pb2.ReadResponse()
        olds, properties = from_wire(request.inputs), type_.properties
        inputs = bridge.refreshed(olds, state) if known else bridge.imported(properties, state)
        return provider_pb2.ReadResponse(id=state["id"], inputs=to_wire(inputs), properties=to_wire(state))

    def Update(self, request, context):
        type_, api = self._of(request)
        state, news = from_wire(request.olds), without_defaults(from_wire(request.news))
        changed = bridge.changed(type_, state, news)
        planned = bridge.planned(type_.properties, state, news) | dict.fromkeys(type_.renews.values(), UNKNOWN)
        outputs = bridge.whole(type_.properties, state) | {key: planned[key] for key in changed}
        if not request.preview:
            api.update(state, bridge.known(outputs), changed)
            outputs = self._state(request, state) or {}
        return provider_pb2.UpdateResponse(properties=to_wire(outputs))

    def Delete(self, request, context):
        _, api = self._of(request)
        api.delete(from_wire(request.properties))
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def _of(self, request: Any) -> tuple[schema.Type, aws.Api]:
        return TYPES[request.type][0], self.apis[request.type]

    def _state(self, request: Any, known: Properties) -> Properties | None:
        """Return the whole state of what is live."""
        type_, api = self._of(request)
        live = api.read(known)
        return bridge.whole(type_.properties, live | {"region": self.region}) if live else None


def from_wire(message: struct_pb2.Struct) -> Properties:
    """Return properties with whole numbers as int: on the wire all are double."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if item is not None}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return plain(json_format.MessageToDict(message))


def to_wire(properties: Properties) -> struct_pb2.Struct:
    return json_format.ParseDict(properties, struct_pb2.Struct())


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
