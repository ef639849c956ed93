from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptest.numerics.random import (
    AHEAD,
    Stream,
    permutation,
    philox4x32_one,
    uniform,
    uniform_each,
    uniform_one,
    uniforms_ahead,
)

SEEDS = np.array([0, 1, 7, 2**32, 2**63, 2**64 - 1], dtype=np.uint64)


@pytest.mark.parametrize("stream", Stream)
def test_one_and_many_draw_the_same_bits(stream):
    many = uniform(SEEDS[:, None], stream, np.arange(50), 3)
    alone = [[float(uniform(int(seed), stream, position, 3)) for position in range(50)] for seed in SEEDS]
    assert many.tolist() == alone


@given(
    seed=st.integers(0, 2**64 - 1),
    stream=st.sampled_from(Stream),
    position=st.integers(0, 2**32 - 1),
    draw=st.integers(0, 2**32 - 1),
)
def test_python_ints_and_numpy_words_draw_the_same_bits(seed, stream, position, draw):
    assert uniform_one(seed, stream, position, draw) == float(uniform(seed, stream, position, draw))


def test_names_differ_draws_differ():
    named = {
        float(uniform(seed, stream, position, draw))
        for seed in SEEDS.tolist()
        for stream in Stream
        for position in range(10)
        for draw in range(3)
    }
    assert len(named) == len(SEEDS) * len(Stream) * 10 * 3
    assert min(named) >= 0
    assert max(named) < 1


def test_draws_are_uniform():
    n, bins = 100_000, 100
    counts = np.histogram(uniform(np.arange(n), Stream.TIE, 0), bins, (0, 1))[0]
    chi_square, df = ((counts - n / bins) ** 2 / (n / bins)).sum(), bins - 1
    assert abs(chi_square - df) < 4 * np.sqrt(2 * df)


@pytest.mark.parametrize(("seed", "position"), [(-1, 0), (2**64, 0), (0.5, 0), (0, 2**32), (0, -1)])
def test_numbers_that_do_not_fit_are_refused(seed, position):
    with pytest.raises(ValueError, match=r"must be whole numbers in \[0, 2\*\*"):
        uniform(seed, Stream.SELECTION, position)


@pytest.mark.parametrize(
    ("seed", "position", "sentence"),
    [
        (2**64, 0, "seed must be whole numbers in [0, 2**64); got 18446744073709551616"),
        (1, -1, "position must be whole numbers in [0, 2**32); got -1"),
    ],
)
def test_one_draw_refuses_what_does_not_fit(seed, position, sentence):
    for draw in (
        lambda: uniform_one(seed, Stream.SELECTION, position),
        lambda: uniforms_ahead(seed, position),
    ):
        with pytest.raises(ValueError, match="must be whole numbers") as caught:
            draw()
        assert str(caught.value) == sentence


@pytest.mark.slow
def test_every_order_of_options_is_equally_likely():
    n = 12_000
    counts = Counter(permutation(seed, Stream.OPTIONS, 3, 3) for seed in range(n))
    assert len(counts) == 6
    assert all(abs(count - n / 6) < 4 * np.sqrt(n * (1 / 6) * (5 / 6)) for count in counts.values())


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2), st.sampled_from(Stream))
def test_one_draw_is_the_one_among_many_whether_it_was_drawn_ahead_or_not(seed, position, draw, stream):
    among = uniform(np.array([seed], dtype=np.uint64), stream, position, draw)
    assert uniform_one(seed, stream, position, draw) == among[0]
    if draw == 0 and stream in AHEAD:
        assert uniforms_ahead(seed, position)[AHEAD.index(stream)] == among[0]


def test_a_draw_for_each_thing_is_the_next_word_of_the_named_counter():
    seeds = np.array([7, 2**63 + 11], dtype=np.uint64)
    draws = uniform_each(seeds, Stream.PROGRESSIVE, 5, 10)
    assert draws.shape == (2, 10)
    for n, seed in enumerate([7, 2**63 + 11]):
        words = [
            word
            for block in range(3)
            for word in philox4x32_one(
                (block, 5, int(Stream.PROGRESSIVE), 0), (seed & 0xFFFFFFFF, seed >> 32)
            )
        ]
        assert draws[n].tolist() == [word / 2**32 for word in words[:10]]
    assert uniform_each(seeds[1:], Stream.PROGRESSIVE, 5, 10).tolist() == draws[1:].tolist()
