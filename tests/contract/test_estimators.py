"""Laws that every estimator keeps; a new one in ESTIMATORS needs a row in ORACLES and inherits them."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from adaptest.errors import OptionError, ResponseError
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.numerics.derivative import central_difference
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.scoring.estimate import Outcome
from adaptest.scoring.estimators import ESTIMATORS, estimator, score

RNG = np.random.default_rng(20261122)
J = 24
PRIOR = NormalPrior(0.3, 1.2)
CLOSE = 1e-6  # logits: what an estimate promises


def logistic(prefix, n, rng, *, difficulties=None):
    ids = tuple(f"{prefix}{k}" for k in range(n))
    b = rng.normal(0, 1, n) if difficulties is None else rng.choice(difficulties, n)
    c = np.where(np.arange(n) % 3 == 0, 0.2, 0.0)
    return LogisticItems(ids, rng.lognormal(0.2, 0.3, n), b, c, np.where(np.arange(n) % 6 == 0, 0.95, 1.0))


def mixed(rng):
    graded = GradedItems(("g1", "g2"), [1.3, 0.8], [[-1.0, 0.2, 1.1], [-0.4, 0.9, np.inf]])
    credit = PartialCreditItems(("p1", "p2"), [1.1, 0.7], [[-0.8, 0.1], [0.6, -0.2]], ("gpcm", "gpcm"))
    nominal = NominalItems(("n1",), [[0.0, 0.9, 1.6]], [[0.0, 0.2, -0.3]])
    parts = ItemParameters.of(logistic("i", J - 5, rng), graded, credit, nominal)
    return parts.take(rng.permutation(J))


CONTINUOUS = ItemParameters.of(logistic("i", J, RNG))
FIVE = ItemParameters.of(logistic("i", J, RNG, difficulties=[-2.0, -1.0, 0.0, 1.0, 2.0]))
MIXED = mixed(RNG)


def answers(items, n, rng, *, missing=0.2):
    """N persons' responses: rows and scores (N, J) in an order of their own, some missing."""
    rows = np.argsort(rng.random((n, len(items))), axis=1)
    p = items.probability(rng.normal(0, 1.2, n))
    scores = (rng.random((n, len(items), 1)) > p.cumsum(axis=2)[..., :-1]).sum(axis=2)
    scores = np.minimum(scores, items.categories - 1)
    scores = np.take_along_axis(scores, rows, axis=1)
    gone = rng.random(rows.shape) < missing
    return np.where(gone, -1, rows), np.where(gone, -1, scores)


def banks_of(method):
    return {"continuous": CONTINUOUS, "five": FIVE} | ({} if "robust" in method else {"mixed": MIXED})


def ready(method, items, prior=PRIOR, **options):
    return estimator(
        method, items, **({"prior": prior} if "prior" in ESTIMATORS[method].heeds else {}), **options
    )


# --- oracles: each method again, by probabilities and differences alone, for one person


def own(items, rows, scores):
    given = scores >= 0
    return items.take(rows[given]), scores[given]


def log_likelihood(items, scores, theta):
    p = items.probability(np.atleast_1d(theta))
    return np.log(p[:, np.arange(len(scores)), scores]).sum(axis=1)


def fisher(items, theta):
    """(Q, J) information as the sum of slope^2 / P over categories, slopes by differences."""
    theta = np.atleast_1d(theta)
    p, slope = items.probability(theta), central_difference(items.probability, theta)
    return np.divide(slope**2, p, out=np.zeros_like(p), where=p > 0).sum(axis=2)


def warm(items, theta):
    """(Q,) J / 2I, by differences."""
    theta = np.atleast_1d(theta)
    p, slope = items.probability(theta), central_difference(items.probability, theta)
    bend = central_difference(lambda at: central_difference(items.probability, at), theta)
    j = np.divide(slope * bend, p, out=np.zeros_like(p), where=p > 0).sum(axis=(1, 2))
    return j / (2 * fisher(items, theta).sum(axis=1))


def score_slope(items, scores, theta):
    return central_difference(lambda at: log_likelihood(items, scores, at), np.atleast_1d(theta))


def robust(weight):
    def slope(items, scores, theta):
        theta = np.atleast_1d(theta)
        (block,) = items.blocks
        w = weight(block.a * (theta[:, None] - block.b))
        own_p = lambda at: np.log(items.probability(at)[:, np.arange(len(scores)), scores])  # noqa: E731 (one use)
        return (w * central_difference(own_p, theta)).sum(axis=1)

    def sem(items, theta):
        (block,) = items.blocks
        w, i = weight(block.a * (theta - block.b)), fisher(items, theta)[0]
        return np.sqrt((w**2 * i).sum()) / (w * i).sum()

    return slope, sem


