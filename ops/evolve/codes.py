"""Every kind of change: how severe it is, what it does, why it matters, and the safe way to make it.

docs/evolving.md is generated from this data. Each step of a recipe is one deployment, unless it says otherwise.
"""

from dataclasses import dataclass
from typing import Literal

# safe: nobody notices. slow: safe, but it takes a backfill or several deployments. dangerous: it loses data, or breaks
# a reader, or does not do what the program says.
Severity = Literal["safe", "slow", "dangerous"]


@dataclass(frozen=True)
class Recipe:
    """The safe way to make a change, step by step."""

    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """A kind of change. `recipes` are keys of RECIPES, none where deploying the change is all there is to do.

    A change has the severity and the first recipe of its code, unless it says otherwise.
    """

    severity: Severity
    what: str
    why: str
    recipes: tuple[str, ...] = ()


RECIPES = {
    "add-index": Recipe(
        "Add an index",
        (
            (
                "Append the index behind the others of its table, also in the contract in policies/config. Deploy. AWS "
                "builds it from the items that have its key, and refuses to read it until it is ACTIVE."
            ),
            "Declare the queries that use it, and example items that have its key. Deploy the readers.",
        ),
    ),
    "add-indexes": Recipe(
        "Add several indexes",
        (
            (
                "Append one index. Deploy, and wait until it is ACTIVE: `aws dynamodb describe-table --table-name "
                "TABLE --query 'Table.GlobalSecondaryIndexes[].[IndexName,IndexStatus]'`."
            ),
            "Append the next one. Deploy. Repeat for each further index.",
        ),
    ),
    "keep-capacities": Recipe(
        "Keep the live capacities",
        (
            (
                "Keep the deployed indexes in their order, and put a new one behind them. To remove one, see "
                "drop-index. Keep the autoscaled capacities in ignoreChanges. Deploy."
            ),
        ),
    ),
    "change-index": Recipe(
        "Change an index's key or projection",
        (
            (
                "Append an index with a new name, and the key and projection that you want. Deploy, and wait until it "
                "is ACTIVE."
            ),
            "Move the queries to the new index. Deploy the readers. The old index stays.",
            "Drop the old index: see drop-index.",
        ),
    ),
    "drop-index": Recipe(
        "Drop an index",
        (
            (
                "Remove the queries that use it, and deploy the readers. Wait until its ConsumedReadCapacityUnits in "
                "CloudWatch stay at zero."
            ),
            (
                "Delete it in AWS, one index a call: `aws dynamodb update-table --table-name TABLE "
                "--global-secondary-index-updates '["
                '{"Delete": {"IndexName": "INDEX"}}'
                "]'`. Run `pulumi refresh --stack STACK`, so that no other index gets its capacity. Remove it from the "
                "table and the contract. Accept index-dropped, or index-removal-not-applied, and capacity-set-back of "
                "the indexes behind it: the pull request is compared with git, which doesn't know that it is gone. "
                "Deploy: only its autoscaling is left to delete."
            ),
        ),
    ),
    "replace-table": Recipe(
        "Change a table's name, key or local secondary indexes",
        (
            "Add a table as you want it, with a new name and a new logical name. Deploy.",
            (
                "Have the writers write to both tables, and copy the old items, with their new key. Compare the "
                "counts. Then move the queries, and the example items, to the new table. Deploy the readers."
            ),
            "Retire the old table: see retire-table.",
        ),
    ),
    "retire-table": Recipe(
        "Retire a table",
        (
            (
                "Remove its queries, and deploy the readers and writers without them. Wait until its consumed capacity "
                "in CloudWatch stays at zero."
            ),
            (
                "Set retiring=True in its definition. Name it in exemptTables of dynamodb-table-protected and of "
                "dynamodb-table-deletion-protection-enabled. Accept protect-off and deletion-protection-off. Deploy."
            ),
            (
                "Make a backup: `aws dynamodb create-backup --table-name TABLE --backup-name NAME`. Remove the table's "
                "definition, configuration keys, example items, contract and exemptions. Accept table-deleted, and "
                "trigger-removed where it has a trigger. Deploy with a role that may delete a table."
            ),
        ),
    ),
    "to-on-demand": Recipe(
        "Switch a table to on demand",
        (
            (
                "Remove the capacity of the table and of its indexes, and the table from provisionedTables of "
                "dynamodb-billing-mode. Deploy. Its scalable targets and scaling policies are deleted in the same "
                "deployment."
            ),
        ),
    ),
    "to-provisioned": Recipe(
        "Switch a table to provisioned",
        (
            (
                "Switch it in AWS, with a capacity for the table and for each index: `aws dynamodb update-table "
                "--table-name TABLE --billing-mode PROVISIONED --provisioned-throughput "
                "ReadCapacityUnits=5,WriteCapacityUnits=5 --global-secondary-index-updates '["
                '{"Update": {"IndexName": "INDEX", "ProvisionedThroughput": '
                '{"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}}'
                "]'`. Run `pulumi refresh --stack STACK`. Set the same capacities in the definition, name the table in "
                "provisionedTables of dynamodb-billing-mode, and accept billing-mode-switched, because git doesn't "
                "know that it is done. Deploy: only the autoscaling is left to create."
            ),
        ),
    ),
    "turn-on-ttl": Recipe(
        "Turn on time to live",
        (
            (
                "Count the items whose time is in the past, which DynamoDB will delete within a few days: `aws "
                "dynamodb scan --table-name TABLE --select COUNT --filter-expression '#a < :now' "
                "--expression-attribute-names '"
                '{"#a": "ATTRIBUTE"}'
                "' --expression-attribute-values '"
                '{":now": {"N": "SECONDS"}}'
                "'` (it reads the whole table). Correct or export them. Set time_to_live in the definition, name the "
                "table in ttlTables of dynamodb-table-ttl, and accept ttl-on. Deploy with a role that may call "
                "UpdateTimeToLive."
            ),
        ),
    ),
    "change-ttl": Recipe(
        "Change the attribute of time to live, or turn it off",
        (
            (
                "Turn it off in AWS: `aws dynamodb update-time-to-live --table-name TABLE "
                "--time-to-live-specification AttributeName=OLD,Enabled=false`. Run `pulumi refresh --stack STACK`. "
                "Remove time_to_live from the definition, and accept ttl-off, because git doesn't know that it is "
                "done. Deploy: nothing is left to do."
            ),
            (
                "For another attribute, wait an hour, because AWS takes one change in an hour. Then turn it on: see "
                "turn-on-ttl."
            ),
        ),
    ),
    "change-stream": Recipe(
        "Change a stream's view type",
        (
            "Stop the writers. Wait until every consumer has read the stream to its end. Nothing is deployed.",
            (
                "Set the new view type, also in the contract. Accept stream-restarted, and trigger-replaced where it "
                "has a trigger. Deploy."
            ),
            (
                "Point the other consumers to the new ARN, which the stack's outputs have. Wait until the trigger is "
                "Enabled: `aws lambda list-event-source-mappings --function-name FUNCTION`. Start the writers. "
                "Nothing is deployed."
            ),
        ),
    ),
    "lower-capacity": Recipe(
        "Lower a capacity",
        (
            (
                "Compare the new value with the consumed capacity of the last weeks in CloudWatch. Accept "
                "capacity-lowered, or autoscaling-bounds-changed for a maximum. Deploy at a quiet hour."
            ),
        ),
    ),
    "keep-urn": Recipe(
        "Rename or move a resource in the program",
        (
            (
                "Keep the old URN as an alias, in opts, with what it was: `aliases=[pulumi.Alias(name=…)]`, `type_=…` "
                "or `parent=…`. The resources in a component get its aliases, too. Deploy."
            ),
            "Remove the alias once every stack is deployed.",
        ),
    ),
    "undo": Recipe(
        "Take the change back",
        (
            (
                "Declare again what is deployed. Or, if the change is meant, accept it in accepted_changes.yaml, with "
                "the reason and who is told. Deploy."
            ),
        ),
    ),
}

