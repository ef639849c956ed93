"""Figures of a simulation study as SVG text."""

from __future__ import annotations

import numpy as np

from adaptest.report.figures import ABOVE, HEIGHT, INK, PALE, SECOND, figure
from adaptest.simulation.measures import Band
from adaptest.simulation.study import Study

FEW = 20  # simulees below which a band's numbers say too little to draw


def precision(study: Study) -> str:
    """Return bias above, and below the SEM beside the error that was really made, over theta."""
    bands = drawn(study)
    with figure(2, height=HEIGHT * 1.4) as (_, (above, below), text):
        at, bias = points(bands, "bias")
        error = np.array([1.96 * one.measures["bias"].se for one in bands])
        above.axhline(0, color=PALE, lw=1)
        above.errorbar(at, bias, np.nan_to_num(error), color=INK, marker="o", ms=3, lw=1, capsize=2)
        above.set(ylabel="bias (logits)")
        for name, label, colour, dash in (
            ("sem", "SEM that is reported", INK, "-"),
            ("empirical_se", "spread of the errors", SECOND, "--"),
            ("rmse", "root mean square error", "#3b7d4f", ":"),
        ):
            below.plot(*points(bands, name), color=colour, ls=dash, marker="o", ms=2.5, label=label)
        below.set(xlabel="true theta (logits)", ylabel="logits", ylim=(0, None))
        below.legend(**{**ABOVE, "ncols": 3})
    return text[0]


def lengths(study: Study) -> str:
    """Return how long sittings are: their distribution above, and below the mean over theta."""
    bands, counts = drawn(study), study.found.lengths
    with figure(2, height=HEIGHT * 1.25, sharex=False) as (_, (above, below), text):
        used = np.flatnonzero(counts)
        above.bar(used, counts[used] / max(study.n, 1), width=0.9, color=PALE, ec=INK, lw=0.5)
        above.set(xlabel="scored items", ylabel="share of sittings", xlim=(used.min() - 1, used.max() + 1))
        below.plot(*points(bands, "mean_length"), color=INK, marker="o", ms=3)
        below.set(xlabel="true theta (logits)", ylabel="mean length", ylim=(0, None))
    return text[0]


def exposures(study: Study) -> str:
    """Return the items' exposure rates from the most used to the least."""
    rate = np.sort(study.exposure)[::-1]
    cap = study.adequacy.cap
    with figure(height=HEIGHT * 0.9) as (_, axes, text):
        axes.fill_between(np.arange(1, len(rate) + 1), rate, step="mid", color=PALE, lw=0)
        axes.step(np.arange(1, len(rate) + 1), rate, where="mid", color=INK, lw=1.2)
        if not study.adequacy.assumed:
            axes.axhline(cap, color=SECOND, ls="--", lw=1, label=f"required: at most {cap:g}")
            axes.legend(**ABOVE)
        axes.set(
            xlabel="items, the most used first",
            ylabel="exposure rate",
            ylim=(0, None),
            xlim=(0, len(rate) + 1),
        )
    return text[0]


def decisions(study: Study) -> str:
    """Return how often simulees of each ability pass, at every cut, and the perfect decision beside it."""
    bands = [k for k, _ in enumerate(study.found.bands.labels) if study.found.tally.count(k) >= FEW]
    centres = [study.found.bands.centres[k] for k in bands]
    with figure(height=HEIGHT * 0.9) as (_, axes, text):
        colours = (INK, SECOND, "#3b7d4f", "#7a4b94")
        for k, at in enumerate(study.measures.decisions):
            shares = study.found.passed_by_band[k]
            colour = colours[k % len(colours)]
            axes.plot(
                centres, [shares[b] for b in bands], color=colour, marker="o", ms=3, label=f"cut {at.cut:g}"
            )
            axes.axvline(at.cut, color=colour, ls=":", lw=1)
        axes.set(xlabel="true theta (logits)", ylabel="share that passes", ylim=(-0.02, 1.02))
        axes.legend(**ABOVE)
    return text[0]


def content(study: Study) -> str:
    """Return each content rule's share of a sitting, least, mean and largest, beside its bounds."""
    rules, (low, high, total) = study.design.blueprint.rules, study.found.rule_share
    place = np.arange(len(rules))[::-1]
    longest = max(len(study.found.lengths) - 1, 1)
    with figure(height=0.7 + 0.26 * len(rules)) as (_, axes, text):
        for y, rule, least, most, mean in zip(place, rules, low, high, total / max(study.n, 1), strict=True):
            start = float(rule.lower or 0) if rule.minimum is None else rule.minimum / longest
            end = 1.0 if rule.upper is None else float(rule.upper)
            end = min(end, 1.0 if rule.maximum is None else rule.maximum / study.design.minimum)
            axes.barh(y, end - start, left=start, height=0.62, color="#e9eef3", lw=0)
            axes.plot([least, most], [y, y], color=INK, lw=2)
            axes.plot(mean, y, color=SECOND, marker="o", ms=4)
        names = [rule.name if len(rule.name) < 34 else f"{rule.name[:32]}…" for rule in rules]  # noqa: PLR2004 (the margin)
        axes.set_yticks(place, names, fontsize=7)
        axes.set(xlabel="share of a sitting: allowed (pale), seen (line), mean (dot)", xlim=(0, None))
    return text[0]


def drawn(study: Study) -> list[Band]:
    """Return the bands with enough simulees to draw; all of them where none has."""
    bands = [one for one in study.measures.bands if one.n >= FEW]
    return bands or list(study.measures.bands)


def points(bands: list[Band], name: str) -> tuple[list[float], list[float]]:
    """Return centres and values of a measure."""
    return [one.centre for one in bands], [one.measures[name].value for one in bands]
