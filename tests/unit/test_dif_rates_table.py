"""What the help says of false positives is what the study's table holds."""

import csv
import re
from pathlib import Path

from adaptest.cli.analyse import FALSE_POSITIVES

TABLE = Path(__file__).parents[2] / "calibration" / "studies" / "dif_rates.csv"
LIMIT = 0.075


def test_every_rate_above_the_limit_is_named_in_the_help_of_analyse():
    with TABLE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    worst = {}
    for row in rows:
        name = row["method"].replace("_", " ")
        worst[name] = max(worst.get(name, 0.0), float(row["rate"]))
    high = {name: f"{rate:.2f}".removeprefix("0") for name, rate in worst.items() if rate > LIMIT}
    said = dict(
        re.findall(r"(?:^ |, )([a-z][a-z ]+?) (\.\d\d)", FALSE_POSITIVES.partition("at worst to:")[2])
    )
    assert said == high
    without = [float(row["rate"]) for row in rows if float(row["impact"]) == 0]
    assert max(without) <= LIMIT
