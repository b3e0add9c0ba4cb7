"""Time to live (ttl) must not be enabled on a table that is not listed in `ttlTables`, because it deletes items."""

from pulumi_policy import Severity

from dynamodb.policy import Findings, Inputs, Options, Unknown, matches, policy, tables_option
from dynamodb.stack import TABLE
from dynamodb.values import UNKNOWN, describe, get


def _check(table: Inputs, options: Options) -> Findings:
    enabled, name = get(table, "ttl.enabled"), get(table, "name")
    if matches(name, options["ttlTables"]) or enabled is None or enabled is False:
        return
    if enabled is UNKNOWN:
        yield Unknown("ttl.enabled")
    elif enabled is True:
        attribute = get(table, "ttl.attributeName")
        by = f" by the attribute {attribute!r}" if isinstance(attribute, str) else ""
        yield f"ttl deletes items{by}: remove ttl, or add the table to ttlTables"
    else:
        yield f"ttl.enabled is {describe(enabled)}, but must be true or false"


POLICY = policy(
    "dynamodb-table-ttl",
    checks={TABLE: _check},
    options={"ttlTables": tables_option("Tables whose items may expire")},
    description="DynamoDB tables should not delete items by time to live unless they are listed.",
    severity=Severity.MEDIUM,
    remediation_steps="Remove ttl, or list the table in ttlTables.",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html",
)
