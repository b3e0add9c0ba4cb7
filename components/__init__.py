"""PayPulse's tables: their definitions (schema, tables), and the Pulumi components that register them."""
