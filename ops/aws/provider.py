"""Stands in for the AWS provider: makes the inputs and the outputs that policy packs get from it in a preview."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from ops.aws import resources
from ops.engine.plan import Registration
from ops.errors import PlanError

_DEFAULTS = "__defaults"
# Maps of strings. Check adds no `__defaults` to them.
_MAPS = {"tags", "tagsAll", "dimensions"}


def effective_inputs(resource: Registration) -> dict[str, Any]:
    """Return the inputs with which a resource is created and compared.

    A resource without a name gets one, as the provider does it. The stack's own region is left out.
    """
    inputs = {key: value for key, value in resource.inputs.items() if (key, value) not in _region(resource).items()}
    if "name" not in resources.module(resource.type).CREATES:
        return inputs
    return {"name": f"{resource.name}-{hashlib.sha256(resource.urn.encode()).hexdigest()[:7]}", **inputs}


def with_unknowns(resource: Registration, computed: dict[str, list[str]]) -> Registration:
    """Return a resource as it is in a preview: values that AWS made for other resources are unknown.

    `computed` maps the URNs of those resources to such values.
    """
    inputs = dict(resource.inputs)
    for key in resource.property_dependencies.keys() & inputs.keys():
        texts = [text for urn in resource.property_dependencies[key] for text in computed.get(urn, [])]
        inputs[key] = mask(inputs[key], texts)
    return replace(resource, inputs=inputs)


def mask(value: Any, texts: list[str]) -> Any:  # noqa: ANN401 - JSON values
    """Replace every string that contains one of `texts` with UNKNOWN."""
    if isinstance(value, dict):
        return {key: mask(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [mask(item, texts) for item in value]
    return UNKNOWN if isinstance(value, str) and any(text in value for text in texts) else value


def filled(resource: Registration) -> dict[str, Any]:
    """Return the inputs of a resource, with those that the provider fills in."""
    module, inputs = resources.module(resource.type), effective_inputs(resource)
    tags = {"tagsAll": inputs.get("tags", {})} if "tagsAll" in module.OUTPUTS else {}
    return {**module.CHECKED, **_region(resource), **tags, **inputs}


def check(resource: Registration) -> Registration:
    """Return a resource as the provider's Check does: with defaults, and with `__defaults` in every object."""
    marked = {key: value if key in _MAPS else _add_defaults(value) for key, value in filled(resource).items()}
    defaults = (effective_inputs(resource) | resources.module(resource.type).CHECKED).keys() - resource.inputs.keys()
    return replace(resource, inputs=marked | {_DEFAULTS: sorted(defaults)})


def undo_check(resource: Registration, seen: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a resource with the changes that a remediation made to the inputs from Check.

    `seen` are the inputs before the remediation, and `changed` those after it.
    """
    kept = {key: resource.inputs[key] for key in resource.inputs if key in changed}
    return kept | {key: _drop_defaults(value) for key, value in changed.items() if value != seen.get(key)}


def preview(resource: Registration) -> Registration:
    """Return a resource with the outputs that a preview has for it: values that only AWS knows are unknown."""
    module, outputs = resources.module(resource.type), _drop_defaults(filled(resource))
    for path, value in module.OUTPUTS.items():
        *parents, key = path.split(".")
        items = [outputs]
        for parent in parents:
            children = [item.get(parent) for item in items]
            items = [item for child in children for item in (child if isinstance(child, list) else [child])]
            items = [item for item in items if isinstance(item, dict)]
        for item in items:
            if item.get(key) in (None, "", [], {}, module.CHECKED.get(path)):
                item[key] = value
    return replace(resource, inputs=outputs)


def refuse_unsupported(resource: Registration) -> None:
    """Raise PlanError for inputs that `create` doesn't use, because the comparison would show them as differences."""
    module = resources.module(resource.type)
    unused = dict.fromkeys(
        path
        for path, value in _leaves(effective_inputs(resource))
        if not any(f"{path}.".startswith(f"{used}.") for used in module.CREATES) and module.CHECKED.get(path) != value
    )
    if unused:
        what = f"ops/aws/resources doesn't create {', '.join(unused)}"
        raise PlanError(f"{resource.urn} can't be rehearsed: {what}; run pulumi preview")


def _region(resource: Registration) -> dict[str, Any]:
    configured = resource.provider.inputs if resource.provider else {}
    return {key: value for key, value in configured.items() if key == "region"}


def _add_defaults(value: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(value, dict):
        return {_DEFAULTS: [], **{key: _add_defaults(item) for key, item in value.items()}}
    return [_add_defaults(item) for item in value] if isinstance(value, list) else value


def _drop_defaults(value: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(value, dict):
        return {key: _drop_defaults(item) for key, item in value.items() if key != _DEFAULTS}
    return [_drop_defaults(item) for item in value] if isinstance(value, list) else value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON values
    """Yield the path, without positions in lists, and the value of each input that isn't missing."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, path)
    elif value:
        yield path, value
