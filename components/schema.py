"""What a table is, as frozen data that needs no Pulumi.

Every key attribute is a string (`S`), every index projects all attributes (`ALL`).
"""

from dataclasses import dataclass


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


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table. A change of `logical_name`, `name` or a key replaces the table, and its items are lost.

    `logical_name` is the owners' Terraform name; the configuration key of the physical name is `<logical_name>_table`.
    `capacity` None means billing by request; otherwise the table and all its indexes are provisioned and autoscaled.
    Raises ValueError where the indexes contradict the table.
    """

    logical_name: str
    name: str
    partition_key: str
    sort_key: str | None = None
    indexes: tuple[GlobalSecondaryIndex, ...] = ()
    capacity: Capacity | None = None
    stream_view_type: str | None = None

    def __post_init__(self) -> None:
        for index in self.indexes:
            if (index.capacity is None) != (self.capacity is None):
                msg = f"{self.name}, index {index.name}: an index is billed as its table is, with a capacity or without"
                raise ValueError(msg)
        for names in ([i.name for i in self.indexes], [i.logical_name for i in self.indexes]):
            if len(set(names)) < len(names):
                msg = f"{self.name}: two indexes have one name in {names}"
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
