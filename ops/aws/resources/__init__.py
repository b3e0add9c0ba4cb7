"""The resource types that ops supports. Each has a module that implements ResourceType."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ops.aws.clients import Clients
from ops.aws.resources import event_source_mapping, metric_alarm, scalable_target, scaling_policy, table
from ops.engine.plan import Registration
from ops.errors import PlanError

# Maps a function over items, perhaps in parallel.
Map = Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]
Inputs = dict[str, Any]


class ResourceType(Protocol):
    """A resource type: how the provider and AWS treat its properties, and functions of its inputs."""

    TYPE: str
    """Pulumi's type token."""
    KIND: str
    """Its name in messages."""
    DEFAULTS: dict[str, Any]
    """The values that AWS uses for properties that aren't declared, by path; `...` accepts any value."""
    REPLACES: set[str]
    """Paths that AWS can't change in place, including everything below them. `[*]` is any item of a list, and "" the
    whole resource."""
    CHECKED: dict[str, Any]
    """The defaults that the provider's Check fills in."""
    OUTPUTS: dict[str, Any]
    """The outputs in a preview where nothing is declared, by path without positions; UNKNOWN if AWS decides."""
    CREATES: set[str]
    """Paths that `create` uses, including everything below them, without positions in lists."""

    def identity(self, inputs: Inputs) -> str:
        """Return a string that identifies the resource among those of its type."""
        ...

    def table_name(self, inputs: Inputs) -> str:
        """Return the name of the table that it belongs to, or ""."""
        ...

    def import_id(self, inputs: Inputs) -> str:
        """Return its id for pulumi import, or "" if the inputs don't have it."""
        ...

    def create(self, clients: Clients, inputs: Inputs) -> tuple[str, Inputs]:
        """Create it. Return its id, and the outputs that are not among its inputs."""
        ...

    def read(self, clients: Clients, tables: Iterable[str], map_: Map, /) -> Iterable[Inputs]:
        """Yield the provider inputs of all such resources of these tables. Those of other tables may be included."""
        ...

    def tolerates(
        self, resource: Registration, path: str, declared: object, live: object, plan: list[Registration], /
    ) -> bool:
        """Return whether a live value is acceptable although it differs from the declared one."""
        ...


MODULES: dict[str, ResourceType] = {
    module.TYPE: module for module in (table, scalable_target, scaling_policy, event_source_mapping, metric_alarm)
}
# Others have such resources on the same tables: other stacks, and Application Auto Scaling, which makes alarms of its
# own. If they are not declared, they are not differences.
SHARED = {event_source_mapping.TYPE, metric_alarm.TYPE}


def module(type_: str) -> ResourceType:
    """Return the module of a resource type. Raises PlanError if there is none."""
    if type_ not in MODULES:
        raise PlanError(
            f"ops can't create {type_}; add a module for it to ops/aws/resources/, and to MODULES in its __init__.py"
        )
    return MODULES[type_]
