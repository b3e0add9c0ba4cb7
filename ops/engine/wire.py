"""Pulumi's wire format: properties to and from protobuf structs, and which of them are secret."""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

# What a secret is shown as.
SECRET: Final = "[secret]"  # noqa: S105 - not a password
# A struct with this key carries a type; with this value of it, a secret (pulumi.runtime.rpc).
SIGNATURE, SECRET_VALUE = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


def to_wire(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Return properties as Pulumi's protocols carry them."""
    message = struct_pb2.Struct()
    message.update(properties)
    return message


def from_wire(message: struct_pb2.Struct) -> dict[str, Any]:
    """Return properties without secret wrappers, and whole numbers as int: on the wire all are double."""
    return _plain(json_format.MessageToDict(message))


def as_secret(value: object) -> dict[str, object]:
    """Return a value as a secret on the wire."""
    return {SIGNATURE: SECRET_VALUE, "value": value}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_VALUE:
            return _plain(value["value"])
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def secret_paths(message: struct_pb2.Struct) -> list[str]:
    """Return the paths of properties that are secret; of a list with a secret in it, the list's own."""
    return list(_secret_paths(json_format.MessageToDict(message), ""))


def _secret_paths(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_VALUE:
            yield path
        else:
            for key in sorted(value):
                yield from _secret_paths(value[key], f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any([*_secret_paths(item, path)] for item in value):
        yield path


def secret_above(path: str, secrets: list[str]) -> str | None:
    """Return the path of the secret that the property at `path` is, or is part of."""
    return next((secret for secret in secrets if f"{path}.".startswith((f"{secret}.", f"{secret}["))), None)


def hide(value: Any, secrets: list[str], path: str = "", *, keep_form: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Return the value of the property at `path` without what is secret of it; with `keep_form` only texts, numbers."""
    is_secret = secret_above(path, secrets)
    if isinstance(value, dict) and (keep_form or not is_secret):
        keys = {key: f"{path}.{key}" if path else key for key in value}
        return {key: hide(value[key], secrets, keys[key], keep_form=keep_form) for key in value}
    if isinstance(value, list) and keep_form:
        return [hide(item, secrets, path, keep_form=True) for item in value]
    return SECRET if is_secret else value
