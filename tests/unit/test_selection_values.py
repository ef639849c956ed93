"""Each criterion against its definition, worked out slowly: item by item, on a grid forty times as fine."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from adaptest.engine.spec import CRITERIA
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems, SequentialItems
from adaptest.models.base import Floats
from adaptest.numerics.derivative import central_difference
from adaptest.parameters import ItemParameters
from adaptest.scoring.posterior import LivePosterior
from adaptest.selection import Setting, Situation
from adaptest.selection.information import InformationBounds
from adaptest.selection.peak import peak_of

RNG = np.random.default_rng(11)
FINE = np.linspace(-8, 8, 6401)  # .0025 apart: the rectangle rule is exact to rounding for these posteriors
NINE = 5e-10  # criteria are rounded to nine decimals
EXACT = 2e-9  # rounding, and the prior's mass beyond eight standard deviations times what is averaged
LOW, HIGH = -4.0, 4.0


def ids(letter, n):
    return tuple(f"{letter}{k}" for k in range(n))


def logistic(n, slips):
    a, b, c = RNG.lognormal(0, 0.4, n), RNG.normal(0, 1.2, n), RNG.uniform(0, 0.3, n)
    return LogisticItems(ids("l", n), a, b, c, RNG.uniform(0.8, 1, n) if slips else np.ones(n))


def steps(n, k):
    return np.sort(RNG.normal(0, 1.2, (n, k)), axis=1)


MIXED = ItemParameters.of(
    logistic(4, slips=True),
    GradedItems(ids("g", 3), RNG.lognormal(0, 0.3, 3), steps(3, 3)),
    PartialCreditItems(ids("p", 3), RNG.lognormal(0, 0.3, 3), RNG.normal(size=(3, 2))),
    SequentialItems(ids("s", 2), RNG.lognormal(0, 0.3, 2), steps(2, 2)),
    NominalItems(
        ids("n", 2), np.array([[0, 0.8, 1.7], [0, 0.5, 1.2]]), np.array([[0, 0.3, 0], [0, -0.2, 0.4]])
    ),
)
BANKS = {
    "3pl": ItemParameters.of(logistic(12, slips=False)),
    "4pl": ItemParameters.of(logistic(12, slips=True)),
    "mixed": MIXED,
}
every_bank = pytest.mark.parametrize("bank", BANKS.values(), ids=BANKS)


def situation(bank, answered=4):
    rows = np.arange(answered)[None]
    scores = np.array([[k % int(bank.categories[k]) for k in range(answered)]])
    live = LivePosterior.of(bank)
    carried = live.after(rows, scores)
    setting = Setting(bank, live.theta, live.nodes.log_weight, 1, 20, (0.4,))
    eligible = np.ones((1, len(bank)), dtype=bool)
    theta, sem = np.array([0.31]), np.array([0.62])
    return Situation(
        setting,
        np.zeros(1, np.uint64),
        theta,
        sem,
        rows,
        scores,
        eligible,
        lambda: live.log_posterior(carried),
    )


def likelihood(now, theta):
    log_p = now.setting.items.log_probability(theta)
    return np.exp(sum(log_p[:, row, score] for row, score in zip(now.rows[0], now.scores[0], strict=True)))


def over_posterior(now, function):
    """The posterior mean of function(theta) -> (Q, J)."""
    density = likelihood(now, FINE) * np.exp(-(FINE**2) / 2)
    return density @ function(FINE) / density.sum()


def over_likelihood(now, function):
    """The same with the likelihood alone, from LOW to HIGH, and how far the trapezoid rule may be from it.

    Its error is h^2 / 12 times what the slope differs between the ends, and terms in h^4 (Euler-Maclaurin).
    """
    above = integral(lambda t: likelihood(now, t)[:, None] * function(t), LOW, HIGH)
    below = integral(lambda t: likelihood(now, t)[:, None], LOW, HIGH)[0]
    h = now.setting.theta[1] - now.setting.theta[0]
    ends = np.array([LOW, HIGH])
    slope = np.diff(central_difference(lambda t: likelihood(now, t)[:, None] * function(t), ends), axis=0)[0]
    slope_below = np.diff(central_difference(lambda t: likelihood(now, t), ends))[0]
    value = above / below
    return value, NINE + 1.1 * h**2 / 12 * (np.abs(slope) + value * abs(slope_below)) / below


def integral(function, low, high):
    """The integral of function(theta) -> (Q, J), by Gauss and Legendre's rule on forty panels."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(low, high, 41)
    half = (edges[1] - edges[0]) / 2
    theta = (edges[:-1, None] + half * (nodes + 1)).ravel()
    return np.tile(weights * half, 40) @ function(theta)


def value_of(name, now, **options):
    return CRITERIA[name](**options)(now)[0]


