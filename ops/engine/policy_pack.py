"""Runs a policy pack as the CLI does: in its own process, over Pulumi's analyzer protocol."""

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import grpc
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from ops.engine.plan import Plan, Registration
from ops.engine.policy_config import configuration
from ops.engine.program import guarded
from ops.engine.project import Stack
from ops.engine.wire import from_wire, to_wire
from ops.errors import CallError, PlanError

_SEVERITIES = {n: name.removeprefix("POLICY_SEVERITY_").lower() for name, n in proto.PolicySeverity.items() if n}
# Seconds to wait for the start of a pack. It imports pulumi, perhaps on a busy machine.
TIMEOUT = 30
# Seconds to wait for a pack that has failed to end, and to say why.
ENDING = 1
# The CLI's limits. A stack of ten thousand tables is one message.
_CHANNEL = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", -1)]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A violation of a policy. `severity` is "" if the policy has none.

    `description` tells what the policy requires, and `remediation` how to fix the violation.
    """

    pack: str
    policy: str
    description: str
    level: str
    severity: str
    urn: str
    message: str
    remediation: str

    @property
    def is_mandatory(self) -> bool:
        """Whether it stops a deployment."""
        return self.level == "mandatory"


@dataclass(eq=False, kw_only=True)
class Pack:
    """A policy pack's process. `log` is its stderr.

    It starts in the background, and the first call waits for it. Until then, `name` is the path of its folder. It has
    `timeout` seconds to start, and `ending` seconds to end by itself once something has failed.
    """

    directory: Path
    version: str
    config_file: Path | None
    process: subprocess.Popen[str]
    log: IO[str]
    timeout: float = TIMEOUT
    ending: float = ENDING
    name: str = field(init=False)
    policies: dict[str, proto.PolicyInfo] = field(init=False, default_factory=dict)
    _stub: AnalyzerStub | None = field(init=False, default=None)
    _levels: set[int] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.name = str(self.directory)

    def remediate(self, resource: Registration) -> None:
        """Change the inputs of a resource in place, by the policies at the level `remediate`."""
        stub = self.connect()
        if proto.REMEDIATE not in self._levels:
            return
        response = self._call(stub.Remediate, _request(proto.AnalyzeRequest, resource, resource.inputs))
        for change in response.remediations:
            if not change.diagnostic:
                resource.inputs.clear()
                resource.inputs.update(from_wire(change.properties))

    def analyze(self, resource: Registration) -> Iterator[Violation]:
        """Yield the violations of one resource."""
        response = self._call(self.connect().Analyze, _request(proto.AnalyzeRequest, resource))
        return self._violations(response, resource.urn)

    def analyze_stack(self, plan: Plan) -> Iterator[Violation]:
        """Yield the violations of the whole stack."""
        request = proto.AnalyzeStackRequest(resources=[_stack_resource(resource) for resource in plan.resources])
        return self._violations(self._call(self.connect().AnalyzeStack, request), plan.resources[0].urn)

    def _violations(self, response: proto.AnalyzeResponse, urn: str) -> Iterator[Violation]:
        for diagnostic in response.diagnostics:
            policy = self.policies[diagnostic.policyName]
            yield Violation(
                pack=self.name,
                policy=diagnostic.policyName,
                description=policy.description,
                level=proto.EnforcementLevel.Name(diagnostic.enforcementLevel).lower(),
                severity=_SEVERITIES.get(policy.severity, ""),
                urn=diagnostic.urn or urn,
                message=diagnostic.message,
                remediation=policy.remediation_steps,
            )

    def connect(self) -> AnalyzerStub:
        """Wait until the pack serves, and configure it. Later calls return immediately. Raises PlanError."""
        if self._stub is None:
            stub = AnalyzerStub(grpc.insecure_channel(f"127.0.0.1:{self._port()}", options=_CHANNEL))
            info = self._call(stub.GetAnalyzerInfo, empty_pb2.Empty())
            # Every pack in Python reports 0.0.1. As in the CLI, the version in PulumiPolicy.yaml counts before it.
            self.name = f"{info.name}@v{self.version or info.version} (local: {self.directory.name})"
            self.policies = {policy.name: policy for policy in info.policies}
            config = configuration(self.policies, self.config_file)
            self._levels = {policy.enforcementLevel for policy in config.values()}
            self._call(stub.Configure, proto.ConfigureAnalyzerRequest(policyConfig=config))
            self._stub = stub
        return self._stub

    def _port(self) -> str:
        """Return the first line that the pack prints, and discard the others so that the pack is never blocked."""
        first: queue.Queue[str] = queue.Queue()

        def drain(out: IO[str]) -> None:
            # Reading raises ValueError after the pack has ended and its output is closed.
            with contextlib.suppress(ValueError):
                first.put(out.readline().strip())
                for _ in out:
                    pass

        threading.Thread(target=drain, args=[self.process.stdout], daemon=True).start()
        try:
            line = first.get(timeout=self.timeout)
        except queue.Empty:
            raise self._error(f"did not serve within {self.timeout:g} s") from None
        if not line:
            raise self._error("ended before it served")
        if not (line.isascii() and line.isdecimal()):
            raise self._error(f"printed {line[:60]!r} instead of its port")
        return line

    def _call(self, method: Any, request: Any) -> Any:  # noqa: ANN401 - each method has types of its own
        try:
            return method(request, timeout=600)
        except grpc.RpcError as error:
            raise self._error("failed: " + (error.details() or "no answer")) from None

    def _error(self, what: str) -> PlanError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=self.ending)
        self.log.seek(0)
        last = self.log.read().strip().splitlines()[-1:]
        msg = f"the policy pack {self.directory} {what}" + "".join(f"; last line of stderr: {line}" for line in last)
        return PlanError(msg)


@contextlib.contextmanager
def start(
    directory: Path, config_file: Path | None, stack: Stack, *, timeout: float = TIMEOUT, ending: float = ENDING
) -> Generator[Pack]:
    """Start the pack in `directory`, and end it afterwards.

    Raises CallError if the folder is not a Python policy pack. Calls of the pack raise PlanError if it fails, or if the
    configuration doesn't fit it.
    """
    project, runtime, options = {}, None, {}
    with contextlib.suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
        project = yaml.safe_load((directory / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    if isinstance(project, dict):
        runtime = project.get("runtime")
    if isinstance(runtime, dict):
        runtime, options = runtime.get("name"), runtime.get("options")
    if not isinstance(runtime, str):
        raise CallError(f"{directory} is not a policy pack: it has no PulumiPolicy.yaml with a runtime")
    if runtime != "python":
        raise CallError(
            f"{directory} is a policy pack for {runtime}; a rehearsal runs only packs for python, pulumi preview any"
        )
    virtualenv = str(options.get("virtualenv") or "") if isinstance(options, dict) else ""
    python = directory / virtualenv / "bin" / "python"
    environment = {
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.name,
        "PULUMI_DRY_RUN": "false",
        "PULUMI_CONFIG": json.dumps(stack.config),
    }
    arguments = ("-m", "pulumi.policy", "127.0.0.1:0", ".")
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
        guarded(
            *arguments,
            python=python if python.exists() else sys.executable,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            errors="replace",
        ) as process,
    ):
        version = str(project.get("version", ""))
        yield Pack(
            directory=directory,
            version=version,
            config_file=config_file,
            process=process,
            log=log,
            timeout=timeout,
            ending=ending,
        )


def _request(message: Any, resource: Registration, properties: dict[str, Any] | None = None, **more: Any) -> Any:  # noqa: ANN401 - two messages with the same fields
    """Return a message about a resource. Its properties are by default the inputs without the provider's own keys."""
    visible = {key: value for key, value in resource.inputs.items() if not key.startswith("__")}
    provider = resource.provider
    return message(
        type=resource.type,
        properties=to_wire(visible if properties is None else properties),
        urn=resource.urn,
        name=resource.name,
        options=proto.AnalyzerResourceOptions(
            protect=resource.protect,
            ignoreChanges=resource.ignore_changes,
            deleteBeforeReplace=bool(resource.delete_before_replace),
            deleteBeforeReplaceDefined=resource.delete_before_replace is not None,
            additionalSecretOutputs=resource.additional_secret_outputs,
            aliases=resource.aliases,
            parent=resource.parent,
        ),
        provider=provider
        and proto.AnalyzerProviderResource(
            type=provider.type, properties=to_wire(provider.inputs), urn=provider.urn, name=provider.name
        ),
        **more,
    )


def _stack_resource(resource: Registration) -> proto.AnalyzerResource:
    dependencies = {
        key: proto.AnalyzerPropertyDependencies(urns=urns) for key, urns in resource.property_dependencies.items()
    }
    return _request(
        proto.AnalyzerResource,
        resource,
        parent=resource.parent,
        dependencies=resource.dependencies,
        propertyDependencies=dependencies,
    )
