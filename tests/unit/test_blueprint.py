"""The shipped blueprint's lengths, and what a conflict says."""

from fractions import Fraction

import numpy as np
import pytest

from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.conflict import admissible, feasible, smallest_conflict
from adaptest.constraints.counting import Blocks
from adaptest.constraints.reach import Reach
from adaptest.errors import ExamError, InfeasibleError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

SHARES = {
    "REC": (15, 21),
    "ADM": (15, 21),
    "INT": (15, 21),
    "BHF": (11, 17),
    "ADV": (8, 12),
    "COM": (6, 10),
    "RES": (5, 9),
    "CRI": (5, 9),
}


def exam(counts, shares=SHARES, enemies=()):
    domain = np.array([name for name, n in counts.items() for _ in range(n)])
    j = len(domain)
    ids, one = tuple(f"i{k}" for k in range(j)), np.ones(j)
    items = ItemParameters.of(LogisticItems(ids, one, 0 * one, 0 * one, one))
    rules = tuple(
        Rule(f"domain {name}", domain == name, None, Fraction(low, 100), Fraction(high, 100))
        for name, (low, high) in shares.items()
    )
    pool = Pool(items, {"domain": tuple(domain.tolist())}, enemies)
    return pool, Blueprint(rules, j)


HIGH = {name: high for name, (_, high) in SHARES.items()}
AMPLE = exam(dict.fromkeys(SHARES, 40))


def test_the_shipped_blueprint_can_hold_at_12_at_20_and_from_23_to_120_and_nowhere_else():
    lengths = [n for n in range(1, 121) if feasible(*AMPLE, (n,))]
    assert lengths == [12, 20, *range(23, 121)]


@pytest.mark.parametrize(("low", "high"), [(23, 40), (60, 100), (23, 120)])
def test_the_shipped_blueprint_nests(low, high):
    assert admissible(*AMPLE, low, high) == tuple(range(low, high + 1))


def test_lengths_in_between_at_which_the_rules_cannot_hold_are_no_stops():
    assert admissible(*AMPLE, 20, 30) == (20, *range(23, 31))


@pytest.mark.parametrize("length", [21, 22])
def test_the_shipped_blueprint_fails_at_21_and_22_with_the_rule_to_blame(length):
    with pytest.raises(InfeasibleError) as caught:
        admissible(*AMPLE, length, 40)
    assert str(caught.value) == (
        f"domain RES must have at least 2 and at most 1 items at length {length}, which no number does;"
        " widen its bounds or change the length (they hold at 20 and 23)"
    )


def test_upper_bounds_that_leave_places_empty_are_named_together():
    shares = {name: (0, high) for name, (_, high) in SHARES.items()}
    told = ", ".join(f"domain {name} at most {high * 17 // 100}" for name, high in HIGH.items())
    assert conflict(dict.fromkeys(SHARES, 40), shares, 17) == (
        f"at length 17 these rules cannot hold together: {told}; together they allow 16 items; raise one by 1"
        " or change the length (they hold at 15 and 20)"
    )


def conflict(counts, shares, length, enemies=()):
    with pytest.raises(InfeasibleError) as caught:
        admissible(*exam(counts, shares, enemies), length, length)
    return str(caught.value)


def test_a_content_area_with_too_few_items_is_named_with_what_is_missing():
    shares = {**SHARES, "CRI": (7, 9)}
    assert conflict({**dict.fromkeys(SHARES, 40), "CRI": 6}, shares, 100) == (
        "domain CRI has 6 active items; the blueprint needs 7 at length 100; add 1 or lower its minimum"
    )


def test_enemies_that_leave_too_few_are_named():
    enemies = (frozenset({"i0", "i1", "i2"}),)
    assert conflict({"A": 3, "B": 9}, {"A": (50, 100)}, 4, enemies) == (
        "domain A has 3 active items, of which enemies leave fewer than the 2 that the blueprint needs at"
        " length 4; add items or lower its minimum"
    )
    assert conflict({"A": 3}, {}, 3, enemies) == (
        "no 3 items of the pool's 3 can be given together, for their enemies; add items or lower the length"
    )


def test_an_upper_bound_that_the_other_items_cannot_fill_is_named():
    assert conflict({"A": 9, "B": 2}, {"A": (0, 50)}, 6) == (
        "domain A may have at most 3 at length 6, and all other items are fewer than 3; add other items or"
        " raise its maximum"
    )


