"""What each role of CI may do in AWS, and no more. docs/generate.py writes it into deploying.md."""

from collections.abc import Iterable, Mapping
from typing import Any

Actions = Mapping[str, Iterable[str]]

# Actions by what they are allowed on; "*" where IAM has no resource for the action
# (https://docs.aws.amazon.com/service-authorization/latest/reference/). Tests compare them with the calls that are
# made: VERIFY with those of verify and adopt, CHANGE with those of a deployment.
VERIFY: Actions = {
    "tables": (
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
    ),
    "keys": ("kms:DescribeKey",),
    "*": (
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "cloudwatch:DescribeAlarms",
        "lambda:ListEventSourceMappings",
    ),
}
CHANGE: Actions = {
    "tables": (
        "dynamodb:CreateTable",
        "dynamodb:TagResource",
        "dynamodb:UntagResource",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTable",
    ),
    "scalable targets": (
        "application-autoscaling:DeleteScalingPolicy",
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:RegisterScalableTarget",
    ),
    # Scaling makes alarms, too, with the caller's permissions
    # (https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html).
    "alarms": ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
    "mappings": ("lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"),
    "*": ("lambda:CreateEventSourceMapping",),
}
# A deployment would make these calls only to lose something, or never, so the role is denied them.
DENIED = ("dynamodb:DeleteTable", "dynamodb:UpdateTimeToLive")
ITEMS = ("dynamodb:*Item", "dynamodb:PartiQL*", "dynamodb:Query", "dynamodb:Scan")
# What the provider also reads, as its source has it (internal/service/appautoscaling, cloudwatch and lambda of
# terraform-provider-aws). The tests on the CLI see it.
PROVIDER: Actions = {
    "scalable targets": ("application-autoscaling:ListTagsForResource",),
    "alarms": ("cloudwatch:ListTagsForResource",),
    "mappings": ("lambda:GetEventSourceMapping", "lambda:ListTags"),
}
_LINKED_ROLE = "dynamodb.application-autoscaling.amazonaws.com"


def document(region: str, tables: Iterable[str], *actions: Actions) -> dict[str, Any]:
    """Return these actions as an IAM policy document for the account ACCOUNT, with a statement for each resource."""
    where, tables = f"{region}:ACCOUNT", list(tables)
    resources = {
        "tables": [f"arn:aws:dynamodb:{where}:table/{name}" for name in tables],
        "keys": f"arn:aws:kms:{where}:key/*",
        "scalable targets": f"arn:aws:application-autoscaling:{where}:scalable-target/*",
        "mappings": f"arn:aws:lambda:{where}:event-source-mapping:*",
        "alarms": [
            f"arn:aws:cloudwatch:{where}:alarm:{name}"
            for name in ("TargetTracking-table/*", "*/user-errors", *(f"{table}/*" for table in tables))
        ],
        "*": "*",
    }
    statements = [
        {"Effect": "Allow", "Action": allowed, "Resource": resource}
        for on, resource in resources.items()
        if (allowed := sorted(action for group in actions for action in group.get(on, ())))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def deploy(region: str, tables: Iterable[str]) -> dict[str, Any]:
    """Return what a deployment needs beside what verify needs: what it changes, and what it is denied."""
    made = document(region, tables, CHANGE, PROVIDER)
    linked = {"StringEquals": {"iam:AWSServiceName": _LINKED_ROLE}}
    made["Statement"] += [
        {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition": linked},
        {"Effect": "Deny", "Action": [*DENIED, *ITEMS], "Resource": "*"},
    ]
    return made
