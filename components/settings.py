"""The only reader of the stack's configuration: `paypulse:` keys to one frozen, checked record.

Pulumi.yaml declares every key with its default; there are no defaults here.
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
# The ARN of a key, not of an alias: DynamoDB answers with the key, so every preview would show a difference.
_KMS_KEY_ARN = r"arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+"
# Lambda API reference, CreateEventSourceMapping: a function by its name or its ARN; where a record goes that failed.
_FUNCTION = r"(arn:aws(-[a-z]+)*:lambda:[a-z0-9-]+:[0-9]{12}:function:)?[a-zA-Z0-9-_]{1,64}"
_FAILURE_DESTINATION = (
    r"arn:aws(-[a-z]+)*:(sqs|sns):[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9-_]+|arn:aws(-[a-z]+)*:s3:::[a-z0-9.-]+"
)
# Tagging AWS resources, user guide: the value of a tag.
_TAG_VALUE = r"[\w \t+=.:/@-]{1,256}"
# DynamoDB service quotas: 40,000 units a table; Application Auto Scaling: a target utilisation of 20 to 90 percent.
_CAPACITY = (1, 40_000)
_UTILIZATION = (20, 90)
# Application Auto Scaling API reference: a cooldown is an Integer, in seconds.
_COOLDOWN = (0, 2**31 - 1)


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """Bounds in capacity units, target utilisation in percent, cooldowns in seconds."""

    min_capacity: int
    max_capacity: int
    target_utilization: int
    scale_in_cooldown: int
    scale_out_cooldown: int
    indexes: bool


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A Lambda function, by name or ARN, and the ARN where records go that it keeps failing on; "" for none."""

    function: str
    failure_destination: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A stack's configuration: `table_names` from logical to physical; `kms_key_arn` "" for the AWS managed key.

    `triggers` has those that a function is set for, by their names in the definitions.
    """

    table_names: dict[str, str]
    triggers: dict[str, Trigger]
    environment: str
    protect_tables: bool
    kms_key_arn: str
    autoscaling: Autoscaling


def load(tables: Sequence[Table]) -> Settings:
    """Read and check the stack's configuration.

    Raises pulumi.RunError, which is shown without a traceback, with every wrong key, its value and what is allowed.
    """
    config = _Config()
    autoscaling = Autoscaling(
        min_capacity=config.read("autoscaling_min_capacity", _integer(*_CAPACITY)),
        max_capacity=config.read("autoscaling_max_capacity", _integer(*_CAPACITY)),
        target_utilization=config.read("autoscaling_target_utilization", _integer(*_UTILIZATION)),
        scale_in_cooldown=config.read("autoscaling_scale_in_cooldown", _integer(*_COOLDOWN)),
        scale_out_cooldown=config.read("autoscaling_scale_out_cooldown", _integer(*_COOLDOWN)),
        indexes=config.read("autoscale_indexes", _boolean),
    )
    settings = Settings(
        table_names=_table_names(config, tables),
        triggers=_triggers(config, tables),
        environment=config.read(
            "environment", _text(_TAG_VALUE, "must be 1 to 256 letters, digits, spaces and + - = . _ : / @")
        ),
        protect_tables=config.read("protect_tables", _boolean),
        kms_key_arn=config.read("kms_key_arn", _kms_key_arn(pulumi.Config("aws").get("region"))),
        autoscaling=autoscaling,
    )
    _check_initial_capacities(config, tables, autoscaling)
    config.refuse_unknown_keys()
    if config.problems:
        raise pulumi.RunError("\n  ".join(["the configuration is wrong, nothing was registered:", *config.problems]))
    return settings


class _Config:
    """The project's configuration, and everything that is wrong with it."""

    def __init__(self) -> None:
        self._config = pulumi.Config()
        self._known: set[str] = set()
        self.problems: list[str] = []

    def read(self, key: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401 - the parser decides
        """Return the parsed value of a key; None and a problem where the parser refuses it."""
        self._known.add(key)
        try:
            return parse(self._config.get(key) or "")
        except ValueError as error:
            self.refuse(key, str(error))

    def refuse(self, key: str, why: str) -> None:
        """Note that the value of a key is wrong."""
        name = f"{self._config.name}:{key}"
        value = "[secret]" if pulumi.runtime.is_config_secret(name) else repr(self._config.get(key) or "")
        self.problems.append(f"{name} = {value}: {why}")

    def refuse_unknown_keys(self) -> None:
        """Note every key of the project that nothing has read: Pulumi takes them silently."""
        for name in sorted(pulumi.runtime.get_config_env()):
            namespace, _, key = name.partition(":")
            if namespace == self._config.name and key not in self._known:
                nearest = difflib.get_close_matches(key, self._known, n=1)
                self.refuse(key, "no such key" + "".join(f"; the nearest is {namespace}:{name}" for name in nearest))


def _table_names(config: _Config, tables: Sequence[Table]) -> dict[str, str]:
    suffix = config.read("table_name_suffix", _text("[a-zA-Z0-9_.-]*", _TABLE_NAME_RULE))
    own_name = _text(f"({_TABLE_NAME})?", f"must be empty, or a table name; {_TABLE_NAME_RULE}")
    names = {t.logical_name: config.read(t.name_key, own_name) or f"{t.name}{suffix or ''}" for t in tables}
    too_long = [name for name in names.values() if not re.fullmatch(_TABLE_NAME, name)]
    if too_long:
        config.refuse("table_name_suffix", f"{_TABLE_NAME_RULE}; this makes {', '.join(too_long)}")
    first: dict[str, Table] = {}
    for table in tables:
        name = names[table.logical_name]
        if (other := first.setdefault(name, table)) is not table:
            config.refuse(table.name_key, f"the table would be named {name!r}, as that of {other.name_key} is")
    return names


def _triggers(config: _Config, tables: Sequence[Table]) -> dict[str, Trigger]:
    function = _text(f"({_FUNCTION})?", "must be empty, or a Lambda function's name or ARN, without a version or alias")
    destination = _text(
        f"({_FAILURE_DESTINATION})?", "must be empty, or the ARN of an SQS queue, SNS topic or S3 bucket"
    )
    triggers = {}
    for name in (table.trigger for table in tables if table.trigger):
        trigger = Trigger(
            function=config.read(f"{name}_function", function),
            failure_destination=config.read(f"{name}_failure_destination", destination),
        )
        if trigger.function:
            triggers[name] = trigger
        elif trigger.function == "" and trigger.failure_destination:
            config.refuse(f"{name}_failure_destination", f"there is no trigger without {name}_function")
    return triggers


def _check_initial_capacities(config: _Config, tables: Sequence[Table], autoscaling: Autoscaling) -> None:
    low, high = autoscaling.min_capacity, autoscaling.max_capacity
    if low is None or high is None:
        return
    if low > high:
        config.refuse("autoscaling_min_capacity", f"must be at most autoscaling_max_capacity, which is {high}")
        return
    for table in tables:
        for item in (table, *(table.indexes if autoscaling.indexes else ())):
            where = table.name if item is table else f"{table.name}, index {item.name},"
            for kind, units in vars(item.capacity).items() if item.capacity else ():
                if not low <= units <= high:
                    key = "autoscaling_min_capacity" if units < low else "autoscaling_max_capacity"
                    config.refuse(key, f"{where} is created with {units} {kind} units, which must be in {low}..{high}")


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


def _kms_key_arn(region: str | None) -> Callable[[str], str]:
    parse_arn = _text(f"({_KMS_KEY_ARN})?", "must be empty or the ARN of a KMS key")

    def parse(text: str) -> str:
        if parse_arn(text) and region and text.split(":")[3] != region:
            raise ValueError(f"must be of the tables' own region, which is {region} (aws:region)")
        return text

    return parse


def _text(pattern: str, rule: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return parse
