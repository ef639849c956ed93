"""Adaptive exams on people's own answers, beside as many random items: the two tables of the README.

    python tests/bench/real_people.py [--data DIR] [--lengths 10,20,30,40,50]

Credential: 800 candidates of a certification exam, 85 scored items; pass = at least 60 right, our
demonstration cut. Parameters come from one half (2PL by `at.calibrate`), exams are run on the other, and the
other way round; the cut is the theta at which 59.5 right are expected.

ENEM 2012, mathematics: 707 candidates, 45 items with the exam authority's own parameters; pass = the estimate
from all items is at least that of 550 on the official scale. Both decide by Warm's estimate.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import adaptest as at
from adaptest.engine.spec import build, exam_from_values
from adaptest.pool import Pool
from adaptest.scoring import theta_at_expected_score
from adaptest.simulation.cohort import Cohort
from adaptest.simulation.people import people
from adaptest.simulation.yardsticks import answered, random_items, scored

DATA = Path(__file__).parents[3] / "shared" / "data"
LENGTHS = (10, 20, 30, 40, 50)
RIGHT, SCORED = 60, 85
OFFICIAL, INTERCEPT, SLOPE = 550, 500.020, 129.646  # ENEM mathematics: score = intercept + slope * theta
HEADER = ("items", "agreement", "kappa", "false pass", "false fail", "random: agreement", "random: kappa")


@dataclass(frozen=True)
class Against:
    """Decisions of one way to test against those of all answers."""

    able: np.ndarray
    passed: np.ndarray

    def told(self):
        agree = (self.able == self.passed).mean()
        one, two = self.able.mean(), self.passed.mean()
        chance = one * two + (1 - one) * (1 - two)
        return (
            agree,
            (agree - chance) / (1 - chance),
            (self.passed & ~self.able).mean(),
            (self.able & ~self.passed).mean(),
        )


def table(path, covariates):
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    cells = np.array([[int(cell or -1) for cell in row[covariates:]] for row in rows], dtype=np.int8)
    return tuple(header[covariates:]), cells, rows


def exam(items, length, cut, *, variable=False):
    values = {
        "id": "real",
        "title": "On real people",
        "length": {"minimum": min(15, length), "maximum": length}
        if variable
        else {"minimum": length, "maximum": length},
        "estimation": {"interim": "eap", "final": "wle"},
        "reporting": {"cut": {"theta": cut}},
    }
    if variable:
        values["stopping"] = [{"rule": "confidence_interval", "cut": cut, "confidence": 0.95}]
    return build(exam_from_values(values), Pool(items))


def sat(items, cells, ids, able, length, cut, *, variable=False, seed=1):
    """Return lengths, and the decisions of the exam and of as many random items, against all answers."""
    design = exam(items, length, cut, variable=variable)
    who, answers = people(at.Responses.of(cells, ids), design)
    cohort = Cohort(design, who, answers, seed)
    (block,) = cohort.blocks()
    lengths = block.done.length
    rows = random_items(block.done.seed, lengths, len(design.pool), answers.scores < 0)
    at_random = scored(
        design, rows, answered(answers.at_work(who.reference, block.done.seed, block.index), rows)
    )
    return lengths, Against(able, block.done.theta >= cut), Against(able, at_random >= cut)


def halves(n):
    """Return two halves of n people, by turns."""
    return np.arange(0, n, 2), np.arange(1, n, 2)


def credential(data, lengths):
    ids, cells, _ = table(data / "credential_public_scores.csv", 5)
    ids, cells = ids[:SCORED], cells[:, :SCORED]
    first, second = halves(len(cells))
    fitted = []
    for estimate, examine in ((first, second), (second, first)):
        fit = at.calibrate(at.Responses.of(cells[estimate], ids), model="2pl")
        cut = float(theta_at_expected_score(fit.items, RIGHT - 0.5)[0])
        fitted.append((fit.items, cells[examine], cells[examine].sum(axis=1) >= RIGHT, round(cut, 6)))
    for length, variable in [*((length, False) for length in lengths), (60, True)]:
        parts = [
            sat(items, own, ids, able, length, cut, variable=variable) for items, own, able, cut in fitted
        ]
        yield row(parts, variable)


def enem(data, lengths):
    ids, cells, _ = table(data / "enem_wide_2012_MT.csv", 2)
    with (data / "enem_public_itembank.csv").open(encoding="utf-8", newline="") as file:
        bank = {
            f"i{one['item']}": one
            for one in csv.DictReader(file)
            if one["year"] == "2012" and one["area"] == "MT" and one["a"]
        }
    kept = [k for k, item in enumerate(ids) if item in bank]
    ids, cells = tuple(ids[k] for k in kept), cells[:, kept]
    a, b, c = (np.array([float(bank[item][name]) for item in ids]) for name in "abc")
    items = at.ItemParameters.of(at.LogisticItems(ids, a, b, c, np.ones(len(ids))))
    cut = round((OFFICIAL - INTERCEPT) / SLOPE, 6)
    whole = at.score(items, at.Responses.of(cells, ids), method="wle").theta
    for length, variable in [*((length, False) for length in lengths if length < len(ids)), (len(ids), True)]:
        yield row([sat(items, cells, ids, whole >= cut, length, cut, variable=variable)], variable)


def row(parts, variable):
    """Return a row of the table over all the people of several parts."""
    lengths = np.concatenate([part[0] for part in parts])
    told = []
    for k in (1, 2):
        both = [np.concatenate([getattr(part[k], name) for part in parts]) for name in ("able", "passed")]
        told.append(Against(*both).told())
    shown = f"{lengths.mean():.1f}, as needed" if variable else f"{lengths[0]}"
    return (shown, *(f"{value:.3f}" for value in (*told[0], *told[1][:2])))


def printed(title, rows):
    out = [f"{title}", "", "| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    out += ["| " + " | ".join(row) + " |" for row in rows]
    sys.stdout.write("\n".join(out) + "\n\n")


def main():
    parser = argparse.ArgumentParser(description="Adaptive exams on people's own answers.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--lengths", default=",".join(map(str, LENGTHS)))
    parser.add_argument("--only", choices=("credential", "enem"))
    options = parser.parse_args()
    lengths = [int(one) for one in options.lengths.split(",")]
    if options.only != "enem":
        printed("Credential exam, 800 people, 85 items", credential(options.data, lengths))
    if options.only != "credential":
        printed("ENEM 2012 mathematics, 707 people, 45 items", enem(options.data, lengths))


if __name__ == "__main__":
    main()