def test_lower_bounds_that_need_more_than_there_is_room_for_are_named():
    assert conflict({"A": 9, "B": 9, "C": 9}, {"A": (60, 100), "B": (50, 100), "C": (0, 90)}, 10) == (
        "at length 10 these rules cannot hold together: domain A at least 6 (has 9), domain B at least 5"
        " (has 9); together they need 11 items; lower one by 1 or change the length"
    )


def test_a_conflict_of_a_bound_and_a_share_names_both():
    pool, blueprint = exam({"A": 6, "B": 6}, {"A": (50, 100)})
    kind = np.arange(12) == 0
    rules = (*blueprint.rules, Rule("rule kind of A", kind, np.arange(12) < 6, Fraction(1, 2)))
    with pytest.raises(InfeasibleError) as caught:
        admissible(pool, Blueprint(rules, 12), 6, 6)
    assert str(caught.value) == (
        "at length 6 these rules cannot hold together: domain A at least 3 (has 6), rule kind of A at least"
        " 50 percent; loosen any one of them, add items or change the length (they hold at 4)"
    )


def test_lengths_that_no_number_of_items_fits_are_skipped_and_refused_as_an_end():
    pool, _ = exam({"A": 9, "B": 9}, {})
    half = Blueprint((Rule("A", np.arange(18) < 9, None, Fraction(1, 2), Fraction(1, 2)),), 18)
    assert admissible(pool, half, 2, 6) == (2, 4, 6)
    with pytest.raises(InfeasibleError) as caught:
        admissible(pool, half, 2, 5)
    assert str(caught.value) == (
        "A must have at least 3 and at most 2 items at length 5, which no number does; widen its bounds or"
        " change the length (they hold at 4 and 6)"
    )


def test_rules_that_hold_at_each_length_but_in_no_one_exam_are_refused():
    low, high = Fraction(51, 1000), Fraction(10, 100)  # one item of each at 19, two of each at 20
    domain = np.repeat([0, 1, 2], 20)
    pool, _ = exam(dict.fromkeys("ABC", 20), {})
    rules = tuple(Rule(f"d{d}", domain == d, None, low, high) for d in (0, 1))
    blueprint = Blueprint(rules, 60)
    assert all(feasible(pool, blueprint, (length,)) for length in (19, 20))
    with pytest.raises(InfeasibleError) as caught:
        admissible(pool, blueprint, 19, 20)
    assert str(caught.value) == (
        "the content rules can hold at each of the lengths 19 to 20, but not in one exam that grows item by"
        " item through all of them; start later, end before 20 or widen the bounds"
    )


def test_smallest_conflicts_are_singles_before_pairs():
    pool, blueprint = exam({"A": 2, "B": 9}, {"A": (50, 60), "B": (60, 70)})
    assert [rule.name for rule in smallest_conflict(pool, blueprint, 10)] == ["domain A"]


def test_two_axes_are_no_blocks_and_are_settled_by_the_integer_program():
    pool, blueprint = exam({"A": 8, "B": 8}, {"A": (40, 60)})
    level = np.arange(16) % 2 == 0
    crossed = Blueprint((*blueprint.rules, Rule("level", level, None, Fraction(1, 2))), 16)
    assert Blocks.of(crossed, [4]) is None
    reach = Reach(pool, crossed, (4, 5))
    counts = np.zeros((1, crossed.n_cells), dtype=np.int64)
    assert reach.allowed(counts, np.ones((1, 16), dtype=bool), 0).all()


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        ({"lower": Fraction(3, 2)}, "r: a share must be in 0..100 percent; got 150"),
        (
            {"lower": Fraction(1, 2), "upper": Fraction(1, 4)},
            "r: the minimum must not exceed the maximum; got 50 and 25",
        ),
        ({"minimum": 3, "maximum": 2}, "r: the minimum must not exceed the maximum; got 3 and 2"),
        ({"minimum": -1}, "r: a number of items must be at least 0; got -1"),
        (
            {"of": np.array([True]), "minimum": 1},
            "r: a rule with 'of' bounds a share; give minimum_percent or maximum_percent",
        ),
    ],
)
def test_bounds_that_contradict_themselves_are_refused(bounds, sentence):
    with pytest.raises(ExamError) as caught:
        Rule("r", np.array([True]), **bounds)
    assert str(caught.value) == sentence
