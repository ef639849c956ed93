"""Theta without each item at once, held to scoring each response pattern without the item by itself."""

import numpy as np
import pytest

from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.scoring import Outcome, score
from adaptest.scoring.leave_one_out import wle_without_each
from adaptest.scoring.matched import matched


def logistic(count, rng, *, c=0.0, d=1.0, steep=1.0):
    ids = tuple(f"i{k}" for k in range(count))
    a = steep * np.exp(rng.normal(0.1, 0.3, count))
    return ItemParameters.of(
        LogisticItems(ids, a, rng.normal(size=count), np.full(count, c), np.full(count, d))
    )


def mixed(rng):
    graded = GradedItems(("g1", "g2", "g3"), rng.uniform(0.8, 2, 3), np.sort(rng.normal(size=(3, 3)), axis=1))
    partial = PartialCreditItems(("p1", "p2"), [0.7, 1.3], rng.normal(size=(2, 2)))
    nominal = NominalItems(("n1",), [[0, 0.5, 1.2]], [[0, 0.4, -0.3]])
    binary = LogisticItems(("b1", "b2", "b3"), [1.0, -0.6, 2.0], [0.0, 0.5, -1.0], [0, 0, 0.2], [1, 1, 0.95])
    return ItemParameters(
        ("b1", "g1", "p1", "b2", "n1", "g2", "b3", "p2", "g3"), (graded, partial, nominal, binary)
    )


def two_peaks(rng):
    """Easy items wrong, hard ones with guessing right: two maxima with some items, one without."""
    del rng
    a, b = [2.0] * 3 + [3.0] * 3, [-2.0, -2.0, 0.0, 3.0, 3.0, 3.0]
    ids = tuple(f"i{k}" for k in range(6))
    return ItemParameters.of(LogisticItems(ids, a, b, [0, 0, 0, 0.2, 0.2, 0.2], np.ones(6)))


BANKS = {
    "2pl": (lambda rng: logistic(40, rng), 15),
    "3pl": (lambda rng: logistic(25, rng, c=0.25), 12),
    "4pl": (lambda rng: logistic(12, rng, c=0.2, d=0.9), 12),
    "a few": (lambda rng: logistic(4, rng, c=0.2), 3),
    "one": (lambda rng: logistic(3, rng), 1),
    "all": (lambda rng: logistic(8, rng), 8),
    "mixed": (mixed, 7),
    "steep": (lambda rng: logistic(10, rng, steep=25.0), 6),
    "two peaks": (two_peaks, 6),
}


def answers(items, count, given, rng, *, sparse):
    """Answers of as many persons to `given` items or fewer of their own; the first are all right or wrong."""
    p = items.probability(rng.normal(size=count))
    cells = (rng.random(p.shape[:2])[..., None] > p.cumsum(axis=-1)).sum(axis=-1)
    cells = np.minimum(cells, items.categories - 1)
    cells[0], cells[1] = 0, items.categories - 1
    for row in cells:
        row[rng.permutation(len(items))[: len(items) - rng.integers(max(given - 3, 1), given + 1)]] = -1
    people = Responses.of(cells.astype(np.int8), items.ids)
    return Responses.of(people.sparse(), items.ids) if sparse else people


@pytest.mark.parametrize("name", BANKS)
def test_theta_without_each_item_is_that_of_the_other_answers_alone(name):
    rng = np.random.default_rng(list(BANKS).index(name))
    make, given = BANKS[name]
    items = make(rng)
    people = answers(items, 120, given, rng, sparse=name != "all")
    data = matched(items, people)
    matching = np.arange(len(items) - (len(items) > 8))  # one item may stand outside: theta is then on all
    asked = np.arange(len(items)) != 1
    theta, sem = wle_without_each(data, matching, asked)
    outcomes = set()
    for j, cells in data.by_item():
        if not asked[j]:
            assert np.isnan(theta[cells]).all()
            continue
        rest = people.take_persons(data.person[cells]).take_items(matching[matching != j])
        alone = score(items, rest, "wle")
        outcomes |= set(alone.outcome.tolist())
        expected = np.where(alone.converged, alone.theta, np.nan)
        assert theta[cells] == pytest.approx(expected, abs=1e-10, nan_ok=True)
        assert sem[cells] == pytest.approx(
            np.where(alone.converged, alone.sem, np.nan), abs=1e-10, nan_ok=True
        )
    assert Outcome.OK in outcomes or name == "one"
    assert Outcome.MULTIPLE_MAXIMA in outcomes or name != "two peaks"
