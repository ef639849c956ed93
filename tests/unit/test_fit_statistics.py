"""Fit: closed forms, laws, what is refused, and the sentences."""

from itertools import product

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom

from adaptest import fit
from adaptest.calibration.population import population
from adaptest.errors import OptionError, ResponseError
from adaptest.fit.choices import options_of, rest_scores
from adaptest.fit.classical import classical
from adaptest.fit.distractors import distractors
from adaptest.fit.free import counts, directions
from adaptest.fit.omega import omega
from adaptest.fit.person_fit import cusum, person_fit
from adaptest.fit.reliability import lee, reliability, rudner
from adaptest.fit.response_time import rapid_guessing
from adaptest.fit.similarity import _tail
from adaptest.fit.theta_groups import pv_q1, quantile_groups
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems, SequentialItems
from adaptest.numerics.multiplicity import benjamini_hochberg
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.responses.core import core_of
from adaptest.responses.key import answer_key
from adaptest.responses.texts import cell_numbers, cell_texts
from adaptest.scoring import Estimates, score
from adaptest.scoring.matched import matched

IDS = ("a", "b", "c", "d")
ITEMS = ItemParameters.of(
    LogisticItems(IDS, [1.0, 1.2, 0.8, 1.5], [-1.0, 0.0, 0.5, 1.0], np.zeros(4), np.ones(4))
)


def drawn(n=300, seed=3):
    rng = np.random.default_rng(seed)
    p = ITEMS.probability(rng.normal(size=n))[..., 1]
    return Responses.of((rng.random(p.shape) < p).astype(np.int8), IDS)


@pytest.fixture(scope="module")
def whole():
    data = matched(ITEMS, drawn())
    return data, population(data), core_of(data.responses)


@pytest.fixture(scope="module")
def sparse():
    cells = drawn(400).dense().copy()
    rng = np.random.default_rng(1)
    for row in cells:
        row[rng.choice(4, 2, replace=False)] = -1
    data = matched(ITEMS, Responses.of(cells, IDS))
    return data, population(data), core_of(data.responses)


def test_mean_squares_are_what_their_formulas_say():
    data = matched(ITEMS, Responses.of(np.array([[1, 0, 1, 0], [0, 1, 1, 1]]), IDS))
    theta = np.array([0.3, -0.4])
    found = fit.item_mean_squares(fit.residuals(data, theta))
    p = ITEMS.probability(theta)[..., 1]
    x, v = data.table(), p * (1 - p)
    assert found.outfit == pytest.approx(((x - p) ** 2 / v).mean(axis=0))
    assert found.infit == pytest.approx(((x - p) ** 2).sum(axis=0) / v.sum(axis=0))
    fourth = p * (1 - p) * ((1 - p) ** 3 + p**3)
    q = np.sqrt((fourth / v**2).sum(axis=0) / 4 - 1 / 2)
    assert found.outfit_z == pytest.approx((np.cbrt(found.outfit) - 1) * 3 / q + q / 3)
    persons = fit.person_mean_squares(fit.residuals(data, theta))
    assert persons.outfit == pytest.approx(((x - p) ** 2 / v).mean(axis=1))


