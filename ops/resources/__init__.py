"""What ops can do with each resource type, one module a type.

A module has:
- `TYPE`, Pulumi's type token; `DEFAULTS`, what AWS takes for a property path that isn't declared;
- `import_id(inputs)`, which also tells one live resource from another; `table_name(inputs)`, the table that it is of;
- `create(clients, inputs)`, which makes the resource and returns its id and its outputs;
- `read(clients, tables, each)`, which yields all that the account has of these tables, as provider inputs; `each` maps
  a function over items, perhaps in parallel.
"""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from ops.errors import PlanError
from ops.resources import scalable_target, scaling_policy, table

Each = Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]

MODULES: dict[str, ModuleType] = {module.TYPE: module for module in (table, scalable_target, scaling_policy)}


def module(type_: str) -> ModuleType:
    """Return the module of a type. Raises PlanError for a type that has none."""
    if type_ not in MODULES:
        msg = f"ops can't create {type_}; add a module for it to ops/resources/, and to MODULES in its __init__.py"
        raise PlanError(msg)
    return MODULES[type_]
