"""PayPulse's tables: what they are (schema, tables), and the Pulumi components that make them."""
