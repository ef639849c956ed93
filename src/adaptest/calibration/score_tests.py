"""Score tests: what a fit would gain if fixed parameters were free, without fitting again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaincc

from adaptest.calibration.block import Block
from adaptest.calibration.e_step import workers
from adaptest.calibration.em import Problem
from adaptest.calibration.information import information
from adaptest.calibration.options import LOUIS_FULL_PARAMETERS
from adaptest.calibration.reopen import reopen
from adaptest.calibration.result import CalibrationResult
from adaptest.calibration.standard_errors import inverse_definite
from adaptest.calibration.starts import solve
from adaptest.calibration.state import State
from adaptest.errors import CalibrationError, OptionError
from adaptest.models.base import Bools, Floats


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A chi-square statistic for freeing parameters, its degrees of freedom and its p-value."""

    statistic: float
    df: int
    p: float


def score_test(fit: CalibrationResult, items: Sequence[str], parameter: str = "discrimination") -> ScoreTest:
    r"""Return the test of freeing one parameter of each of `items`, jointly.

    .. math:: X^2 = g_f' (I^{-1})_{ff}\, g_f

    with the gradient g and the observed information I at the fit, the freed parameters f among the free ones.

    Parameters
    ----------
    fit : a calibration in which the parameter is fixed: a slope of rasch, pcm or rsm, the common slope of
        1pl, or any parameter of an anchored item
    items : their ids
    parameter : "discrimination", or "location": every difficulty, threshold or step of an anchor

    Raises
    ------
    OptionError, CalibrationError

    References
    ----------
    Glas (1999), Psychometrika 64(3), 273-294.
    """
    if parameter not in {"discrimination", "location"}:
        raise OptionError(f"parameter must be discrimination or location; got {parameter!r}")
    with workers(1) as pool, np.errstate(over="ignore", under="ignore"):
        problem, state, names = reopen(fit, pool)
        opened, there, added = _open(problem, state, names, items, parameter)
        size = opened.layout.n_free
        if size > LOUIS_FULL_PARAMETERS:
            raise CalibrationError(
                f"a score test needs the full information; got {size} parameters, the most is "
                f"{LOUIS_FULL_PARAMETERS}"
            )
        gradient = opened.image(there, opened.expected(there, counts=True))[1]
        (whole,) = information(opened, there)
    inverse = inverse_definite(whole.observed)
    if inverse is None:
        raise CalibrationError("the information matrix with the freed parameters is not positive definite")
    statistic = float(gradient[added] @ inverse[np.ix_(added, added)] @ gradient[added])
    return ScoreTest(statistic, len(added), float(gammaincc(len(added) / 2, statistic / 2)))


def _open(
    problem: Problem, state: State, names: Sequence[str], items: Sequence[str], parameter: str
) -> tuple[Problem, State, list[int]]:
    """Return the problem with the parameters freed, the state in it, and their places in the vector."""
    rows = {name: row for row, name in enumerate(names)}
    if unknown := [item for item in items if item not in rows]:
        raise OptionError(f"item {unknown[0]!r}: is not among the {len(names)} items of the calibration")
    wanted = [rows[item] for item in items]
    blocks: list[Block] = []
    own: list[Floats] = []
    common: list[Floats] = []
    freed: dict[int, int] = {}
    for block, psi, mine, shared in zip(
        problem.blocks, problem.layout.psi(state), state.own, state.common, strict=True
    ):
        chosen = np.isin(block.rows, wanted)
        if not chosen.all():
            blocks.append(_take(block, ~chosen))
            own.append(mine[~chosen])
            common.append(shared)
        if chosen.any():
            free = _freed(_take(block, chosen), parameter, names)
            freed[len(blocks)] = block.local.shape[1]
            blocks.append(free)
            own.append(solve(free, psi[chosen])[0])
            common.append(np.empty(0))
    opened = replace(problem, blocks=tuple(blocks))
    places = opened.layout.places()[0]
    added = [int(place) for k, before in freed.items() for place in places[k][:, before:].ravel()]
    return opened, State(tuple(own), tuple(common), state.moments), added


def _freed(block: Block, parameter: str, names: Sequence[str]) -> Block:
    """Return the block with the parameter free in every item, its loadings after those that were."""
    item = names[block.rows[0]]
    if block.model == "rsm":
        raise OptionError(f"item {item!r}: an rsm item shares its steps; test it under pcm")
    p = block.local.shape[0]
    columns = [0] if parameter == "discrimination" else list(range(1, len(block.codes[0])))
    if block.model == "nrm" or block.local[columns].any():
        raise OptionError(f"item {item!r}: its {parameter} is free already, or is not one parameter")
    local = np.concatenate([block.local, np.eye(p)[:, columns]], axis=1)
    base = np.where(local.any(axis=1), 0.0, block.base)
    return replace(block, local=local, shared=np.zeros((p, 0)), base=base)


def _take(block: Block, some: Bools) -> Block:
    """Return the items of a block where `some` is true."""
    numbers = tuple(part[some] for part in block.priors.numbers)
    priors = replace(block.priors, numbers=numbers)
    return replace(
        block, rows=block.rows[some], codes=block.codes[some], base=block.base[some], priors=priors
    )
