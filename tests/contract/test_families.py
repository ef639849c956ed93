"""Every family, one suite: adding a family is adding a row to EXAMPLES."""

import numpy as np
import pytest

from adaptest.errors import ItemParameterError
from adaptest.models import (
    FAMILIES,
    GradedItems,
    LogisticItems,
    NominalItems,
    PartialCreditItems,
    SequentialItems,
)
from adaptest.models.base import expected_score, information_slope, observed_information, warm_numerator
from adaptest.parameters import ItemParameters

INF, NAN = np.inf, np.nan
TWO = ("i1", "i2")
EXAMPLES = {
    "rasch": LogisticItems(TWO, [1, 1], [0.3, -2], [0, 0], [1, 1], ("rasch",) * 2),
    "1pl": LogisticItems(TWO, [1.3, 1.3], [0.3, -2], [0, 0], [1, 1], ("1pl",) * 2),
    "2pl": LogisticItems(TWO, [1.5, 0.4], [0.0, 1.1], [0, 0], [1, 1]),
    "2pl negative": LogisticItems(TWO, [-0.6, 1.2], [0.3, 0.1], [0, 0], [1, 1]),
    "3pl": LogisticItems(TWO, [1.5, 0.7], [0.0, -1.0], [0.25, 0.1], [1, 1]),
    "3pl without guessing": LogisticItems(TWO, [1.5, 0.7], [0.0, -1.0], [0.25, 0], [1, 1], ("3pl",) * 2),
    "4pl": LogisticItems(TWO, [1.5, 0.7], [0.0, -1.0], [0.2, 0.1], [0.9, 1.0]),
    "4pl negative": LogisticItems(TWO, [-1.5, 0.7], [0.0, -1.0], [0.2, 0.0], [0.9, 0.8]),
    "grm": GradedItems(TWO, [1.5, 0.8], [[-1.0, 0.5, 2.0], [-0.3, 0.4, INF]]),
    "grm negative": GradedItems(TWO, [-1.5, -0.8], [[2.0, 0.5, -1.0], [0.4, -0.3, INF]]),
    "grm close": GradedItems(TWO, [1.5, 0.8], [[0.0, 1e-9, 1.0], [-0.3, np.nextafter(-0.3, 0), INF]]),
    "pcm": PartialCreditItems(TWO, [1, 1], [[-1.0, 0.5, 2.0], [0.3, -0.4, INF]], ("pcm",) * 2),
    "gpcm": PartialCreditItems(TWO, [1.5, 0.8], [[2.0, 0.5, -1.0], [0.3, -0.4, INF]]),
    "gpcm negative": PartialCreditItems(TWO, [-1.5, 0.8], [[2.0, 0.5, -1.0], [0.3, -0.4, INF]]),
    "gpcm long": PartialCreditItems(("i1",), [0.9], [np.linspace(2, -2, 12)]),
    "rsm": PartialCreditItems(TWO, [1, 1], [[-0.7, 1.3], [-2.7, -0.7]], ("rsm",) * 2),
    "nrm": NominalItems(TWO, [[0, 0.9, -1.6], [0, 0.4, NAN]], [[0, 0.2, -0.6], [0, -0.4, NAN]]),
    "nrm top flat": NominalItems(("i1",), [[0, 0.9, 0.0]], [[0, 0.2, -0.6]]),
    "sequential": SequentialItems(TWO, [1.5, 0.8], [[-1.0, 0.5, 2.0], [0.3, -0.4, INF]]),
    "sequential negative": SequentialItems(TWO, [-1.5, 0.8], [[-1.0, 0.5, 2.0], [0.3, -0.4, INF]]),
}
MONOTONE = (
    LogisticItems,
    GradedItems,
    PartialCreditItems,
    SequentialItems,
)  # the NRM's categories have no order
THETA = np.linspace(-4, 4, 33)
STEP = 1e-5
# central differences: error step^2 / 6 times a third derivative, of order 1, plus eps / step; both below
DIFFERENCE = {"rtol": 1e-7, "atol": 1e-9}
every_family = pytest.mark.parametrize("family", EXAMPLES.values(), ids=EXAMPLES.keys())
every_function = pytest.mark.parametrize(
    "function",
    [
        lambda family, theta: family.probability(theta),
        lambda family, theta: family.log_probability(theta),
        lambda family, theta: family.log_slope(theta),
        lambda family, theta: family.log_curvature(theta),
        lambda family, theta: family.information(theta),
        expected_score,
        observed_information,
        information_slope,
        warm_numerator,
    ],
    ids=[
        "probability",
        "log_probability",
        "log_slope",
        "log_curvature",
        "information",
        "expected_score",
        "observed_information",
        "information_slope",
        "warm_numerator",
    ],
)