def fine_posterior(log_density):
    theta = np.linspace(-14, 14, 56_001)
    log_posterior = log_density(theta) + PRIOR.log_density(theta)
    mass = np.exp(log_posterior - log_posterior.max())
    mean = (mass * theta).sum() / mass.sum()
    return mean, np.sqrt((mass * (theta - mean) ** 2).sum() / mass.sum())


@cache
def _all_patterns(categories):
    return np.array(list(product(*(range(k) for k in categories))))


def summed_density(items, scores):
    """log P(sum | theta) by going through every pattern."""
    patterns = _all_patterns(tuple(items.categories.tolist()))
    patterns = patterns[patterns.sum(axis=1) == scores.sum()]

    def density(theta):
        p = items.probability(theta)
        return np.log(sum(p[:, np.arange(len(x)), x].prod(axis=1) for x in patterns))

    return density


def half_log_information(items):
    return lambda at: 0.5 * np.log(fisher(items, at).sum(axis=1))


def jeffreys_sem(items, theta):
    at = np.atleast_1d(theta)
    curve = half_log_information(items)
    bend = central_difference(lambda t: central_difference(curve, t, 0.01), at, 0.01)
    return 1 / np.sqrt(fisher(items, theta).sum() - bend[0])


def plain_sem(items, theta):
    return 1 / np.sqrt(fisher(items, theta).sum())


HUBER = robust(lambda r: 1 / np.maximum(np.abs(r), 1))
TUKEY = robust(lambda r: np.maximum(1 - (r / 4) ** 2, 0) ** 2)
ORACLES = {  # name -> its slope, zero at theta; and its standard error
    "mle": (score_slope, plain_sem),
    "map": (
        lambda items, scores, theta: score_slope(items, scores, theta) + (PRIOR.mean - theta) / PRIOR.sd**2,
        lambda items, theta: 1 / np.sqrt(fisher(items, theta).sum() + 1 / PRIOR.sd**2),
    ),
    "jeffreys": (
        lambda items, scores, theta: (
            score_slope(items, scores, theta)
            + central_difference(half_log_information(items), np.atleast_1d(theta))
        ),
        jeffreys_sem,
    ),
    "wle": (lambda items, scores, theta: score_slope(items, scores, theta) + warm(items, theta), plain_sem),
    "robust_huber": HUBER,
    "robust_tukey": TUKEY,
}
POSTERIOR = {  # name -> the log-density it integrates
    "eap": lambda items, scores: lambda theta: log_likelihood(items, scores, theta),
    "eap_sum": summed_density,
}
EVERY = pytest.mark.parametrize("method", ESTIMATORS)
MODES = pytest.mark.parametrize("method", ORACLES)
BANKS = [(method, bank) for method in ESTIMATORS for bank in banks_of(method)]
EVERY_BANK = pytest.mark.parametrize(("method", "bank"), BANKS)


def test_every_estimator_has_an_oracle():
    assert set(ORACLES) | set(POSTERIOR) == set(ESTIMATORS)


@pytest.mark.parametrize(("method", "bank"), [pair for pair in BANKS if pair[0] in ORACLES])
def test_the_estimate_solves_its_equation_and_its_error_is_the_formula(method, bank):
    items = banks_of(method)[bank]
    rows, scores = answers(items, 12, np.random.default_rng(1))
    got = ready(method, items)(rows, scores)
    slope, sem = ORACLES[method]
    for n in np.flatnonzero(got.outcome == Outcome.OK):
        mine, x = own(items, rows[n], scores[n])
        left, right = (slope(mine, x, got.theta[n] + away)[0] for away in (-CLOSE, CLOSE))
        assert left > 0 > right
        assert got.sem[n] == pytest.approx(sem(mine, got.theta[n]), rel=1e-6)


@pytest.mark.parametrize(
    ("method", "bank"), [pair for pair in BANKS if pair[0] in ("mle", "map", "jeffreys")]
)
def test_no_theta_on_a_fine_grid_is_better(method, bank):
    items = banks_of(method)[bank]
    rows, scores = answers(items, 12, np.random.default_rng(2))
    got = ready(method, items)(rows, scores)
    grid = np.linspace(-10, 10, 4001)
    for n in np.flatnonzero(got.outcome == Outcome.OK):
        mine, x = own(items, rows[n], scores[n])

        def objective(theta, mine=mine, x=x):
            extra = {"mle": lambda _: 0, "map": PRIOR.log_density, "jeffreys": half_log_information(mine)}
            return log_likelihood(mine, x, theta) + extra[method](theta)

        assert objective(np.array([got.theta[n]]))[0] >= objective(grid).max() - 1e-9


