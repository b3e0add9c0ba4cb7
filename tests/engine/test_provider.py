"""What the AWS provider makes of tables: the stand-in is held to it, and the real one where there is one."""

import json
import re
from dataclasses import dataclass, field, replace

import pytest

from tests.engine.conftest import ACCOUNT, that_change
from tests.engine.spy import Spy

PROGRAM = """
import json, os, pathlib, pulumi

for name, (inputs, ignored) in json.loads(pathlib.Path("tables.json").read_text()).items():
    if os.environ.get("ONLY") in (None, name):
        options = pulumi.ResourceOptions(ignore_changes=ignored)
        pulumi.CustomResource("aws:dynamodb/table:Table", name, inputs, options)
"""
PROJECT = """
name: small
runtime: {name: python, options: {toolchain: pip, virtualenv: ../project/.venv}}
config: {'aws:region': {value: eu-west-1}}
"""
URN = "urn:pulumi:dev::small::aws:dynamodb/table:Table::"
UNKNOWN = "(unknown)"
IGNORED = ["readCapacity", "writeCapacity"]


@pytest.fixture
def declare(engine):
    """Make a program of tables, by logical name, and a stack for it; return the engine that runs it."""
    folder = engine.folder.parent / "small"
    folder.mkdir()
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "Pulumi.yaml").write_text(PROJECT)
    small = replace(engine, folder=folder)
    small.run("stack", "init", "dev")

    def declare(tables, ignored=()):
        found = {name: (inputs, IGNORED if name in ignored else []) for name, inputs in tables.items()}
        (folder / "tables.json").write_text(json.dumps(found))
        return small

    return declare


def attributes(*names):
    return [{"name": name, "type": "S"} for name in names]


def table(*keys, **more):
    """Return the inputs of a table on demand, with the key `id`, and other attributes for keys of its indexes."""
    return {"hashKey": "id", "attributes": attributes("id", *keys), "billingMode": "PAY_PER_REQUEST", **more}


def index(name, key, projection="ALL"):
    return {"name": name, "hashKey": key, "projectionType": projection}


def named(tables):
    return {name: {"name": name, **inputs} for name, inputs in tables.items()}


def planned(engine):
    """Return the operation, and the properties that ask for it, for each table that a preview doesn't leave the same."""
    steps = engine.json("preview")["steps"]
    return {
        step["urn"].removeprefix(URN): (step["op"], step.get("replaceReasons") or step["diffReasons"])
        for step in steps
        if step["op"] in {"update", "replace"}
    }


PLAIN = {"hashKey": "id", "attributes": attributes("id"), "readCapacity": 1, "writeCapacity": 1}
FULL = table(
    "a",
    globalSecondaryIndexes=[index("by_a", "a")],
    name="full",
    serverSideEncryption={"enabled": True},
    tags={"x": "y"},
)


