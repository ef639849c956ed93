"""Milliseconds of a shadow step in a 30-item exam: `pytest -m bench -s tests/bench/bench_shadow.py`.

The pools are those of ../shared/bench/pools.py, and 500 items with three content areas. Beside each, the
integer program of HiGHS alone on some of the same steps. One thread; nothing here fails for being slow.
"""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import highspy
import numpy as np
import pytest

from adaptest.constraints.matrix import Writer
from adaptest.constraints.solver import Like, Solver
from adaptest.models import LogisticItems
from adaptest.numerics.random import Stream, uniform

pytestmark = pytest.mark.bench
SHARED = Path(__file__).resolve().parents[3] / "shared" / "bench"
LENGTH, EXAMS, EVERY = 30, 5, 10
LIMITS = {  # median and 99th percentile that were asked for, ms
    "1000-discrete": (25, 150),
    "1000-passages": (45, 200),
    "5000-discrete": (30, 150),
    "500-areas": (1.5, 3),
    "5000-passages": (161, 715),
}


def pool(name):
    """Return the items and rows of a pool."""
    if name == "500-areas":
        rng = np.random.default_rng(3)
        n, w = 500, Writer(500)
        w.add("length", np.arange(n), 1.0, LENGTH, LENGTH)
        area = rng.integers(0, 3, n)
        for k in range(3):
            w.add(f"area {k}", np.flatnonzero(area == k), 1.0, 8, 12)
        columns = np.exp(rng.normal(0.2, 0.3, n)), rng.normal(0, 1, n), rng.beta(8, 32, n)
    else:
        sys.path.insert(0, str(SHARED))
        import pools

        items, rules = pools.pool(pools.POOLS[name])
        n = len(items["item"])
        w = Writer(n, pools.POOLS[name].passages)
        for k, ((at, value), low, high) in enumerate(zip(rules.rows, rules.lower, rules.upper, strict=True)):
            w.add(f"row {k}", at, value, low, high)
        columns = items["discrimination"], items["difficulty"], items["guessing"]
    return LogisticItems(tuple(f"i{k}" for k in range(n)), *columns, np.ones(n)), w.matrix()


def highs_mip(rows, cost, low):
    """Return wall ms and objective of HiGHS's integer program alone."""
    model = highspy.HighsLp()
    begin, at, value = rows.by_column
    model.num_col_, model.num_row_ = rows.n_columns, rows.n_rows
    full = np.zeros(rows.n_columns)
    full[: len(cost)] = -cost
    model.col_cost_, model.col_lower_, model.col_upper_ = full, low, rows.high
    model.row_lower_, model.row_upper_ = rows.lower, rows.upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = begin.astype(np.int32), at.astype(np.int32)
    model.a_matrix_.value_ = value
    model.integrality_ = [highspy.HighsVarType.kInteger] * rows.n_columns
    solver = highspy.Highs()
    for option, setting in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(option, setting)
    began = perf_counter()
    solver.passModel(model)
    solver.run()
    return (perf_counter() - began) * 1000, -solver.getInfo().objective_function_value


@pytest.mark.parametrize("name", LIMITS)
def test_shadow_steps(name, capsys):
    if name != "500-areas" and not SHARED.exists():
        pytest.skip("../shared/bench is absent")
    items, rows = pool(name)
    solver, n = Solver(rows), rows.n_items
    cells = {c: Like(c, items.information(np.array([c]))[0]) for c in np.arange(-3, 3.5, 0.5)}
    for like in cells.values():
        solver.solve(like.cost, like=like)
    wall, cpu, mip, worst = [], [], [], 0.0
    for exam in range(EXAMS):
        rng, theta, low = np.random.default_rng(exam), 0.0, np.zeros(rows.n_columns)
        for k in range(LENGTH):
            began, used = perf_counter(), process_time()
            cost = items.information(np.array([theta]))[0]
            chance = uniform(np.full(n, exam), Stream.ASSEMBLY, k, np.arange(n, dtype=np.uint64))
            like = cells[float(np.clip(np.round(theta * 2) / 2, -3, 3))]
            found = solver.solve(cost + 5e-5 * cost.max() * chance, low, like=like)
            wall.append((perf_counter() - began) * 1000)
            cpu.append((process_time() - used) * 1000)
            assert found.status == "optimal"
            if k % EVERY == 0 and exam < 2:
                took, exact = highs_mip(rows, cost, low)
                mip.append(took)
                worst = max(worst, 1 - float(cost[found.x[:n]].sum()) / exact)
            free = np.flatnonzero(found.x[:n] & (low[:n] == 0))
            row = free[np.argmax(cost[free])]
            low[row] = 1
            theta += (1.0 if rng.random() < 0.5 else -1.0) / (k + 1)
    limit = LIMITS[name]
    with capsys.disabled():
        print(  # noqa: T201 (what a bench is for)
            f"\n{name}: {rows.n_rows} rows, {len(wall)} steps:"
            f" wall ms median {median(wall):.1f} p99 {np.percentile(wall, 99):.1f};"
            f" CPU ms median {median(cpu):.1f} p99 {np.percentile(cpu, 99):.1f} (asked {limit});"
            f" HiGHS MIP median {median(mip):.0f}, {median(mip) / median(wall):.0f} times;"
            f" at most {worst:.1e} below the optimum"
        )
