"""What ops can do with each resource type, one module a type.

A module has `TYPE`, Pulumi's type token; `DEFAULTS`, what AWS takes for a property path that isn't declared;
`import_id(inputs)`; `create(clients, inputs)`, which makes the resource and
returns its id and its outputs; and `read(clients, inputs)`, which finds it in the account and returns it as provider
inputs, or None.
"""

from types import ModuleType

from ops.errors import PlanError
from ops.resources import scalable_target, scaling_policy, table

_MODULES: dict[str, ModuleType] = {module.TYPE: module for module in (table, scalable_target, scaling_policy)}


def module(type_: str) -> ModuleType:
    """Return the module of a type. Raises PlanError for a type that has none."""
    if type_ not in _MODULES:
        msg = f"{type_} is a resource type that ops can't create; add a module for it to ops/resources/"
        raise PlanError(msg)
    return _MODULES[type_]
