"""Why a sitting ended, in numbers: every rule for the end has its words, and they are those of the rule."""

import numpy as np
import pytest

from adaptest.engine.ends import TELLERS, in_numbers
from adaptest.engine.stops import COMBINATIONS, STOPPING
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.stopping import (
    AllOf,
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

ITEMS = ItemParameters.of(
    LogisticItems(("a", "b", "c"), np.ones(3), np.array([-1.0, 0.0, 1.0]), np.zeros(3), np.ones(3))
)


def standing():
    nodes = np.linspace(-4, 4, 81)
    mass = np.exp(-0.5 * (nodes - 0.4) ** 2 / 0.25)
    return Standing(
        theta=np.array([0.4]),
        sem=np.array([0.5]),
        rows=np.array([[0, 1]]),
        scores=np.array([[1, 0]]),
        items=ITEMS,
        most_informative=lambda: np.array([0.2285]),
        log_probability=lambda points: ITEMS.log_probability(np.array(points)),
        path=np.array([[0.0, 0.3, 0.4]]),
        time_s=np.array([61.2]),
        best_next=lambda: np.array([2]),
        posterior=lambda: (nodes, (mass / mass.sum())[None]),
    )


def test_every_rule_has_its_words():
    assert set(TELLERS) == {*STOPPING.values(), *COMBINATIONS.values()}


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Sem(0.45), "SEM 0.500, wanted at most 0.45"),
        (MinimumInformation(0.3), "the best item left gives 0.2285, wanted at least 0.3"),
        (
            ConfidenceInterval(0.0),
            "theta +0.400 give or take 1.960 standard errors is -0.580 to +1.380, to be clear of cut 0",
        ),
        (
            ThetaChange(0.05, 2),
            "the last answers moved theta by 0.3000, 0.1000, wanted at most 0.05 in each of 2",
        ),
        (TimeUsed(60.0), "61 s used, wanted 60 s"),
        (
            AllOf((Sem(0.45), TimeUsed(60.0))),
            "all of (sem: SEM 0.500, wanted at most 0.45; time: 61 s used, wanted 60 s)",
        ),
    ],
)
def test_its_numbers_are_told(rule, sentence):
    assert in_numbers(rule, standing()) == sentence


@pytest.mark.parametrize("kind", [Sprt, GeneralisedLikelihoodRatio])
def test_a_likelihood_ratio_is_told_with_its_bounds(kind):
    rule = kind(cut=0.0)
    ratio = rule.log_ratios(standing())[0, 0]
    assert in_numbers(rule, standing()) == (
        f"log-likelihood ratio {ratio:+.3f} at cut 0, wanted at most -2.944 or at least 2.944"
    )


def test_what_is_expected_and_what_is_probable_are_told():
    rule = PredictedSemReduction(0.02, sem=0.6, hyper=0.05)
    reduction = rule.reduction(standing())[0]
    assert in_numbers(rule, standing()) == (
        f"the next answer is expected to take {reduction:.4f} off the SEM, wanted at least 0.02, or 0.05"
        " where the SEM (0.500) is at most 0.6"
    )
    rule = PosteriorProbability(cut=0.0)
    low, high = rule.bands(standing())[0]
    assert in_numbers(rule, standing()) == (
        f"probability {low:.4f}, {high:.4f} of the bands between cut 0, wanted one of 0.95"
    )