_REBUILD = (
    "An index can't be changed. The provider deletes it and creates it again, in one update that protect doesn't stop. "
    "Until the backfill ends, every query on it fails."
)

CODES = {
    "table-added": Code("safe", "A table is created.", "Nothing else is touched."),
    "table-replaced": Code(
        "dangerous",
        "The name, a key, the region or the local secondary indexes of a table change.",
        "AWS can't change these. Pulumi deletes the table with all of its items, and creates an empty one.",
        ("replace-table",),
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
        "To Pulumi the old resource is gone and another is new: it creates one, and deletes what is deployed.",
        ("keep-urn",),
    ),
    "index-added": Code(
        "slow",
        "A global secondary index is added.",
        "AWS builds it from the table's items, for minutes or hours, and refuses to read it until then.",
        ("add-index",),
    ),
    "index-added-with-others": Code(
        "slow",
        "A table gets several changes of indexes in one deployment.",
        "AWS creates or deletes one index for each update. The provider waits for each, and gives up when its timeout "
        "ends; then some indexes exist, and others don't.",
        ("add-indexes",),
    ),
    "index-dropped": Code(
        "dangerous",
        "A global secondary index is no longer declared, and others of its table are.",
        "AWS deletes it, and every query on it fails at once. To build it again takes a backfill.",
        ("drop-index",),
    ),
    "index-rebuilt": Code("dangerous", "The key or the projection of an index changes.", _REBUILD, ("change-index",)),
    "index-removal-not-applied": Code(
        "dangerous",
        "The only index of a table is no longer declared.",
        "The AWS provider takes no indexes for no change, so the index stays and is paid for (terraform-provider-aws "
        "#47490). The next index that is declared deletes it, unannounced.",
        ("drop-index",),
    ),
    "capacity-set-back": Code(
        "dangerous",
        "A capacity that autoscaling moves is set back, or given to another index.",
        "Pulumi ignores the capacities of indexes by position: an index that moves to another position gets the live "
        "capacity of the index that was there. Too little capacity throttles the index, and the writes of its table.",
        ("keep-capacities",),
    ),
    "capacity-lowered": Code(
        "dangerous",
        "A provisioned capacity is lowered.",
        "Requests beyond it are throttled.",
        ("lower-capacity",),
    ),
    "capacity-raised": Code("safe", "A provisioned capacity is raised.", "AWS raises it while the table serves."),
    "capacity-not-applied": Code(
        "safe",
        "The initial capacity of an autoscaled table or index changes.",
        "ignoreChanges keeps the live capacity. Only a table or index that is created gets the new one.",
    ),
    "key-type-changed": Code(
        "dangerous",
        "The type of a key attribute changes.",
        "AWS can't change the type of a key, and items of the old type can't be found by a key of the new one.",
        ("replace-table",),
    ),
    "billing-mode-switched": Code(
        "dangerous",
        "A table switches between PROVISIONED and PAY_PER_REQUEST.",
        "To provisioned: what ignoreChanges names is not applied, so the provider takes 1 unit for a table "
        "(terraform-provider-aws #22630), and AWS refuses an index without a capacity (#38100). To on demand is slow, "
        "and loses nothing. AWS allows that four times in 24 hours, and the way back at any time.",
        ("to-provisioned", "to-on-demand"),
    ),
    "autoscaling-added": Code("safe", "A scalable target or a scaling policy is added.", "It scales what is there."),
    "autoscaling-removed": Code(
        "dangerous",
        "A scalable target or a scaling policy of a provisioned table is removed, or left on one that is on demand.",
        "The capacity stays as it is at that moment, however the load changes. It is safe where the table, the index "
        "or the billing by capacity goes as well.",
        ("undo",),
    ),
    "autoscaling-bounds-changed": Code(
        "safe",
        "The minimum or the maximum of a scalable target changes.",
        "A lower maximum is dangerous: a live capacity above it is lowered at once, and requests beyond it are "
        "throttled.",
        ("lower-capacity",),
    ),
    "autoscaling-policy-changed": Code(
        "safe", "The target utilization or a cooldown changes.", "Autoscaling follows the new values from then on."
    ),
    "stream-on": Code("safe", "A stream is turned on.", "Reading and writing the table stays as it is."),
    "stream-off": Code(
        "dangerous",
        "A stream is turned off.",
        "Its consumers get no more records, and what they haven't read is gone after 24 hours.",
        ("undo",),
    ),
    "stream-restarted": Code(
        "dangerous",
        "The view type of a stream changes.",
        "AWS has to turn the stream off and on. The new one has another ARN: consumers stay on the old one, and what "
        "is written in between is in neither.",
        ("change-stream",),
    ),
    "trigger-added": Code(
        "safe", "A trigger is added.", "Its function gets the records that are written from then on."
    ),
    "trigger-removed": Code(
        "dangerous",
        "A trigger is removed, or disabled.",
        "Its function gets no more records. A new trigger starts at LATEST, so what was written meanwhile is missed.",
        ("undo",),
    ),
    "trigger-replaced": Code(
        "dangerous",
        "A trigger is deleted and created again: its stream or its starting position changes.",
        "The new one starts at LATEST. What was written after the old one was deleted is missed.",
        ("change-stream",),
    ),
    "trigger-filter-changed": Code(
        "dangerous",
        "The filter of a trigger changes.",
        "The function gets other records than before: some for the first time, others never again.",
        ("undo",),
    ),
    "trigger-changed": Code(
        "safe",
        "The function, the batch size or the retries of a trigger change.",
        "It goes on where it is. Fewer retries, a shorter age of records, another failure destination and other "
        "response types are dangerous: records that the function fails on are dropped sooner, or go elsewhere.",
        ("undo",),
    ),
    "ttl-on": Code(
        "dangerous",
        "Time to live is turned on.",
        "DynamoDB deletes every item whose attribute is a time in the last five years, in seconds since 1970, also "
        "those that are there already.",
        ("turn-on-ttl",),
    ),
    "ttl-off": Code(
        "safe",
        "Time to live is turned off.",
        "Items stay until something deletes them. If ttl is merely not declared any more, that is dangerous: the "
        "provider leaves it on.",
        ("change-ttl",),
    ),
    "ttl-attribute-changed": Code(
        "dangerous",
        "Time to live goes by another attribute.",
        "AWS refuses the new attribute while the old one is on, and takes one change in an hour. Then items are "
        "deleted by a time that may mean something else.",
        ("change-ttl",),
    ),
    "recovery-on": Code(
        "safe", "Point-in-time recovery is turned on.", "The table can be restored to any moment from then on."
    ),
    "recovery-off": Code(
        "dangerous",
        "Point-in-time recovery is turned off.",
        "All that could be restored until now is gone. Turned on again, it starts from nothing.",
        ("undo",),
    ),
    "recovery-shortened": Code(
        "dangerous", "The recovery period gets shorter.", "What is older can't be restored any more.", ("undo",)
    ),
    "recovery-lengthened": Code("safe", "The recovery period gets longer.", "It grows into it day by day."),
    "deletion-protection-on": Code("safe", "Deletion protection is turned on.", "AWS refuses to delete the table."),
    "deletion-protection-off": Code(
        "dangerous", "Deletion protection is turned off.", "Any tool may delete the table then.", ("undo",)
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
        "AWS then encrypts with a key of its own, whose use you can neither see nor forbid.",
        ("undo",),
    ),
    "encryption-key-changed": Code(
        "dangerous",
        "Another KMS key encrypts the table.",
        "Every reader and writer needs permission to use the new key first, and the old key must stay enabled: backups "
        "and records of the stream are still encrypted with it.",
        ("undo",),
    ),
    "tags-changed": Code("safe", "Tags that the program declares change.", "Check what selects tables by them."),
    "tags-of-others-deleted": Code(
        "dangerous",
        "A table has tags in Pulumi's state that the program doesn't declare.",
        "The deployment removes them: UntagResource. Cost reports, backups or permissions may go by them.",
        ("undo",),
    ),
    "table-class-changed": Code(
        "slow",
        "The table class changes.",
        "AWS takes minutes, changes nothing else meanwhile, and allows it twice in 30 days.",
    ),
    "question-moved": Code(
        "safe",
        "A query is declared with another key or index, and the old one stays.",
        "The readers that are deployed get their answers until they are changed, too.",
    ),
    "question-not-yet-answerable": Code(
        "slow",
        "A new query uses an index that the same change adds.",
        "It fails until the index is built.",
        ("add-index",),
    ),
    "question-unanswered": Code(
        "dangerous",
        "A query of the application has no right answer in the rehearsal.",
        "Whoever runs it gets an error, or an answer that is not complete.",
        ("undo",),
    ),
    "reader-broken": Code(
        "dangerous",
        "A query is declared with another key or index than before.",
        "The readers that are deployed still run it as before.",
        ("change-index",),
    ),
    "change-refused": Code(
        "dangerous",
        "AWS, the provider or Pulumi refuses a step of the deployment.",
        "The deployment stops there: what comes before is done, what comes after isn't.",
        ("undo",),
    ),
    "items-lost": Code(
        "dangerous",
        "Items that were there before the rehearsed deployment are not there after it.",
        "Nothing in Pulumi's state brings them back.",
        ("undo",),
    ),
    "other-change": Code(
        "dangerous",
        "Something else changes, which this command doesn't know.",
        "Nothing shows that it is safe. Read what `pulumi preview --diff` says of it.",
        ("undo",),
    ),
}
