"""No item has DIF: how often each method says so, by the study in `calibration/studies`.

Tolerances are four Monte-Carlo standard errors over replications.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from adaptest import dif

pytestmark = pytest.mark.slow

PATH = Path(__file__).parents[2] / "calibration" / "studies" / "dif_rates.py"
SPEC = importlib.util.spec_from_file_location("dif_rates", PATH)
study = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(study)

N = 1000
EVERY = {"volume": dif.NO_GATE}
ERRORS = 4


@pytest.fixture(scope="module")
def summed():
    """Without impact, 60 replications: share of 20 items with p < .05."""
    shares = {}
    for replication in range(60):
        responses, items = study.drawn(N, 0.0, np.random.default_rng([7, replication]))
        found = {
            "mantel_haenszel": dif.mantel_haenszel(responses, **EVERY),
            "mantel_haenszel_uncorrected": dif.mantel_haenszel(responses, correct=False, **EVERY),
            "logistic_both": dif.logistic(responses, **EVERY),
            "sibtest": dif.sibtest(responses, **EVERY),
            "standardisation": dif.standardisation(responses, **EVERY),
            "breslow_day_trend": dif.breslow_day(responses, **EVERY),
        }
        if replication < 12:  # it scores everyone anew for each item
            found["catsib"] = dif.catsib(responses, items, **EVERY)
        for name, result in found.items():
            shares.setdefault(name, []).append(np.nanmean(result.p < 0.05))
    return {name: np.array(values) for name, values in shares.items()}


def around(shares):
    return shares.mean(), ERRORS * shares.std(ddof=1) / np.sqrt(len(shares))


@pytest.mark.parametrize(
    "method",
    [
        "mantel_haenszel_uncorrected",
        "logistic_both",
        "sibtest",
        "standardisation",
        "breslow_day_trend",
        "catsib",
    ],
)
def test_without_impact_the_rate_is_nominal(summed, method):
    rate, error = around(summed[method])
    assert abs(rate - 0.05) <= error + (0.01 if method in {"catsib", "standardisation", "sibtest"} else 0.0)


def test_the_continuity_correction_makes_mantel_haenszel_conservative(summed):
    rate, error = around(summed["mantel_haenszel"])
    assert rate <= 0.05 + error
    assert rate < summed["mantel_haenszel_uncorrected"].mean()


@pytest.mark.parametrize("impact", [0.0, 1.0])
def test_the_multi_group_tests_are_nominal_with_and_without_impact(impact):
    ratio, wald = [], []
    for replication in range(24):
        responses, items = study.drawn(N, impact, np.random.default_rng([8, replication]))
        found = dif.multigroup(responses, items, studied=items.ids[:3], **EVERY)
        for shares, p in ((ratio, found.likelihood_ratio.p), (wald, found.wald.p)):
            tested = p[np.isfinite(p)]
            assert len(tested) == 3
            shares.append(np.mean(tested < 0.05))
    for shares in (np.array(ratio), np.array(wald)):
        rate, error = around(shares)
        assert abs(rate - 0.05) <= max(error, ERRORS * np.sqrt(0.05 * 0.95 / (24 * 3)))
