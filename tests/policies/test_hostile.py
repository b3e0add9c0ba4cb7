"""Whatever the properties are, a policy reports or passes: it never raises, and what is unknown hides nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.judge import (
    BY_NAME,
    COMPLIANT,
    INDEX,
    ON_DEMAND,
    TABLE,
    TABLE_REPLICA,
    UNKNOWN,
    UNKNOWNS,
    Resource,
    changed,
    judge,
    scaled,
    secret,
    violations,
)
from tests.policies.test_policy import EVERY, LISTED, NEEDED, broken

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([*UNKNOWNS, "table/RentalInvoices", "RentalInvoices"]),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4), inner.map(secret)
    ),
    max_leaves=12,
)
PATHS = [
    *COMPLIANT,
    "attributes.0",
    "attributes.1.name",
    "globalSecondaryIndexes.0",
    "globalSecondaryIndexes.0.keySchemas",
    "globalSecondaryIndexes.0.hashKey",
    "globalSecondaryIndexes.0.onDemandThroughput",
    "serverSideEncryption.enabled",
    "serverSideEncryption.kmsKeyArn",
    "pointInTimeRecovery.enabled",
    "pointInTimeRecovery.recoveryPeriodInDays",
    "tags.Environment",
    "globalTableWitness",
    "localSecondaryIndexes",
    "region",
    "replicas",
    "tagsAll",
    "ttl",
    "warmThroughput",
]
KEYS = ["globalTableArn", "indexName", "keySchemas", "name", "projection", "provisionedThroughput", "resourceId"]
policies = st.sampled_from(sorted(BY_NAME))


@given(policies, st.sampled_from([COMPLIANT, ON_DEMAND]), st.sampled_from(PATHS), trees, st.lists(st.text(max_size=30)))
def test_a_table_with_any_property_is_judged(policy, table, path, value, ignored):
    try:
        inputs = changed(table, {path: value})
    except (KeyError, IndexError):
        inputs = table | {path.partition(".")[0]: value}

    assert all(
        isinstance(message, str) for message in violations(policy, inputs, LISTED.get(policy), ignore_changes=ignored)
    )


@given(
    policies,
    st.sampled_from([TABLE, TABLE_REPLICA, INDEX]),
    st.dictionaries(st.sampled_from([*COMPLIANT, *KEYS, "tableName"]), trees),
)
def test_a_resource_of_anything_is_judged(policy, type_, inputs):
    assert all(isinstance(message, str) for message in violations(policy, inputs, LISTED.get(policy), type=type_))


@given(
    policies,
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 9), trees, st.booleans()), max_size=3),
    st.dictionaries(st.sampled_from(["tableName", *KEYS]), trees),
    st.dictionaries(st.sampled_from(["globalTableArn", "region"]), trees),
)
def test_a_program_of_anything_is_judged(policy, changes, index, replica):
    own = [Resource(type=INDEX, name="own", inputs=index), Resource(type=TABLE_REPLICA, name="replica", inputs=replica)]
    program = scaled({}, *own)
    for position, key, value, is_from_table in changes:
        resource = program[position]
        name = sorted(resource.inputs)[key % len(resource.inputs)] if resource.inputs else "name"
        sources = {name: ["rental"]} if is_from_table else {}
        program[position] = Resource(
            type=resource.type, name=resource.name, inputs=resource.inputs | {name: value}, sources=sources
        )

    found = judge(policy, *program, config=LISTED.get(policy))

    # None is the stack itself.
    assert {name for name, _ in found} <= {resource.name for resource in program} | {None}
    assert all(isinstance(message, str) for _, message in found)


@given(
    policies,
    st.dictionaries(st.sampled_from(["exemptTables", "allowUnknown", "level", "tables", "ttlTables", ""]), trees),
)
def test_any_configuration_is_refused_in_a_line_or_applied(policy, config):
    try:
        found = violations(policy, COMPLIANT, config)
    except ValueError as refused:
        found = [str(refused)]
        assert found[0].startswith(policy)

    assert all(len(message.splitlines()) == 1 for message in found)


# A tag whose value is not known is a tag.
@EVERY
@pytest.mark.parametrize("path", sorted({*PATHS} - {"tags.Environment"}))
def test_an_unknown_value_never_hides_another_violation(name, path):
    rental, *others = broken()
    try:
        inputs = changed(rental.inputs, {path: UNKNOWN})
    except KeyError:
        inputs = rental.inputs | {path: UNKNOWN}
    unknown = Resource(name="rental", inputs=inputs, protect=False, ignore_changes=[])

    # What decides is not known, or the violation is still there: in no case does the table, or its reader, pass.
    assert {"rental", "reader"} & {resource for resource, _ in judge(name, unknown, *others, config=NEEDED.get(name))}
