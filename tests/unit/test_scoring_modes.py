import numpy as np
import pytest

from adaptest.errors import OptionError, ResponseError
from adaptest.models import GradedItems, LogisticItems
from adaptest.numerics.derivative import central_difference
from adaptest.numerics.optimize import bracketed_root
from adaptest.numerics.quadrature import NormalPrior, UniformPrior
from adaptest.parameters import ItemParameters
from adaptest.responses import NOT_REACHED, OMITTED, Responses
from adaptest.scoring.estimate import Outcome
from adaptest.scoring.estimators import ESTIMATORS, estimator, score
from adaptest.scoring.search import search_nodes


def three_pl(a, b, c):
    ids = tuple(f"i{k}" for k in range(len(a)))
    return ItemParameters.of(LogisticItems(ids, a, b, c, np.ones(len(a))))


def one(items, method, x, **options):
    got = estimator(method, items, **options)(np.arange(len(items))[None], np.array([x]))
    return got.theta[0], got.sem[0], Outcome(got.outcome[0])


# easy and middling items say about -1; three hard ones, right, say about 3
TWO_PEAKS = three_pl([2.0] * 3 + [3.0] * 3, [-2.0, -2.0, 0.0, 3.0, 3.0, 3.0], [0, 0, 0, 0.2, 0.2, 0.2])
TWO_PEAKS_X = [1, 1, 0, 1, 1, 1]


def test_several_maxima_are_said_and_the_highest_is_given():
    theta, sem, outcome = one(TWO_PEAKS, "mle", TWO_PEAKS_X)
    grid = np.linspace(-8, 8, 160_001)
    log_p = np.log(TWO_PEAKS.probability(grid)[:, np.arange(6), TWO_PEAKS_X]).sum(axis=1)
    inside = (log_p[1:-1] > log_p[:-2]) & (log_p[1:-1] > log_p[2:])
    assert inside.sum() == 2
    assert outcome == Outcome.MULTIPLE_MAXIMA
    assert theta == pytest.approx(grid[log_p.argmax()], abs=1e-4)
    assert sem == pytest.approx(1 / np.sqrt(TWO_PEAKS.information(np.array([theta])).sum()))


def test_a_likelihood_that_is_highest_at_minus_infinity_has_no_maximum():
    items = three_pl([1.0, 1.5, 2.0], [0.0, 0.5, 1.0], [0.25] * 3)
    assert one(items, "mle", [0, 0, 1])[2] == Outcome.NO_MAXIMUM
    theta, sem, _ = one(items, "mle", [0, 0, 1])
    assert theta == -np.inf
    assert np.isnan(sem)


def test_a_maximum_that_hardly_rises_above_a_plateau_is_none():
    items = three_pl([0.5, 2.0], [30.0, 0.0], [0.2, 0.2])
    at = np.array([-11.0, -9.0])  # the slope at -inf is the flat item's: rising, by less than 1e-8 in all
    slope = items.log_slope(at)[:, [0, 1], [1, 0]].sum(axis=1)
    assert slope[0] > 0 > slope[1]
    theta, _, outcome = one(items, "mle", [1, 0])
    assert (theta, outcome) == (-np.inf, Outcome.NO_MAXIMUM)


def test_warm_is_not_jeffreys_under_the_3pl_and_is_under_the_2pl():
    rng = np.random.default_rng(1)
    a, b, x = rng.lognormal(0, 0.3, 20), rng.normal(0, 1, 20), rng.integers(0, 2, 20).tolist()
    with_c, without = three_pl(a, b, np.full(20, 0.2)), three_pl(a, b, np.zeros(20))
    assert abs(one(with_c, "wle", x)[0] - one(with_c, "jeffreys", x)[0]) > 1e-3
    assert one(without, "wle", x)[0] == pytest.approx(one(without, "jeffreys", x)[0], abs=1e-10)


def test_warm_removes_the_bias_that_the_likelihood_has():
    items = three_pl(np.ones(12), np.linspace(-1.5, 1.5, 12), np.zeros(12))
    n, true = 4000, 1.0
    scores = (np.random.default_rng(2).random((n, 12)) < items.probability(np.array([true]))[0, :, 1]).astype(
        int
    )
    rows = np.broadcast_to(np.arange(12), scores.shape)
    wle = estimator("wle", items)(rows, scores)
    mle = estimator("mle", items, bounds=(-6.0, 6.0))(rows, scores)
    error = np.std(wle.theta) / np.sqrt(n)
    assert abs(wle.theta.mean() - true) < 4 * error + 0.02
    assert mle.theta.mean() - true > 0.1


