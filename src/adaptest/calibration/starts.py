"""Where the iteration begins: proportions turned into intercepts, item-rest correlations into slopes."""

from __future__ import annotations

import numpy as np

from adaptest.calibration.block import Block
from adaptest.calibration.coding import Coded
from adaptest.calibration.latent import Latent
from adaptest.calibration.state import State
from adaptest.models.base import Floats, Rows

PERSONS = 5_000  # enough for a first correlation: its error is .014
ITEMS = 8  # with fewer the rest score says too little about ability
SLOPE = 1.0  # where nothing better is known
SLOPES = (0.3, 3.0)  # the range of a start, either sign
LOGISTIC_SD = 1.7  # a logistic curve of slope 1.7 is a normal ogive of slope 1
GUESSING = 0.15  # a start for c without a prior
UPPER = 0.95  # a start for d without a prior
SEEN = 5.0  # persons: a correlation from fewer is noise
SIGNED = 0.05  # a correlation below minus this starts with a negative slope


def start(coded: Coded, blocks: tuple[Block, ...], latent: Latent, counts: Floats, first: Rows) -> State:
    """Return first values of every free parameter.

    Parameters
    ----------
    counts : (C,) answers in each category of the items in the fit
    first : (I,) row of each item's category 0
    """
    slopes = _slopes(coded, len(first))
    own, common = [], []
    for block in blocks:
        own_start, common_start = first_values(block, counts[block.codes], slopes[block.rows])
        own.append(own_start)
        common.append(common_start)
    return State(tuple(own), tuple(common), latent.start())


def first_values(block: Block, counts: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Return own and common parameters from (J, K) answers in each category and (J,) slopes."""
    psi = block.base.copy()
    share = counts + 0.5
    share = share / share.sum(axis=1, keepdims=True)
    if not _free(block, 0):
        slope = psi[:, 0]
    if block.log_slope:
        slope = np.abs(slope)
    if block.shared.shape[1] and block.shared[0].any():
        slope = np.full(len(block), np.abs(slope).mean())
    psi = _intercepts(block, psi, slope, share)
    if block.log_slope:
        psi[:, 0] = np.log(psi[:, 0])
    return solve(block, psi)


def _free(block: Block, parameter: int) -> bool:
    return bool(block.local[parameter].any() or block.shared[parameter].any())


def _intercepts(block: Block, psi: Floats, slope: Floats, share: Floats) -> Floats:
    """Return parameters whose margins are near the shares of each category."""
    if not block.local.shape[1]:
        return psi
    stretch = np.sqrt(1 + (slope / LOGISTIC_SD) ** 2)[:, None]
    k = share.shape[1]
    if block.model in {"grm", "sequential"}:
        reached = share[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        if block.model == "sequential":
            reached = reached / (reached + share[:, :-1])
        psi[:, 0], psi[:, 1:] = slope, stretch * np.log(reached / (1 - reached))
    elif block.model == "nrm":
        direction = np.arange(1, k) / (k - 1)
        psi[:, : k - 1] = slope[:, None] * direction * (k - 1) / 2
        psi[:, k - 1 :] = np.log(share[:, 1:] / share[:, :1])
    elif block.model in {"pcm", "gpcm", "rsm"}:
        psi[:, 0] = slope
        psi[:, 1:] = np.log(share[:, 1:] / share[:, :1])
    else:
        right = share[:, 1]
        if psi.shape[1] > 2:  # noqa: PLR2004 (a guessing parameter)
            c, d = _asymptotes(block)
            psi[:, 2] = np.log(c / (1 - c))
            if psi.shape[1] > 3:  # noqa: PLR2004 (an upper asymptote)
                psi[:, 3] = np.log(d / (1 - d))
            right = np.clip((right - c) / (d - c), 0.05, 0.95)
        psi[:, 0], psi[:, 1] = slope, stretch[:, 0] * np.log(right / (1 - right))
    return psi


def _asymptotes(block: Block) -> tuple[Floats, Floats]:
    """Return c and d: the priors' means where there are any."""
    result = []
    for kind, numbers, default in zip(
        block.priors.kinds[2:], block.priors.numbers[2:], (GUESSING, UPPER), strict=True
    ):
        if kind == "beta":
            result.append(numbers[:, 0] / numbers.sum(axis=1))
        elif kind == "normal":
            result.append(1 / (1 + np.exp(-numbers[:, 0])))
        else:
            result.append(np.full(len(numbers), default))
    return result[0], np.maximum(result[1], result[0] + 0.05)


def solve(block: Block, psi: Floats) -> tuple[Floats, Floats]:
    """Return own and common parameters that come closest to `psi`."""
    goal = psi - block.base
    common = np.zeros(block.shared.shape[1])
    if common.size:
        common = (goal @ np.linalg.pinv(block.shared).T).mean(axis=0)
        if block.model == "rsm":
            common = np.zeros_like(common)
    own = (goal - block.shared @ common) @ block.back.T
    return own, common


def _slopes(coded: Coded, items: int) -> Floats:
    """Return (I,) slopes from the correlation of each whole item with the score on the others."""
    slopes = np.full(items, SLOPE)
    d = len(coded.wrong)
    if d < ITEMS or d < items:
        return slopes
    total, squares, cross, n = np.zeros(d), 0.0, np.zeros(d), 0.0
    by_score, score_sum, missing = np.zeros(d), 0.0, False
    seen = 0
    for chunk in coded.chunks:
        part = chunk.dense[: max(0, PERSONS // len(coded.chunks) + 1)]
        weight = chunk.weight[: len(part)]
        missing = missing or bool((part < 0).any())
        right = (part == 1).astype(np.float64)
        score = right.sum(axis=1)
        n += weight.sum()
        total += weight @ right
        score_sum += weight @ score
        squares += weight @ score**2
        cross += (weight * score) @ right
        by_score += weight @ right
        seen += len(part)
    if missing or n < SEEN:
        return slopes
    p = total / n
    mean = score_sum / n
    variance = squares / n - mean**2
    spread = p * (1 - p)
    covariance = cross / n - p * mean - spread  # with the score on the others
    rest = variance - 2 * covariance - spread
    reliability = np.clip(d / (d - 1) * (1 - spread.sum() / max(variance, 1e-9)), 0.2, 0.99)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = covariance / np.sqrt(spread * rest * reliability)
        ordinate = np.exp(-0.5 * _normal_quantile(p) ** 2) / np.sqrt(2 * np.pi)
        biserial = np.clip(r * np.sqrt(spread) / ordinate, -0.87, 0.87)
    slope = LOGISTIC_SD * biserial / np.sqrt(1 - biserial**2)
    slope = np.where(np.isfinite(slope), slope, SLOPE)
    size = np.clip(np.abs(slope), *SLOPES)
    return np.where(np.nan_to_num(r) < -SIGNED, -size, size)


def _normal_quantile(p: Floats) -> Floats:
    """Return the standard normal quantile to two digits, by its logistic likeness."""
    inside = np.clip(p, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(inside / (1 - inside)) / LOGISTIC_SD)
