"""The answer to a question of a drill, and the conversion of items to and from DynamoDB's form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a question: the operation, the number of calls, and the numbers of items read and returned.

    `problem` is "" if the answer is right and complete.
    """

    question: str
    table: str
    index: str | None = None
    operation: str = ""
    calls: int = 0
    items_read: int = 0
    items_returned: int = 0
    problem: str = ""

    @property
    def where(self) -> str:
        """The table, and the index if one is queried."""
        return f"{self.table}, {self.index}" if self.index else self.table


def to_item(item: dict[str, Any]) -> dict[str, Any]:
    """Convert an item to DynamoDB's form."""
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    """Convert an item from DynamoDB's form."""
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def as_text(item: Mapping[str, Any]) -> str:
    """Return an item as JSON. Equal items give equal JSON."""
    return json.dumps(item, sort_keys=True, default=str)
