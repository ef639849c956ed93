"""Every stopping rule, one suite: adding one is adding a row to STOPPING and its numbers here."""

import numpy as np
import pytest

from adaptest.engine.spec import STOPPING
from adaptest.errors import OptionError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.stopping import IN_WORDS, ConfidenceInterval, MinimumInformation, Sem, Sprt, Standing

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
    "sprt": Sprt(0.0),
}
every_rule = pytest.mark.parametrize("rule", EXAMPLES.values(), ids=EXAMPLES)
THETA, SEM, INFORMATION = RNG.normal(size=N), RNG.uniform(0.1, 0.8, N), RNG.uniform(0, 1, N)
ROWS = np.array([RNG.choice(J, 12, replace=False) for _ in range(N)])
SCORES = (RNG.random((N, 12)) < RNG.random((N, 1))).astype(np.intp)


def standing(which=slice(None), theta=THETA, sem=SEM):
    return Standing(
        theta[which],
        sem[which],
        ROWS[which],
        SCORES[which],
        ITEMS,
        lambda: INFORMATION[which],
        lambda points: ITEMS.log_probability(np.array(points)),
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
    if isinstance(rule, Sem | ConfidenceInterval):
        assert not fired.any()


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
    ],
)
def test_numbers_that_cannot_work_are_refused_with_a_sentence(build, sentence):
    with pytest.raises(OptionError) as caught:
        build()
    assert str(caught.value) == sentence
