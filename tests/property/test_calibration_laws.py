"""Laws of calibration: derivatives are derivatives, and no way of holding the data changes the answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.calibration import calibrate
from adaptest.calibration.coding import code
from adaptest.calibration.divide_kernel import NominalKernel, PartialCreditKernel
from adaptest.calibration.e_step import Workers
from adaptest.calibration.em import Problem, fit
from adaptest.calibration.latent import latent_for
from adaptest.calibration.logistic_kernel import LogisticKernel
from adaptest.calibration.ordinal_kernel import OrdinalKernel
from adaptest.calibration.plan import plan, tally
from adaptest.calibration.priors import BlockPriors, ItemPriors, read_prior
from adaptest.calibration.starts import start
from adaptest.models import GradedItems, LogisticItems, PartialCreditItems
from adaptest.responses import Responses

THETA = np.linspace(-3, 3, 7)
STEP = 1e-5  # central differences: an error near STEP² and one near eps / STEP
CLOSE = {"rel": 1e-6, "abs": 1e-6}
KERNELS = [
    (LogisticKernel(2), [1.2, -0.4]),
    (LogisticKernel(3), [0.8, 0.3, -1.2]),
    (LogisticKernel(4), [-1.1, 0.3, -1.5, 2.0]),
    (OrdinalKernel(4, sequential=False), [1.4, 1.0, 0.2, -1.1]),
    (OrdinalKernel(4, sequential=True), [-0.9, 1.0, 1.2, -0.1]),
    (PartialCreditKernel((0, 1, 2)), [0.7, 0.3, -0.8]),
    (PartialCreditKernel((0, 2, 3)), [1.7, 0.3, -0.8]),
    (NominalKernel(3), [0.7, 1.1, 0.3, -0.8]),
]


def simulated(persons, items, model, seed, missing=0.0):
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=persons)
    a, b = rng.lognormal(0, 0.3, items), rng.normal(size=items)
    ids = tuple(f"i{j + 1}" for j in range(items))
    if model == "grm":
        family = GradedItems(ids, a, np.sort(b[:, None] + [-1.0, 0.0, 1.2], axis=1))
    elif model == "gpcm":
        family = PartialCreditItems(ids, a, b[:, None] + [-1.0, 0.4])
    else:
        c = np.full(items, 0.2 if model == "3pl" else 0.0)
        family = LogisticItems(ids, a, b, c, np.ones(items))
    p = family.probability(theta).cumsum(axis=2)
    cells = (rng.random((persons, items))[:, :, None] > p).sum(axis=2)
    cells[rng.random(cells.shape) < missing] = -1
    return Responses.of(cells, ids), family


def same(one, other, tolerance=0.0):
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12 + tolerance)
    for mine, theirs in zip(one.items.blocks, other.items.blocks, strict=True):
        assert np.asarray(mine.a) == pytest.approx(np.asarray(theirs.a), abs=tolerance)
    for name, values in one.se.items():
        assert values == pytest.approx(other.se[name], abs=max(tolerance, 1e-12), nan_ok=True)


@pytest.mark.parametrize(("kernel", "start"), KERNELS)
def test_scores_and_information_are_the_derivatives_of_the_log_probability(kernel, start):
    psi = np.array([start, np.array(start) * 0.9])
    p = psi.shape[1]
    counts = np.random.default_rng(5).random((2, kernel.log_probability(psi, THETA).shape[1], len(THETA)))
    scores = kernel.scores(psi, THETA)
    terms = kernel.terms(psi, THETA, counts)
    observed = kernel.observed_information(psi, THETA, counts)
    assert len(kernel.names) == p
    assert kernel.feasible(psi).all()
    for k in range(p):
        up, down = psi.copy(), psi.copy()
        up[:, k] += STEP
        down[:, k] -= STEP
        by_step = (kernel.log_probability(up, THETA) - kernel.log_probability(down, THETA)) / (2 * STEP)
        assert scores[:, :, k] == pytest.approx(by_step, **CLOSE)
        above, below = kernel.terms(up, THETA, counts), kernel.terms(down, THETA, counts)
        assert terms.gradient[:, k] == pytest.approx((above.value - below.value) / (2 * STEP), **CLOSE)
        bend = above.gradient - below.gradient
        assert observed[:, k] == pytest.approx(-bend / (2 * STEP), rel=1e-5, abs=1e-5)
    assert (np.linalg.eigvalsh(terms.information) > -1e-9).all()


@pytest.mark.parametrize(("kernel", "start"), KERNELS)
def test_moving_the_ability_scale_moves_the_parameters_along(kernel, start):
    psi = np.array([start])
    moved = kernel.rescaled(psi, 1.7, -0.4)
    expected = kernel.log_probability(psi, 1.7 * THETA - 0.4)
    assert kernel.log_probability(moved, THETA) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("log_slope", [False, True])
def test_the_priors_derivatives_are_derivatives(log_slope):
    kinds = ("lognormal" if log_slope else "normal", "normal", "beta", "normal")
    numbers = tuple(np.array([pair, pair]) for pair in ((0.1, 0.5), (0.3, 1.5), (5, 17), (2.0, 0.7)))
    priors = BlockPriors(kinds, numbers, np.eye(1), log_slope, once=False)
    psi = np.array([[0.3, -0.5, -1.1, 2.2], [0.8, 0.9, -2.0, 3.0]])
    exact = priors.terms(psi, exact=True)
    for k in range(4):
        up, down = psi.copy(), psi.copy()
        up[:, k] += STEP
        down[:, k] -= STEP
        change = (priors.terms(up).value - priors.terms(down).value) / (2 * STEP)
        assert exact.gradient[:, k] == pytest.approx(change, **CLOSE)
        bend = (priors.terms(up).gradient - priors.terms(down).gradient) / (2 * STEP)
        assert exact.information[:, k] == pytest.approx(-bend, **CLOSE)


@pytest.mark.parametrize(("model", "missing"), [("2pl", 0.0), ("3pl", 0.3), ("grm", 0.1), ("gpcm", 0.9)])
def test_no_bit_depends_on_the_number_of_threads(model, missing):
    data, _ = simulated(3000, 20, model, 1, missing)
    one, two = (calibrate(data, model, threads=threads) for threads in (1, 2))
    assert one.log_likelihood == two.log_likelihood
    for mine, theirs in zip(one.items.blocks, two.items.blocks, strict=True):
        assert mine.a.tobytes() == theirs.a.tobytes()
        assert mine.b.tobytes() == theirs.b.tobytes()
    for name, values in one.se.items():
        assert values.tobytes() == two.se[name].tobytes()


@pytest.mark.parametrize("model", ["2pl", "grm"])
def test_dense_and_sparse_holdings_give_the_same_answer(model, monkeypatch):
    data, _ = simulated(600, 18, model, 2, 0.4)
    whole = calibrate(data, model)
    monkeypatch.setattr("adaptest.calibration.coding.DENSE_FROM", 2.0)
    rows = Responses(data.persons, data.items, data.sparse(), data.group, data.groups, data.weight)
    same(calibrate(rows, model), whole, tolerance=1e-7)


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1))
def test_a_weight_stands_for_that_many_equal_rows(seed):
    data, _ = simulated(150, 6, "2pl", seed)
    rng = np.random.default_rng(seed)
    times = rng.integers(1, 4, 150)
    weighted = Responses.of(data.cells, data.items, weight=times.astype(float))
    repeated = Responses.of(np.repeat(data.cells, times, axis=0), data.items)
    one, other = (calibrate(d, "2pl", prior_discrimination="lognormal:0,.5") for d in (weighted, repeated))
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-10)
    assert one.items.discrimination == pytest.approx(other.items.discrimination, abs=1e-6)
    assert one.se["difficulty"] == pytest.approx(other.se["difficulty"], rel=1e-5)


@settings(max_examples=5)
@given(st.permutations(range(6)))
def test_the_order_of_items_does_not_matter(order):
    data, _ = simulated(300, 6, "gpcm", 7)
    rows = np.array(order)
    one, other = calibrate(data, "gpcm"), calibrate(data.take_items(rows), "gpcm")
    assert other.items.ids == tuple(data.items[row] for row in rows)
    assert other.items.discrimination == pytest.approx(one.items.discrimination[rows], abs=1e-4)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-6)


def test_turning_every_score_around_turns_every_difficulty_around():
    data, _ = simulated(500, 8, "2pl", 3)
    turned = Responses.of(1 - data.cells, data.items)
    options = {"prior_discrimination": "none", "tolerance": 1e-8}
    one, other = calibrate(data, "2pl", **options), calibrate(turned, "2pl", **options)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-8)
    sign = np.sign(one.items.discrimination[0] * other.items.discrimination[0])
    assert other.items.discrimination == pytest.approx(sign * one.items.discrimination, abs=1e-5)


def test_a_mix_of_models_in_one_fit_equals_each_model_where_they_are_one():
    binary, _ = simulated(800, 6, "2pl", 4)
    models = ("2pl", "grm", "gpcm", "nrm", "sequential", "2pl")
    mixed = calibrate(binary, models, prior_discrimination="none", tolerance=1e-7)
    plain = calibrate(binary, "2pl", prior_discrimination="none", tolerance=1e-7)
    # with two categories all five are one model
    assert mixed.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-7)
    assert mixed.items.discrimination == pytest.approx(plain.items.discrimination, abs=1e-5)
    assert mixed.model == "mixed"


@pytest.mark.parametrize("model", ["2pl", "3pl", "grm"])
def test_a_scale_that_is_off_is_put_right_by_one_expanded_step_and_stays_at_the_maximum(model):
    data, _ = simulated(800, 12, model, 5)
    priors = ItemPriors()
    if model == "3pl":
        priors = ItemPriors(
            discrimination=read_prior("discrimination", "lognormal:0,.5"),
            guessing=read_prior("guessing", "beta:5,17"),
        )
    counts = tally(data)
    planned = plan(data.items, counts, [model] * 12, [priors] * 12, {})
    latent = latent_for(1, (-6, 6, 61), moves=True, empirical=False, anchored=False, spread_free=False)
    coded = code(data, planned.fitted, planned.category, planned.sizes)
    problem = Problem(coded, planned.blocks, latent, Workers(1))
    first = np.concatenate([[0], np.cumsum(planned.sizes)])[:-1]
    used = np.concatenate([row[:size] for row, size in zip(counts, planned.sizes, strict=True)])
    begin = start(coded, planned.blocks, latent, used, first)
    best = fit(problem, begin, tolerance=1e-8, max_iterations=200, gain_tolerance=1e-12).state
    pack = problem.layout.pack

    def images(state):
        expected = problem.expected(state)
        image, gradient, _ = problem.image(state, expected)
        return image, problem.expanded(state, image, gradient, expected.mass.sum())

    plain, expanded = images(best)
    assert np.abs(pack(expanded) - pack(best)).max() < 1e-6
    off = problem.rescaled(best, 1.3, 0.4)
    plain, expanded = images(off)
    left = [np.linalg.norm(pack(one) - pack(best)) for one in (plain, expanded)]
    assert left[1] < 0.5 * left[0]
    value = [problem.expected(one).log_likelihood + problem.log_prior(one) for one in (plain, expanded)]
    assert value[1] > value[0]
