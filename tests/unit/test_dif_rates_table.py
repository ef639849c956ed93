"""What the help says of false positives is what the study's table holds."""

import csv
import re
from pathlib import Path

import pytest

from adaptest.cli.analyse import FALSE_POSITIVES

TABLE = Path(__file__).parents[2] / "calibration" / "studies" / "dif_rates.csv"
LIMIT = 0.075


ERRORS = 3  # Monte-Carlo standard errors
NOMINAL = (
    "mantel_haenszel_uncorrected", "logistic_both", "logistic_uniform", "logistic_nonuniform",
    "likelihood_ratio", "breslow_day_trend", "catsib", "logistic_on_theta_both",
)  # fmt: skip


@pytest.fixture(scope="module")
def rates():
    with TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def error(row):
    """Over replications, and of as many independent tests at .05: the larger."""
    return max(float(row["rate_se"]), (0.05 * 0.95 / int(row["tests"])) ** 0.5)


def without_impact(rates, method):
    rows = [row for row in rates if row["method"] == method and float(row["impact"]) == 0]
    assert len(rows) >= 3
    return rows


@pytest.mark.parametrize("method", NOMINAL)
def test_without_impact_the_rate_is_nominal_within_monte_carlo_error(rates, method):
    for row in without_impact(rates, method):
        assert abs(float(row["rate"]) - 0.05) <= ERRORS * error(row), row


@pytest.mark.parametrize("method", ["mantel_haenszel", "wald", "lord", "raju"])
def test_without_impact_a_cautious_method_finds_at_most_the_nominal_rate(rates, method):
    for row in without_impact(rates, method):
        assert float(row["rate"]) <= 0.05 + ERRORS * error(row), row


def test_how_cautious_wald_is_stands_in_the_help(rates):
    found = [float(row["rate"]) for row in without_impact(rates, "wald")]
    low, high = (f"{one:.2f}".removeprefix("0") for one in (min(found), max(found)))
    assert f"Wald is cautious ({low} to {high} without impact)" in FALSE_POSITIVES


def test_every_rate_above_the_limit_is_named_in_the_help_of_analyse(rates):
    worst = {}
    for row in rates:
        name = row["method"].replace("_", " ")
        worst[name] = max(worst.get(name, 0.0), float(row["rate"]))
    high = {name: f"{rate:.2f}".removeprefix("0") for name, rate in worst.items() if rate > LIMIT}
    said = dict(
        re.findall(r"(?:^ |, )([a-z][a-z ]+?) (\.\d\d)", FALSE_POSITIVES.partition("at worst to:")[2])
    )
    assert said == high
    without = [float(row["rate"]) for row in rates if float(row["impact"]) == 0]
    assert max(without) <= LIMIT
