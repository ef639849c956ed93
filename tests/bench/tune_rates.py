"""Whether tuned exposure rules keep their rate on fresh simulees: python tests/bench/tune_rates.py.

For Sympson and Hetter's method and for eligibility, over all and by bands of theta: the exam is tuned, and
then run on simulees of a seed that tuning never saw. Every item is to be shown to at most
r + 4 sqrt(r (1 - r) / n) of all of them and, by theta, of those in each band with 500 or more.
"""

import argparse
import sys
from dataclasses import replace
from time import perf_counter

import numpy as np

from adaptest.engine.spec import build, exam_from_values
from adaptest.exposure import Bands, Controls, Eligibility, Lottery
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation.answers import ModelRespondents
from adaptest.simulation.cohort import Cohort
from adaptest.simulation.simulees import Normal
from adaptest.simulation.tune_exposure import CONCURRENCY, ERRORS, JUDGED, tune

J, LENGTH = 200, 20
CASES = tuple((rule, edges) for rule in ("sympson_hetter", "eligibility") for edges in ((), (-1.0, 0.0, 1.0)))
HEADER = "rule", "band", "n", "largest untuned", "largest tuned", "allowed", "kept", "rounds", "s"


def design():
    """Return the exam without the rule: 3PL items, maximum information."""
    rng = np.random.default_rng(4)
    ids = tuple(f"i{k:03d}" for k in range(J))
    items = LogisticItems(
        ids, rng.lognormal(0, 0.3, J), rng.normal(size=J), rng.uniform(0.1, 0.3, J), [1.0] * J
    )
    values = {"id": "t", "title": "T", "length": {"minimum": LENGTH, "maximum": LENGTH}}
    return build(exam_from_values(values), Pool(ItemParameters.of(items)))


def rates(exam, n, seed, bands):
    """Return how many simulees there were, and the largest rate of an item: of all, and in each band."""
    cohort = Cohort(exam, Normal(n), ModelRespondents.of(exam.pool, LENGTH), seed, CONCURRENCY)
    count, shown = np.zeros(1 + len(bands)), np.zeros((1 + len(bands), J))
    for block in cohort.blocks():
        band = bands.of(block.truth)
        for k, mine in enumerate([np.ones(len(band), dtype=bool), *(band == b for b in range(len(bands)))]):
            count[k] += mine.sum()
            shown[k] += block.done.shown[mine].sum(axis=0)
    return count, (shown / np.maximum(count, 1)[:, None]).max(axis=1)


def main():
    """Print the table; exit 3 where a rate is not kept."""
    parser = argparse.ArgumentParser(description="Whether tuned exposure rules keep their rate.")
    parser.add_argument("--rate", type=float, default=0.25)
    parser.add_argument("--simulees", type=int, default=20_000)
    asked = parser.parse_args()
    base, rate, all_kept = design(), asked.rate, True
    sys.stdout.write("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|\n")
    for rule, edges in CASES:
        bands, began = Bands(edges), perf_counter()

        def finished(table, rule=rule, bands=bands):
            if rule == "sympson_hetter":
                return replace(base, controls=Controls(lottery=Lottery(bands, table)))
            return replace(base, controls=Controls(eligibility=Eligibility(rate, bands.edges), tuned=table))

        found = tune(base, rule, rate, bands, simulees=asked.simulees, seed=3, finished=finished)
        took = perf_counter() - began
        _, untuned = rates(base, asked.simulees, 77, bands)
        n, largest = rates(finished(found.table), asked.simulees, 77, bands)
        for k in range(len(n)) if edges else [0]:
            if n[k] < JUDGED:
                continue
            most = rate + ERRORS * np.sqrt(rate * (1 - rate) / n[k])
            kept = bool(largest[k] <= most) and found.converged
            all_kept &= kept
            cells = (
                rule,
                "all" if k == 0 else bands.name(k - 1),
                f"{n[k]:,.0f}",
                f"{untuned[k]:.3f}",
                f"{largest[k]:.4f}",
                f"{most:.4f}",
                "yes" if kept else "no",
                str(len(found.rounds)),
                f"{took:.0f}",
            )
            sys.stdout.write("| " + " | ".join(cells) + " |\n")
            sys.stdout.flush()
    return 0 if all_kept else 3


if __name__ == "__main__":
    sys.exit(main())