def test_a_preview_fills_in_inputs_and_does_not_know_what_aws_fills_in(declare, tmp_path):
    spy = Spy(tmp_path / "spy")

    declare({"plain": PLAIN, "full": FULL}).run("preview", *spy.arguments)
    inputs, outputs = (
        {urn.removeprefix(URN): shown["props"] for urn, shown in spy.shown(hook).items() if urn.startswith(URN)}
        for hook in ("Analyze", "AnalyzeStack")
    )
    name = inputs["plain"]["name"]

    assert re.fullmatch("plain-[0-9a-f]{7}", name)
    none = {"__defaults": []}
    assert inputs["plain"] == {
        **PLAIN,
        "attributes": [{**none, **attribute} for attribute in attributes("id")],
        "billingMode": "PROVISIONED",
        "name": name,
        "region": "eu-west-1",
        "tableClass": "STANDARD",
        "tagsAll": {},
    }
    assert inputs["full"] == {
        **FULL,
        "attributes": [{**none, **attribute} for attribute in attributes("id", "a")],
        "globalSecondaryIndexes": [{**none, **index("by_a", "a")}],
        "region": "eu-west-1",
        "serverSideEncryption": {**none, "enabled": True},
        "tableClass": "STANDARD",
        "tagsAll": {"x": "y"},
    }

    of_aws = ("arn", "globalTableWitness", "id", "pointInTimeRecovery", "streamArn", "streamLabel", "streamViewType")
    unset = ("deletionProtectionEnabled", "importTable", "onDemandThroughput", "rangeKey", "streamEnabled")
    restored = ("BackupArn", "DateTime", "SourceName", "SourceTableArn", "ToLatestTime")
    of_both = {
        **dict.fromkeys((*of_aws, "ttl", "warmThroughput"), UNKNOWN),
        **dict.fromkeys((*unset, "tableClass", *(f"restore{what}" for what in restored))),
        "localSecondaryIndexes": [],
        "region": "eu-west-1",
        "replicas": [],
    }
    assert outputs["plain"] == {
        **PLAIN,
        **of_both,
        "billingMode": "PROVISIONED",
        "globalSecondaryIndexes": UNKNOWN,
        "name": name,
        "serverSideEncryption": UNKNOWN,
        "tags": None,
        "tagsAll": UNKNOWN,
    }
    of_index = {
        **dict.fromkeys(("keySchemas", "readCapacity", "warmThroughput", "writeCapacity"), UNKNOWN),
        "nonKeyAttributes": [],
        "onDemandThroughput": None,
        "rangeKey": "",
    }
    # A set: in whatever order.
    outputs["full"]["attributes"].sort(key=str)
    assert outputs["full"] == {
        **FULL,
        **of_both,
        "attributes": attributes("a", "id"),
        "globalSecondaryIndexes": [{**index("by_a", "a"), **of_index}],
        "readCapacity": UNKNOWN,
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": UNKNOWN},
        "tagsAll": {"x": "y"},
        "writeCapacity": UNKNOWN,
    }


REFUSED = {
    "unused": (table("a"), r'Unused attributes: \["a"\]'),
    "undefined": (table(rangeKey="a"), r'Unmatched indexes: \["a"\]'),
    "mode": (table() | {"billingMode": "FREE"}, "billing_?mode.*FREE"),
    "key": (table(serverSideEncryption={"enabled": True, "kmsKeyArn": "mine"}), "kms_?key_?arn.*mine"),
    "36_days": (
        table(pointInTimeRecovery={"enabled": True, "recoveryPeriodInDays": 36}),
        "recovery_?period_?in_?days.*36",
    ),
}


def test_a_preview_refuses_some_invalid_tables(declare):
    engine = declare({name: inputs for name, (inputs, _) in REFUSED.items()})

    # At once: after the first failure the CLI waits five seconds.
    previews = {
        name: replace(engine, environment=engine.environment | {"ONLY": name}).start("preview") for name in REFUSED
    }
    printed = {name: preview.communicate()[0] for name, preview in previews.items()}

    assert [name for name, preview in previews.items() if preview.returncode == 0] == []
    for name, (_, reason) in REFUSED.items():
        assert re.search(reason, printed[name], re.IGNORECASE), printed[name]


# By name, and the policy that alone stands between them and AWS.
ACCEPTED = {
    "doubled": (table("a", globalSecondaryIndexes=[index("by_a", "a"), index("by_a", "a")]), "dynamodb-table-schema"),
    "without": (table() | {"billingMode": "PROVISIONED"}, "dynamodb-billing-mode"),
    "with": (table(readCapacity=1, writeCapacity=1), "dynamodb-billing-mode"),
}


