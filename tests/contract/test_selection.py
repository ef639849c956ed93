"""Every criterion and every picker, one suite: adding one is adding a row to its table in engine.spec."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.engine.spec import CRITERIA, PICKERS
from adaptest.errors import OptionError
from adaptest.models import GradedItems, LogisticItems
from adaptest.numerics.quadrature import NormalPrior
from adaptest.numerics.random import Stream, uniform
from adaptest.parameters import ItemParameters
from adaptest.selection import (
    Candidates,
    FixedOrder,
    Progressive,
    Proportional,
    Randomesque,
    Setting,
    Situation,
    shortlist,
    strata,
)
from adaptest.selection.base import comparable
from adaptest.selection.progressive import progress

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


GRID = NormalPrior().grid()


def setting(bank):
    return Setting(bank, GRID.theta, GRID.log_weight, 5, 20, (0.5,))


def situation(n, bank, answered=3, share=0.7, seed=5):
    """N sittings after some responses: each with an estimate, a posterior and items left."""
    rng = np.random.default_rng(seed)
    rows = np.argsort(rng.random((n, len(bank))), axis=1)[:, :answered]
    scores = (rng.random((n, answered)) * bank.categories[rows]).astype(np.intp)
    table = bank.log_probability(GRID.theta).transpose(1, 2, 0)
    carried = GRID.log_weight + sum(table[rows[:, k], scores[:, k]] for k in range(answered))
    eligible = rng.random((n, len(bank))) < share
    eligible[:, 0] = True
    eligible[np.arange(n)[:, None], rows] = False
    eligible[:, -1] |= ~eligible.any(axis=1)
    theta, sem = np.round(rng.normal(0, 2, n), 6), np.round(rng.uniform(0.2, 1, n), 6)
    seeds = rng.integers(0, 2**63, n).astype(np.uint64)
    return Situation(setting(bank), seeds, theta, sem, rows, scores, eligible, lambda: carried)


@every_bank
@every_criterion
def test_what_is_not_eligible_is_minus_infinity_and_the_rest_is_finite_and_rounded(criterion, bank):
    now = situation(50, bank)
    value = criterion(now)
    assert value.shape == (50, J)
    assert (value[~now.eligible] == -np.inf).all()
    assert np.isfinite(value[now.eligible]).all()
    assert (np.round(value[now.eligible], 9) == value[now.eligible]).all()


@pytest.mark.parametrize(
    "name", ["posterior_weighted_information", "expected_information", "mutual_information"]
)
def test_a_sitting_is_valued_alike_among_four_thousand(name):
    bank, criterion = BANKS["mixed"], CRITERIA[name]()
    now = situation(4096, bank)
    together = criterion(now)
    for some in (np.arange(5, 6), np.arange(1000, 1007), np.arange(4095, 4096)):
        assert (criterion(now.take(some)) == together[some]).all()


@every_bank
@every_criterion
def test_a_sitting_is_valued_alike_alone_and_among_others(criterion, bank):
    now = situation(64, bank)
    together = criterion(now)
    for k in range(0, 64, 7):
        assert (criterion(now.take(slice(k, k + 7))) == together[k : k + 7]).all()
        assert (criterion(now.take(slice(k, k + 1))) == together[k : k + 1]).all()


@every_bank
@every_criterion
def test_the_order_of_the_items_changes_nothing_but_the_order_of_the_values(criterion, bank):
    if isinstance(criterion, FixedOrder):
        pytest.skip("a form goes by the order of its items, and by nothing else")
    now, order = situation(20, bank), np.random.default_rng(1).permutation(J)
    place = np.argsort(order)
    other = Situation(
        setting(bank.take(order)),
        now.seed,
        now.theta,
        now.sem,
        place[now.rows],
        now.scores,
        now.eligible[:, order],
        now.carried,
    )
    assert criterion(other).tolist() == criterion(now)[:, order].tolist()


@every_bank
@every_criterion
def test_a_criterion_that_chance_may_go_by_is_never_negative(criterion, bank):
    value = criterion(situation(50, bank))
    if criterion.proportionate:
        assert (value[value > -np.inf] >= 0).all()
    assert len(criterion.words.split()) > 3


@every_bank
@every_criterion
@pytest.mark.parametrize("size", [1, 5, 60])
def test_the_short_list_is_that_of_a_full_scan(criterion, bank, size):
    now = situation(200, bank)
    bounds = criterion.bounds(now.setting)
    quick, full = shortlist(criterion, bounds, now, size), shortlist(criterion, None, now, size)
    assert quick.rows.tolist() == full.rows.tolist()
    assert quick.value.tolist() == full.value.tolist()
    for k in range(0, 200, 40):
        alone, own = shortlist(criterion, bounds, now.take(np.array([k])), size), full.rows[k] >= 0
        assert alone.rows[0].tolist() == full.rows[k, own].tolist()
        assert alone.value[0].tolist() == full.value[k, own].tolist()


def at(bank, theta, eligible):
    """Sittings before their first response, at these estimates."""
    n = len(theta)
    none, seeds = np.zeros((n, 0), dtype=np.intp), np.arange(n).astype(np.uint64)
    carried = np.tile(GRID.log_weight, (n, 1))
    return Situation(setting(bank), seeds, theta, np.ones(n), none, none, eligible, lambda: carried)


@settings(max_examples=60, deadline=None)
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
    criterion, now = CRITERIA["information"](), at(bank, theta, eligible)
    quick = shortlist(criterion, criterion.bounds(now.setting), now, size)
    full = shortlist(criterion, None, now, size)
    assert quick.rows.tolist() == full.rows.tolist()
    assert quick.value.tolist() == full.value.tolist()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 500),
    steep=st.sampled_from([1.0, 40.0]),
    size=st.integers(1, 8),
    share=st.sampled_from([0.02, 0.3, 1.0]),
)
def test_one_sitting_is_given_what_it_would_be_given_among_others(seed, n, steep, size, share):
    rng = np.random.default_rng(seed)
    a = steep * rng.lognormal(0, 0.5, n)
    bank = logistic(a, rng.normal(0, 2, n), rng.uniform(0, 0.4, n), rng.uniform(0.7, 1, n))
    theta = np.round(np.append(rng.normal(0, 3, 5), [-50.0, 45.5]), 6)
    eligible = rng.random((len(theta), n)) < share
    eligible[:, rng.integers(n)] = True
    criterion, now = CRITERIA["information"](), at(bank, theta, eligible)
    bounds = criterion.bounds(now.setting)
    together = shortlist(criterion, bounds, now, size)
    for k in range(len(theta)):
        alone, own = shortlist(criterion, bounds, now.take(np.array([k])), size), together.rows[k] >= 0
        assert alone.rows[0].tolist() == together.rows[k, own].tolist()
        assert alone.value[0].tolist() == together.value[k, own].tolist()


def test_no_item_exceeds_its_bound_anywhere_in_a_cell():
    bank = four_parameter(300, 5)
    bounds = CRITERIA["information"]().bounds(setting(bank))
    theta = np.round(np.linspace(-8, 8, 4001), 6)
    information = np.round(bank.information(theta), 9)
    cell = bounds.cell(theta)
    for row, values in zip(cell, information, strict=True):
        held = bounds.held[row]
        assert (values[held] <= bounds.highest[row][: len(held)]).all()
        rest = np.setdiff1d(np.arange(300), held)
        assert (values[rest] <= bounds.highest[row][-1]).all()


def candidates(value):
    return Candidates(np.broadcast_to(np.arange(value.shape[1]), value.shape), value)


@every_picker
def test_a_picker_takes_a_column_that_is_there(picker):
    value = np.sort(np.round(RNG.random((500, 12)), 1))[:, ::-1].copy()
    value[np.arange(12) >= RNG.integers(1, 13, 500)[:, None]] = -np.inf
    now = situation(500, BANKS["3pl"])
    choice, tie = RNG.random((2, 500))
    column = picker(candidates(value), choice, tie, now)
    assert (value[np.arange(500), column] > -np.inf).all()
    for k in range(20):
        some = slice(k, k + 1)
        one = picker(candidates(value[some]), choice[some], tie[some], now.take(some))
        assert one.tolist() == [column[k]]


@every_picker
def test_a_picker_takes_only_what_it_says_it_reaches(picker):
    value = -np.arange(40.0)[None].repeat(2000, axis=0)
    now = situation(2000, BANKS["3pl"])
    column = picker(candidates(value), *RNG.random((2, 2000)), now)
    reach = picker.reach(now.length)
    assert set(column.tolist()) <= set(range(40 if reach is None else reach))


@pytest.mark.parametrize(
    ("size", "share"),
    [(1, [1, 0, 0, 0, 0]), (2, [1 / 2, 1 / 6, 1 / 6, 1 / 6, 0]), (9, [0.2, 0.2, 0.2, 0.2, 0.2])],
)
def test_equal_criteria_share_by_chance_and_not_by_file_order(size, share):
    n = 20_000
    value = np.tile([3.0, 2.0, 2.0, 2.0, 1.0, -np.inf], (n, 1))
    draws = (uniform(np.arange(n), stream, 0) for stream in (Stream.SELECTION, Stream.TIE))
    now = at(BANKS["3pl"], np.zeros(n), np.ones((n, J), dtype=bool))
    counts = np.bincount(Randomesque(size)(candidates(value), *draws, now), minlength=6)[:5]
    share = np.array(share)
    assert (np.abs(counts - n * share) <= 4 * np.sqrt(n * share * (1 - share))).all()


def test_criteria_that_agree_to_nine_decimals_are_equal():
    eligible = np.array([[True, True, False]])
    assert comparable(np.array([[0.1 + 0.2, 0.3, 9.0]]), eligible).tolist() == [[0.3, 0.3, -np.inf]]


def test_a_picker_of_none_is_refused():
    with pytest.raises(OptionError) as caught:
        Randomesque(0)
    assert str(caught.value) == "picker randomesque: size must be at least 1; got 0"


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 700),
    decimals=st.integers(0, 3),
    size=st.integers(1, 8),
    share=st.sampled_from([0.02, 0.3, 1.0]),
)
def test_the_nearest_items_are_exact_whatever_the_bank(seed, n, decimals, size, share):
    rng = np.random.default_rng(seed)
    bank = logistic(np.ones(n), np.round(rng.normal(0, 2, n), decimals), np.zeros(n), np.ones(n))
    theta = np.round(rng.normal(0, 3, 6), int(rng.integers(0, 7)))
    eligible = rng.random((6, n)) < share
    eligible[:, rng.integers(n)] = True
    criterion, now = CRITERIA["closest_difficulty"](), at(bank, theta, eligible)
    quick = shortlist(criterion, criterion.bounds(now.setting), now, size)
    full = shortlist(criterion, None, now, size)
    assert quick.rows.tolist() == full.rows.tolist()
    assert quick.value.tolist() == full.value.tolist()


def test_a_schedule_goes_by_the_place_and_stays_with_its_last_size():
    picker = Randomesque(schedule=(5, 4, 3, 2, 1))
    assert [picker.reach(length) for length in (0, 1, 2, 3, 4, 5, 30)] == [5, 4, 3, 2, 1, 1, 1]


def test_progress_goes_from_none_to_all_and_a_higher_acceleration_is_later():
    for acceleration in (0.0, 1.0, 2.5):
        path = [progress(length, 20, acceleration) for length in range(20)]
        assert path[0] == 0
        assert path[-1] == pytest.approx(1)
        assert (np.diff(path) > 0).all()
    assert progress(5, 20, 0.0) == pytest.approx(5 / 19)
    assert progress(5, 20, 1.0) == pytest.approx(5 * 6 / (19 * 20))


def after(n, length):
    now = at(BANKS["3pl"], np.zeros(n), np.ones((n, J), dtype=bool))
    rows = np.zeros((n, length), dtype=np.intp)
    return Situation(now.setting, now.seed, now.theta, now.sem, rows, rows, now.eligible, now.carried)


@pytest.mark.parametrize("length", [0, 7, 19])
def test_proportional_draws_by_a_power_of_the_value(length):
    n = 20_000
    value = np.tile([2.0, 1.5, 1.0, 0.0, -np.inf], (n, 1))
    now = after(n, length)
    draws = (uniform(np.arange(n), stream, 0) for stream in (Stream.SELECTION, Stream.TIE))
    counts = np.bincount(Proportional()(candidates(value), *draws, now), minlength=5)[:4]
    share = np.array([2.0, 1.5, 1.0, 0.0]) ** (20 * progress(length, 20, 1.0))
    share /= share.sum()
    assert (np.abs(counts - n * share) <= 4 * np.sqrt(n * share * (1 - share)) + 1e-9).all()


def test_progressive_is_all_chance_at_first_and_the_best_at_last():
    n = 20_000
    value = np.tile([2.0, 1.5, 1.0, 0.0, -np.inf], (n, 1))
    draws = np.random.default_rng(1).random((2, n))
    first = np.bincount(Progressive()(candidates(value), *draws, after(n, 0)), minlength=5)
    assert first[4] == 0
    assert (np.abs(first[:4] - n / 4) <= 4 * np.sqrt(n * 3 / 16)).all()
    assert (Progressive()(candidates(value), *draws, after(n, 19)) == 0).all()
    middle = np.bincount(Progressive()(candidates(value), *draws, after(n, 12)), minlength=5)[:4]
    assert (np.diff(middle) < 0).all()


@pytest.mark.parametrize("blocks", [False, True])
def test_strata_share_the_pool_and_rise_in_discrimination(blocks):
    bank = BANKS["3pl"]
    made = strata(setting(bank), 4, "discrimination", (), block_by_difficulty=blocks)
    assert made.until == (5, 10, 15, 20)
    counts = np.bincount(made.stratum, minlength=4)
    assert counts.tolist() == [10, 10, 10, 10]
    a, b = bank.discrimination, bank.blocks[0].b
    mean = [a[made.stratum == k].mean() for k in range(4)]
    assert (np.diff(mean) > 0).all()
    ends = [(a[made.stratum == k].min(), a[made.stratum == k].max()) for k in range(4)]
    if blocks:
        order = np.argsort(b)
        for start in range(0, J, 4):
            block = order[start : start + 4]
            assert made.stratum[block[np.argsort(a[block])]].tolist() == [0, 1, 2, 3]
    else:
        assert all(low[1] < high[0] for low, high in pairwise(ends))


def test_a_stratum_without_items_gives_way_to_the_nearest_and_says_so():
    made = strata(setting(BANKS["3pl"]), 4, "discrimination", (2, 3, 5, 10), block_by_difficulty=False)
    assert [made.at(length) for length in (0, 1, 2, 4, 5, 9, 10, 19, 25)] == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    eligible = np.ones((3, J), dtype=bool)
    eligible[1, made.stratum == 2] = False
    eligible[2] = made.stratum == 0
    narrowed = made.narrow(eligible, 6)
    assert (narrowed[0] == (made.stratum == 2)).all()
    assert (narrowed[1] == (made.stratum == 1)).all()
    assert (narrowed[2] == (made.stratum == 0)).all()
    alone = [made.narrow(eligible[k : k + 1], 6)[0].tolist() for k in range(3)]
    assert alone == narrowed.tolist()
    row = int(np.flatnonzero(made.stratum == 1)[0])
    assert made.note(6, row) == (
        "stratum 3 of 4 had no item that could come next; the item is from stratum 2"
    )
    assert made.note(4, row) == ""


def test_strata_by_the_most_information_go_by_it():
    bank = BANKS["4pl"]
    made = strata(setting(bank), 3, "maximum_information", (4, 6, 10), block_by_difficulty=False)
    most = bank.information(np.linspace(-8, 8, 3201)).max(axis=0)
    lowest = [most[made.stratum == k].min() for k in range(3)]
    highest = [most[made.stratum == k].max() for k in range(3)]
    assert highest[0] <= lowest[1] + 1e-4
    assert highest[1] <= lowest[2] + 1e-4


@pytest.mark.parametrize(
    ("count", "by", "lengths", "sentence"),
    [
        (1, "discrimination", (), "stratification: strata must be 2 to the pool's 40 items; got 1"),
        (3, "a", (), "stratification: by must be one of discrimination, maximum_information; got 'a'"),
        (
            3,
            "discrimination",
            (5, 15),
            "stratification: lengths must hold 3 numbers of at least 1, one for each stratum; got 5, 15",
        ),
        (
            3,
            "discrimination",
            (5, 5, 5),
            "stratification: lengths must add up to the maximum length, 20; got 15",
        ),
        (21, "discrimination", (), "stratification: strata must not exceed the maximum length, 20; got 21"),
    ],
)
def test_strata_that_cannot_be_made_are_refused(count, by, lengths, sentence):
    with pytest.raises(OptionError) as caught:
        strata(setting(BANKS["3pl"]), count, by, lengths, block_by_difficulty=False)
    assert str(caught.value) == sentence


def test_strata_of_equal_discriminations_are_refused_unless_blocked():
    bank = BANKS["five difficulties"]
    with pytest.raises(OptionError) as caught:
        strata(setting(bank), 4, "discrimination", (), block_by_difficulty=False)
    assert str(caught.value) == (
        "stratification: every stratum must have an item; got none in stratum 1, for items of equal"
        " discrimination stay together; use fewer strata or block_by_difficulty"
    )
    made = strata(setting(bank), 4, "discrimination", (), block_by_difficulty=True)
    assert np.bincount(made.stratum).tolist() == [10, 10, 10, 10]
