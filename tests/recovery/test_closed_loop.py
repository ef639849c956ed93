"""The closed loop, much reduced; the whole study is calibration/studies/closed_loop.py. Synthetic."""

import pytest

pytestmark = pytest.mark.slow


def test_a_small_programme_keeps_its_scale_and_catches_what_goes_wrong(closed_loop):
    world = closed_loop.World(
        operational=60, pretest=10, candidates=1_000, length=20, seeded=5, drifting=4, picker=45
    )
    found = closed_loop.summary([closed_loop.replication(world, seed) for seed in (11, 12)])
    for row in found["by_administration"]:
        # stable items keep values whose errors have SD .07: the mean of 50 has SD .01, and A's; 4 of them
        assert row["worst_B"] < 0.04
        assert row["worst_A"] < 0.04
    assert found["shift"]["holds"]
    assert found["wrong_key"]["holds"]
    assert found["flips"]["holds"]
    assert 0.80 <= found["coverage"]["value"] <= 1.0  # some 40 intervals: SD .035 about .95
