"""The commands of the AWS CLI that the runbooks have, by boto3: python -m tests.engine.aws_cli SERVICE OPERATION --OPTION.

Every option is looked up in botocore's model of the operation: a wrong one is refused, as the real CLI does.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.session import Session


def main(arguments: list[str]) -> None:
    """Run a command, and print its answer."""
    service, operation, *rest = arguments
    client: Any = boto3.client(service)  # ty: ignore[no-matching-overload]
    if operation == "wait":
        _wait(client, service, *rest)
        return
    model = _model(service, operation)
    call, output, query = _read(model, rest)
    if client.can_paginate(xform_name(model.name)) and not {"Limit", "MaxItems"} & call.keys():
        # The CLI reads all pages.
        answer = client.get_paginator(xform_name(model.name)).paginate(**call).build_full_result()
    else:
        answer = getattr(client, xform_name(model.name))(**call)
    answer.pop("ResponseMetadata", None)
    found = jmespath.search(query, answer) if query else answer
    sys.stdout.write(_text(found) if output == "text" else json.dumps(found, indent=4, default=str) + "\n")


def _model(service: str, operation: str) -> OperationModel:
    models = Session().get_service_model(service)
    [name] = [name for name in models.operation_names if xform_name(name, "-") == operation]
    return models.operation_model(name)


def _read(model: OperationModel, arguments: list[str]) -> tuple[dict[str, Any], str, str]:
    """Return the parameters of a call, the output's format, and the query."""
    parser = argparse.ArgumentParser(prog=f"aws {model.name}", allow_abbrev=False)
    parser.add_argument("--output", choices=("json", "text"), default="json")
    parser.add_argument("--query", default="")
    shapes: dict[str, Shape] = model.input_shape.members if model.input_shape else {}
    for name, shape in shapes.items():
        option = xform_name(name, "-")
        if shape.type_name == "boolean":
            group = parser.add_mutually_exclusive_group()
            group.add_argument(f"--{option}", dest=name, action="store_true", default=None)
            group.add_argument(f"--no-{option}", dest=name, action="store_false", default=None)
        else:
            parser.add_argument(f"--{option}", dest=name, nargs="+" if shape.type_name == "list" else None)
    given = vars(parser.parse_args(arguments))
    output, query = given.pop("output"), given.pop("query")
    return {name: _value(shapes[name], value) for name, value in given.items() if value is not None}, output, query


def _value(shape: Shape, given: Any) -> Any:
    if isinstance(given, list):
        [first, *more] = given
        if not more and first.lstrip().startswith("["):
            return json.loads(first)
        return [_value(shape.member, each) for each in given]  # ty: ignore[missing-attribute]
    if given.startswith("file://"):
        given = Path(given.removeprefix("file://")).read_text(encoding="utf-8")
    if shape.type_name in {"structure", "map"}:
        return json.loads(given) if given.lstrip().startswith("{") else _shorthand(shape, given)
    return _scalar(shape, given)


def _shorthand(shape: Shape, given: str) -> dict[str, Any]:
    """Read Key=value,Key=value."""
    pairs = dict(pair.split("=", 1) for pair in given.split(","))
    members: dict[str, Shape] = shape.members  # ty: ignore[missing-attribute]
    return {key: _scalar(members[key], value) for key, value in pairs.items()}


def _scalar(shape: Shape, given: Any) -> Any:
    if shape.type_name in {"integer", "long"}:
        return int(given)
    return {"true": True, "false": False}[given] if shape.type_name == "boolean" and isinstance(given, str) else given


def _wait(client: Any, service: str, name: str, *arguments: str) -> None:
    waiter = client.get_waiter(name.replace("-", "_"))
    call, _, _ = _read(_model(service, xform_name(waiter.config.operation, "-")), list(arguments))
    waiter.wait(**call)


def _text(found: Any) -> str:
    rows = found if isinstance(found, list) and found and isinstance(found[0], list) else [found]
    lines = ("\t".join(map(str, row)) if isinstance(row, list) else f"{row}" for row in rows)
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:])
