"""The rules, one in each module. A module has a `POLICY`, and a docstring that says what violates it.

A new module in this folder is a new policy.
"""

import pkgutil
from importlib import import_module

from pulumi_policy import EnforcementLevel

RULES = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
LEVEL = EnforcementLevel.MANDATORY
