"""Every content method with every criterion: it chooses, replays, and N makes no difference."""

import numpy as np
import pytest

from adaptest.engine.audit import disagreements
from adaptest.engine.content import CONTENT
from adaptest.engine.events import ResponseGiven
from adaptest.engine.selecting import CRITERIA
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation import simulate

N = 24
RNG = np.random.default_rng(8)
IDS = tuple(f"i{k:02d}" for k in range(N))
POOL = Pool(
    ItemParameters.of(
        LogisticItems(
            IDS, np.exp(RNG.normal(0, 0.2, N)), np.round(RNG.normal(0, 1, N), 1), np.zeros(N), np.ones(N)
        )
    ),
    {"area": tuple("AB"[k % 2] for k in range(N))},
)
SOFT = [
    {
        "type": "number",
        "condition": f'area == "{a}"',
        "lower_percent": 50,
        "upper_percent": 50,
        "weight": 1,
        "name": a,
    }
    for a in "AB"
]
PANEL = [{"R": list(IDS[:2])}, {"E": list(IDS[2:4]), "H": list(IDS[4:6])}]
CUT = {"cut": {"theta": 0.0}}


def design_of(content, criterion="information", **more):
    values = {
        "id": "e",
        "title": "E",
        "length": {"minimum": 4, "maximum": 4},
        "selection": {"criterion": criterion, "content": content},
        "reporting": CUT,
    }
    extra = {"panel": PANEL} if content == "multistage" else {"constraints": SOFT}
    return build(exam_from_values({**values, **extra, **more}), POOL)


def log_of(design, seed=3):
    events = [start(design, seed)]
    state = evolve(None, events[0], design)
    while not state.is_over:
        events.append(decide(state, design))
        state = evolve(state, events[-1], design)
        if state.pending is not None:
            score = len(state.scores) % 2
            events.append(ResponseGiven(state.pending.item, str(score), score))
            state = evolve(state, events[-1], design)
    return events, state


@pytest.mark.parametrize("content", CONTENT)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_sitting_runs_to_its_end_and_its_log_replays(content, criterion):
    design = design_of(content, criterion)
    events, state = log_of(design)
    assert len(set(state.administered)) == 4
    assert disagreements(events, design) == ()


@pytest.mark.parametrize("content", CONTENT)
def test_choices_are_the_same_alone_and_among_many(content):
    design = design_of(content)
    theta, seeds = np.linspace(-1, 1, 5), np.arange(5, dtype=np.uint64)
    many = simulate(theta, design, seeds)
    for n in range(5):
        alone = simulate(theta[n : n + 1], design, seeds[n : n + 1])
        assert (alone.rows[0] == many.rows[n]).all()


@pytest.mark.parametrize("content", [name for name in CONTENT if name != "multistage"])
def test_items_that_may_not_be_seen_are_never_planned_nor_given(content):
    design = design_of(content)
    barred = IDS[::3]
    first = start(design, 5, excluded=barred)
    state = evolve(None, first, design)
    event = decide(state, design)
    assert event.item not in barred
    assert not set(event.decision.content.test) & set(barred)
