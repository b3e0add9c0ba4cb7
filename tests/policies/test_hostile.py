"""No input makes a policy raise, or turns a mandatory rule into a warning: over the real proxies."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies.judge import (
    BY_NAME,
    COMPLIANT,
    IGNORED,
    ON_DEMAND,
    TABLE,
    UNKNOWNS,
    changed,
    secret,
    stack_violations,
    violations,
)
from tests.policies.test_autoscaling import POLICY, POLICY_NAME, TARGET, stack

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([*UNKNOWNS, "table/RentalInvoices"]),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4), inner.map(secret)
    ),
    max_leaves=12,
)
paths = st.sampled_from(
    [
        *COMPLIANT,
        "attributes.0",
        "attributes.1.name",
        "globalSecondaryIndexes.0",
        "globalSecondaryIndexes.0.keySchemas",
        "globalSecondaryIndexes.0.hashKey",
        "serverSideEncryption.enabled",
        "serverSideEncryption.kmsKeyArn",
        "pointInTimeRecovery.recoveryPeriodInDays",
        "tags.Environment",
        "tagsAll",
        "replicas",
        "localSecondaryIndexes",
    ]
)
configs = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from(sorted({option for policy in BY_NAME.values() for option in policy.config_schema.properties})),
        trees,
    ),
)
policies = st.sampled_from(sorted(BY_NAME.keys() - {POLICY_NAME}))


@given(policies, st.sampled_from([COMPLIANT, ON_DEMAND]), paths, trees, configs, st.lists(st.text(max_size=30)))
def test_a_resource_policy_reports_or_passes_but_never_raises(policy, table, path, value, config, ignored):
    props = changed(table | {"tags": {}}, {}) if path.startswith("tags.") else table
    try:
        props = changed(props, {path: value})
    except (KeyError, IndexError):
        props = props | {path: value}

    assert all(isinstance(message, str) for message in violations(policy, props, config, ignore_changes=ignored))


@given(policies, st.dictionaries(st.text(max_size=8), trees))
def test_a_table_of_anything_at_all_is_judged(policy, props):
    violations(policy, props)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["props", "deps"]), st.integers(0, 9), trees), max_size=3), configs)
def test_a_stack_policy_reports_or_passes_but_never_raises(changes, config):
    resources = stack()
    for kind, position, value in changes:
        type_, name, props, dependencies = resources[position]
        key = sorted(props)[position % len(props)]
        resources[position] = (type_, name, props | {key: value}, {} if kind == "deps" else dependencies)

    found = stack_violations(POLICY_NAME, resources, config)

    assert {urn.split("::")[0] for urn, _ in found} <= {TABLE, TARGET, POLICY}


# A tag of unknown value is a tag.
@given(policies, paths.filter(lambda path: path != "tags.Environment"), st.sampled_from(UNKNOWNS))
def test_an_unknown_value_never_hides_another_violation(policy, path, unknown):
    broken = COMPLIANT | {
        "name": "no",
        "serverSideEncryption": {"enabled": False},
        "pointInTimeRecovery": {"enabled": False},
        "deletionProtectionEnabled": False,
        "tags": {},
        "readCapacity": 0.0,
    }
    try:
        partly = changed(broken, {path: unknown})
    except KeyError:
        partly = broken | {path: unknown}

    # What decides is unknown, or the violation is still there: in no case does the table pass.
    assert violations(policy, partly, ignore_changes=[*IGNORED, "*"], protect=False) != []
