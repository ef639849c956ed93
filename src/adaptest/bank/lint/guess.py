"""How well keys are guessed by who knows nothing: GU01 from the options alone, GU02 from the stem.

GU01 is a conditional logit (McFadden 1974): option k of item i has utility x_ik' w, and

    P(key_i = k) = exp(x_ik' w) / sum_l exp(x_il' w),

fitted with a ridge penalty (lambda / 2) |w|^2, which makes the optimum unique. Features of an option: its
length relative to the item's mean, whether it is the longest or the shortest, its words, pairs of words in
a row, and its first word, as far as they occur in three options or more. Five folds by item; the split is
drawn by Philox from the items' ids in alphabetical order, so that it depends on nothing else. The penalty
is the one of three that finds most keys: an attacker would choose it so. That makes the share an upper
estimate, by a point or so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, Measure, found
from adaptest.numerics.random import Stream, permutation

Numbers = NDArray[np.float64]

FOLDS = 5
SEED = 2026
PENALTIES = (64.0, 16.0, 4.0)  # each fit begins where the one before ended
SCALE_OF_LENGTH = 5.0  # a tenth longer than the mean weighs as much as half a word
COMMON = 3
SMALL = 100
FOUND_LIMIT = 0.40
OVERLAP_LIMIT = 0.35
WORDS_SHOWN = 12
OVERLAP_RULES: tuple[tuple[str, Callable[[Iterable[float]], float], bool], ...] = (
    ("most words in common", max, False),
    ("largest share in common", max, True),
    ("fewest words in common", min, False),
    ("smallest share in common", min, True),
)


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """What the classifier finds.

    Attributes
    ----------
    found : (items,) whether the key of each item, left out of the fit, was found
    penalty : the ridge penalty with which most were found
    telling, denying : features that say key, and not key, the strongest first, with their number
    """

    found: NDArray[np.bool_]
    penalty: float
    telling: tuple[tuple[str, int], ...]
    denying: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Options as rows: features, the item of each, the row of each key, and each item's first row."""

    features: sparse.csr_array
    item: NDArray[np.intp]
    key: NDArray[np.intp]
    start: NDArray[np.intp]


def from_options(context: Context) -> Iterator[Measure | Finding]:
    """GU01: the share of keys that the options alone give away."""
    texts = [text for text in context.keyed if text.distractors]
    if len(texts) < 2 * FOLDS:
        return
    guess = guess_keys(texts)
    share, n = float(guess.found.mean()), len(texts)
    chance = sum(1 / len(text.item.options) for text in texts) / n
    telling = ", ".join(f"{name!r} ({count})" for name, count in guess.telling)
    denying = ", ".join(f"{name!r} ({count})" for name, count in guess.denying)
    note = f"chance {chance:.1%}, penalty {guess.penalty:g}; say key: {telling}; say not key: {denying}"
    name = "keys found from the options alone"
    yield Measure("GU01", name, share, n, limit=FOUND_LIMIT, note=note)
    if share > FOUND_LIMIT:
        got = (
            f"{share:.1%} of {n} items, where chance has {chance:.1%}; say key: {telling}; say not: {denying}"
        )
        yield found("GU01", got, severity="warning" if n < SMALL else "error")


def from_stems(context: Context) -> Iterator[Measure | Finding]:
    """GU02: the share of keys that have most words in common with the stem."""
    texts = [text for text in context.keyed if text.distractors]
    if not texts:
        return
    rules = {
        name: sum(_overlap_hit(text, pick=pick, relative=relative) for text in texts) / len(texts)
        for name, pick, relative in OVERLAP_RULES
    }
    share = max(rules.values())
    note = ", ".join(f"{name} {value:.1%}" for name, value in rules.items())
    yield Measure(
        "GU02", "keys found from the stem's words", share, len(texts), limit=OVERLAP_LIMIT, note=note
    )
    if share > OVERLAP_LIMIT:
        got = f"{share:.1%} of {len(texts)} items ({note})"
        yield found("GU02", got, severity="warning" if len(texts) < SMALL else "error")


def guess_keys(texts: Sequence[ItemText]) -> Guess:
    """Return which keys the classifier finds, and by what, in items that it was not fitted on."""
    problem, names, counts = _features(texts)
    fold = _folds([text.item.id for text in texts])
    hits = np.zeros((len(PENALTIES), len(texts)), dtype=np.bool_)
    for k in range(FOLDS):
        part, left_out = _part(problem, fold != k), fold == k
        weights = np.zeros(problem.features.shape[1])
        for row, penalty in enumerate(PENALTIES):
            weights = _fit(part, penalty, weights)
            best = _first_best(problem.features @ weights, problem)
            hits[row, left_out] = (best == problem.key)[left_out]
    row = int(hits.sum(axis=1).argmax())
    penalty = PENALTIES[row]
    nothing = np.zeros(problem.features.shape[1])
    weights = _fit(problem, penalty, nothing) * np.sqrt(np.minimum(counts, len(texts)))
    order = np.argsort(weights, kind="stable")
    shown = [(names[k], int(counts[k])) for k in order]
    return Guess(hits[row], penalty, tuple(shown[::-1][:WORDS_SHOWN]), tuple(shown[:WORDS_SHOWN]))


