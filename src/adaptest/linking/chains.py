"""Links over several calibrations: chains of links, and the bisector of chains between the same two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from adaptest.errors import LinkingError
from adaptest.linking.anchors import Form
from adaptest.linking.link import DIRECTION, Link, Method, link
from adaptest.linking.sensitivity import Sensitivity
from adaptest.models.base import Floats
from adaptest.numerics.quadrature import NormalPrior


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """theta_LAST = A * theta_FIRST + B, over one chain of links or the average of several.

    Attributes
    ----------
    covariance : (2, 2) of A and B; nan where a form has no errors. A form that two links share counts once,
        with what it does to both
    links : the links on the way, in order
    forms, sensitivities : (F,) how the constants move with each form's parameters
    weights : of the chains that were averaged; (1,) of one
    """

    A: float
    B: float
    covariance: Floats
    links: tuple[Link, ...]
    forms: tuple[Form, ...]
    sensitivities: tuple[Sensitivity, ...]
    weights: tuple[float, ...] = (1.0,)

    @property
    def se_A(self) -> float:  # noqa: N802 (the letter of the formula)
        """Standard error of A."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def se_B(self) -> float:  # noqa: N802 (the letter of the formula)
        """Standard error of B, logits of the last form."""
        return float(np.sqrt(self.covariance[1, 1]))

    def record(self) -> dict[str, Any]:
        """Return what a record says about it."""
        known = bool(np.isfinite(self.covariance).all())
        return {
            "A": self.A,
            "B": self.B,
            "se_A": self.se_A if known else None,
            "se_B": self.se_B if known else None,
            "direction": DIRECTION,
            "weights": list(self.weights),
            "links": [one.record() for one in self.links],
        }


def chain(
    forms: Sequence[Form],
    method: Method = "stocking-lord",
    *,
    symmetric: bool = True,
    population: NormalPrior = NormalPrior(),  # noqa: B008 (frozen)
) -> Path:
    """Return the link from the first form to the last, each linked to the next.

    Raises
    ------
    LinkingError, unless there are two forms or more and each has items in common with the next.

    References
    ----------
    Battauz (2013), Psychometrika 78(3), 464-480 (errors of chains: a form in the middle is in two links).
    """
    if len(forms) < 2:  # noqa: PLR2004 (from one to another)
        raise LinkingError(f"a chain must have 2 forms or more; got {len(forms)}")
    a, b = 1.0, 0.0
    links: list[Link] = []
    moves: list[Floats] = []  # (2, 2) each: d (A, B) / d constants of a link so far
    for one, other in pairwise(forms):
        step = link(one, other, method, symmetric=symmetric, population=population)
        moves = [step.A * earlier for earlier in moves]
        moves.append(np.array([[a, 0.0], [b, 1.0]]))
        links.append(step)
        a, b = step.A * a, step.A * b + step.B
    parts: list[dict[tuple[str, str], Floats]] = [{} for _ in forms]
    for k, (step, move) in enumerate(zip(links, moves, strict=True)):
        for place, sensitivity in ((k, step.from_sensitivity), (k + 1, step.to_sensitivity)):
            _add(parts[place], sensitivity, move)
    return _path(a, b, tuple(links), tuple(forms), tuple(Sensitivity(part) for part in parts), (1.0,))


def bisector(paths: Sequence[Path], weights: Sequence[float] | None = None) -> Path:
    r"""Return the weighted bisector of several paths between the same two scales.

    .. math:: A = \sum_p v_p A_p, \quad B = \sum_p v_p B_p, \quad
              v_p \propto w_p (1 + A_p^2)^{-1/2}

    Unlike the mean of the constants it is symmetric: the bisector of the inverses is its inverse.

    Parameters
    ----------
    weights : (P,) above 0 (default: each path by its precision at a standard normal theta,
        1 / (var A + var B), or equal where errors are not known)

    Raises
    ------
    LinkingError, where there is no path, or the weights are not one for each and above 0.

    References
    ----------
    Holland & Strawderman (2011), in von Davier, Statistical Models for Test Equating, Scaling, and
    Linking; Battauz (2013), Psychometrika 78(3), 464-480.
    """
    if not paths:
        raise LinkingError("a bisector must have a path or more; got none")
    if weights is None:
        spread = np.array([path.covariance.trace() for path in paths])
        w = 1 / spread if (np.isfinite(spread) & (spread > 0)).all() else np.ones(len(paths))
    else:
        w = np.array(weights, dtype=np.float64)
    if len(w) != len(paths) or not (np.isfinite(w).all() and (w > 0).all()):
        raise LinkingError(f"weights must be one above 0 for each of {len(paths)} paths; got {list(w)}")
    w = w / w.sum()
    a, b = (np.array([getattr(path, name) for path in paths]) for name in "AB")
    h = w / np.hypot(1, a)
    v = h / h.sum()
    mean_a, mean_b = float((v * a).sum()), float((v * b).sum())
    rate = -v * a / (1 + a**2)  # d ln h / d A, times v
    forms: list[Form] = []
    parts: list[dict[tuple[str, str], Floats]] = []
    for p, path in enumerate(paths):
        move = np.array([[v[p] + rate[p] * (a[p] - mean_a), 0.0], [rate[p] * (b[p] - mean_b), v[p]]])
        for form, sensitivity in zip(path.forms, path.sensitivities, strict=True):
            place = next((k for k, known in enumerate(forms) if known is form), len(forms))
            if place == len(forms):
                forms.append(form)
                parts.append({})
            _add(parts[place], sensitivity, move)
    links = tuple(step for path in paths for step in path.links)
    sensitivities = tuple(Sensitivity(part) for part in parts)
    return _path(mean_a, mean_b, links, tuple(forms), sensitivities, tuple(w.tolist()))


def _add(total: dict[tuple[str, str], Floats], part: Sensitivity, move: Floats) -> None:
    for key, change in part.of.items():
        total[key] = total.get(key, np.zeros(2)) + move @ change


def _path(
    a: float,
    b: float,
    links: tuple[Link, ...],
    forms: tuple[Form, ...],
    sensitivities: tuple[Sensitivity, ...],
    weights: tuple[float, ...],
) -> Path:
    known = all(form.covariance for form in forms) and all(step.converged for step in links)
    covariance = np.full((2, 2), np.nan)
    if known:
        covariance = np.sum(
            [part.covariance(form.covariance) for part, form in zip(sensitivities, forms, strict=True)],
            axis=0,
        )
    return Path(a, b, covariance, links, forms, sensitivities, weights)
