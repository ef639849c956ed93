from dataclasses import replace

import numpy as np
import pytest

from adaptest.constraints.panel import assemble_panel
from adaptest.engine.audit import disagreements
from adaptest.engine.events import ItemPresented, ResponseGiven
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import ExamError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

N = 40
IDS = tuple(f"i{k:02d}" for k in range(N))
POOL = Pool(
    ItemParameters.of(LogisticItems(IDS, np.ones(N), np.linspace(-2, 2, N), np.zeros(N), np.ones(N))),
    {"area": tuple("AB"[k % 2] for k in range(N)), "step": tuple(range(N))},
)
MODULE = [
    {"type": "number", "lower": 4, "upper": 4, "name": "length"},
    {"type": "number", "condition": 'area == "A"', "lower": 2, "upper": 2, "name": "A"},
]
FOLLOWS = (
    "panel: path R - easy: item 'i03' must not follow 'i21', by the order of items or sets, or because a"
    " set's items stand together; list the items in another order"
)
STAGES = [{"R": 0.0}, {"easy": -1.5, "hard": 1.5}]


def panel():
    return [
        {name: form.items for name, form in stage.items()} for stage in assemble_panel(POOL, MODULE, STAGES)
    ]


def exam(**values):
    said = {
        "length": {"minimum": 8, "maximum": 8},
        "selection": {"content": "multistage"},
        "panel": panel(),
        "blueprint": {"area": {"A": {"minimum": 4, "maximum": 4}}},
    }
    return build(exam_from_values({"id": "e", "title": "E", **said, **values}), POOL)


@pytest.mark.parametrize(("score", "module"), [(1, "hard"), (0, "easy")])
def test_a_sitting_is_routed_by_its_first_stage_and_its_log_replays(score, module):
    design = exam()
    events = [start(design, 5)]
    state = evolve(None, events[0], design)
    while not state.is_over:
        events.append(decide(state, design))
        state = evolve(state, events[-1], design)
        if state.pending is not None:
            events.append(ResponseGiven(state.pending.item, str(score), score))
            state = evolve(state, events[-1], design)
    given = [event.item for event in events if isinstance(event, ItemPresented)]
    first, second = panel()
    assert given == [*first["R"], *second[module]]
    assert [e.decision.content.status for e in events if isinstance(e, ItemPresented)] == [
        "routed", "kept", "kept", "kept", "routed", "kept", "kept", "kept",
    ]  # fmt: skip
    assert disagreements(events, design) == ()


def test_modules_of_a_panel_share_no_item_and_fit_their_theta():
    first, second = panel()
    every = [*first["R"], *second["easy"], *second["hard"]]
    assert len(set(every)) == 12
    b = {item: float(POOL.parameters.blocks[0].b[k]) for k, item in enumerate(IDS)}
    mean = {name: np.mean([b[item] for item in items]) for name, items in (first | second).items()}
    assert mean["easy"] < mean["R"] < mean["hard"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"panel": []}, "content multistage: the exam must have a panel; got none"),
        ({"panel": [{"R": ["x"]}]}, "panel: module R: must list items of the pool; got 'x'"),
        (
            {"panel": [{"R": ["i01"]}, {"S": ["i01"]}]},
            "panel: item 'i01': must be in one module; it is in R as well",
        ),
        ({"panel": [{"R": ["i01"]}]}, "panel: path R: must have the exam's 8 items; got 1"),
        (
            {"panel": [{"R": [f"i{k:02d}" for k in range(0, 16, 2)]}]},
            "panel: path R: breaks area A",
        ),
        (
            {"constraints": [{"type": "sum", "attribute": "step", "upper": 200, "name": "steps"}]},
            "panel: path R - hard: breaks steps",
        ),
        (
            {"constraints": [{"type": "order", "attribute": "step"}]},
            FOLLOWS,
        ),
        (
            {"constraints": [{"type": "sum", "attribute": "step", "upper": 90, "weight": 1, "name": "low"}]},
            "low: is a soft target, which a panel's modules cannot aim at; leave it out, or make it a bound",
        ),
    ],
)
def test_a_panel_that_cannot_work_is_refused(values, sentence):
    with pytest.raises(ExamError) as caught:
        exam(**values)
    assert str(caught.value).split(": ", 1)[1] == sentence


def test_a_panel_gives_item_sets_whose_items_stand_together():
    first, second = panel()
    mine = {"S": first["R"][1:3]}
    pool = replace(POOL, sets=mine)
    said = {
        "length": {"minimum": 8, "maximum": 8},
        "selection": {"content": "multistage"},
        "panel": [first, second],
    }
    events, design = [], build(exam_from_values({"id": "e", "title": "E", **said}), pool)
    state = evolve(None, start(design, 5), design)
    while not state.is_over:
        events.append(decide(state, design))
        state = evolve(state, events[-1], design)
        if state.pending is not None:
            state = evolve(state, ResponseGiven(state.pending.item, "1", 1), design)
    given = [event.item for event in events if isinstance(event, ItemPresented)]
    assert given[1:3] == [*mine["S"]]
    apart = replace(POOL, sets={"S": (first["R"][0], first["R"][2])})
    with pytest.raises(ExamError) as caught:
        build(exam_from_values({"id": "e", "title": "E", **said}), apart)
    assert f"item {first['R'][2]!r} must not follow {first['R'][1]!r}" in str(caught.value)
