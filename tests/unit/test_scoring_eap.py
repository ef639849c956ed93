import numpy as np
import pytest

from adaptest.errors import OptionError, ResponseError
from adaptest.models import LogisticItems
from adaptest.numerics.quadrature import (
    Grid,
    NormalPrior,
    Rule,
    UniformPrior,
    fixed_grid,
    weighted_grid,
)
from adaptest.parameters import ItemParameters
from adaptest.scoring.eap import converged_eap, eap_on, eap_rows
from adaptest.scoring.estimate import Outcome
from adaptest.scoring.likelihood import Patterns
from adaptest.scoring.posterior import LivePosterior

N_ITEMS = 300
RNG = np.random.default_rng(1)


def two_pl(a, b, c=0.0):
    n = len(b)
    ids = tuple(f"i{k}" for k in range(n))
    return ItemParameters.of(LogisticItems(ids, np.broadcast_to(a, n), b, np.broadcast_to(c, n), np.ones(n)))


SHARP = two_pl(3.0, RNG.normal(0, 0.3, N_ITEMS))
ROWS = np.tile(np.arange(N_ITEMS), (6, 1))
SCORES = (RNG.random((6, N_ITEMS)) < SHARP.probability(RNG.normal(0, 0.2, 6))[:, :, 1]).astype(np.intp)


def very_fine(items, rows, scores, prior, low, high, n=10_001):
    return eap_on(Patterns(items, rows, scores), fixed_grid(low, high, n, prior, trapezoid=True))


@pytest.mark.parametrize("length", [1, 30, N_ITEMS])
def test_converged_estimates_equal_a_very_fine_grid(length):
    rows, scores = ROWS[:2, :length], SCORES[:2, :length]
    got = eap_rows(SHARP, rows, scores)
    theta, sem = very_fine(SHARP, rows, scores, NormalPrior(), -8, 8)
    assert got.converged.all()
    np.testing.assert_allclose(got.theta, theta, atol=1e-8)
    np.testing.assert_allclose(got.sem, sem, atol=1e-8)


@pytest.mark.parametrize(
    ("prior", "low", "high"),
    [
        (NormalPrior(0, 0.01), -0.2, 0.2),
        (NormalPrior(0, 20), -3, 3),
        (NormalPrior(-40, 1), -3, 3),
        (NormalPrior(6, 0.5), -3, 3),
        (UniformPrior(-4, 4), -4, 4),
        (UniformPrior(0.1, 0.2), 0.1, 0.2),
        (UniformPrior(-300, 500), -3, 3),
        (UniformPrior(30, 40), 30, 30.5),
    ],
)
def test_a_prior_far_from_the_data_or_wide_or_narrow_converges(prior, low, high):
    got = eap_rows(SHARP, ROWS[:2, :60], SCORES[:2, :60], prior)
    theta, sem = very_fine(SHARP, ROWS[:2, :60], SCORES[:2, :60], prior, low, high)
    assert got.converged.all()
    np.testing.assert_allclose(got.theta, theta, atol=1e-6)
    np.testing.assert_allclose(got.sem, sem, atol=1e-6)


def test_two_grids_too_coarse_that_agree_are_not_trusted():
    one, n = two_pl(3.0, [0.0]), 6400
    got = eap_rows(one, np.zeros((1, n), dtype=np.intp), np.arange(n)[None] % 2)
    assert got.converged[0]
    np.testing.assert_allclose(got.sem[0], 1 / np.sqrt(n * 9 / 4), rtol=1e-3)


def test_two_peaks_that_a_coarse_grid_could_miss_both_count():
    a, b = np.repeat([8.0, -8.0], 60), np.repeat([1.5, -1.5], 60)
    c = np.where(np.arange(120) % 2, 0.3, 0.0)
    items = two_pl(a, b, c)
    rows, scores = np.arange(120)[None], (np.arange(120)[None] % 2).astype(int)
    got = eap_rows(items, rows, scores)
    theta, sem = very_fine(items, rows, scores, NormalPrior(), -8, 8)
    assert got.theta[0] == pytest.approx(theta[0], abs=1e-6)
    assert got.sem[0] == pytest.approx(sem[0], abs=1e-6)
    assert got.sem[0] > 0.5


