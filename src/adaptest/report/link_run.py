"""A link as files: link.json, FROM's table and covariance on TO's scale, the anchors, a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.calibration.covariance_file import NAME, covariance_bytes
from adaptest.drift import Adequacy, Comparison, DriftRule
from adaptest.drift.comparison import compare, locations
from adaptest.files import readable_json, write_bytes, write_text
from adaptest.linking import Form, Link
from adaptest.linking.equating import Equated
from adaptest.linking.transform import require_movable, transform_covariance, transform_table
from adaptest.models.base import Bools
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ParameterTable
from adaptest.parameters.files import write_parameter_table
from adaptest.report import link_figures as figures
from adaptest.report.environment import template

FORMAT = "adaptest-link/1"
PANELS = 60  # at most; the anchors that are furthest apart first
NODES = 81
SPAN = 4.0  # standard deviations of the base population
COLUMNS = ("x_b", "se_b", "z_b", "robust_z", "x_a", "se_a", "z_a", "rmsd", "displacement")


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """A link with what it was made from, and what became of it.

    Attributes
    ----------
    table : FROM as it was read; from_form, to_form : both as they were linked
    names : of the two files
    population : the base population
    scale_id : name of TO's scale
    equated : summed scores of FROM's form on TO's, where that was asked for
    """

    link: Link
    table: ParameterTable
    from_form: Form
    to_form: Form
    names: tuple[str, str]
    population: NormalPrior
    scale_id: str
    equated: Equated | None = None

    @property
    def comparison(self) -> Comparison:
        """The anchors on both forms."""
        return compare(self.from_form, self.to_form, self.link.anchors, self.link, self.population.grid())

    @property
    def adequacy(self) -> Adequacy:
        """Whether the anchors agree well enough."""
        now, was = (locations(form.items, self.link.anchors) for form in (self.from_form, self.to_form))
        return Adequacy.of(self.link.A * now + self.link.B, was, DriftRule())

    def moved(self, found: Comparison) -> Bools:
        """Return (J,) which anchors differ by as much as matters, significantly where errors are known."""
        rule = DriftRule()
        if np.isfinite(found.z_b).any():
            return rule.drifted(found)
        return np.asarray((np.abs(found.x_b) >= rule.shift) & (found.rmsd >= rule.rmsd))

    def doubts(self) -> list[str]:
        """Return what a person must look at, a sentence each."""
        rule, said = DriftRule(), self.adequacy
        doubts = [] if self.link.converged else [f"the link did not converge: {self.link.reason}"]
        if not said.adequate and np.isfinite(said.correlation):
            low, high = rule.sd_ratio
            doubts.append(
                f"the anchors' locations correlate {said.correlation:.3f}, ratio of standard deviations "
                f"of {said.sd_ratio:.3f}: {rule.correlation:g} and {low:g} to {high:g} are asked for"
            )
        elif not said.adequate:
            doubts.append("anchors are fewer than 3 or of one location: whether they agree cannot be said")
        return doubts


def write_link(folder: Path, made: Linked) -> None:
    """Write a link into an existing empty folder; equal input gives equal bytes."""
    found = made.comparison
    moved = made.moved(found)
    record = link_record(made, [item for item, flag in zip(found.ids, moved, strict=True) if flag])
    write_text(folder / "link.json", readable_json(record))
    write_parameter_table(folder / "parameters.csv", transform_table(made.table, made.link, made.scale_id))
    to = made.to_form if made.to_form.covariance else None
    if blocks := transform_covariance(made.from_form, made.link, to):
        write_bytes(folder / NAME, covariance_bytes(blocks))
    rows = [
        {"item_id": item, **{name: getattr(found, name)[j] for name in COLUMNS}, "moved": bool(moved[j])}
        for j, item in enumerate(found.ids)
    ]
    write_text(folder / "anchors.csv", _csv(rows))
    if made.equated is not None:
        e = made.equated
        lines = zip(e.score.tolist(), e.equivalent, e.theta, e.interpolated.tolist(), strict=True)
        names = ("score", "equivalent", "theta", "interpolated")
        write_text(folder / "equating.csv", _csv([dict(zip(names, line, strict=True)) for line in lines]))
    write_text(folder / "report.html", page(made, record, found, moved))


def link_record(made: Linked, moved: Sequence[str]) -> dict[str, Any]:
    """Return link.json."""
    adequacy = made.adequacy
    return {
        "format": FORMAT,
        "version": __version__,
        "from": made.names[0],
        "to": made.names[1],
        "scale_id": made.scale_id,
        **made.link.record(),
        "adequacy": {
            "correlation": _known(adequacy.correlation),
            "sd_ratio": _known(adequacy.sd_ratio),
            "adequate": adequacy.adequate,
        },
        "moved": list(moved),
        "changed_models": list(require_movable(made.table.items, made.link.A)),
        "doubts": made.doubts(),
    }


def page(made: Linked, record: Mapping[str, Any], found: Comparison, moved: Bools) -> str:
    """Return the page's HTML: doubts first, curves before and after, the anchors one by one."""
    link = made.link
    sd, mean = made.population.sd, made.population.mean
    theta = np.linspace(mean - SPAN * sd, mean + SPAN * sd, NODES)
    ours, theirs = (
        form.items.take(np.array([form.items.row[item] for item in link.anchors], dtype=np.intp))
        for form in (made.from_form, made.to_form)
    )
    now, was = (locations(form.items, link.anchors) for form in (made.from_form, made.to_form))
    order = sorted(range(len(found.ids)), key=lambda j: (not moved[j], -found.rmsd[j]))
    panels = figures.item_panels(ours, theirs, link, theta)
    return template("link.html").render(
        version=__version__,
        r=record,
        known=bool(np.isfinite(link.se_A)),
        figure_curves=figures.characteristic_curves(ours, theirs, link, theta),
        figure_scatter=figures.scatter(link.A * now + link.B, was, link.anchors, moved),
        rows=[
            {
                "item": found.ids[j],
                "values": {name: _shown(name, getattr(found, name)[j]) for name in COLUMNS},
                "moved": bool(moved[j]),
            }
            for j in order
        ],
        columns=[name for name in COLUMNS if np.isfinite(getattr(found, name)).any()],
        panels=[(found.ids[j], panels[j]) for j in order[:PANELS]],
        equated=made.equated,
        equated_rows=[] if made.equated is None else _equated_rows(made.equated),
    )


def _equated_rows(equated: Equated) -> list[tuple[int, str, str, bool]]:
    return [
        (int(score), f"{equivalent:.2f}", "" if np.isnan(theta) else f"{theta:.2f}", bool(line))
        for score, equivalent, theta, line in zip(
            equated.score, equated.equivalent, equated.theta, equated.interpolated, strict=True
        )
    ]


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(rows[0])
    table.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool | int | str):
        return str(value).lower() if isinstance(value, bool) else value
    return repr(float(value)) if np.isfinite(value) else ""


def _shown(name: str, value: float) -> str:
    if not np.isfinite(value):
        return ""
    return f"{value:.3f}" if name.startswith(("se_", "rmsd")) else f"{value:+.3f}"


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