def test_a_uniform_prior_is_the_likelihood_within_its_ends():
    items = three_pl(np.ones(4), [-1.0, 0.0, 1.0, 2.0], np.zeros(4))
    assert one(items, "map", [1, 1, 0, 0], prior=UniformPrior(-3, 3))[:2] == pytest.approx(
        one(items, "mle", [1, 1, 0, 0])[:2], abs=1e-9
    )
    theta, sem, outcome = one(items, "map", [1, 1, 1, 1], prior=UniformPrior(-3, 3), bounds=(-2.0, 9.0))
    assert (theta, outcome) == (3.0, Outcome.ALL_CORRECT)
    assert np.isnan(sem)


def test_items_far_away_are_searched_too():
    items = three_pl([1.0, 1.2, 0.8], [-70.0, 61.0, 62.0], np.zeros(3))
    theta, _, outcome = one(items, "mle", [1, 1, 0])
    assert outcome == Outcome.OK
    assert 55 < theta < 70
    slope = items.log_slope(np.array([theta]))[0, np.arange(3), [1, 1, 0]].sum()
    assert abs(slope) < 1e-10


def test_the_thresholds_of_one_item_far_apart_are_all_searched():
    items = ItemParameters.of(GradedItems(("g", "h"), [30.0, 1.0], [[-100.0, 0.0, 100.0]] * 2))
    for scores, where in (([0, 1], -100), ([3, 2], 100), ([1, 1], -50)):
        theta, sem, outcome = one(items, "mle", scores)
        assert outcome == Outcome.OK
        assert abs(theta - where) < 1
        assert sem > 0


def test_flat_and_steep_items_together_do_not_break_the_search():
    items = three_pl([0.019, 4.0], [0.0, 0.0], [0.2, 0.0])
    for method in ("mle", "wle", "jeffreys", "map", "robust_huber", "robust_tukey"):
        theta, _, outcome = one(items, method, [1, 0])
        assert outcome in (Outcome.OK, Outcome.NO_MAXIMUM)
        assert not np.isnan(theta)


def test_search_nodes_are_as_close_as_the_steepest_item_needs():
    nodes = search_nodes(three_pl([10.0], [1.0], [0.0]))
    inside = nodes[np.abs(nodes) < 7.9]
    assert np.diff(inside).max() <= 0.030001
    bounded = search_nodes(three_pl([1.0], [0.0], [0.0]), (-4.0, 4.0))
    assert (bounded[0], bounded[-1]) == (-4.0, 4.0)


def test_a_robust_estimate_gives_way_less_to_a_lucky_guess():
    rng = np.random.default_rng(3)
    b = np.sort(rng.normal(0, 1.5, 30))
    items = three_pl(np.full(30, 1.5), b, np.zeros(30))
    x = (b < 0).astype(int)
    lucky = x.copy()
    lucky[-1] = 1
    moved = {
        m: one(items, m, lucky)[0] - one(items, m, x)[0] for m in ("mle", "robust_huber", "robust_tukey")
    }
    assert moved["robust_tukey"] < moved["robust_huber"] < moved["mle"]


def test_where_no_response_counts_there_is_no_estimate():
    items = three_pl([5.0, 5.0], [-9.0, 9.0], np.zeros(2))
    theta, sem, outcome = one(items, "robust_tukey", [0, 1], bounds=(-1.0, 1.0))
    assert np.isnan([theta, sem]).all()
    assert outcome == Outcome.NO_MAXIMUM


def test_policies_for_omitted_and_not_reached_are_applied_and_stated():
    items = three_pl(np.ones(4), [-1.0, 0.0, 0.5, 1.0], np.zeros(4))
    responses = Responses.of(np.array([[1, 0, OMITTED, NOT_REACHED], [1, 1, 0, NOT_REACHED]]), items.ids)
    got = score(items, responses)
    assert got.notes == (
        "1 omitted responses treated as wrong",
        "2 not reached responses treated as not presented",
    )
    assert got.n_items.tolist() == [3, 3]
    lenient = score(items, responses, omitted="not_presented")
    assert lenient.n_items.tolist() == [2, 3]
    assert lenient.theta[0] > got.theta[0]


def said(error, function, *args, **options):
    with pytest.raises(error) as caught:
        function(*args, **options)
    return str(caught.value)


