"""Each table must have the tags that `requiredTags` lists, in its tags or in the provider's default tags.

A TableReplica must have them itself. An inline replica must propagate the tags of its table (propagateTags). This is
stricter than DynamoDB.5, which accepts any tag.
"""

from collections.abc import Mapping

from pulumi_policy import PolicyComplianceFramework, Severity

from dynamodb.policy import Findings, Inputs, Options, Unknown, expect, policy, strings_option
from dynamodb.stack import TABLE, TABLE_REPLICA
from dynamodb.values import UNKNOWN, element, entries, get, is_missing


def _check(table: Inputs, options: Options) -> Findings:
    # tags doesn't include the provider's default tags; tagsAll includes both.
    tags = {path: get(table, path) for path in ("tags", "tagsAll")}
    lacking = [key for key in options["requiredTags"] if not any(_has(value, key) for value in tags.values())]
    unknown = [path for path, value in tags.items() if value is UNKNOWN]
    if lacking and unknown:
        yield Unknown(unknown[0])
    elif lacking:
        what = f"the tag {lacking[0]!r}" if len(lacking) == 1 else f"the tags {', '.join(map(repr, lacking))}"
        yield f"{what} must be in tags, or in the provider's default tags"
    for path, replica in entries(table, "replicas") if options["requiredTags"] else ():
        yield from expect(replica, "propagateTags", lambda value: value is True, "true", path)


def _has(tags: object, key: str) -> bool:
    # Not with `get`, because a tag's key may contain dots. A tag with an unknown value exists.
    return isinstance(tags, Mapping) and key in set(tags) and not is_missing(element(tags, key))


POLICY = policy(
    "dynamodb-table-tagged",
    checks={TABLE: _check, TABLE_REPLICA: _check},
    options={"requiredTags": strings_option("The keys of the tags that each table must have.", ["Environment"])},
    description="DynamoDB tables should be tagged.",
    severity=Severity.LOW,
    framework=PolicyComplianceFramework(
        name="AWS Resource Tagging Standard", version="1.0.0", reference="DynamoDB.5", specification="DynamoDB.5"
    ),
    remediation_steps="Set tags with every key of requiredTags, on the table or as the provider's default tags.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-5",
)
