"""A whole sitting as its log stands: whatever changes a byte of it changes what old sittings meant.

`python tests/golden/test_sitting_log.py` writes the log anew: only with a new ENGINE_VERSION or schema.
"""

from pathlib import Path

import numpy as np

from adaptest.engine.audit import disagreements
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.design import Design
from adaptest.engine.events import NoteAdded, ResponseGiven, SittingHeld, SittingReleased, stamped
from adaptest.engine.sitting import decide, evolve, replay, start
from adaptest.engine.spec import build, read_exam
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

HERE = Path(__file__).parent
EXAM = """\
format: adaptest-exam/1
id: golden
title: A golden sitting
length: {minimum: 4, maximum: 7}
blueprint:
  domain:
    A: {minimum_percent: 25, maximum_percent: 50}
    B: {minimum_percent: 25, maximum_percent: 50}
  rules:
    - {what: 'kind == "x"', of: 'domain == "A"', minimum_percent: 50}
selection: {criterion: information, picker: {name: randomesque, size: 3}}
estimation: {interim: eap, final: wle}
stopping: [{rule: sem, at_most: 0.55}]
"""


def golden_design():
    n = 18
    ids, k = tuple(f"item-{j:02d}" for j in range(n)), np.arange(n)
    items = LogisticItems(ids, 0.8 + 0.1 * (k % 7), -2 + 0.25 * k, 0.05 * (k % 4), np.ones(n))
    attributes = {"domain": tuple("ABC"[j % 3] for j in k), "kind": tuple("xy"[j // 3 % 2] for j in k)}
    enemies = (frozenset({"item-06", "item-09"}), frozenset({"item-07", "item-08"}))
    pool = Pool(ItemParameters.of(items), attributes, enemies, options=(("A", "B", "C", "D"),) * n)
    return build(read_exam(EXAM), pool)


def golden_events():
    design = golden_design()
    events = [start(design, 2**63 + 7, excluded=("item-00",), pretest=((2, "new-1"),))]
    state = evolve(None, events[0], design)
    while not state.is_over:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if state.pending is not None:
            answer = ResponseGiven(event.item, "B", int(len(events) % 4 < 2), 7.25)
            events.append(answer)
            state = evolve(state, answer, design)
    events += [SittingHeld("policy", "system"), SittingReleased("checked", "ann"), NoteAdded("done", "ann")]
    return [stamped(event, f"2026-12-01T10:00:{k:02d}Z") for k, event in enumerate(events)]


def written():
    design = golden_design()
    lines = [design.artifact, design.pool.artifact, *(to_json(event) for event in golden_events())]
    return "\n".join(lines) + "\n"


def test_the_same_sitting_is_logged_byte_for_byte():
    assert written() == (HERE / "sitting_log.jsonl").read_text("utf-8")


def test_the_log_of_an_earlier_day_replays_and_every_step_is_decided_again():
    design_json, pool_json, *lines = (HERE / "sitting_log.jsonl").read_text("utf-8").splitlines()
    design = Design.from_artifact(design_json, pool_json)
    events = [from_json(line) for line in lines]
    state = replay(events, design)
    assert state.ended in ("sem", "maximum_length")
    assert len(state.scores) == len(state.administered) >= 4
    assert disagreements(events, design) == ()


if __name__ == "__main__":
    (HERE / "sitting_log.jsonl").write_text(written(), "utf-8", newline="\n")
