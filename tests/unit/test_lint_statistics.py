"""P-values and similarities of `bank check` against scipy.stats and against sums by hand."""

import numpy as np
import pytest
from scipy import stats

from adaptest.bank.lint.chance import binomial_p, chi_square_p, fisher_p
from adaptest.bank.lint.masking import masked
from adaptest.bank.lint.similarity import pairs_above, shared_shingles, tfidf

EXACT = 1e-10  # relative: log-gamma of numbers below 1,000 loses fewer than six digits


@pytest.mark.parametrize(
    ("k", "n", "chance"), [(0, 20, 0.25), (5, 20, 0.25), (17, 60, 0.25), (40, 40, 0.5), (139, 540, 0.25)]
)
def test_binomial_p_values_are_those_of_scipy(k, n, chance):
    assert binomial_p(k, n, chance) == pytest.approx(stats.binomtest(k, n, chance).pvalue, rel=EXACT)


@pytest.mark.parametrize("table", [(8, 2, 1, 5), (0, 900, 0, 300), (12, 1608, 0, 540), (3, 0, 0, 4)])
def test_fisher_p_values_are_those_of_scipy(table):
    a, b, c, d = table
    expected = stats.fisher_exact([[a, b], [c, d]], alternative="greater").pvalue
    assert fisher_p(*table) == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize(("x", "degrees"), [(0.0, 3), (7.8147, 3), (30.0, 4)])
def test_chi_square_p_values_are_those_of_scipy(x, degrees):
    assert chi_square_p(x, degrees) == pytest.approx(stats.chi2.sf(x, degrees), rel=EXACT)


def test_cosines_are_products_of_unit_rows_of_tf_idf():
    documents = [["a", "b", "b"], ["a", "c"], ["d"], []]
    rows = tfidf(documents).toarray()
    idf = {word: np.log(5 / (1 + n)) + 1 for word, n in {"a": 2, "b": 1, "c": 1, "d": 1}.items()}
    first, second = np.array([idf["a"], 2 * idf["b"], 0]), np.array([idf["a"], 0, idf["c"]])
    cosine = (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())
    ((i, j, x),) = pairs_above(tfidf(documents), 0.01)
    assert (i, j) == (0, 1)
    assert x == pytest.approx(cosine, rel=1e-12)
    assert np.allclose((rows**2).sum(axis=1), [1, 1, 1, 0])


def test_pairs_are_found_across_blocks_of_rows(monkeypatch):
    documents = [[f"w{k % 5}", f"v{k % 3}"] for k in range(17)]
    whole = pairs_above(tfidf(documents), 0.3)
    monkeypatch.setattr("adaptest.bank.lint.similarity.ROWS", 4)
    assert pairs_above(tfidf(documents), 0.3) == whole
    assert all(i < j for i, j, _ in whole)


def test_shingles_are_shared_as_jaccard_says():
    one, other = list("abcdef"), list("abcdeg")
    assert shared_shingles([one, other], 5, 0.2) == [(0, 1, pytest.approx(1 / 3))]
    assert shared_shingles([one, other], 5, 0.4) == []


def test_stems_with_names_ages_and_settings_swapped_are_one_stem():
    one = masked("At a shelter, a peer worker meets Rosa, 34, who lost her father.")
    other = masked("At a clinic, a peer worker meets Malik, 61, who lost his father.")
    assert one == other
