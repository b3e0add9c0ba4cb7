"""What a table is, as frozen data that needs no Pulumi.

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
            msg = f"{self}: provisioned capacity is at least 1 unit"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class GlobalSecondaryIndex:
    """An index. `logical_name` is part of Pulumi's URNs, `name` is what queries use: neither may ever change."""

    logical_name: str
    name: str
    partition_key: str
    sort_key: str | None = None
    capacity: Capacity | None = None


# What an access pattern of each operation must say, and what it may.
_TAKES = {
    "GetItem": ({"equal"}, {"attribute"}),
    "UpdateItem": ({"equal", "attribute"}, set()),
    "Query": ({"equal"}, {"index", "between", "newest_first"}),
    "Scan": ({"only"}, set()),
}


@dataclass(frozen=True, kw_only=True)
class AccessPattern:
    """A question that is asked of a table: the DynamoDB `operation`, and the key that finds the answer.

    The operation is of the table, or of the index with the logical name `index`. The answer is the items with given
    values of the attributes `equal`, and a value of `between` in a given range, bounds included; of these, a Scan
    returns the ones whose attribute `only` is true. `attribute` is the one that a GetItem returns or an UpdateItem
    sets. `note` says why, where a reader would ask. Raises ValueError for what the operation lacks or doesn't take.
    """

    question: str
    operation: Literal["GetItem", "UpdateItem", "Query", "Scan"]
    index: str | None = None
    equal: tuple[str, ...] = ()
    between: str | None = None
    newest_first: bool = False
    only: str | None = None
    attribute: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        needed, possible = _TAKES[self.operation]
        given = {name for name, value in vars(self).items() if value} - {"question", "operation", "note"}
        if not needed <= given <= needed | possible:
            msg = f"{self.question!r}: a {self.operation} needs {sorted(needed)}, and has {sorted(given)}"
            raise ValueError(msg)

    @property
    def key_condition(self) -> str:
        """The condition as a DynamoDB expression: parameters by their attributes' names, of a range :from and :to."""
        conditions = [f"{name} = :{name}" for name in self.equal]
        return " AND ".join(conditions + ([f"{self.between} BETWEEN :from AND :to"] if self.between else []))


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table. A change of `logical_name`, `name` or a key replaces the table, and its items are lost.

    `logical_name` is the owners' Terraform name; the configuration key of the physical name is `<logical_name>_table`.
    `capacity` None means billing by request; otherwise the table and all its indexes are provisioned and autoscaled.
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
                msg = f"{self.name}, index {index.name}: an index is billed as its table is, with a capacity or without"
                raise ValueError(msg)
        for names in ([i.name for i in self.indexes], [i.logical_name for i in self.indexes]):
            if len(set(names)) < len(names):
                msg = f"{self.name}: two indexes have one name in {names}"
                raise ValueError(msg)
        if self.trigger and not self.stream_view_type:
            msg = f"{self.name}: the trigger {self.trigger} needs a stream_view_type"
            raise ValueError(msg)

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
