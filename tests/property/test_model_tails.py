"""Every family against its own definition in hundreds of digits, where plain differences are harmless.

Derivatives are carried along with each value, by the rules of sum, product, quotient and exponential.
"""

from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems, SequentialItems
from adaptest.models.base import expected_score, information_slope, warm_numerator

EPS = np.finfo(float).eps
ROUNDINGS = 24  # at most: operations between the logits and any result below, each half an eps
FARTHEST = 700


class Jet:
    """A value with its first and second derivative in theta."""

    def __init__(self, value, first=0, second=0):
        self.value, self.first, self.second = Decimal(value), Decimal(first), Decimal(second)

    def __add__(self, other):
        return Jet(self.value + other.value, self.first + other.first, self.second + other.second)

    def __sub__(self, other):
        return Jet(self.value - other.value, self.first - other.first, self.second - other.second)

    def __mul__(self, other):
        return Jet(
            self.value * other.value,
            self.first * other.value + self.value * other.first,
            self.second * other.value + 2 * self.first * other.first + self.value * other.second,
        )

    def __truediv__(self, other):
        value = self.value / other.value
        first = (self.first - value * other.first) / other.value
        return Jet(value, first, (self.second - 2 * first * other.first - value * other.second) / other.value)

    def exp(self):
        value = self.value.exp()
        return Jet(value, value * self.first, value * (self.second + self.first**2))


ONE = Jet(1)


def number(value):
    return Jet(float(value))


def sigma(z):
    part = z.exp()
    return part / (ONE + part)


def exact_logistic(items, theta):
    a, b, c, d = (number(getattr(items, name)[0]) for name in "abcd")
    p = c + (d - c) * sigma(a * (theta - b))
    return [ONE - p, p]


def exact_graded(items, theta):
    at_least = [sigma(number(items.a[0]) * (theta - number(b))) for b in items.b[0]]
    return [high - low for high, low in pairwise([ONE, *at_least, Jet(0)])]


def shares(logits):
    parts = [logit.exp() for logit in logits]
    total = sum(parts, start=Jet(0))
    return [part / total for part in parts]


def exact_partial_credit(items, theta):
    logits = [Jet(0)]
    for b in items.b[0]:
        logits.append(logits[-1] + number(items.a[0]) * (theta - number(b)))
    return shares(logits)


def exact_nominal(items, theta):
    pairs = zip(items.slope[0], items.intercept[0], strict=True)
    return shares([number(slope) * theta + number(intercept) for slope, intercept in pairs])


def exact_sequential(items, theta):
    reached, p = ONE, []
    for b in items.b[0]:
        passed = sigma(number(items.a[0]) * (theta - number(b)))
        p.append(reached * (ONE - passed))
        reached *= passed
    return [*p, reached]


# What is lost in the definitions: 304 digits where P is a difference from 1; 324 more where it is one between
# two thresholds; 304 in the curvature, a difference of squares. 20 or more are left to compare
DIGITS = {
    exact_logistic: 640,
    exact_graded: 960,
    exact_partial_credit: 340,
    exact_nominal: 340,
    exact_sequential: 640,
}


def exact(definition, items, theta):
    """P, ln P, its two derivatives, I, I', J and the expected score, from the definition alone."""
    with localcontext() as context:
        context.prec = DIGITS[definition]
        jets = definition(items, Jet(theta, 1))
        p = [jet.value for jet in jets]
        slope = [jet.first / jet.value for jet in jets]
        curvature = [jet.second / jet.value - s**2 for jet, s in zip(jets, slope, strict=True)]
        terms = list(zip(p, slope, curvature, strict=True))
        return {
            "probability": [float(at) for at in p],
            "log_probability": [float(at.ln()) for at in p],
            "log_slope": [float(s) for s in slope],
            "log_curvature": [float(c) for c in curvature],
            "information": float(sum(at * s**2 for at, s, _ in terms)),
            "information_slope": float(sum(at * s * (s**2 + 2 * c) for at, s, c in terms)),
            "warm_numerator": float(sum(at * s * (s**2 + c) for at, s, c in terms)),
            "expected_score": float(sum(k * at for k, at in enumerate(p))),
        }


def check(definition, items, theta, rounding, slope_size, curvature_size):
    """Compare, with what the roundings of the inputs' products and of each operation can explain.

    Parameters
    ----------
    rounding : relative error of exp(logit), from the logits' own rounding
    slope_size, curvature_size : (K,) sum of the absolute terms of which each is a sum
    """
    wanted, at = exact(definition, items, theta), np.array([theta])
    rtol = rounding + ROUNDINGS * EPS
    smallest = 100 * np.finfo(float).tiny  # below it numbers lose digits, and a logit of 710 counts as 708
    for name in ("probability", "log_probability"):
        np.testing.assert_allclose(getattr(items, name)(at)[0, 0], wanted[name], rtol=rtol, atol=smallest)
    for name, size in (("log_slope", slope_size), ("log_curvature", curvature_size)):
        error = np.abs(getattr(items, name)(at)[0, 0] - wanted[name])
        terms = len(size) * max(1.0, float(np.abs(items.a).max()) ** 2)  # each may be off by the smallest
        assert (error <= 2 * rtol * size + terms * smallest).all(), (name, error, size)
    np.testing.assert_allclose(
        items.information(at)[0, 0], wanted["information"], rtol=4 * rtol, atol=smallest
    )
    p = np.array(wanted["probability"])
    size = float((p * slope_size * (slope_size**2 + 2 * curvature_size)).sum())
    for function in (information_slope, warm_numerator):
        error = abs(function(items, at)[0, 0] - wanted[function.__name__])
        assert error <= 6 * rtol * size + smallest, (function.__name__, error, size)
    np.testing.assert_allclose(
        expected_score(items, at)[0, 0], wanted["expected_score"], rtol=2 * rtol, atol=smallest
    )


