"""The report of a simulation: one page that needs nothing else."""

from __future__ import annotations

from math import isfinite
from typing import Any

from markupsafe import Markup

from adaptest.report import simulation_figures as figures
from adaptest.report.environment import template
from adaptest.report.simulation_manual import methods, sources
from adaptest.simulation.study import Study
from adaptest.simulation.tally import Value

TEMPLATE = "simulation.html"
KEY = (  # measure, words, decimals
    ("bias", "bias, logits", 3),
    ("rmse", "root mean square error, logits", 3),
    ("sem", "standard error that is reported, root mean square, logits", 3),
    ("coverage", "95 % intervals that hold the true theta", 3),
    ("correlation", "correlation of theta and its estimate", 3),
    ("mean_length", "scored items, on average", 1),
    ("mean_time_s", "seconds, on average", 0),
    ("late", "sittings that the time limit ended", 3),
    ("accuracy", "decisions that are right", 3),
    ("consistency", "decisions that a second sitting repeats", 3),
    ("false_pass", "sittings that pass and should not", 3),
    ("false_fail", "sittings that fail and should not", 3),
    ("max_exposure", "largest exposure rate of an item", 3),
    ("overlap", "items that two sittings share", 3),
    ("never_used", "items never used", 0),
    ("information_share", "information used, of what as many items could give", 3),
    ("no_estimate", "sittings without a finite estimate", 3),
)
REAL = {
    "bias": "difference from the estimate from all answers, mean, logits",
    "rmse": "the same, root mean square, logits",
}


def page(study: Study, version: str) -> str:
    """Return the report's HTML, the same bytes for the same study."""
    measures, bank = study.measures, study.adequacy
    drawn = [("Precision over theta", figures.precision(study)), ("Length", figures.lengths(study))]
    if measures.decisions:
        drawn.append(("Decisions over theta", figures.decisions(study)))
    drawn.append(("Exposure of the items", figures.exposures(study)))
    if study.design.blueprint.rules:
        drawn.append(("Content", figures.content(study)))
    return template(TEMPLATE).render(
        study=study,
        version=version,
        key=[(words, told(value, decimals)) for words, value, decimals in key_measures(study)],
        doubts=doubts(study),
        figures=[(title, Markup(svg)) for title, svg in drawn],  # noqa: S704 (our own SVG)
        bands=[_band(one) for one in measures.bands],
        reasons=[(reason.replace("_", " "), told(value, 3)) for reason, value in measures.endings.items()],
        cuts=[
            (
                at,
                [
                    (label, n, told(right, 3), told(low, 3), told(high, 3))
                    for label, n, right, low, high in at.by_distance
                ],
            )
            for at in measures.decisions
        ],
        yardsticks=[
            (
                one.words,
                one.n,
                f"{one.length:.1f}",
                told(one.rmse, 3),
                told(one.efficiency, 2),
                told(one.accuracy, 3),
                told(one.kappa, 3),
            )
            for one in study.yardsticks
        ],
        told=told,
        bank=bank,
        gap=gap(study),
        most_used=most_used(study),
        methods=methods(study),
        sources=sources(study),
    )


def key_measures(study: Study) -> list[tuple[str, Value, int]]:
    """Return the measures that are told first: words, value, decimals."""
    values = study.values
    return [
        (REAL.get(name, words) if study.real else words, values[name], decimals)
        for name, words, decimals in KEY
        if name in values
    ]


def doubts(study: Study) -> list[str]:
    """Return what a person must look at, a sentence each."""
    said = []
    if study.interrupted:
        said.append(f"interrupted: {study.n} of {study.asked} simulees finished, and only they are counted")
    if study.hard_violations:
        kinds = ", ".join(f"{count} {kind}" for kind, count in study.measures.violations.items() if count)
        said.append(f"{study.hard_violations} sittings broke a hard rule: {kinds}")
    said += [one.sentence for one in study.requirements if not one.met]
    if study.design.pool.provisional:
        said.append(
            "item parameters are judged, not calibrated: these figures hold only as far as the judgements do"
        )
    return said


def told(value: Value, decimals: int) -> str:
    """Return a measure as people read it, its Monte-Carlo standard error in brackets."""
    if not isfinite(value.value):
        return "none"
    shown = f"{value.value:.{decimals}f}"
    return shown if not isfinite(value.se) else f"{shown} ({value.se:.{max(decimals, 1)}f})"


def gap(study: Study) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Return the bank by area: in each band what is held of what is needed, and whether that is too few."""
    cells = study.adequacy.cells
    return [
        (area, [(c.band, f"{c.held} of {c.needed:.1f}", bool(c.to_write)) for c in cells if c.area == area])
        for area in dict.fromkeys(c.area for c in cells)
    ]


def most_used(study: Study) -> list[tuple[str, str]]:
    """Return the ten items used most, with their rates."""
    order = sorted(range(len(study.exposure)), key=lambda row: (-study.exposure[row], row))[:10]
    return [(study.design.pool.ids[row], f"{study.exposure[row]:.3f}") for row in order]


def _band(one: Any) -> tuple[str, ...]:
    """Return a band as a row of the table."""
    names = (("bias", 3), ("rmse", 3), ("sem", 3), ("empirical_se", 3), ("coverage", 2), ("mean_length", 1))
    shown = [told(one.measures[name], decimals) for name, decimals in names]
    share = one.measures["information_share"].value
    return (
        one.label,
        str(one.n),
        *shown,
        f"{share:.2f}" if isfinite(share) else "",
        f"{one.max_exposure:.2f}",
    )
