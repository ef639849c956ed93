"""CPU seconds of scoring: `pytest -m bench tests/bench/bench_scoring.py` prints a table.

One thread does all of it (no BLAS is called), so CPU seconds are what one core needs.
"""

import sys
from time import process_time

import numpy as np
import pytest

from adaptest.models import LogisticItems
from adaptest.numerics.quadrature import NormalPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.scoring import ESTIMATORS, LivePosterior, estimator, score
from adaptest.scoring.estimate import Outcome

pytestmark = pytest.mark.bench
PERSONS, ITEMS, POOL, LENGTH = 100_000, 45, 10_000, 30


def three_pl(n, seed):
    rng = np.random.default_rng(seed)
    ids = tuple(f"i{k + 1}" for k in range(n))
    a, b, c = np.exp(rng.normal(0.2, 0.3, n)), rng.normal(0, 1, n), rng.beta(8, 32, n)
    return ItemParameters.of(LogisticItems(ids, a, b, c, np.ones(n)))


def cpu(function, *, repeat=3):
    """The least CPU seconds of some runs, and the last result."""
    best = np.inf
    for _ in range(repeat):
        start = process_time()
        result = function()
        best = min(best, process_time() - start)
    return best, result


def show(capsys, line):
    with capsys.disabled():
        sys.stdout.write(f"\n{line}")


@pytest.fixture(scope="module")
def sample():
    items, rng = three_pl(ITEMS, 3), np.random.default_rng(4)
    right = items.probability(rng.normal(size=PERSONS))[..., 1]
    return items, Responses.of((rng.random(right.shape) < right).astype(np.int8), items.ids)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_scoring_a_file(sample, method, capsys):
    items, responses = sample
    seconds, got = cpu(lambda: score(items, responses, method), repeat=2)
    ended = ", ".join(
        f"{(got.outcome == one).sum()} {one.label}" for one in Outcome if (got.outcome == one).any()
    )
    show(capsys, f"{method:13} {PERSONS:,} x {ITEMS} 3PL  {seconds:6.2f} s CPU   {ended}")
    assert not (got.outcome == Outcome.NOT_CONVERGED).any()


def test_converged_scores_are_those_of_a_very_fine_grid(sample, capsys):
    items, responses = sample
    some = responses.take_persons(np.arange(2000))
    fine = score(items, some, grid=fixed_grid(-12, 12, 4801, NormalPrior()))
    got = score(items, some)
    worst = max(np.abs(got.theta - fine.theta).max(), np.abs(got.sem - fine.sem).max())
    show(capsys, f"eap against 4,801 nodes: largest difference {worst:.1e} logits")
    assert worst < 1e-6


@pytest.mark.parametrize("sittings", [1, 256, 4096])
def test_a_live_update_on_a_large_pool(sittings, capsys):
    live, rng = LivePosterior.of(three_pl(POOL, 5)), np.random.default_rng(6)
    rows = rng.integers(0, POOL, (sittings, LENGTH))
    scores = rng.integers(0, 2, (sittings, LENGTH))
    log_posterior = live.after(rows, scores)
    runs = max(4096 // sittings, 1)

    def updates():
        for _ in range(runs):
            live.estimates(live.update(log_posterior, rows[:, 0], scores[:, 0]), rows, scores)

    seconds, _ = cpu(updates, repeat=5)
    show(
        capsys,
        f"update, EAP and SEM, {sittings:5} sittings: {seconds / runs / sittings * 1e6:6.2f} us a sitting",
    )


@pytest.mark.parametrize("method", ["map", "mle", "wle", "jeffreys"])
def test_a_live_mode_on_a_large_pool(method, capsys):
    items, rng = three_pl(POOL, 5), np.random.default_rng(6)
    rows, scores = rng.integers(0, POOL, (1, LENGTH)), rng.integers(0, 2, (1, LENGTH))
    ready = estimator(method, items)
    seconds, _ = cpu(lambda: [ready(rows, scores) for _ in range(20)])
    show(capsys, f"{method:9} of one sitting, {LENGTH} items: {seconds / 20 * 1e3:5.2f} ms")