def test_a_preview_accepts_other_invalid_tables_and_the_pack_refuses_them(declare, tmp_path):
    billing = {"enforcementLevel": "advisory", "provisionedTables": ["*"]}
    config = {"all": "disabled", "dynamodb-table-schema": "advisory", "dynamodb-billing-mode": billing}
    # A mandatory policy would stop at the first table.
    (tmp_path / "config.json").write_text(json.dumps(config))
    engine = declare(named({name: inputs for name, (inputs, _) in ACCEPTED.items()}))

    pack = ("--policy-pack", "../project/policies", "--policy-pack-config", str(tmp_path / "config.json"))
    out = engine.run("preview", *pack)

    assert f"{len(ACCEPTED) + 1} to create" in out
    found = re.findall(r"(dynamodb-[a-z-]+)  \(aws:dynamodb:Table: (\w+)\)", out)
    assert {name: policy for policy, name in found} == {name: policy for name, (_, policy) in ACCEPTED.items()}


def test_another_account_than_the_allowed_one_is_refused(declare):
    config = ("--config-path", "--config", "aws:allowedAccountIds[0]=111111111111")

    out = declare({"plain": PLAIN}).run("preview", *config, fails=True)

    assert f"account ID not allowed: {ACCOUNT}" in out


@dataclass(frozen=True)
class Change:
    """Inputs of a table before and after, the properties that a preview names, the calls that `up` makes."""

    before: dict
    after: dict
    reasons: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict]] = field(default_factory=list)


def updated(**parameters):
    return ("UpdateTable", parameters)


def gone(name):
    return updated(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])


def made(name, key, projection="ALL"):
    keys, projected = [{"AttributeName": key, "KeyType": "HASH"}], {"ProjectionType": projection}
    created = {"IndexName": name, "KeySchema": keys, "Projection": projected}
    return updated(GlobalSecondaryIndexUpdates=[{"Create": created}])


BY_A, BY_B = index("by_a", "a"), index("by_b", "b")
ONE, TWO = {"readCapacity": 1, "writeCapacity": 1}, {"readCapacity": 2, "writeCapacity": 2}
PROVISIONED = {"billingMode": "PROVISIONED"}
UNITS = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}
INDEXED = table("a", globalSecondaryIndexes=[BY_A])
CHANGES = {
    "projection": Change(
        INDEXED,
        table("a", globalSecondaryIndexes=[index("by_a", "a", "KEYS_ONLY")]),
        ["globalSecondaryIndexes"],
        [gone("by_a"), made("by_a", "a", "KEYS_ONLY")],
    ),
    "key": Change(
        INDEXED,
        table("b", globalSecondaryIndexes=[index("by_a", "b")]),
        ["attributes", "globalSecondaryIndexes"],
        [gone("by_a"), made("by_a", "b")],
    ),
    "second": Change(
        INDEXED,
        table("a", "b", globalSecondaryIndexes=[BY_B, BY_A]),
        ["attributes", "globalSecondaryIndexes"],
        [made("by_b", "b")],
    ),
    "one_of_two": Change(
        table("a", "b", globalSecondaryIndexes=[BY_A, BY_B]),
        table("b", globalSecondaryIndexes=[BY_B]),
        ["attributes", "globalSecondaryIndexes"],
        [gone("by_a")],
    ),
    "only_one": Change(INDEXED, table()),
    "order": Change(
        table("a", "b", globalSecondaryIndexes=[BY_A, BY_B]),
        table("b", "a", globalSecondaryIndexes=[BY_B, BY_A]),
    ),
    "tags": Change(
        table(tags={"Kept": "1", "Gone": "1"}),
        table(tags={"Kept": "2"}),
        ["tags", "tagsAll"],
        [
            ("UntagResource", {"TagKeys": ["Gone"]}),
            ("TagResource", {"Tags": [{"Key": "Kept", "Value": "2"}]}),
        ],
    ),
    "capacity": Change(
        table("a", globalSecondaryIndexes=[BY_A | ONE], **ONE) | PROVISIONED,
        table("a", globalSecondaryIndexes=[BY_A | TWO], **TWO) | PROVISIONED,
        ["globalSecondaryIndexes", "readCapacity", "writeCapacity"],
        [
            updated(
                BillingMode="PROVISIONED",
                ProvisionedThroughput=UNITS,
                GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "by_a", "ProvisionedThroughput": UNITS}}],
            )
        ],
    ),
    # Not the declared capacity: the engine keeps the old one, of which there is none, and the provider takes 1 for that.
    "ignored": Change(
        table(),
        table(**TWO) | PROVISIONED,
        ["billingMode"],
        [updated(BillingMode="PROVISIONED", ProvisionedThroughput=dict.fromkeys(UNITS, 1))],
    ),
    "on_demand": Change(table(**TWO) | PROVISIONED, table(), ["billingMode"], [updated(BillingMode="PAY_PER_REQUEST")]),
    "stream": Change(
        table(),
        table(streamEnabled=True, streamViewType="NEW_IMAGE"),
        ["streamArn", "streamEnabled", "streamViewType"],
        [updated(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})],
    ),
    "protection_and_recovery": Change(
        table(pointInTimeRecovery={"enabled": True}),
        table(deletionProtectionEnabled=True, pointInTimeRecovery={"enabled": False}),
        ["deletionProtectionEnabled", "pointInTimeRecovery"],
        [
            updated(DeletionProtectionEnabled=True),
            ("UpdateContinuousBackups", {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}),
        ],
    ),
    "unnamed": Change(
        table(),
        table(deletionProtectionEnabled=True),
        ["deletionProtectionEnabled"],
        [updated(DeletionProtectionEnabled=True)],
    ),
    "expiry": Change(
        table(),
        table(ttl={"enabled": True, "attributeName": "at"}),
        ["ttl"],
        [("UpdateTimeToLive", {"TimeToLiveSpecification": {"AttributeName": "at", "Enabled": True}})],
    ),
}


