"""A stand-in for Pulumi's AWS plugin: its provider protocol, over boto3, for the resource types of this program.

As the real one: a change of a name or a key replaces, of anything else updates in place; preview calls no AWS; read
answers with inputs, so that refresh and import work. Endpoint and credentials come from the environment.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import grpc
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from ops import clients, readback, resources
from ops.plan import from_wire, to_wire
from ops.resources import event_source_mapping, scalable_target, scaling_policy, table

aws = clients.make(boto3.Session(), Config(retries={"mode": "standard"}))
scaling = aws("application-autoscaling")
dynamodb = aws("dynamodb")

# What the real plugin can only change by a new resource (ForceNew in terraform-provider-aws).
_DIMENSION = {"serviceNamespace", "resourceId", "scalableDimension"}
REPLACES = {
    table.TYPE: {"name", "hashKey", "rangeKey", "localSecondaryIndexes"},
    scalable_target.TYPE: _DIMENSION,
    scaling_policy.TYPE: _DIMENSION | {"name"},
    event_source_mapping.TYPE: {"eventSourceArn", "startingPosition"},
}


def update_table(olds: dict[str, Any], news: dict[str, Any]) -> None:
    """Bring a table from its old to its new inputs, one call for each thing that changed."""
    name, changed = news["name"], changes(olds, news)
    if "tags" in changed:
        arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
        dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": k, "Value": v} for k, v in news.get("tags", {}).items()])
    if "pointInTimeRecovery" in changed:
        recovery = news.get("pointInTimeRecovery", {})
        specification = {"PointInTimeRecoveryEnabled": recovery.get("enabled", False)}
        if recovery.get("enabled"):
            specification["RecoveryPeriodInDays"] = recovery.get("recoveryPeriodInDays", 35)
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)
    if "deletionProtectionEnabled" in changed:
        protected = news.get("deletionProtectionEnabled", False)
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=protected)
    if "serverSideEncryption" in changed:
        # moto answers, but drops it.
        enabled = news.get("serverSideEncryption", {}).get("enabled", False)
        dynamodb.update_table(TableName=name, SSESpecification={"Enabled": enabled})
    if changed & {"readCapacity", "writeCapacity"}:
        units = {"ReadCapacityUnits": news["readCapacity"], "WriteCapacityUnits": news["writeCapacity"]}
        dynamodb.update_table(TableName=name, ProvisionedThroughput=units)
    unknown = changed - {"tags", "pointInTimeRecovery", "deletionProtectionEnabled", "serverSideEncryption"}
    if unknown - {"readCapacity", "writeCapacity"}:
        message = f"the stand-in can't update {unknown}"
        raise LookupError(message)


def delete(type_: str, inputs: dict[str, Any]) -> None:
    """Delete a resource as the real plugin does."""
    dimension = {
        "ServiceNamespace": inputs.get("serviceNamespace"),
        "ResourceId": inputs.get("resourceId"),
        "ScalableDimension": inputs.get("scalableDimension"),
    }
    if type_ == table.TYPE:
        dynamodb.delete_table(TableName=inputs["name"])
    elif type_ == scalable_target.TYPE:
        scaling.deregister_scalable_target(**dimension)
    elif type_ == event_source_mapping.TYPE:
        aws("lambda").delete_event_source_mapping(UUID=inputs["uuid"])
    else:
        scaling.delete_scaling_policy(PolicyName=inputs["name"], **dimension)


def find(type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
    """Return a resource as it is live: what the inputs name, or, to import one, the import id."""
    module = resources.module(type_)
    for live in module.read(aws, dynamodb.list_tables()["TableNames"], map):
        if (module.identity(live) == module.identity(inputs)) if inputs else (module.import_id(live) == id_):
            return without_absent(live)
    return None


def changes(olds: dict[str, Any], news: dict[str, Any]) -> set[str]:
    """Return the top-level inputs that differ."""
    return {path.split(".")[0].split("[")[0] for path, old, new in readback.compare(olds, news) if old != new}


def without_absent(value: Any) -> Any:
    """Return live inputs without what isn't there, as the real plugin reads them."""
    if isinstance(value, dict):
        found = {key: without_absent(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item not in (None, {}, [], False, 0)}
    return [without_absent(item) for item in value] if isinstance(value, list) else value


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="7.51.1")

    def GetSchema(self, request, context):
        return provider_pb2.GetSchemaResponse(schema='{"name": "aws", "version": "7.51.1"}')

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        olds, news = from_wire(request.old_inputs), from_wire(request.news)
        changed = changes(olds, news)
        replaces = changed & REPLACES[request.type]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted(changed),
            replaces=sorted(replaces),
            deleteBeforeReplace=bool(replaces) and olds.get("name") == news.get("name"),
        )

    def Create(self, request, context):
        inputs = from_wire(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_wire(inputs))
        id_, outputs = resources.module(request.type).create(aws, inputs)
        return provider_pb2.CreateResponse(id=id_, properties=to_wire(outputs))

    def Read(self, request, context):
        live = find(request.type, request.id, from_wire(request.inputs))
        if live is None:
            return provider_pb2.ReadResponse()
        id_ = live.get("uuid") or live.get("name") or live["resourceId"]
        outputs = {**from_wire(request.properties), **live}
        if request.type == table.TYPE:
            outputs["arn"] = dynamodb.describe_table(TableName=live["name"])["Table"]["TableArn"]
        defaults = resources.module(request.type).DEFAULTS
        inputs = {key: value for key, value in live.items() if defaults.get(key) is not ...}
        return provider_pb2.ReadResponse(id=id_, inputs=to_wire(inputs), properties=to_wire(outputs))

    def Update(self, request, context):
        olds, news = from_wire(request.old_inputs), from_wire(request.news)
        if not request.preview:
            if request.type == table.TYPE:
                update_table(olds, news)
            else:
                resources.module(request.type).create(aws, news)
        return provider_pb2.UpdateResponse(properties=to_wire({**from_wire(request.olds), **news}))

    def Delete(self, request, context):
        delete(request.type, from_wire(request.properties))
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()


class Errors(grpc.ServerInterceptor):
    """Answers an error of AWS with its words, as the real plugin does."""

    def intercept_service(self, continuation: Callable, handler_call_details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(handler_call_details)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return handler.unary_unary(request, context)
            except (BotoCoreError, ClientError, LookupError) as error:
                context.abort(grpc.StatusCode.UNKNOWN, str(error))

        return grpc.unary_unary_rpc_method_handler(handle, handler.request_deserializer, handler.response_serializer)


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=4), interceptors=[Errors()])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
