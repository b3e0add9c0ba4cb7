"""The policy pack: every rule in dynamodb/rules, mandatory unless the stack's configuration says otherwise."""

from pulumi_policy import EnforcementLevel, PolicyPack

from dynamodb.rules import POLICIES

PolicyPack("paypulse-dynamodb", POLICIES, enforcement_level=EnforcementLevel.MANDATORY)