@pytest.mark.parametrize(("method", "bank"), [pair for pair in BANKS if pair[0] in POSTERIOR])
def test_the_posterior_mean_and_sd_are_those_of_a_very_fine_grid(method, bank):
    items = banks_of(method)[bank]
    rng = np.random.default_rng(3)
    rows, scores = answers(items, 4, rng)
    rows[:, 8:] = scores[:, 8:] = -1
    got = ready(method, items)(rows, scores)
    assert (got.outcome == Outcome.OK).all()
    for n in range(4):
        mean, sd = fine_posterior(POSTERIOR[method](*own(items, rows[n], scores[n])))
        assert got.theta[n] == pytest.approx(mean, abs=CLOSE)
        assert got.sem[n] == pytest.approx(sd, abs=CLOSE)


@EVERY_BANK
def test_a_person_scores_alike_alone_and_among_others(method, bank):
    items = banks_of(method)[bank]
    few = method == "eap_sum"  # every presented set has a distribution of its own
    rows, scores = answers(items, 64 if few else 4096, np.random.default_rng(4))
    estimate = ready(method, items)
    together = estimate(rows, scores)
    for size, stop in ((1, 5), (7, 21)):
        for start in range(0, stop, size):
            some = slice(start, start + size)
            apart = estimate(rows[some], scores[some])
            for name in ("theta", "sem", "outcome", "n_items"):
                np.testing.assert_array_equal(getattr(apart, name), getattr(together, name)[some])


@EVERY_BANK
def test_missing_responses_and_their_place_do_not_matter(method, bank):
    items = banks_of(method)[bank]
    rows, scores = answers(items, 9, np.random.default_rng(5))
    estimate = ready(method, items)
    plain = estimate(rows, scores)
    wide = np.full((9, 5), -1)
    padded = estimate(np.hstack([wide, rows, wide]), np.hstack([wide, scores, wide]))
    np.testing.assert_array_equal(plain.theta, padded.theta)
    np.testing.assert_array_equal(plain.sem, padded.sem)


@EVERY_BANK
def test_the_order_of_items_does_not_matter(method, bank):
    items = banks_of(method)[bank]
    rng = np.random.default_rng(6)
    rows, scores = answers(items, 9, rng)
    order = rng.permutation(len(items))
    place = np.argsort(order)
    plain = ready(method, items)(rows, scores)
    moved = ready(method, items.take(order))(np.where(rows >= 0, place[rows], -1), scores)
    np.testing.assert_allclose(moved.theta, plain.theta, atol=1e-8)
    np.testing.assert_allclose(moved.sem, plain.sem, atol=1e-8)
    np.testing.assert_array_equal(moved.outcome, plain.outcome)


@EVERY
@pytest.mark.parametrize(("shift", "stretch"), [(2.7, 1.0), (0.0, 1.6), (-5.0, 0.5)])
def test_theta_moves_with_the_scale(method, shift, stretch):
    (block,) = CONTINUOUS.blocks
    rows, scores = answers(CONTINUOUS, 9, np.random.default_rng(7))
    plain = ready(method, CONTINUOUS)(rows, scores)
    moved = ItemParameters.of(replace(block, a=block.a / stretch, b=block.b * stretch + shift))
    prior = NormalPrior(PRIOR.mean * stretch + shift, PRIOR.sd * stretch)
    got = ready(method, moved, prior)(rows, scores)
    np.testing.assert_allclose(got.theta, plain.theta * stretch + shift, atol=CLOSE)
    np.testing.assert_allclose(got.sem, plain.sem * stretch, atol=CLOSE)


@EVERY
def test_a_turned_item_answered_the_other_way_says_the_same(method):
    if method == "eap_sum":
        return  # the sum takes the score at its word
    rng = np.random.default_rng(8)
    ids, a, b = tuple(f"i{k}" for k in range(J)), rng.lognormal(0, 0.3, J), rng.normal(0, 1, J)
    turned = np.arange(J) % 4 == 0
    zeros, ones = np.zeros(J), np.ones(J)
    items = ItemParameters.of(LogisticItems(ids, a, b, zeros, ones))
    rows, scores = answers(items, 9, rng)
    flipped = np.where((scores >= 0) & turned[rows], 1 - scores, scores)
    plain = ready(method, items)(rows, scores)
    other = ready(method, ItemParameters.of(LogisticItems(ids, np.where(turned, -a, a), b, zeros, ones)))
    np.testing.assert_allclose(other(rows, flipped).theta, plain.theta, atol=CLOSE)


@EVERY
def test_no_responses_is_an_outcome_and_no_estimate_but_the_prior(method):
    got = ready(method, CONTINUOUS)(np.full((2, 3), -1), np.full((2, 3), -1))
    assert (got.outcome == Outcome.NO_RESPONSES).all()
    assert (got.n_items == 0).all()
    if method in POSTERIOR:
        np.testing.assert_allclose(got.theta, PRIOR.mean, atol=CLOSE)
        np.testing.assert_allclose(got.sem, PRIOR.sd, atol=CLOSE)
    else:
        assert np.isnan([got.theta, got.sem]).all()


