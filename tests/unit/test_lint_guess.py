"""The classifier on options alone finds what is there, and nothing where nothing is."""

from collections import Counter

import numpy as np
import pytest

from adaptest.bank.lint.context import ItemText
from adaptest.bank.lint.guess import FOLDS, _features, _fit, _folds, guess_keys
from adaptest.bank.schema import Item
from adaptest.numerics.random import Stream, uniform

N = 120
LETTERS = "ABCD"


def item(k, cue=""):
    draws = uniform(11, Stream.SIMULEE, np.full(20, k), np.arange(20))
    key = LETTERS[int(draws[16] * 4)]
    options = {
        o: " ".join(f"w{int(x * 40)}" for x in draws[4 * r : 4 * r + 4]) for r, o in enumerate(LETTERS)
    }
    options[key] += cue
    facts = {"competency": "c", "domain": "d", "level": "recall", "stem": "Why?", "status": "operational"}
    return ItemText.of(Item.model_validate({"id": f"I-{k:03d}", "options": options, "key": key, **facts}))


def test_a_word_in_every_key_is_found_and_named():
    guess = guess_keys([item(k, " indeed") for k in range(N)])
    assert guess.found.mean() == 1.0
    assert "indeed" in [name.split()[0] for name, _ in guess.telling]


def test_nothing_is_found_where_nothing_is():
    share = guess_keys([item(k) for k in range(N)]).found.mean()
    # the best of three penalties, each a binomial share about 1/4: four standard errors above it
    assert share < 0.25 + 4 * np.sqrt(0.25 * 0.75 / N)


def test_the_share_does_not_depend_on_the_order_of_the_items():
    texts = [item(k, " indeed" if k % 3 == 0 else "") for k in range(N)]
    there = guess_keys(texts).found
    back = guess_keys(texts[::-1]).found
    assert (there == back[::-1]).all()


def test_folds_are_even_and_fixed():
    ids = [f"I-{k}" for k in range(23)]
    fold = _folds(ids)
    assert sorted(Counter(fold.tolist()).values()) == [4, 4, 5, 5, 5]
    assert len(set(fold.tolist())) == FOLDS
    assert (_folds(ids[::-1])[::-1] == fold).all()


def test_the_fit_is_at_its_optimum():
    problem, names, _ = _features([item(k, " indeed" if k % 2 else "") for k in range(N)])
    weights = _fit(problem, 4.0, np.zeros(len(names)))
    utility = problem.features @ weights
    odds = np.exp(utility - utility.max())
    share = odds / np.add.reduceat(odds, problem.start)[problem.item]
    share[problem.key] -= 1
    gradient = problem.features.T @ share + 4.0 * weights
    assert len(names) == len(weights)
    assert np.abs(gradient).max() == pytest.approx(0, abs=1e-3)
