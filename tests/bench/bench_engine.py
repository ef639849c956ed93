"""CPU microseconds of a live step on 10,000 items: `pytest -m bench tests/bench/bench_engine.py`.

Peers run in processes of their own, with this Python or the one that ADAPTEST_PEERS_PYTHON names; one that
is not installed is skipped with a message. Nothing here fails for being slow.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from statistics import median
from time import thread_time

import numpy as np
import pytest

from adaptest.engine.batch import chance
from adaptest.engine.events import ResponseGiven, SittingEnded
from adaptest.engine.proposing import pick_of_one
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.selection import shortlist
from adaptest.simulation import simulate

pytestmark = pytest.mark.bench
J, SITTINGS = 10_000, 20
SHARES = {
    "REC": (15, 21),
    "ADM": (15, 21),
    "INT": (15, 21),
    "BHF": (11, 17),
    "ADV": (8, 12),
    "COM": (6, 10),
    "RES": (5, 9),
    "CRI": (5, 9),
}
PLAIN = {"length": {"minimum": 30, "maximum": 30}}
CONTENT = {
    "length": {"minimum": 23, "maximum": 40},
    "blueprint": {
        "domain": {
            name: {"minimum_percent": low, "maximum_percent": high} for name, (low, high) in SHARES.items()
        }
    },
}


def columns(n=J):
    rng = np.random.default_rng(1)
    return rng.lognormal(0, 0.3, n), rng.normal(size=n), rng.uniform(0.1, 0.3, n)


def design_of(values, n=J):
    a, b, c = columns(n)
    items = ItemParameters.of(LogisticItems(tuple(f"i{k:05d}" for k in range(n)), a, b, c, np.ones(n)))
    domain = tuple(list(SHARES)[k % len(SHARES)] for k in range(n))
    pool = Pool(items, {"domain": domain}, options=(("A", "B", "C", "D"),) * n)
    picker = {"name": "randomesque", "size": 5}
    return build(exam_from_values({"id": "b", "title": "B", "selection": {"picker": picker}, **values}), pool)


def show(capsys, line):
    with capsys.disabled():
        sys.stdout.write(f"\n{line}")


def arithmetic(design, batch):
    """Selection and EAP alone: candidates, draws, pick; posterior, mean, standard deviation."""
    begin = thread_time()
    picked = pick_of_one(design, batch, batch.available)
    if picked is None:  # a value whose rounding plain numbers leave open
        now = design.situation(batch, batch.available)
        best = shortlist(design.criterion, design.bounds, now, design.picker.reach(batch.length))
        choice, tie = chance(batch.seed, batch.length)
        row = int(best.rows[0, design.picker(best, choice, tie, now)[0]])
    else:
        row = picked[0]
    if (
        design.interim.stepped_of_one(batch.carried, row, 1) is None
    ):  # a posterior that its grid is too coarse for
        rows, scores = np.append(batch.rows, [[row]], axis=1), np.append(batch.scores, [[1]], axis=1)
        design.interim.stepped(batch.carried, rows, scores)
    return thread_time() - begin


def live(design):
    """Return the microseconds of arithmetic alone, and of decide plus evolve, of every step."""
    rng, small, whole = np.random.default_rng(2), [], []
    for seed in range(SITTINGS):
        state = evolve(None, start(design, seed), design)
        while True:
            small.append(arithmetic(design, state.batch))
            begin = thread_time()
            event = decide(state, design)
            if isinstance(event, SittingEnded):
                break
            shown = evolve(state, event, design)
            middle = thread_time()
            answer = ResponseGiven(event.item, "A", int(rng.random() < 0.6))
            again = thread_time()
            state = evolve(shown, answer, design)
            whole.append(middle - begin + thread_time() - again)
    return [1e6 * step for step in small], [1e6 * step for step in whole]


@cache
def ours():
    return live(design_of(PLAIN))


def spread(steps):
    return f"median {median(steps):7.1f}   90th percentile {np.quantile(steps, 0.9):7.1f}"


def test_a_live_step_on_ten_thousand_items(capsys):
    small, whole = ours()
    show(capsys, f"selection + EAP arithmetic, {J:,} items      {spread(small)} us CPU   (limit 50)")
    show(capsys, f"decide + evolve with the record             {spread(whole)} us CPU   (limit 300)")
    _, content = live(design_of(CONTENT))
    show(capsys, f"the same with the shipped content bounds    {spread(content)} us CPU")


def test_the_short_list_of_a_live_step_is_that_of_a_full_scan(capsys):
    design, same, steps = design_of(PLAIN), 0, 0
    for seed in range(3):
        state, rng = evolve(None, start(design, seed), design), np.random.default_rng(seed)
        while not isinstance(event := decide(state, design), SittingEnded):
            now = design.situation(state.batch, state.batch.available)
            quick = shortlist(design.criterion, design.bounds, now, 5)
            full = shortlist(design.criterion, None, now, 5)
            same += quick.rows.tolist() == full.rows.tolist() and quick.value.tolist() == full.value.tolist()
            steps += 1
            answer = ResponseGiven(event.item, "A", int(rng.random() < 0.6))
            state = evolve(evolve(state, event, design), answer, design)
    show(capsys, f"short lists equal to those of a full scan     {same} of {steps}")


WEIGHTED = [
    "posterior_weighted_information",
    "likelihood_weighted_information",
    "posterior_weighted_kullback_leibler",
    "likelihood_weighted_kullback_leibler",
    "posterior_discrimination_index",
    "discrimination_index",
    "mutual_information",
    "expected_information",
    "expected_posterior_variance",
]


@pytest.mark.parametrize("criterion", WEIGHTED)
def test_a_choice_by_what_is_known_of_theta(criterion, capsys):
    design, steps = design_of({**PLAIN, "selection": {"criterion": criterion}}, 1000), []
    for seed in range(3):
        state, rng = evolve(None, start(design, seed), design), np.random.default_rng(seed)
        while not isinstance(event := decide(state, design), SittingEnded):
            begin = thread_time()
            design.choose(state.batch)
            steps.append(1e6 * (thread_time() - begin))
            answer = ResponseGiven(event.item, "A", int(rng.random() < 0.6))
            state = evolve(evolve(state, event, design), answer, design)
    show(capsys, f"{criterion:38} 1,000 items    {spread(steps)} us CPU   (limit 2,000)")


def test_building_a_design_of_ten_thousand_items(capsys):
    begin = thread_time()
    design = design_of(CONTENT)
    assert design.bounds is not None
    show(capsys, f"design of {J:,} items, with its table     {1e3 * (thread_time() - begin):7.0f} ms CPU")


def test_simulees_in_lockstep(capsys):
    design, n = design_of(PLAIN, 500), 4096
    theta = np.random.default_rng(3).normal(size=n)
    simulate(theta[:10], design, np.arange(10))
    begin = thread_time()
    simulate(theta, design, np.arange(n))
    seconds = thread_time() - begin
    show(capsys, f"500 items, 30-item exams, {n:,} simulees       {n / seconds:7,.0f} per CPU second")


@pytest.mark.parametrize("peer", ["mirt", "catsim"])
def test_a_live_step_of_a_peer(peer, capsys, tmp_path):
    python = os.environ.get("ADAPTEST_PEERS_PYTHON", sys.executable)
    found = subprocess.run([python, "-c", f"import {peer}"], check=False, capture_output=True)
    if found.returncode:
        pytest.skip(f"{peer} is not installed; pip install 'adaptest[bench]', or set ADAPTEST_PEERS_PYTHON")
    a, b, c = columns()
    np.savez(tmp_path / "items.npz", a=a, b=b, c=c)
    script, out = Path(__file__).with_name("peer_live.py"), tmp_path / "steps.json"
    subprocess.run([python, script, peer, tmp_path / "items.npz", out], check=True, capture_output=True)
    steps = json.loads(out.read_text("utf-8"))
    ratio = median(steps) / median(ours()[0])
    show(capsys, f"{peer:8} select + estimate                  {spread(steps)} us CPU   {ratio:,.0f} x ours")
