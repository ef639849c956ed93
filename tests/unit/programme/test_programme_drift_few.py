"""A calibrated item below the gate: moved, it is held; as it was, it is kept."""

import numpy as np
import pytest

from adaptest.calibration import CovarianceBlock
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.programme.collect import collect
from adaptest.programme.decide import propose
from adaptest.programme.estimate import Estimates
from adaptest.programme.gates import gate
from adaptest.programme.log import log_of_file
from adaptest.programme.moved import find_moved
from adaptest.programme.policy import Policy
from adaptest.programme.screen import Screened
from adaptest.programme.task import BankItem, Base, Task

B = np.array([-1.2, -0.8, -0.4, 0.0, 0.4, 0.8, 1.2, 0.0])
IDS = tuple(f"i{k}" for k in range(1, len(B) + 1))
FEW, PERSONS, ANSWERS = IDS[-1], 600, 200  # Rasch asks for 250, the score test for 50
SE = 0.05  # of the base's difficulties
NOTHING = Estimates(None, (), {}, 0, (), {})
UNSCREENED = Screened(
    (), np.zeros(0, bool), np.zeros(0, int), *(np.zeros(0),) * 3, options=(), flags=(), theta=np.zeros(0)
)


def proposed(tmp_path, shift, answers=ANSWERS):
    """What the loop proposes, with the rare item harder by some logits: two persons in three lack it."""
    rng = np.random.default_rng(8)
    theta, chance = rng.normal(size=PERSONS), rng.random((PERSONS, len(B)))
    right = chance < 1 / (1 + np.exp(B + shift * (np.array(IDS) == FEW) - theta[:, None]))
    lines = [
        f"p{n},s{n},{item},{int(right[n, j])}"
        for n in range(PERSONS)
        for j, item in enumerate(IDS)
        if item != FEW or n < answers
    ]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(("person,sitting,item,score", *lines)) + "\n", encoding="utf-8")
    one, zero = np.ones(len(B)), np.zeros(len(B))
    values = ItemParameters.of(LogisticItems(IDS, one, B, zero, one, ("rasch",) * len(B)))
    table = ParameterTable.of(values, se={"difficulty": SE * one}, basis="calibrated")
    block = CovarianceBlock(tuple((item, "difficulty") for item in IDS), SE**2 * np.eye(len(B)))
    base = Base(1, "base", "scale", judged=False, table=table, covariance=(block,))
    items = {item: BankItem(item, "operational", "A", ("A", "B")) for item in IDS}
    policy = Policy()
    log = log_of_file(str(path), dict.fromkeys(IDS, "A"), frozenset())
    task = Task("bank", base, items, log, policy)
    found = collect(log, policy.collect, practice=frozenset(), known=())
    volume = gate(found, IDS, ["rasch"] * len(B), policy.gates, found.used)
    moved = find_moved(task, found, volume)
    new = gate(found, (), (), policy.gates, found.used)
    rows = propose(task, found, new, volume, UNSCREENED, NOTHING, moved, NOTHING)
    return volume, {row.item: row for row in rows}


@pytest.mark.parametrize(("shift", "how"), [(1.2, "harder"), (-1.2, "easier")])
def test_a_rarely_answered_item_that_moved_is_held(tmp_path, shift, how):
    volume, rows = proposed(tmp_path, shift)
    assert volume.passed == IDS[:-1]  # the rare one alone is below the gate
    row = rows[FEW]
    assert (row.role, row.decision, row.reason) == ("operational", "hold", "drift_few")
    assert row.detail.startswith(how)
    assert row.detail.endswith(f"by score test; {ANSWERS} responses")
    others = {(rows[item].decision, rows[item].reason) for item in IDS[:-1]}
    assert others == {("accept", "base_value")}  # it does not pull the others along


def test_a_rarely_answered_item_that_did_not_move_is_kept(tmp_path):
    _, rows = proposed(tmp_path, 0.0)
    row = rows[FEW]
    assert (row.decision, row.reason) == ("accept", "rarely_used")
    assert row.detail == f"{ANSWERS} scored responses in the drift window"


def test_below_the_score_tests_own_minimum_nothing_is_said_of_a_shift(tmp_path):
    fewest = Policy().drift.score_minimum
    _, rows = proposed(tmp_path, 3.0, fewest - 1)
    assert (rows[FEW].decision, rows[FEW].reason) == ("accept", "rarely_used")
    _, rows = proposed(tmp_path, 3.0, fewest)
    assert (rows[FEW].decision, rows[FEW].reason) == ("hold", "drift_few")
