"""Method A: new items against abilities taken as known. A quick look, never a calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.calibration.defaults import models_of, priors_of
from adaptest.calibration.fixed import anchors_of, require_met
from adaptest.calibration.m_step import improve
from adaptest.calibration.options import DEFAULT_MODEL, ItemSettings, Options
from adaptest.calibration.plan import plan, tally
from adaptest.calibration.prepare import prepare
from adaptest.calibration.reported import family
from adaptest.calibration.starts import SLOPE, first_values
from adaptest.errors import CalibrationError
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.scoring import score

ROUNDS = 50  # of Newton steps; five to ten are enough
STEP = 0.01  # logits between the nodes that abilities are rounded to: far below their own error
LABEL = "method A: abilities taken as known, slopes biased towards 0; a quick look, not a calibration"


@dataclass(frozen=True, slots=True, eq=False)
class QuickLook:
    """Parameters of new items by Method A; there are no standard errors that could be believed.

    Attributes
    ----------
    items : the new items
    n : (J,) persons behind each
    theta : (N,) the abilities that were taken as known, by weighted likelihood from the anchors; nan: none
    label : what this is, in words
    """

    items: ItemParameters
    n: Floats
    theta: Floats
    label: str


def method_a(
    responses: Responses,
    anchors: ItemParameters,
    model: str | Sequence[str] | Mapping[str, str] = DEFAULT_MODEL,
    *,
    items: Mapping[str, ItemSettings] | None = None,
) -> QuickLook:
    """Return a quick look at the items that are not anchors.

    On real adaptive data the slopes' error was four times that of fixed-parameter calibration (.370 against
    .093), because the error of the abilities is ignored: use `calibrate(..., anchors=...)`.

    Raises
    ------
    CalibrationError, if no anchor was answered or no new item can be estimated.

    References
    ----------
    Stocking (1988), Scale drift in on-line calibration, ETS RR-88-28.
    """
    ready = prepare(responses, omitted="wrong", not_reached="not_presented", unlabelled=False)
    data = ready.responses
    counts = tally(data)
    require_met(data.items, anchors_of(data.items, anchors, (), with_error=False), counts.sum(axis=1))
    known = np.array([j for j, item in enumerate(data.items) if item in anchors.row], dtype=np.intp)
    rows = np.array([anchors.row[data.items[j]] for j in known], dtype=np.intp)
    theta = score(anchors.take(rows), data.take_items(known), "wle").theta
    new = np.array([j for j, item in enumerate(data.items) if item not in anchors.row], dtype=np.intp)
    if not len(new):
        raise CalibrationError("every item is an anchor; there is no new item to look at")
    seen = np.flatnonzero(np.isfinite(theta))
    part = data.take_items(new).take_persons(seen)
    settings, own_counts = items or {}, tally(part)
    models = models_of(part.items, model, settings)
    priors = priors_of(part.items, models, own_counts.sum(axis=1), Options(), settings)
    planned = plan(part.items, own_counts, models, priors, {})
    if not len(planned.fitted):
        raise CalibrationError("no new item has responses in more than one category")
    nodes, place = np.unique(np.round(theta[seen] / STEP), return_inverse=True)
    whole = []
    names = [part.items[j] for j in planned.fitted]
    for block in planned.blocks:
        at = planned.fitted[block.rows]
        k = block.codes.shape[1]
        table = np.stack([_counts(part, int(j), planned.category[j], place, (k, len(nodes))) for j in at])
        own, common = first_values(block, table.sum(axis=2), np.full(len(block), SLOPE))
        for _ in range(ROUNDS):
            better = improve(block, own, common, nodes * STEP, table)
            change = np.abs(better.own - own).max(initial=0)
            own, common = better.own, better.common
            if change < STEP**3:
                break
        plans = [planned.items[j] for j in at]
        whole.append((block, block.psi(own, common), plans))
    found = family(names, whole)
    return QuickLook(
        ItemParameters(tuple(names), tuple(found)), own_counts[planned.fitted].sum(axis=1), theta, LABEL
    )


def _counts(
    data: Responses, item: int, category: NDArray[np.int16], place: Rows, shape: tuple[int, int]
) -> Floats:
    """Return (K, M) weighted answers in each category at each node."""
    column = data.take_items(np.array([item])).dense()[:, 0]
    code = np.where(column >= 0, category[np.maximum(column, 0)], -1)
    some = code >= 0
    key = code[some] * shape[1] + place[some]
    total = np.bincount(key, weights=data.weight[some], minlength=shape[0] * shape[1])
    return total.astype(np.float64).reshape(shape)
