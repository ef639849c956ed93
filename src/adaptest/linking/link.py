"""The link from one calibration's scale to another's: constants, their errors, and how they were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from adaptest.errors import LinkingError
from adaptest.linking.anchors import Anchors, Form, anchors
from adaptest.linking.characteristic_curve import STARTS, Criterion, Half, by_category, summed
from adaptest.linking.moments import Moments, constants, moments
from adaptest.linking.sensitivity import Sensitivity
from adaptest.models.base import Floats
from adaptest.numerics.quadrature import Grid, NormalPrior

Method = Literal["stocking-lord", "haebara", "mean-mean", "mean-gmean", "mean-sigma"]
CURVES = {"stocking-lord": summed, "haebara": by_category}
MOMENTS = ("mean-mean", "mean-gmean", "mean-sigma")
METHODS = (*CURVES, *MOMENTS)
DIRECTION = "theta_TO = A * theta_FROM + B"
FEW = 5  # anchors; below, one odd item moves the scale


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """theta_TO = A * theta_FROM + B.

    Attributes
    ----------
    A, B : the constants; covariance : (2, 2) their sampling covariance, nan where no errors are known
    method : one of METHODS, or what a combination of links calls itself
    grid : nodes and weights on the scale of TO; from_grid : likewise of FROM where symmetric; None without
    weights : the weights in words
    symmetric : whether both directions are in the criterion
    anchors : ids of the common items
    criterion : the smallest value found; nan without one
    converged, reason : how the search ended
    from_sensitivity, to_sensitivity : how the constants move with each parameter of either form
    notes : what is doubtful, a sentence each
    """

    A: float
    B: float
    covariance: Floats
    method: str
    grid: Grid | None
    from_grid: Grid | None
    weights: str
    symmetric: bool
    anchors: tuple[str, ...]
    criterion: float
    converged: bool
    reason: str
    from_sensitivity: Sensitivity
    to_sensitivity: Sensitivity
    notes: tuple[str, ...] = ()

    @property
    def se_A(self) -> float:  # noqa: N802 (the letter of the formula)
        """Standard error of A."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def se_B(self) -> float:  # noqa: N802 (the letter of the formula)
        """Standard error of B, logits of TO."""
        return float(np.sqrt(self.covariance[1, 1]))

    def theta(self, theta: Floats) -> Floats:
        """Return theta on the scale of TO."""
        return self.A * np.asarray(theta) + self.B

    def record(self) -> dict[str, Any]:
        """Return what link.json says."""
        return {
            "A": self.A,
            "B": self.B,
            "se_A": _known(self.se_A),
            "se_B": _known(self.se_B),
            "covariance": _known(float(self.covariance[0, 1])),
            "method": self.method,
            "direction": DIRECTION,
            "symmetric": self.symmetric,
            "grid": _words(self.grid),
            "weights": self.weights,
            "from_grid": _words(self.from_grid),
            "criterion": _known(self.criterion),
            "converged": self.converged,
            "reason": self.reason,
            "n_anchors": len(self.anchors),
            "anchors": list(self.anchors),
            "notes": list(self.notes),
        }


