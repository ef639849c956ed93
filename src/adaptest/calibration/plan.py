"""From items, models and data to blocks: what is estimated, what is fixed, what cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.calibration.block import Block
from adaptest.calibration.divide_kernel import NominalKernel, PartialCreditKernel
from adaptest.calibration.kernel import Kernel
from adaptest.calibration.logistic_kernel import LogisticKernel
from adaptest.calibration.options import NO_DIFFICULTY, NO_DISCRIMINATION, SLOPE_FIXED
from adaptest.calibration.ordinal_kernel import OrdinalKernel
from adaptest.calibration.priors import BlockPriors, ItemPriors, Prior
from adaptest.errors import CalibrationError
from adaptest.models.base import Floats, Rows
from adaptest.responses.table import Responses, SparseRows

BINARY = {"rasch": 2, "1pl": 2, "2pl": 2, "3pl": 3, "4pl": 4}  # model -> its parameters


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """An item held at known values: slopes and intercepts, and their covariance if it is known."""

    model: str
    psi: Floats
    categories: int
    covariance: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class ItemPlan:
    """What happens to one item.

    Attributes
    ----------
    model : name in files; status : "estimated", "anchored", "extreme" or "no_responses"
    used : the scores that are its categories, ascending
    priors : of its parameters
    anchor : its values where it is anchored
    """

    model: str
    status: str
    used: tuple[int, ...]
    priors: ItemPriors
    anchor: Anchor | None

    @property
    def fitted(self) -> bool:
        """Whether its responses enter the likelihood."""
        return self.status in {"estimated", "anchored"}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Every item's plan, and the blocks of those that enter the fit.

    Attributes
    ----------
    items : (J,) in the input's order
    fitted : (I,) rows of the items in the fit; sizes : (I,) their categories
    category : (J, S) category of each score, -1 where it has none
    blocks : they cover the items of the fit; their rows count from 0 to I - 1
    """

    items: tuple[ItemPlan, ...]
    fitted: Rows
    sizes: Rows
    category: NDArray[np.int16]
    blocks: tuple[Block, ...]


def tally(responses: Responses) -> Floats:
    """Return (J, S) sums of weights by score; S is one more than the highest score."""
    items = len(responses.items)
    unweighted = bool((responses.weight == 1).all())
    if isinstance(responses.cells, SparseRows):
        cells = responses.cells
        scores = int(cells.score.max(initial=1)) + 1
        kept = cells.score >= 0
        key = cells.item.astype(np.int64) * scores + cells.score
        weight = None if unweighted else np.repeat(responses.weight, np.diff(cells.start))
        if not kept.all():
            key, weight = key[kept], (None if weight is None else weight[kept])
        return np.bincount(key, weights=weight, minlength=items * scores).reshape(items, scores).astype(float)
    whole = responses.cells
    scores = int(whole.max(initial=1)) + 1
    result = np.empty((items, scores))
    for score in range(scores):
        hit = whole == score
        result[:, score] = hit.sum(axis=0) if unweighted else responses.weight @ hit
    return result


def plan(
    names: Sequence[str],
    counts: Floats,
    models: Sequence[str],
    priors: Sequence[ItemPriors],
    anchors: Mapping[int, Anchor],
) -> Plan:
    """Return what happens to each item.

    Parameters
    ----------
    names : (J,) item ids
    counts : (J, S) answers by score
    models, priors : (J,)
    anchors : by item row

    Raises
    ------
    CalibrationError, naming the first item whose scores do not fit its model.
    """
    union = _rating_scale(counts, models)
    items = []
    totals = counts.sum(axis=1).tolist()
    by_item = np.split(*_used(counts))
    for j, (model, prior) in enumerate(zip(models, priors, strict=True)):
        used = by_item[j]
        anchor = anchors.get(j)
        categories = anchor.categories if anchor else (2 if model in BINARY else counts.shape[1])
        if used.size and used[-1] >= categories:
            what = f"{model} item has scores 0 to {categories - 1}"
            raise CalibrationError(
                f"item {names[j]!r}: a {what}; got {int(counts[j, used[-1]])} times {used[-1]}"
            )
        if anchor:
            items.append(ItemPlan(model, "anchored", tuple(range(categories)), ItemPriors(), anchor))
            continue
        status = _status(len(used), totals[j], model, prior)
        if model in BINARY:
            used = np.arange(2)
        elif model == "rsm":
            used = union
        items.append(ItemPlan(model, status, tuple(used.tolist()), prior, None))
    fitted = np.array([j for j, item in enumerate(items) if item.fitted], dtype=np.intp)
    category = np.full(counts.shape, -1, dtype=np.int16)
    for j in fitted:
        category[j, : len(items[j].used)] = -1
        for k, score in enumerate(items[j].used):
            if score < counts.shape[1]:
                category[j, score] = k
    sizes = np.array([len(items[j].used) for j in fitted], dtype=np.intp)
    return Plan(tuple(items), fitted, sizes, category, _blocks([items[j] for j in fitted], sizes))


