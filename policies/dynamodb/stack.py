"""Joins the DynamoDB resources of a stack: each table with its indexes and replicas, in its region.

In a preview, the SDK passes a stack's *outputs*, in which everything that the provider computes is unknown. A value
that is unknown and doesn't come from another resource was not set by the program, so it is missing here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pulumi_policy import PolicyResource, PolicyResourceOptions

from dynamodb.values import UNKNOWN, element, entries, get, plain

TABLE: Final = "aws:dynamodb/table:Table"
TABLE_REPLICA: Final = "aws:dynamodb/tableReplica:TableReplica"
GLOBAL_SECONDARY_INDEX: Final = "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex"
SCALABLE_TARGET: Final = "aws:appautoscaling/target:Target"
SCALING_POLICY: Final = "aws:appautoscaling/policy:Policy"
METRIC_ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
_TYPES: Final = (TABLE, TABLE_REPLICA, GLOBAL_SECONDARY_INDEX, SCALABLE_TARGET, SCALING_POLICY, METRIC_ALARM)
_TABLE_ARN: Final = re.compile(r"arn:[^:]+:dynamodb:([^:]*):[^:]*:table/([^/]+)")
_T = TypeVar("_T")


class _Outputs(Mapping[str, Any]):
    """A resource's outputs, without unknown values that don't come from another resource."""

    def __init__(self, props: Mapping[str, Any], sources: Mapping[str, Any]) -> None:
        self._props, self._sources = props, sources

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        return plain(element(self._props, key), UNKNOWN if key in self._sources else None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._props)

    def __len__(self) -> int:
        return len(self._props)


@dataclass(frozen=True, eq=False)
class StackResource:
    """A resource of a stack. `sources` maps a property to the resources that its value comes from, by URN to type."""

    type: str
    urn: str
    name: str
    props: Mapping[str, Any]
    options: PolicyResourceOptions
    region: str | None
    sources: dict[str, dict[str, str]]

    @property
    def is_deployed(self) -> bool:
        """Whether the properties are those that the provider read, not those that the program declares."""
        return get(self.props, "arn") is not None

    def urns(self, *properties: str) -> list[str]:
        """Return the URNs that the values of these properties come from."""
        return list(dict.fromkeys(urn for name in properties for urn in self.sources.get(name, {})))


@dataclass(frozen=True, eq=False)
class StackTable:
    """A table, with the indexes and replicas that are separate resources."""

    resource: StackResource
    indexes: list[StackResource] = field(default_factory=list)
    replicas: list[StackResource] = field(default_factory=list)

    @property
    def name(self) -> Any:  # noqa: ANN401 - a string, None or Unreadable
        """The physical name."""
        return get(self.resource.props, "name")

    @property
    def label(self) -> str:
        """How messages refer to the table."""
        return f"table {self.name!r}" if isinstance(self.name, str) else "the table"

    @property
    def inline_indexes(self) -> list[tuple[str, Any]]:
        """The path and the value of each index that is declared in the table itself.

        The outputs of a deployed table also have the indexes that are separate resources; those are left out.
        """
        names = [get(index.props, "indexName") for index in self.indexes] if self.resource.is_deployed else []
        separate = [name for name in names if isinstance(name, str)]
        indexes = entries(self.resource.props, "globalSecondaryIndexes")
        return [(path, index) for path, index in indexes if get(index, "name") not in separate]

    @property
    def billing_mode(self) -> Any:  # noqa: ANN401 - a string, None or Unreadable
        """The billing mode. If it is missing, the provider's default, PROVISIONED."""
        mode = get(self.resource.props, "billingMode")
        return "PROVISIONED" if mode is None else mode

    @property
    def replica_regions(self) -> set[Any]:
        """The regions of all replicas; None stands for a region that is not known."""
        inline = (get(replica, "regionName") for _, replica in entries(self.resource.props, "replicas"))
        named = {region if isinstance(region, str) else None for region in inline}
        return named | {replica.region for replica in self.replicas}


class Stack:
    """The resources of a stack for DynamoDB: `tables` with their indexes and replicas, and all `resources` by type.

    Two tables may have the same name in two regions. An index or replica whose table is not in the stack is only in
    `resources`.
    """

    def __init__(self, resources: Iterable[PolicyResource]) -> None:
        """Read and join the resources."""
        self.resources: dict[str, list[StackResource]] = defaultdict(list)
        for resource in resources:
            if resource.resource_type in _TYPES:
                self.resources[resource.resource_type].append(_read(resource))
        self.tables = [StackTable(resource) for resource in self.resources[TABLE]]
        self._by_urn, self._by_name = defaultdict(list), defaultdict(list)
        for table in self.tables:
            if isinstance(table.name, str):
                self._by_name[table.name].append(table)
            # The names of a table and of its indexes may come from another resource, such as a RandomPet.
            for urn in (table.resource.urn, *(table.resource.urns("name") if table.name is UNKNOWN else ())):
                self._by_urn[urn].append(table)
        for index in self.resources[GLOBAL_SECONDARY_INDEX]:
            if table := self.table_of(index):
                table.indexes.append(index)
        for replica in self.resources[TABLE_REPLICA]:
            if table := self.table_of(replica):
                table.replicas.append(replica)

    def table_of(self, resource: StackResource) -> StackTable | None:
        """Return the table of an index or a replica, by the table's name or the resource that the name comes from."""
        key = "globalTableArn" if resource.type == TABLE_REPLICA else "tableName"
        value, region = get(resource.props, key), resource.region
        if value is UNKNOWN:
            return only(table for urn in resource.urns(key) for table in self._by_urn.get(urn, []))
        if resource.type == TABLE_REPLICA:
            arn = _TABLE_ARN.match(str(value))
            value, region = (arn[2], arn[1]) if arn else (None, None)
        candidates = self._by_name.get(value, []) if isinstance(value, str) else []
        return only(table for table in candidates if same_region(table.resource.region, region))


def same_region(one: str | None, other: str | None) -> bool:
    """Return whether two regions may be the same. None stands for a region that is not known."""
    return one == other or one is None or other is None


def only(items: Iterable[_T]) -> _T | None:
    """Return the single item, repeated or not. Return None if there is none or there are different ones."""
    different = list(dict.fromkeys(items))
    return different[0] if len(different) == 1 else None


def table_of_arn(arn: object) -> object:
    """Return the name of the table in an ARN. Return a value that is not the ARN of a table unchanged."""
    match = _TABLE_ARN.match(arn) if isinstance(arn, str) else None
    return match[2] if match else arn


def _read(resource: PolicyResource) -> StackResource:
    sources = {
        name: {source.urn: source.resource_type for source in dependencies}
        for name, dependencies in resource.property_dependencies.items()
        if dependencies
    }
    props = _Outputs(resource.props, sources)
    region = get(props, "region")
    if region is None and resource.provider:
        region = get(resource.provider.props, "region")
    return StackResource(
        type=resource.resource_type,
        urn=resource.urn,
        name=resource.name,
        props=props,
        options=resource.opts,
        region=region if isinstance(region, str) else None,
        sources=sources,
    )