def test_what_cannot_be_estimated_is_refused_with_a_sentence():
    items = three_pl([1.0], [0.0], [0.0])
    mixed = ItemParameters.of(*items.blocks, GradedItems(("g", "h"), [1.0, 1.0], [[0.0, 1.0], [0.0, 1.0]]))
    assert said(OptionError, estimator, "ml", items) == (
        "method must be one of eap, map, jeffreys, wle, mle, robust_huber, robust_tukey, eap_sum; got 'ml'"
    )
    assert said(OptionError, estimator, "robust_huber", mixed) == (
        "item 'g': robust_huber needs a logistic model; got grm (and 1 more items); choose mle or wle"
    )
    assert said(OptionError, estimator, "robust_tukey", items, tuning=0.0) == (
        "the tuning constant must be greater than 0; got 0.0"
    )
    disjoint = {"prior": UniformPrior(-3, -2), "bounds": (0.0, 4.0)}
    assert said(OptionError, estimator, "map", items, **disjoint) == (
        "bounds must overlap the prior's; got (0.0, 4.0) and (-3, -2)"
    )
    assert said(OptionError, estimator, "mle", items, bounds=(4.0, -4.0)) == (
        "bounds must be finite, the low one first; got 4, -4"
    )
    assert said(ResponseError, score, items, Responses.of(np.array([[1, 0, 1]]))) == (
        "item 'i1': must have parameters; got none (and 2 more items); add them, or leave the item out"
    )


def test_roots_are_found_in_their_brackets_each_alone():
    targets = np.array([0.0, 1e-9, 0.3, 2.0, 1000.0])

    def function(x, which):
        return np.arctan(x - targets[which]) ** 3

    low, high = targets - 3.0, targets + 5.0
    everybody = np.arange(5)
    found = bracketed_root(function, low, high, function(low, everybody), function(high, everybody))
    assert found.converged.all()
    assert found.reason == "every bracket is small enough"
    np.testing.assert_allclose(found.value, targets, atol=1e-4)
    for n in everybody:
        some = slice(n, n + 1)
        alone = bracketed_root(
            lambda x, which, n=n: function(x, which + n), low[some], high[some],
            function(low, everybody)[some], function(high, everybody)[some],
        )  # fmt: skip
        assert alone.value[0] == found.value[n]


def test_a_root_search_that_runs_out_says_so():
    ends = np.array([0.0]), np.array([1.0])
    found = bracketed_root(lambda x, _: x - 0.3, *ends, np.array([-0.3]), np.array([0.7]), steps=0)
    assert not found.converged[0]
    assert found.reason == "1 brackets were still wide at the end"


def test_central_differences_are_of_the_fourth_order():
    at = np.array([0.3, 1.0])
    errors = [np.abs(central_difference(np.exp, at, h) - np.exp(at)).max() for h in (0.1, 0.05)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.05)


KINDS = {
    "eap": "posterior_sd",
    "map": "fisher_information_plus_prior",
    "jeffreys": "log_posterior_curvature",
    "wle": "fisher_information",
    "mle": "fisher_information",
    "robust_huber": "robust_sandwich",
    "robust_tukey": "robust_sandwich",
    "eap_sum": "posterior_sd_given_sum",
}


@pytest.mark.parametrize("method", ESTIMATORS)
def test_what_the_standard_error_is_is_stated(method):
    items = three_pl([1.0, 1.2], [0.0, 0.5], [0.0, 0.0])
    assert estimator(method, items)(np.array([[0, 1]]), np.array([[1, 0]])).sem_kind == KINDS[method]


def test_a_prior_moves_the_mode_towards_it():
    items = three_pl(np.ones(3), np.zeros(3), np.zeros(3))
    free, held = one(items, "mle", [1, 1, 0])[0], one(items, "map", [1, 1, 0], prior=NormalPrior(0, 0.5))[0]
    assert 0 < held < free


def test_paths_and_arrays_where_objects_belong_are_refused_with_the_remedy():
    responses = Responses.of(np.ones((1, 6), int), TWO_PEAKS.ids)
    for given, got in (
        (("items.csv", responses), "parameters must be ItemParameters, as read_parameters returns; got str"),
        ((TWO_PEAKS, np.eye(6)), "responses must be Responses, as read_responses returns; got ndarray"),
    ):
        with pytest.raises(OptionError) as caught:
            score(*given)
        assert str(caught.value) == got