def _used(counts: Floats) -> tuple[Rows, Rows]:
    """Return the scores that somebody has, item after item, and where those of the second to last begin."""
    some = counts > 0
    return np.nonzero(some)[1], some.sum(axis=1).cumsum()[:-1]


def _status(used: int, total: float, model: str, priors: ItemPriors) -> str:
    """Return whether an item can be estimated, and why not: scores that somebody has, and answers."""
    if not used:
        return "no_responses"
    if used == 1 and not (priors.difficulty and model in BINARY):
        return "extreme"
    own = 1 if model in {*SLOPE_FIXED, "1pl"} else 2
    if total < own and not priors.discrimination:
        return "inestimable"
    return "estimated"


def _rating_scale(counts: Floats, models: Sequence[str]) -> Rows:
    """Return the scores that some item of the rating scale uses."""
    rows = [j for j, model in enumerate(models) if model == "rsm"]
    return np.flatnonzero(counts[rows].sum(axis=0) > 0) if rows else np.empty(0, np.intp)


def _blocks(items: Sequence[ItemPlan], sizes: Rows) -> tuple[Block, ...]:
    """Return the items in blocks of one model, the same categories and the same kinds of prior."""
    first = np.concatenate([[0], np.cumsum(sizes)])
    groups: dict[tuple[object, ...], list[int]] = {}
    for row, item in enumerate(items):
        gaps = tuple(np.diff(item.used).tolist()) if item.model in {"pcm", "gpcm", "rsm"} else ()
        key = (item.model, len(item.used), gaps, item.anchor is not None, _kinds(item))
        groups.setdefault(key, []).append(row)
    blocks = []
    for rows in groups.values():
        lead = items[rows[0]]
        k = len(lead.used)
        kernel = kernel_of(lead.model, lead.used)
        p = len(kernel.names)
        codes = first[rows][:, None] + np.arange(k)
        if lead.anchor:
            base = np.array([anchor.psi for row in rows if (anchor := items[row].anchor)])
            local, shared = np.zeros((p, 0)), np.zeros((p, 0))
        else:
            base = np.zeros((len(rows), p))
            local, shared = loadings(lead.model, lead.used)
            base[:, 0] = lead.model in SLOPE_FIXED
        kinds = _kinds(lead)
        numbers = tuple(
            np.array([_numbers(items[row].priors, quantity) for row in rows])
            for quantity in ("discrimination", "difficulty", "guessing", "upper_asymptote")
        )
        log_slope = kinds[0] == "lognormal"
        priors = BlockPriors(kinds, numbers, _steps(lead.model, lead.used), log_slope, lead.model == "1pl")
        where = np.array(rows, dtype=np.intp)
        blocks.append(Block(lead.model, kernel, where, codes, base, local, shared, log_slope, priors))
    return tuple(blocks)


def _kinds(item: ItemPlan) -> tuple[str, ...]:
    """Return the kinds of prior that bear on a parameter the model has and estimates."""
    slope, difficulty, guessing, upper = item.priors.kinds
    return (
        "" if item.model in NO_DISCRIMINATION else slope,
        "" if item.model in NO_DIFFICULTY else difficulty,
        guessing if item.model in {"3pl", "4pl"} else "",
        upper if item.model == "4pl" else "",
    )


def _numbers(priors: ItemPriors, quantity: str) -> tuple[float, float]:
    prior: Prior | None = getattr(priors, quantity)
    return (0.0, 1.0) if prior is None else (prior.first, prior.second)


def kernel_of(model: str, used: tuple[int, ...]) -> Kernel:
    """Return the mathematics of a model with these scores as categories."""
    if model in BINARY:
        return LogisticKernel(BINARY[model])
    if model in {"grm", "sequential"}:
        return OrdinalKernel(len(used), model == "sequential")
    if model == "nrm":
        return NominalKernel(len(used))
    return PartialCreditKernel(tuple(score - used[0] for score in used))


def loadings(model: str, used: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return how an item's own (P, p) and the common (P, h) parameters load on the model's."""
    p = len(kernel_of(model, used).names)
    everything, nothing = np.eye(p), np.zeros((p, 0))
    if model == "1pl":
        return everything[:, 1:], everything[:, :1]
    if model == "rsm":
        score = np.array(used, dtype=np.float64) - used[0]
        local = -np.where(np.arange(p) > 0, score, 0)[:, None]
        return local, -everything[:, 1:-1]
    return (everything[:, 1:], nothing) if model in SLOPE_FIXED else (everything, nothing)


def _steps(model: str, used: tuple[int, ...]) -> Floats:
    """Return (K-1, K-1) the combinations of intercepts that are -a times the difficulties."""
    if model in NO_DIFFICULTY:
        return np.zeros((0, 0))
    if model in BINARY:
        return np.eye(1)
    k = len(used) - 1
    if model in {"grm", "sequential"}:
        return np.eye(k)
    return np.asarray((np.eye(k) - np.eye(k, k=-1)) / np.diff(used)[:, None])
