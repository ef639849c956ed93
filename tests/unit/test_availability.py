"""The quick look at what is left of many sittings is never wrong, and sure where nothing beyond is barred."""

import numpy as np

from adaptest.constraints.availability import Availability
from adaptest.constraints.blueprint import Blueprint
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

J, N, LENGTH = 30, 40, 5
ITEMS = ItemParameters.of(
    LogisticItems(tuple(f"i{k:02d}" for k in range(J)), np.ones(J), np.zeros(J), np.zeros(J), np.ones(J))
)


def availability(enemies=()):
    return Availability(Pool(ITEMS, {}, tuple(enemies)), Blueprint((), J))


def sittings(rng, more):
    """Return (N, J) items left: LENGTH are given in each, and up to `more` others barred."""
    left = np.ones((N, J), dtype=np.bool_)
    for line in left:
        line[rng.permutation(J)[: LENGTH + rng.integers(0, more + 1)]] = False
    return left


def test_plenty_is_claimed_only_where_every_sitting_has_it():
    rng = np.random.default_rng(1)
    for enemies in ((), (frozenset({"i00", "i01", "i02"}),)):
        look = availability(enemies)
        for more in (0, 0, 1, 3):
            left = sittings(rng, more)
            for last in range(LENGTH, J + 1):
                if look.plenty(left, LENGTH, last):
                    assert look.left(left)[0].min() > last - LENGTH + look.worst


def test_plenty_is_seen_where_only_given_items_are_barred():
    left = sittings(np.random.default_rng(2), 0)
    assert availability().plenty(left, LENGTH, J - LENGTH)
    assert not availability().plenty(left, LENGTH, J)
