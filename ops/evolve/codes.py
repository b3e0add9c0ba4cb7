"""Every kind of change: how severe it is, what changes, why that matters, and the recipe that makes the change safely.

docs/evolving.md is generated from this data. Each step of a recipe is one deployment, unless it says otherwise.
"""

from dataclasses import dataclass
from typing import Literal

# safe: nobody notices. slow: safe, but it takes a backfill or several deployments. dangerous: it loses data, breaks a
# reader, or doesn't do what the program says.
Severity = Literal["safe", "slow", "dangerous"]


@dataclass(frozen=True)
class Recipe:
    """The safe way to make a change. Each paragraph of `text` is a step."""

    title: str
    text: str

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps, each in one line."""
        return tuple(" ".join(step.split()) for step in self.text.split("\n\n"))


@dataclass(frozen=True)
class Code:
    """A kind of change. `recipes` are keys of RECIPES; without one, deploying the change is all there is to do.

    A change has the severity and the first recipe of its code, unless it says otherwise.
    """

    severity: Severity
    what: str
    why: str
    recipes: tuple[str, ...] = ()


RECIPES = {
    "add-index": Recipe(
        "Add an index",
        """
        Add the index at the end of its table's indexes, and of those in the contract in policies/config. Deploy. AWS
        builds it from the items that have its key. It can't be read until it is ACTIVE.

        Declare the queries that use it, and add example items that have its key. Deploy the readers.
        """,
    ),
    "add-indexes": Recipe(
        "Add several indexes",
        """
        Add one index at the end. Deploy, and wait until it is ACTIVE: `aws dynamodb describe-table --table-name TABLE
        --query 'Table.GlobalSecondaryIndexes[].[IndexName,IndexStatus]'`.

        Add the next one at the end. Deploy. Repeat this step for each further index.
        """,
    ),
    "keep-capacities": Recipe(
        "Keep the live capacities",
        """
        Keep the deployed indexes in their order, and add new ones at the end. To remove an index, follow drop-index.
        Keep the autoscaled capacities in ignoreChanges. Deploy.
        """,
    ),
    "change-index": Recipe(
        "Change an index's key or projection",
        """
        Add an index at the end, with a new name and with the key and projection that you want. Deploy, and wait until
        it is ACTIVE.

        Move the queries to the new index. Deploy the readers. Keep the old index for now.

        Drop the old index: follow drop-index.
        """,
    ),
    "drop-index": Recipe(
        "Drop an index",
        """
        Remove the queries that use the index, and deploy the readers. Wait until its ConsumedReadCapacityUnits in
        CloudWatch stay at zero.

        Delete the index in AWS. If there are several, delete one at a time: `aws dynamodb update-table --table-name
        TABLE --global-secondary-index-updates '[{"Delete": {"IndexName": "INDEX"}}]'`. Run `pulumi refresh --stack
        STACK`, so that no other index gets its capacity. Remove the index from the table and from the contract. Accept
        index-dropped, or index-removal-not-applied, and capacity-set-back of the indexes behind it: the pull request
        is compared with git, which doesn't know that the index is deleted. Deploy. This deletes only its autoscaling.
        """,
    ),
    "replace-table": Recipe(
        "Change a table's name, key or local secondary indexes",
        """
        Add a table as you want it, with a new name and a new logical name. Deploy.

        Have the writers write to both tables, and copy the old items, with their new key. Compare the numbers of items.
        Then move the queries and the example items to the new table. Deploy the readers.

        Retire the old table: follow retire-table.
        """,
    ),
    "retire-table": Recipe(
        "Retire a table",
        """
        Remove the table's queries, and deploy the readers and writers without them. Wait until its consumed capacity
        in CloudWatch stays at zero.

        Set retiring=True in its definition. Add its name to exemptTables of dynamodb-table-protected and of
        dynamodb-table-deletion-protection-enabled. Accept protect-off and deletion-protection-off. Deploy.

        Make a backup: `aws dynamodb create-backup --table-name TABLE --backup-name NAME`. Remove the table's
        definition, configuration keys, example items, contract and exemptions. Accept table-deleted, and
        trigger-removed if it has a trigger. Deploy with a role that may delete a table.
        """,
    ),
    "to-on-demand": Recipe(
        "Switch a table to on demand",
        """
        Remove the capacity of the table and of its indexes. Remove the table from provisionedTables of
        dynamodb-billing-mode. Deploy. This also deletes its scalable targets and scaling policies.
        """,
    ),
    "to-provisioned": Recipe(
        "Switch a table to provisioned",
        """
        Switch the table in AWS, with a capacity for the table and for each index: `aws dynamodb update-table
        --table-name TABLE --billing-mode PROVISIONED --provisioned-throughput
        ReadCapacityUnits=5,WriteCapacityUnits=5 --global-secondary-index-updates '[{"Update": {"IndexName": "INDEX",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}}]'`. Set the same capacities in the
        definition, and add the table to provisionedTables of dynamodb-billing-mode. Import the table again, because a
        refresh adds no capacities to Pulumi's state: `pulumi state delete --stack STACK --force --target-dependents
        URN`, `make adopt STACK=STACK`, `pulumi import --stack STACK --file imports.json --generate-code=false`. Accept
        billing-mode-switched, because git doesn't know about the switch. Deploy. This creates only the autoscaling.
        """,
    ),
    "turn-on-ttl": Recipe(
        "Turn on time to live",
        """
        Count the items whose time is in the past: DynamoDB will delete them within a few days. This command reads the
        whole table: `aws dynamodb scan --table-name TABLE --select COUNT --filter-expression '#a < :now'
        --expression-attribute-names '{"#a": "ATTRIBUTE"}' --expression-attribute-values '{":now": {"N": "SECONDS"}}'`.
        Correct or export these items. Set time_to_live in the definition, add the table to ttlTables of
        dynamodb-table-ttl, and accept ttl-on. Deploy with a role that may call UpdateTimeToLive.
        """,
    ),
    "change-ttl": Recipe(
        "Change the attribute of time to live, or turn it off",
        """
        Turn it off in AWS: `aws dynamodb update-time-to-live --table-name TABLE --time-to-live-specification
        AttributeName=OLD,Enabled=false`. Run `pulumi refresh --stack STACK`. Remove time_to_live from the definition,
        and accept ttl-off, because git doesn't know that it is off. Deploy. This changes nothing in AWS.

        If you want another attribute, wait for an hour, because AWS allows one change in an hour. Then turn it on:
        follow turn-on-ttl.
        """,
    ),
    "change-stream": Recipe(
        "Change a stream's view type",
        """
        Stop the writers. Wait until every consumer has read the stream to its end. Nothing is deployed.

        Set the new view type, also in the contract. Accept stream-restarted, and trigger-replaced if it has a trigger.
        Deploy.

        Give the other consumers the new ARN, which is in the stack's outputs. Wait until the trigger is Enabled: `aws
        lambda list-event-source-mappings --function-name FUNCTION`. Start the writers. Nothing is deployed.
        """,
    ),
    "lower-capacity": Recipe(
        "Lower a capacity",
        """
        Compare the new value with the consumed capacity of the last weeks in CloudWatch. Accept capacity-lowered, or
        autoscaling-bounds-changed if it is a maximum. Deploy when there is little traffic.
        """,
    ),
    "keep-urn": Recipe(
        "Rename or move a resource in the program",
        """
        Add the old URN as an alias, in opts, with the part that changes: `aliases=[pulumi.Alias(name=…)]`, `type_=…`
        or `parent=…`. The resources in a component inherit its aliases. Deploy.

        Remove the alias once every stack is deployed.
        """,
    ),
    "undo": Recipe(
        "Take the change back, or accept it",
        """
        Declare again what is deployed. If you want the change, accept it in accepted_changes.yaml, with the reason and
        who was told. Deploy.
        """,
    ),
}

CODES = {
    "table-added": Code("safe", "A table is created.", "Nothing else changes."),
    "table-replaced": Code(
        "dangerous",
        "The name, a key, the region or the local secondary indexes of a table change.",
        "AWS can't change these. Pulumi deletes the table with all of its items, and creates an empty one. (If "
        "Pulumi's state has the table of the new name, see table-moved.)",
        ("replace-table",),
    ),
    "table-moved": Code(
        "dangerous",
        "A table gets the name of another one, which is in Pulumi's state instead of it, as after a restore.",
        "Whatever uses the table needs the new name, and consumers of its stream need the new ARN. Between two "
        "versions in git, evolve shows this where it is accepted, and compares as if the table had had the new name. "
        "git doesn't know Pulumi's state. The preview does, and refuses table-replaced as long as the old table is in "
        "it.",
    ),
    "table-deleted": Code(
        "dangerous",
        "A table is no longer declared.",
        "Its items, indexes and stream are deleted. With point-in-time recovery, AWS keeps a backup for 35 days.",
        ("retire-table",),
    ),
    "urn-changed": Code(
        "dangerous",
        "The type, the parent or the logical name of a resource changes, without an alias.",
        "For Pulumi these are two resources: it creates the new one and deletes the deployed one, with its items.",
        ("keep-urn",),
    ),
    "index-added": Code(
        "slow",
        "A global secondary index is added.",
        "AWS builds it from the table's items, which takes minutes or hours. Until then, every query on it fails.",
        ("add-index",),
    ),
    "index-added-with-others": Code(
        "slow",
        "A deployment adds an index to a table, and adds, drops or rebuilds others.",
        "AWS creates or deletes one index at a time. The provider waits for each, until its timeout. Then the "
        "deployment fails, and some indexes exist while others don't.",
        ("add-indexes",),
    ),
    "index-dropped": Code(
        "dangerous",
        "A global secondary index is no longer declared, but its table still declares others.",
        "AWS deletes it, and every query on it fails at once. If you want it back, AWS has to build it again.",
        ("drop-index",),
    ),
    "index-rebuilt": Code(
        "dangerous",
        "The key or the projection of an index changes.",
        "AWS can't change an index. The provider deletes it and creates it again, in one update of the table, which "
        "Pulumi's protect doesn't stop. Every query on the index fails until AWS has built it.",
        ("change-index",),
    ),
    "index-removal-not-applied": Code(
        "dangerous",
        "The only index of a table is no longer declared.",
        "If no index is declared, the provider changes nothing (terraform-provider-aws #47490): the index stays, and "
        "you pay for it. When you declare another index later, the provider deletes this one without notice.",
        ("drop-index",),
    ),
    "capacity-set-back": Code(
        "dangerous",
        "A live capacity, which autoscaling has set, is set back or given to another index.",
        "Pulumi's ignoreChanges goes by the position of an index: an index that moves gets the live capacity of the "
        "index that had this position. Too little capacity throttles the index, and the writes to its table.",
        ("keep-capacities",),
    ),
    "capacity-lowered": Code(
        "dangerous",
        "A provisioned capacity is lowered.",
        "AWS throttles the requests that need more.",
        ("lower-capacity",),
    ),
    "capacity-raised": Code("safe", "A provisioned capacity is raised.", "AWS raises it while the table is in use."),
    "capacity-not-applied": Code(
        "safe",
        "The initial capacity of an autoscaled table or index changes.",
        "ignoreChanges keeps the live capacity. Only a new table or index gets the declared one.",
    ),
    "key-type-changed": Code(
        "dangerous",
        "The type of a key attribute changes.",
        "AWS can't change the type of a key. A key of the new type doesn't find items with a key of the old type.",
        ("replace-table",),
    ),
    "billing-mode-switched": Code(
        "dangerous",
        "A table switches between PROVISIONED and PAY_PER_REQUEST.",
        "The switch to provisioned doesn't apply the capacities that ignoreChanges names: the table gets 1 unit "
        "(terraform-provider-aws #22630), and AWS refuses an index without a capacity (#38100). The switch to on "
        "demand is slow, and loses nothing. AWS allows it four times in 24 hours, and the switch back at any time.",
        ("to-provisioned", "to-on-demand"),
    ),
    "autoscaling-added": Code("safe", "A scalable target or a scaling policy is added.", "It scales what is deployed."),
    "autoscaling-removed": Code(
        "dangerous",
        "A scalable target or a scaling policy is removed, or is left on a table that becomes on demand.",
        "The capacity no longer follows the load. The change is safe if the table or the index is removed too, or if "
        "the table becomes on demand.",
        ("undo",),
    ),
    "autoscaling-bounds-changed": Code(
        "safe",
        "The minimum or the maximum of a scalable target changes.",
        "A lower maximum is dangerous: a live capacity above it is lowered at once, and AWS throttles the requests "
        "that need more.",
        ("lower-capacity",),
    ),
    "autoscaling-policy-changed": Code(
        "safe", "The target utilization or a cooldown changes.", "Autoscaling uses the new values from then on."
    ),
    "stream-on": Code("safe", "A stream is turned on.", "Reads and writes of the table are not affected."),
    "stream-off": Code(
        "dangerous",
        "A stream is turned off.",
        "Its consumers get no new records. After 24 hours they can't read the old ones either.",
        ("undo",),
    ),
    "stream-restarted": Code(
        "dangerous",
        "The view type of a stream changes.",
        "The stream has to be turned off and on. The new stream has another ARN, and consumers keep reading the old "
        "one. Neither stream has what is written in between.",
        ("change-stream",),
    ),
    "trigger-added": Code(
        "safe", "A trigger is added.", "Its function gets the records that are written from then on."
    ),
    "trigger-removed": Code(
        "dangerous",
        "A trigger is removed, or disabled.",
        "Its function gets no more records. A new trigger starts at LATEST, so it misses what is written until then.",
        ("undo",),
    ),
    "trigger-replaced": Code(
        "dangerous",
        "A trigger is deleted and created again, because its stream or its starting position changes.",
        "The new one starts at LATEST, so it misses what is written after the old one is deleted.",
        ("change-stream",),
    ),
    "trigger-filter-changed": Code(
        "dangerous",
        "The filter of a trigger changes.",
        "The function may get records that it doesn't expect, or no longer get records that it needs.",
        ("undo",),
    ),
    "trigger-changed": Code(
        "safe",
        "The function, the batch size or the retries of a trigger change.",
        "It goes on where it is. Fewer retries, a shorter age of records, another failure destination and other "
        "response types are dangerous: records that the function fails on are dropped sooner, or go elsewhere.",
        ("undo",),
    ),
    "alarm-added": Code("safe", "An alarm is added.", "It tells its topic from then on."),
    "alarm-removed": Code(
        "dangerous",
        "An alarm is removed.",
        "Nobody is told any more when it would go off. The change is safe if what it watches is removed, too.",
        ("undo",),
    ),
    "alarm-changed": Code(
        "safe",
        "The name, the metric, the threshold, the periods or the topic of an alarm changes.",
        "CloudWatch evaluates it anew. The change is dangerous if it no longer tells a topic, or watches "
        "another metric or dimension.",
        ("undo",),
    ),
    "ttl-on": Code(
        "dangerous",
        "Time to live is turned on.",
        "DynamoDB deletes every item, old or new, whose attribute is a time in the past five years, in seconds since "
        "1970.",
        ("turn-on-ttl",),
    ),
    "ttl-off": Code(
        "safe",
        "Time to live is turned off.",
        "Items are no longer deleted when their time has passed. If you only remove ttl from the declaration, the "
        "change is dangerous: the provider leaves it on.",
        ("change-ttl",),
    ),
    "ttl-attribute-changed": Code(
        "dangerous",
        "Time to live uses another attribute.",
        "AWS refuses the new attribute while the old one is on, and allows one change in an hour. Then DynamoDB "
        "deletes items by an attribute that may mean something else.",
        ("change-ttl",),
    ),
    "recovery-on": Code(
        "safe", "Point-in-time recovery is turned on.", "You can restore the table to any time from then on."
    ),
    "recovery-off": Code(
        "dangerous",
        "Point-in-time recovery is turned off.",
        "You can no longer restore the table to any time until now. If you turn it on again, it starts from nothing.",
        ("undo",),
    ),
    "recovery-shortened": Code(
        "dangerous",
        "The recovery period gets shorter.",
        "You can no longer restore the table to an older time.",
        ("undo",),
    ),
    "recovery-lengthened": Code(
        "safe",
        "The recovery period gets longer.",
        "Each day, you can restore one day more, until the new period is reached.",
    ),
    "deletion-protection-on": Code("safe", "Deletion protection is turned on.", "AWS refuses to delete the table."),
    "deletion-protection-off": Code(
        "dangerous", "Deletion protection is turned off.", "Then any tool may delete the table.", ("undo",)
    ),
    "protect-on": Code("safe", "Pulumi's protect is turned on.", "Pulumi refuses to delete or replace the table."),
    "protect-off": Code(
        "dangerous",
        "Pulumi's protect is turned off.",
        "The next deployment may delete or replace the table.",
        ("undo",),
    ),
    "encryption-on": Code("safe", "Encryption with a KMS key is turned on.", "AWS encrypts the items in place."),
    "encryption-off": Code(
        "dangerous",
        "Encryption with a KMS key is turned off.",
        "Then AWS encrypts the table with a key that it owns. You can neither see nor forbid the use of that key.",
        ("undo",),
    ),
    "encryption-key-changed": Code(
        "dangerous",
        "Another KMS key encrypts the table.",
        "Every reader and writer first needs permission to use the new key. Keep the old key enabled: it still "
        "encrypts backups and the records in the stream.",
        ("undo",),
    ),
    "tags-changed": Code("safe", "A tag that the program declares changes.", "Check what selects tables by it."),
    "tags-of-others-deleted": Code(
        "dangerous",
        "A table has a tag in Pulumi's state that the program doesn't declare.",
        "The deployment removes it with UntagResource. Cost reports, backups or permissions may depend on it.",
        ("undo",),
    ),
    "table-class-changed": Code(
        "slow",
        "The table class changes.",
        "It takes minutes, in which AWS refuses other changes of the table. AWS allows it twice in 30 days.",
    ),
    "question-moved": Code(
        "safe",
        "A query uses another key or index than before, and the old one stays.",
        "The deployed readers still work.",
    ),
    "question-not-yet-answerable": Code(
        "slow",
        "A query uses an index that the same change adds.",
        "It fails until AWS has built the index.",
        ("add-index",),
    ),
    "question-unanswered": Code(
        "dangerous",
        "In the rehearsal, a query of the application fails or has a wrong answer.",
        "The application gets the same error or wrong answer after a deployment.",
        ("undo",),
    ),
    "reader-broken": Code(
        "dangerous",
        "A query uses another key or index than before, and the old one is removed or changed.",
        "The deployed readers still use the old one, and fail or get other answers.",
        ("change-index",),
    ),
    "change-refused": Code(
        "dangerous",
        "AWS, the provider or Pulumi refuses a step of the deployment.",
        "The deployment stops there. The steps before it are done, and those after it are not.",
        ("undo",),
    ),
    "items-lost": Code(
        "dangerous",
        "After the rehearsed deployment, items are missing that were there before.",
        "Pulumi can't bring them back.",
        ("undo",),
    ),
    "other-change": Code(
        "dangerous",
        "A property changes that this command doesn't know.",
        "Nothing shows that the change is safe. Read what `pulumi preview --diff` says about it.",
        ("undo",),
    ),
}
