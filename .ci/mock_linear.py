"""Assemble the fixed form of the shipped bank and write its exam file: python .ci/mock_linear.py.

Needed only where an item of the form is retired: a form that people have sat stays as it is. Of all forms of
120 items that keep the bounds below, one with the most information at the demo cut; an integer program.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from adaptest.bank.files import load_bank
from adaptest.bank.snapshot import current_snapshot
from adaptest.files import write_text
from adaptest.numerics.random import Stream, permutation

ROOT = Path(__file__).parents[1]
LENGTH = 120
CUT = 0.0
SEED = 120  # of the order, which mixes the content areas
FEWEST_OF_COMPETENCY = 3
LISTENING = "active-listening-empathy"
# EXAM_DOMAIN 1.7: the middle of each area's bounds is its target
DOMAINS = {"REC": 18, "ADM": 18, "INT": 18, "BHF": 14, "ADV": 10, "COM": 8, "RES": 7, "CRI": 7}
WITHIN = 1  # items of 120 that the form may differ from the target, rounded
LEVELS = {"recall": (0, 25), "application": (45, 60), "judgement": (25, 40)}
DIFFICULTIES = (
    (-np.inf, -1.0, 15),
    (1.0, np.inf, 15),
)  # at least so many percent at both ends, as in the bank

HEAD = """\
# A linear mock exam: the same 120 questions for everybody, in one order, by the weights of the practice exam.
# It was assembled by .ci/mock_linear.py for the most information at the demo cut. The real examination takes
# 150 minutes with a break after 60 questions; this one has no clock, so look at your own.
#
# It explains what you missed at its end, so it shares questions with the certification exam only because that
# one is a demonstration.
format: adaptest-exam/1
id: mock-linear
title: Mock exam, 120 questions
stakes: practice
pool: {{status: [operational]}}
length: {{minimum: {length}, maximum: {length}}}
blueprint:
  domain:
{domains}
  level:
{levels}
  rules:
    # Listening is the heart of peer support: at least half of the interpersonal questions are about it.
    - {{what: 'competency == "{listening}"', of: 'domain == "INT"', minimum_percent: 50}}
selection: {{criterion: fixed_order}}
estimation: {{interim: eap, final: wle, prior: {{mean: 0.0, sd: 1.0}}}}
options: {{shuffle: true}}
feedback: {{explanation: at_end}}
reporting: {{scale: {{slope: 10.0, intercept: 50.0}}, cut: {{theta: {cut}, label: "{label}"}}}}
form:
{form}
"""
BANDS = {"REC": (15, 21), "ADM": (15, 21), "INT": (15, 21), "BHF": (11, 17),
         "ADV": (8, 12), "COM": (6, 10), "RES": (5, 9), "CRI": (5, 9)}  # fmt: skip


def main() -> None:
    """Write itembank/peer-support/exams/mock-linear.yaml."""
    bank = load_bank(ROOT / "itembank" / "peer-support")
    pool = current_snapshot(bank, ROOT / "calibration", datetime.now(UTC)).pool
    pool = pool.take(np.flatnonzero(np.array([one == "operational" for one in pool.attributes["status"]])))
    domain, level, competency = (np.array(pool.attributes[k]) for k in ("domain", "level", "competency"))
    difficulty = pool.parameters.blocks[0].b
    rules = [(np.ones(len(pool)), LENGTH, LENGTH)]
    for code, percent in DOMAINS.items():
        target = round(percent * LENGTH / 100)
        rules.append((domain == code, target - WITHIN, target + WITHIN))
    rules += [
        (level == name, LENGTH * low / 100, LENGTH * high / 100) for name, (low, high) in LEVELS.items()
    ]
    rules += [(competency == name, FEWEST_OF_COMPETENCY, LENGTH) for name in sorted(set(competency))]
    interpersonal = domain == "INT"
    rules.append((1.0 * (interpersonal & (competency == LISTENING)) - 0.5 * interpersonal, 0, LENGTH))
    rules += [
        ((difficulty > low) & (difficulty < high), LENGTH * percent / 100, LENGTH)
        for low, high, percent in DIFFICULTIES
    ]
    rules += [(np.isin(pool.ids, list(group)), 0, 1) for group in pool.enemies]
    matrix = np.array([what for what, _, _ in rules], dtype=np.float64)
    information = pool.parameters.information(np.array([CUT]))[0]
    # judged items tie by the dozen: a draw chooses among those that are equally informative
    tie = np.array(permutation(SEED, Stream.TIE, 0, len(pool))) / len(pool) * 1e-7
    found = milp(
        -(information + tie),
        constraints=LinearConstraint(matrix, [low for _, low, _ in rules], [high for _, _, high in rules]),
        integrality=np.ones(len(pool)),
        bounds=Bounds(0, 1),
    )
    if found.status != 0:
        raise SystemExit(f"no form was found: {found.message}")
    rows = np.flatnonzero(found.x > 1 / 2)
    form = [pool.ids[rows[k]] for k in permutation(SEED, Stream.TIE, 1, LENGTH)]

    def bounds(table: dict[str, tuple[int, int]]) -> str:
        return "\n".join(
            f"    {name}: {{minimum_percent: {low}, maximum_percent: {high}}}"
            for name, (low, high) in table.items()
        )

    text = HEAD.format(
        length=LENGTH,
        domains=bounds(BANDS),
        levels=bounds(LEVELS),
        listening=LISTENING,
        cut=CUT,
        label="demo value, no official cut",
        form="\n".join(f"  - {item}" for item in form),
    )
    write_text(ROOT / "itembank" / "peer-support" / "exams" / "mock-linear.yaml", text)
    most = np.sort(information)[-LENGTH:].sum()
    said = f"{LENGTH} items, information {information[rows].sum():.3f} at the cut; without rules {most:.3f}"
    sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main()
