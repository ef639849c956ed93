"""A step that reads each posterior once gives the bits of update and moments, for any number of sittings."""

import numpy as np
import pytest

from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.scoring.posterior import BELOW, FLOOR, SCALE, SCALINGS, SMALL, LivePosterior

RNG = np.random.default_rng(2)
J = 12
ITEMS = ItemParameters.of(
    LogisticItems(
        tuple(f"i{k}" for k in range(J)), RNG.lognormal(0, 0.3, J), RNG.normal(size=J), [0.2] * J, [1.0] * J
    )
)


@pytest.mark.parametrize("n", [1, 5, 300])
def test_a_step_is_update_and_moments_bit_for_bit_also_in_the_same_room(n):
    live = LivePosterior.of(ITEMS)
    apart, new, over = live.start(n), live.start(n), live.start(n)
    for _ in range(6):
        rows, scores = RNG.integers(0, J, n), RNG.integers(0, 2, n)
        apart = live.update(apart, rows, scores)
        before = new.copy()
        after, found = live.step(new, rows, scores)
        over, again = live.step(over, rows, scores, reuse=True)
        assert (new == before).all()
        assert (after == apart).all()
        assert (over == apart).all()
        for one, two, three in zip(live.moments(apart), found, again, strict=True):
            assert (one == two).all()
            assert (one == three).all()
        new = after


def test_masses_that_sink_are_held_and_scaled_as_if_every_response_looked_at_each():
    live, n = LivePosterior.of(ITEMS), 9
    carried, one = live.start(n), live.start(1)
    mass, scaled = carried[:, :-2].copy(), np.zeros(n)
    for _ in range(800):
        rows = RNG.integers(0, J, n)
        hard = ITEMS.blocks[0].b[rows] > 0
        scores = np.choose(
            np.arange(n) % 3, [0, 1, hard]
        )  # all wrong, all right, right only where it is hard
        carried, found = live.step(carried, rows, scores)
        one, *alone = live.step_of_one(one, int(rows[0]), int(scores[0]))
        mass = np.maximum(mass * live.table[rows, scores, 0, :-2], FLOOR)
        while (small := mass.max(axis=1) < SMALL).any():
            mass[small] *= SCALE
            scaled[small] += 1
        assert (carried[:, :-2] == mass).all()
        assert (carried[:, -1] == scaled).all()
        assert (carried[:, -2] <= mass.min(axis=1)).all()
        assert (one[0] == carried[0]).all()
        assert alone == [column[0] for column in found]
        # an end matters where its mass is not far below the largest, whatever the sums say
        heavy = (mass[:, live.ends] >= BELOW * mass.max(axis=1, keepdims=True)).any(axis=1)
        assert not found[2][heavy].any()
    assert scaled.max() > SCALINGS
    assert not found[2][scaled > SCALINGS].any()