def made_by(engine, *arguments):
    """Run the CLI; return, by the table's logical name, the calls that changed it."""
    with engine.watched() as calls:
        engine.run(*arguments)
    found = {}
    for operation, parameters in that_change(calls):
        name = parameters.pop("TableName", None) or parameters.pop("ResourceArn").rpartition("/")[2]
        parameters.pop("AttributeDefinitions", None)
        found.setdefault(re.sub("-[0-9a-f]{7}$", "", name), []).append((operation, parameters))
    return found


def test_what_an_up_makes_of_a_changed_table(declare):
    before, after = (
        # The provider names one of them.
        {name: {**({} if name == "unnamed" else {"name": name}), **inputs} for name, inputs in tables.items()}
        for tables in (
            {name: change.before for name, change in CHANGES.items()},
            {name: change.after for name, change in CHANGES.items()},
        )
    )
    changes = {name: change for name, change in CHANGES.items() if change.reasons}

    engine = declare(before, ignored=["ignored"])
    engine.run("up", "--yes", "--skip-preview")
    tables = engine.tables()
    resources = json.loads(engine.run("stack", "export"))["deployment"]["resources"]
    defaults = {resource["urn"]: resource.get("inputs", {}).get("__defaults") for resource in resources}
    declare(after, ignored=["ignored"])

    assert defaults[f"{URN}unnamed"] == ["name", "tableClass"]
    assert planned(engine) == {name: ("update", change.reasons) for name, change in changes.items()}
    assert made_by(engine, "up", "--yes", "--skip-preview") == {name: change.calls for name, change in changes.items()}
    assert engine.changes() == {"same": len(CHANGES) + 1}
    assert engine.tables() == tables
    left = engine.aws("dynamodb").describe_table(TableName="only_one")["Table"]["GlobalSecondaryIndexes"]
    assert [found["IndexName"] for found in left] == ["by_a"]

    other_key = {"hashKey": "b", "attributes": attributes("b")}
    declare(after | {"key": after["key"] | other_key, "tags": after["tags"] | {"name": "other"}}, ignored=["ignored"])
    assert planned(engine) == {"key": ("replace", ["hashKey"]), "tags": ("replace", ["name"])}