def test_a_weighted_person_is_that_many_persons(whole):
    plain = whole[0].responses
    rows = np.repeat(np.arange(len(plain)), 2)
    twice = matched(ITEMS, Responses.of(plain.dense()[rows], IDS))
    weighted = matched(ITEMS, Responses.of(plain.dense(), IDS, weight=np.full(len(plain), 2.0)))
    results = []
    for data in (twice, weighted):
        people, core = population(data), core_of(data.responses)
        found = fit.residuals(data, people.eap)
        results.append(
            np.concatenate(
                [
                    fit.s_x2(data, people, core).statistic,
                    fit.item_mean_squares(found).outfit_z,
                    fit.pairs(found, people, core).ld_x2,
                    fit.pairs(found, people, core).q3,
                    [fit.model_fit(data, people, core).statistic],
                    [classical(data.responses).alpha],
                ]
            )
        )
    assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_what_needs_summed_scores_is_refused_on_sparse_answers_with_the_reason(sparse):
    data, people, core = sparse
    reason = (
        "only 0 of 4 items were given to 90% of 400 persons, who answered 2.0 each (50% of the cells): "
        "adaptive or sparse"
    )
    assert (core.kind, core.reason) == ("adaptive", reason)
    said = f"summed scores of different items compare nobody: {reason}"
    assert set(fit.s_x2(data, people, core).reason) == {said}
    assert fit.model_fit(data, people, core).reason == said
    assert fit.pairs(fit.residuals(data, people.eap), people, core).reason == said
    assert reliability(data, people, core).marginal_reason == said
    assert lee(data, people, core, 0.0).reason == said
    found = classical(data.responses)
    assert set(found.reason) == {said}
    assert np.isnan([found.alpha, found.omega, *found.item_rest]).all()
    assert np.isfinite(found.p).all()
    assert np.isfinite(pv_q1(data, people, draws=2).statistic).all()


def test_a_short_common_anchor_is_no_common_form():
    rng = np.random.default_rng(2)
    cells = np.full((200, 60), -1, dtype=np.int8)
    cells[:, :4] = rng.integers(0, 2, (200, 4))
    for row in cells:
        row[4 + rng.choice(56, 20, replace=False)] = rng.integers(0, 2, 20)
    assert core_of(Responses.of(cells)).kind == "adaptive"
    assert core_of(Responses.of(cells[:, :4])).kind == "fixed"
    assert (
        core_of(Responses.of(cells[:, :4]), adaptive=True).reason == "the responses were said to be adaptive"
    )


def test_a_pretest_block_stands_beside_the_common_form():
    rng = np.random.default_rng(2)
    cells = rng.integers(0, 2, (120, 12)).astype(np.int8)
    cells[50:, 10:] = -1
    core = core_of(Responses.of(cells))
    assert core.items.tolist() == list(range(10))
    found = classical(Responses.of(cells))
    own = np.corrcoef(cells[:50, 11], cells[:50, :10].sum(axis=1))[0, 1]
    assert found.item_rest[11] == pytest.approx(own)


FAMILIES = (
    LogisticItems(("x", "y"), [1.1, 0.7], [0.2, -0.5], [0.2, 0.1], [0.95, 0.9], ("4pl", "4pl")),
    GradedItems(("x", "y"), [1.2, 0.8], [[-1.0, 0.5], [0.0, 1.0]]),
    PartialCreditItems(("x", "y"), [1.2, 0.8], [[-1.0, 0.5], [0.7, 0.1]]),
    SequentialItems(("x", "y"), [1.2, 0.8], [[-1.0, 0.5], [0.7, 0.1]]),
    NominalItems(("x", "y"), [[0, 1.0, 1.5], [0, 0.5, -0.4]], [[0, 0.2, -0.3], [0, 1.0, 0.1]]),
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.models[0])
def test_every_free_parameter_moves_probabilities_that_still_sum_to_1(family):
    items = ItemParameters.of(family)
    moves = list(directions(items, np.linspace(-2, 2, 5)))
    assert len(moves) == counts(items).sum()
    for rows, change in moves:
        assert len(rows) == 1
        assert np.abs(change.sum(axis=2)).max() < 1e-9
        assert np.abs(change).max() > 1e-3


@pytest.mark.parametrize(
    ("model", "estimated", "parameters"),
    [("rasch", True, 5), ("1pl", True, 5), ("2pl", True, 8), ("2pl", False, 2), ("rasch", False, 2)],
)
def test_m2_counts_the_parameters_that_the_margins_can_tell_apart(model, estimated, parameters):
    """Rasch has each b and the variance, 1pl each b and the slope; known items leave mean and variance."""
    a = ITEMS.discrimination if model == "2pl" else np.ones(4)
    b = ITEMS.blocks[0].b
    items = ItemParameters.of(LogisticItems(IDS, a, b, np.zeros(4), np.ones(4), (model,) * 4))
    data = matched(items, drawn())
    found = fit.model_fit(data, population(data), core_of(data.responses), estimated=estimated)
    assert (found.n_parameters, found.df) == (parameters, 10 - parameters)


