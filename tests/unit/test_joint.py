"""Joint likelihood: its score equations, and TAM's number."""

import json

import numpy as np

from adaptest.calibration.joint import EXTREME_SCORE, joint
from adaptest.numerics.random import Stream, uniform
from adaptest.responses import Responses


def test_the_score_equations_hold_with_missing_responses_and_several_categories():
    sizes = np.array([2, 3, 4, 3, 2, 2])
    u = uniform(8, Stream.SIMULEE, np.arange(300 * 6)).reshape(300, 6)
    level = uniform(9, Stream.SIMULEE, np.arange(300))[:, None]
    cells = np.minimum(((u + level) / 2 * sizes).astype(int), sizes - 1)
    cells[u < 0.1] = -1
    score, most = np.where(cells >= 0, cells, 0).sum(axis=1), np.where(cells >= 0, sizes - 1, 0).sum(axis=1)
    cells = cells[(score > 0) & (score < most)]  # with adjusted extremes the equations have no common root
    n = len(cells)
    assert n > 200
    fit = joint(Responses.of(cells), sizes, corrected=False)
    assert fit.converged
    logit = fit.theta[:, None, None] - np.where(np.isnan(fit.step), np.inf, fit.step)
    power = np.exp(np.concatenate([np.zeros((n, 6, 1)), np.cumsum(logit, axis=2)], axis=2))
    p = power / power.sum(axis=2, keepdims=True)
    here = cells >= 0
    for k in range(1, 4):
        reached = ((cells >= k) & here).sum(axis=0)[sizes > k]
        expected = (p[..., k:].sum(axis=2) * here).sum(axis=0)[sizes > k]
        np.testing.assert_allclose(expected, reached, atol=1e-4)
    expected = np.where(here, (p * np.arange(4)).sum(axis=2), 0).sum(axis=1)
    np.testing.assert_allclose(expected, np.where(here, cells, 0).sum(axis=1), atol=1e-4)


def test_tam_says_the_same(shared):
    cases = json.loads((shared / "reference/calibration_cases.json").read_text("utf-8"))["cases"]
    case = next(c for c in cases if c["id"] == "TAM-sim_rasch_JML")
    cells = np.loadtxt(shared / case["data_path"], delimiter=",", skiprows=1).astype(int)
    fit = joint(Responses.of(cells), np.full(cells.shape[1], 2))
    within = case["tolerance"]["abs"]
    np.testing.assert_allclose(fit.step[:, 0], case["expected"]["xsi"], rtol=0, atol=within)


def test_an_extreme_person_has_an_estimate_at_the_adjusted_score():
    cells = np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]])
    fit = joint(Responses.of(cells), np.full(3, 2), corrected=False)
    assert fit.converged
    assert np.isfinite(fit.theta).all()
    np.testing.assert_allclose(fit.step, 0, atol=1e-7)
    p = 1 / (1 + np.exp(-fit.theta[:2]))
    np.testing.assert_allclose(3 * p, [3 - EXTREME_SCORE, EXTREME_SCORE], atol=1e-6)