def own(family):
    """(J, K) whether the item has the category."""
    return np.arange(family.categories.max()) < family.categories[:, None]


def difference(function):
    return (function(THETA + STEP) - function(THETA - STEP)) / (2 * STEP)


def test_every_model_in_the_table_has_an_example_of_its_family():
    shown = {(model, type(family)) for family in EXAMPLES.values() for model in family.models}
    assert shown == set(FAMILIES.items())


@every_family
def test_probabilities_are_a_distribution(family):
    p = family.probability(THETA)
    assert p.shape == (len(THETA), len(family.ids), family.categories.max())
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=0, atol=1e-14)


@every_family
def test_log_probability_is_the_log_of_probability(family):
    mine, log_p = own(family), family.log_probability(THETA)
    np.testing.assert_allclose(log_p[:, mine], np.log(family.probability(THETA)[:, mine]), rtol=1e-12)


@every_family
def test_information_is_the_sum_of_squared_slopes_over_probability(family):
    slope, p = difference(family.probability), family.probability(THETA)
    expected = np.divide(slope**2, p, out=np.zeros_like(p), where=p > 0).sum(axis=-1)
    np.testing.assert_allclose(family.information(THETA), expected, **DIFFERENCE)


@every_family
def test_log_slope_is_the_derivative_of_log_probability(family):
    mine = own(family)
    expected = difference(lambda theta: family.log_probability(theta)[:, mine])
    np.testing.assert_allclose(family.log_slope(THETA)[:, mine], expected, **DIFFERENCE)


@every_family
def test_log_curvature_is_the_derivative_of_log_slope(family):
    np.testing.assert_allclose(family.log_curvature(THETA), difference(family.log_slope), **DIFFERENCE)


@every_family
def test_the_expected_slope_is_0(family):
    expected = (family.probability(THETA) * family.log_slope(THETA)).sum(axis=-1)
    np.testing.assert_allclose(expected, 0, rtol=0, atol=1e-14)


@every_family
def test_information_is_the_expected_observed_information(family):
    expected = (family.probability(THETA) * observed_information(family, THETA)).sum(axis=-1)
    np.testing.assert_allclose(family.information(THETA), expected, rtol=1e-11)


@every_family
def test_information_slope_is_the_derivative_of_information(family):
    np.testing.assert_allclose(information_slope(family, THETA), difference(family.information), **DIFFERENCE)


@every_family
def test_the_warm_numerator_is_the_sum_of_first_times_second_derivative_over_probability(family):
    p, first = family.probability(THETA), difference(family.probability)
    second = difference(lambda theta: family.probability(theta) * family.log_slope(theta))
    expected = np.divide(first * second, p, out=np.zeros_like(p), where=p > 0).sum(axis=-1)
    np.testing.assert_allclose(warm_numerator(family, THETA), expected, rtol=1e-6, atol=1e-9)


@every_family
def test_expected_score_is_the_mean_of_scores(family):
    p = family.probability(THETA)
    np.testing.assert_allclose(
        expected_score(family, THETA), (p * np.arange(p.shape[-1])).sum(axis=-1), rtol=1e-14
    )


@pytest.mark.parametrize("family", [f for f in EXAMPLES.values() if isinstance(f, MONOTONE)], ids=repr)
def test_expected_score_rises_with_theta_where_discrimination_is_positive_and_falls_elsewhere(family):
    steps = np.diff(expected_score(family, THETA), axis=0) * np.sign(family.a)
    assert (steps > 0).all()


@every_family
def test_tails_are_finite(family):
    mine = own(family)
    steepest = np.abs(family.slope if isinstance(family, NominalItems) else family.a)
    far = np.array([-700.0, 700.0]) / np.nanmax(steepest)
    for derived in (family.log_probability, family.log_slope, family.log_curvature):
        assert np.isfinite(derived(far)[:, mine]).all()
    for total in (family.information(far), information_slope(family, far), warm_numerator(family, far)):
        assert np.isfinite(total).all()


@every_family
def test_categories_beyond_an_items_own_do_not_exist(family):
    beyond = ~own(family)
    assert (family.probability(THETA)[:, beyond] == 0).all()
    assert np.isneginf(family.log_probability(THETA)[:, beyond]).all()
    assert (family.log_slope(THETA)[:, beyond] == 0).all()
    assert (family.log_curvature(THETA)[:, beyond] == 0).all()


