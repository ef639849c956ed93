"""From slopes and intercepts to what is reported: a, b, c, d, thresholds, steps, with derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.calibration.block import Block
from adaptest.calibration.plan import BINARY, ItemPlan
from adaptest.models import (
    Family,
    GradedItems,
    LogisticItems,
    NominalItems,
    PartialCreditItems,
    SequentialItems,
)
from adaptest.models.base import Floats

ORDERED: dict[str, Callable[..., Family]] = {
    "grm": GradedItems,
    "sequential": SequentialItems,
    "pcm": PartialCreditItems,
    "gpcm": PartialCreditItems,
    "rsm": PartialCreditItems,
}
NEVER = 50.0  # logits: a category nobody used is reached or left with probability exp(-50)
APART = 1e-9  # logits between the thresholds of a graded category nobody used


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """A block's parameters as they are reported.

    Attributes
    ----------
    names : (R,) columns of the parameter table, numbered by the scores as they came: threshold_2
    values : (J, R); jacobian : (J, R, P) derivatives in the block's own parameters
    """

    names: tuple[str, ...]
    values: Floats
    jacobian: Floats


def reported(block: Block, psi: Floats, used: tuple[int, ...]) -> Reported:
    """Return what is reported of a block whose categories are the scores `used`."""
    if block.model == "nrm":
        own = used[1:]
        names = (*(f"category_slope_{k}" for k in own), *(f"category_intercept_{k}" for k in own))
        return Reported(names, psi.copy(), np.tile(np.eye(psi.shape[1]), (len(psi), 1, 1)))
    natural = block.natural(psi)
    a, b = natural[:, :1], -(natural[:, 1 : len(used)] @ _steps(block, used).T) / natural[:, :1]
    jacobian = np.zeros((len(psi), 1 + b.shape[1], psi.shape[1]))
    unit = a[:, 0] if block.log_slope else np.ones(len(psi))
    jacobian[:, 0, 0] = unit
    jacobian[:, 1:, 0] = -b / a * unit[:, None]
    jacobian[:, 1:, 1 : len(used)] = -_steps(block, used) / a[..., None]
    values = np.concatenate([a, b], axis=1)
    if block.model in BINARY:
        names = ("discrimination", "difficulty", "guessing", "upper_asymptote")[: psi.shape[1]]
        asymptote = 1 / (1 + np.exp(-natural[:, 2:]))
        rate = asymptote * (1 - asymptote)
        wide = np.zeros((len(psi), psi.shape[1], psi.shape[1]))
        wide[:, :2] = jacobian
        for k in range(rate.shape[1]):
            wide[:, 2 + k, 2 + k] = rate[:, k]
        return Reported(names, np.concatenate([values, asymptote], axis=1), wide)
    word = "threshold" if block.model == "grm" else "step"
    steps = tuple(f"{word}_{k}" for k in used[1:])
    if block.model != "rsm":
        return Reported(("discrimination", *steps), values, jacobian)
    mean = np.eye(len(used)) - 0.0
    mean[0] = np.concatenate([[0.0], np.diff(used) / (used[-1] - used[0])])
    mean[1:] -= mean[0]
    return Reported(("difficulty", *steps), values @ mean.T, np.einsum("rs,jsp->jrp", mean, jacobian))


def _steps(block: Block, used: tuple[int, ...]) -> Floats:
    """Return (K-1, K-1) the combinations of intercepts that are -a times the difficulties."""
    k = len(used) - 1
    if block.model in {"pcm", "gpcm", "rsm"}:
        return np.asarray((np.eye(k) - np.eye(k, k=-1)) / np.diff(used)[:, None])
    return np.eye(k)


def family(ids: Sequence[str], blocks: Sequence[tuple[Block, Floats, Sequence[ItemPlan]]]) -> list[Family]:
    """Return the items of blocks as families, on the scores as they came.

    A score below the highest that nobody used gets a stand-in of probability exp(-50): a score keeps its
    meaning, and data with that score can still be read.

    Parameters
    ----------
    ids : ids by the blocks' rows
    blocks : each with its (J, P) parameters and its items' plans
    """
    result: list[Family] = []
    for block, psi, plans in blocks:
        names = tuple(ids[row] for row in block.rows)
        natural, models = block.natural(psi), (block.model,) * len(block)
        used = plans[0].used
        if block.model in BINARY:
            c = 1 / (1 + np.exp(-natural[:, 2])) if natural.shape[1] > 2 else np.zeros(len(block))  # noqa: PLR2004 (3PL)
            d = 1 / (1 + np.exp(-natural[:, 3])) if natural.shape[1] > 3 else np.ones(len(block))  # noqa: PLR2004 (4PL)
            a = natural[:, 0]
            result.append(LogisticItems(names, a, -natural[:, 1] / a, c, d, models))
        elif block.model == "nrm":
            result.append(_nominal(names, natural, plans))
        else:
            make = ORDERED[block.model]
            b = -(natural[:, 1:] @ _steps(block, used).T) / natural[:, :1]
            whole = [
                _all_steps(block.model, row, float(a), plan.used)
                for row, a, plan in zip(b, natural[:, 0], plans, strict=True)
            ]
            width = max(len(row) for row in whole)
            padded = np.array([np.pad(row, (0, width - len(row)), constant_values=np.inf) for row in whole])
            result.append(make(names, natural[:, 0], padded, models))
    return result


def _all_steps(model: str, b: Floats, a: float, used: tuple[int, ...]) -> Floats:
    """Return the steps to every score up to the highest used, stand-ins where a score was not used."""
    steps = np.full(used[-1], np.nan)
    never = NEVER / a
    for k, value in enumerate(b, start=1):
        low, high = used[k - 1], used[k]
        if model == "grm":
            skipped = np.arange(high - low - 1, 0, -1)
            steps[low : high - 1] = value - APART * np.sign(a) * skipped
            steps[high - 1] = value
        elif model == "sequential":
            steps[low] = value
            steps[low + 1 : high] = -never
        else:
            steps[low : high - 1] = never
            steps[high - 1] = value * (high - low) - never * (high - low - 1)
    start = np.arange(used[0], 0, -1)
    steps[: used[0]] = b[0] - never * start if model == "grm" else -never
    return steps


def _nominal(names: tuple[str, ...], psi: Floats, plans: Sequence[ItemPlan]) -> NominalItems:
    """Return nominal items with a column for every score up to the highest used."""
    k = psi.shape[1] // 2
    width = max(plan.used[-1] for plan in plans) + 1
    slope, intercept = np.full((len(names), width), np.nan), np.full((len(names), width), np.nan)
    for row, plan in enumerate(plans):
        used, top = np.array(plan.used), plan.used[-1] + 1
        own = np.concatenate([[0.0], psi[row, k:]])
        slope[row, :top] = 0
        slope[row, used[1:]] = psi[row, :k]
        intercept[row, :top] = own.min() - NEVER
        intercept[row, used] = own
        intercept[row, :top] -= intercept[row, 0]
        slope[row, :top] -= slope[row, 0]
    return NominalItems(names, slope, intercept)
