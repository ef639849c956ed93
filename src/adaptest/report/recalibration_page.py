"""The recalibration report: flags first, then what each step found and whose result would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from adaptest import __version__
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.report import figures
from adaptest.report.environment import template
from adaptest.report.item_curves import observed, panels
from adaptest.report.link_figures import LABELLED, drift_over_time
from adaptest.responses import Responses

PERSONS = 20_000  # at most, evenly spread, behind the curves
PANELS = 200  # at most; what was not simply kept comes first
LOW, HIGH, NODES = -4.0, 4.0, 121
QUIET = frozenset({"base_value", "rarely_used", "no_responses", "draft"})


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item on the page, in words.

    Attributes
    ----------
    old, new : values with 95 % intervals
    options : letter, share, correlation with theta, the key first
    drift, fit, dif : what the steps saw
    """

    item: str
    role: str
    decision: str
    proposed: str
    reason: str
    detail: str
    n: int
    old: str
    new: str
    p: str
    r: str
    options: tuple[tuple[str, float, float], ...]
    key: str
    drift: str
    fit: str
    misfit: bool
    dif: str
    dif_flagged: bool

    @property
    def doubtful(self) -> bool:
        """Whether a person should look at it."""
        return (
            self.decision in {"replace", "reject", "key-fix", "retire"}
            or self.reason in {"drift_imprecise", "drift_few", "content_undecided"}
            or self.misfit
            or self.dif_flagged
            or self.decision != self.proposed
        )


class Drifting(Protocol):
    """Shifts of location against the base: by item (T,) logits, with standard errors."""

    @property
    def administrations(self) -> tuple[str, ...]:
        """(T,) names, the oldest first."""
        ...

    @property
    def x_b(self) -> Mapping[str, Floats]:
        """By item, the largest shift first."""
        ...

    @property
    def se_b(self) -> Mapping[str, Floats]:
        """By item."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What the page shows.

    Attributes
    ----------
    record : run.json
    released : (J,) items with responses, and responses (N, J) with theta (N,) of the same sittings
    base : the release before
    cuts : thetas at which information is shown
    impact : a row an exam; flips : sittings whose decision would change
    theta_old, theta_new : (S,) every scored sitting
    drift : shifts of the items that moved, by administration; drift_threshold : logits that matter
    """

    record: Mapping[str, Any]
    items: tuple[ItemRow, ...]
    released: ItemParameters
    base: ItemParameters
    responses: Responses
    theta: Floats
    cuts: tuple[float, ...]
    impact: tuple[Mapping[str, Any], ...]
    flips: tuple[Mapping[str, Any], ...]
    theta_old: Floats
    theta_new: Floats
    comparable: bool
    drift: Drifting | None = None
    drift_threshold: float = 0.0


def page(one: Page) -> str:
    """Return the page's HTML: one self-contained file, readable on paper."""
    doubtful = [row for row in one.items if row.doubtful]
    order = [row.item for row in sorted(one.items, key=lambda row: (not row.doubtful, row.reason in QUIET))]
    curves = _curves(one, order[:PANELS])
    held = [row for row in one.items if row.decision == "hold" and not row.doubtful]
    rows = [row for row in one.items if not (row.decision == "hold" and row.reason == "no_responses")]
    return template("recalibration.html").render(
        version=__version__,
        record=one.record,
        doubtful=doubtful,
        held=held,
        rows=rows,
        unseen=len(one.items) - len(rows),
        curves=curves,
        impact=one.impact,
        flips=one.flips,
        cuts=_information(one),
        figure_information=_figure(one),
        figure_change=_change(one),
        figure_drift=_over_time(one),
        drifting=len(one.drift.x_b) if one.drift else 0,
        drawn=LABELLED,
    )


def _over_time(one: Page) -> str:
    """Return the shifts of the items that moved, over administrations; nothing where none did."""
    if one.drift is None:
        return ""
    drawn = list(one.drift.x_b)[:LABELLED]
    return drift_over_time(
        one.drift.administrations, one.drift.x_b, one.drift.se_b, drawn, one.drift_threshold
    )


def _curves(one: Page, order: list[str]) -> dict[str, str]:
    """Return the model's curve over observed shares for the items that have responses."""
    wanted = [item for item in order if item in one.released.row]
    known = np.flatnonzero(np.isfinite(one.theta))
    if not wanted or not known.size:
        return {}
    some = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), PERSONS)).round().astype(np.intp))]
    rows: Rows = np.array([one.released.row[item] for item in wanted], dtype=np.intp)
    items = one.released.take(rows)
    people = one.responses.take_items(rows).take_persons(some).resolved()
    points = observed(people, one.theta[some], items.categories - 1)
    return dict(zip(wanted, panels(items, points, LOW, HIGH), strict=True))


def _information(one: Page) -> list[dict[str, float]]:
    """Return the bank's information at each cut, before and after."""
    rows = []
    for cut in one.cuts:
        at = np.array([cut])
        before = float(one.base.information(at).sum()) if one.comparable else float("nan")
        rows.append({"cut": cut, "before": before, "after": float(one.released.information(at).sum())})
    return rows


def _figure(one: Page) -> str:
    moments = [(group["name"], group["mean"], group["variance"] ** 0.5) for group in one.record["groups"]]
    return figures.information_and_sem(one.released, np.linspace(LOW, HIGH, NODES), moments)


def _change(one: Page) -> str:
    """Return old against new theta; nothing where they are not comparable."""
    both = np.isfinite(one.theta_old) & np.isfinite(one.theta_new)
    if not one.comparable or not both.any():
        return ""
    return figures.change_of_theta(one.theta_old[both], one.theta_new[both], one.cuts)
