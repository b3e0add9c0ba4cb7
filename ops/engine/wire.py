"""Pulumi's wire format: converts properties to and from protobuf structs, and finds the secrets in them."""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

# Shown instead of a secret.
SECRET: Final = "[secret]"  # noqa: S105 - not a password
# A struct with the key SIGNATURE has a special type. With the value SECRET_VALUE, it is a secret (pulumi.runtime.rpc).
SIGNATURE, SECRET_VALUE = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


def to_wire(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Convert properties to a protobuf struct."""
    message = struct_pb2.Struct()
    message.update(properties)
    return message


def from_wire(message: struct_pb2.Struct) -> dict[str, Any]:
    """Convert a struct to properties, without wrappers of secrets. Whole numbers become int; structs have doubles."""
    return _plain(json_format.MessageToDict(message))


def as_secret(value: object) -> dict[str, object]:
    """Wrap a value as a secret."""
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
    """Return the paths of the secret properties. A list that contains a secret counts as secret."""
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
    """Return the path of the secret that the property at `path` is or belongs to."""
    return next((secret for secret in secrets if f"{path}.".startswith((f"{secret}.", f"{secret}["))), None)


def redact(value: Any, secrets: list[str], path: str = "", *, keep_form: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Replace the secrets in the value of the property at `path`.

    With `keep_form`, secret objects and lists stay, and the values in them are replaced.
    """
    is_secret = secret_above(path, secrets)
    if isinstance(value, dict) and (keep_form or not is_secret):
        keys = {key: f"{path}.{key}" if path else key for key in value}
        return {key: redact(value[key], secrets, keys[key], keep_form=keep_form) for key in value}
    if isinstance(value, list) and keep_form:
        return [redact(item, secrets, path, keep_form=True) for item in value]
    return SECRET if is_secret else value
