"""A real credential exam (the public slice): ten pretest items onto the scale of its 85 scored ones."""

import csv

import numpy as np
import pytest

from adaptest.calibration import calibrate
from adaptest.programme.log import log_of_file
from adaptest.programme.policy import Policy
from adaptest.programme.recalibrate import recalibrate
from adaptest.programme.task import BankItem, Base, Task
from adaptest.responses import Responses

SCORED, PRETEST, MET = 85, 10, 356


@pytest.fixture(scope="module")
def credential(shared, tmp_path_factory):
    """The base release (Rasch, 85 items, 800 candidates), and a log of all answers with their options."""
    folder = shared / "data"
    with (folder / "credential_public_items.csv").open(newline="", encoding="utf-8") as file:
        items = list(csv.DictReader(file))
    with (folder / "credential_public_choices.csv").open(newline="", encoding="utf-8") as file:
        choices = list(csv.DictReader(file))
    with (folder / "credential_public_scores.csv").open(newline="", encoding="utf-8") as file:
        scores = list(csv.DictReader(file))
    names = [name for name in scores[0] if name in {row["item"] for row in items}]
    met = {name: sum(row[name] != "" for row in scores) for name in names}
    new = [name for name in names if met[name] == MET]
    old = [name for name in names if name not in new]
    assert (len(old), len(new)) == (SCORED, PRETEST)
    cells = np.array([[int(row[name] or -1) for name in old] for row in scores], dtype=np.int8)
    fit = calibrate(Responses.of(cells, tuple(old)), "rasch")
    path = tmp_path_factory.mktemp("credential") / "log.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("person", "item", "response", "score", "role"))
        for row, chosen in zip(scores, choices, strict=True):
            assert row["candidate"] == chosen["candidate"]
            for name in names:
                if row[name] != "":
                    role = "pretest" if name in new else "scored"
                    table.writerow((row["candidate"], name, chosen[name], row[name], role))
    keys = {row["item"]: row["key"] for row in items if row["item"] in names}
    base = Base(1, "base", "credential-1", judged=False, table=fit.table, covariance=fit.covariance)
    bank = {
        name: BankItem(name, "pretest" if name in new else "operational", keys[name], ("1", "2", "3", "4"))
        for name in names
    }
    log = log_of_file(str(path), keys, frozenset(new))
    return base, bank, log, new, old


def run(credential, model):
    base, bank, log, _, _ = credential
    policy = Policy.model_validate({"model": model, "impact": {"simulees": 0}})
    return recalibrate(Task("credential", base, bank, log, policy))


def test_ten_pretest_items_of_356_candidates_come_onto_the_scale_of_the_85_by_rasch(credential):
    base, _, log, new, old = credential
    outcome = run(credential, "rasch")
    decided = {one.item: one for one in outcome.decisions}
    assert {decided[item].n for item in new} == {MET}
    assert outcome.gated.needed.tolist() == [250] * PRETEST
    assert outcome.gated.met.all()
    accepted = [item for item in new if decided[item].decision == "accept"]
    assert len(accepted) >= 3
    assert {decided[item].decision for item in new} <= {"accept", "reject", "key-fix"}
    for item in new:  # what is not accepted says why, in numbers
        assert decided[item].decision == "accept" or decided[item].detail
    assert all(decided[item].decision in {"accept", "key-fix"} for item in old)  # nothing to have moved from
    table = outcome.table
    assert set(table.scale_id) == {"credential-1"}
    # the same item calibrated with all others free agrees, once the 85 are put on the base's origin
    names = [*old, *accepted]
    cells = np.full((len(log.persons), len(names)), -1, dtype=np.int8)
    place = {name: k for k, name in enumerate(names)}
    for person, item, score in zip(log.person[log.sitting], log.item, log.score, strict=True):
        if log.items[item] in place:
            cells[person, place[log.items[item]]] = score
    free = calibrate(Responses.of(cells, tuple(names)), "rasch", se="none").items.blocks[0]
    held = base.table.items.blocks[0]
    shift = np.mean([free.b[free.ids.index(item)] - held.b[held.ids.index(item)] for item in old])
    new_values = table.items.blocks[0]
    for item in accepted:
        ours = new_values.b[new_values.ids.index(item)]
        se = table.se["difficulty"][table.ids.index(item)]
        assert abs(free.b[free.ids.index(item)] - shift - ours) < se / 4
        assert 0.08 < se < 0.25


def test_the_2pl_gate_holds_all_ten_with_the_reason(credential):
    new = credential[3]
    decided = {one.item: one for one in run(credential, "2pl").decisions}
    assert {(decided[item].decision, decided[item].reason) for item in new} == {("hold", "below_gate")}
    assert {decided[item].detail for item in new} == {f"{MET} of 400 responses"}