def kullback(now):
    items, theta = now.setting.items, now.theta
    p, own = items.probability(theta), items.log_probability(theta)

    def at(there: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.nansum(p * (own - items.log_probability(there)), axis=2)

    return at


def by_parts(function, now, half):
    """The integral over theta +- half."""
    return integral(function, now.theta[0] - half, now.theta[0] + half)


@every_bank
def test_information_at_the_estimate_and_at_the_cut(bank):
    now = situation(bank)
    np.testing.assert_allclose(value_of("information", now), bank.information(now.theta)[0], atol=NINE)
    cut = np.array([0.4])
    np.testing.assert_allclose(value_of("information_at_cut", now), bank.information(cut)[0], atol=NINE)
    nearest = value_of("information_at_cut", now, cuts=(2.0, 0.5, -1.0))
    np.testing.assert_allclose(nearest, bank.information(np.array([0.5]))[0], atol=NINE)
    lower = value_of("information_at_cut", now, cuts=(0.41, 0.21))
    np.testing.assert_allclose(lower, bank.information(np.array([0.21]))[0], atol=NINE)


@every_bank
def test_information_over_an_interval(bank):
    now = situation(bank)
    wanted = by_parts(bank.information, now, 2 * 0.62)
    np.testing.assert_allclose(value_of("interval_information", now), wanted, atol=1e-8)
    wanted = by_parts(bank.information, now, 0.25)
    found = value_of("interval_information", now, sems=0.0, logits=0.25)
    np.testing.assert_allclose(found, wanted, atol=EXACT)


@every_bank
def test_efficiency_balanced_information_is_the_area_times_one_plus_the_share_of_the_most(bank):
    now = situation(bank)
    most = bank.information(np.linspace(-10, 10, 20_001)).max(axis=0)
    wanted = (1 + bank.information(now.theta)[0] / most) * by_parts(bank.information, now, 2 * 0.62)
    # the highest node of a grid .001 apart is less than h^2/8 times the curvature below the peak
    np.testing.assert_allclose(value_of("efficiency_balanced_information", now), wanted, rtol=1e-6)


@every_bank
def test_the_peak_is_where_the_information_is_largest(bank):
    found = peak_of(bank)
    grid = np.linspace(-10, 10, 20_001)
    information = bank.information(grid)
    assert (np.abs(found.theta - grid[information.argmax(axis=0)]) <= 0.0011).all()
    assert (found.information >= information.max(axis=0) - 1e-12).all()
    np.testing.assert_allclose(bank.information_slope(found.theta[None])[0], 0, atol=1e-10)


def test_distance_is_from_the_difficulty_or_from_the_best_theta():
    now = situation(MIXED)
    best = peak_of(MIXED).theta
    np.testing.assert_allclose(value_of("theta_optimal", now), -np.abs(best - 0.31), atol=NINE)
    place = best.copy()
    place[:4] = MIXED.blocks[0].b
    np.testing.assert_allclose(value_of("closest_difficulty", now), -np.abs(place - 0.31), atol=NINE)


def test_up_and_down_goes_two_over_n_logits_from_the_last_difficulty():
    bank = BANKS["3pl"]
    now = situation(bank, 4)
    b = bank.blocks[0].b
    step = 0.5 if now.scores[0, -1] else -0.5
    np.testing.assert_allclose(value_of("up_and_down", now), -np.abs(b - b[3] - step), atol=2 * NINE)
    first = situation(bank, 0)
    np.testing.assert_allclose(value_of("up_and_down", first), -np.abs(b - 0.31), atol=NINE)


@every_bank
def test_kullback_leibler_over_the_shrinking_interval(bank):
    now = situation(bank)
    np.testing.assert_allclose(
        value_of("kullback_leibler", now), by_parts(kullback(now), now, 3 / np.sqrt(4)), atol=1e-8
    )
    found = value_of("kullback_leibler", situation(bank, 0), width=1.0)
    np.testing.assert_allclose(found, by_parts(kullback(now), now, 1.0), atol=EXACT)


@every_bank
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("likelihood_weighted_information", lambda now: now.setting.items.information),
        ("likelihood_weighted_kullback_leibler", kullback),
    ],
)
def test_averages_over_the_likelihood(bank, name, function):
    now = situation(bank)
    wanted, tolerance = over_likelihood(now, function(now))
    assert (np.abs(value_of(name, now, low=LOW, high=HIGH) - wanted) <= tolerance).all()


@every_bank
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("posterior_weighted_information", lambda now: now.setting.items.information),
        ("posterior_weighted_kullback_leibler", kullback),
    ],
)
def test_averages_over_the_posterior(bank, name, function):
    now = situation(bank)
    np.testing.assert_allclose(value_of(name, now), over_posterior(now, function(now)), atol=EXACT)


