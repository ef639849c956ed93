"""Both groups calibrated together with free moments, an item's parameters equal in them or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from adaptest.calibration import CalibrationResult, ItemSettings, calibrate
from adaptest.dif.compared import group_pair
from adaptest.errors import CalibrationError, OptionError
from adaptest.models import LogisticItems
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses, SparseRows

HELD = 1e6  # weight of the prior that holds an asymptote at its value
EDGE = 1e-3  # asymptotes nearer to 0 or 1 than this are taken as 0 or 1
CYCLES = 100  # E-steps; ordinary fits take 10 to 30
FEWEST = 30.0  # persons of each group with an item, by weight, below which it is not fitted
TOLERANCE = 1e-5  # logits: the log-likelihood is then exact to about 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Responses of two groups, ready to be calibrated with any items split by group.

    Attributes
    ----------
    responses : resolved, reference group first; items without variation in some group are left to the caller
    models : model by item
    settings : asymptotes held, by item
    anchors : values at which all items but the studied ones are held; None estimates them too
    """

    responses: Responses
    models: Mapping[str, str]
    settings: Mapping[str, ItemSettings]
    anchors: ItemParameters | None = None

    @property
    def groups(self) -> tuple[str, str]:
        """Reference and focal group."""
        return self.responses.groups[0], self.responses.groups[1]

    def focal_name(self, item: str) -> str:
        """Return the id of an item's focal column."""
        return f"{item} in {self.groups[1]}"

    def held(self, item: str) -> int:
        """Return how many of the item's parameters are held, and so are no degrees of freedom."""
        own = self.settings.get(item, ItemSettings())
        return sum(prior not in {None, "none"} for prior in (own.prior_guessing, own.prior_upper_asymptote))

    def fit(self, free: Sequence[str], *, studied: str = "", se: bool = False) -> CalibrationResult:
        """Return the joint calibration with the parameters of `free` free in the focal group.

        Parameters
        ----------
        studied : an item whose parameters are estimated, equal in both groups, where the others are held

        Raises
        ------
        CalibrationError, where it did not converge: its log-likelihood tests nothing.
        """
        data = split_items(
            self.responses, [self.responses.items.index(item) for item in free], self.focal_name
        )
        models, settings = dict(self.models), dict(self.settings)
        for item in free:
            models[self.focal_name(item)] = models[item]
            if item in settings:
                settings[self.focal_name(item)] = settings[item]
        anchors = None
        if self.anchors is not None:
            kept = [row for row, item in enumerate(self.anchors.ids) if item not in {studied, *free}]
            anchors = self.anchors.take(np.array(kept, dtype=np.intp))
        result = calibrate(
            data,
            models,
            items=settings,
            anchors=anchors,
            prior_discrimination="none",
            se="louis" if se else "none",
            tolerance=TOLERANCE,
            max_iterations=CYCLES,
        )
        if not result.converged:
            raise CalibrationError(f"the joint calibration did not converge: {result.reason}")
        return result


def split_for(
    responses: Responses,
    items: ItemParameters,
    reference: str | None,
    focal: str | None,
    *,
    held: bool = False,
) -> Split:
    """Return two groups' responses ready for joint calibrations.

    Slopes and difficulties are estimated anew without priors; guessing and upper asymptotes are held at
    their values, for no group alone could tell them.

    Parameters
    ----------
    items : the items' models, and asymptotes, by id
    held : whether items that are not being studied are held at their values

    Raises
    ------
    OptionError, where an item is unknown or the groups are not two.
    """
    pair = group_pair(responses, reference, focal)
    if unknown := [item for item in responses.items if item not in items.row]:
        raise OptionError(f"item {unknown[0]!r}: must be among the items whose models are given; it is not")
    resolved = responses.resolved()
    index = [responses.groups.index(name) for name in pair]
    resolved = resolved.take_persons(np.flatnonzero(np.isin(resolved.group, index)))
    order = np.argsort(resolved.group == index[1], kind="stable")
    resolved = resolved.take_persons(order)
    resolved = replace(resolved, group=(resolved.group == index[1]).astype(np.int32), groups=pair)
    models, settings = {}, {}
    for block in items.blocks:
        for k, item in enumerate(block.ids):
            models[item] = block.models[k]
            if isinstance(block, LogisticItems) and block.models[k] in {"3pl", "4pl"}:
                models[item], settings[item] = _held(float(block.c[k]), float(block.d[k]))
    own = items.take(np.array([items.row[item] for item in responses.items], dtype=np.intp))
    return Split(resolved, {item: models[item] for item in responses.items}, settings, own if held else None)


