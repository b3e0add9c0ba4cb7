"""One rule a module, each with its `POLICY`. A new module here is a new policy of the pack."""

import pkgutil
from importlib import import_module

POLICIES = [import_module(f"{__name__}.{module.name}").POLICY for module in pkgutil.iter_modules(__path__)]