def halves(z):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z))


by_hypothesis = settings(deadline=None, max_examples=25)  # so many digits take their time
signed = st.floats(0.01, 5) | st.floats(-5, -0.01)
logits = st.floats(-FARTHEST, FARTHEST) | st.floats(-30, 30)
places = st.floats(-6, 6)
gaps = st.floats(1e-12, 1e-3) | st.floats(1e-3, 4)


@by_hypothesis
@given(
    a=signed,
    b=places,
    logit=logits,
    c=st.just(0.0) | st.floats(1e-15, 0.6),
    d=st.just(1.0) | st.floats(0.61, 1 - 1e-15),
)
def test_the_logistic_family_is_exact_in_the_tails(a, b, logit, c, d):
    items, theta = LogisticItems(("i1",), [a], [b], [c], [d]), b + logit / a
    z = a * (theta - b)
    rising, falling = halves(z)
    slope = np.abs(items.log_slope(np.array([theta]))[0, 0])
    curvature = slope * abs(a) * np.array([rising + falling, rising + falling])
    check(exact_logistic, items, theta, 2 * EPS * abs(z), slope, curvature)


@by_hypothesis
@given(a=signed, first=places, logit=logits, gap=st.lists(gaps, max_size=5), last=st.booleans())
def test_the_graded_model_is_exact_in_the_tails_and_between_close_thresholds(a, first, logit, gap, last):
    b = first + np.cumsum([0.0, *gap])
    b = np.append(b, np.nextafter(b[-1], np.inf)) if last else b  # as close as two doubles can be
    b = b if a > 0 else b[::-1]
    items, theta = GradedItems(("i1",), [a], [b]), first + logit / a
    x = a * (theta - b)
    rising, falling = halves(x)
    slope = abs(a) * (np.append(0, falling) + np.append(rising, 0))
    curvature = np.abs(items.log_curvature(np.array([theta]))[0, 0])
    check(exact_graded, items, theta, 2 * EPS * np.abs(x).max(), slope, curvature)


@by_hypothesis
@given(a=signed, b=st.lists(places, min_size=1, max_size=12), logit=logits)
def test_the_partial_credit_family_is_exact_in_the_tails_with_many_steps(a, b, logit):
    items, theta = PartialCreditItems(("i1",), [a], [b]), b[0] + logit / a
    weight = a * np.arange(len(b) + 1)
    rounding = 2 * EPS * np.abs(a * (theta - np.array(b))).sum() + len(b) * EPS
    check_divide_by_total(exact_partial_credit, items, theta, weight, rounding)


@by_hypothesis
@given(
    slope=st.lists(places.filter(lambda a: abs(a) > 1e-6), min_size=1, max_size=7),
    intercept=st.lists(places, min_size=7, max_size=7),
    logit=logits,
)
def test_the_nominal_model_is_exact_in_the_tails(slope, intercept, logit):
    weight, gamma = np.array([0.0, *slope]), np.array([0.0, *intercept[: len(slope)]])
    items, theta = NominalItems(("i1",), [weight], [gamma]), logit / np.abs(weight).max()
    rounding = 2 * EPS * (np.abs(weight * theta) + np.abs(gamma)).max()
    check_divide_by_total(exact_nominal, items, theta, weight, rounding)


def check_divide_by_total(definition, items, theta, weight, rounding):
    p = items.probability(np.array([theta]))[0, 0]
    assume(p.min() > np.finfo(float).tiny)  # else the sizes below are not known to any digit
    slope = (np.abs(weight[:, None] - weight) * p).sum(axis=1)
    curvature = np.full(len(weight), float((p * slope**2).sum()))
    check(definition, items, theta, rounding + len(weight) * EPS, slope, curvature)


@by_hypothesis
@given(a=signed, b=st.lists(places, min_size=1, max_size=6), logit=logits)
def test_the_sequential_model_is_exact_in_the_tails(a, b, logit):
    items, theta = SequentialItems(("i1",), [a], [b]), b[0] + logit / a
    x = a * (theta - np.array(b))
    rising, falling = halves(x)
    slope = abs(a) * (np.append(0, np.cumsum(falling)) + np.append(rising, 0))
    curvature = np.abs(items.log_curvature(np.array([theta]))[0, 0])
    check(exact_sequential, items, theta, 2 * EPS * np.abs(x).sum() + len(b) * EPS, slope, curvature)


@pytest.mark.parametrize("theta", [-1e300, -1e6, 1e6, 1e300])
@pytest.mark.parametrize(
    "items",
    [
        LogisticItems(("i1", "i2"), [1.0, 2.0], [0.0, 1.0], [0.2, 0.0], [1.0, 0.9]),
        GradedItems(("i1",), [1.0], [[-1.0, 1.0]]),
        PartialCreditItems(("i1",), [1.0], [[-1.0, 1.0]]),
        NominalItems(("i1",), [[0.0, 1.0]], [[0.0, 0.5]]),
        SequentialItems(("i1",), [1.0], [[-1.0, 1.0]]),
    ],
    ids=lambda items: type(items).__name__,
)
def test_nothing_is_nan_however_far_out(items, theta):
    at = np.array([theta])
    for result in (
        items.probability(at),
        items.log_probability(at),
        items.log_slope(at),
        items.log_curvature(at),
        items.information(at),
        information_slope(items, at),
        warm_numerator(items, at),
    ):
        assert np.isfinite(result).all()
