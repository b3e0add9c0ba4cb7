"""What a table is, as frozen data that doesn't need Pulumi.

Every key attribute is a string (`S`), every index projects all attributes (`ALL`).
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Capacity:
    """Provisioned read and write capacity units that a table or index is created with; autoscaling moves them.

    Raises ValueError for less than 1.
    """

    read: int
    write: int

    def __post_init__(self) -> None:
        if min(self.read, self.write) < 1:
            raise ValueError(f"{self}: provisioned capacity is at least 1 unit")


@dataclass(frozen=True, kw_only=True)
class GlobalSecondaryIndex:
    """An index. `logical_name` is part of Pulumi's URNs, `name` is what queries use: neither may ever change."""

    logical_name: str
    name: str
    partition_key: str
    sort_key: str | None = None
    capacity: Capacity | None = None


# The fields that each operation needs, and the ones that it may have.
_FIELDS = {
    "GetItem": ({"key"}, {"attribute"}),
    "UpdateItem": ({"key", "attribute"}, set()),
    "Query": ({"key"}, {"index", "between", "newest_first"}),
    "Scan": ({"filter_by"}, set()),
}


@dataclass(frozen=True, kw_only=True)
class AccessPattern:
    """A query that the application runs: the DynamoDB `operation`, and the key that it finds the answer with.

    It runs on the table, or on the index with the logical name `index`. The answer is the items with given values of
    the attributes `key`, and with a value of the attribute `between` in a given range, bounds included. A Scan returns
    the items whose attribute `filter_by` is true. `attribute` is the one that a GetItem returns or an UpdateItem sets.
    `note` says why, where a reader would ask. Raises ValueError for a field that the operation lacks or doesn't have.
    """

    question: str
    operation: Literal["GetItem", "UpdateItem", "Query", "Scan"]
    index: str | None = None
    key: tuple[str, ...] = ()
    between: str | None = None
    newest_first: bool = False
    filter_by: str | None = None
    attribute: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        needed, possible = _FIELDS[self.operation]
        given = {name for name, value in vars(self).items() if value} - {"question", "operation", "note"}
        if not needed <= given <= needed | possible:
            raise ValueError(f"{self.question!r}: a {self.operation} needs {sorted(needed)}, but has {sorted(given)}")

    @property
    def key_condition(self) -> str:
        """The condition as a DynamoDB expression. Parameters are named by their attributes; a range is :from to :to."""
        conditions = [f"{name} = :{name}" for name in self.key]
        return " AND ".join(conditions + ([f"{self.between} BETWEEN :from AND :to"] if self.between else []))


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table. A change of `logical_name`, `name` or a key replaces the table, and its items are lost.

    `logical_name` is the owners' Terraform name; the configuration key of the physical name is `<logical_name>_table`.
    `capacity` None means billing by request; otherwise the table and all its indexes are provisioned and autoscaled.
    `indexes` are in the order of their deployment: append behind, never insert, reorder or remove (see autoscaling.py).
    `trigger` is the Lambda function that the stream calls with each new item, and the start of its configuration keys.
    Raises ValueError where the indexes, or the trigger, contradict the table.
    """

    logical_name: str
    name: str
    partition_key: str
    sort_key: str | None = None
    indexes: tuple[GlobalSecondaryIndex, ...] = ()
    capacity: Capacity | None = None
    stream_view_type: str | None = None
    trigger: str | None = None
    access_patterns: tuple[AccessPattern, ...] = ()

    def __post_init__(self) -> None:
        for index in self.indexes:
            if (index.capacity is None) != (self.capacity is None):
                raise ValueError(
                    f"{self.name}, index {index.name}: an index is billed as its table is, with a capacity or without"
                )
        for names in ([i.name for i in self.indexes], [i.logical_name for i in self.indexes]):
            if len(set(names)) < len(names):
                raise ValueError(f"{self.name}: two indexes have one name in {names}")
        if self.trigger and not self.stream_view_type:
            raise ValueError(f"{self.name}: the trigger {self.trigger} needs a stream_view_type")

    @property
    def name_key(self) -> str:
        """Configuration key that sets the physical name."""
        return f"{self.logical_name}_table"

    @property
    def key_attributes(self) -> list[str]:
        """Names of all attributes that are a key of the table or of an index, sorted."""
        keys = {key for item in (self, *self.indexes) for key in (item.partition_key, item.sort_key) if key}
        return sorted(keys)


@dataclass(frozen=True)
class Family:
    """Tables that belong together, shown as one component of Pulumi type `type`."""

    logical_name: str
    type: str
    tables: tuple[Table, ...]
