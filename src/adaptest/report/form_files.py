"""Assembled forms as files: the items, the record, and the information of each form."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from adaptest.constraints.assembly import information_at
from adaptest.files import readable_json, write_text
from adaptest.models.base import Floats
from adaptest.pool import Pool
from adaptest.report.figures import INK, PALE, SECOND, figure

STYLES = ("-", "--", ":", "-.")


def write_forms(folder: Path, record: dict[str, object], rows: list[dict[str, object]], picture: str) -> None:
    """Write forms.csv, forms.json and information.svg."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(folder / "forms.csv", text.getvalue())
    write_text(folder / "forms.json", readable_json(record))
    write_text(folder / "information.svg", picture)


def information_of_forms(
    pool: Pool, forms: list[tuple[str, ...]], at: Floats, theta: Floats, target: Floats | None
) -> str:
    """Return the information of forms over theta, and the target where they follow one.

    Parameters
    ----------
    at : (Q,) logits of the curves
    theta, target : (T,) where information counted, and what was aimed at
    """
    with figure() as (_, axes, text):
        for k, items in enumerate(forms):
            colour = (INK, SECOND)[k % 2]
            axes.plot(
                at,
                information_at(pool, items, at),
                color=colour,
                linestyle=STYLES[(k // 2) % len(STYLES)],
                label=f"form {k + 1}",
            )
        if target is not None:
            axes.plot(theta, target, "o", color=INK, markerfacecolor=PALE, label="target")
        axes.set(xlabel="theta (logits)", ylabel="information", ylim=(0, None))
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return text[0]
