"""AWS: clients, the emulator, a stand-in for the provider, and what ops can do with each resource type."""
