"""The speed table of calibration: python tests/bench/bench_calibration.py [--sparse] [--peers PYTHON].

Data come from ../shared/bench. Every ratio is of two times taken in this run; ours is the smallest of
several, a peer runs once, in a process of its own (on an interpreter that has it), with both cores if it
likes. Log-likelihoods are compared on one grid of 401 nodes on [-8, 8].
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from adaptest.calibration import calibrate, options
from adaptest.calibration.coding import Coded, code
from adaptest.calibration.e_step import expect, group_tables, workers
from adaptest.calibration.latent import log_normal
from adaptest.calibration.plan import plan, tally
from adaptest.calibration.priors import ItemPriors
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses, SparseRows

HERE = Path(__file__).resolve().parent
MAKER = HERE.parents[2] / "shared" / "bench" / "responses.py"
NONE = {"prior_discrimination": "none"}
ROWS = (  # set, model, our options, peer, times faster that it must be
    ("a", "2pl", NONE, "girth", 60),
    ("b", "2pl", NONE, "mirt", 40),
    ("c", "3pl", {}, "mirt", 150),
    ("e", "2pl", NONE, "mirt", 15),
    ("d", "grm", NONE, "mirt", 20),
    ("f", "2pl", NONE, "mirt", 150),
)


def say(text):
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 (a table is what this is for)


def made(folder, name):
    """Make a response set once."""
    path = Path(folder) / f"{name}_scores.npy"
    if not path.exists():
        subprocess.run([sys.executable, str(MAKER), str(folder), name], check=True, stdout=sys.stderr)
    return path


def best(function, repeats):
    """Return the smallest wall time and the last result."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - begin)
    return min(times), result


