"""Reads the stack's configuration into one frozen, checked record. Nothing else reads `paypulse:` keys.

Pulumi.yaml declares every key with its default, so there are no defaults here.
"""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.schema import Table

# DynamoDB API reference, CreateTable, TableName.
_TABLE_NAME = r"[a-zA-Z0-9_.-]{3,255}"
_TABLE_NAME_RULE = "a table name has 3 to 255 characters of a-zA-Z0-9_.-"
# The ARN of a key, not of an alias: DynamoDB returns the key's ARN, so every preview would show a difference.
_KMS_KEY_ARN = r"arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+"
# SNS API reference, CreateTopic, Name. CloudWatch's alarms tell a standard topic; a FIFO topic's name ends in .fifo.
_TOPIC_ARN = r"arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9-_]{1,256}"
# CloudWatch API reference, PutMetricAlarm: 255 characters for the name of an alarm. It has the name of a table, and up
# to 55 characters more: of an index or a trigger, and of what is wrong.
_ALARMED_TABLE_NAME = 200
# Lambda API reference, CreateEventSourceMapping: FunctionName, and Destination of DestinationConfig.OnFailure.
_FUNCTION = r"(arn:aws(-[a-z]+)*:lambda:[a-z0-9-]+:[0-9]{12}:function:)?[a-zA-Z0-9-_]{1,64}"
_FAILURE_DESTINATION = (
    r"arn:aws(-[a-z]+)*:(sqs|sns):[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9-_]+|arn:aws(-[a-z]+)*:s3:::[a-z0-9.-]+"
)
# Tagging AWS resources, user guide: the value of a tag.
_TAG_VALUE = r"[\w \t+=.:/@-]{1,256}"
# DynamoDB service quotas: 40,000 units a table. Application Auto Scaling: a target utilization of 20 to 90 percent.
_CAPACITY = (1, 40_000)
_UTILIZATION = (20, 90)
# Application Auto Scaling API reference: a cooldown is an Integer, in seconds.
_COOLDOWN = (0, 2**31 - 1)


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """Bounds in capacity units, the target utilization in percent, cooldowns in seconds."""

    min_capacity: int
    max_capacity: int
    target_utilization: int
    scale_in_cooldown: int
    scale_out_cooldown: int
    indexes: bool


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A Lambda function, by name or ARN, and the ARN of the destination for records that it keeps failing on, or ""."""

    function: str
    failure_destination: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A stack's configuration.

    `table_names` maps logical names to physical names. `triggers` maps the name of a trigger in `components/tables.py`
    to its function, and has no entry for a trigger without one. `kms_key_arn` is "" for the AWS managed key, and
    `alarm_topic` is "" for no alarms.
    """

    table_names: dict[str, str]
    triggers: dict[str, Trigger]
    environment: str
    protect_tables: bool
    kms_key_arn: str
    alarm_topic: str
    autoscaling: Autoscaling


def load(tables: Sequence[Table]) -> Settings:
    """Read and check the stack's configuration.

    Raises pulumi.RunError, which Pulumi shows without a traceback. It lists every wrong key, its value and what is
    allowed.
    """
    config = _Config()
    autoscaling = {
        "min_capacity": config.read("autoscaling_min_capacity", _integer(*_CAPACITY)),
        "max_capacity": config.read("autoscaling_max_capacity", _integer(*_CAPACITY)),
        "target_utilization": config.read("autoscaling_target_utilization", _integer(*_UTILIZATION)),
        "scale_in_cooldown": config.read("autoscaling_scale_in_cooldown", _integer(*_COOLDOWN)),
        "scale_out_cooldown": config.read("autoscaling_scale_out_cooldown", _integer(*_COOLDOWN)),
        "indexes": config.read("autoscale_indexes", _boolean),
    }
    table_names = _table_names(config, tables)
    triggers = _triggers(config, tables)
    region = pulumi.Config("aws").get("region")
    tag_rule = "must be 1 to 256 letters, digits, spaces and + - = . _ : / @"
    others = {
        "environment": config.read("environment", _text(_TAG_VALUE, tag_rule)),
        "protect_tables": config.read("protect_tables", _boolean),
        "kms_key_arn": config.read("kms_key_arn", _arn(_KMS_KEY_ARN, "a KMS key", region)),
        "alarm_topic": config.read("alarm_topic", _arn(_TOPIC_ARN, "a standard SNS topic", region)),
    }
    if others["alarm_topic"]:
        _check_alarms(config, tables, table_names, triggers, region)
    _check_initial_capacities(config, tables, autoscaling)
    config.refuse_unknown_keys()
    if config.problems:
        raise pulumi.RunError("\n  ".join(["the configuration is wrong, nothing was registered:", *config.problems]))
    return Settings(
        table_names=table_names,
        triggers={name: Trigger(**values) for name, values in triggers.items() if values["function"]},
        autoscaling=Autoscaling(**autoscaling),
        **others,
    )


