"""A made-up bank of a few dozen items in a workspace, its judged release, and synthetic answers to it."""

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from adaptest.bank.files import load_bank
from adaptest.bank.provisional import write_judged_run
from adaptest.bank.releases import publish

THEN = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = """\
format: adaptest-bank/1
id: made-up
title: A made-up bank
language: en
licence: MIT
disclaimer: Nobody wrote these items for a purpose.
default_exam: exam
domains: [{code: INT, title: Interpersonal}, {code: ADV, title: Advocacy}]
competencies: [{id: listening, title: Listening, domain: INT}, {id: advocacy, title: Advocacy, domain: ADV}]
"""
EXAM = """\
format: adaptest-exam/1
id: exam
title: Made up
stakes: certification
demo: true
pool: {status: [operational]}
length: {minimum: 10, maximum: 10}
blueprint:
  domain:
    INT: {minimum: 3, maximum: 7}
selection: {criterion: information, picker: {name: randomesque, size: 5}}
estimation: {interim: eap, final: wle}
options: {shuffle: false}
reporting: {scale: {slope: 10.0, intercept: 50.0}, cut: {theta: 0.0, label: made up}}
"""
WORKSPACE = """\
format = "adaptest-workspace/1"
bank = "itembank"
calibration = "calibration"
database = "adaptest.db"
"""
COLUMNS = (
    *("person", "sitting", "item", "response", "score", "position", "time_s", "role", "at"),
    *("administration", "exam", "language"),
)


@dataclass
class Truth:
    """True parameters by item, and what has gone wrong with some of them."""

    a: dict[str, float]
    b: dict[str, float]
    harder: dict[str, float] = field(default_factory=dict)
    miskeyed: frozenset[str] = frozenset()


def item_ids(operational, pretest):
    listening = operational // 2
    return (
        [f"LIS-{k:03d}" for k in range(1, listening + 1)]
        + [f"ADV-{k:03d}" for k in range(1, operational - listening + 1)],
        [f"NEW-{k:03d}" for k in range(1, pretest + 1)],
    )


def lay_out(folder, operational=30, pretest=6):
    """Write a workspace with the bank and its judged release; return the ids of both kinds of items."""
    ops, new = item_ids(operational, pretest)
    bank = folder / "itembank" / "made-up"
    for part in ("items", "exams", "lessons"):
        (bank / part).mkdir(parents=True)
    (folder / "adaptest.toml").write_text(WORKSPACE, encoding="utf-8")
    (bank / "bank.yaml").write_text(HEADER, encoding="utf-8")
    (bank / "exams" / "exam.yaml").write_text(EXAM, encoding="utf-8")
    for competency, code, ids in (
        ("listening", "INT", [i for i in ops if i.startswith("LIS")]),
        ("advocacy", "ADV", [i for i in ops if i.startswith("ADV")] + new),
    ):
        (bank / "lessons" / f"{competency}.md").write_text(f"# {competency.title()}\n", encoding="utf-8")
        items = "".join(
            f"  - id: {item}\n    competency: {competency}\n    domain: {code}\n    level: recall\n"
            f"    stem: Question {item}?\n"
            "    options: {A: right, B: wrong, C: worse, D: worst}\n    key: A\n"
            "    rationale: {A: it is so, B: not so, C: nor this, D: nor that}\n"
            f"    reference: lesson {competency}\n    status: {'pretest' if item in new else 'operational'}\n"
            f"    judged_difficulty: {('easy', 'medium', 'hard')[k % 3]}\n"
            for k, item in enumerate(ids)
        )
        text = f"format: adaptest-items/1\ncompetency: {competency}\nitems:\n{items}"
        (bank / "items" / f"{competency}.yaml").write_text(text, encoding="utf-8")
    runs = folder / "calibration" / "made-up"
    held = load_bank(bank)
    write_judged_run(held, runs / "judged", "made-up-judged", judged_by="us", version="0", by="us", at=THEN)
    publish(
        runs,
        "judged",
        scale_id="made-up-judged",
        provisional=True,
        effective=THEN,
        at=THEN,
        by="us",
        why="first",
    )
    return ops, new


def truth_of(ids, seed=1):
    rng = np.random.default_rng(seed)
    return Truth(
        {item: float(np.exp(rng.normal(0.25, 0.2))) for item in ids},
        {item: float(rng.normal(0, 0.8)) for item in ids},
    )


def answer(
    path,
    truth,
    scored,
    pretest,
    *,
    persons=500,
    per=15,
    seed=2,
    name="2026-A",
    day="2026-02-03",
    append=False,
):
    """Write synthetic answers: everybody `per` scored items drawn at random, and every pretest item."""
    rng = np.random.default_rng(seed)
    with path.open("a" if append else "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        if not append:
            table.writerow(COLUMNS)
        for k in range(persons):
            theta = rng.normal()
            given = [*rng.permutation(scored)[:per].tolist(), *pretest]
            for position, item in enumerate(given):
                b = truth.b[item] + truth.harder.get(item, 0.0)
                right = rng.random() < 1 / (1 + np.exp(-truth.a[item] * (theta - b)))
                best = "B" if item in truth.miskeyed else "A"
                others = [letter for letter in "ABCD" if letter != best]
                option = best if right else others[rng.integers(3)]
                table.writerow(
                    [
                        f"{name}-p{k}", f"{name}-s{k}", item, option, int(option == "A"), position,
                        round(float(np.exp(rng.normal(3.5, 0.4))), 1),
                        "pretest" if item in pretest else "scored",
                        f"{day}T09:00:00Z", name, "exam", "en" if k % 2 else "es",
                    ]
                )  # fmt: skip
    return path
