"""Time, breaks, changed answers, pretest items, priors of one's own, together: replay is live."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.engine.audit import disagreements
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.design import Design
from adaptest.engine.editing import why_no_change
from adaptest.engine.events import (
    BreakBegan,
    BreakEnded,
    ClockRead,
    ItemPresented,
    ResponseChanged,
    ResponseGiven,
    SittingEnded,
)
from adaptest.engine.sitting import deal_pretest, decide, evolve, replay, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool, Unscored

J, M = 40, 8
RNG = np.random.default_rng(8)
IDS, NEW = tuple(f"i{k:02d}" for k in range(J)), tuple(f"n{k:02d}" for k in range(M))
POOL = Pool(
    ItemParameters.of(
        LogisticItems(IDS, RNG.lognormal(0, 0.3, J), RNG.normal(0, 1, J), np.full(J, 0.15), np.ones(J))
    ),
    {"status": ("operational",) * J, "domain": tuple("AB"[k % 2] for k in range(J))},
    (frozenset({"i01", "i04"}), frozenset({"n00", "i07"})),
    options=(("A", "B", "C", "D"),) * J,
    unscored=Unscored(NEW, {"status": ("pretest",) * M}, (("A", "B", "C", "D"),) * M),
)
REVIEWS = ("none", {"mode": "edit_k", "edits": 2}, "free")
RUN_OUTS = ("final_estimate", "last_k_all_above", "random_fill", "no_score")


def design_of(
    review="none", run_out="final_estimate", clock="stops", *, pretest=True, timed=True, first=None
):
    time = {"limit_s": 300, "item_limit_s": 60, "run_out": run_out, "last_k": 3, "interruption": clock}
    values = {
        "id": "p",
        "title": "P",
        "pool": {"status": ["operational"]},
        "length": {"minimum": 4, "maximum": 9},
        "blueprint": {"domain": {name: {"minimum_percent": 30} for name in "AB"}},
        "selection": {"picker": {"name": "randomesque", "size": 3}, **({"start": first} if first else {})},
        "estimation": {"interim": "eap", "final": "wle"},
        "stopping": [{"rule": "sem", "at_most": 0.55}, {"rule": "time", "at_most_s": 200}],
        "reporting": {"cut": {"theta": 0.0}},
        **({"pretest": {"items": 3, "positions": {"from": 1, "to": 9}}} if pretest else {}),
        "policy": {
            "version": "1",
            **({"time": time, "breaks": {"number": 1, "length_s": 30, "clock": clock}} if timed else {}),
            "review": review,
        },
    }
    return build(exam_from_values(values), POOL)


STARTS = (None, {"items": 2, "difficulty": {"from": -3, "to": -0.5}, "criterion": "random"})
KINDS = {  # each review mode with each way to run out; clocks, pretest items and starts by turns
    f"{r if isinstance(r, str) else r['mode']} {run_out}": design_of(
        r,
        run_out,
        ("stops", "runs")[(j + k) % 2],
        pretest=bool((j + k) % 3),
        first=STARTS[k % 2],
    )
    for j, r in enumerate(REVIEWS)
    for k, run_out in enumerate(RUN_OUTS)
}
SEEDS = st.integers(0, 2**64 - 1)
GAPS = st.sampled_from((0.0, 3.25, 11.5, 29.9, 70.0))


class Walk:
    """One sitting whose every step hypothesis chooses."""

    def __init__(self, design, data):
        self.design, self.data = design, data
        seed = data.draw(SEEDS)
        dealt = deal_pretest(design, seed, shown={})
        multiplier = data.draw(st.sampled_from(("1", "1.5")))
        prior = data.draw(st.sampled_from((None, (0.75, 0.5))))
        first = start(
            design, seed, pretest=dealt, accommodations=(("time_multiplier", multiplier),), prior=prior
        )
        self.events, self.state, self.at = [first], evolve(None, first, design), 0.0

    def add(self, event):
        self.state = evolve(self.state, event, self.design)
        self.events.append(event)

    def read(self, cause):
        self.at += self.data.draw(GAPS)
        self.add(ClockRead(self.at, cause))

    def step(self):
        """Perhaps an interruption, a break or a change; then a question with its answer, or the end."""
        act = self.data.draw(st.sampled_from(("", "", "pause", "break", "change")))
        clock, policy = self.state.clock, self.design.policy
        if act == "pause":
            self.read("paused")
            self.at += 500
            self.read("resumed")
        elif act == "break" and clock.breaks < policy.breaks.number:
            self.add(BreakBegan(self.at))
            self.at += self.data.draw(GAPS)
            self.add(BreakEnded(self.at))
        elif act == "change" and self.state.answered:
            item = self.data.draw(st.sampled_from(self.state.answered))
            if not why_no_change(self.state, item, self.design):
                self.add(ResponseChanged(item, "B", self.data.draw(st.integers(0, 1))))
        self.read("step")
        self.add(decide(self.state, self.design))
        if self.state.pending is not None:
            self.read("answer")
            clock = self.state.clock
            late = clock.late(policy)
            score = self.data.draw(st.integers(0, 1))
            self.add(ResponseGiven(self.state.pending.item, "A", score, clock.item_s, late=late))

    def run(self):
        while not self.state.is_over:
            self.step()
        return self


@pytest.mark.parametrize("design", KINDS.values(), ids=KINDS.keys())
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_a_log_replays_to_the_same_state_and_every_decision_agrees(design, data):
    walk = Walk(design, data).run()
    text = [to_json(event) for event in walk.events]
    rebuilt = Design.from_artifact(design.artifact, design.pool.artifact)
    assert rebuilt.policy == design.policy
    back = [from_json(line) for line in text]
    assert back == walk.events
    assert replay(back, rebuilt) == walk.state
    assert disagreements(back, rebuilt) == ()


@pytest.mark.parametrize("design", KINDS.values(), ids=KINDS.keys())
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_what_counts_is_the_last_answer_to_each_scored_item_in_time_and_nothing_else(design, data):
    walk = Walk(design, data).run()
    scored = [e.item for e in walk.events if isinstance(e, ItemPresented) and e.role == "scored"]
    final, counts, state = {}, [], None
    for event in walk.events:
        if isinstance(event, ResponseGiven) and event.item in scored:
            if not state.clock.is_over(design.policy):
                counts.append(event.item)
                final[event.item] = 0 if event.late else event.score
        elif isinstance(event, ResponseChanged) and event.item in final:
            final[event.item] = event.score
        state = evolve(state, event, design)
    assert [POOL.ids[row] for row in walk.state.administered] == counts
    assert walk.state.scores == tuple(final[item] for item in counts)
    own = design.own(walk.state.prior)
    fresh = own.begin(np.array([walk.state.seed], dtype=np.uint64), np.zeros((1, J), dtype=bool))
    for item in counts:
        fresh = own.record(fresh, np.array([POOL.row[item]]), np.array([final[item]]))
    assert (walk.state.theta, walk.state.sem) == (fresh.theta[0], fresh.sem[0])
    assert walk.state.batch.path.tolist() == fresh.path.tolist()
    rows = list(walk.state.administered)
    counted = np.bincount(design.blueprint.cell[rows], minlength=design.blueprint.n_cells)
    assert walk.state.batch.counts[0].tolist() == counted.tolist()


@pytest.mark.parametrize("review", REVIEWS, ids=("none", "edit_k", "free"))
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_reading_the_clock_changes_nothing_while_no_limit_is_reached(review, data):
    """The same sitting with a clock that is read at every step, and without."""
    design = design_of(review, timed=False)
    seed, bits = data.draw(SEEDS), data.draw(st.integers(0, 2**J - 1))
    dealt = deal_pretest(design, seed, shown={})
    logs = []
    for reads in (False, True):
        events = [start(design, seed, pretest=dealt)]
        state = evolve(None, events[0], design)
        while not state.is_over:
            steps = [ClockRead(float(len(events)), "step")] if reads else []
            for event in steps:
                state = evolve(state, event, design)
            event = decide(state, design)
            events.append(event)
            state = evolve(state, event, design)
            if state.pending is not None:
                events.append(ResponseGiven(event.item, "A", bits >> POOL.row.get(event.item, 0) & 1))
                state = evolve(state, events[-1], design)
        logs.append(events)
    if not any(isinstance(e, SittingEnded) and e.reason == "time" for e in logs[1]):
        assert logs[0] == logs[1]
