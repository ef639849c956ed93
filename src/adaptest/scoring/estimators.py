"""ESTIMATORS: the closed table from an estimator's name to what makes it, and `score`, which applies one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from adaptest.errors import OptionError, ResponseError
from adaptest.numerics.quadrature import Grid, NormalPrior, Prior
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.responses.table import Policy, SparseRows
from adaptest.scoring.eap import Eap
from adaptest.scoring.estimate import Estimates
from adaptest.scoring.jeffreys import JeffreysMode
from adaptest.scoring.likelihood import Integers
from adaptest.scoring.map import MaximumAPosteriori
from adaptest.scoring.mle import MaximumLikelihood
from adaptest.scoring.mode import Mode
from adaptest.scoring.robust import HUBER, TUKEY, RobustLikelihood, require_logistic
from adaptest.scoring.summed import EapSum
from adaptest.scoring.wle import WeightedLikelihood

PERSONS = 65_536  # scored at once: bounds the memory that sparse responses need


class Estimator(Protocol):
    """An estimator made ready for some items."""

    def __call__(self, rows: Integers, scores: Integers) -> Estimates:
        """Return N persons' estimates.

        Parameters
        ----------
        rows, scores : (N, n) items answered and the category each was scored in; -1 where there is none
        """
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What estimators can be told; each one's entry in ESTIMATORS says what it heeds."""

    prior: Prior = NormalPrior()  # noqa: RUF009 (frozen)
    grid: Grid | None = None
    bounds: tuple[float, float] | None = None
    tuning: float | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """One row of ESTIMATORS: what makes the estimator ready, and which options it heeds."""

    make: Callable[[ItemParameters, Options], Estimator]
    heeds: tuple[str, ...] = ()


def _map(items: ItemParameters, options: Options) -> Estimator:
    low, high = options.prior.bounds
    if options.bounds is not None:
        low, high = max(low, options.bounds[0]), min(high, options.bounds[1])
    if not low < high:
        raise OptionError(f"bounds must overlap the prior's; got {options.bounds} and {options.prior.bounds}")
    bounded = np.isfinite(low) or np.isfinite(high)
    return Mode.of(items, MaximumAPosteriori(options.prior), (low, high) if bounded else None)


def _robust_huber(items: ItemParameters, options: Options) -> Estimator:
    require_logistic(items, "robust_huber")
    tuning = HUBER if options.tuning is None else options.tuning
    return Mode.of(items, RobustLikelihood("huber", tuning), options.bounds)


def _robust_tukey(items: ItemParameters, options: Options) -> Estimator:
    require_logistic(items, "robust_tukey")
    tuning = TUKEY if options.tuning is None else options.tuning
    return Mode.of(items, RobustLikelihood("tukey", tuning), options.bounds)


ESTIMATORS: dict[str, Method] = {
    "eap": Method(lambda items, options: Eap(items, options.prior, options.grid), ("prior", "grid")),
    "map": Method(_map, ("prior", "bounds")),
    "jeffreys": Method(lambda items, options: Mode.of(items, JeffreysMode(), options.bounds), ("bounds",)),
    "wle": Method(lambda items, options: Mode.of(items, WeightedLikelihood(), options.bounds), ("bounds",)),
    "mle": Method(lambda items, options: Mode.of(items, MaximumLikelihood(), options.bounds), ("bounds",)),
    "robust_huber": Method(_robust_huber, ("bounds", "tuning")),
    "robust_tukey": Method(_robust_tukey, ("bounds", "tuning")),
    "eap_sum": Method(lambda items, options: EapSum(items, options.prior, options.grid), ("prior", "grid")),
}


