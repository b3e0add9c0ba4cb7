"""A catalogue of changes: an edit of what is deployed, and every change that it is judged to be."""

import json
from dataclasses import dataclass, replace

import pytest

from components.schema import AccessPattern, Capacity, Table
from ops.evolve import judge
from ops.evolve.codes import CODES
from tests import programs
from tests.ops.evolve.edits import NONE, Edits, compared, defined, index, version

RENTAL, USERS, RETAIL = defined("rental_invoices"), defined("users"), defined("retail_invoices")
DUE, EMAIL = RENTAL.indexes[0], USERS.indexes[0]
BY_DATE, BY_CATEGORY = RETAIL.indexes
DUE_PATH = f"globalSecondaryIndexes[{DUE.name}]"
EMAIL_PATH = f"globalSecondaryIndexes[{EMAIL.name}]"
FUNCTION = ("send_invoice_notification_function=notify",)
ALARMS = ("alarm_topic=arn:aws:sns:eu-west-1:123456789012:alarms",)
ALARMED = Edits(config=(*FUNCTION, *ALARMS))
READS = "rental_invoices-throttled-reads"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TTL = {"attributeName": "expires", "enabled": True}
IGNORED = [
    "readCapacity",
    "writeCapacity",
    "globalSecondaryIndexes[*].readCapacity",
    "globalSecondaryIndexes[*].writeCapacity",
]
BY_AMOUNT = index("total_amount-index", "total_amount", units=2)
NO_CAPACITY = {"capacity": None, "indexes": (replace(DUE, capacity=None),)}
PROVISIONED = {"capacity": Capacity(5, 5), "indexes": (replace(EMAIL, capacity=Capacity(3, 3)),)}
ARCHIVE = Table(logical_name="archive", name="Archive", partition_key="ArchiveID")
SCALED = (
    "rental_invoices-read",
    "rental_invoices-write",
    "rental_invoices-due_date-read",
    "rental_invoices-due_date-write",
)


def several(*names):
    """Return Email-index with several partition keys."""
    keys = [{"attributeName": name, "keyType": "HASH"} for name in names]
    return {"name": EMAIL.name, "projectionType": "ALL", "keySchemas": keys}


TOPIC = programs.registration(
    "aws:sns/topic:Topic",
    "a",
    "urn:pulumi:prod::paypulse::aws:sns/topic:Topic::a",
    inputs={"name": "a", "fifoTopic": True},
)


@dataclass(frozen=True)
class Case:
    """An edit, and the code, the property and the severity of each change that it is."""

    name: str
    now: Edits
    changes: set[tuple[str, str, str]]
    then: Edits = NONE


# How severe a code is where a row doesn't say it. All other codes are dangerous.
SAFE = {
    *("table-added", "capacity-raised", "capacity-not-applied", "question-moved", "tags-changed", "ttl-off"),
    *("autoscaling-added", "autoscaling-bounds-changed", "autoscaling-policy-changed"),
    *("alarm-added", "alarm-changed", "stream-on", "trigger-added", "trigger-changed"),
    *("recovery-on", "recovery-lengthened", "deletion-protection-on", "protect-on", "encryption-on"),
}
SLOW = {"index-added", "index-added-with-others", "question-not-yet-answerable", "table-class-changed"}


def severity_of(code):
    return "safe" if code in SAFE else "slow" if code in SLOW else "dangerous"


def case(name, changes, now=NONE, then=NONE):
    return Case(
        name, now, {change if len(change) == 3 else (*change, severity_of(change[0])) for change in changes}, then
    )


