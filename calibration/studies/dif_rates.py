"""False-positive rates of every DIF method where no item has DIF: a table, synthetic and labelled so.

    python calibration/studies/dif_rates.py > calibration/studies/dif_rates.csv

Two groups of equal size answer 20 2PL items with slopes ln a ~ N(0, .3) and difficulties b ~ N(0, 1), drawn
anew in each replication; the focal group's mean lies lower by the impact. A method's rate is the share of
items with p < .05. Its error is that of the mean over replications, for items of one replication share their
persons. Methods that calibrate or score for every item are replicated less often, and some on six items.
Equal arguments give equal bytes. It takes half an hour of one processor.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping

import numpy as np

from adaptest import dif
from adaptest.calibration import calibrate
from adaptest.dif.separate import separate_items
from adaptest.models import LogisticItems
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

ITEMS = 20
STUDIED = 6  # of them by the methods that calibrate or score for every item
SIZES = (500, 1000, 2000, 4000)
IMPACTS = (0.0, 0.5, 1.0)
ALPHA = 0.05
SUMMED, MODELLED = 100, 60  # replications
MODELLED_SIZES = (500, 1000, 2000)  # the methods by model; 4,000 would take another half hour
SEED = 20261127
GROUPS = ("reference", "focal")


def drawn(n: int, impact: float, rng: np.random.Generator) -> tuple[Responses, ItemParameters]:
    """Return responses of two groups, and the items behind them."""
    ids = tuple(f"i{j + 1}" for j in range(ITEMS))
    slopes, difficulties = rng.lognormal(0, 0.3, ITEMS), rng.normal(0, 1, ITEMS)
    items = ItemParameters.of(LogisticItems(ids, slopes, difficulties, np.zeros(ITEMS), np.ones(ITEMS)))
    group = np.arange(n) % 2
    theta = rng.normal(0, 1, n) - impact * group
    scores = rng.random((n, ITEMS)) < items.probability(theta)[..., 1]
    return Responses.of(scores.astype(np.int8), ids, group=group, groups=GROUPS), items


def by_summed_score(responses: Responses) -> dict[str, Floats]:
    """Return the p-values of each method that matches by summed scores."""
    gate = dif.NO_GATE
    return {
        "mantel_haenszel": dif.mantel_haenszel(responses, volume=gate).p,
        "mantel_haenszel_uncorrected": dif.mantel_haenszel(responses, correct=False, volume=gate).p,
        "logistic_both": dif.logistic(responses, "both", volume=gate).p,
        "logistic_uniform": dif.logistic(responses, "uniform", volume=gate).p,
        "logistic_nonuniform": dif.logistic(responses, "nonuniform", volume=gate).p,
        "standardisation": dif.standardisation(responses, volume=gate).p,
        "breslow_day_trend": dif.breslow_day(responses, volume=gate).p,
        "sibtest": dif.sibtest(responses, volume=gate).p,
    }


def by_model(responses: Responses) -> dict[str, Floats]:
    """Return the p-values of each method that needs the items' parameters, estimated from both groups."""
    gate, studied = dif.NO_GATE, responses.items[:STUDIED]
    items = calibrate(responses, "2pl", prior_discrimination="none", se="none").items
    both = dif.multigroup(responses, items, studied=studied, volume=gate)
    apart = separate_items(responses, items, *GROUPS)
    return {
        "likelihood_ratio": both.likelihood_ratio.p,
        "wald": both.wald.p,
        "lord": dif.lord(*apart, GROUPS, volume=gate).p,
        "lord_without_linking_error": dif.lord(*apart, GROUPS, linking_error=False, volume=gate).p,
        "raju": dif.raju(*apart, GROUPS, volume=gate).p,
        "catsib": dif.catsib(responses, items, studied=studied, volume=gate).p,
        "logistic_on_theta_both": dif.logistic_on_theta(responses, items, volume=gate).p,
    }


def found(n: int, impact: float, replication: int) -> dict[str, Floats]:
    """Return method -> the p-values of one replication."""
    responses, _ = drawn(n, impact, np.random.default_rng([SEED, n, round(impact * 10), replication]))
    return by_summed_score(responses) | (
        by_model(responses) if n in MODELLED_SIZES and replication < MODELLED else {}
    )


def rates(replications: Iterable[Mapping[str, Floats]]) -> dict[str, tuple[float, float, int, int]]:
    """Return method -> rate, its Monte-Carlo error, tests and replications."""
    shares: dict[str, list[float]] = {}
    tests: dict[str, int] = {}
    for one in replications:
        for name, p in one.items():
            good = p[np.isfinite(p)]
            if good.size:
                shares.setdefault(name, []).append(float(np.mean(good < ALPHA)))
                tests[name] = tests.get(name, 0) + good.size
    return {
        name: (float(np.mean(x)), float(np.std(x, ddof=1) / np.sqrt(len(x))), tests[name], len(x))
        for name, x in shares.items()
    }


def main() -> None:
    """Print the table."""
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["method", "n", "impact", "rate", "rate_se", "tests", "replications"])
    for n in SIZES:
        for impact in IMPACTS:
            cell = rates(found(n, impact, replication) for replication in range(SUMMED))
            for name, (rate, error, count, replications) in cell.items():
                table.writerow([name, n, impact, f"{rate:.4f}", f"{error:.4f}", count, replications])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
