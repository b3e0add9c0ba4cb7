"""Says what a month of the tables costs, on demand and provisioned, and where provisioned capacity throttles."""