def test_a_step_between_nodes_is_seen_wherever_it_lies():
    rng = np.random.default_rng(4)
    items = two_pl(60.0, rng.uniform(-2, 2, 400))  # a likelihood that jumps: coarse grids agree by chance
    rows, scores = np.arange(400)[:, None], rng.integers(0, 2, (400, 1))
    got = eap_rows(items, rows, scores)
    theta, sem = very_fine(items, rows, scores, NormalPrior(), -8, 8, 4001)
    np.testing.assert_allclose(got.theta[got.converged], theta[got.converged], atol=1e-6)
    np.testing.assert_allclose(got.sem[got.converged], sem[got.converged], atol=1e-6)
    assert got.converged.all()


def test_a_live_grid_is_as_fine_as_the_steepest_item_needs():
    live = LivePosterior.of(two_pl(20.0, [0.0, 0.5]))
    assert len(live.theta) > 161
    got = live.estimates(live.after(ROWS[:1, :2], SCORES[:1, :2]), ROWS[:1, :2], SCORES[:1, :2])
    want = eap_rows(live.items, ROWS[:1, :2], SCORES[:1, :2])
    assert got.theta[0] == pytest.approx(want.theta[0], abs=1e-6)


def test_what_does_not_converge_says_so():
    plateau = two_pl(8.0, np.zeros(30), 0.9)
    got = eap_rows(plateau, np.arange(30)[None], np.ones((1, 30), dtype=int), NormalPrior(0, 3000))
    assert got.outcome[0] == Outcome.NOT_CONVERGED
    assert not got.converged[0]


def test_a_fixed_grid_is_kept_and_stated():
    grid = fixed_grid(-4, 4, 40, NormalPrior())
    got = eap_rows(SHARP, ROWS, SCORES, grid=grid)
    refined = eap_rows(SHARP, ROWS, SCORES)
    assert (got.outcome == Outcome.OK).all()
    (note,) = got.notes
    assert note == (
        "the grid was fixed by the caller: 40 nodes from -4 to 4; "
        "whether theta has converged on it was not checked"
    )
    assert np.abs(got.sem - refined.sem).max() > 1e-3
    assert refined.notes == ()


def test_gauss_hermite_21_would_be_wrong_and_ours_is_not():
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    items = two_pl(RNG.lognormal(0.5, 0.2, 30), RNG.normal(0, 1, 30), 0.2)
    rows = np.tile(np.arange(30), (50, 1))
    scores = (RNG.random((50, 30)) < items.probability(RNG.normal(size=50))[..., 1]).astype(int)
    coarse, _ = eap_on(Patterns(items, rows, scores), weighted_grid(nodes, np.log(weights)))
    exact, _ = very_fine(items, rows, scores, NormalPrior(), -9, 9)
    assert np.abs(coarse - exact).mean() > 0.005
    assert np.abs(eap_rows(items, rows, scores).theta - exact).max() < 1e-6


def test_a_sitting_is_the_same_bits_live_and_resumed_alone_and_among_4096():
    live, n = LivePosterior.of(SHARP), 4096
    rng = np.random.default_rng(2)
    rows = np.argsort(rng.random((n, 60)), axis=1)[:, :20]
    scores = (rng.random((n, 20)) < 0.5).astype(int)
    log_posterior = live.start(n)
    for row, score in zip(rows.T, scores.T, strict=True):
        log_posterior = live.update(log_posterior, row, score)
    np.testing.assert_array_equal(live.after(rows, scores), log_posterior)
    together = live.estimates(log_posterior, rows, scores)
    for size in (1, 7):
        for start in range(0, 70, size):
            some = slice(start, start + size)
            apart = live.estimates(live.after(rows[some], scores[some]), rows[some], scores[some])
            np.testing.assert_array_equal(apart.theta, together.theta[some])
            np.testing.assert_array_equal(apart.sem, together.sem[some])


@pytest.mark.parametrize("length", [0, 1, 20, 120, N_ITEMS])
def test_the_live_estimate_is_the_eap(length):
    live = LivePosterior.of(SHARP)
    rows, scores = ROWS[:, :length], SCORES[:, :length]
    got, want = live.estimates(live.after(rows, scores), rows, scores), eap_rows(SHARP, rows, scores)
    np.testing.assert_allclose(got.theta, want.theta, atol=1e-7)
    np.testing.assert_allclose(got.sem, want.sem, atol=1e-7)
    np.testing.assert_array_equal(got.outcome, want.outcome)
    np.testing.assert_array_equal(got.n_items, want.n_items)