def _held(c: float, d: float) -> tuple[str, ItemSettings]:
    """Return the model and the priors that hold an item's asymptotes."""
    guessing = f"beta:{c * HELD + 1:.6f},{(1 - c) * HELD + 1:.6f}" if c > EDGE else "none"
    upper = f"beta:{d * HELD + 1:.6f},{(1 - d) * HELD + 1:.6f}" if d < 1 - EDGE else "none"
    if upper != "none":
        low = guessing if guessing != "none" else f"beta:{EDGE * HELD:.6f},{HELD:.6f}"
        return "4pl", ItemSettings(prior_guessing=low, prior_upper_asymptote=upper)
    return ("3pl", ItemSettings(prior_guessing=guessing)) if guessing != "none" else ("2pl", ItemSettings())


def split_items(responses: Responses, rows: Sequence[int], name: Callable[[str], str]) -> Responses:
    """Return the responses with the focal group's answers to the items at `rows` in columns of their own."""
    if not rows:
        return responses
    items = (*responses.items, *(name(responses.items[row]) for row in rows))
    focal = responses.group == 1
    if not isinstance(responses.cells, SparseRows):
        own = responses.cells[:, rows]
        cells = np.concatenate([responses.cells, np.where(focal[:, None], own, -1)], axis=1).astype(np.int8)
        cells[np.ix_(focal, rows)] = -1
        return replace(responses, items=items, cells=cells)
    held = responses.cells
    person = held.person()
    column = np.arange(len(responses.items), dtype=np.int32)
    column[list(rows)] = len(responses.items) + np.arange(len(rows))
    item = np.where(focal[person], column[held.item], held.item).astype(np.int32)
    order = np.lexsort((item, person))
    return replace(responses, items=items, cells=SparseRows(held.start, item[order], held.score[order]))


def group_sizes(responses: Responses) -> tuple[Floats, Floats]:
    """Return (J,) reference and focal persons, by weight, with an answer to each item."""
    rows = responses.sparse()
    person = rows.person()
    weight = responses.weight[person] * (rows.score >= 0)
    focal = responses.group[person] == 1
    j = len(responses.items)
    return tuple(  # type: ignore[return-value]
        np.bincount(rows.item[some], weights=weight[some], minlength=j).astype(np.float64)
        for some in (~focal, focal)
    )


def constant_in_a_group(responses: Responses) -> list[str]:
    """Return (J,) why an item is not calibrated in both groups; "" where it is."""
    rows = responses.sparse()
    good = rows.score >= 0
    group, item, score = responses.group[rows.person()][good], rows.item[good], rows.score[good]
    reasons = [""] * len(responses.items)
    for g, name in enumerate(responses.groups):
        own = group == g
        low = np.full(len(reasons), 127)
        high = np.full(len(reasons), -1)
        np.minimum.at(low, item[own], score[own])
        np.maximum.at(high, item[own], score[own])
        for row in np.flatnonzero(low >= high):
            reasons[row] = reasons[row] or f"everyone in group {name!r} has the same score, or nobody has one"
    for item_row, few in enumerate(np.minimum(*group_sizes(responses)) < FEWEST):
        if few:
            said = f"fewer than {FEWEST:g} persons of a group have the item"
            reasons[item_row] = reasons[item_row] or said
    return reasons
