"""Where time is simulated its limits hold as in a live sitting: the same items, scores and ends."""

import numpy as np
import pytest

import adaptest as at
from adaptest.engine.events import ClockRead, ItemPresented, ResponseGiven, SittingEnded
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation.answers import Behaviour, ModelRespondents
from adaptest.simulation.available import Available
from adaptest.simulation.checks import broken
from adaptest.simulation.cohort import Cohort
from adaptest.simulation.collect import columns_of
from adaptest.simulation.simulees import Normal

RNG = np.random.default_rng(8)
J, N, CUT = 40, 24, 0.1
POOL = Pool(
    ItemParameters.of(
        LogisticItems(
            tuple(f"i{k:02d}" for k in range(J)),
            RNG.lognormal(0.2, 0.3, J),
            RNG.normal(0, 1, J),
            [0.2] * J,
            [1.0] * J,
        )
    ),
    options=(("A", "B", "C", "D"),) * J,
)
HABITS = Behaviour(pace_sd=0.4, item_seconds=60, time_sd=0.5)


def exam(*, stopping=(), **time):
    values = {
        "id": "timed",
        "title": "Timed",
        "length": {"minimum": 4, "maximum": 10},
        "selection": {"picker": {"name": "randomesque", "size": 3}},
        "stopping": list(stopping),
        "reporting": {"cut": {"theta": CUT}},
        "policy": {"time": time},
    }
    return build(exam_from_values(values), POOL)


def live(design, seed, answers, who):
    """Return the last event, and the scored items, of a simulee who sits before the live engine."""
    state, clock, me = evolve(None, start(design, seed), design), 0.0, np.array([who])
    while True:
        event = decide(state, design)
        state = evolve(state, event, design)
        if isinstance(event, SittingEnded):
            return event, state
        assert isinstance(event, ItemPresented)
        row = np.array([design.pool.row[event.item]])
        clock = round(clock + round(float(answers.seconds(me, row)[0]), 3), 3)
        state = evolve(state, ClockRead(clock, "answer"), design)
        score = int(answers(me, row, state.batch.length)[0])
        late = state.clock.late(design.policy)
        state = evolve(state, ResponseGiven(event.item, "A", score, late=late), design)


@pytest.mark.parametrize(
    "time",
    [
        {"limit_s": 500},
        {"limit_s": 500, "run_out": "last_k_all_above", "last_k": 2},
        {"limit_s": 450, "run_out": "random_fill", "item_limit_s": 100},
        {"limit_s": 400, "run_out": "no_score"},
        {"item_limit_s": 60},
        {"limit_s": 700, "stopping": [{"rule": "time", "at_most_s": 300}]},
    ],
)
def test_sittings_against_time_are_those_of_live_candidates(time):
    design = exam(**time)
    cohort = Cohort(design, Normal(N), ModelRespondents.of(POOL, 10, None, HABITS), 5)
    (block,) = cohort.blocks()
    done, seeds = block.done, cohort.sitting_seeds(block.index)
    answers = cohort.respondents.at_work(block.truth, seeds, block.index)
    reasons = set()
    for k in range(N):
        end, state = live(design, int(seeds[k]), answers, k)
        last = done.log(k)[-1]
        assert (last.reason, last.estimate, last.decision) == (end.reason, end.estimate, end.decision)
        length = done.length[k]
        assert tuple(done.rows[k, :length]) == state.administered
        assert tuple(done.scores[k, :length]) == state.scores
        assert (done.waiting[k] >= 0) == (end.reason == "time_limit")
        assert done.seconds[k] == min(state.clock.used_s, time.get("limit_s", np.inf))
        reasons.add(end.reason)
    assert len(reasons) > 1 or "limit_s" not in time
    assert not any(broken(done).values())
    parts = list(cohort.blocks(batch=5))
    ends = {int(part.index[k]): end for part in parts for k, end in part.done.cut_off.items()}
    assert ends == done.cut_off
    assert np.concatenate([part.done.theta for part in parts]).tobytes() == done.theta.tobytes()


def test_a_study_counts_those_whom_the_limit_ended_and_what_it_decided():
    blocks = []
    design = exam(limit_s=450, run_out="last_k_all_above", last_k=2)
    study = at.simulate(design, 200, seed=2, behaviour=HABITS, each=blocks.append)
    (block,) = blocks
    ended = np.array([k in block.done.cut_off for k in range(200)])
    assert 0.1 < ended.mean() < 0.9
    assert study.values["late"].value == pytest.approx(ended.mean())
    late = columns_of(block, Available.of(POOL.parameters))["late"]
    assert (late == ended).all()
    told = [end.decision for end in block.done.cut_off.values()]
    passes = block.done.passes(CUT)
    assert [passes[k] for k in block.done.cut_off] == [word == "pass" for word in told]
    assert {"pass", "fail"} == set(told)
