"""The policy pack: every rule in dynamodb/rules, all at the same level unless the stack's configuration sets others."""

from pulumi_policy import PolicyPack

from dynamodb.rules import LEVEL, RULES

PolicyPack("paypulse-dynamodb", [rule.POLICY for rule in RULES], enforcement_level=LEVEL)