def estimator(
    method: str,
    items: ItemParameters,
    *,
    prior: Prior = NormalPrior(),  # noqa: B008 (frozen)
    grid: Grid | None = None,
    bounds: tuple[float, float] | None = None,
    tuning: float | None = None,
) -> Estimator:
    """Return the estimator of that name, ready for these items: for sittings, which call it again and again.

    Its numbers depend on the items given here and on a person's own responses, nothing else.

    Parameters
    ----------
    prior : for eap, map and eap_sum
    grid : for eap and eap_sum: nodes and weights kept as they are; None refines until converged
    bounds : for the others: logits within which theta is looked for; None looks everywhere
    tuning : for robust_huber and robust_tukey: the residual beyond which a response counts less, logits

    Raises
    ------
    OptionError, for a name not in ESTIMATORS, or an option that the estimator does not heed.
    """
    if method not in ESTIMATORS:
        raise OptionError(f"method must be one of {', '.join(ESTIMATORS)}; got {method!r}")
    chosen, options = ESTIMATORS[method], Options(prior, grid, bounds, tuning)
    for name in ("prior", "grid", "bounds", "tuning"):
        if name not in chosen.heeds and getattr(options, name) != getattr(Options(), name):
            who = ", ".join(other for other, row in ESTIMATORS.items() if name in row.heeds)
            raise OptionError(f"method {method!r} heeds no {name}; leave it out, or choose among {who}")
    if bounds is not None and not (np.isfinite(bounds).all() and bounds[0] < bounds[1]):
        raise OptionError(f"bounds must be finite, the low one first; got {bounds[0]:g}, {bounds[1]:g}")
    return chosen.make(items, options)


def score(
    items: ItemParameters,
    responses: Responses,
    method: str = "eap",
    *,
    prior: Prior = NormalPrior(),  # noqa: B008 (frozen)
    grid: Grid | None = None,
    bounds: tuple[float, float] | None = None,
    tuning: float | None = None,
    omitted: Policy = "wrong",
    not_reached: Policy = "not_presented",
) -> Estimates:
    """Return theta and its standard error for each person; items are matched by id.

    Parameters
    ----------
    method : a name in ESTIMATORS: eap, map, jeffreys, wle, mle, robust_huber, robust_tukey, eap_sum
    prior, grid, bounds, tuning : as for `estimator`
    omitted, not_reached : what such a response counts as; the result's notes say how often it did

    Returns
    -------
    (N,) estimates in the order of `responses.persons`, each with its outcome; `notes` holds what was
    decided on the way.

    Raises
    ------
    ResponseError, for an item of the responses that has no parameters, or a score that its item does not
    have; OptionError, as for `estimator`.

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> items = ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 1.5], [-0.5, 0.5], [0, 0], [1, 1]))
    >>> people = score(items, Responses.of(np.array([[1, 0], [1, 1], [-1, 0]])))
    >>> people.theta.round(3), people.sem.round(3)
    (array([-0.09 ,  0.839, -0.397]), array([0.789, 0.796, 0.866]))
    """
    for what, kind, got in (("parameters", ItemParameters, items), ("responses", Responses, responses)):
        if not isinstance(got, kind):
            raise OptionError(
                f"{what} must be {kind.__name__}, as read_{what} returns; got {type(got).__name__}"
            )
    unknown = [item for item in responses.items if item not in items.row]
    if unknown:
        more = f" (and {len(unknown) - 1} more items)" if len(unknown) > 1 else ""
        raise ResponseError(
            f"item {unknown[0]!r}: must have parameters; got none{more}; add them, or leave the item out"
        )
    resolved = responses.resolved(omitted=omitted, not_reached=not_reached)
    own = items.take(np.array([items.row[item] for item in responses.items], dtype=np.intp))
    ready = estimator(method, own, prior=prior, grid=grid, bounds=bounds, tuning=tuning)
    parts = [ready(rows, scores) for rows, scores in _pieces(resolved)]
    columns = ("theta", "sem", "outcome", "n_items")
    theta, sem, outcome, n_items = (
        np.concatenate([getattr(part, name) for part in parts]) for name in columns
    )
    notes = (*resolved.notes[len(responses.notes) :], *parts[0].notes)
    return Estimates(theta, sem, outcome, parts[0].sem_kind, method, n_items, notes)


def _pieces(responses: Responses) -> Iterator[tuple[Integers, Integers]]:
    """Yield rows and scores (M, n) of M persons at a time; at least once."""
    cells, n = responses.cells, len(responses)
    for start in range(0, max(n, 1), PERSONS):
        end = min(start + PERSONS, n)
        if not isinstance(cells, SparseRows):
            part = cells[start:end]
            yield np.broadcast_to(np.arange(part.shape[1]), part.shape), part
            continue
        first, lengths = cells.start[start], np.diff(cells.start[start : end + 1])
        rows = np.full((end - start, int(lengths.max(initial=0))), -1, dtype=np.intp)
        scores = np.full(rows.shape, -1, dtype=np.int8)
        given = np.arange(rows.shape[1]) < lengths[:, None]
        rows[given] = cells.item[first : cells.start[end]]
        scores[given] = cells.score[first : cells.start[end]]
        yield rows, scores
