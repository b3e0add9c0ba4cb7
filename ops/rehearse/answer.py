"""How a question was answered, and items as DynamoDB carries them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a question was answered: by how many calls of which operation, which read how many items.

    `problem` is "" where the answer is right and complete.
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
        """The table, and the index if it is asked."""
        return f"{self.table}, {self.index}" if self.index else self.table


def to_item(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item with each value as DynamoDB carries it."""
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item that DynamoDB answered with."""
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def as_text(item: Mapping[str, Any]) -> str:
    """Return JSON that is the same for equal items."""
    return json.dumps(item, sort_keys=True, default=str)
