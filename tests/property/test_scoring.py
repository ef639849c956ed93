from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.models import LogisticItems, PartialCreditItems
from adaptest.numerics.quadrature import NormalPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.scoring.eap import eap_on, eap_rows
from adaptest.scoring.estimate import Outcome
from adaptest.scoring.estimators import estimator
from adaptest.scoring.likelihood import Patterns
from adaptest.scoring.scale import Cut, ReportingScale
from adaptest.scoring.summed import log_score_distribution, score_distribution

DISCRIMINATION = st.floats(0.2, 4.0) | st.floats(-2.0, -0.2)
DIFFICULTY = st.floats(-4.0, 4.0)


@st.composite
def items_and_scores(draw):
    n = draw(st.integers(1, 7))
    columns = [draw(st.lists(kind, min_size=n, max_size=n)) for kind in (DISCRIMINATION, DIFFICULTY)]
    c = draw(st.lists(st.sampled_from([0.0, 0.1, 0.3]), min_size=n, max_size=n))
    d = draw(st.lists(st.sampled_from([1.0, 0.9]), min_size=n, max_size=n))
    binary = LogisticItems(tuple(f"i{k}" for k in range(n)), *columns, c, d)
    steps = [[draw(DIFFICULTY), draw(DIFFICULTY)]]
    items = ItemParameters.of(
        binary, PartialCreditItems(("p",), [draw(st.floats(0.3, 2.0))], steps, ("gpcm",))
    )
    scores = [draw(st.integers(0, int(k) - 1)) for k in items.categories]
    return items, np.array([scores])


@settings(max_examples=40)
@given(items_and_scores(), st.floats(-3, 3))
def test_the_score_distribution_is_the_sum_over_all_patterns(case, theta):
    items, _ = case
    at = np.array([theta])
    p = items.probability(at)[0]
    want = np.zeros(int((items.categories - 1).sum()) + 1)
    for pattern in product(*(range(k) for k in items.categories)):
        want[sum(pattern)] += np.prod([p[j, k] for j, k in enumerate(pattern)])
    np.testing.assert_allclose(score_distribution(items, at)[0], want, atol=1e-12)
    np.testing.assert_allclose(np.exp(log_score_distribution(items, at)[0]), want, atol=1e-12)


@settings(max_examples=40)
@given(items_and_scores(), st.floats(-2, 2), st.floats(0.3, 3))
def test_the_eap_is_that_of_a_very_fine_grid(case, mean, sd):
    items, scores = case
    rows, prior = np.arange(scores.shape[1])[None], NormalPrior(mean, sd)
    got = eap_rows(items, rows, scores, prior)
    grid = fixed_grid(mean - 16 * sd, mean + 16 * sd, 8001, prior)
    theta, sem = eap_on(Patterns(items, rows, scores), grid)
    assert got.outcome[0] == Outcome.OK
    np.testing.assert_allclose([got.theta[0], got.sem[0]], [theta[0], sem[0]], atol=1e-6)


@settings(max_examples=40)
@given(items_and_scores())
def test_the_likelihood_estimate_is_the_best_theta_or_there_is_a_reason(case):
    items, scores = case
    rows = np.arange(scores.shape[1])[None]
    got = estimator("mle", items)(rows, scores)
    grid = np.linspace(-60, 60, 12_001)
    patterns, first = Patterns(items, rows, scores), np.array([0])
    log_p = patterns.on(patterns.prepare(grid, first), first)[0]
    ends = max(log_p[0], log_p[-1])
    if got.outcome[0] in (Outcome.OK, Outcome.MULTIPLE_MAXIMA):
        at = patterns.at(got.theta[:, None], first)[0, 0]
        assert at >= log_p.max() - 1e-9
        assert at > ends
    else:
        assert np.isnan(got.sem[0])
        assert not np.isfinite(got.theta[0])
        assert log_p.max() - ends < 1e-3  # the grid's ends are not yet infinity


@given(
    st.lists(st.floats(-6, 6), min_size=1, max_size=20), st.floats(-3, 3),
    st.floats(0.5, 100), st.floats(-500, 500), st.integers(0, 3),
)  # fmt: skip
def test_what_is_shown_never_contradicts_what_is_decided(thetas, cut, slope, intercept, decimals):
    scale, line = ReportingScale(slope, intercept, decimals=decimals), Cut(cut)
    theta = np.array([*thetas, cut, np.nextafter(cut, -np.inf), np.nextafter(cut, np.inf)])
    shown = scale.display(theta, (line,))
    np.testing.assert_array_equal(shown >= scale.displayed_cut(line), theta >= cut)
    assert (np.diff(shown[np.argsort(theta)]) >= 0).all()
