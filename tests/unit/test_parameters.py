"""A mixed, interleaved bank: what comes back stands where the caller put it."""

import hashlib

import numpy as np
import pytest

from adaptest.errors import ItemParameterError
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.models.base import expected_score
from adaptest.parameters import ItemParameters

INF, NAN = np.inf, np.nan
BINARY = LogisticItems(("b1", "b2", "b3"), [1.0, 1.2, -0.7], [0.0, 0.5, -1.0], [0.2, 0, 0], [1, 1, 1])
GRADED = GradedItems(("g1", "g2"), [1.5, 0.8], [[-1.0, 0.5, 2.0], [-0.3, 0.4, INF]])
NOMINAL = NominalItems(("n1",), [[0, 1.0, -0.4]], [[0, 0.2, 0.1]])
ORDER = ("g2", "b3", "n1", "b1", "g1", "b2")
MIXED = ItemParameters(ORDER, (BINARY, GRADED, NOMINAL))
THETA = np.array([-1.0, 0.3, 2.0])
BY_CATEGORY = ("probability", "log_probability", "log_slope", "log_curvature", "observed_information")
BY_ITEM = ("information", "expected_score", "information_slope", "warm_numerator")


def alone(item):
    block = next(block for block in MIXED.blocks if item in block.ids)
    return ItemParameters.of(block.take(np.array([block.ids.index(item)])))


@pytest.mark.parametrize("blocks", [(BINARY, GRADED, NOMINAL), (GRADED, NOMINAL, BINARY)])
def test_everything_returned_keeps_the_callers_order(blocks):
    mixed = ItemParameters(ORDER, blocks)
    assert mixed.ids == ORDER
    assert len(mixed) == 6
    assert [mixed.row[item] for item in ORDER] == list(range(6))
    assert mixed.models == ("grm", "2pl", "nrm", "3pl", "grm", "2pl")
    assert mixed.categories.tolist() == [3, 2, 3, 2, 4, 2]
    assert mixed.discrimination.tolist() == [0.8, -0.7, -0.4, 1.0, 1.5, 1.2]
    assert mixed.a is mixed.discrimination
    for row, item in enumerate(ORDER):
        one = alone(item)
        for name in BY_ITEM:
            whole, single = getattr(mixed, name)(THETA), getattr(one, name)(THETA)
            np.testing.assert_array_equal(whole[:, row], single[:, 0])
        for name in BY_CATEGORY:
            whole, single = getattr(mixed, name)(THETA), getattr(one, name)(THETA)
            k = single.shape[-1]
            np.testing.assert_array_equal(whole[:, row, :k], single[:, 0])
            pad = -INF if name == "log_probability" else 0
            assert (whole[:, row, k:] == pad).all()


def test_functions_of_a_family_take_a_mix_too():
    np.testing.assert_array_equal(expected_score(MIXED, THETA), MIXED.expected_score(THETA))


def test_take_keeps_the_order_asked_for():
    some = MIXED.take(np.array([5, 0, 3]))
    assert some.ids == ("b2", "g2", "b1")
    np.testing.assert_array_equal(some.information(THETA), MIXED.information(THETA)[:, [5, 0, 3]])
    assert MIXED.take(np.arange(6)).fingerprint == MIXED.fingerprint
    assert MIXED.take(np.array([-1])).ids == ("b2",)


def test_take_of_nothing_is_nothing():
    none = MIXED.take(np.array([], dtype=np.intp))
    assert none.ids == ()
    assert none.information(THETA).shape == (3, 0)


def test_the_same_row_twice_is_refused():
    with pytest.raises(ItemParameterError) as caught:
        MIXED.take(np.array([1, 1]))
    assert str(caught.value) == "item ids must be unique; got 'b3' 2 times"


def test_no_items_work():
    none = ItemParameters((), ())
    assert len(none) == 0
    assert none.probability(THETA).shape == (3, 0, 0)
    assert none.information(THETA).shape == none.warm_numerator(THETA).shape == (3, 0)
    assert none.models == ()
    assert none.discrimination.shape == none.categories.shape == (0,)
    assert len(none.fingerprint) == 64


