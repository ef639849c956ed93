"""Pretest items: which are dealt, where they stand, what is refused, and that they are never scored."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from adaptest.engine.audit import disagreements, explain
from adaptest.engine.design import Design
from adaptest.engine.events import ItemPresented, PoolChanged, ResponseGiven
from adaptest.engine.pretest import Seeding, scored_enemies
from adaptest.engine.sitting import deal_pretest, decide, evolve, replay, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import ExamError, PoolError, SittingError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool, Unscored

J, M = 30, 12
IDS = tuple(f"i{k:02d}" for k in range(J))
NEW = tuple(f"n{k:02d}" for k in range(M))
LETTERS = ("A", "B", "C", "D")
VALUES = {
    "id": "e",
    "title": "E",
    "pool": {"status": ["operational"]},
    "length": {"minimum": 6, "maximum": 10},
    "pretest": {"items": 4, "positions": {"from": 2, "to": 9}},
    "selection": {"picker": {"name": "randomesque", "size": 3}},
    "stopping": [{"rule": "sem", "at_most": 0.55}],
}


def pool_of(enemies=(), unscored=NEW, status="pretest"):
    one = np.ones(J)
    return Pool(
        ItemParameters.of(LogisticItems(IDS, one, np.linspace(-2, 2, J), 0 * one, one)),
        {"status": ("operational",) * J, "domain": tuple("AB"[k % 2] for k in range(J))},
        tuple(frozenset(group) for group in enemies),
        options=(LETTERS,) * J,
        unscored=Unscored(unscored, {"status": (status,) * len(unscored)}, (LETTERS,) * len(unscored)),
    )


def design_of(pool=None, **more):
    return build(exam_from_values({**VALUES, **more}), pool or pool_of())


DESIGN = design_of()


def log(design, seed, dealt):
    """The events of a sitting whose every answer but each third is right."""
    events = [start(design, seed, pretest=dealt)]
    state = evolve(None, events[0], design)
    while not state.is_over:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if state.pending is not None:
            given = ResponseGiven(event.item, "A", int(len(state.scores) % 3 > 0))
            events.append(given)
            state = evolve(state, given, design)
    return events


def test_each_sitting_is_dealt_its_number_at_places_of_the_window_each_once():
    for seed in range(50):
        dealt = deal_pretest(DESIGN, seed, shown={})
        places, items = zip(*dealt, strict=True)
        assert list(places) == sorted(set(places))
        assert set(places) <= set(range(1, 9))
        assert len(set(items)) == 4
        assert set(items) <= set(NEW)
        assert dealt == deal_pretest(DESIGN, seed, shown={})


def test_items_and_places_are_drawn_evenly():
    dealt = [deal_pretest(DESIGN, seed, shown={}) for seed in range(1200)]
    places = Counter(place for one in dealt for place, _ in one)
    items = Counter(item for one in dealt for _, item in one)
    # 1,200 draws of 4 of 8 places and of 4 of 12 items: chi-square with 7 and 11 degrees of freedom, .001;
    # drawn without replacement, it is smaller than that by a factor below 1
    assert sum((places[k] - 600) ** 2 / 600 for k in range(1, 9)) < 24.3
    assert sum((items[k] - 400) ** 2 / 400 for k in NEW) < 31.3


def test_over_200_sittings_every_item_is_used_alike():
    shown = Counter()
    for seed in range(200):
        shown.update(item for _, item in deal_pretest(DESIGN, seed, shown=shown))
        assert max(shown.values()) - min(shown[item] for item in NEW) <= 1
    assert sum(shown.values()) == 800


def test_items_a_person_has_seen_come_last():
    dealt = deal_pretest(DESIGN, 3, shown=dict.fromkeys(NEW[8:], 99), seen=NEW[:8])
    assert {item for _, item in dealt} == set(NEW[8:])
    dealt = deal_pretest(DESIGN, 3, shown={}, seen=NEW[1:])
    assert NEW[0] in {item for _, item in dealt}
    assert len(dealt) == 4


def test_enemies_are_never_in_one_sitting():
    enemies = [("n00", "n01"), ("n02", "i10", "i11"), ("n03", "i12")]
    design = design_of(pool_of(enemies))
    assert scored_enemies(design.pool, ("n03", "n02")) == ("i10", "i11", "i12")
    met = 0
    for seed in range(40):
        dealt = deal_pretest(design, seed, shown=dict.fromkeys(NEW[4:], 1))
        events = log(design, seed, dealt)
        shown = {event.item for event in events if isinstance(event, ItemPresented)}
        assert all(len(shown & set(group)) <= 1 for group in enemies)
        met += bool(shown & {"n02", "n03"})
        assert disagreements(events, design) == ()
    assert met > 30


def test_an_item_whose_enemies_the_exam_needs_is_passed_over():
    design = design_of(pool_of([("n00", item) for item in IDS[:25]]))
    dealt = deal_pretest(design, 1, shown=dict.fromkeys(NEW[1:], 9))
    assert len(dealt) == 4
    assert "n00" not in {item for _, item in dealt}
    with pytest.raises(SittingError) as caught:
        start(design, 1, pretest=((2, "n00"),))
    assert str(caught.value) == (
        "25 of 30 items are barred, and without them the exam's content rules cannot be kept to its end; bar"
        " fewer items"
    )


def test_where_enemies_leave_fewer_a_sitting_has_fewer():
    design = design_of(pool_of([NEW[:10]]))
    assert len(deal_pretest(design, 1, shown={})) == 3


def test_pretest_items_are_shown_where_agreed_with_shuffled_options_and_never_scored():
    dealt = deal_pretest(DESIGN, 5, shown={})
    events = log(DESIGN, 5, dealt)
    shown = [event for event in events if isinstance(event, ItemPresented)]
    mine = [(event.position, event.item) for event in shown if event.role == "pretest"]
    assert mine == [one for one in dealt if one[0] < len(shown)]
    orders = {event.options for event in shown if event.role == "pretest"}
    assert all(sorted(order) == list(LETTERS) for order in orders)
    assert orders != {LETTERS}
    state = replay(events, DESIGN)
    assert len(state.scores) == len(shown) - len(mine)
    number = mine[0][0] + 1
    assert explain(events, number, DESIGN).sentences == (
        f"item {number} is {mine[0][1]}, a pretest item agreed for this place; it is not scored",
    )


def test_a_withdrawn_pretest_item_is_not_shown():
    first = start(DESIGN, 1, pretest=((0, "n05"),))
    state = evolve(evolve(None, first, DESIGN), PoolChanged(("n05",), "leaked"), DESIGN)
    assert decide(state, DESIGN).role == "scored"


def test_an_exam_without_pretest_items_deals_none_and_is_written_as_ever():
    design = build(exam_from_values({k: v for k, v in VALUES.items() if k != "pretest"}), pool_of())
    assert deal_pretest(design, 1, shown={}) == ()
    assert "pretest" not in design.artifact
    assert '"form":' not in design.artifact
    assert "unscored" not in design.pool.artifact


def test_the_artifacts_make_the_same_design():
    design = design_of(pool_of([("n03", "i12"), ("i01", "i02")]))
    again = Design.from_artifact(design.artifact, design.pool.artifact)
    assert (again.fingerprint, again.pool.fingerprint) == (design.fingerprint, design.pool.fingerprint)
    assert again.seeding == Seeding(4, 1, 8)
    assert deal_pretest(again, 9, shown={}) == deal_pretest(design, 9, shown={})
    assert log(again, 2, ((1, "n03"),)) == log(design, 2, ((1, "n03"),))


def test_how_many_are_shown_for_sure():
    assert Seeding(4, 1, 8).surely(4) == 0  # at places 5 to 8, after four items come none of them
    assert Seeding(4, 1, 8).surely(5) == 4
    assert Seeding(10, 4, 89).surely(60) == 0


@pytest.mark.parametrize(
    ("more", "pool", "sentence"),
    [
        (
            {"pretest": {"items": 13, "positions": {"from": 1, "to": 20}}},
            pool_of(),
            "pretest.items must not exceed the 12 pretest items there are; got 13",
        ),
        (
            {},
            pool_of(unscored=()),
            "pretest.items must not exceed the 0 pretest items there are; got 4",
        ),
        (
            {"pretest": {"items": 4, "positions": {"from": 5, "to": 7}}},
            pool_of(),
            "pretest.positions must have a place for each of 4 items; got 3, from 5 to 7",
        ),
        (
            {"pretest": {"items": 4, "positions": {"from": 9, "to": 2}}},
            pool_of(),
            "pretest.positions must have a place for each of 4 items; got 0, from 9 to 2",
        ),
        (
            {"pretest": {"items": 4, "positions": {"from": 2, "to": 15}}},
            pool_of(),
            "pretest.positions.to must not exceed the 14 questions of the longest sitting; got 15",
        ),
        (
            {"feedback": {"explanation": "after_each"}},
            pool_of(),
            (
                "pretest: the items must look like all others, and are not explained; set"
                " feedback.explanation to at_end or none"
            ),
        ),
        (
            {},
            pool_of(unscored=("n00", "i07", "i08")),
            (
                "pretest: item 'i07' must not be among the scored items as well (and 1 more); set pool:"
                " {status: [operational]}"
            ),
        ),
        (
            {"pretest": {"items": 0, "positions": {"from": 2, "to": 9}}},
            pool_of(),
            "pretest.items: must be greater than or equal to 1; got 0",
        ),
        (
            {"pretest": {"items": 4, "positions": {"from": 2, "to": 9}, "pool": {"kind": ["x"]}}},
            pool_of(),
            "pretest.pool.kind: must be an attribute of the items (status)",
        ),
        (
            {"pretest": {"items": 4}},
            pool_of(),
            "pretest.positions: must be given",
        ),
        (
            {"pretest": {"target": {"within": 1.0}}},
            pool_of(),
            "pretest: must have items and positions, or windows that have them",
        ),
        (
            {"pretest": {"items": 2, "positions": {"from": 1, "to": 9}, "target": {"within": 1.0}}},
            pool_of(),
            "pretest.target: needs pretest items with a judged or provisional difficulty; got none",
        ),
        (
            {
                "pretest": {
                    "windows": [
                        {"items": 1, "positions": {"from": 2, "to": 5}},
                        {"items": 1, "positions": {"from": 5, "to": 8}},
                    ]
                }
            },
            pool_of(),
            "pretest.windows: must ascend and not overlap; got 5 after 5",
        ),
        (
            {"form": ["i01", "i99"]},
            pool_of(),
            "form: must list items of the bank that the exam may use; got 'i99'",
        ),
        (
            {"form": ["i01", "i02", "i01"]},
            pool_of(),
            "form: must list each item once; got 'i01' again",
        ),
    ],
)
def test_what_cannot_work_is_refused(more, pool, sentence):
    with pytest.raises(ExamError) as caught:
        design_of(pool, **more)
    assert str(caught.value).partition(": ")[2] == sentence


def test_a_form_is_given_in_its_order():
    form = ["i20", "i03", "i11", "i04"]
    design = design_of(
        form=form,
        length={"minimum": 4, "maximum": 4},
        selection={"criterion": "fixed_order"},
        pretest={"items": 2, "positions": {"from": 2, "to": 5}},
    )
    assert design.pool.ids == tuple(form)
    events = log(design, 1, ((1, "n02"), (4, "n03")))
    assert [event.item for event in events if isinstance(event, ItemPresented)] == [
        "i20", "n02", "i03", "i11", "n03", "i04",
    ]  # fmt: skip
    again = Design.from_artifact(design.artifact, design.pool.artifact)
    assert again.pool.ids == design.pool.ids


def test_unscored_items_of_a_pool_keep_its_rules():
    with pytest.raises(PoolError) as caught:
        Unscored(("n1", "n1"))
    assert str(caught.value) == "unscored item 'n1': must be unique; got it again"
    with pytest.raises(PoolError) as caught:
        Unscored(("n1",), {"status": ("a", "b")})
    assert str(caught.value) == "unscored items: status: must have one value per item; got 2 for 1"
    pool = pool_of([("n00", "i01")])
    assert pool.rivals_of("n00") == {"i01"}
    assert pool.letters("n01") == pool.letters("i01") == LETTERS
    assert pool.letters("strange") == ()
    assert len(pool.take(np.arange(3)).unscored) == 0
    assert replace(pool).fingerprint == pool.fingerprint
