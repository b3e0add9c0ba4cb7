"""Runs a policy pack as the CLI does: a process of its own, over Pulumi's analyzer protocol."""

import contextlib
import difflib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import grpc
import yaml
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from ops import loopback
from ops.errors import CallError, PlanError
from ops.plan import Plan, Registration, from_wire, to_wire
from ops.project import Stack

_SEVERITIES = {n: name.removeprefix("POLICY_SEVERITY_").lower() for name, n in proto.PolicySeverity.items() if n}
_LEVELS = {name.lower(): number for name, number in proto.EnforcementLevel.items()}
# Seconds that a pack has to start: it imports pulumi, on a machine that may be busy.
_PATIENCE = 30
# Pulumi's own server of a pack, which ends with all its children when this process does, in whatever way.
_SERVER = f"""
import os, runpy, sys, threading
runpy.run_path({loopback.__file__!r})["guard"]()
threading.Thread(target=lambda: (sys.stdin.read(), os.killpg(0, 9)), daemon=True).start()
runpy.run_module("pulumi.policy", run_name="__main__", alter_sys=True)
"""
# As the CLI's: a stack of ten thousand tables is one message.
_CHANNEL = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", -1)]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """What a policy found. `severity` is "" where the policy has none; `remediation` is how to mend it."""

    pack: str
    policy: str
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
    """A policy pack's process, which writes its errors to `log`.

    Its first answer is waited for only when it is first asked something; until then `name` is its folder's.
    """

    directory: Path
    version: str
    config_file: Path | None
    process: subprocess.Popen[str]
    log: IO[str]
    name: str = field(init=False)
    policies: dict[str, proto.PolicyInfo] = field(init=False, default_factory=dict)
    _stub: AnalyzerStub | None = field(init=False, default=None)
    _levels: set[int] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.name = str(self.directory)

    def remediate(self, resource: Registration) -> None:
        """Change the inputs of a resource as the policies at the level `remediate` say: so the provider gets them."""
        stub = self.connect()
        if proto.REMEDIATE not in self._levels:
            return
        response = self._call(stub.Remediate, _request(proto.AnalyzeRequest, resource))
        for change in response.remediations:
            if not change.diagnostic:
                for known, hide in ((resource.inputs, False), (resource.shown, True)):
                    known.clear()
                    known.update(from_wire(change.properties, hide_secrets=hide))

    def analyze(self, resource: Registration) -> Iterator[Violation]:
        """Yield what the pack finds wrong with one resource."""
        response = self._call(self.connect().Analyze, _request(proto.AnalyzeRequest, resource))
        return self._violations(response, resource.urn)

    def analyze_stack(self, plan: Plan) -> Iterator[Violation]:
        """Yield what the pack finds wrong with the whole stack."""
        request = proto.AnalyzeStackRequest(resources=[_stack_resource(resource) for resource in plan.resources])
        return self._violations(self._call(self.connect().AnalyzeStack, request), plan.resources[0].urn)

    def _violations(self, response: proto.AnalyzeResponse, urn: str) -> Iterator[Violation]:
        for found in response.diagnostics:
            policy = self.policies[found.policyName]
            yield Violation(
                pack=self.name,
                policy=found.policyName,
                level=proto.EnforcementLevel.Name(found.enforcementLevel).lower(),
                severity=_SEVERITIES.get(policy.severity, ""),
                urn=found.urn or urn,
                message=found.message,
                remediation=policy.remediation_steps,
            )

    def connect(self) -> AnalyzerStub:
        """Wait until the pack serves, and configure it; once. Raises PlanError."""
        if self._stub is None:
            stub = AnalyzerStub(grpc.insecure_channel(f"127.0.0.1:{self._port()}", options=_CHANNEL))
            info = self._call(stub.GetAnalyzerInfo, empty_pb2.Empty())
            # The SDK of Python packs knows no version of the pack.
            self.name = f"{info.name}@v{self.version or info.version} (local: {self.directory.name})"
            self.policies = {policy.name: policy for policy in info.policies}
            config = configuration(self.policies, self.config_file)
            self._levels = {policy.enforcementLevel for policy in config.values()}
            self._call(stub.Configure, proto.ConfigureAnalyzerRequest(policyConfig=config))
            self._stub = stub
        return self._stub

    def _port(self) -> str:
        """Return the first line of what the pack prints; drop the rest, lest the pack wait for a reader."""
        first: queue.Queue[str] = queue.Queue()

        def drain(out: IO[str]) -> None:
            # A ValueError: the pack is ended, and its output closed.
            with contextlib.suppress(ValueError):
                first.put(out.readline().strip())
                for _ in out:
                    pass

        threading.Thread(target=drain, args=[self.process.stdout], daemon=True).start()
        try:
            line = first.get(timeout=_PATIENCE)
        except queue.Empty:
            what = f"did not serve within {_PATIENCE} s"
            raise self._error(what) from None
        if not line:
            what = "ended before it served"
            raise self._error(what)
        if not (line.isascii() and line.isdecimal()):
            what = f"printed {line[:60]!r} instead of its port"
            raise self._error(what)
        return line

    def _call(self, method: Any, request: Any) -> Any:  # noqa: ANN401 - each method has types of its own
        try:
            return method(request, timeout=600)
        except grpc.RpcError as error:
            raise self._error("failed: " + (error.details() or "no answer")) from None

    def _error(self, what: str) -> PlanError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        self.log.seek(0)
        last = self.log.read().strip().splitlines()[-1:]
        msg = f"the policy pack {self.directory} {what}" + "".join(f"; its last words: {line}" for line in last)
        return PlanError(msg)


@contextlib.contextmanager
def start(directory: Path, config_file: Path | None, stack: Stack) -> Generator[Pack]:
    """Start the pack in `directory`, and end it afterwards.

    Raises CallError where there is no Python policy pack, PlanError for a configuration that doesn't fit the pack (each
    later call does too).
    """
    project, runtime, options = {}, None, {}
    with contextlib.suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
        project = yaml.safe_load((directory / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    if isinstance(project, dict):
        runtime = project.get("runtime")
    if isinstance(runtime, dict):
        runtime, options = runtime.get("name"), runtime.get("options")
    if not isinstance(runtime, str):
        msg = f"{directory} is no policy pack: it has no PulumiPolicy.yaml with a runtime"
        raise CallError(msg)
    if runtime != "python":
        msg = f"{directory} is a policy pack for {runtime}; a rehearsal runs those for python, pulumi preview any"
        raise CallError(msg)
    virtualenv = str(options.get("virtualenv") or "") if isinstance(options, dict) else ""
    python = directory / virtualenv / "bin" / "python"
    environment = os.environ | {
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.name,
        "PULUMI_DRY_RUN": "false",
        "PULUMI_CONFIG": json.dumps(stack.config),
    }
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(
            [python if python.exists() else sys.executable, "-u", "-c", _SERVER, "127.0.0.1:0", "."],
            cwd=directory,
            env=environment,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            errors="replace",
        ) as process,
    ):
        try:
            version = str(project.get("version", ""))
            yield Pack(directory=directory, version=version, config_file=config_file, process=process, log=log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def configuration(policies: dict[str, proto.PolicyInfo], file: Path | None) -> dict[str, proto.PolicyConfig]:
    """Return each policy's level and properties: its own, then of `all`, then of its name in the file, as the CLI does.

    Raises PlanError for a policy, a level or an option that there isn't: the CLI takes those silently.
    """
    given = _read_config(file) if file else {}
    every = given.pop("all", {})
    for option in every:
        _known(option, ["enforcementLevel"], f"{file}: all: there is no option")
    for name in given:
        _known(name, policies, f"{file}: there is no policy")
    config = {}
    for name, policy in policies.items():
        own = given.get(name, {})
        level = own.pop("enforcementLevel", every.get("enforcementLevel"))
        if level is not None:
            _known(level, _LEVELS, f"{file}: {name}: there is no enforcement level")
        schema = json_format.MessageToDict(policy.configSchema.properties)
        for option, value in own.items():
            _known(option, schema, f"{file}: {name}: there is no option")
            _check_option(value, schema[option], f"{file}: {name}: {option}")
        defaults = {option: declared["default"] for option, declared in schema.items() if "default" in declared}
        config[name] = proto.PolicyConfig(
            enforcementLevel=policy.enforcementLevel if level is None else _LEVELS[level],
            properties=to_wire(defaults | own),
        )
    return config


def _read_config(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{file} can't be read: {error}"
        raise CallError(msg) from None
    if not isinstance(content, dict) or not all(isinstance(value, str | dict) for value in content.values()):
        msg = f"{file} must map policies to an enforcement level, or to an object with enforcementLevel and options"
        raise PlanError(msg)
    return {name: {"enforcementLevel": v} if isinstance(v, str) else v for name, v in content.items()}


def _known(name: object, names: Iterable[str], complaint: str) -> None:
    known = list(names)
    if name not in known:
        nearest = [
            f"; the nearest is {found!r}" for found in difflib.get_close_matches(str(name), known, n=1, cutoff=0)
        ]
        msg = f"{complaint} {name!r}" + "".join(nearest)
        raise PlanError(msg)


def _check_option(value: object, declared: dict[str, Any], where: str) -> None:
    from jsonschema import Draft7Validator  # noqa: PLC0415 - slow to import, and few configurations have options

    for error in Draft7Validator(declared).iter_errors(value):
        msg = f"{where}: {error.message}"
        raise PlanError(msg)


def _request(message: Any, resource: Registration, **more: Any) -> Any:  # noqa: ANN401 - one of two messages alike
    return message(
        type=resource.type,
        properties=to_wire(resource.inputs),
        urn=resource.urn,
        name=resource.name,
        options=proto.AnalyzerResourceOptions(
            protect=resource.protect, ignoreChanges=resource.ignore_changes, parent=resource.parent
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
