"""What single models are known to be, and the sentences of parameters that break a rule."""

import numpy as np
import pytest

from adaptest.errors import ItemParameterError
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems, SequentialItems
from adaptest.models.sigmoid import log_sigmoid, sigmoid_pair

THETA = np.linspace(-3, 3, 13)
ONE = ("i1",)
INF, NAN = np.inf, np.nan


def binary(a=1.5, b=0.4, c=0.0, d=1.0):
    return LogisticItems(ONE, [a], [b], [c], [d])


@pytest.mark.parametrize(
    "other",
    [
        GradedItems(ONE, [1.5], [[0.4]]),
        PartialCreditItems(ONE, [1.5], [[0.4]]),
        SequentialItems(ONE, [1.5], [[0.4]]),
        NominalItems(ONE, [[0, 1.5]], [[0, -0.6]]),
    ],
    ids=lambda items: type(items).__name__,
)
def test_every_family_with_two_categories_is_the_2pl(other):
    for name in ("probability", "log_probability", "log_slope", "log_curvature", "information"):
        np.testing.assert_allclose(getattr(other, name)(THETA), getattr(binary(), name)(THETA), rtol=1e-13)


def test_partial_credit_is_nominal_with_slopes_in_steps():
    credit = PartialCreditItems(ONE, [0.8], [[-1.0, 0.5, 0.2]])
    nominal = NominalItems(ONE, [[0, 0.8, 1.6, 2.4]], [[0, 0.8, 0.4, 0.24]])
    np.testing.assert_allclose(nominal.probability(THETA), credit.probability(THETA), rtol=1e-13)
    np.testing.assert_allclose(nominal.information(THETA), credit.information(THETA), rtol=1e-12)


def test_a_negative_discrimination_is_the_mirror_image():
    up, down = binary(a=1.5, c=0.1, d=0.95), binary(a=-1.5, b=-0.4, c=0.1, d=0.95)
    np.testing.assert_allclose(down.probability(-THETA), up.probability(THETA), rtol=1e-14)
    np.testing.assert_allclose(down.information(-THETA), up.information(THETA), rtol=1e-13)


def test_the_model_is_the_smallest_that_holds_where_none_is_named():
    items = LogisticItems(("i1", "i2", "i3"), [1, 1, 1], [0, 0, 0], [0, 0.2, 0], [1, 1, 0.9])
    assert items.models == ("2pl", "3pl", "4pl")


def test_ids_may_come_as_a_list():
    assert LogisticItems(["i1"], [1], [0], [0], [1]).ids == ("i1",)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ([1, 1], [0, 0], [1.2, -0.1], [1, 1]),
            "item 'f-17': c must be in [0, 1); got 1.2 (and 1 more item)",
        ),
        (([1, 1], [0, INF], [0, 0], [1, 1]), "item 'f-18': b must be finite; got inf"),
        (([1, 1], [0, NAN], [0, 0], [1, 1]), "item 'f-18': b must be finite; got nan"),
        (([1, 1], [0, 0], [0.2, 0], [0.2, 1]), "item 'f-17': d must be in (c, 1]; got 0.2"),
        (([1, 1], [0, 0], [0, 0], [1.01, 1]), "item 'f-17': d must be in (c, 1]; got 1.01"),
        (([1, 1], [0, 0], [0, NAN], [1, 1]), "item 'f-18': c must be in [0, 1); got nan"),
        (([1, 1], [0, 0], [0, 0], [1]), "d must have shape (2,); got (1,)"),
    ],
)
def test_a_logistic_item_names_the_rule_and_the_value(columns, message):
    with pytest.raises(ItemParameterError) as caught:
        LogisticItems(("f-17", "f-18"), *columns)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("model", "c", "d", "message"),
    [
        ("2pl", 0.1, 1, "item 'i1': c must be 0 unless the model is 3pl or 4pl; got 0.1"),
        ("3pl", 0.1, 0.9, "item 'i1': d must be 1 unless the model is 4pl; got 0.9"),
    ],
)
def test_a_model_without_an_asymptote_has_none(model, c, d, message):
    with pytest.raises(ItemParameterError) as caught:
        LogisticItems(ONE, [1], [0], [c], [d], (model,))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1.0, [0.0, 0.0]),
        (1.0, [1.0, 0.0]),
        (-1.0, [0.0, 1.0]),
        (1.0, [INF, 1.0]),
        (1.0, [INF, INF]),
        (1.0, [0.0, NAN]),
        (1.0, [-INF, 0.0]),
        (-1.0, [-INF, 0.0]),
        (1.0, []),
    ],
)
def test_thresholds_out_of_order_are_refused(a, b):
    with pytest.raises(
        ItemParameterError,
        match=r"^item 'i1': b must ascend strictly \(descend where a is negative\); got \[",
    ):
        GradedItems(ONE, [a], [b])