@every_function
@every_family
def test_a_value_does_not_depend_on_what_else_is_asked(family, function):
    whole = function(family, THETA)
    for q in (0, 7, 32):
        np.testing.assert_array_equal(function(family, THETA[q : q + 1])[0], whole[q])
    np.testing.assert_array_equal(function(family, THETA[::-3]), whole[::-3])
    rows = np.arange(len(family.ids))[::-1]
    for j, item in enumerate(rows):
        alone = function(family.take(rows), THETA)[:, j]
        np.testing.assert_array_equal(alone, whole[:, item])


@every_function
@every_family
def test_no_theta_and_no_item_are_allowed(family, function):
    assert function(family, np.array([])).shape[:2] == (0, len(family.ids))
    nobody = family.take(np.array([], dtype=np.intp))
    assert function(nobody, THETA).shape[:2] == (len(THETA), 0)


@every_family
def test_take_keeps_the_order_asked_for(family):
    rows = np.arange(len(family.ids))[::-1]
    some = family.take(rows)
    assert type(some) is type(family)
    assert some.ids == family.ids[::-1]
    assert some.models == family.models[::-1]
    assert some.categories.tolist() == family.categories[::-1].tolist()
    np.testing.assert_array_equal(some.a, family.a[::-1])
    np.testing.assert_array_equal(some.information(THETA), family.information(THETA)[:, ::-1])


@every_family
def test_columns_are_read_only(family):
    with pytest.raises(ValueError, match="read-only"):
        family.a[0] = 2.0
    columns = [name for name in ("b", "c", "d", "slope", "intercept") if hasattr(family, name)]
    for name in columns:
        with pytest.raises(ValueError, match="read-only"):
            getattr(family, name)[0] = 2.0


@every_family
def test_the_callers_arrays_stay_the_callers(family):
    b = np.array([[-1.0, 1.0]])
    items = GradedItems(("i1",), [1.0], b)
    b[0, 0] = 5.0
    assert items.b[0, 0] == -1.0
    assert family.a.base is None or not family.a.flags.writeable


@every_function
@every_family
def test_items_in_any_mix_answer_as_the_family_does(family, function):
    np.testing.assert_array_equal(
        function(ItemParameters.of(family), THETA), function(family, THETA)[..., : family.categories.max()]
    )


BUILD = {
    LogisticItems: lambda **given: LogisticItems(
        TWO, given.get("a", [1, 1]), given.get("b", [0, 0]), [0, 0], [1, 1], given.get("models", ())
    ),
    GradedItems: lambda **given: GradedItems(
        TWO, given.get("a", [1, 1]), given.get("b", [[0, 1], [0, 1]]), given.get("models", ())
    ),
    PartialCreditItems: lambda **given: PartialCreditItems(
        TWO, given.get("a", [1, 1]), given.get("b", [[0, 1], [0, 1]]), given.get("models", ())
    ),
    SequentialItems: lambda **given: SequentialItems(
        TWO, given.get("a", [1, 1]), given.get("b", [[0, 1], [0, 1]]), given.get("models", ())
    ),
    NominalItems: lambda **given: NominalItems(
        TWO, given.get("b", [[0, 1], [0, 1]]), [[0, 0], [0, 0]], given.get("models", ())
    ),
}
with_discrimination = [family for family in BUILD if family is not NominalItems]


def test_every_family_can_be_built_wrongly():
    assert set(BUILD) == set(FAMILIES.values())


@pytest.mark.parametrize("a", [0.0, NAN, INF, -INF])
@pytest.mark.parametrize("family", with_discrimination)
def test_discrimination_is_finite_and_not_0(family, a):
    with pytest.raises(ItemParameterError) as caught:
        BUILD[family](a=[1.0, a])
    assert str(caught.value) == f"item 'i2': a must be finite and not 0; got {a}"


@pytest.mark.parametrize("family", BUILD)
def test_a_model_of_another_family_is_refused(family):
    with pytest.raises(ItemParameterError, match=r"^item 'i1': model must be one of .*; got 'rash'$"):
        BUILD[family](models=("rash", "rash"))


@pytest.mark.parametrize("family", BUILD)
def test_each_item_has_a_model(family):
    with pytest.raises(ItemParameterError, match=r"^models must name one model per item; got 1 for 2 items$"):
        BUILD[family](models=("rasch",))


@pytest.mark.parametrize("family", with_discrimination)
def test_a_column_has_an_entry_per_item(family):
    with pytest.raises(ItemParameterError, match=r"^a must have shape \(2,\); got \(3,\)$"):
        BUILD[family](a=[1.0, 1.0, 1.0])


@pytest.mark.parametrize("family", [family for family in BUILD if family is not LogisticItems])
def test_a_column_by_category_has_a_row_per_item(family):
    with pytest.raises(ItemParameterError, match=r"^(b|slope) must have shape \(2, K\); got \(3, 1\)$"):
        BUILD[family](b=[[0], [0], [0]])
