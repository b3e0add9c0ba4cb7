"""Fails where a required tag is neither in tags nor, with the provider's default tags, in tagsAll."""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyResourceOptions, ResourceValidationPolicy, Severity
from pulumi_policy.proxy import UnknownValueError

from dynamodb.policy import Findings, Options, Unknown, config_schema, fsbp, validation
from dynamodb.values import Odd, get, is_absent

_SCHEMA = {
    "requiredTags": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["Environment"],
        "description": "Keys of the tags that every table must have.",
    },
}


def _check(table: Mapping[str, Any], options: Options, _: PolicyResourceOptions) -> Findings:
    # tags leaves out the provider's default tags, tagsAll has both.
    tags = [(path, get(table, path)) for path in ("tags", "tagsAll")]
    for key in options["requiredTags"]:
        if any(_has(found, key) for _, found in tags):
            continue
        unknown = [path for path, found in tags if found is Odd.UNKNOWN]
        yield Unknown(unknown[0]) if unknown else f"the tag {key!r} is neither in tags nor in tagsAll"


def _has(tags: object, key: object) -> bool:
    # By membership among the keys: a key may have dots, and its value may be unknown.
    if not isinstance(tags, Mapping) or key not in set(tags):
        return False
    try:
        return not is_absent(tags[key])
    except UnknownValueError:
        return True


POLICY = ResourceValidationPolicy(
    name="dynamodb-table-tagged",
    description="DynamoDB tables should be tagged.",
    severity=Severity.LOW,
    framework=fsbp("DynamoDB.5"),
    config_schema=config_schema(_SCHEMA),
    validate=validation(_check, _SCHEMA),
    remediation_steps="Set tags with every key of requiredTags, on the table or as the provider's default tags.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-5",
)
