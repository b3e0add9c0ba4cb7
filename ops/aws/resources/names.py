"""The names of properties: the provider writes batchSize where AWS's API writes BatchSize."""


def api_names(*names: str) -> dict[str, str]:
    """Map the provider's names to those of AWS's API, for properties that have the same value in both."""
    return {name: name[0].upper() + name[1:] for name in names}
