"""Joins the scalable targets and scaling policies of a stack to the tables and indexes that they scale.

The resource id of a target names its table or index. If the id is not known until deployment, the target belongs to the
table or index that the id comes from. Scaling policies are joined to targets in the same way.
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
    """A table or one of its indexes, in the table's region or in a replica's.

    `index` is the name of the index. `standalone` is the index if it is a separate resource.
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
        """The resource id of its targets; None if a name in it is not known."""
        names = [self.table.name] if self.index is None else [self.table.name, self.index]
        return "table/" + "/index/".join(names) if all(isinstance(name, str) for name in names) else None

    @property
    def part(self) -> str:
        """How messages refer to it within its table."""
        if self.index is None:
            return "the table"
        return f"index {self.index!r}" if isinstance(self.index, str) else "an index"

    @property
    def label(self) -> str:
        """How messages refer to it."""
        return self.table.label if self.index is None else f"{self.part} of {self.table.label}"


@dataclass(eq=False)
class Scaler:
    """A scalable target or a scaling policy, with the ids of what it scales.

    `kind` is table or index, and `access` is Read or Write. Both are "" if the dimension is not valid.
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
        """Whether its resource id and dimension are known."""
        return UNKNOWN not in (self.resource_id, self.dimension)


@dataclass(eq=False)
class ScalingPolicy(Scaler):
    """A scaling policy. `target` is None if the stack has no scalable target for it."""

    target: "Target | None" = None


@dataclass(eq=False)
class Target(Scaler):
    """A scalable target. `scalable` is None if the stack has no such table or index."""

    scalable: Scalable | None = None
    policies: list[ScalingPolicy] = field(default_factory=list)


class Scaling:
    """The tables and indexes of a stack, joined with its scalable targets and scaling policies for DynamoDB."""

    def __init__(self, stack: Stack) -> None:
        """Join them: first the targets and policies with known ids, then those that are joined by their sources."""
        self.of_table = {table: list(_scalables(table)) for table in stack.tables}
        self.scalables = [scalable for scalables in self.of_table.values() for scalable in scalables]
        self._by_id, self._by_urn = defaultdict(list), defaultdict(list)
        for scalable in self.scalables:
            self._by_id[scalable.resource_id].append(scalable)
            # The table's name and a target's id may come from the same resource, such as a RandomPet.
            shared = scalable.table.resource.urns("name") if scalable.table.name is UNKNOWN else []
            own = [scalable.standalone.urn] if scalable.standalone else []
            for urn in (scalable.table.resource.urn, *own, *shared):
                self._by_urn[urn].append(scalable)
        self.targets = self._of_dynamodb(map(Target, stack.resources[SCALABLE_TARGET]))
        self._targets_by_id, self._targets_by_urn = defaultdict(list), {}
        for target in self.targets:
            self._targets_by_id[target.resource_id].append(target)
            self._targets_by_urn[target.resource.urn] = target
            target.scalable = self._scalable_of(target)
            if target.scalable and target.scalable.kind == target.kind and target.namespace in ("dynamodb", UNKNOWN):
                target.scalable.targets[target.access].append(target)
        self.policies = self._of_dynamodb(map(ScalingPolicy, stack.resources[SCALING_POLICY]))
        for policy in self.policies:
            policy.target = self._target_of(policy)
            if policy.target:
                policy.target.policies.append(policy)

    @property
    def has_unassigned_target(self) -> bool:
        """Whether there is a target that may scale any table or index, because its ids are not known."""
        return any(not target.is_certain and not (target.scalable and target.access) for target in self.targets)

    def may_have_target(self, scalable: Scalable) -> bool:
        """Return whether an unjoined target may scale this table or index, because an id or a name is not known."""
        return self.has_unassigned_target or (
            scalable.resource_id is None and any(not target.scalable for target in self.targets)
        )

    def may_be_unknown_index(self, scaler: Scaler) -> bool:
        """Return whether a target or policy may scale an index that is not known yet, of a provisioned table."""
        named = RESOURCE_ID.fullmatch(str(scaler.resource_id))
        return any(
            named and table.name == named[1] and table.billing_mode != "PAY_PER_REQUEST" and index is UNKNOWN
            for table in self.of_table
            for _, index in table.inline_indexes
        )

    @property
    def has_unassigned_policy(self) -> bool:
        """Whether there is a scaling policy that may belong to any target, because its ids are not known."""
        return any(not policy.is_certain and not policy.target for policy in self.policies)

    def scalable_of(self, scaler: Scaler) -> Scalable | None:
        """Return the table or index that the resource id of a target or policy names."""
        candidates = self._by_id.get(scaler.resource_id, []) if isinstance(scaler.resource_id, str) else []
        return next((item for item in candidates if same_region(item.region, scaler.resource.region)), None)

    def regions_of(self, scaler: Scaler) -> list[str]:
        """Return the regions of the tables or indexes that the resource id of a target or policy names."""
        return sorted({str(scalable.region) for scalable in self._by_id.get(scaler.resource_id, [])})

    def _scalable_of(self, target: Target) -> Scalable | None:
        if target.resource_id is not UNKNOWN:
            return self.scalable_of(target)
        candidates = list(self._sources(target))
        free = (scalable for scalable in candidates if not scalable.targets[target.access])
        return next(free, candidates[0] if candidates else None)

    def _sources(self, scaler: Scaler) -> Iterator[Scalable]:
        """Yield the tables or indexes that the ids of a target or policy come from."""
        for urn in scaler.sources:
            for scalable in self._by_urn.get(urn, []):
                if scalable.kind == scaler.kind and same_region(scalable.region, scaler.resource.region):
                    yield scalable

    def _target_of(self, policy: ScalingPolicy) -> Target | None:
        if policy.is_certain:
            scalable = self.scalable_of(policy)
            joined = scalable.targets.get(policy.access, []) if scalable else []
            candidates = joined + self._targets_by_id[policy.resource_id]
        else:
            direct = [self._targets_by_urn[urn] for urn in policy.sources if urn in self._targets_by_urn]
            candidates = direct or [t for scalable in self._sources(policy) for t in scalable.targets[policy.access]]
        fits = [target for target in candidates if _may_be_of(policy, target)]
        return next((target for target in fits if not target.policies), fits[0] if fits else None)

    def _of_dynamodb(self, scalers: Iterable[Any]) -> list[Any]:
        """Return the targets or policies that may be for DynamoDB, those with known ids first."""
        return sorted(filter(self._is_of_dynamodb, scalers), key=lambda scaler: not scaler.is_certain)

    def _is_of_dynamodb(self, scaler: Scaler) -> bool:
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
