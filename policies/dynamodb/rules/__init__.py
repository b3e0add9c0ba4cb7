"""One rule a module, each with its `POLICY`, and a docstring that says what fails. A new module is a new policy."""

import pkgutil
from importlib import import_module

from pulumi_policy import EnforcementLevel

RULES = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
LEVEL = EnforcementLevel.MANDATORY
