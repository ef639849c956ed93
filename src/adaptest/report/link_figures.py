"""Figures of links and of drift: curves before and after, anchors against each other, drift over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from adaptest.linking import Link
from adaptest.linking.transform import transform
from adaptest.models.base import Bools, Floats
from adaptest.parameters import ItemParameters
from adaptest.report.figures import ABOVE, HEIGHT, INK, PALE, SECOND, figure
from adaptest.scoring.expected_score import expected_score

NAMED = 8  # anchors named in the scatter: those furthest from the line
LABELLED = 12  # items drawn by name over time
LEVEL = 1.96  # standard errors either side: 95 %


def characteristic_curves(
    from_items: ItemParameters, to_items: ItemParameters, link: Link, theta: Floats
) -> str:
    """Return the anchors' characteristic curves on TO's scale: TO's, FROM's as it stood, FROM's linked."""
    with figure() as (_, axes, text):
        axes.plot(theta, expected_score(to_items, theta), color=INK, lw=2, label="TO")
        axes.plot(theta, expected_score(from_items, theta), color=SECOND, ls=":", label="FROM, before")
        moved = transform(from_items, link.A, link.B)
        axes.plot(theta, expected_score(moved, theta), color=SECOND, ls="--", label="FROM, linked")
        axes.set(xlabel="theta on the scale of TO (logits)", ylabel="expected score on the anchors")
        axes.legend(**ABOVE | {"ncols": 3})
    return text[0]


def scatter(now: Floats, was: Floats, ids: Sequence[str], flagged: Bools) -> str:
    """Return anchors' locations, linked FROM against TO, with the line on which they would agree."""
    with figure(height=HEIGHT * 1.25) as (_, axes, text):
        low, high = min(now.min(), was.min()) - 0.3, max(now.max(), was.max()) + 0.3
        axes.plot([low, high], [low, high], color=PALE, lw=1)
        axes.plot(was[~flagged], now[~flagged], "o", mfc="none", mec=INK, ms=5, label="anchor")
        if flagged.any():
            axes.plot(was[flagged], now[flagged], "s", color=SECOND, ms=5, label="moved")
        apart = np.abs(now - was)
        for j in np.argsort(-apart, kind="stable")[:NAMED]:
            if apart[j] > 0.1 or flagged[j]:  # noqa: PLR2004 (closer, a name would hide the point)
                place = {"xytext": (5, 2), "textcoords": "offset points", "fontsize": 7}
                axes.annotate(ids[j], (was[j], now[j]), **place)
        axes.set(xlabel="location on TO (logits)", ylabel="location of FROM, linked (logits)")
        axes.set_aspect("equal", adjustable="datalim")
        axes.legend(**ABOVE)
    return text[0]


def item_panels(from_items: ItemParameters, to_items: ItemParameters, link: Link, theta: Floats) -> list[str]:
    """Return one small picture an anchor: its expected share of the highest score, TO and linked FROM."""
    top = to_items.categories - 1
    moved = transform(from_items, link.A, link.B)
    ours, theirs = (items.expected_score(theta) / top for items in (moved, to_items))
    return [_panel(theta, ours[:, j], theirs[:, j]) for j in range(len(to_items))]


def _panel(theta: Floats, ours: Floats, theirs: Floats) -> str:
    width, height = 190.0, 90.0
    x = 4 + (theta - theta[0]) / (theta[-1] - theta[0]) * (width - 8)

    def path(share: Floats) -> str:
        y = 4 + (1 - np.clip(share, 0, 1)) * (height - 20)
        return "M" + "L".join(f"{one:.1f} {other:.1f}" for one, other in zip(x, y, strict=True))

    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="item curve">'
        f'<path class="axis" d="M4 4V{height - 16:g}H{width - 4:g}"/>'
        f'<path class="curve" d="{path(theirs)}"/>'
        f'<path class="curve" style="stroke:{SECOND};stroke-dasharray:4 3" d="{path(ours)}"/>'
        f'<text x="4" y="{height - 5:g}">{theta[0]:g}</text>'
        f'<text x="{width - 12:g}" y="{height - 5:g}">{theta[-1]:g}</text></svg>'
    )


def drift_over_time(
    administrations: Sequence[str],
    x_b: Mapping[str, Floats],
    se: Mapping[str, Floats],
    flagged: Sequence[str],
    threshold: float,
) -> str:
    """Return each item's shift of location over administrations; flagged items by name, with 95 % intervals.

    Parameters
    ----------
    x_b, se : by item, (T,) logits; nan where an administration has no estimate
    flagged : ids to be drawn by name, the most important first
    threshold : logits that matter, drawn as a band
    """
    t = np.arange(len(administrations))
    with figure(height=HEIGHT * 1.15) as (_, axes, text):
        axes.axhspan(-threshold, threshold, color=PALE, alpha=0.4, lw=0)
        for item, values in x_b.items():
            if item not in flagged:
                axes.plot(t, values, color=PALE, lw=0.8, zorder=1)
        named = list(flagged)[:LABELLED]
        for k, item in enumerate(named):
            color = (INK, SECOND)[k % 2]
            marker, style = "os^Dv<>"[k % 7], ("-", "--", "-.", ":")[k % 4]
            away = t + 0.04 * (k - (len(named) - 1) / 2)
            axes.errorbar(away, x_b[item], LEVEL * np.asarray(se[item]), color=color, marker=marker, ms=4,
                          ls=style, lw=1.2, elinewidth=0.7, label=item, zorder=2)  # fmt: skip
        axes.set(ylabel="shift of location (logits)", xlabel="administration")
        axes.set_xticks(t, administrations)
        if named:
            axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
    return text[0]
