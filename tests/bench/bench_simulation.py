"""Simulees per CPU second of one core, beside peers: `pytest -m bench tests/bench/bench_simulation.py -s`.

Peers run in processes of their own, with this Python or the one that ADAPTEST_PEERS_PYTHON names; one that
is not installed is skipped with a message. Nothing here fails for being slow.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from adaptest.engine.events import ItemPresented, ResponseGiven
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation import simulate

pytestmark = pytest.mark.bench
J, LENGTH, N = 500, 30, 4096
PEERS = {"mirt": 300, "catsim": 15}  # simulees that each is given
LIMITS = {"mirt": 13, "catsim": 400}


@cache
def columns():
    rng = np.random.default_rng(1)
    return rng.lognormal(0, 0.3, J), rng.normal(size=J), rng.uniform(0.1, 0.3, J)


@cache
def design():
    a, b, c = columns()
    items = ItemParameters.of(LogisticItems(tuple(f"i{k:03d}" for k in range(J)), a, b, c, np.ones(J)))
    values = {
        "id": "b",
        "title": "B",
        "length": {"minimum": LENGTH, "maximum": LENGTH},
        "selection": {"picker": {"name": "randomesque", "size": 5}},
    }
    return build(exam_from_values(values), Pool(items))


@cache
def ours():
    """Return simulees per CPU second, the best of five, and their sittings."""
    theta = np.random.default_rng(3).normal(size=N)
    simulate(theta[:10], design(), np.arange(10))
    best, done = np.inf, None
    for _ in range(5):
        begin = process_time()
        done = simulate(theta, design(), np.arange(N))
        best = min(best, process_time() - begin)
    return N / best, done


def show(capsys, line):
    with capsys.disabled():
        sys.stdout.write(f"\n{line}")


def test_simulees_per_second(capsys):
    rate, _ = ours()
    show(
        capsys,
        f"{J} 3PL items, {LENGTH}-item exams, {N:,} simulees  {rate:8,.0f} a CPU second  (limit 15,000)",
    )


def test_the_choices_are_the_engine_s(capsys):
    _, done = ours()
    for k in range(20):
        answers = {e.item: e.score for e in done.log(k) if isinstance(e, ResponseGiven)}
        state = evolve(None, start(design(), k), design())
        while not state.is_over:
            event = decide(state, design())
            state = evolve(state, event, design())
            if isinstance(event, ItemPresented):
                state = evolve(state, ResponseGiven(event.item, "", answers[event.item]), design())
        assert list(state.administered) == done.rows[k].tolist()
    show(capsys, "20 of these sittings taken again by decide and evolve: the same items")


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_s_simulator(peer, capsys, tmp_path):
    python = os.environ.get("ADAPTEST_PEERS_PYTHON", sys.executable)
    found = subprocess.run([python, "-c", f"import {peer}"], check=False, capture_output=True)
    if found.returncode:
        pytest.skip(f"{peer} is not installed; pip install 'adaptest[bench]', or set ADAPTEST_PEERS_PYTHON")
    a, b, c = columns()
    np.savez(tmp_path / "items.npz", a=a, b=b, c=c)
    script, out = Path(__file__).with_name("peer_simulate.py"), tmp_path / "seconds.json"
    command = [python, script, peer, tmp_path / "items.npz", str(PEERS[peer]), out]
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    subprocess.run(command, check=True, capture_output=True, env=os.environ | one)
    rate = PEERS[peer] / json.loads(out.read_text("utf-8"))
    ratio = ours()[0] / rate
    show(capsys, f"{peer:8} {rate:8,.0f} a CPU second: {ratio:,.0f} times slower  (limit {LIMITS[peer]})")
