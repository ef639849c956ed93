"""The score file: a row for each person, in the order of the responses, every digit kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptest.scoring import Estimates, Outcome
from adaptest.scoring.scale import Cut, ReportingScale, classify

COLUMNS = ("person", "theta", "sem", "sem_kind", "scale_score", "n_items", "method", "outcome")


def score_csv(
    persons: Sequence[str],
    people: Estimates,
    scale: ReportingScale | None = None,
    cuts: Sequence[Cut] = (),
) -> bytes:
    """Return N persons' estimates as CSV.

    A number is empty where there is none; an infinite theta, of a constant pattern under maximum likelihood,
    is inf or -inf. `scale_score` is exact, not rounded; with cuts a last column `class` counts those reached.
    """
    import polars as pl

    labels = np.array([outcome.label for outcome in Outcome])
    n = len(persons)
    none = np.full(n, np.nan)
    table = pl.DataFrame(
        {
            "person": pl.Series(persons, dtype=pl.String),
            "theta": people.theta,
            "sem": people.sem,
            "sem_kind": [people.sem_kind] * n,
            "scale_score": none if scale is None else scale.exact(people.theta),
            "n_items": pl.Series([None] * n if people.n_items is None else people.n_items, dtype=pl.Int64),
            "method": [people.method] * n,
            "outcome": labels[people.outcome],
        }
    )
    if cuts:
        reached = pl.Series("class", classify(people.theta, cuts))
        table = table.with_columns(reached.replace(-1, None))
    text: str = table.fill_nan(None).write_csv(line_terminator="\n")
    return text.encode("utf-8")