def link(
    from_form: Form,
    to_form: Form,
    method: Method = "stocking-lord",
    *,
    ids: Sequence[str] | None = None,
    symmetric: bool = True,
    population: NormalPrior = NormalPrior(),  # noqa: B008 (frozen)
    grid: Grid | None = None,
    from_grid: Grid | None = None,
    start: tuple[float, float] | None = None,
) -> Link:
    """Return the link that puts FROM's parameters on TO's scale, from the items that both have.

    Parameters
    ----------
    ids : the anchors; all common items otherwise
    symmetric : whether FROM's curves are also read on TO's scale, at FROM's nodes
    population : the base population, whose density weights the nodes of TO
    grid : nodes and weights on TO's scale (default: 61 within 6 standard deviations, normal weights)
    from_grid : likewise on FROM's scale (default: as `grid`)
    start : constants that are known to be near, where the search begins (default: the best of several)

    Raises
    ------
    LinkingError, where the anchors cannot carry the link.

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> from adaptest.parameters import ItemParameters
    >>> one = ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 2.0], [0.0, 1.0], [0, 0], [1, 1]))
    >>> two = ItemParameters.of(LogisticItems(("i1", "i2"), [0.5, 1.0], [0.3, 2.3], [0, 0], [1, 1]))
    >>> found = link(Form(one), Form(two))
    >>> round(found.A, 6), round(found.B, 6)
    (2.0, 0.3)
    """
    if method not in METHODS:
        raise LinkingError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    common = anchors(from_form, to_form, ids)
    if method in MOMENTS:
        return _by_moments(common, from_form, to_form, method)  # type: ignore[arg-type]  # just tested
    nodes = population.grid() if grid is None else grid
    ours = nodes if from_grid is None else from_grid
    half = Half(common.to_items, common.from_items, nodes, forwards=True)
    back = Half(common.from_items, common.to_items, ours, forwards=False)
    halves = (half, back) if symmetric else (half,)
    criterion = Criterion.of(CURVES[method], halves, shift_only=common.shift_only)
    found = criterion.minimum([start] if start else [*_starts(common), *STARTS])
    parts = criterion.sensitivity(found) if found.converged else (Sensitivity(), Sensitivity())
    notes = [*common.notes, *_doubts(common, from_form, to_form)]
    if method == "stocking-lord" and "nrm" in common.to_items.models:
        notes.append("nominal items count by category number in the test characteristic curve")
    given = grid is not None
    return Link(
        A=found.A,
        B=found.B,
        covariance=_covariance(parts, from_form, to_form, known=found.converged),
        method=method,
        grid=nodes,
        from_grid=ours if symmetric else None,
        weights="as given" if given else f"normal({population.mean:g}, {population.sd:g})",
        symmetric=symmetric,
        anchors=common.ids,
        criterion=found.value,
        converged=found.converged,
        reason=found.reason,
        from_sensitivity=parts[0],
        to_sensitivity=parts[1],
        notes=tuple(notes),
    )


def _by_moments(common: Anchors, from_form: Form, to_form: Form, method: Moments) -> Link:
    a, b, from_, to, notes = moments(common, method)
    return Link(
        A=a,
        B=b,
        covariance=_covariance((from_, to), from_form, to_form, known=True),
        method=method,
        grid=None,
        from_grid=None,
        weights="equal over anchors",
        symmetric=method != "mean-mean",
        anchors=common.ids,
        criterion=float("nan"),
        converged=True,
        reason="closed form",
        from_sensitivity=from_,
        to_sensitivity=to,
        notes=(*common.notes, *notes, *_doubts(common, from_form, to_form)),
    )


def _starts(common: Anchors) -> list[tuple[float, float]]:
    starts = []
    for method in MOMENTS:
        try:
            starts.append(constants(common, method))  # type: ignore[arg-type]  # three words of Moments
        except LinkingError:  # a start fewer: the criterion does not need it
            continue
    return starts


def _doubts(common: Anchors, from_form: Form, to_form: Form) -> list[str]:
    notes = []
    if common.shift_only:
        notes.append("every anchor has discrimination 1 by its model: A is 1, and only B is estimated")
    if len(common.ids) < FEW:
        notes.append(f"{len(common.ids)} anchors are few: one odd item moves the scale")
    for name, form in (("FROM", from_form), ("TO", to_form)):
        if not form.covariance:
            notes.append(f"{name} has no standard errors: the link has none either")
        elif not form.correlated:
            notes.append(f"{name} has standard errors without covariances: they count as uncorrelated")
    return notes


def _covariance(
    parts: tuple[Sensitivity, Sensitivity], from_form: Form, to_form: Form, *, known: bool
) -> Floats:
    if not (known and from_form.covariance and to_form.covariance):
        return np.full((2, 2), np.nan)
    return np.asarray(parts[0].covariance(from_form.covariance) + parts[1].covariance(to_form.covariance))


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _words(grid: Grid | None) -> dict[str, Any] | None:
    if grid is None:
        return None
    return {"lo": float(grid.theta[0]), "hi": float(grid.theta[-1]), "n": len(grid.theta)}
