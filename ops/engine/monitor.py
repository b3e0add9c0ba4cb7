"""Serves a Pulumi program as the engine does: Pulumi's ResourceMonitor and Engine services, over gRPC."""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from ops.engine.plan import STACK_TYPE, Create, Plan, Registration
from ops.engine.project import Stack
from ops.engine.wire import as_secret, from_wire, redact, secret_paths, to_wire
from ops.errors import PlanError

# The engine's limits. The outputs of ten thousand tables are one message.
_OPTIONS = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", -1)]
# The features for aliases and output values are left out, so that the SDK sends URNs and plain inputs.
_FEATURES = [
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
]


class Monitor(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Records the resources that a program registers, and creates each with `create`, once that future is set.

    `failure` is the first error in this process, and `errors` are the messages of the program's errors. `is_done` is
    true after the program has returned without an error. `on_event` gets the program's new state: runs, creates (a
    resource), is done, or fails.
    """

    def __init__(self, stack: Stack, on_event: Callable[[str], object]) -> None:
        """Serve the program of `stack`."""
        self.plan = Plan()
        self.failure: Exception | None = None
        self.errors: list[str] = []
        self.is_done = False
        self.create: Future[Create] = Future()
        self._stack, self._on_event = stack, on_event
        self._urns: set[str] = set()
        self._root = ""

    def urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN. It has the types of all parents except the stack."""
        parent_type = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if parent_type == STACK_TYPE else f"{parent_type}${type_}"
        return f"urn:pulumi:{self._stack.name}::{self._stack.project}::{qualified}::{name}"

    def GetDeploymentInfo(self, request: object, context: object) -> resource_pb2.DeploymentInfo:
        """Return the features that are served. This is the SDK's first call."""
        self._on_event("runs")
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterResourceResponse:
        """Record and create a resource. After the first failure, abort instead."""
        for option in ("remote", "importId", "transforms"):
            if getattr(request, option):
                self._refuse(f"registers {request.name} with the option {option}", context)
        try:
            if not self.failure:
                return self._register(request)
        except Exception as error:  # noqa: BLE001 - it ends the program; Running.record raises it
            self.failure = error
        finally:
            self._on_event("fails" if self.failure else "runs")
        return context.abort(grpc.StatusCode.ABORTED, "the engine has ended")

    def _register(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        dependencies = {name: list(them.urns) for name, them in request.propertyDependencies.items() if them.urns}
        resource = Registration(
            urn=self.urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=from_wire(request.object),
            secrets=secret_paths(request.object),
            protect=request.protect,
            ignore_changes=list(request.ignoreChanges),
            replace_on_changes=list(request.replaceOnChanges),
            version=request.version,
            dependencies=list(request.dependencies),
            property_dependencies=dependencies,
            provider=self._default_provider(request) if request.custom else None,
            aliases=sorted(request.aliasURNs),
            additional_secret_outputs=list(request.additionalSecretOutputs),
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        )
        if resource.urn in self._urns:
            raise PlanError(f"two resources have the URN {resource.urn}; give them different names")
        self._urns.add(resource.urn)
        create = self.create.result()
        self._on_event("creates")
        id_, computed = create(resource)
        self.plan.resources.append(resource)
        outputs = (resource.inputs if resource.custom else {}) | computed
        # An output is secret if the input of the same name is.
        for name in {path.partition(".")[0] for path in resource.secrets} & outputs.keys():
            outputs[name] = as_secret(outputs[name])
        return resource_pb2.RegisterResourceResponse(urn=resource.urn, id=id_, object=to_wire(outputs))

    def _default_provider(self, request: resource_pb2.RegisterResourceRequest) -> Registration:
        """Return the default provider of a package. There is one for each version, with the stack's configuration."""
        package, version = request.type.partition(":")[0], request.version
        type_, name = f"pulumi:providers:{package}", "_".join(["default", *filter(None, version.split("."))])
        keys = (key.partition(":") for key in self._stack.config)
        config = {key: self._stack.config[f"{package}:{key}"] for namespace, _, key in keys if namespace == package}
        return Registration(
            urn=self.urn("", type_, name),
            type=type_,
            name=name,
            parent="",
            custom=True,
            inputs=config | ({"version": version} if version else {}),
            protect=False,
            ignore_changes=[],
        )

    def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: object
    ) -> empty_pb2.Empty:
        """Record the outputs of a component or of the stack."""
        self.plan.component_outputs[request.urn] = from_wire(request.outputs)
        if request.urn == self.plan.resources[0].urn:
            self.plan.outputs.update(redact(from_wire(request.outputs), secret_paths(request.outputs)))
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: object, context: object) -> empty_pb2.Empty:
        """Record that the program has ended without an error."""
        self.is_done = True
        self._on_event("is done")
        return empty_pb2.Empty()

    def _refuse(self, what: str, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - it never returns
        """Refuse a call that needs the real provider or an existing resource."""
        self.failure = self.failure or PlanError(
            f"the program {what}, which needs the real provider; run pulumi preview"
        )
        self._on_event("fails")
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "a rehearsal has no provider")

    def ReadResource(self, request: resource_pb2.ReadResourceRequest, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
        return self._refuse(f"reads the existing {request.type} {request.id!r}", context)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
        return self._refuse(f"calls the function {request.tok}", context)

    def Call(self, request: resource_pb2.ResourceCallRequest, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
        return self._refuse(f"calls the method {request.tok}", context)

    def RegisterStackTransform(self, request: object, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
        return self._refuse("registers a transform of the stack", context)

    def RegisterResourceHook(self, request: object, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
        return self._refuse("registers a resource hook", context)

    def Log(self, request: engine_pb2.LogRequest, context: object) -> empty_pb2.Empty:
        """Record the errors that the program reports."""
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def GetRootResource(self, request: object, context: object) -> engine_pb2.GetRootResourceResponse:
        """Return the URN of the stack."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(
        self, request: engine_pb2.SetRootResourceRequest, context: object
    ) -> engine_pb2.SetRootResourceResponse:
        """Record the URN of the stack."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()


@contextmanager
def served(monitor: Monitor) -> Generator[str]:
    """Serve a monitor on this machine, and yield its address."""
    # With one thread, resources are created one after the other.
    server = grpc.server(ThreadPoolExecutor(1), options=_OPTIONS)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(monitor, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)
