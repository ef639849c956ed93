"""A step that reads each posterior once gives the bits of update and moments, for any number of sittings."""

import numpy as np
import pytest

from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.scoring.posterior import LivePosterior

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