def test_a_live_posterior_too_narrow_for_its_grid_is_made_anew():
    live = LivePosterior.of(SHARP)
    log_posterior = live.after(ROWS, SCORES)
    assert not live.moments(log_posterior)[2].any()
    assert live.estimates(log_posterior, ROWS, SCORES).converged.all()


def test_live_masses_sum_to_one_and_have_the_mean():
    live = LivePosterior.of(SHARP)
    log_posterior = live.after(ROWS[:, :12], SCORES[:, :12])
    mass = live.mass(log_posterior)
    np.testing.assert_allclose(mass.sum(axis=1), 1)
    np.testing.assert_allclose((mass * live.theta).sum(axis=1), live.moments(log_posterior)[0], atol=1e-12)


@pytest.mark.parametrize("n", [3, 81, 161])
def test_a_rectangle_and_its_half_integrate_a_constant(n):
    rule = Rule.rectangle(n)
    np.testing.assert_allclose((rule.weight * rule.basis[[0, 3]]).sum(axis=1), 1)
    assert rule.unit[0] == 0
    assert rule.unit[-1] == 1


@pytest.mark.parametrize("panels", [1, 5])
def test_gauss_and_kronrod_integrate_polynomials_of_their_degree(panels):
    rule = Rule.gauss_kronrod(panels)
    for degree in range(23):
        power = rule.unit**degree
        kronrod = (rule.weight * power).sum()
        gauss = (rule.weight * rule.basis[3] * power).sum()
        assert kronrod == pytest.approx(1 / (degree + 1), abs=1e-14)
        if degree <= 13:
            assert gauss == pytest.approx(1 / (degree + 1), abs=1e-14)


def test_converged_eap_counts_no_more_than_the_responses_given():
    patterns = Patterns.of(SHARP, np.array([[3, -1, 5]]), np.array([[1, -1, -1]]))
    assert patterns.items.ids == ("i3",)
    assert patterns.answered.tolist() == [1]
    theta, _, outcome = converged_eap(patterns, NormalPrior())
    assert theta[0] > 0
    assert outcome[0] == Outcome.OK


def said(error, function, *args, **options):
    with pytest.raises(error) as caught:
        function(*args, **options)
    return str(caught.value)


def test_bad_priors_and_grids_are_refused_with_a_sentence():
    assert said(OptionError, NormalPrior, 0, 0) == (
        "a normal prior must have a finite mean and an sd greater than 0; got 0, 0"
    )
    assert said(OptionError, UniformPrior, 2, 2) == (
        "a uniform prior must have finite ends, the low one first; got 2, 2"
    )
    assert said(OptionError, fixed_grid, 4, -4, 40, NormalPrior()) == (
        "a grid must be LOW:HIGH:N with LOW < HIGH and N at least 2; got 4:-4:40"
    )
    assert said(OptionError, fixed_grid, 5, 9, 40, UniformPrior(-4, 4)) == (
        "the prior has no mass on any node of the grid; widen the grid"
    )
    assert said(OptionError, weighted_grid, [0.0], [0.0]) == (
        "nodes and weights must be (Q,), Q at least 2; got (1,), (1,)"
    )
    assert said(OptionError, weighted_grid, [0.0, 0.0], [0.0, 0.0]) == "nodes must be finite and ascending"


def test_bad_rows_are_refused_with_a_sentence():
    none = np.zeros((1, 2), dtype=int)
    assert said(ResponseError, eap_rows, SHARP, none, none[0]) == (
        "rows and scores must both be (N, n); got (1, 2) and (2,)"
    )
    assert said(ResponseError, eap_rows, SHARP, none + N_ITEMS, none) == (
        "a response's row must be one of the 300 items' rows"
    )
    assert said(ResponseError, eap_rows, SHARP, none, none + 2) == (
        "item 'i0': score must be in 0..1; got 2 (and 1 more responses)"
    )


def test_a_grid_knows_its_spacing_and_sums_to_one():
    grid = NormalPrior(1.0, 2.0).grid(0.5, 4.0)
    assert isinstance(grid, Grid)
    assert grid.spacing == pytest.approx(1.0)
    assert np.exp(grid.log_weight).sum() == pytest.approx(1)
