"""The scalable targets and scaling policies of a stack, joined to the tables and indexes that they scale.

A target finds its table or index by its resource id. Where that is not known until deployment, it is the table or index
that the id comes from. A scaling policy finds its target likewise.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from dynamodb.stack import SCALABLE_TARGET, SCALING_POLICY, Stack, StackResource, StackTable, same_region
from dynamodb.values import MALFORMED, UNKNOWN, Unreadable, get

ACCESSES: Final = ("Read", "Write")
_DIMENSION: Final = re.compile(r"dynamodb:(table|index):(Read|Write)CapacityUnits")
RESOURCE_ID: Final = re.compile(r"table/([^/]+)(/index/[^/]+)?")


@dataclass(frozen=True, eq=False)
class Scalable:
    """A table or an index of it, in the table's region or in a replica's.

    `standalone` is an index that is a resource of its own.
    """

    table: StackTable
    region: str | None
    is_replica: bool
    index: Any = None
    standalone: StackResource | None = None
    targets: dict[str, list["Target"]] = field(default_factory=lambda: {access: [] for access in ACCESSES})

    @property
    def kind(self) -> str:
        """Either table or index."""
        return "table" if self.index is None else "index"

    @property
    def resource_id(self) -> str | None:
        """None while a name in it is not known."""
        names = [self.table.name] if self.index is None else [self.table.name, self.index]
        return "table/" + "/index/".join(names) if all(isinstance(name, str) for name in names) else None

    @property
    def part(self) -> str:
        """Which part of its table it is, in a message."""
        if self.index is None:
            return "the table"
        return f"index {self.index!r}" if isinstance(self.index, str) else "an index"

    @property
    def label(self) -> str:
        """What it is, in a message."""
        return self.table.label if self.index is None else f"{self.part} of {self.table.label}"


@dataclass(eq=False)
class Scaler:
    """A scalable target or a scaling policy: a resource, and what it says that it scales.

    `kind` is table or index, `access` Read or Write, each "" where the dimension doesn't say.
    """

    resource: StackResource
    resource_id: Any = field(init=False)
    dimension: Any = field(init=False)
    kind: str = field(init=False, default="")
    access: str = field(init=False, default="")

    def __post_init__(self) -> None:
        """Read the resource id and the dimension."""
        self.resource_id, self.dimension = (
            value if isinstance(value, str | Unreadable | None) else MALFORMED
            for value in (get(self.resource.props, key) for key in ("resourceId", "scalableDimension"))
        )
        if match := _DIMENSION.fullmatch(str(self.dimension)):
            self.kind, self.access = match[1], match[2]

    @property
    def namespace(self) -> Any:  # noqa: ANN401 - a string, None or Unreadable
        """The service namespace."""
        return get(self.resource.props, "serviceNamespace")

    @property
    def sources(self) -> list[str]:
        """The URNs that the resource id and the dimension come from."""
        return self.resource.urns("resourceId", "scalableDimension")

    @property
    def is_certain(self) -> bool:
        """Whether it says by itself what it scales."""
        return UNKNOWN not in (self.resource_id, self.dimension)


@dataclass(eq=False)
class ScalingPolicy(Scaler):
    """A scaling policy; `target` is None where the stack has none for it."""

    target: "Target | None" = None


@dataclass(eq=False)
class Target(Scaler):
    """A scalable target; `scalable` is None where it names no table or index of the stack."""

    scalable: Scalable | None = None
    policies: list[ScalingPolicy] = field(default_factory=list)


class Scaling:
    """The tables and indexes of a stack, its targets and its policies, joined. Other services' targets are left out."""

    def __init__(self, stack: Stack) -> None:
        """Join them. What says by itself what it scales comes before what is joined by where its values come from."""
        self.of_table = {table: list(_scalables(table)) for table in stack.tables}
        self.scalables = [scalable for found in self.of_table.values() for scalable in found]
        self._by_id, self._by_urn = defaultdict(list), defaultdict(list)
        for scalable in self.scalables:
            self._by_id[scalable.resource_id].append(scalable)
            # A name that is not known may come from the resource that a target's id comes from, such as a RandomPet.
            shared = scalable.table.resource.urns("name") if scalable.table.name is UNKNOWN else []
            own = [scalable.standalone.urn] if scalable.standalone else []
            for urn in (scalable.table.resource.urn, *own, *shared):
                self._by_urn[urn].append(scalable)
        self.targets = self._ours(map(Target, stack.resources[SCALABLE_TARGET]))
        self._targets_by_id, self._targets_by_urn = defaultdict(list), {}
        for target in self.targets:
            self._targets_by_id[target.resource_id].append(target)
            self._targets_by_urn[target.resource.urn] = target
            target.scalable = self._scalable_of(target)
            if target.scalable and target.scalable.kind == target.kind and target.namespace in ("dynamodb", UNKNOWN):
                target.scalable.targets[target.access].append(target)
        self.policies = self._ours(map(ScalingPolicy, stack.resources[SCALING_POLICY]))
        for policy in self.policies:
            policy.target = self._target_of(policy)
            if policy.target:
                policy.target.policies.append(policy)

    @property
    def has_unassigned_target(self) -> bool:
        """Whether a target may be for any table or index, as what it scales is not known."""
        return any(not target.is_certain and not (target.scalable and target.access) for target in self.targets)

    def may_have_target(self, scalable: Scalable) -> bool:
        """Whether a target may be for a table or index that none is joined to, as something of either is not known."""
        return self.has_unassigned_target or (
            scalable.resource_id is None and any(not target.scalable for target in self.targets)
        )

    def may_be_unknown_index(self, scaler: Scaler) -> bool:
        """Whether a target or policy may be for an index of which a provisioned table only says that it is unknown."""
        named = RESOURCE_ID.fullmatch(str(scaler.resource_id))
        return any(
            named and table.name == named[1] and table.billing_mode != "PAY_PER_REQUEST" and index is UNKNOWN
            for table in self.of_table
            for _, index in table.inline_indexes
        )

    @property
    def has_unassigned_policy(self) -> bool:
        """Whether a scaling policy may be for any target, as what it scales is not known."""
        return any(not policy.is_certain and not policy.target for policy in self.policies)

    def scalable_of(self, scaler: Scaler) -> Scalable | None:
        """Return the table or index that a target or policy names by its resource id."""
        named = self._by_id.get(scaler.resource_id, []) if isinstance(scaler.resource_id, str) else []
        return next((found for found in named if same_region(found.region, scaler.resource.region)), None)

    def regions_of(self, scaler: Scaler) -> list[str]:
        """Return the regions in which the stack has what a target or policy names by its resource id."""
        return sorted({str(found.region) for found in self._by_id.get(scaler.resource_id, [])})

    def _scalable_of(self, target: Target) -> Scalable | None:
        if target.resource_id is not UNKNOWN:
            return self.scalable_of(target)
        found = list(self._behind(target))
        free = (scalable for scalable in found if not scalable.targets[target.access])
        return next(free, found[0] if found else None)

    def _behind(self, scaler: Scaler) -> Iterator[Scalable]:
        """Yield the tables, or the indexes, that the ids of a target or policy come from."""
        for urn in scaler.sources:
            for scalable in self._by_urn.get(urn, []):
                if scalable.kind == scaler.kind and same_region(scalable.region, scaler.resource.region):
                    yield scalable

    def _target_of(self, policy: ScalingPolicy) -> Target | None:
        if policy.is_certain:
            scalable = self.scalable_of(policy)
            joined = scalable.targets.get(policy.access, []) if scalable else []
            found = joined + self._targets_by_id[policy.resource_id]
        else:
            named = [self._targets_by_urn[urn] for urn in policy.sources if urn in self._targets_by_urn]
            found = named or [t for scalable in self._behind(policy) for t in scalable.targets[policy.access]]
        fits = [target for target in found if _may_be_of(policy, target)]
        return next((target for target in fits if not target.policies), fits[0] if fits else None)

    def _ours(self, scalers: Iterable[Any]) -> list[Any]:
        """Return those of which anything speaks of DynamoDB, the certain ones first."""
        return sorted(filter(self._is_ours, scalers), key=lambda scaler: not scaler.is_certain)

    def _is_ours(self, scaler: Scaler) -> bool:
        if scaler.namespace == "dynamodb" or str(scaler.resource_id).startswith("table/"):
            return True
        if isinstance(scaler.dimension, str):
            return scaler.dimension.startswith("dynamodb:")
        return scaler.namespace is UNKNOWN or any(urn in self._by_urn for urn in scaler.sources)


def _may_be_of(policy: ScalingPolicy, target: Target) -> bool:
    pairs = ((policy.resource_id, target.resource_id), (policy.dimension, target.dimension))
    is_near = same_region(policy.resource.region, target.resource.region)
    return is_near and all(one == other or UNKNOWN in (one, other) for one, other in pairs)


def _scalables(table: StackTable) -> Iterator[Scalable]:
    indexes = [(get(index, "name"), None) for _, index in table.inline_indexes if isinstance(index, dict)]
    indexes += [(get(index.props, "indexName"), index) for index in table.indexes]
    for region, is_replica in ((table.resource.region, False), *((region, True) for region in table.replica_regions)):
        yield Scalable(table, region, is_replica)
        for name, standalone in indexes:
            if isinstance(name, str) or name is UNKNOWN:
                yield Scalable(table, region, is_replica, name, standalone)