def _overlap_hit(text: ItemText, *, pick: Callable[[Iterable[float]], float], relative: bool) -> float:
    """Return the chance that the rule picks the key: 1, 0, or part of a tie."""
    score = {
        letter: len(text.content & said) / (max(len(said), 1) if relative else 1)
        for letter, said in text.options.items()
    }
    best = pick(score.values())
    top = [letter for letter, value in score.items() if value == best]
    return (text.item.key in top) / len(top)


def _folds(ids: Sequence[str]) -> NDArray[np.intp]:
    """Return each item's fold: the ids in alphabetical order, dealt out in an order drawn by Philox."""
    order = permutation(SEED, Stream.SELECTION, 0, len(ids))
    ranked = sorted(range(len(ids)), key=lambda k: ids[k])
    fold = np.empty(len(ids), dtype=np.intp)
    for place, rank in enumerate(order):
        fold[ranked[rank]] = place % FOLDS
    return fold


def _features(texts: Sequence[ItemText]) -> tuple[_Problem, list[str], NDArray[np.intp]]:
    """Return the options' features, the features' names, and in how many options each occurs."""
    described = [_described(text, letter) for text in texts for letter in text.item.options]
    often = Counter(name for one in described for name in one)
    names = sorted(name for name, n in often.items() if n >= COMMON)
    column = {name: k for k, name in enumerate(names)}
    rows = [[(column[name], value) for name, value in one.items() if name in column] for one in described]
    indices = np.array([k for row in rows for k, _ in row], dtype=np.int64)
    values = np.array([value for row in rows for _, value in row])
    starts = np.cumsum([0, *(len(row) for row in rows)])
    matrix = sparse.csr_array((values, indices, starts), shape=(len(rows), max(len(names), 1)))
    sizes = np.array([len(text.item.options) for text in texts], dtype=np.intp)
    first = np.cumsum(np.concatenate([[0], sizes[:-1]])).astype(np.intp)
    place = np.array([list(text.item.options).index(text.item.key) for text in texts], dtype=np.intp)
    item = np.repeat(np.arange(len(texts), dtype=np.intp), sizes)
    counts = np.array([often[name] for name in names] or [0], dtype=np.intp)
    return _Problem(matrix, item, first + place, first), names, counts


def _described(text: ItemText, letter: str) -> dict[str, float]:
    """Return one option's features."""
    words, lengths = text.option_words[letter], text.lengths
    mean = sum(lengths.values()) / len(lengths)
    features = dict.fromkeys(words, 1.0)
    features |= {f"{one} {other}": 1.0 for one, other in pairwise(words)}
    if words:
        features[f"{words[0]} (first word)"] = 1.0
    features["(length)"] = SCALE_OF_LENGTH * (lengths[letter] - mean) / mean
    features["(longest)"] = float(lengths[letter] == max(lengths.values()))
    features["(shortest)"] = float(lengths[letter] == min(lengths.values()))
    return features


def _part(problem: _Problem, kept: NDArray[np.bool_]) -> _Problem:
    """Return some of the items."""
    rows = np.flatnonzero(kept[problem.item])
    sizes = np.bincount(problem.item)[kept]
    start = np.cumsum(np.concatenate([[0], sizes[:-1]])).astype(np.intp)
    item = np.repeat(np.arange(len(sizes), dtype=np.intp), sizes)
    return _Problem(problem.features[rows], item, start + (problem.key - problem.start)[kept], start)


def _fit(problem: _Problem, penalty: float, start: Numbers) -> Numbers:
    """Return the weights that maximise the penalised log-likelihood, whatever the start: it is concave."""
    X, turned = problem.features, sparse.csr_array(problem.features.T)

    def loss(w: Numbers) -> tuple[float, Numbers]:
        utility = X @ w
        utility -= np.maximum.reduceat(utility, problem.start)[problem.item]
        odds = np.exp(utility)
        total = np.add.reduceat(odds, problem.start)
        residual = odds / total[problem.item]
        residual[problem.key] -= 1.0
        value = np.log(total).sum() - utility[problem.key].sum() + penalty / 2 * (w**2).sum()
        return float(value), turned @ residual + penalty * w

    with threadpool_limits(1):  # vectors this short cost BLAS more in waking threads than in adding
        return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-4}).x)


def _first_best(utility: Numbers, problem: _Problem) -> NDArray[np.intp]:
    """Return the row of each item's option with the highest utility, the first of equal ones."""
    top = np.maximum.reduceat(utility, problem.start)[problem.item]
    rows = np.where(utility >= top, np.arange(len(utility)), len(utility))
    return np.minimum.reduceat(rows, problem.start).astype(np.intp)
