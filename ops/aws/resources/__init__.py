"""What ops can do with each resource type: one module a type, of the form of ResourceType."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ops.aws.clients import Clients
from ops.aws.resources import event_source_mapping, scalable_target, scaling_policy, table
from ops.engine.plan import Registration
from ops.errors import PlanError

# Maps a function over items, perhaps in parallel.
Each = Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]
Inputs = dict[str, Any]


class ResourceType(Protocol):
    """A resource type: data on how the provider and AWS treat its properties, and functions of its inputs."""

    TYPE: str
    """Pulumi's type token."""
    KIND: str
    """What a person calls it."""
    DEFAULTS: dict[str, Any]
    """What AWS takes for a property that isn't declared, by path; `...` where that may be anything."""
    REPLACES: set[str]
    """Paths that AWS can't change in place, with all below them; `[*]` is any item of a list, "" the whole."""
    CHECKED: dict[str, Any]
    """What the provider's Check fills in where it isn't declared."""
    OUTPUTS: dict[str, Any]
    """What a preview answers where nothing is set, by path without positions: UNKNOWN for what AWS fills in."""
    CREATES: set[str]
    """Paths that `create` uses, with all below them, without the positions in lists."""

    def identity(self, inputs: Inputs) -> str:
        """Return what tells one resource from another."""
        ...

    def table_name(self, inputs: Inputs) -> str:
        """Return the name of the table that it belongs to, "" for none."""
        ...

    def import_id(self, inputs: Inputs) -> str:
        """Return the id by which Pulumi imports it, "" if the inputs don't say."""
        ...

    def create(self, clients: Clients, inputs: Inputs) -> tuple[str, Inputs]:
        """Create it; return its id and the outputs that are not its inputs."""
        ...

    def read(self, clients: Clients, tables: Iterable[str], each: Each, /) -> Iterable[Inputs]:
        """Yield all that the account has of these tables, and perhaps of others, as provider inputs."""
        ...

    def tolerates(
        self, resource: Registration, path: str, declared: object, live: object, plan: list[Registration], /
    ) -> bool:
        """Tell whether a value that differs from the declared one is still as the plan wants it."""
        ...


MODULES: dict[str, ResourceType] = {
    module.TYPE: module for module in (table, scalable_target, scaling_policy, event_source_mapping)
}
# Others may have some of these on the same tables: those that aren't declared are not ours.
SHARED = {event_source_mapping.TYPE}


def module(type_: str) -> ResourceType:
    """Return the module of a type. Raises PlanError for a type that has none."""
    if type_ not in MODULES:
        raise PlanError(
            f"ops can't create {type_}; add a module for it to ops/aws/resources/, and to MODULES in its __init__.py"
        )
    return MODULES[type_]