@EVERY
def test_nobody_is_an_empty_result(method):
    got = ready(method, CONTINUOUS)(np.empty((0, 4), dtype=int), np.empty((0, 4), dtype=int))
    assert got.theta.shape == got.sem.shape == got.outcome.shape == (0,)


@EVERY
def test_constant_patterns_have_an_estimate_or_say_why_not(method):
    rows = np.tile(np.arange(J), (2, 1))
    scores = np.array([np.ones(J, dtype=int), np.zeros(J, dtype=int)])
    (block,) = CONTINUOUS.blocks
    items = ItemParameters.of(LogisticItems(block.ids, block.a, block.b, block.c, np.ones(J)))
    got = ready(method, items)(rows, scores)
    if method in ("mle", "robust_huber", "robust_tukey"):
        assert got.theta.tolist() == [np.inf, -np.inf]
        assert np.isnan(got.sem).all()
        assert got.outcome.tolist() == [Outcome.ALL_CORRECT, Outcome.ALL_INCORRECT]
    else:
        assert np.isfinite([got.theta, got.sem]).all()
        assert got.outcome.tolist() == [Outcome.OK, Outcome.OK]
        assert got.theta[0] > got.theta[1]


@MODES
def test_an_estimate_at_a_bound_is_said_to_be_none(method):
    items = ItemParameters.of(logistic("i", 6, np.random.default_rng(9)))
    rows, scores = np.tile(np.arange(6), (2, 1)), np.array([[1] * 6, [1, 0, 1, 0, 1, 1]])
    got = ready(method, items, bounds=(-4.0, -3.0))(rows, scores)
    assert got.theta.tolist() == [-3.0, -3.0]
    assert np.isnan(got.sem).all()
    assert got.outcome.tolist() == [Outcome.ALL_CORRECT, Outcome.NO_MAXIMUM]
    assert got.notes == ("theta was kept in [-4, -3]; a theta at a bound is no maximum and has no sem",)


@EVERY
def test_score_takes_dense_and_sparse_responses_by_id(method):
    rng = np.random.default_rng(10)
    rows, scores = answers(CONTINUOUS, 40, rng)
    dense = np.full((40, J), -1)
    np.put_along_axis(dense, np.where(rows >= 0, rows, 0), -1, axis=1)
    person, place = np.nonzero(scores >= 0)
    dense[person, rows[person, place]] = scores[person, place]
    responses = Responses.of(dense, CONTINUOUS.ids)
    more = CONTINUOUS.take(rng.permutation(J))
    options = {"prior": PRIOR} if "prior" in ESTIMATORS[method].heeds else {}
    from_dense = score(more, responses, method, **options)
    from_sparse = score(more, Responses.of(responses.sparse(), CONTINUOUS.ids), method, **options)
    direct = ready(method, CONTINUOUS)(rows, scores)
    np.testing.assert_array_equal(from_dense.theta, from_sparse.theta)
    np.testing.assert_array_equal(from_dense.sem, from_sparse.sem)
    np.testing.assert_allclose(from_dense.theta, direct.theta, atol=1e-8)
    np.testing.assert_array_equal(from_dense.outcome, direct.outcome)
    np.testing.assert_array_equal(from_dense.n_items, (dense >= 0).sum(axis=1))
    assert from_dense.method == method


@EVERY
def test_a_score_that_an_item_does_not_have_is_refused(method):
    with pytest.raises(ResponseError) as error:
        ready(method, CONTINUOUS)(np.array([[0, 1], [2, 1]]), np.array([[0, 1], [2, 3]]))
    assert str(error.value) == "item 'i2': score must be in 0..1; got 2 (and 1 more responses)"


@EVERY
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prior", NormalPrior(1.0, 2.0)),
        ("grid", NormalPrior().grid()),
        ("bounds", (-4.0, 4.0)),
        ("tuning", 2.0),
    ],
)
def test_an_option_is_heeded_or_refused(method, name, value):
    if name in ESTIMATORS[method].heeds:
        assert (
            estimator(method, CONTINUOUS, **{name: value})(np.array([[0, 1]]), np.array([[0, 1]])).method
            == method
        )
        return
    with pytest.raises(OptionError) as error:
        estimator(method, CONTINUOUS, **{name: value})
    who = ", ".join(other for other, row in ESTIMATORS.items() if name in row.heeds)
    assert str(error.value) == f"method {method!r} heeds no {name}; leave it out, or choose among {who}"
