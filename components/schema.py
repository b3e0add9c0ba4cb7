"""Dataclasses that define tables. They don't need Pulumi.

Every key attribute is a string (`S`), and every index projects all attributes (`ALL`).
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Capacity:
    """Provisioned read and write capacity units of a new table or index. Autoscaling changes them later.

    Raises ValueError for less than 1 unit.
    """

    read: int
    write: int

    def __post_init__(self) -> None:
        if min(self.read, self.write) < 1:
            raise ValueError(f"{self}: provisioned capacity is at least 1 unit")


@dataclass(frozen=True, kw_only=True)
class GlobalSecondaryIndex:
    """A global secondary index. Pulumi's URNs contain `logical_name`, and queries use `name`: never change either."""

    logical_name: str
    name: str
    partition_key: str
    sort_key: str | None = None
    capacity: Capacity | None = None


# The fields that each operation needs, and those that it may have.
_FIELDS = {
    "GetItem": ({"key"}, {"attribute"}),
    "UpdateItem": ({"key", "attribute"}, set()),
    "PutItem": ({"key"}, set()),
    "DeleteItem": ({"key"}, set()),
    "Query": ({"key"}, {"index", "between", "newest_first"}),
    "Scan": ({"filter_by"}, set()),
}


@dataclass(frozen=True, kw_only=True)
class AccessPattern:
    """A query or a write that the application makes.

    It calls the DynamoDB `operation` on the table, or on the index with the logical name `index`. The answer is the
    items that have given values of the attributes `key`, and a value of the attribute `between` in a given range,
    including its bounds. A Scan returns the items with a true attribute `filter_by`. A GetItem returns only `attribute`
    if it is set; an UpdateItem sets it. A PutItem writes the whole item that has the key, and a DeleteItem deletes it.
    `consumers` are the functions that make the call. `note` explains what may surprise a reader. Raises ValueError if a
    field is missing that the operation needs, or set that it doesn't have, or if the consumers are no tuple of names.
    """

    question: str
    operation: Literal["GetItem", "UpdateItem", "PutItem", "DeleteItem", "Query", "Scan"]
    consumers: tuple[str, ...] = ()
    index: str | None = None
    key: tuple[str, ...] = ()
    between: str | None = None
    newest_first: bool = False
    filter_by: str | None = None
    attribute: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        needed, possible = _FIELDS[self.operation]
        given = {name for name, value in vars(self).items() if value} - {"question", "operation", "consumers", "note"}
        if not needed <= given <= needed | possible:
            raise ValueError(f"{self.question!r}: a {self.operation} needs {sorted(needed)}, but has {sorted(given)}")
        if not isinstance(self.consumers, tuple) or len({*self.consumers}) < len(self.consumers):
            raise ValueError(
                f"{self.question!r}: consumers is {self.consumers!r}, but must be a tuple of different function names, "
                "such as ('login_user',)"
            )

    @property
    def key_condition(self) -> str:
        """The KeyConditionExpression. Parameters have the names of their attributes; a range is from :from to :to."""
        conditions = [f"{name} = :{name}" for name in self.key]
        return " AND ".join(conditions + ([f"{self.between} BETWEEN :from AND :to"] if self.between else []))


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table. If `logical_name`, `name` or a key changes, the table is replaced and its items are lost.

    `logical_name` is the name that the table has in Terraform; `<logical_name>_table` is the configuration key of its
    physical name. A table without `capacity` is billed by request; with it, the table and all its indexes are
    provisioned and autoscaled. Add an index at the end of `indexes`; never insert, reorder or remove one (see
    autoscaling.py). `trigger` is the prefix of the configuration keys that name the Lambda function which the stream
    calls with each new item. DynamoDB deletes an item some time after the moment, in seconds since 1970, that its
    attribute `time_to_live` has. Set `retiring` a deployment before you remove the table: it takes the protection off.
    Raises ValueError if the indexes or the trigger contradict the table.
    """

    logical_name: str
    name: str
    partition_key: str
    sort_key: str | None = None
    indexes: tuple[GlobalSecondaryIndex, ...] = ()
    capacity: Capacity | None = None
    stream_view_type: str | None = None
    trigger: str | None = None
    time_to_live: str | None = None
    retiring: bool = False
    access_patterns: tuple[AccessPattern, ...] = ()

    def __post_init__(self) -> None:
        for index in self.indexes:
            if (index.capacity is None) != (self.capacity is None):
                raise ValueError(
                    f"{self.name}, index {index.name}: give the table and all its indexes a capacity, or none of them"
                )
        for names in ([i.name for i in self.indexes], [i.logical_name for i in self.indexes]):
            if len(set(names)) < len(names):
                raise ValueError(f"{self.name}: two indexes have the same name in {names}")
        if self.trigger and not self.stream_view_type:
            raise ValueError(f"{self.name}: the trigger {self.trigger} needs a stream_view_type")

    @property
    def name_key(self) -> str:
        """The configuration key that sets the physical name."""
        return f"{self.logical_name}_table"

    @property
    def key_attributes(self) -> list[str]:
        """The names of all attributes that are a key of the table or of an index, sorted."""
        keys = {key for item in (self, *self.indexes) for key in (item.partition_key, item.sort_key) if key}
        return sorted(keys)


@dataclass(frozen=True)
class Family:
    """Tables that belong together. Pulumi shows them as one component of the type `type`."""

    logical_name: str
    type: str
    tables: tuple[Table, ...]
