"""AWS: clients, accounts, the emulator, a stand-in for the provider, and a module for each resource type."""
