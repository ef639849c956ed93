"""Ways that are known spare integer programs, and never change an answer."""

from fractions import Fraction

import numpy as np
import pytest

from adaptest.constraints import feasibility
from adaptest.constraints import reach as reaches
from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.certificates import Certificates
from adaptest.constraints.conflict import admissible
from adaptest.constraints.reach import Reach
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

N = 60


def crossed(rng):
    """Return a pool and rules that cross: domains by shares, levels by numbers, one share within another."""
    ids = tuple(f"i{k:02d}" for k in range(N))
    enemies = tuple(frozenset((ids[k], ids[k + 1])) for k in range(0, 20, 5))
    ones = np.ones(N)
    pool = Pool(
        ItemParameters.of(LogisticItems(ids, ones, rng.normal(size=N), np.zeros(N), ones)), enemies=enemies
    )
    domain, level = rng.integers(0, 4, N), rng.integers(0, 3, N)
    rules = [
        Rule(f"domain {k}", domain == k, None, Fraction(15, 100), Fraction(35, 100)) for k in range(4)
    ] + [Rule(f"level {k}", level == k, minimum=2, maximum=7) for k in range(3)]
    rules.append(Rule("of domain 0", (domain == 0) & (level == 0), domain == 0, None, Fraction(2, 3)))
    return pool, Blueprint(tuple(rules), N)


class Without(Certificates):
    """Ways that never serve."""

    def used(self, *_):
        return None

    def hopeless(self, *_):
        return False


@pytest.mark.parametrize("seed", range(3))
def test_answers_with_known_ways_are_those_of_the_program_and_most_need_none(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    pool, blueprint = crossed(rng)
    stops = admissible(pool, blueprint, 12, 16)
    asked = []

    def counted(*question):
        asked.append(question)
        return feasibility.way(*question)

    monkeypatch.setattr(reaches, "way", counted)
    quick, slow = Reach(pool, blueprint, stops), Reach(pool, blueprint, stops)
    slow.__dict__["certificates"] = Without(blueprint, stops)
    programs = [0, 0]
    for _ in range(2):
        counts, available = np.zeros((1, blueprint.n_cells), dtype=np.int64), np.ones((1, N), dtype=np.bool_)
        for length in range(stops[-1]):
            begin = len(asked)
            mine = quick.allowed(counts, available, length)
            middle = len(asked)
            theirs = slow.allowed(counts, available, length)
            programs[0] += middle - begin
            programs[1] += len(asked) - middle
            assert mine.tolist() == theirs.tolist()
            assert mine.any()
            row = int(rng.choice(np.flatnonzero(mine[0])))
            counts[0, blueprint.cell[row]] += 1
            available[0, pool.rivals[row]] = False
    assert programs[0] < programs[1] / 2


def test_every_way_that_is_kept_or_exchanged_keeps_every_rule():
    rng = np.random.default_rng(9)
    pool, blueprint = crossed(rng)
    stops = admissible(pool, blueprint, 12, 16)
    reach = Reach(pool, blueprint, stops)
    counts, available = np.zeros((1, blueprint.n_cells), dtype=np.int64), np.ones((1, N), dtype=np.bool_)
    for length in range(stops[-1]):
        may = reach.allowed(counts, available, length)
        row = int(rng.choice(np.flatnonzero(may[0])))
        counts[0, blueprint.cell[row]] += 1
        available[0, pool.rivals[row]] = False
    known = reach.certificates.known
    assert len(known) > 3
    for at, first in known:
        assert (np.diff(at[first:], axis=0) >= 0).all()
        for counts_, stop in zip(at[first:], stops[first:], strict=True):
            assert counts_.sum() == stop
            assert blueprint.holds(counts_[None], stop)[0]
