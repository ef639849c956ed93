"""Figures as SVG text: the same bytes for the same numbers, readable on paper and without colour."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters

WIDTH, HEIGHT = 7.2, 3.2  # inches: the text width of a page
INK, SECOND, PALE = "#1f3a5f", "#b3541e", "#c9d3df"
SCATTER = 4_000  # points at most in a scatter: more is one blot
SETTINGS: Any = {
    "svg.hashsalt": "adaptest",  # ids in the file depend on its content alone
    "svg.fonttype": "none",
    "font.size": 9,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
ABOVE: Any = {"frameon": False, "loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}


@contextmanager
def figure(
    rows: int = 1, *, height: float = HEIGHT, sharex: bool = True
) -> Iterator[tuple[Any, Any, list[str]]]:
    """Give a figure, its axes, and a list that holds its SVG text afterwards."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    text: list[str] = []
    with mpl.rc_context(SETTINGS):
        drawing = Figure(figsize=(WIDTH, height), layout="constrained")
        yield drawing, drawing.subplots(rows, 1, sharex=sharex and rows > 1), text
        page = io.StringIO()
        drawing.savefig(page, format="svg", metadata={"Date": None, "Creator": None})
    whole = page.getvalue()
    text.append(whole[whole.index("<svg") :])


def information_and_sem(items: ItemParameters, theta: Floats, moments: list[tuple[str, float, float]]) -> str:
    """Return test information and the standard error of measurement over theta, with each group's mean.

    Parameters
    ----------
    theta : (Q,) logits
    moments : name, mean and standard deviation of each group, logits
    """
    information = items.information(theta).sum(axis=1)
    with figure() as (_, axes, text):
        axes.plot(theta, information, color=INK, label="test information")
        axes.set(xlabel="theta (logits)", ylabel="information", ylim=(0, None))
        other = axes.twinx()
        with np.errstate(divide="ignore"):
            sem = 1 / np.sqrt(information)
        other.plot(theta, np.where(sem <= 2, sem, np.nan), color=SECOND, ls="--", label="SEM")  # noqa: PLR2004 (off the page)
        other.set(ylabel="SEM (logits)", ylim=(0, 2))
        other.spines["right"].set_visible(True)
        for name, mean, _ in moments[:6]:
            axes.axvline(mean, color=PALE, lw=1)
            axes.annotate(name, (mean, 0), xytext=(2, 3), textcoords="offset points", fontsize=7)
        handles = [*axes.get_lines()[:1], *other.get_lines()]
        axes.legend(handles, [line.get_label() for line in handles], **ABOVE)
    return text[0]


def person_item_map(person_theta: Floats, person_weight: Floats, locations: Floats) -> str:
    """Return persons above and item locations below one scale, both as histograms.

    Parameters
    ----------
    person_theta, person_weight : (N,) EAP in logits and what each person counts
    locations : (L,) difficulties, thresholds or steps, logits
    """
    both = np.concatenate([person_theta[np.isfinite(person_theta)], locations[np.isfinite(locations)]])
    low, high = np.quantile(both, [0.005, 0.995]) if both.size else (-3.0, 3.0)
    bins = np.linspace(low - 0.5, high + 0.5, 41)
    with figure(2, height=HEIGHT * 1.1) as (_, (above, below), text):
        above.hist(
            np.clip(person_theta, bins[0], bins[-1]), bins, weights=person_weight, color=PALE, ec=INK, lw=0.4
        )
        above.set(ylabel="persons (EAP)")
        below.hist(np.clip(locations, bins[0], bins[-1]), bins, color=SECOND, ec="white", lw=0.4, hatch="//")
        below.invert_yaxis()
        below.yaxis.get_major_locator().set_params(integer=True)
        below.set(ylabel="item locations", xlabel="logits (the ends hold what lies beyond)")
    return text[0]


def convergence(iteration: list[int], gap: list[float], change: list[float]) -> str:
    """Return how the fit came to rest: log-posterior to go and largest change."""
    with figure(height=HEIGHT * 0.85) as (_, axes, text):
        axes.semilogy(
            iteration, np.maximum(gap, 1e-12), color=INK, marker="o", ms=3, label="log-posterior to go"
        )
        axes.semilogy(
            iteration,
            np.maximum(change, 1e-12),
            color=SECOND,
            ls="--",
            marker="s",
            ms=3,
            label="largest change",
        )
        axes.set(xlabel="iteration (E-step)", ylabel="logits, log-likelihood units")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(**ABOVE)
    return text[0]


def change_of_theta(old: Floats, new: Floats, cuts: tuple[float, ...]) -> str:
    """Return how far each sitting's theta would move, over its old theta, with the cuts.

    Parameters
    ----------
    old, new : (N,) logits, finite
    """
    with figure(height=HEIGHT * 0.9) as (_, axes, text):
        some = np.unique(np.linspace(0, len(old) - 1, min(len(old), SCATTER)).round().astype(np.intp))
        axes.plot(old[some], (new - old)[some], ls="", marker=".", ms=3, color=INK, alpha=0.5)
        axes.axhline(0, color=PALE, lw=1)
        for cut in cuts:
            axes.axvline(cut, color=SECOND, lw=1, ls="--")
        axes.set(xlabel="theta as it was (logits; dashed: cuts)", ylabel="change (logits)")
    return text[0]