AUTOSCALING_ADDED = ("autoscaling-added", "")
ALARM_GONE = ("alarm-removed", "", "safe")
AUTOSCALING_GONE = ("autoscaling-removed", "", "safe")
CASES = [
    case("nothing", set()),
    # Tables.
    case(
        "a table is added",
        {("table-added", "")},
        Edits(added=(("vendor_config", ARCHIVE),), config=("archive_table=Archive",)),
    ),
    case("a table is removed", {("table-deleted", "")}, Edits(tables={"travel_invoices": None})),
    case("a table is renamed", {("table-replaced", "name")}, Edits(config=("travel_invoices_table=Journeys",))),
    case(
        "a table with autoscaling is renamed",
        {("table-replaced", "name"), ("autoscaling-removed", "resourceId", "safe")},
        Edits(config=("rental_invoices_table=Rentals",)),
    ),
    case(
        "a partition key changes",
        {("table-replaced", "hashKey")},
        Edits(tables={"travel_invoices": {"partition_key": "UserID"}}),
    ),
    case(
        "a sort key is added",
        {("table-replaced", "rangeKey")},
        Edits(tables={"travel_invoices": {"sort_key": "UserID"}}),
    ),
    case(
        "a sort key changes, and a query with it",
        {("table-replaced", "rangeKey"), ("reader-broken", "one retail invoice")},
        Edits(
            tables={
                "retail_invoices": {
                    "sort_key": "invoice_date",
                    "indexes": (),
                    "access_patterns": (
                        AccessPattern(
                            question="one retail invoice", operation="GetItem", key=("UserID", "invoice_date")
                        ),
                        AccessPattern(
                            question="retail invoices of a user", operation="Query", key=("UserID",), newest_first=True
                        ),
                    ),
                }
            }
        ),
    ),
    case(
        "a local index is added",
        {("table-replaced", "localSecondaryIndexes")},
        Edits(
            inputs={
                "travel_invoices": {"localSecondaryIndexes": [{"name": "a", "rangeKey": "b", "projectionType": "ALL"}]}
            }
        ),
    ),
    case(
        "the region changes",
        {("table-replaced", "region")},
        Edits(inputs={"travel_invoices": {"region": "eu-north-1"}}),
    ),
    case(
        "a logical name changes",
        {("urn-changed", "")},
        Edits(tables={"travel_invoices": {"logical_name": "journeys"}}, config=("journeys_table=TravelInvoices",)),
    ),
    case(
        "a family's type changes",
        {("urn-changed", "")},
        Edits(families={"vendor_config": {"type": "paypulse:dynamodb:Vendors"}}),
    ),
    case(
        "a key's type changes",
        {("key-type-changed", "attributes[InvoiceID].type")},
        Edits(inputs={"travel_invoices": {"attributes": [{"name": "InvoiceID", "type": "N"}]}}),
    ),
    case(
        "the table class changes",
        {("table-class-changed", "tableClass")},
        Edits(inputs={"travel_invoices": {"tableClass": "STANDARD_INFREQUENT_ACCESS"}}),
    ),
    # Indexes.
    case(
        "an index is appended",
        {("index-added", "globalSecondaryIndexes[a-index]")},
        Edits(tables={"users": {"indexes": (EMAIL, index("a-index", "a"))}}),
    ),
    case(
        "two indexes are appended",
        {
            ("index-added", "globalSecondaryIndexes[a-index]"),
            ("index-added", "globalSecondaryIndexes[b-index]"),
            ("index-added-with-others", "globalSecondaryIndexes"),
        },
        Edits(tables={"users": {"indexes": (EMAIL, index("a-index", "a"), index("b-index", "b"))}}),
    ),
    case(
        "the only index is removed",
        {("index-removal-not-applied", EMAIL_PATH)},
        Edits(tables={"users": {"indexes": ()}}),
    ),
    case(
        "one of two indexes is removed",
        {("index-dropped", f"globalSecondaryIndexes[{BY_DATE.name}]")},
        Edits(tables={"retail_invoices": {"indexes": (BY_CATEGORY,)}}),
    ),
    case(
        "an index is renamed",
        {
            ("index-dropped", EMAIL_PATH),
            ("index-added", "globalSecondaryIndexes[Mail-index]"),
            ("index-added-with-others", "globalSecondaryIndexes"),
            ("reader-broken", "user by email, at login"),
            ("question-not-yet-answerable", "user by email, at login"),
        },
        Edits(tables={"users": {"indexes": (replace(EMAIL, name="Mail-index"),)}}),
    ),
    case(
        "an index's key changes",
        {("index-rebuilt", EMAIL_PATH)},
        Edits(tables={"users": {"indexes": (replace(EMAIL, sort_key="UserID"),)}}),
    ),
    case(
        "an index's projection changes",
        {("index-rebuilt", EMAIL_PATH)},
        Edits(
            inputs={
                "users": {
                    "globalSecondaryIndexes": [{"name": EMAIL.name, "hashKey": "Email", "projectionType": "KEYS_ONLY"}]
                }
            }
        ),
    ),
    case(
        "the same index is written with keySchemas",
        {("other-change", f"{EMAIL_PATH}.keySchemas")},
        Edits(
            inputs={
                "users": {
                    "globalSecondaryIndexes": [
                        {
                            "name": EMAIL.name,
                            "keySchemas": [{"attributeName": "Email", "keyType": "HASH"}],
                            "projectionType": "ALL",
                        }
                    ]
                }
            }
        ),
    ),
    case(
        "indexes on demand change places", set(), Edits(tables={"retail_invoices": {"indexes": (BY_CATEGORY, BY_DATE)}})
    ),
    case(
        "a provisioned index is appended",
        {("index-added", "globalSecondaryIndexes[total_amount-index]"), AUTOSCALING_ADDED},
        Edits(tables={"rental_invoices": {"indexes": (DUE, BY_AMOUNT)}}),
    ),
    case(
        "a provisioned index is inserted in front",
        {
            ("index-added", "globalSecondaryIndexes[total_amount-index]"),
            AUTOSCALING_ADDED,
            ("capacity-set-back", f"{DUE_PATH}.readCapacity"),
            ("capacity-set-back", f"{DUE_PATH}.writeCapacity"),
        },
        Edits(tables={"rental_invoices": {"indexes": (BY_AMOUNT, DUE)}}),
    ),
    case(
        "a provisioned index in front of another is removed",
        {
            ("index-dropped", "globalSecondaryIndexes[total_amount-index]"),
            AUTOSCALING_GONE,
            ("capacity-set-back", f"{DUE_PATH}.readCapacity"),
            ("capacity-set-back", f"{DUE_PATH}.writeCapacity"),
        },
        then=Edits(tables={"rental_invoices": {"indexes": (BY_AMOUNT, DUE)}}),
    ),
    case(
        "provisioned indexes change places",
        {
            ("capacity-set-back", f"globalSecondaryIndexes[{name}].{key}")
            for name in (DUE.name, BY_AMOUNT.name)
            for key in ("readCapacity", "writeCapacity")
        },
        Edits(tables={"rental_invoices": {"indexes": (BY_AMOUNT, DUE)}}),
        Edits(tables={"rental_invoices": {"indexes": (DUE, BY_AMOUNT)}}),
    ),
    # Capacity and autoscaling.
    case(
        "an autoscaled capacity is declared anew",
        {("capacity-not-applied", "readCapacity")},
        Edits(tables={"rental_invoices": {"capacity": Capacity(8, 5)}}),
    ),
    case(
        "a capacity is lowered",
        {("capacity-lowered", "readCapacity")},
        Edits(
            inputs={"rental_invoices": {"readCapacity": 2}},
            options={"rental_invoices": {"ignore_changes": []}},
            removed=SCALED,
        ),
        Edits(options={"rental_invoices": {"ignore_changes": []}}, removed=SCALED),
    ),
    case(
        "a capacity is raised",
        {("capacity-raised", "readCapacity")},
        Edits(
            inputs={"rental_invoices": {"readCapacity": 9}},
            options={"rental_invoices": {"ignore_changes": []}},
            removed=SCALED,
        ),
        Edits(options={"rental_invoices": {"ignore_changes": []}}, removed=SCALED),
    ),
    case(
        "ignoreChanges is forgotten",
        {
            ("capacity-set-back", path)
            for path in ("readCapacity", "writeCapacity", f"{DUE_PATH}.readCapacity", f"{DUE_PATH}.writeCapacity")
        },
        Edits(options={"rental_invoices": {"ignore_changes": []}}),
    ),
    case(
        "a table goes on demand",
        {("billing-mode-switched", "billingMode", "slow"), AUTOSCALING_GONE},
        Edits(tables={"rental_invoices": NO_CAPACITY}),
    ),
    case(
        "a table goes on demand, its targets stay",
        {("billing-mode-switched", "billingMode", "slow"), ("autoscaling-removed", "")},
        Edits(
            inputs={
                "rental_invoices": {
                    "billingMode": "PAY_PER_REQUEST",
                    "readCapacity": None,
                    "writeCapacity": None,
                    "globalSecondaryIndexes": [
                        {
                            "name": DUE.name,
                            "hashKey": "due_date_year",
                            "rangeKey": "due_date_month",
                            "projectionType": "ALL",
                        }
                    ],
                },
            },
            options={"rental_invoices": {"ignore_changes": []}},
        ),
    ),
    case(
        "a table goes provisioned",
        {("billing-mode-switched", "billingMode"), AUTOSCALING_ADDED},
        Edits(tables={"users": PROVISIONED}),
    ),
    case(
        "a state lacks the capacities of a table that was switched in AWS",
        {("change-refused", key) for key in ("readCapacity", "writeCapacity")},
        then=Edits(inputs={"rental_invoices": {"readCapacity": None, "writeCapacity": None}}),
    ),
    case(
        "a maximum is lowered",
        {("autoscaling-bounds-changed", "maxCapacity", "dangerous")},
        Edits(config=("autoscaling_max_capacity=8",)),
    ),
    case(
        "a maximum is raised",
        {("autoscaling-bounds-changed", "maxCapacity", "safe")},
        Edits(config=("autoscaling_max_capacity=20",)),
    ),
    case(
        "a minimum is raised",
        {("autoscaling-bounds-changed", "minCapacity", "safe")},
        Edits(
            config=("autoscaling_min_capacity=2",),
            tables={"rental_invoices": {"indexes": (replace(DUE, capacity=Capacity(2, 2)),)}},
        ),
        Edits(tables={"rental_invoices": {"indexes": (replace(DUE, capacity=Capacity(2, 2)),)}}),
    ),
    case(
        "a cooldown changes",
        {("autoscaling-policy-changed", "targetTrackingScalingPolicyConfiguration")},
        Edits(config=("autoscaling_scale_in_cooldown=90",)),
    ),
    case("autoscaling is removed", {("autoscaling-removed", "")}, Edits(removed=SCALED)),
    # Streams and triggers.
    case(
        "a stream is turned on",
        {("stream-on", "streamViewType")},
        Edits(tables={"users": {"stream_view_type": "KEYS_ONLY"}}),
    ),
    case(
        "a stream is turned off",
        {("stream-off", "streamViewType")},
        Edits(tables={"retail_invoices": {"stream_view_type": None}}),
    ),
    case(
        "a stream shows something else",
        {("stream-restarted", "streamViewType")},
        Edits(tables={"retail_invoices": {"stream_view_type": "NEW_IMAGE"}}),
    ),
    case(
        "a stream with a trigger shows something else",
        {("stream-restarted", "streamViewType"), ("trigger-replaced", "eventSourceArn")},
        Edits(tables={"rental_invoices": {"stream_view_type": "NEW_IMAGE"}}, config=FUNCTION),
        Edits(config=FUNCTION),
    ),
    case("a trigger is added", {("trigger-added", "")}, Edits(config=FUNCTION)),
    case("a trigger is removed", {("trigger-removed", "")}, then=Edits(config=FUNCTION)),
    case(
        "a trigger is disabled",
        {("trigger-removed", "enabled")},
        Edits(config=FUNCTION, inputs={"send_invoice_notification": {"enabled": False}}),
        Edits(config=FUNCTION),
    ),
    case(
        "a trigger starts elsewhere",
        {("trigger-replaced", "startingPosition")},
        Edits(config=FUNCTION, inputs={"send_invoice_notification": {"startingPosition": "TRIM_HORIZON"}}),
        Edits(config=FUNCTION),
    ),
    case(
        "a trigger filters otherwise",
        {("trigger-filter-changed", "filterCriteria")},
        Edits(config=FUNCTION, inputs={"send_invoice_notification": {"filterCriteria": {"filters": []}}}),
        Edits(config=FUNCTION),
    ),
    case(
        "a trigger calls another function",
        {("trigger-changed", "functionName")},
        Edits(config=("send_invoice_notification_function=other",)),
        Edits(config=FUNCTION),
    ),
    # Alarms.
    case("alarms are added", {("alarm-added", "")}, Edits(config=ALARMS)),
    case("alarms are removed", {("alarm-removed", "")}, then=Edits(config=ALARMS)),
    case("one alarm is removed", {("alarm-removed", "")}, replace(ALARMED, removed=(READS,)), ALARMED),
    case(
        "the alarm of the account is removed",
        {("alarm-removed", "")},
        replace(ALARMED, removed=("user-errors",)),
        ALARMED,
    ),
    case(
        "alarms are removed with their trigger",
        {("trigger-removed", ""), ALARM_GONE},
        Edits(config=ALARMS),
        ALARMED,
    ),
    case(
        "the alarm of a trigger is removed, and it stays",
        {("alarm-removed", "")},
        replace(ALARMED, removed=("rental_invoices-send_invoice_notification-iterator-age",)),
        ALARMED,
    ),
    case(
        "alarms are removed with their table",
        {("table-deleted", ""), ALARM_GONE},
        Edits(config=ALARMS, tables={"travel_invoices": None}),
        Edits(config=ALARMS),
    ),
    case(
        "alarms are removed with their index",
        {("index-removal-not-applied", EMAIL_PATH), ALARM_GONE},
        Edits(config=ALARMS, tables={"users": {"indexes": ()}}),
        Edits(config=ALARMS),
    ),
    case(
        "alarms on capacity are removed with it",
        {("billing-mode-switched", "billingMode", "slow"), AUTOSCALING_GONE, ALARM_GONE},
        Edits(config=ALARMS, tables={"rental_invoices": NO_CAPACITY}),
        Edits(config=ALARMS),
    ),
    case(
        "a table with alarms is renamed",
        {("table-replaced", "name"), ("alarm-changed", "name")},
        Edits(config=(*ALARMS, "travel_invoices_table=Journeys")),
        Edits(config=ALARMS),
    ),
    case(
        "a maximum with an alarm on it is raised",
        {("autoscaling-bounds-changed", "maxCapacity", "safe"), ("alarm-changed", "threshold")},
        Edits(config=(*ALARMS, "autoscaling_max_capacity=20")),
        Edits(config=ALARMS),
    ),
    case(
        "alarms tell another topic",
        {("alarm-changed", "alarmActions", "dangerous"), ("alarm-changed", "okActions", "dangerous")},
        Edits(config=(f"{ALARMS[0]}-2",)),
        Edits(config=ALARMS),
    ),
    *(
        case(
            f"an alarm's {key} becomes {value}",
            {("alarm-changed", key, severity)},
            replace(ALARMED, inputs={READS: {key: value}}),
            ALARMED,
        )
        for key, value, severity in (
            ("actionsEnabled", False, "dangerous"),
            ("alarmActions", ["arn:aws:sns:eu-west-1:123456789012:alarms", "arn:another"], "safe"),
            ("evaluationPeriods", 3, "safe"),
            ("dimensions", {"TableName": "Other"}, "dangerous"),
            ("metricName", "WriteThrottleEvents", "dangerous"),
            ("treatMissingData", "breaching", "safe"),
        )
    ),
    # Protection.
    case("time to live is turned on", {("ttl-on", "ttl")}, Edits(inputs={"users": {"ttl": TTL}})),
    case(
        "time to live is turned off",
        {("ttl-off", "ttl")},
        Edits(inputs={"users": {"ttl": TTL | {"enabled": False}}}),
        Edits(inputs={"users": {"ttl": TTL}}),
    ),
    case(
        "time to live goes by another attribute",
        {("ttl-attribute-changed", "ttl")},
        Edits(inputs={"users": {"ttl": TTL | {"attributeName": "ends"}}}),
        Edits(inputs={"users": {"ttl": TTL}}),
    ),
    case(
        "recovery is turned off",
        {("recovery-off", "pointInTimeRecovery")},
        Edits(inputs={"users": {"pointInTimeRecovery": {"enabled": False}}}),
    ),
    case(
        "recovery is forgotten",
        {("recovery-off", "pointInTimeRecovery")},
        Edits(inputs={"users": {"pointInTimeRecovery": None}}),
    ),
    case(
        "recovery is turned on",
        {("recovery-on", "pointInTimeRecovery")},
        then=Edits(inputs={"users": {"pointInTimeRecovery": None}}),
    ),
    case(
        "recovery is shortened",
        {("recovery-shortened", "pointInTimeRecovery")},
        Edits(inputs={"users": {"pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7}}}),
    ),
    case(
        "recovery is lengthened",
        {("recovery-lengthened", "pointInTimeRecovery")},
        then=Edits(inputs={"users": {"pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7}}}),
    ),
    case(
        "deletion protection is turned off",
        {("deletion-protection-off", "deletionProtectionEnabled")},
        Edits(inputs={"users": {"deletionProtectionEnabled": False}}),
    ),
    case(
        "protection is turned off",
        {("deletion-protection-off", "deletionProtectionEnabled"), ("protect-off", "protect")},
        Edits(config=("protect_tables=false",)),
    ),
    case(
        "protection is turned on",
        {("deletion-protection-on", "deletionProtectionEnabled"), ("protect-on", "protect")},
        then=Edits(config=("protect_tables=false",)),
    ),
    case(
        "another key encrypts",
        {("encryption-key-changed", "serverSideEncryption")},
        Edits(config=(f"kms_key_arn={KEY}",)),
    ),
    case(
        "the key that encrypts is not declared any more",
        {("encryption-key-changed", "serverSideEncryption")},
        then=Edits(config=(f"kms_key_arn={KEY}",)),
    ),
    case(
        "encryption is turned off",
        {("encryption-off", "serverSideEncryption")},
        Edits(inputs={"users": {"serverSideEncryption": {"enabled": False}}}),
    ),
    case(
        "encryption is turned on",
        {("encryption-on", "serverSideEncryption")},
        then=Edits(inputs={"users": {"serverSideEncryption": None}}),
    ),
    case("a tag changes", {("tags-changed", "tags.Environment")}, Edits(config=("environment=live",))),
    case(
        "a tag is added",
        {("tags-changed", "tags.team")},
        Edits(inputs={"users": {"tags": {"Environment": "production", "team": "data"}}}),
    ),
    case(
        "something else changes",
        {("other-change", "onDemandThroughput")},
        Edits(inputs={"users": {"onDemandThroughput": {"maxReadRequestUnits": 5}}}),
    ),
    # Queries.
    case(
        "one of several partition keys of an index changes",
        {("index-rebuilt", EMAIL_PATH)},
        Edits(inputs={"users": {"globalSecondaryIndexes": [several("a", "c")]}}),
        Edits(inputs={"users": {"globalSecondaryIndexes": [several("a", "b")]}}),
    ),
    case(
        "an attribute is no key",
        {("change-refused", "attributes[note]")},
        Edits(inputs={"travel_invoices": {"attributes": [{"name": n, "type": "S"} for n in ("InvoiceID", "note")]}}),
    ),
    case(
        "a tag changes that replaces",
        {("table-replaced", "tags")},
        Edits(
            inputs={"users": {"tags": {"Environment": "test"}}},
            options={"users": {"replace_on_changes": ["tags.Environment"]}},
        ),
    ),
    case(
        "the provider's default tags change",
        {("other-change", "aws:defaultTags")},
        Edits(config=('aws:defaultTags={"tags":{"team":"data"}}',)),
    ),
    case("a topic is added", {("other-change", "", "safe")}, Edits(resources=(TOPIC,))),
    case("a topic is removed", {("other-change", "")}, then=Edits(resources=(TOPIC,))),
    case(
        "a topic changes",
        {("other-change", "name")},
        Edits(resources=(replace(TOPIC, inputs=TOPIC.inputs | {"name": "b"}),)),
        Edits(resources=(TOPIC,)),
    ),
    *(
        case(
            f"a trigger's {key} becomes {new}",
            {("trigger-changed", key, severity)},
            Edits(config=FUNCTION, inputs={"send_invoice_notification": {key: new}}),
            Edits(config=FUNCTION, inputs={"send_invoice_notification": {key: old}}),
        )
        for key, old, new, severity in (
            ("maximumRetryAttempts", 5, 0, "dangerous"),
            ("maximumRetryAttempts", 5, -1, "safe"),
            ("maximumRecordAgeInSeconds", -1, 60, "dangerous"),
            ("functionResponseTypes", ["ReportBatchItemFailures"], None, "dangerous"),
            ("destinationConfig", {"onFailure": {"destinationArn": "a"}}, None, "dangerous"),
            ("destinationConfig", None, {"onFailure": {"destinationArn": "a"}}, "safe"),
        )
    ),
    case(
        "a trigger gets another logical name",
        {("urn-changed", "")},
        Edits(config=FUNCTION, options={"send_invoice_notification": {"urn": "urn:pulumi:prod::paypulse::m::n"}}),
        Edits(config=FUNCTION),
    ),
    case(
        "a query moves to an index that stays",
        {("question-moved", "retail invoices of a user")},
        Edits(
            tables={
                "retail_invoices": {
                    "access_patterns": (
                        AccessPattern(
                            question="retail invoices of a user",
                            operation="Query",
                            index="invoice_date",
                            key=("UserID",),
                        ),
                    )
                }
            }
        ),
    ),
    case(
        "a query comes with its index",
        {("index-added", "globalSecondaryIndexes[a-index]"), ("question-not-yet-answerable", "users by a")},
        Edits(
            tables={
                "users": {
                    "indexes": (EMAIL, index("a-index", "a")),
                    "access_patterns": (
                        *USERS.access_patterns,
                        AccessPattern(question="users by a", operation="Query", index="a_index", key=("a",)),
                    ),
                }
            }
        ),
    ),
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in CASES])
def test_a_change_is_judged(row):
    then, now = version(row.then), version(row.now)

    found = judge.judge(then, now, compared(then, now))

    assert {(change.code, change.path, change.severity) for change in found} == row.changes


TEAM = {"Key": "team", "Value": "data"}
# Of rows with one change: its table, its old and new value, its calls, and its detail.
TOLD = {
    "a table is removed": (
        *("TravelInvoices", "TravelInvoices", None, ("DeleteTable: TableName TravelInvoices",)),
        "Pulumi refuses it, because the table is protected. Turn protect off in a deployment before this one.",
    ),
    "a tag is added": ("Users", None, "data", (f"TagResource: ResourceArn Users, Tags [{json.dumps(TEAM)}]",), ""),
    "a topic is added": ("", None, TOPIC.type, (), "It is created, beside what there is."),
    "a topic is removed": ("", TOPIC.type, None, (), ""),
    "a topic changes": ("", "a", "b", (), ""),
    "the provider's default tags change": ("", None, '{"tags":{"team":"data"}}', (), ""),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_change_tells_its_values_its_calls_and_what_is_special(name):
    (row,) = (row for row in CASES if row.name == name)
    then, now = version(row.then), version(row.now)

    (change,) = judge.judge(then, now, compared(then, now))

    assert (change.table, change.old, change.new, change.calls, change.detail) == TOLD[name]


def test_every_code_of_a_resource_is_in_the_catalogue():
    from_rehearsal = {"question-unanswered", "items-lost"}
    from_state = {"tags-of-others-deleted"}
    # tests/ops/evolve/test_evolve.py has it.
    if_accepted = {"table-moved"}

    assert {
        code for row in CASES for code, *_ in row.changes
    } == CODES.keys() - from_rehearsal - from_state - if_accepted


def test_only_some_codes_are_less_than_dangerous():
    assert {code: found.severity for code, found in CODES.items()} == {code: severity_of(code) for code in CODES}
