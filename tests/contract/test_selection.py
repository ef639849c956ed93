"""Every criterion and every picker, one suite: adding one is adding a row to its table in engine.spec."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.engine.spec import CRITERIA, PICKERS
from adaptest.errors import OptionError
from adaptest.models import GradedItems, LogisticItems
from adaptest.numerics.random import Stream, uniform
from adaptest.parameters import ItemParameters
from adaptest.selection import Posterior, Randomesque, shortlist
from adaptest.selection.base import comparable

J = 40
RNG = np.random.default_rng(3)
every_criterion = pytest.mark.parametrize("criterion", [kind() for kind in CRITERIA.values()], ids=CRITERIA)
every_picker = pytest.mark.parametrize("picker", [kind() for kind in PICKERS.values()], ids=PICKERS)


def logistic(a, b, c, d):
    return ItemParameters.of(LogisticItems(tuple(f"i{k}" for k in range(len(a))), a, b, c, d))


def four_parameter(n, seed):
    rng = np.random.default_rng(seed)
    return logistic(
        rng.lognormal(0, 0.5, n), rng.normal(0, 2, n), rng.uniform(0, 0.4, n), rng.uniform(0.7, 1, n)
    )


BINARY = four_parameter(J // 2, 1).take(np.arange(J // 2))
GRADED = GradedItems(
    tuple(f"g{k}" for k in range(J // 2)),
    RNG.lognormal(0, 0.3, J // 2),
    np.sort(RNG.normal(size=(J // 2, 3))),
)
BANKS = {
    "3pl": logistic(RNG.lognormal(0, 0.3, J), RNG.normal(size=J), np.full(J, 0.2), np.ones(J)),
    "4pl": four_parameter(J, 2),
    "five difficulties": logistic(np.ones(J), np.arange(J) % 5 - 2.0, np.zeros(J), np.ones(J)),
    "mixed": ItemParameters.of(BINARY.blocks[0], GRADED),
}
every_bank = pytest.mark.parametrize("bank", BANKS.values(), ids=BANKS)


def posterior(n):
    theta = np.linspace(-4, 4, 33)
    weight = np.exp(-((theta - RNG.normal(size=(n, 1))) ** 2))
    return Posterior(theta, weight / weight.sum(axis=1, keepdims=True))


def situation(n):
    theta = np.round(RNG.normal(0, 2, n), 6)
    eligible = RNG.random((n, J)) < 0.7
    eligible[:, 0] = True
    return theta, posterior(n), eligible


@every_bank
@every_criterion
def test_what_is_not_eligible_is_minus_infinity_and_the_rest_is_finite_and_rounded(criterion, bank):
    theta, weights, eligible = situation(50)
    value = criterion(bank, theta, weights, eligible)
    assert value.shape == (50, J)
    assert (value[~eligible] == -np.inf).all()
    assert np.isfinite(value[eligible]).all()
    assert (np.round(value[eligible], 9) == value[eligible]).all()


@every_bank
@every_criterion
def test_a_sitting_is_valued_alike_alone_and_among_others(criterion, bank):
    theta, weights, eligible = situation(64)
    together = criterion(bank, theta, weights, eligible)
    for k in range(0, 64, 7):
        some = slice(k, k + 7)
        part = Posterior(weights.theta, weights.weight[some])
        assert (criterion(bank, theta[some], part, eligible[some]) == together[some]).all()


@every_bank
@every_criterion
@pytest.mark.parametrize("size", [1, 5, 60])
def test_the_short_list_is_that_of_a_full_scan(criterion, bank, size):
    theta, weights, eligible = situation(200)
    bounds = criterion.bounds(bank)
    quick = shortlist(criterion, bank, bounds, theta, weights, eligible, size)
    full = shortlist(criterion, bank, None, theta, weights, eligible, size)
    assert quick.rows.tolist() == full.rows.tolist()
    assert quick.value.tolist() == full.value.tolist()


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 400),
    thetas=st.lists(st.floats(-9, 9).map(lambda x: round(x, 6)), min_size=1, max_size=8),
    edges=st.booleans(),
    size=st.integers(1, 8),
    share=st.sampled_from([0.02, 0.3, 1.0]),
    coarse=st.booleans(),
)
def test_bounded_information_is_exact_whatever_the_bank(seed, n, thetas, edges, size, share, coarse):
    bank = four_parameter(n, seed)
    if coarse:
        block = bank.blocks[0]
        few = (np.round(block.a, 1) + 0.1, np.round(block.b), np.round(block.c, 1), np.ones(n))
        bank = logistic(*few)
    theta = np.array(thetas)
    if edges:
        theta = np.round(theta / 0.05) * 0.05
    rng = np.random.default_rng(seed)
    eligible = rng.random((len(theta), n)) < share
    eligible[:, rng.integers(n)] = True
    criterion = CRITERIA["information"]()
    quick = shortlist(criterion, bank, criterion.bounds(bank), theta, None, eligible, size)
    full = shortlist(criterion, bank, None, theta, None, eligible, size)
    assert quick.rows.tolist() == full.rows.tolist()
    assert quick.value.tolist() == full.value.tolist()


def test_no_item_exceeds_its_bound_anywhere_in_a_cell():
    bank = four_parameter(300, 5)
    bounds = CRITERIA["information"]().bounds(bank)
    theta = np.round(np.linspace(-8, 8, 4001), 6)
    information = np.round(bank.information(theta), 9)
    cell = bounds.cell(theta)
    for row, values in zip(cell, information, strict=True):
        held = bounds.held[row]
        assert (values[held] <= bounds.highest[row][: len(held)]).all()
        rest = np.setdiff1d(np.arange(300), held)
        assert (values[rest] <= bounds.highest[row][-1]).all()


@every_picker
def test_a_picker_takes_a_column_that_is_there(picker):
    value = np.sort(np.round(RNG.random((500, 12)), 1))[:, ::-1].copy()
    value[np.arange(12) >= RNG.integers(1, 13, 500)[:, None]] = -np.inf
    column = picker(value, RNG.random(500), RNG.random(500))
    assert (value[np.arange(500), column] > -np.inf).all()
    alone = [picker(value[k : k + 1], *(RNG.random((2, 1)))) for k in range(20)]
    assert all(one.shape == (1,) for one in alone)


@every_picker
def test_a_picker_takes_only_what_it_says_it_reaches(picker):
    value = -np.arange(40.0)[None].repeat(2000, axis=0)
    column = picker(value, RNG.random(2000), RNG.random(2000))
    assert set(column.tolist()) == set(range(picker.reach))


@pytest.mark.parametrize(
    ("size", "share"),
    [(1, [1, 0, 0, 0, 0]), (2, [1 / 2, 1 / 6, 1 / 6, 1 / 6, 0]), (9, [0.2, 0.2, 0.2, 0.2, 0.2])],
)
def test_equal_criteria_share_by_chance_and_not_by_file_order(size, share):
    n = 20_000
    value = np.tile([3.0, 2.0, 2.0, 2.0, 1.0, -np.inf], (n, 1))
    draws = (uniform(np.arange(n), stream, 0) for stream in (Stream.SELECTION, Stream.TIE))
    counts = np.bincount(Randomesque(size)(value, *draws), minlength=6)[:5]
    share = np.array(share)
    assert (np.abs(counts - n * share) <= 4 * np.sqrt(n * share * (1 - share))).all()


def test_criteria_that_agree_to_nine_decimals_are_equal():
    eligible = np.array([[True, True, False]])
    assert comparable(np.array([[0.1 + 0.2, 0.3, 9.0]]), eligible).tolist() == [[0.3, 0.3, -np.inf]]


def test_a_picker_of_none_is_refused():
    with pytest.raises(OptionError) as caught:
        Randomesque(0)
    assert str(caught.value) == "picker randomesque: size must be at least 1; got 0"