def test_lee_is_the_sum_over_all_patterns(whole):
    data, people, core = whole
    found = lee(data, people, core, 0.3)
    p = ITEMS.probability(people.nodes)
    least = np.ceil(ITEMS.expected_score(np.array([0.3])).sum())
    above = sum(
        np.prod([p[:, j, x] for j, x in enumerate(pattern)], axis=0)
        for pattern in product((0, 1), repeat=4)
        if sum(pattern) >= least
    )
    assert found.consistency == pytest.approx((people.mass * (above**2 + (1 - above) ** 2)).sum())
    true = people.nodes >= 0.3
    assert found.accuracy == pytest.approx((people.mass * np.where(true, above, 1 - above)).sum())
    assert found.accuracy + found.false_positive + found.false_negative == pytest.approx(1)


def test_rudner_of_one_person_is_the_normal_distribution():
    one = Estimates(np.array([0.8]), np.array([0.4]), np.zeros(1, np.int8), "fisher_information", "wle")
    found = rudner(one, 0.5, np.ones(1))
    above = ndtr(0.3 / 0.4)
    assert (found.accuracy, found.consistency) == pytest.approx((above, above**2 + (1 - above) ** 2))


def test_empirical_reliability_falls_where_answers_are_fewer(whole, sparse):
    full, half = (reliability(*one).empirical for one in (whole, sparse))
    assert 0 < half < full < 1


def test_omega_of_one_factor_is_its_closed_form():
    loading, unique = np.array([0.5, 0.7, 0.9, 0.6]), np.array([0.5, 0.6, 0.3, 0.8])
    value, reason = omega(np.outer(loading, loading) + np.diag(unique))
    assert (round(value, 5), reason) == (
        round(loading.sum() ** 2 / (loading.sum() ** 2 + unique.sum()), 5),
        "",
    )
    assert omega(np.eye(2))[1] == "one factor needs 3 items; the form has 2"


def test_the_tail_of_equal_matches_is_binomial():
    assert _tail(np.full(20, 0.3), 11) == pytest.approx(binom.sf(10, 20, 0.3))


def test_lz_is_what_its_formula_says():
    data = matched(ITEMS, Responses.of(np.array([[1, 0, 1, 0]]), IDS))
    theta = np.array([0.2])
    people = Estimates(theta, np.ones(1), np.zeros(1, np.int8), "fisher_information", "mle")
    found = person_fit(data, people, fewest=1)
    p = ITEMS.probability(theta)[0, :, 1]
    x = np.array([1, 0, 1, 0])
    away = (x * np.log(p) + (1 - x) * np.log(1 - p) - p * np.log(p) - (1 - p) * np.log(1 - p)).sum()
    spread = (p * (1 - p) * np.log(p / (1 - p)) ** 2).sum()
    assert found.lz[0] == pytest.approx(away / np.sqrt(spread))
    # Snijders (2001): the weights ln(p / q) less their regression on the slopes a, which MLE has fixed
    a, w = ITEMS.discrimination, np.log(p / (1 - p))
    c = (p * (1 - p) * w * a).sum() / (p * (1 - p) * a**2).sum()
    assert found.lz_star[0] == pytest.approx(away / np.sqrt((p * (1 - p) * (w - c * a) ** 2).sum()))


def test_cusum_adds_residuals_in_the_order_of_the_answers():
    data = matched(ITEMS, Responses.of(np.array([[1, 1, 0, 0]]), IDS))
    p = ITEMS.probability(np.array([0.0]))[0, :, 1]
    low, high = cusum(data, np.array([0.0]))
    assert high[0] == pytest.approx((2 - p[0] - p[1]) / 4)
    assert low[0] == pytest.approx(-(p[2] + p[3]) / 4)
    backwards = cusum(data, np.array([0.0]), position=np.array([3, 2, 1, 0]))
    assert backwards[0][0] == pytest.approx(-(p[2] + p[3]) / 4)