@every_bank
def test_the_discrimination_index_is_half_the_sum_of_the_variances_of_the_probabilities(bank):
    now = situation(bank)
    total = np.zeros(len(bank))
    for k in range(int(bank.categories.max())):
        mean = over_posterior(now, lambda t, k=k: bank.probability(t)[..., k])
        total += over_posterior(now, lambda t, k=k, mean=mean: (bank.probability(t)[..., k] - mean) ** 2)
    np.testing.assert_allclose(value_of("posterior_discrimination_index", now), total / 2, atol=EXACT)


def test_for_right_and_wrong_the_discrimination_index_is_the_variance_over_the_likelihood():
    bank = BANKS["3pl"]
    now = situation(bank)
    mean, at_mean = over_likelihood(now, lambda t: bank.probability(t)[..., 1])
    square, at_square = over_likelihood(now, lambda t: bank.probability(t)[..., 1] ** 2)
    found = value_of("discrimination_index", now)
    assert (np.abs(found - (square - mean**2)) <= at_square + 2 * mean * at_mean).all()


@every_bank
def test_mutual_information_is_the_expected_distance_between_the_posteriors(bank):
    now = situation(bank)
    density = likelihood(now, FINE) * np.exp(-(FINE**2) / 2)
    density /= density.sum()
    wanted = np.zeros(len(bank))
    for j in range(len(bank)):
        for k in range(int(bank.categories[j])):
            p = bank.probability(FINE)[:, j, k]
            after = density * p / (density @ p)
            wanted[j] += density @ p * (after @ np.log(np.where(density > 0, p / (density @ p), 1)))
    np.testing.assert_allclose(value_of("mutual_information", now), wanted, atol=EXACT)


def responses(now, how):
    """Every item and score: j, k, the weight of the score, and the posterior once item j is scored k."""
    items = now.setting.items
    density = likelihood(now, FINE) * np.exp(-(FINE**2) / 2)
    p, at_estimate = items.probability(FINE), items.probability(now.theta)[0]
    for j in range(len(items)):
        for k in range(int(items.categories[j])):
            after = density * p[:, j, k]
            chance = after.sum() / density.sum()
            yield j, k, chance if how == "predictive" else at_estimate[j, k], after / after.sum()


@every_bank
@pytest.mark.parametrize("how", ["predictive", "estimate"])
def test_the_expected_posterior_variance(bank, how):
    now = situation(bank)
    wanted = np.zeros(len(bank))
    for j, _, p, density in responses(now, how):
        wanted[j] -= p * (density @ FINE**2 - (density @ FINE) ** 2)
    np.testing.assert_allclose(value_of("expected_posterior_variance", now, weight=how), wanted, atol=EXACT)


@every_bank
@pytest.mark.parametrize("how", ["predictive", "estimate"])
@pytest.mark.parametrize("information", ["fisher", "observed"])
@pytest.mark.parametrize("update", ["eap", "map"])
def test_the_expected_information(bank, how, information, update):
    now = situation(bank)
    wanted = np.zeros(len(bank))
    for j, k, p, density in responses(now, how):
        theta = density @ FINE if update == "eap" else mode(now, j, k, FINE[density.argmax()])
        at = np.array([theta])
        wanted[j] += p * (
            bank.information(at)[0, j] if information == "fisher" else -bank.log_curvature(at)[0, j, k]
        )
    found = value_of("expected_information", now, information=information, update=update, weight=how)
    # the quartic through five nodes is about h^4 f'''''/30 wrong in its slope: 1e-5 logits with h = .1
    np.testing.assert_allclose(found, wanted, atol=EXACT if update == "eap" else 5e-5)


def mode(now, j, k, near):
    def minus(theta):
        t = np.array([theta])
        log_p = now.setting.items.log_probability(t)[0, j, k]
        return theta**2 / 2 - np.log(likelihood(now, t)[0]) - log_p

    return minimize_scalar(
        minus, bounds=(near - 0.1, near + 0.1), method="bounded", options={"xatol": 1e-9}
    ).x


def test_the_best_items_in_plain_numbers_are_those_of_the_arrays_and_are_found_nearly_always():
    n, size = 400, 5
    bank = ItemParameters.of(
        LogisticItems(
            ids("l", n),
            RNG.lognormal(0, 0.4, n),
            RNG.normal(0, 1.2, n).round(1),
            RNG.uniform(0, 0.3, n),
            np.where(RNG.uniform(size=n) < 0.5, 1.0, 0.95),
        )
    )
    bounds = InformationBounds.of(bank, list(bank.blocks))
    able, found = RNG.uniform(size=n) < 0.9, 0
    far = RNG.uniform(-39, 39, 20).round(6)  # where the cells have no end, and values may round to 0
    for theta in [*RNG.normal(0, 2, 300).round(6), *far]:
        few = bounds.few(float(theta), able.item, size)
        if few is None:
            continue
        found += 1
        value = np.where(able, bounds.value(np.array([theta]), np.arange(n)[None])[0], -np.inf)
        last = np.sort(value)[-size]
        assert few == sorted((-x, row) for row, x in enumerate(value.tolist()) if x >= last)
    assert found > 250
