"""Every stopping rule, one suite: adding one is adding a row to STOPPING and its numbers here."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from adaptest.engine.spec import STOPPING
from adaptest.errors import OptionError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.scoring.mle import MaximumLikelihood
from adaptest.scoring.mode import Mode
from adaptest.stopping import (
    IN_WORDS,
    AllOf,
    AnyOf,
    ConfidenceInterval,
    GeneralisedLikelihoodRatio,
    MinimumInformation,
    PosteriorProbability,
    PredictedSemReduction,
    Sem,
    Sprt,
    Standing,
    ThetaChange,
    TimeUsed,
)

RNG = np.random.default_rng(4)
J, N = 30, 200
ITEMS = ItemParameters.of(
    LogisticItems(
        tuple(f"i{k}" for k in range(J)), np.full(J, 1.4), RNG.normal(size=J), np.zeros(J), np.ones(J)
    )
)
EXAMPLES = {
    "sem": Sem(0.4),
    "minimum_information": MinimumInformation(0.3),
    "confidence_interval": ConfidenceInterval(0.2),
    "predicted_sem_reduction": PredictedSemReduction(0.021),
    "theta_change": ThetaChange(0.1, steps=2),
    "sprt": Sprt(0.0),
    "glr": GeneralisedLikelihoodRatio(0.0),
    "posterior_probability": PosteriorProbability(0.0),
    "time": TimeUsed(1800.0),
}
SEVERAL = {  # the rules that classify, with two cuts
    "confidence_interval": ConfidenceInterval(cuts=(-1.0, 0.5)),
    "sprt": Sprt(cuts=(-1.0, 0.5)),
    "glr": GeneralisedLikelihoodRatio(cuts=(-1.0, 0.5)),
    "posterior_probability": PosteriorProbability(cuts=(-1.0, 0.5)),
}
COMBINED = {
    "all": AllOf((Sem(0.4), TimeUsed(1800.0))),
    "any within all": AllOf((AnyOf((Sem(0.2), ConfidenceInterval(0.2))), TimeUsed(900.0))),
}
ALL_KINDS = EXAMPLES | {f"{name}, two cuts": rule for name, rule in SEVERAL.items()} | COMBINED
every_rule = pytest.mark.parametrize("rule", ALL_KINDS.values(), ids=ALL_KINDS)
THETA, SEM, INFORMATION = RNG.normal(size=N), RNG.uniform(0.1, 0.8, N), RNG.uniform(0, 1, N)
ROWS = np.array([RNG.choice(J, 12, replace=False) for _ in range(N)])
SCORES = (RNG.random((N, 12)) < RNG.random((N, 1))).astype(np.intp)
PATH, TIME_S = np.round(RNG.normal(0, 0.08, (N, 13)).cumsum(axis=1), 6), RNG.uniform(600, 3600, N)
BEST = RNG.integers(0, J, N)
NODES = np.linspace(-5, 5, 101)
MASS = np.exp(-0.5 * ((NODES - THETA[:, None]) / RNG.uniform(0.2, 0.5, (N, 1))) ** 2)
MASS /= MASS.sum(axis=1, keepdims=True)


def standing(which=slice(None), theta=THETA, sem=SEM):
    return Standing(
        theta[which],
        sem[which],
        ROWS[which],
        SCORES[which],
        ITEMS,
        lambda: INFORMATION[which],
        lambda points: ITEMS.log_probability(np.array(points)),
        PATH[which],
        TIME_S[which],
        lambda: BEST[which],
        lambda: (NODES, MASS[which]),
    )


def test_every_rule_has_an_example_and_a_sentence():
    assert {name: type(rule) for name, rule in EXAMPLES.items()} == dict(STOPPING)
    assert {rule.reason for rule in EXAMPLES.values()} <= set(IN_WORDS)


@every_rule
def test_a_rule_stops_some_and_not_others_whoever_else_is_asked(rule):
    fired = rule.fires(standing())
    assert fired.shape == (N,)
    assert 0 < fired.sum() < N
    alone = [bool(rule.fires(standing(slice(k, k + 1)))[0]) for k in range(N)]
    assert alone == fired.tolist()


@every_rule
def test_an_unknown_estimate_stops_nobody_but_by_what_does_not_need_it(rule):
    nothing = np.full(N, np.nan)
    fired = rule.fires(standing(theta=nothing, sem=nothing))
    if isinstance(rule, Sem | ConfidenceInterval | AllOf):
        assert not fired.any()


def log_likelihood(k, theta):
    chosen = ITEMS.log_probability(np.array([theta]))[0]
    return chosen[ROWS[k], SCORES[k]].sum()


def test_the_generalised_ratio_is_that_of_the_best_theta_on_either_side():
    rule = GeneralisedLikelihoodRatio(cuts=(-0.7, 0.4), delta=0.15)
    found = rule.log_ratios(standing())
    theta = Mode.of(ITEMS, MaximumLikelihood())(ROWS, SCORES).theta
    for k in range(12):
        for c, cut in enumerate(rule.cuts):
            sides = []
            for low, high in ((cut + 0.15, 12.0), (-12.0, cut - 0.15)):
                best = minimize_scalar(
                    lambda x, k=k: -log_likelihood(k, x), bounds=(low, high), options={"xatol": 1e-9}
                )
                ends = [log_likelihood(k, x) for x in (low, high)]
                inside = [log_likelihood(k, theta[k])] if low <= theta[k] <= high else []
                sides.append(max([-best.fun, *ends, *inside]))
            # beyond 12 logits these curves rise by less than 12 items times e^(-1.4 * 9)
            assert found[k, c] == pytest.approx(sides[0] - sides[1], abs=12 * np.exp(-1.4 * 9))


def test_with_both_best_thetas_at_the_ends_of_the_indifference_zone_the_ratio_is_the_sprts():
    # a likelihood that falls on both sides of the zone has its suprema at the zone's ends
    theta = Mode.of(ITEMS, MaximumLikelihood())(ROWS, SCORES).theta
    compared = 0
    for k in np.flatnonzero(np.isfinite(theta))[:10]:
        cut = round(float(theta[k]), 3)
        glr, sprt = GeneralisedLikelihoodRatio(cut, delta=0.2), Sprt(cut, delta=0.2)
        one = standing(slice(k, k + 1))
        assert glr.log_ratios(one)[0, 0] == pytest.approx(sprt.log_ratio(one)[0], abs=1e-12)
        compared += 1
    assert compared == 10


def test_bands_have_the_posterior_probability_of_direct_integration():
    rule = PosteriorProbability(cuts=(-1.0, 0.5), prior_mean=0.3, prior_sd=1.2)
    found = rule.bands(standing())
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=3e-9)
    for k in range(6):

        def density(theta, k=k):
            return np.exp(log_likelihood(k, theta)) * norm.pdf(theta, 0.3, 1.2)

        edges = (-12.0, -1.0, 0.5, 12.0)
        mass = [quad(density, *edges[j : j + 2], epsabs=0, epsrel=1e-11, limit=200)[0] for j in range(3)]
        np.testing.assert_allclose(found[k], np.array(mass) / sum(mass), rtol=0, atol=2e-9)


def test_the_posterior_probability_is_exact_however_narrow_the_posterior():
    rows, scores = np.tile(ROWS[:1], (1, 40)), np.tile(SCORES[:1], (1, 40))
    one = Standing(
        THETA[:1], np.array([0.06]), rows, scores, ITEMS, lambda: None,
        lambda points: ITEMS.log_probability(np.array(points)),
    )  # fmt: skip
    best = Mode.of(ITEMS, MaximumLikelihood())(rows, scores).theta[0]
    cut = float(best) + 0.05

    def density(theta):
        return np.exp(40 * (log_likelihood(0, theta) - log_likelihood(0, best))) * norm.pdf(theta)

    near = (best - 1, cut, best + 1)
    mass = [quad(density, *near[j : j + 2], epsabs=0, epsrel=1e-11, limit=200)[0] for j in range(2)]
    found = PosteriorProbability(cut).bands(one)[0]
    np.testing.assert_allclose(found, np.array(mass) / sum(mass), rtol=0, atol=2e-9)


def test_before_any_answer_bands_have_the_priors_probability():
    none = np.zeros((1, 0), dtype=np.intp)
    one = Standing(
        np.zeros(1), np.ones(1), none, none, ITEMS, lambda: None,
        lambda points: ITEMS.log_probability(np.array(points)),
    )  # fmt: skip
    found = PosteriorProbability(0.7, prior_mean=0.2, prior_sd=0.9).bands(one)[0]
    np.testing.assert_allclose(found, [norm.cdf(0.5 / 0.9), norm.sf(0.5 / 0.9)], rtol=0, atol=1e-9)


def test_the_predicted_standard_error_is_the_expected_posterior_variance_over_the_next_answer():
    found = PredictedSemReduction(0.02).reduction(standing())
    for k in range(20):
        p = ITEMS.take(BEST[k : k + 1]).probability(NODES)[:, 0, 1]
        expected = 0.0
        for curve in (p, 1 - p):
            share = (MASS[k] * curve).sum()
            after = MASS[k] * curve / share
            mean = (after * NODES).sum()
            expected += share * (after * (NODES - mean) ** 2).sum()
        mean = (MASS[k] * NODES).sum()
        now = np.sqrt((MASS[k] * (NODES - mean) ** 2).sum())
        assert found[k] == pytest.approx(now - np.sqrt(expected), abs=1e-9)
    assert (found > 0).all()


def test_a_precise_sitting_goes_on_while_an_answer_is_worth_hyper_and_an_imprecise_one_while_worth_hypo():
    reduction = PredictedSemReduction(0.01).reduction(standing())
    fired = PredictedSemReduction(0.015, sem=0.4, hyper=0.03).fires(standing())
    assert fired.tolist() == np.where(SEM <= 0.4, reduction < 0.03, reduction < 0.015).tolist()


def test_theta_must_have_stood_still_in_each_of_the_last_steps():
    fired = ThetaChange(0.1, steps=3).fires(standing())
    assert fired.tolist() == [
        all(abs(round(PATH[k, -j] - PATH[k, -j - 1], 6)) <= 0.1 for j in (1, 2, 3)) for k in range(N)
    ]
    assert not ThetaChange(5.0, steps=13).fires(standing()).any()


def test_two_cuts_are_decided_only_where_both_tests_name_one_band():
    rule = Sprt(cuts=(-1.0, 0.5))
    one, other = Sprt(-1.0), Sprt(0.5)
    both = one.fires(standing()) & other.fires(standing())
    lower_above = one.log_ratio(standing()) > 0
    upper_above = other.log_ratio(standing()) > 0
    assert rule.fires(standing()).tolist() == (both & ~(upper_above & ~lower_above)).tolist()
    assert rule.fires(standing()).any()


def test_an_interval_that_holds_either_cut_goes_on():
    rule = ConfidenceInterval(cuts=(-1.0, 0.5))
    alone = ConfidenceInterval(-1.0).fires(standing()) & ConfidenceInterval(0.5).fires(standing())
    assert rule.fires(standing()).tolist() == alone.tolist()


def test_intervals_reach_as_far_as_the_normal_quantile():
    assert ConfidenceInterval(0.0).z == pytest.approx(1.959963984540054, abs=1e-12)
    assert ConfidenceInterval(0.0, one_sided=True).z == pytest.approx(1.6448536269514722, abs=1e-12)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Sem(0.0), "stopping rule sem: at_most must be greater than 0; got 0"),
        (lambda: Sem(np.inf), "stopping rule sem: at_most must be greater than 0; got inf"),
        (
            lambda: MinimumInformation(-1.0),
            "stopping rule minimum_information: at_least must be greater than 0; got -1",
        ),
        (
            lambda: ConfidenceInterval(np.nan),
            "stopping rule confidence_interval: cut must be finite; got nan",
        ),
        (
            lambda: ConfidenceInterval(0.0, 95.0),
            "stopping rule confidence_interval: confidence must be in (.5, 1); got 95",
        ),
        (lambda: Sprt(0.0, delta=0.0), "stopping rule sprt: delta must be greater than 0; got 0"),
        (lambda: Sprt(0.0, alpha=0.5), "stopping rule sprt: alpha must be in (0, .5); got 0.5"),
        (Sprt, "stopping rule sprt: must have a cut, or cuts; got neither"),
        (lambda: Sprt(0.0, cuts=(1.0,)), "stopping rule sprt: must have a cut, or cuts; got both"),
        (
            lambda: GeneralisedLikelihoodRatio(cuts=(0.5, 0.5)),
            "stopping rule glr: cuts must ascend; got 0.5, 0.5",
        ),
        (
            lambda: PosteriorProbability(0.0, probability=0.4),
            "stopping rule posterior_probability: probability must be in (.5, 1); got 0.4",
        ),
        (
            lambda: PosteriorProbability(0.0, prior_sd=0.0),
            "stopping rule posterior_probability: prior_sd must be greater than 0; got 0",
        ),
        (
            lambda: PredictedSemReduction(0.0),
            "stopping rule predicted_sem_reduction: hypo must be greater than 0; got 0",
        ),
        (
            lambda: PredictedSemReduction(0.02, sem=0.3),
            "stopping rule predicted_sem_reduction: sem and hyper must be given together; got no hyper",
        ),
        (
            lambda: PredictedSemReduction(0.02, sem=0.3, hyper=0.01),
            "stopping rule predicted_sem_reduction: hyper must be at least hypo, 0.02; got 0.01",
        ),
        (lambda: ThetaChange(0.1, steps=0), "stopping rule theta_change: steps must be at least 1; got 0"),
        (lambda: TimeUsed(0.0), "stopping rule time: at_most_s must be greater than 0; got 0"),
        (lambda: AllOf(()), "stopping rule all: must list at least one rule; got none"),
    ],
)
def test_numbers_that_cannot_work_are_refused_with_a_sentence(build, sentence):
    with pytest.raises(OptionError) as caught:
        build()
    assert str(caught.value) == sentence
