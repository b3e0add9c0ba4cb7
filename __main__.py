"""PayPulse's tables: settings, families, the alarm of the account, outputs."""

import pulumi

from components import permissions, settings
from components.alarms import account_alarm
from components.family import TableFamily
from components.tables import FAMILIES, TABLES

stack = settings.load(TABLES)

tables = {}
for family in FAMILIES:
    tables |= TableFamily(family, stack).outputs
if stack.alarm_topic:
    account_alarm(stack)

pulumi.export("tables", tables)
for logical_name, table in tables.items():
    if "stream_arn" in table:
        pulumi.export(f"{logical_name}_stream_arn", table["stream_arn"])
documents = pulumi.Output.all(**tables).apply(lambda arns: permissions.documents(FAMILIES, arns, stack))
pulumi.export("permissions", documents)
