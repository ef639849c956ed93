import numpy as np
import pytest

from adaptest.errors import PoolError
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

BINARY = LogisticItems(("b1", "b2"), [1.0, 1.2], [0.1, 1 / 3], [0.2, 0], [1, 1])
GRADED = GradedItems(("g1", "g2"), [1.5, 0.8], [[-1.0, 0.5, 2.0], [-0.3, 0.4, np.inf]])
CREDIT = PartialCreditItems(("p1",), [0.7], [[-0.2, 0.6]])
NOMINAL = NominalItems(("n1",), [[0.0, 0.5, 1.1]], [[0.0, 0.2, -0.4]])
MIXED = ItemParameters(("g2", "b1", "p1", "g1", "n1", "b2"), (BINARY, GRADED, CREDIT, NOMINAL))
POOL = Pool(
    MIXED,
    {
        "domain": ("A", "A", "B", "B", "B", None),
        "tags": (("x", "y"), (), ("x",), (), (), ()),
        "words": (1, 2.5, 3, 4, 5, 6),
    },
    (frozenset({"b1", "g1"}), frozenset({"g1", "p1"})),
    {"story": ("b2", "n1")},
    (("A", "B"),) * 6,
    provisional=True,
)


def test_an_artifact_gives_back_the_same_pool_bit_for_bit():
    back = Pool.from_artifact(POOL.artifact)
    assert back.artifact == POOL.artifact
    assert back.fingerprint == POOL.fingerprint
    assert back.ids == POOL.ids
    assert dict(back.attributes) == dict(POOL.attributes)
    assert (back.enemies, dict(back.sets)) == (POOL.enemies, dict(POOL.sets))
    assert (back.options, back.provisional) == (POOL.options, POOL.provisional)
    assert back.parameters.fingerprint == POOL.parameters.fingerprint
    theta = np.linspace(-3, 3, 7)
    assert (back.parameters.probability(theta) == POOL.parameters.probability(theta)).all()


def test_the_fingerprint_sees_every_part():
    others = [
        Pool(MIXED, POOL.attributes, POOL.enemies, POOL.sets, POOL.options),
        Pool(MIXED, POOL.attributes, POOL.enemies, {}, POOL.options, provisional=True),
        Pool(MIXED, {}, POOL.enemies, POOL.sets, POOL.options, provisional=True),
        Pool(MIXED, POOL.attributes, (), POOL.sets, POOL.options, provisional=True),
    ]
    assert len({POOL.fingerprint, *(pool.fingerprint for pool in others)}) == 5


def test_taking_items_keeps_enemies_and_sets_of_those_that_stay():
    some = POOL.take(np.array([5, 3, 1]))
    assert some.ids == ("b2", "g1", "b1")
    assert some.attributes["domain"] == (None, "B", "A")
    assert some.enemies == (frozenset({"b1", "g1"}),)
    assert dict(some.sets) == {"story": ("b2",)}
    assert some.provisional


def test_rivals_are_an_item_and_its_enemies():
    rivals = [sorted({POOL.ids[row] for row in rows}) for rows in POOL.rivals]
    assert dict(zip(POOL.ids, rivals, strict=True)) == {
        "g2": ["g2"],
        "b1": ["b1", "g1"],
        "p1": ["g1", "p1"],
        "g1": ["b1", "g1", "p1"],
        "n1": ["n1"],
        "b2": ["b2"],
    }
    assert POOL.has_enemies.tolist() == [False, True, True, True, False, False]


def negative():
    return Pool(ItemParameters.of(LogisticItems(("b3", "b4"), [-0.7, -1.0], [0, 0], [0, 0], [1, 1])))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            negative,
            (
                "item 'b3': discrimination must be greater than 0 in a pool; got -0.7 (and 1 more item);"
                " recalibrate the item or leave it out"
            ),
        ),
        (lambda: Pool(MIXED, {"domain": ("A",)}), "domain: must have one value per item; got 1 for 6"),
        (lambda: Pool(MIXED, options=(("A",),)), "options: must have one value per item; got 1 for 6"),
        (
            lambda: Pool(MIXED, {"words": (1.0, np.nan, 1, 1, 1, 1)}),
            "item 'b1': words must be text, a number or several texts; got nan",
        ),
        (
            lambda: Pool(MIXED, options=(("A", "A"),) * 6),
            "item 'g2': options must be unique; got A, A",
        ),
        (
            lambda: Pool(MIXED, enemies=(frozenset({"g1", "z"}), frozenset({"y", "g1"}))),
            "item 'y': an enemy must be an item of the pool; got none of that id (and 1 more)",
        ),
        (
            lambda: Pool(MIXED, sets={"s": ("q",)}),
            "item 'q': an item of a set must be an item of the pool; got none of that id",
        ),
        (
            lambda: Pool(MIXED, sets={"s": ("g1",), "t": ("g1",)}),
            "item 'g1': must be in one item set; got it in more",
        ),
        (
            lambda: Pool.from_artifact('{"format":"adaptest-pool/9"}'),
            "a pool artifact must say format 'adaptest-pool/1'; got 'adaptest-pool/9'",
        ),
        (
            lambda: Pool.from_artifact('{"format":"adaptest-pool/1"}'),
            "a pool artifact must be what Pool.artifact wrote; got KeyError('ids')",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_with_a_sentence(build, sentence):
    with pytest.raises(PoolError) as caught:
        build()
    assert str(caught.value) == sentence


def test_a_pool_cannot_be_changed():
    with pytest.raises(TypeError, match="does not support item assignment"):
        POOL.attributes["domain"] = ()
    with pytest.raises(ValueError, match="read-only"):
        POOL.rivals[0, 0] = 1