@pytest.mark.parametrize("family", [PartialCreditItems, SequentialItems])
@pytest.mark.parametrize("b", [[INF], [INF, 0.0], [0.0, NAN], [-INF, 0.0], []])
def test_steps_are_finite_and_without_gaps(family, b):
    with pytest.raises(
        ItemParameterError,
        match=r"^item 'i1': b must be finite for every step of the item, \+inf beyond; got \[",
    ):
        family(ONE, [1.0], [b])


@pytest.mark.parametrize(
    ("slope", "intercept", "message"),
    [
        ([0, 0], [0, 1], "item 'i1': slope must not be 0 for every category; got [0. 0.]"),
        ([0, 1, 2], [0, 1, NAN], "item 'i1': intercept must have as many as slope; got [ 0.  1. nan]"),
    ],
)
def test_a_nominal_item_names_the_rule_and_the_value(slope, intercept, message):
    with pytest.raises(ItemParameterError) as caught:
        NominalItems(ONE, [slope], [intercept])
    assert str(caught.value) == message


@pytest.mark.parametrize("slope", [[1, 2], [NAN, 1], [0, NAN, 1], [0, INF], [0], [0, NAN], []])
def test_nominal_slopes_begin_with_0_and_have_no_gap(slope):
    rule = "slope must be 0 for category 0 and finite for every category of the item, nan beyond"
    with pytest.raises(ItemParameterError, match=f"^item 'i1': {rule}; got "):
        NominalItems(ONE, [slope], [[0] * len(slope)])


def test_nominal_intercepts_come_for_as_many_categories_as_slopes():
    with pytest.raises(
        ItemParameterError, match=r"^item 'i1': intercept must have as many as slope; got \[0\. 1\.\]$"
    ):
        NominalItems(ONE, [[0, 1, 2]], [[0, 1]])


def test_the_discrimination_of_a_nominal_item_is_that_of_its_top_category():
    items = NominalItems(("i1", "i2"), [[0, 2, 3], [0, -1, NAN]], [[0, 0, 0], [0, 0, NAN]])
    assert items.a.tolist() == [3, -1]


@pytest.mark.parametrize("c", [0.0, 1e-9, 0.2, 0.5, 0.999])
@pytest.mark.parametrize("d", [1.0, 1 - 1e-9, 0.9995])
@pytest.mark.parametrize("a", [0.7, -2.0])
def test_information_is_largest_where_it_is_said_to_be(a, c, d):
    items = binary(a=a, c=c, d=d)
    peak = items.maximum_information_theta()
    assert abs(a * (peak[0] - 0.4)) <= np.log(2) + 1e-12
    steps = np.array([-1e-4, 0, 1e-4])  # their squares, times the curvature, are well above eps
    left, at, right = items.information(peak + steps)[:, 0]
    assert at > left
    assert at > right


def test_the_peak_of_the_3pl_is_birnbaums():
    items = binary(a=1.2, b=0.3, c=0.2)
    expected = 0.3 + np.log((1 + np.sqrt(1 + 8 * 0.2)) / 2) / 1.2
    np.testing.assert_allclose(items.maximum_information_theta(), expected, rtol=1e-15)


def test_halving_agrees_with_the_closed_form_where_both_hold():
    near = binary(a=1.2, b=0.3, c=0.2, d=1 - 1e-15)
    np.testing.assert_allclose(
        near.maximum_information_theta(), binary(a=1.2, b=0.3, c=0.2).maximum_information_theta(), rtol=1e-13
    )


def test_items_without_guessing_or_slipping_are_most_informative_at_their_difficulty():
    assert binary(a=1.7, b=0.123).maximum_information_theta().tolist() == [0.123]


def test_both_halves_of_the_logistic_function_keep_their_digits():
    z = np.array([-800.0, -708.0, -40.0, 0.0, 40.0, 708.0, 800.0])
    rising, falling = sigmoid_pair(z)
    np.testing.assert_allclose(rising, falling[::-1], rtol=1e-15)
    np.testing.assert_allclose(np.log(rising[1:4]), log_sigmoid(z[1:4]), rtol=1e-14)
    np.testing.assert_allclose(np.log1p(-falling[4:6]), log_sigmoid(z[4:6]), rtol=1e-14)
    assert rising[0] == rising[1] > 0
    np.testing.assert_array_equal(log_sigmoid(z[[0, -1]]), [-800.0, 0.0])
