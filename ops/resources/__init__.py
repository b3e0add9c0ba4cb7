"""What ops can do with each resource type, one module a type.

A module has:
- `TYPE`, Pulumi's type token; `DEFAULTS`, what AWS takes for a property path that isn't declared, `...` for whatever;
- `identity(inputs)`, which tells one resource from another; `table_name(inputs)`, the table that it is of;
- `import_id(inputs)`, by which Pulumi imports it, "" where the inputs don't tell;
- `create(clients, inputs)`, which makes the resource and returns its id and its outputs;
- `read(clients, tables, each)`, which yields all that the account has of these tables, and perhaps of others, as
  provider inputs; `each` maps a function over items, perhaps in parallel.
"""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from ops.errors import PlanError
from ops.resources import event_source_mapping, scalable_target, scaling_policy, table

Each = Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]

MODULES: dict[str, ModuleType] = {
    module.TYPE: module for module in (table, scalable_target, scaling_policy, event_source_mapping)
}
# Of these others may have some on the same tables: what isn't declared is nobody's business here.
SHARED = {event_source_mapping.TYPE}


def module(type_: str) -> ModuleType:
    """Return the module of a type. Raises PlanError for a type that has none."""
    if type_ not in MODULES:
        msg = f"ops can't create {type_}; add a module for it to ops/resources/, and to MODULES in its __init__.py"
        raise PlanError(msg)
    return MODULES[type_]
