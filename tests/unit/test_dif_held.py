"""Items studied over one table of what the held items say, held to whole calibrations with anchors."""

import numpy as np
import pytest

from adaptest import dif
from adaptest.dif import held as held_module
from adaptest.dif.held import Held
from adaptest.dif.multigroup import split_for
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

B = np.linspace(-1.5, 1.5, 6)
ITEMS = ItemParameters.of(
    LogisticItems(
        ("rasch", "2pl", "3pl", "4pl", "plain", "hard"), [1, 1.4, 1.2, 1.5, 0.8, 1.1], B,
        [0, 0, 0.2, 0.15, 0, 0], [1, 1, 1, 0.95, 1, 1], ("rasch", "2pl", "3pl", "4pl", "1pl", "2pl"),
    ),
    GradedItems(("grm",), [1.3], [[-0.5, 0.3, 1.2]]),
    PartialCreditItems(("gpcm",), [0.9], [[-0.4, 0.6]], ("gpcm",)),
    PartialCreditItems(("pcm",), [1.0], [[0.5, -0.2]], ("pcm",)),
    NominalItems(("nrm",), [[0, 0.5, 1.2]], [[0, 0.4, -0.3]]),
)  # fmt: skip


def drawn(count=1200, seed=3, impact=0.6):
    """Two groups; everyone answers seven or so of the ten items, with weights."""
    rng = np.random.default_rng(seed)
    group = (np.arange(count) % 3 == 0).astype(int)
    p = ITEMS.probability(rng.normal(size=count) - impact * group)
    cells = (rng.random(p.shape[:2])[..., None] > p.cumsum(axis=-1)).sum(axis=-1)
    cells = np.minimum(cells, ITEMS.categories - 1)
    cells[rng.random(cells.shape) < 0.3] = -1
    cells[5] = -1  # somebody without an answer
    weight = rng.integers(1, 3, count).astype(float)
    return Responses.of(cells.astype(np.int8), ITEMS.ids, group=group, groups=("r", "f"), weight=weight)


@pytest.fixture(scope="module")
def split():
    return split_for(drawn(), ITEMS, "r", "f", held=True)


@pytest.fixture(scope="module")
def held(split):
    return Held.of(split)


@pytest.mark.parametrize("item", ITEMS.ids)
def test_the_table_gives_what_whole_calibrations_give(split, held, item):
    low, high = held.fit(item, free=False), held.fit(item, free=True)
    slow_low, slow_high = split.fit([], studied=item), split.fit([item])
    ratio, slow = (2 * (b.log_likelihood - a.log_likelihood) for a, b in ((low, high), (slow_low, slow_high)))
    assert ratio == pytest.approx(slow, abs=1e-3)
    assert low.log_likelihood == pytest.approx(slow_low.log_likelihood, abs=1e-2)
    assert high.n_parameters - low.n_parameters == slow_high.n_parameters - slow_low.n_parameters
    names = item, split.focal_name(item)
    assert high.items.ids == names
    theta = np.linspace(-3, 3, 25)
    rows = np.array([slow_high.items.row[name] for name in names])
    expected = slow_high.items.take(rows).expected_score(theta)
    assert high.items.expected_score(theta) == pytest.approx(expected, abs=1e-3)
    for ours, theirs in zip(high.groups, slow_high.groups, strict=True):
        assert (ours.mean, ours.variance) == pytest.approx((theirs.mean, theirs.variance), abs=1e-3)


def test_a_table_that_would_be_too_large_is_not_made_and_the_verdict_is_the_same(monkeypatch):
    people = drawn()
    options = {"held": True, "wald": False, "studied": ["2pl", "grm"]}
    ours = dif.multigroup(people, ITEMS, **options).likelihood_ratio
    monkeypatch.setattr(held_module, "MOST", 1000)
    assert Held.of(split_for(people, ITEMS, None, None, held=True)) is None
    theirs = dif.multigroup(people, ITEMS, **options).likelihood_ratio
    assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-3, nan_ok=True)
    assert ours.effect == pytest.approx(theirs.effect, abs=1e-3, nan_ok=True)
    assert (ours.df == theirs.df)[np.isfinite(ours.df)].all()


def test_nodes_are_close_enough_for_whoever_is_measured_best(monkeypatch):
    ids = tuple(f"i{k}" for k in range(60))
    steep = ItemParameters.of(
        LogisticItems(ids, np.full(60, 6.0), np.linspace(-2, 2, 60), np.zeros(60), np.ones(60))
    )
    rng = np.random.default_rng(1)
    right = rng.random((400, 60)) < steep.probability(rng.normal(size=400))[..., 1]
    people = Responses.of(right.astype(np.int8), ids, group=np.arange(400) % 2, groups=("r", "f"))
    split = split_for(people, steep, None, None, held=True)
    held = Held.of(split)
    monkeypatch.setattr(held_module, "SPACING", 0.02)
    finer = Held.of(split)
    assert 2 * np.diff(finer.nodes)[0] < np.diff(held.nodes)[0] < 0.1
    for free in (False, True):
        ours, theirs = (one.fit("i30", free=free).log_likelihood for one in (held, finer))
        assert ours == pytest.approx(theirs, abs=1e-4)
