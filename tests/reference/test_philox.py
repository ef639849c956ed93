"""Known answers of Philox4x32-10, from Random123's kat_vectors."""

import numpy as np
import pytest

from adaptest.numerics.random import Stream, philox4x32, philox4x32_one, uniform, uniform_one

KNOWN = {
    "zeros": (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    "ones": (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    "pi": ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
}
every_vector = pytest.mark.parametrize(("counter", "key", "answer"), KNOWN.values(), ids=KNOWN.keys())


def words(text):
    return tuple(np.array([int(word, 16)], dtype=np.uint64) for word in text.split())


def ints(text):
    return tuple(int(word, 16) for word in text.split())


@every_vector
def test_philox_gives_the_published_words(counter, key, answer):
    assert " ".join(f"{int(word[0]):08x}" for word in philox4x32(words(counter), words(key))) == answer


@every_vector
def test_philox_for_one_gives_the_published_words(counter, key, answer):
    assert " ".join(f"{word:08x}" for word in philox4x32_one(ints(counter), ints(key))) == answer


def test_a_draw_is_the_first_two_words_as_53_bits():
    high, low = 0x6627E8D5, 0xE169C58D
    expected = ((high >> 5) * 2**26 + (low >> 6)) / 2**53
    assert uniform(0, Stream.SELECTION, 0) == expected
    assert uniform_one(0, Stream.SELECTION, 0) == expected
