"""Minutes that simulees of a 30-item shadow exam take: 1,000 items and 48 rows, on worker processes.

    python tests/bench/simulate_shadow.py [--simulees 1000] [--workers 2] [--pool NAME] [--content METHOD]

The pool is `1000-discrete` of ../shared/bench/pools.py, or another of those; `--content none` chooses by the
criterion alone, rules and item sets kept. Asked for: 1,000 simulees in 8 minutes on 2 cores.
What fewer take is proportional but for the start of the workers, which is in it.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation.answers import ModelRespondents
from adaptest.simulation.checks import broken
from adaptest.simulation.cohort import Cohort
from adaptest.simulation.simulees import Normal

SHARED = Path(__file__).resolve().parents[3] / "shared" / "bench"
LENGTH, ASKED = 30, 8.0
COUNTED, SUMMED = ("area", "kind", "key"), ("words", "time_s")


def design(recipe, content):
    """Return the exam, and how many rows it has: its length, its table and its pairs of enemies."""
    sys.path.insert(0, str(SHARED))
    import pools

    columns, rules = pools.pool(pools.POOLS[recipe])
    ids = tuple(columns["item"].tolist())
    items = LogisticItems(
        ids, columns["discrimination"], columns["difficulty"], columns["guessing"], np.ones(len(ids))
    )
    held = {name: tuple(map(str, columns[name].tolist())) for name in COUNTED}
    held |= {name: tuple(columns[name].tolist()) for name in SUMMED}
    bounds = list(zip(rules.rows, rules.lower, rules.upper, strict=True))[1:]  # the first is the length
    rows, enemies = [], []
    for name in COUNTED:
        for value in range(len(np.unique(columns[name]))):
            _, low, high = bounds.pop(0)
            rows.append(
                {
                    "type": "number",
                    "condition": f'{name} == "{value}"',
                    "lower": low,
                    "upper": high,
                    "name": f"{name} {value}",
                }
            )
    for name in SUMMED:
        _, low, high = bounds.pop(0)
        rows.append({"type": "sum", "attribute": name, "lower": low, "upper": high, "name": name})
    for (at, _), _, _ in bounds:
        if len(at) == 2 and max(at) < len(ids):
            enemies.append(frozenset(ids[k] for k in at))
    sets = {}
    if used := pools.POOLS[recipe].passages:
        sets = {f"P{k}": tuple(np.array(ids)[columns["passage"] == str(k)].tolist()) for k in range(used)}
        low, high = pools.PER_PASSAGE
        rows.append({"type": "number", "condition": "per set", "lower": low, "upper": high})
        rows.append(
            {"type": "number", "what": "set", "lower": pools.PASSAGES_USED, "upper": pools.PASSAGES_USED}
        )
    values = {
        "id": "shadow",
        "title": "Shadow",
        "length": {"minimum": LENGTH, "maximum": LENGTH},
        "constraints": rows,
        "selection": {} if content == "none" else {"content": content},
    }
    pool = Pool(ItemParameters.of(items), held, tuple(enemies), sets)
    return build(exam_from_values(values), pool), 1 + len(rows) + len(enemies)


def main():
    """Print the minutes, and that no rule was broken."""
    parser = argparse.ArgumentParser(description="Minutes of a simulated shadow exam.")
    parser.add_argument("--simulees", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pool", default="1000-discrete")
    parser.add_argument("--content", default="shadow_test")
    asked = parser.parse_args()
    if not SHARED.exists():
        parser.error("../shared/bench is absent")
    exam, n_rows = design(asked.pool, asked.content)
    cohort = Cohort(exam, Normal(asked.simulees), ModelRespondents.of(exam.pool, LENGTH), 1)
    began, faults, length, shown = perf_counter(), 0, 0.0, np.zeros(len(exam.pool))
    for block in cohort.blocks(workers=asked.workers):
        faults += sum(broken(block.done).values())
        length += float(block.done.length.sum())
        shown += block.done.shown.sum(axis=0)
        sys.stderr.write(f"\r{block.index[-1] + 1:,} simulees, {(perf_counter() - began) / 60:.2f} min")
    minutes = (perf_counter() - began) / 60
    sys.stdout.write(
        f"\n{len(exam.pool):,} items, {n_rows} rows, {length / asked.simulees:.1f} items each, {faults} rules"
        f" broken, largest exposure {shown.max() / asked.simulees:.2f}\n{asked.simulees:,} simulees on"
        f" {asked.workers} processes: {minutes:.2f} min (1,000 at this rate:"
        f" {minutes * 1000 / asked.simulees:.1f}; asked for {ASKED:g})\n"
    )


if __name__ == "__main__":
    main()
