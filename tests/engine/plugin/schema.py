"""What terraform-provider-aws says of the properties of each resource type, as data, under Pulumi's names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Property:
    """A property. Where it isn't set, it has its `default`; or, if `computed`, what AWS says; or else `unset`.

    `is_input` is false of what AWS alone sets, `is_made` of what this stand-in can't make. A change of one that
    `replaces` makes a new resource. A `required` one is imported even where it is false. A `hidden` default isn't shown
    in the preview of a new resource. `fields` are those of an object, or of each object in a list; `valid` is a pattern.
    Where `alias` finds something in the state, what it captures says the same. Where the property `instead` is set,
    the state has this one from it.
    """

    is_input: bool = True
    is_made: bool = True
    computed: bool = False
    required: bool = False
    replaces: bool = False
    hidden: bool = False
    default: Any = None
    unset: Any = None
    fields: "Properties" = field(default_factory=dict)
    valid: str = "(?s).*"
    alias: str = ""
    instead: str = ""


Properties = Mapping[str, Property]


@dataclass(frozen=True, kw_only=True)
class Type:
    """A resource type. With `names` the provider names a resource that has no name.

    A change in place of a property in `follows` counts only beside a change of the other. A change of one in `renews`
    changes that output.
    """

    properties: Properties
    names: bool = False
    follows: Mapping[str, str] = field(default_factory=dict)
    renews: Mapping[str, str] = field(default_factory=dict)


def each(properties: Properties) -> Properties:
    """Give each of the names in a key its property."""
    return {name: property_ for names, property_ in properties.items() for name in names.split()}


PLAIN, COMPUTED, REQUIRED = Property(), Property(computed=True), Property(required=True)
OUTPUT = Property(is_input=False, computed=True)
REPLACES, KEY = Property(replaces=True), Property(required=True, replaces=True)
UNMADE, UNMADE_COMPUTED = Property(is_made=False), Property(is_made=False, computed=True)
ARN = r"arn:aws[\w-]*:[\w-]+:[\w-]*:(\d{12})?:.+"

_INDEX = each(
    {
        "name": REQUIRED,
        "hashKey readCapacity writeCapacity": COMPUTED,
        "rangeKey": Property(unset="", instead="keySchemas"),
        "keySchemas": Property(computed=True, fields=each({"attributeName keyType": REQUIRED})),
        "projectionType": Property(required=True, valid="ALL|KEYS_ONLY|INCLUDE"),
        "nonKeyAttributes": Property(unset=[]),
        "onDemandThroughput": UNMADE,
        "warmThroughput": UNMADE_COMPUTED,
    }
)
_ENCRYPTION = {"enabled": REQUIRED, "kmsKeyArn": Property(computed=True, valid=ARN)}
_RECOVERY = {"enabled": REQUIRED, "recoveryPeriodInDays": Property(computed=True, valid=r"[1-9]|[12]\d|3[0-5]")}
_TABLE = {
    "id arn streamArn streamLabel": OUTPUT,
    "region tagsAll readCapacity streamViewType writeCapacity": COMPUTED,
    "deletionProtectionEnabled streamEnabled tags": PLAIN,
    "name": KEY,
    "hashKey": Property(computed=True, replaces=True),
    "rangeKey": REPLACES,
    "attributes": Property(computed=True, fields={"name": REQUIRED, "type": Property(required=True, valid="S|N|B")}),
    "billingMode": Property(default="PROVISIONED", valid="PROVISIONED|PAY_PER_REQUEST"),
    "globalSecondaryIndexes": Property(computed=True, fields=_INDEX),
    "pointInTimeRecovery": Property(computed=True, fields=_RECOVERY),
    "serverSideEncryption": Property(computed=True, fields=_ENCRYPTION),
    "tableClass": Property(default="STANDARD", hidden=True, valid="STANDARD|STANDARD_INFREQUENT_ACCESS"),
    "ttl": Property(computed=True, fields=each({"attributeName enabled": PLAIN})),
    "globalTableWitness warmThroughput": UNMADE_COMPUTED,
    "importTable onDemandThroughput restoreSourceName restoreSourceTableArn": UNMADE,
    "restoreBackupArn restoreDateTime restoreToLatestTime": Property(is_made=False, replaces=True),
    "localSecondaryIndexes": Property(is_made=False, replaces=True, unset=[]),
    "replicas": Property(is_made=False, unset=[]),
}
_DIMENSION = "serviceNamespace resourceId scalableDimension"
_TARGET = {
    "id arn": OUTPUT,
    "region tagsAll": COMPUTED,
    "tags": PLAIN,
    _DIMENSION: KEY,
    "minCapacity maxCapacity": REQUIRED,
    "roleArn suspendedState": UNMADE_COMPUTED,
}
_TRACKING = {
    "targetValue": REQUIRED,
    "scaleInCooldown scaleOutCooldown": PLAIN,
    "disableScaleIn": Property(unset=False),
    "predefinedMetricSpecification": Property(fields=each({"predefinedMetricType resourceLabel": PLAIN})),
    "customizedMetricSpecification": UNMADE,
}
_POLICY = {
    "id arn alarmArns": OUTPUT,
    "region": COMPUTED,
    f"name {_DIMENSION}": KEY,
    "policyType": Property(default="StepScaling"),
    "targetTrackingScalingPolicyConfiguration": Property(fields=each(_TRACKING)),
    "stepScalingPolicyConfiguration": UNMADE,
}
_ON_FAILURE = {"destinationArn": Property(required=True, valid=ARN)}
_MAPPING = {
    "id arn functionArn lastModified lastProcessingResult state stateTransitionReason uuid": OUTPUT,
    # A batch size that isn't set is no difference, whatever AWS has.
    "region tagsAll batchSize maximumRecordAgeInSeconds maximumRetryAttempts parallelizationFactor": COMPUTED,
    "tags bisectBatchOnFunctionError functionResponseTypes maximumBatchingWindowInSeconds": PLAIN,
    "tumblingWindowInSeconds": PLAIN,
    "eventSourceArn startingPosition": REPLACES,
    "enabled": Property(default=True),
    # The state has the function's ARN.
    "functionName": Property(required=True, alias=":function:(.+)"),
    "destinationConfig": Property(fields={"onFailure": Property(fields=_ON_FAILURE)}),
    "filterCriteria": Property(fields={"filters": Property(fields={"pattern": PLAIN})}),
    "documentDbEventSourceConfig kmsKeyArn metricsConfig scalingConfig": UNMADE,
    "provisionedPollerConfig": UNMADE_COMPUTED,
    "queues selfManagedEventSource startingPositionTimestamp topics": Property(is_made=False, replaces=True),
    "amazonManagedKafkaEventSourceConfig selfManagedKafkaEventSourceConfig": Property(
        is_made=False, computed=True, replaces=True
    ),
    "sourceAccessConfigurations": Property(is_made=False, unset=[]),
}
_QUERY = {
    "id": REQUIRED,
    "expression label period": PLAIN,
    "returnData": Property(default=False),
    "accountId metric": UNMADE,
}
_OPERATOR = "(GreaterThan|LessThan)(OrEqualTo)?Threshold"
_ALARM = {
    "id arn": OUTPUT,
    "region tagsAll": COMPUTED,
    "name": KEY,
    "comparisonOperator": Property(required=True, valid=_OPERATOR),
    "evaluationPeriods": REQUIRED,
    "actionsEnabled": Property(default=True),
    "treatMissingData": Property(default="missing", valid="breaching|ignore|missing|notBreaching"),
    "alarmActions alarmDescription datapointsToAlarm dimensions metricName namespace okActions period": PLAIN,
    "statistic threshold": PLAIN,
    "metricQueries": Property(fields=each(_QUERY)),
    "evaluateLowSampleCountPercentiles": UNMADE_COMPUTED,
    "evaluationCriteria evaluationInterval evaluationWindow extendedStatistic insufficientDataActions": UNMADE,
    "tags thresholdMetricId unit warmUpConfiguration": UNMADE,
}
TABLE = Type(
    properties=each(_TABLE),
    names=True,
    follows={"attributes": "globalSecondaryIndexes"},
    renews={"streamEnabled": "streamArn", "streamViewType": "streamArn"},
)
TARGET = Type(properties=each(_TARGET))
POLICY = Type(names=True, properties=each(_POLICY))
MAPPING = Type(properties=each(_MAPPING))
ALARM = Type(names=True, properties=each(_ALARM))
