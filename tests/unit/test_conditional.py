"""Conditional likelihood against brute force, and against eRm."""

import itertools
import json

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from adaptest.calibration.conditional import conditional
from adaptest.numerics.random import Stream, uniform
from adaptest.responses import Responses


def brute_force(steps, cells, weight):
    """The conditional log-likelihood of complete data, by listing every pattern with each sum."""
    sizes = [1 + np.isfinite(step).sum() for step in steps]
    beta = [np.concatenate([[0], -np.cumsum(step[np.isfinite(step)])]) for step in steps]
    patterns = list(itertools.product(*(range(size) for size in sizes)))
    value = {p: sum(b[k] for b, k in zip(beta, p, strict=True)) for p in patterns}
    gamma = {}
    for p, v in value.items():
        gamma[sum(p)] = gamma.get(sum(p), 0.0) + np.exp(v)
    return sum(
        w * (value[tuple(r)] - np.log(gamma[sum(r)])) for r, w in zip(cells.tolist(), weight, strict=True)
    )


def polytomous():
    sizes = np.array([3, 2, 4, 3])
    u = uniform(5, Stream.SIMULEE, np.arange(240 * 4)).reshape(240, 4)
    level = uniform(6, Stream.SIMULEE, np.arange(240))[:, None]
    return np.minimum(((u + level) / 2 * sizes).astype(int), sizes - 1), sizes


def test_partial_credit_agrees_with_listing_every_pattern():
    cells, sizes = polytomous()
    weight = np.where(np.arange(len(cells)) % 3 == 0, 2.0, 1.0)
    fit = conditional(Responses.of(cells, weight=weight), sizes)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(brute_force(fit.step, cells, weight), abs=1e-8)
    own = np.isfinite(fit.step)

    def value(free):
        steps = np.full_like(fit.step, np.nan)
        steps[own] = free
        return brute_force(steps, cells, weight)

    slope = approx_fprime(fit.step[own], value, 1e-6)
    assert np.abs(slope).max() < 1e-2  # forward differences: 1e-6 x curvature of some hundreds of persons
    locations = np.array([step[np.isfinite(step)].mean() for step in fit.step])
    assert locations.mean() == pytest.approx(0, abs=1e-12)


def test_standard_errors_are_those_of_the_numerical_second_derivative():
    cells, sizes = polytomous()
    fit = conditional(Responses.of(cells), sizes)
    own = np.isfinite(fit.step)
    where = np.repeat(np.arange(len(sizes)), sizes - 1)
    constraint = 1 / (sizes - 1)[where]
    basis = np.linalg.svd(constraint[None])[2][1:].T
    ones = np.full_like(fit.step, np.nan)

    def value(free):
        steps = ones.copy()
        steps[own] = fit.step[own] + basis @ free
        return brute_force(steps, cells, np.ones(len(cells)))

    h, size = 1e-4, basis.shape[1]
    unit = h * np.eye(size)
    hessian = np.array(
        [
            [
                value(a + b) - value(a - b) - value(b - a) + value(-a - b)
                for b in unit
            ]
            for a in unit
        ]
    ) / (4 * h * h)  # fmt: skip
    covariance = basis @ np.linalg.inv(-hessian) @ basis.T
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-4, atol=1e-7)


def test_persons_may_have_been_presented_different_items():
    cells, sizes = polytomous()
    cells[::2, 0], cells[1::2, 3] = -1, -1
    fit = conditional(Responses.of(cells), sizes)
    parts = [(cells[::2, 1:], [1, 2, 3]), (cells[1::2, :3], [0, 1, 2])]
    expected = sum(brute_force(fit.step[items], part, np.ones(len(part))) for part, items in parts)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(expected, abs=1e-8)


def test_items_that_no_one_tells_apart_are_not_placed():
    cells = np.array([[1, 0, -1, -1], [0, 1, -1, -1], [-1, -1, 1, 0], [-1, -1, 0, 1]] * 10)
    fit = conditional(Responses.of(cells), np.full(4, 2))
    assert not fit.converged
    assert fit.covariance is None
    assert (
        fit.reason
        == "the conditional information is singular: some items cannot be placed against the others"
    )


@pytest.mark.parametrize("case", ["eRm-LSAT6-CML", "eRm-raschdat1-CML"])
def test_erm_says_the_same(shared, case):
    cases = json.loads((shared / "reference/calibration_cases.json").read_text("utf-8"))["cases"]
    case = next(c for c in cases if c["id"] == case)
    cells = np.loadtxt(shared / case["data_path"], delimiter=",", skiprows=1).astype(int)
    fit, expected = conditional(Responses.of(cells), np.full(cells.shape[1], 2)), case["expected"]
    easiness = list((expected.get("easiness") or expected["betapar_easiness"]).values())
    within = case["tolerance"]["param_abs"]
    np.testing.assert_allclose(-fit.step[:, 0], easiness, rtol=0, atol=within)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), expected["se"], rtol=0, atol=within)
    if "loglik" in expected:
        assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=0.01)