class _Config:
    """The project's configuration, and everything that is wrong with it."""

    def __init__(self) -> None:
        self._config = pulumi.Config()
        self._known: set[str] = set()
        self.problems: list[str] = []

    def read(self, key: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401 - the parser's type, or None
        """Return the parsed value of a key. Where the parser refuses the value, add a problem and return None."""
        self._known.add(key)
        try:
            return parse(self._config.get(key) or "")
        except ValueError as error:
            self.refuse(key, str(error))

    def refuse(self, key: str, why: str) -> None:
        """Add the problem that the value of a key is wrong."""
        name = f"{self._config.name}:{key}"
        value = "[secret]" if pulumi.runtime.is_config_secret(name) else repr(self._config.get(key) or "")
        self.problems.append(f"{name} = {value}: {why}")

    def refuse_unknown_keys(self) -> None:
        """Add a problem for every key of the project that nothing has read. Pulumi itself accepts such keys."""
        for name in sorted(pulumi.runtime.get_config_env()):
            namespace, _, key = name.partition(":")
            if namespace == self._config.name and key not in self._known:
                nearest = difflib.get_close_matches(key, self._known, n=1)
                self.refuse(key, "no such key" + "".join(f"; the nearest is {namespace}:{name}" for name in nearest))


def _table_names(config: _Config, tables: Sequence[Table]) -> dict[str, str]:
    suffix = config.read("table_name_suffix", _text("[a-zA-Z0-9_.-]*", _TABLE_NAME_RULE))
    own_name = _text(f"({_TABLE_NAME})?", f"must be empty, or a table name; {_TABLE_NAME_RULE}")
    names = {t.logical_name: config.read(t.name_key, own_name) or f"{t.name}{suffix or ''}" for t in tables}
    illegal = [name for name in names.values() if not re.fullmatch(_TABLE_NAME, name)]
    if illegal:
        config.refuse("table_name_suffix", f"{_TABLE_NAME_RULE}; this makes {', '.join(illegal)}")
    first: dict[str, Table] = {}
    for table in tables:
        name = names[table.logical_name]
        if (other := first.setdefault(name, table)) is not table:
            config.refuse(
                table.name_key, f"two tables would have the name {name!r}: this one and that of {other.name_key}"
            )
    return names


def _triggers(config: _Config, tables: Sequence[Table]) -> dict[str, dict[str, Any]]:
    function = _text(f"({_FUNCTION})?", "must be empty, or a Lambda function's name or ARN, without a version or alias")
    destination = _text(
        f"({_FAILURE_DESTINATION})?", "must be empty, or the ARN of an SQS queue, SNS topic or S3 bucket"
    )
    triggers = {}
    for name in (table.trigger for table in tables if table.trigger):
        values = {
            "function": config.read(f"{name}_function", function),
            "failure_destination": config.read(f"{name}_failure_destination", destination),
        }
        if values["function"] == "" and values["failure_destination"]:
            config.refuse(f"{name}_failure_destination", f"there is no trigger without {name}_function")
        triggers[name] = values
    return triggers


def _check_initial_capacities(config: _Config, tables: Sequence[Table], autoscaling: dict[str, Any]) -> None:
    low, high = autoscaling["min_capacity"], autoscaling["max_capacity"]
    if low is None or high is None:
        return
    if low > high:
        config.refuse("autoscaling_min_capacity", f"must be at most autoscaling_max_capacity, which is {high}")
        return
    for table in tables:
        for item in (table, *(table.indexes if autoscaling["indexes"] else ())):
            where = table.name if item is table else f"{table.name}, index {item.name},"
            for kind, units in vars(item.capacity).items() if item.capacity else ():
                if not low <= units <= high:
                    key = "autoscaling_min_capacity" if units < low else "autoscaling_max_capacity"
                    config.refuse(key, f"{where} is created with {units} {kind} units, which must be in {low}..{high}")


def _check_alarms(
    config: _Config,
    tables: Sequence[Table],
    names: dict[str, str],
    triggers: dict[str, dict[str, Any]],
    region: str | None,
) -> None:
    """Refuse a table whose alarms' names would be too long, and a destination that an alarm can't see."""
    for table in tables:
        length = len(names[table.logical_name])
        if length > _ALARMED_TABLE_NAME:
            why = f"with alarm_topic, a table name has at most {_ALARMED_TABLE_NAME} characters; this one has {length}"
            config.refuse(table.name_key, why)
    for name, values in triggers.items():
        # The ARN of a bucket has no region.
        destination = values["failure_destination"]
        if region and destination and destination.split(":")[3] not in {"", region}:
            why = f"with alarm_topic, must be in the region of the tables, {region}: an alarm sees no other region"
            config.refuse(f"{name}_failure_destination", why)


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch("-?[0-9]{1,10}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number, {low} to {high}")
        return int(text)

    return parse


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text == "true"


def _arn(pattern: str, what: str, region: str | None) -> Callable[[str], str]:
    parse_arn = _text(f"({pattern})?", f"must be empty or the ARN of {what}")

    def parse(text: str) -> str:
        if parse_arn(text) and region and text.split(":")[3] != region:
            raise ValueError(f"must be in the region of the tables, which is {region} (aws:region)")
        return text

    return parse


def _text(pattern: str, rule: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return parse
