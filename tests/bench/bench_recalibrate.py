"""Speed of the loop: 20,000 sittings of 60 answers over 600 items, every step but the simulation.

python -m pytest -m bench tests/bench/bench_recalibrate.py -s     prints each step's seconds; limit: 60 s on 2
cores, with a column of two groups (DIF of every item) as without
"""

import csv
import time

import numpy as np
import pytest

from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.parameters.table import ParameterTable
from adaptest.programme.candidate import content_of, write_candidate
from adaptest.programme.log import log_of_file
from adaptest.programme.page import page_of
from adaptest.programme.policy import Checks, Policy
from adaptest.programme.recalibrate import recalibrate
from adaptest.programme.task import BankItem, Base, ScoringRule, Task

pytestmark = pytest.mark.bench
SITTINGS, ANSWERS, ITEMS, NEW, LIMIT_S = 20_000, 60, 600, 40, 60.0


@pytest.mark.parametrize("group", [None, "region"])
def test_all_steps_but_simulation(tmp_path, group):
    rng = np.random.default_rng(1)
    ids = [f"i{k:03d}" for k in range(ITEMS)]
    new = frozenset(ids[-NEW:])
    a, b = np.exp(rng.normal(0.1, 0.25, ITEMS)), rng.normal(0, 1, ITEMS)
    path = tmp_path / "log.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(
            (
                "person", "sitting", "item", "response", "score", "position", "time_s", "role",
                "administration", "region",
            )
        )  # fmt: skip
        for k in range(SITTINGS):
            theta = rng.normal()
            given = rng.choice(ITEMS, ANSWERS, replace=False)
            right = rng.random(ANSWERS) < 1 / (1 + np.exp(-a[given] * (theta - b[given])))
            seconds = np.exp(rng.normal(3.5, 0.4, ANSWERS)).round(1)
            for position, (item, hit, took) in enumerate(zip(given, right, seconds, strict=True)):
                role = "pretest" if ids[item] in new else "scored"
                option = "A" if hit else "BCD"[(item + k) % 3]
                table.writerow(
                    (
                        f"p{k}", f"s{k}", ids[item], option, int(hit), position, took, role,
                        f"adm-{k // 5_000}", ("north", "south")[k % 2],
                    )
                )  # fmt: skip
    old = [item for item in ids if item not in new]
    held = LogisticItems(
        tuple(old), a[:-NEW], b[:-NEW], np.zeros(len(old)), np.ones(len(old)), ("2pl",) * len(old)
    )
    se = np.full(len(old), 0.07)
    base = Base(
        1, "base", "s", judged=False,
        table=ParameterTable.of(
            ItemParameters.of(held),
            se={"discrimination": se, "difficulty": se},
            basis="calibrated",
            status="estimated",
        ),
    )  # fmt: skip
    bank = {
        item: BankItem(item, "pretest" if item in new else "operational", "A", tuple("ABCD")) for item in ids
    }
    rule = ScoringRule("wle", 0.0, 1.0, 0.0, 10.0, 50.0)
    began, spent = time.monotonic(), time.process_time()
    log = log_of_file(str(path), dict.fromkeys(ids, "A"), new, group=group)
    read = time.monotonic() - began
    outcome = recalibrate(
        Task("bank", base, bank, log, Policy(checks=Checks(group=group)), {"": rule}, version="bench"),
        work=tmp_path / "work",
    )
    wrote = time.monotonic()
    folder = tmp_path / "out"
    folder.mkdir()
    content = content_of(outcome)
    write_candidate(
        folder,
        content,
        page_of(content),
    )
    ended = time.monotonic()
    steps = {"0-1 reading": read, **outcome.seconds, "9 writing": ended - wrote}
    for name, seconds in steps.items():
        print(f"{name:14} {seconds:6.1f} s")  # noqa: T201 (what a bench is for)
    cpu = time.process_time() - spent
    print(f"{'whole':14} {ended - began:6.1f} s, {cpu:.1f} s of one core; limit {LIMIT_S:.0f} s")  # noqa: T201