def test_rapid_guessing_takes_a_tenth_of_the_median_but_never_more_than_ten_seconds():
    times = np.column_stack([np.full(40, 30.0), np.full(40, 200.0)])
    times[0], times[1, 1] = (2.9, 9.9), 10.1
    times[2] = np.nan
    found = rapid_guessing(times)
    assert found.threshold_s.tolist() == [3.0, 10.0]
    assert found.rapid.sum() == 2
    assert found.flagged.tolist() == [True, *[False] * 39]
    assert np.isnan(found.effort[2])


def test_a_distractor_better_than_the_key_accuses_it_and_texts_come_from_the_file(tmp_path):
    rng = np.random.default_rng(8)
    theta = rng.normal(size=200)
    right = (rng.random((200, 5)) < 1 / (1 + np.exp(-2 * theta[:, None]))).astype(int)
    options = np.where(right, "A", rng.choice(["B", "C"], right.shape))
    options[:, 4] = np.where(
        right[:, 4], "B", rng.choice(["A", "C"], 200)
    )  # the key says A, the good choose B
    path = tmp_path / "choices.csv"
    path.write_text("\n".join([",".join("vwxyz"), *(",".join(row) for row in options)]) + "\n", "utf-8")
    key = answer_key(dict.fromkeys("vwxyz", "A"))
    from adaptest.responses.files import read_responses

    responses = read_responses(path, key=key.options, id_columns=())
    chosen = options_of(cell_texts(path, responses, column="response"), responses, key)
    core = core_of(responses)
    found = distractors(
        chosen,
        rest_scores(responses, core.items, core.persons),
        responses.weight,
        np.ones((200, 5), bool),
        name="rest",
    )
    assert [item for item, words in found.flags.items() if "key_check" in words] == ["z"]
    accused = [row for row in found.rows if row.flagged]
    assert [(row.item, row.option, row.is_key) for row in accused] == [("z", "B", False)]
    assert sum(row.n for row in found.rows if row.item == "z") == 200


def test_times_that_are_no_numbers_are_said_so():
    with pytest.raises(ResponseError.__mro__[1]) as caught:
        cell_numbers(np.array([["12", "soon"]], dtype=object), ("i1", "i2"), "a response time")
    assert str(caught.value) == "item 'i2': a response time must be a number of at least 0; got 'soon'"


def test_items_and_responses_that_do_not_match_are_refused():
    with pytest.raises(ResponseError) as caught:
        matched(ITEMS, Responses.of(np.ones((3, 2), np.int8), ("a", "z")))
    assert str(caught.value) == "item 'z': must have parameters; got none; add them, or leave the item out"
    with pytest.raises(ResponseError) as caught:
        matched(ITEMS, Responses.of(np.full((3, 1), 2, np.int8), ("a",)))
    assert str(caught.value) == "item 'a': score must be in 0..1; got 2 (and 2 more responses)"
    with pytest.raises(OptionError) as caught:
        matched(drawn(), ITEMS)
    assert str(caught.value) == "parameters must be ItemParameters, as read_parameters returns; got Responses"


def test_adjusted_p_values_rise_with_p_and_never_fall_below_it():
    p = np.random.default_rng(0).random(30)
    adjusted = benjamini_hochberg(p)
    assert (adjusted >= p).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_groups_of_theta_are_equal_in_number():
    assert np.bincount(quantile_groups(np.random.default_rng(0).normal(size=100))).tolist() == [10] * 10


def test_population_is_that_of_the_calibration(whole):
    data, people, _ = whole
    assert people.mass.sum() == pytest.approx(1)
    assert np.abs(people.posterior.sum(axis=1) - 1).max() < 1e-12
    eap = score(ITEMS, data.responses, "eap", prior=NormalPrior(people.mean[0], people.sd[0]))
    assert people.eap == pytest.approx(eap.theta, abs=1e-6)
    assert people.posterior_sd == pytest.approx(eap.sem, abs=1e-6)