def test_one_block_in_order_is_answered_without_a_copy(monkeypatch):
    items = ItemParameters.of(BINARY)
    made = BINARY.information(THETA)
    monkeypatch.setattr(LogisticItems, "information", lambda _items, _theta: made)
    assert items.information(THETA) is made


def test_discrimination_and_categories_are_read_only():
    for column in (MIXED.discrimination, MIXED.categories):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 3


def changed(**columns):
    kept = {name: getattr(BINARY, name) for name in ("ids", "a", "b", "c", "d", "models")}
    return LogisticItems(**(kept | columns))


@pytest.mark.parametrize(
    "other",
    [
        ItemParameters.of(BINARY, GRADED, NOMINAL),
        ItemParameters(ORDER, (changed(b=BINARY.b + np.array([0, 0, 1e-15])), GRADED, NOMINAL)),
        ItemParameters(ORDER, (changed(models=("3pl", "3pl", "2pl")), GRADED, NOMINAL)),
        ItemParameters(ORDER, (changed(models=("4pl", "2pl", "2pl")), GRADED, NOMINAL)),
        ItemParameters(("G2", *ORDER[1:]), (BINARY, GradedItems(("g1", "G2"), GRADED.a, GRADED.b), NOMINAL)),
    ],
    ids=["order", "value", "model", "another model", "id"],
)
def test_the_fingerprint_sees_order_ids_models_and_values(other):
    assert other.fingerprint != MIXED.fingerprint


def test_the_fingerprint_does_not_see_blocks_padding_or_the_sign_of_zero():
    padded = GradedItems(GRADED.ids, GRADED.a, np.hstack([GRADED.b, np.full((2, 2), INF)]))
    reordered = BINARY.take(np.array([2, 0, 1]))
    apart = (NOMINAL, padded.take(np.array([1])), reordered, padded.take(np.array([0])))
    assert ItemParameters(ORDER, apart).fingerprint == MIXED.fingerprint
    minus = ItemParameters.of(LogisticItems(("i1",), [1], [-0.0], [0], [1]))
    assert minus.fingerprint == ItemParameters.of(LogisticItems(("i1",), [1], [0.0], [0], [1])).fingerprint


def test_padding_wider_than_any_item_does_not_show():
    padded = ItemParameters.of(GradedItems(("g1",), [1.0], [[0.0, INF, INF]]))
    assert padded.probability(THETA).shape == (3, 1, 2)


def test_the_fingerprint_is_that_of_known_bytes():
    """It is stored with releases and sittings: a change of its recipe would orphan them."""
    items = ItemParameters.of(PartialCreditItems(("p1",), [1.0], [[-0.5, 0.25]], ("pcm",)))
    known = b'["p1", "pcm", [1.0], [-0.5, 0.25]]'
    assert items.fingerprint == hashlib.sha256(known).hexdigest()


def test_ids_are_unique_across_families():
    with pytest.raises(ItemParameterError) as caught:
        ItemParameters.of(BINARY, LogisticItems(("b1",), [1], [0], [0], [1]))
    assert str(caught.value) == "item ids must be unique; got 'b1' 2 times"


def test_ids_are_unique_within_a_family():
    with pytest.raises(ItemParameterError, match=r"^item ids must be unique; got 'i1' 2 times$"):
        ItemParameters.of(LogisticItems(("i1", "i1"), [1, 1], [0, 0], [0, 0], [1, 1]))


def test_an_item_stands_in_one_block():
    with pytest.raises(ItemParameterError, match=r"^ids of the blocks must be unique; got 'n1' 2 times$"):
        ItemParameters(ORDER, (BINARY, GRADED, NOMINAL, NOMINAL))


@pytest.mark.parametrize(
    ("ids", "blocks", "more"),
    [((*ORDER, "a"), (BINARY, GRADED, NOMINAL), ""), (("b1", "a"), (BINARY,), " (and 2 more)")],
)
def test_an_id_without_parameters_is_refused(ids, blocks, more):
    with pytest.raises(ItemParameterError) as caught:
        ItemParameters(ids, blocks)
    assert str(caught.value) == (
        f"item 'a': must be both among the ids and in one block; got it in one only{more}"
    )
