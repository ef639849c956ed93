"""Items calibrated in each group apart, and the focal group's put on the reference group's scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from adaptest.calibration import CalibrationResult, calibrate
from adaptest.dif.multigroup import TOLERANCE, constant_in_a_group, split_for
from adaptest.errors import CalibrationError, OptionError
from adaptest.models import LogisticItems, NominalItems
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.derivative import central_difference
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

COMMON_SLOPE = ("rasch", "1pl", "pcm", "rsm")
STEP = 1e-4
FEWEST = 3  # items that make a scale together


@dataclass(frozen=True, slots=True, eq=False)
class GroupItems:
    """J items as one group has them: each item's parameters in a row, slope first.

    Attributes
    ----------
    ids : (J,)
    models : (J,)
    a : (J,) discrimination
    b : (J, M) difficulty, thresholds or steps; nan beyond an item's own
    c : (J,) guessing, 0 where there is none
    covariance : (J + J M, J + J M) of a and then b row by row; rows of what is fixed or absent are 0
    n : persons, by weight
    """

    ids: tuple[str, ...]
    models: tuple[str, ...]
    a: Floats
    b: Floats
    c: Floats
    covariance: Floats
    n: float

    @classmethod
    def of(cls, fit: CalibrationResult, ids: Sequence[str]) -> GroupItems:
        """Return the parameters of these items from one group's calibration.

        Raises
        ------
        OptionError, where an item has no parameters or there is no covariance.
        """
        if missing := [item for item in ids if item not in fit.items.row]:
            raise OptionError(
                f"item {missing[0]!r}: must have parameters in every group; got none"
                f"{f' (and {len(missing) - 1} more)' if len(missing) > 1 else ''}"
            )
        items = fit.items.take(np.array([fit.items.row[item] for item in ids], dtype=np.intp))
        width = int(items.categories.max()) - 1
        b, c = np.full((len(ids), width), np.nan), np.zeros(len(ids))
        words = {}
        for block in items.blocks:
            if isinstance(block, NominalItems):
                raise OptionError(f"item {block.ids[0]!r}: nominal items have no difficulties to compare")
            for k, item in enumerate(block.ids):
                row = items.row[item]
                if isinstance(block, LogisticItems):
                    b[row, 0], c[row] = block.b[k], block.c[k]
                    words[item] = ["difficulty"]
                    continue
                own = block.b[k][np.isfinite(block.b[k])]  # type: ignore[attr-defined]
                b[row, : len(own)] = own
                name = "threshold" if block.models[k] in {"grm", "sequential"} else "step"
                words[item] = [f"{name}_{h}" for h in range(1, len(own) + 1)]
        place = {}
        for row, item in enumerate(ids):
            place[item, "discrimination"] = row
            for h, word in enumerate(words[item]):
                place[item, word] = len(ids) + row * width + h
        covariance = np.zeros((len(ids) * (1 + width),) * 2)
        for part in fit.covariance:
            own_rows = [k for k, name in enumerate(part.parameters) if name in place]
            at = [place[part.parameters[k]] for k in own_rows]
            covariance[np.ix_(at, at)] = part.matrix[np.ix_(own_rows, own_rows)]
        if not covariance.any():
            raise OptionError("the calibrations must have standard errors; calibrate with se='louis'")
        n = float(sum(group.n for group in fit.groups))
        return cls(tuple(ids), items.models, items.discrimination.copy(), b, c, covariance, n)

    @property
    def vector(self) -> Floats:
        """(J + J M,) a and then b, row by row."""
        return np.concatenate([self.a, self.b.ravel()])


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """J items' parameters in both groups on the reference group's scale.

    Attributes
    ----------
    reference : the reference group's items
    a, b : the focal group's, moved; shapes as there
    change : (J, 1 + M) focal less reference, slope first
    covariance : (J, 1 + M, 1 + M) of it
    joint : (J, 2 (1 + M), 2 (1 + M)) of reference's and the moved focal parameters
    free : (J, 1 + M) which of them were estimated
    slope, intercept : the linking, theta_reference = slope theta_focal + intercept
    """

    reference: GroupItems
    a: Floats
    b: Floats
    change: Floats
    covariance: Floats
    joint: Floats
    free: Bools
    slope: float
    intercept: float


def differences(
    reference: GroupItems, focal: GroupItems, anchors: Bools, *, linking_error: bool = True
) -> Differences:
    """Return the two groups' parameters on one scale.

    One slope for all items (rasch, 1pl, pcm): mean difficulties of the anchors are made equal; else mean and
    standard deviation of the anchors' difficulties.

    Parameters
    ----------
    anchors : (J,) the items that make the scale
    linking_error : whether the linking's own sampling error, and the errors that items of one group share,
        are in the covariance; without, the two groups' item covariances are added, as published tests do
    """
    count, width = reference.b.shape
    own = np.isfinite(reference.b) & np.isfinite(focal.b)
    size = count * (1 + width)
    common = all(model in COMMON_SLOPE for model in reference.models)
    fixed = common and reference.models[0] != "1pl"

    def moved(both: Floats) -> Floats:
        ours, theirs = both[:size], both[size:]
        b_r, b_f = (np.where(own, part[count:].reshape(count, width), np.nan) for part in (ours, theirs))
        x, y = b_f[anchors][own[anchors]], b_r[anchors][own[anchors]]
        if fixed:
            slope = 1.0
        elif common:
            slope = theirs[0] / ours[0]
        else:
            slope = float(np.std(y) / np.std(x))
        intercept = float(y.mean() - slope * x.mean())
        return np.concatenate([theirs[:count] / slope, (slope * b_f + intercept).ravel(), [slope, intercept]])

    both = np.concatenate([reference.vector, focal.vector])
    there = moved(both)
    slope, intercept = float(there[-2]), float(there[-1])
    a, b = there[:count], there[count:-2].reshape(count, width)
    change = np.column_stack([a - reference.a, b - reference.b])
    variance = [np.diag(part.covariance) for part in (reference, focal)]
    estimated = (variance[0] > 0) | (variance[1] > 0)
    free = np.column_stack([estimated[:count] & (not common), own])
    joint = np.zeros((count, 2 * (1 + width), 2 * (1 + width)))
    if linking_error:
        jacobian = _jacobian(moved, both, np.flatnonzero(np.concatenate(variance) > 0))
    for j in range(count):
        rows = np.concatenate([[j], count + j * width + np.arange(width)])
        if linking_error:
            part = np.zeros((2 * len(rows), len(both)))
            part[np.arange(len(rows)), rows] = 1.0
            part[len(rows) :] = np.nan_to_num(jacobian[rows])
            joint[j] = (
                part[:, :size] @ reference.covariance @ part[:, :size].T
                + part[:, size:] @ focal.covariance @ part[:, size:].T
            )
        else:
            scale = np.diag(np.concatenate([[1 / slope], np.full(width, slope)]))
            joint[j][: len(rows), : len(rows)] = reference.covariance[np.ix_(rows, rows)]
            joint[j][len(rows) :, len(rows) :] = scale @ focal.covariance[np.ix_(rows, rows)] @ scale
    signs = np.hstack([-np.eye(1 + width), np.eye(1 + width)])
    covariance = np.einsum("ik,jkl,ml->jim", signs, joint, signs)
    return Differences(reference, a, b, change, covariance, joint, free, slope, intercept)


def _jacobian(moved: object, both: Floats, free: Rows) -> Floats:
    """Return derivatives of the moved focal parameters in all parameters; 0 where one is fixed."""
    assert callable(moved)  # noqa: S101 (ours)
    count = len(moved(both)) - 2
    jacobian = np.zeros((count, len(both)))
    for k in free:

        def along(step: Floats, at: int = int(k)) -> Floats:
            new = both.copy()
            new[at] += step[0]
            return np.asarray(moved(new)[:count])[None]

        jacobian[:, k] = central_difference(along, np.zeros(1), STEP)[0]
    return jacobian


def separate_items(
    responses: Responses, items: ItemParameters, reference: str, focal: str
) -> tuple[GroupItems, GroupItems]:
    """Return the items calibrated in each group apart, without priors, asymptotes held at their values.

    Items that all of a group answer alike are left out.

    Raises
    ------
    CalibrationError, where a group's calibration does not converge or has no standard errors; OptionError,
    where fewer than three items are left.
    """
    split = split_for(responses, items, reference, focal)
    usable = [row for row, why in enumerate(constant_in_a_group(split.responses)) if not why]
    if len(usable) < FEWEST:
        raise OptionError(
            f"separate calibrations need {FEWEST} items that vary in both groups; got {len(usable)}"
        )
    data = split.responses.take_items(np.array(usable, dtype=np.intp))
    both = []
    for g, name in enumerate(split.groups):
        part = data.take_persons(np.flatnonzero(data.group == g))
        part = replace(part, group=np.zeros(len(part), dtype=np.int32), groups=(name,))
        fit = calibrate(
            part, dict(split.models), items=split.settings, prior_discrimination="none", tolerance=TOLERANCE
        )
        if not fit.converged or fit.information_positive_definite is False:
            raise CalibrationError(f"the calibration of group {name!r} alone failed: {fit.reason}")
        both.append(GroupItems.of(fit, data.items))
    return both[0], both[1]
