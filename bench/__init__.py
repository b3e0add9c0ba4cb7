"""How fast the rehearsal, the policy pack and verify are, each against a floor measured in the same run."""
