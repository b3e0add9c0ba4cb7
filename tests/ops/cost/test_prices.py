import json
from pathlib import Path

import pytest

from ops.cost import prices
from ops.errors import CallError

FILES = sorted((Path(prices.__file__).parent / "prices").glob("*.json"))
KNOWN = {name: {"usd": 1, "source": "https://aws.amazon.com/"} for name in json.loads(FILES[0].read_text())["prices"]}


def write(folder, found):
    (folder / "xx-test-1.json").write_text(json.dumps({"region": "xx-test-1", "date": "2026-01-01", "prices": found}))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_price_file_is_of_its_region_and_has_a_date_and_a_source_of_each_price(file):
    content = json.loads(file.read_text())

    assert prices.load(file.stem).region == content["region"]
    assert prices.load(file.stem).date == content["date"]
    assert all(price["source"].startswith("https://") for price in content["prices"].values())


def test_provisioned_capacity_costs_as_much_as_on_demand_at_29_percent_in_ireland():
    # 0.000147 dollars an hour against 3,600 reads of 0.0000001415, and 0.000735 against 3,600 writes of 0.000000705.
    found = prices.load("eu-west-1")

    assert found.unit_hour("read") / (3600 * found.request("read")) == pytest.approx(0.28857, abs=1e-5)
    assert found.unit_hour("write") / (3600 * found.request("write")) == pytest.approx(0.28960, abs=1e-5)


def test_a_region_without_a_file_is_told_how_to_add_one():
    with pytest.raises(CallError) as error:
        prices.load("eu-north-1")

    assert str(error.value) == (
        "no prices of eu-north-1: copy ops/cost/prices/eu-west-1.json to eu-north-1.json and fill it in from "
        "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonDynamoDB/current/eu-north-1/index.json"
    )


@pytest.mark.parametrize(
    "wrong", [{}, {"usd": "1", "source": "https://a"}, {"usd": 1}, {"usd": None, "source": "https://a"}]
)
def test_a_price_without_a_number_or_a_source_is_refused(tmp_path, wrong):
    write(tmp_path, KNOWN | {"storage_gb_month": wrong})

    with pytest.raises(CallError, match=r"xx-test-1\.json: storage_gb_month needs usd, a number, and source"):
        prices.load("xx-test-1", tmp_path)
