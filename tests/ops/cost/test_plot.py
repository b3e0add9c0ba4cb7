import importlib.util
import re
from xml.etree import ElementTree as ET

import pytest

from ops.cost import plot
from ops.cost.month import month
from ops.errors import CallError
from tests.conftest import ROOT
from tests.ops.cost.months import PRICES, USAGE, plan


@pytest.fixture(scope="module")
def rents():
    return month(plan(), USAGE, PRICES)


def test_the_plot_is_an_svg_with_a_panel_for_each_capacity_and_the_same_each_time(rents, tmp_path):
    for name in ("one.svg", "other.svg"):
        plot.write(rents, tmp_path / name)
    text = (tmp_path / "one.svg").read_text()
    svg = "{http://www.w3.org/2000/svg}"
    words = [element.text for element in ET.fromstring(text).iter(f"{svg}text")]  # noqa: S314 - our own file

    assert text == (tmp_path / "other.svg").read_text()
    assert [word for word in words if word and re.search("reads|writes", word)] == [
        *("Rents, reads", "Rents, writes", "due-index, reads", "due-index, writes"),
    ]
    assert {"consumed", "provisioned", "throttled", "hour of day 1 (UTC)"} <= set(words)


def test_consumed_and_throttled_are_what_is_asked(rents):
    points = list(plot.series(rents.tables[0], 1, 0))

    assert points[0] == (0, 0.0, 1, 0.0)
    # No burst capacity: one unit is consumed, and nine are throttled, until minute 367.
    assert points[1] == (6, 1.0, 1, 9.0)
    assert points[2] == (367 / 60, pytest.approx(2), 2, pytest.approx(8))
    assert points[3][:2] == (368 / 60, 0.0)
    assert points[-1] == (24, 0.0, 1, 0.0)


def luminance(colour):
    channels = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("background", ["#ffffff", "#0d1117"])
@pytest.mark.parametrize("colour", [plot.CONSUMED, plot.PROVISIONED, plot.THROTTLED, plot.TEXT])
def test_colours_have_a_contrast_of_3_on_light_and_dark(colour, background):
    low, high = sorted((luminance(colour), luminance(background)))

    assert (high + 0.05) / (low + 0.05) >= 3


def test_without_matplotlib_a_line_says_what_to_install(run, monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    result = run("cost", "--cwd", ROOT, "--plot", tmp_path / "x.svg")

    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: --plot needs matplotlib; install it with pip install 'paypulse-data[plot]' or make setup\n"
    )


def test_the_command_writes_the_plot(run, tmp_path):
    (tmp_path / "usage.yaml").write_text("tables: {}")
    usage = ("--usage", tmp_path / "usage.yaml")

    assert run("cost", "--cwd", ROOT, *usage, "--plot", tmp_path / "x.svg").code == 0
    assert "RentalInvoices-dev, writes" in (tmp_path / "x.svg").read_text()


def test_a_plot_that_can_not_be_written_or_has_nothing_to_draw_is_an_error(rents, tmp_path):
    with pytest.raises(CallError, match="can't be written: No such file or directory"):
        plot.write(rents, tmp_path / "missing" / "x.svg")
    with pytest.raises(CallError, match="no table has provisioned capacity"):
        plot.write(month(plan(mode="PAY_PER_REQUEST"), USAGE, PRICES), tmp_path / "x.svg")
