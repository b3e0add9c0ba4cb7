"""The policy pack: every rule in dynamodb/rules, at one level unless the stack's configuration says otherwise."""

from pulumi_policy import PolicyPack

from dynamodb.rules import LEVEL, RULES

PolicyPack("paypulse-dynamodb", [rule.POLICY for rule in RULES], enforcement_level=LEVEL)
