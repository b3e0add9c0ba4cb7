"""Dataclasses of what a Pulumi program registers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ops.engine.wire import redact

STACK_TYPE: Final = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A resource as the program registered it. `inputs` are in camelCase, and have secrets in plain text.

    `secrets` are the paths of the inputs that are secret. `provider` is the default provider of the type's package, or
    None for a component.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    protect: bool
    ignore_changes: list[str]
    replace_on_changes: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    version: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    provider: "Registration | None" = None
    aliases: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    delete_before_replace: bool | None = None

    @property
    def shown(self) -> dict[str, Any]:
        """The inputs without their secrets."""
        return redact(self.inputs, self.secrets)


@dataclass(frozen=True)
class Plan:
    """The resources that a program registered, in its order and starting with the stack, and the stack's outputs.

    `outputs` are without secrets. `component_outputs` are the outputs of components and of the stack, by URN; in a
    plan that was read from a state, those of all resources. `pending_deletions` are what a state
    still has to delete.
    """

    resources: list[Registration] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    pending_deletions: list[Registration] = field(default_factory=list)


class StopProgram(Exception):  # noqa: N818 - not an error
    """A `Create` raises it to end the program. The plan is what was recorded until then."""


# Creates a resource. Returns its id and the outputs that are not among its inputs; for a component, ("", {}).
Create = Callable[[Registration], tuple[str, dict[str, Any]]]
