from tests.policies.judge import (
    ABSENT,
    ARN,
    COMPLIANT,
    TABLE_REPLICA,
    UNKNOWN,
    cases,
    changed,
    fails,
    not_known,
    passes,
    violations,
)

NAME = "dynamodb-table-tagged"
LACKING = "the tag 'Environment' must be in tags, or in the provider's default tags"
REPLICA = {"regionName": "eu-north-1"}


@cases(
    passes("tagged"),
    passes("by the provider's default tags", {"tags": ABSENT, "tagsAll": {"Environment": "x"}}),
    fails("no tags", {"tags": ABSENT}, LACKING),
    fails("other tags", {"tags": {"Owner": "x"}, "tagsAll": {"Owner": "x"}}, LACKING),
    fails("in lower case", {"tags": {"environment": "x"}}, LACKING),
    fails("not a map", {"tags": ["Environment"]}, LACKING),
    fails("without a value", {"tags.Environment": None}, LACKING),
    fails("as the provider fills it in", {"tags.Environment": 0.0}, LACKING),
    passes("with a value that is not known", {"tags.Environment": UNKNOWN}),
    fails("tags not known", {"tags": UNKNOWN}, not_known("tags")),
    passes("tags not known, default tags", {"tags": UNKNOWN, "tagsAll": {"Environment": "x"}}),
    fails("no tag known", {"tags": {"Owner": "x"}, "tagsAll": UNKNOWN}, not_known("tagsAll")),
    passes("a key with a dot", {"tags": {"a.b": "x"}}, config={"requiredTags": ["a.b"]}),
    fails(
        "one of two",
        {},
        "the tag 'a.b' must be in tags, or in the provider's default tags",
        config={"requiredTags": ["Environment", "a.b"]},
    ),
    fails(
        "two are one finding",
        {},
        "the tags 'Owner', 'Team' must be in tags, or in the provider's default tags",
        config={"requiredTags": ["Owner", "Environment", "Team"]},
    ),
    passes("a replica with the table's tags", {"replicas": [REPLICA | {"propagateTags": True}]}),
    fails(
        "a replica without the table's tags",
        {"replicas": [REPLICA | {"propagateTags": False}]},
        "replicas[0].propagateTags is false, but must be true",
    ),
    passes("no tag is required", {"tags": ABSENT, "replicas": [REPLICA]}, config={"requiredTags": []}),
)
def test_a_table(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config) == case.reported


def test_a_replica_that_is_a_resource_of_its_own():
    replica = {"globalTableArn": ARN}

    assert violations(NAME, replica | {"tags": {"Environment": "x"}}, type=TABLE_REPLICA) == []
    assert violations(NAME, replica, type=TABLE_REPLICA) == [LACKING]