def peer(python, name, model, scores):
    """Return (seconds, parameters) of a peer, or None with a message where it is not installed."""
    probe = subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False)
    if probe.returncode:
        say(f"{name} is not installed for {python}: install the bench extra, or name another --peers")
        return None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peer.json"
        script = [python, str(HERE / "peer_fit.py"), name, model, str(scores), str(out)]
        subprocess.run(script, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(out.read_text(encoding="utf-8"))
    return found["seconds"], found["parameters"]


def items_of(found, model, ids):
    """Return a peer's parameters as items."""
    a = np.array(found["discrimination"])
    if model == "grm":
        return ItemParameters.of(GradedItems(ids, a, np.array(found["thresholds"])))
    c = np.array(found.get("guessing", np.zeros(len(a))))
    return ItemParameters.of(LogisticItems(ids, a, np.array(found["difficulty"]), c, np.ones(len(a))))


def coded(data, items) -> Coded:
    """Return the responses as the E-step reads them."""
    counts = tally(data)
    planned = plan(data.items, counts, items.models, [ItemPriors()] * len(items), {})
    return code(data, planned.fitted, planned.category, planned.sizes)


def tables(read, items, nodes):
    """Return the tables of one standard normal group on these nodes."""
    theta = np.asarray(nodes)
    log_p = items.log_probability(theta).transpose(1, 2, 0).reshape(-1, len(theta))
    log_p = log_p[np.isfinite(log_p).all(axis=1)]
    return group_tables(read, log_p, theta[None], log_normal(theta, 0.0, 1.0)[None], None)


def common_log_likelihood(data, items):
    """Return the log-likelihood on 401 nodes."""
    read = coded(data, items)
    with workers(2) as pool:
        return expect(read, tables(read, items, np.linspace(-8, 8, 401)), pool).log_likelihood


def against_products(folder):
    """Return the E-step's time over that of the two products, 100,000 x 100, one thread, the same blocks."""
    scores = np.load(made(folder, "f"))
    data = Responses.of(scores)
    rng = np.random.default_rng(0)
    a, b = rng.lognormal(0.1, 0.3, 100), rng.normal(size=100)
    items = ItemParameters.of(LogisticItems(data.items, a, b, np.full(100, 0.2), np.ones(100)))
    read = coded(data, items)
    table = tables(read, items, np.linspace(-6, 6, 61))
    x = scores.astype(np.float64)
    across = np.ascontiguousarray(table[0].contrast.T)
    posterior = np.asfortranarray(rng.random((options.BLOCK, 61)))

    def products():
        total = np.zeros((100, 61))
        for lo in range(0, len(x), options.BLOCK):
            part = x[lo : lo + options.BLOCK]
            across @ part.T
            total += part.T @ posterior[: len(part)]
        return total

    with threadpool_limits(limits=1, user_api="blas"), workers(1) as pool:
        pair = [(best(lambda: expect(read, table, pool), 1)[0], best(products, 1)[0]) for _ in range(9)]
    e_step, alone = np.min(pair, axis=0)
    return e_step, alone


def steps_needed(data, model, settings):
    """Return E-steps until every reported parameter is within 1e-4 of its converged value."""
    goal = calibrate(data, model, se="none", tolerance=1e-8, **settings).items.blocks[0]
    for steps in range(3, 40):
        near = calibrate(data, model, se="none", max_iterations=steps, tolerance=1e-12, **settings)
        found = near.items.blocks[0]
        names = [name for name in ("a", "b", "c") if hasattr(found, name)]
        if max(np.abs(getattr(found, n) - getattr(goal, n)).max() for n in names) <= 1e-4:
            return near.iterations
    return None


def sparse(folder):
    """Print the row of one million persons: estimation on two threads and on one, and what came back."""
    made(folder, "sparse")
    item, scores = (np.load(Path(folder) / f"sparse_{name}.npy") for name in ("item", "scores"))
    order = np.argsort(item, axis=1)
    item, scores = np.take_along_axis(item, order, 1), np.take_along_axis(scores, order, 1)
    n, answered = item.shape
    start = np.arange(n + 1, dtype=np.int64) * answered
    data = Responses.of(SparseRows(start, item.ravel(), scores.ravel()))
    begin = time.perf_counter()
    two = calibrate(data, "3pl", se="none", threads=2)
    middle = time.perf_counter()
    one = calibrate(data, "3pl", se="none", threads=1)
    end = time.perf_counter()
    same = all(
        x.b.tobytes() == y.b.tobytes() for x, y in zip(one.items.blocks, two.items.blocks, strict=True)
    )
    truth = np.loadtxt(Path(folder) / "sparse_truth.csv", delimiter=",", skiprows=1)
    found = two.items.blocks[0]
    rmse = [np.sqrt(np.mean((x - t) ** 2)) for x, t in zip((found.a, found.b, found.c), truth.T, strict=True)]
    say(
        f"1,000,000 x 2,000 x 40, 3PL with priors: {middle - begin:.1f} s on two threads, "
        f"{end - middle:.1f} s on one ({(end - middle) / (middle - begin):.2f} x), same bits: {same}, "
        f"{two.iterations} E-steps, RMSE a {rmse[0]:.3f} b {rmse[1]:.3f} c {rmse[2]:.3f}"
    )


def line(folder, python, name, model, settings, rival, goal):
    """Return one row of the table."""
    scores = made(folder, name)
    data = Responses.of(np.load(scores))
    threads = min(2, os.cpu_count() or 1)
    fit = partial(calibrate, data, model, threads=threads, **settings)
    ours, found = best(partial(fit, se="none"), 3 if name == "f" else 7)
    louis, _ = best(fit, 3)
    steps = steps_needed(data, model, settings) if name != "f" else "-"
    cells = [
        f"{len(data):,} x {len(data.items)}",
        model,
        steps,
        f"{ours:.3f}",
        f"{louis / ours:.1f} x",
        rival,
    ]
    other = peer(python, rival, model, scores)
    if other is None:
        cells += ["-", "-", f"{goal} x", "-"]
    else:
        seconds, theirs = other
        above = common_log_likelihood(data, found.items)
        above -= common_log_likelihood(data, items_of(theirs, model, data.items))
        cells += [f"{seconds:.2f}", f"{seconds / ours:.0f} x", f"{goal} x", f"{above:+.2f}"]
    return f"| {' | '.join(map(str, cells))} |"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description="Print the speed table of calibration.")
    parser.add_argument(
        "--data", default=str(Path(tempfile.gettempdir()) / "bench"), help="where the sets are"
    )
    parser.add_argument("--peers", default=sys.executable, help="an interpreter that has the peers")
    parser.add_argument("--only", default="abcdef", help="letters of the sets")
    parser.add_argument("--sparse", action="store_true", help="and one million persons")
    asked = parser.parse_args()
    if not MAKER.exists():
        raise SystemExit(f"needs {MAKER.parent.parent.name}/{MAKER.parent.name} beside the checkout")
    Path(asked.data).mkdir(exist_ok=True)
    if "f" in asked.only:
        e_step, alone = against_products(asked.data)
        say(f"E-step at 100,000 x 100: {1e3 * e_step:.0f} ms, its two products alone {1e3 * alone:.0f} ms: "
              f"{e_step / alone:.2f} x (limit 2.2)\n")  # fmt: skip
    head = (
        "data",
        "model",
        "E-steps to 1e-4",
        "ours, s",
        "with Louis",
        "peer",
        "peer, s",
        "faster",
        "must be",
    )
    say(f"| {' | '.join(head)} | log-likelihood above the peer's |")
    say("|---" * (len(head) + 1) + "|")
    for row in ROWS:
        if row[0] in asked.only:
            say(line(asked.data, asked.peers, *row))
    if asked.sparse:
        sparse(asked.data)


@pytest.mark.bench
def test_the_table_can_be_printed(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench_calibration.py", "--only", "a"])
    main()
    assert "2,000 x 50" in capsys.readouterr().out


if __name__ == "__main__":
    main()
