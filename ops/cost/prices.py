"""Reads what requests, capacity, storage and alarms cost in a region, from a dated file with the source of each."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

from ops.errors import CallError

_FOLDER = Path(__file__).parent / "prices"


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices of a region on a date, in US dollars."""

    region: str
    date: str
    read_request_unit: float
    write_request_unit: float
    read_capacity_unit_hour: float
    write_capacity_unit_hour: float
    storage_gb_month: float
    recovery_gb_month: float
    alarm_month: float

    def request(self, access: str) -> float:
        """Return the price of a request unit. `access` is read or write."""
        return self.read_request_unit if access == "read" else self.write_request_unit

    def unit_hour(self, access: str) -> float:
        """Return the price of a capacity unit for an hour. `access` is read or write."""
        return self.read_capacity_unit_hour if access == "read" else self.write_capacity_unit_hour


def load(region: str, folder: Path = _FOLDER) -> Prices:
    """Return the prices of a region. Raises CallError if there is no file of them, or a price or source is missing."""
    path = folder / f"{region}.json"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.json"))
        raise CallError(
            f"no prices of {region}: copy ops/cost/prices/{known[0] if known else 'REGION'}.json to {region}.json and "
            "fill it in from https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonDynamoDB/current/"
            f"{region}/index.json"
        )
    content = json.loads(path.read_text(encoding="utf-8"))
    found = content["prices"]
    names = [field.name for field in fields(Prices) if field.name not in {"region", "date"}]
    for name in names:
        price = found.get(name, {})
        if not isinstance(price.get("usd"), float | int) or not str(price.get("source", "")).startswith("https://"):
            raise CallError(f"{path.name}: {name} needs usd, a number, and source, the address of its price list")
    return Prices(region=region, date=content["date"], **{name: found[name]["usd"] for name in names})
