"""Drift where nothing drifted, and where something did: rates with their Monte-Carlo errors."""

import numpy as np
import pytest

from adaptest.calibration import calibrate
from adaptest.drift import DriftRule, drift
from adaptest.drift.comparison import compare
from adaptest.linking import Form, link
from adaptest.models import GradedItems, LogisticItems
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

REPLICATIONS = 40
J = 30
IDS = tuple(f"i{k:02d}" for k in range(J))
MOVED = (3, 17)
SHIFT = 0.5


def items(shift=0.0):
    a = np.linspace(0.8, 1.7, J)[np.argsort(np.sin(np.arange(J) * 2.0))]
    b = np.linspace(-2, 2, J)
    b[list(MOVED)] += shift * np.array([1, -1])
    return ItemParameters.of(LogisticItems(IDS, a, b, np.zeros(J), np.ones(J)))


def answers(truth, n, mean, sd, rng):
    p = truth.probability(rng.normal(mean, sd, n))
    u = rng.uniform(size=(*p.shape[:2], 1))
    return Responses.of((u > np.cumsum(p, axis=-1)[..., :-1]).sum(axis=-1), truth.ids)


def calibrated(truth, n, mean, sd, rng, model="2pl"):
    fit = calibrate(answers(truth, n, mean, sd, rng), model, prior_discrimination="none", threads=1)
    assert fit.converged
    return Form.of_result(fit)


@pytest.fixture(scope="module")
def study():
    """Wald statistics of stable items, and who was flagged, with and without two items that moved."""
    rng = np.random.default_rng(2026)
    z, alarms, caught = [], [], []
    density = NormalPrior().grid()
    for _ in range(REPLICATIONS):
        base = calibrated(items(), 2_000, 0, 1, rng)
        now = calibrated(items(), 1_000, 0.3, 1.1, rng)
        found = compare(now, base, IDS, link(now, base), density)
        z.append(np.stack([found.z_b, found.z_a]))
        population = NormalPrior(0.3, 1.1)
        alarms.append(drift(now, base, population=population).flagged.mean())
        moved = calibrated(items(SHIFT), 1_000, 0.3, 1.1, rng)
        flagged = drift(moved, base, population=population).flagged
        caught.append(flagged[list(MOVED)].mean())
    return np.array(z), np.array(alarms), np.array(caught)


def error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.slow
def test_the_wald_statistics_of_stable_items_are_standard_normal(study):
    z = study[0]
    for k in (0, 1):
        square = (z[:, k] ** 2).mean(axis=1)  # one number a replication: items share the link
        assert square.mean() == pytest.approx(1, abs=4 * error(square))
        beyond = (np.abs(z[:, k]) > 1.96).mean(axis=1)
        assert beyond.mean() == pytest.approx(0.05, abs=4 * error(beyond))
        assert abs(z[:, k].mean()) < 4 * error(z[:, k].mean(axis=1))


@pytest.mark.slow
def test_false_alarms_are_at_most_two_in_a_hundred_and_half_a_logit_is_caught(study):
    _, alarms, caught = study
    assert alarms.mean() <= 0.02 + 4 * error(alarms)
    assert caught.mean() >= 0.80


@pytest.mark.slow
def test_the_error_of_a_link_is_the_spread_of_its_constants_in_repeated_samples():
    rng = np.random.default_rng(7)
    truth = ItemParameters.of(
        LogisticItems(tuple("abcdef"), np.linspace(0.8, 1.6, 6), np.linspace(-1.5, 1.5, 6), [0] * 6, [1] * 6),
        GradedItems(tuple("gh"), [1.2, 0.9], [[-1.0, 0.2, 1.1], [-0.4, 0.8, 1.5]]),
    )
    models = ["2pl"] * 6 + ["grm"] * 2
    constants, errors = [], []
    for _ in range(REPLICATIONS):
        pair = [calibrated(truth, 1_000, mean, sd, rng, models) for mean, sd in ((0.5, 1.2), (0, 1))]
        found = link(*pair)
        constants.append((found.A, found.B))
        errors.append((found.se_A, found.se_B))
    constants, errors = np.array(constants), np.array(errors)
    spread = constants.std(axis=0, ddof=1)
    # a standard deviation from R draws is known to 1 / sqrt(2 (R - 1)) of itself
    assert errors.mean(axis=0) == pytest.approx(spread, rel=4 / np.sqrt(2 * (REPLICATIONS - 1)))
    assert constants.mean(axis=0) == pytest.approx([1.2, 0.5], abs=4 * spread.max() / np.sqrt(REPLICATIONS))


def test_the_rule_of_the_study_is_the_default():
    assert (DriftRule().z, DriftRule().shift, DriftRule().rmsd) == (2.58, 0.3, 0.05)
