"""A simulation study as files: summary.json, conditional.csv, exposure.csv, adequacy.csv, sittings.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any, TextIO

import numpy as np

from adaptest.engine.estimates import OUTCOMES
from adaptest.simulation.cohort import Block
from adaptest.simulation.exams import Comparison
from adaptest.simulation.people import People
from adaptest.simulation.study import Study
from adaptest.simulation.tally import Value

FORMAT = "adaptest-simulation/1"
DECIDED = (
    "accuracy",
    "false_pass",
    "false_fail",
    "pass_rate",
    "able_rate",
    "false_pass_rate",
    "false_fail_rate",
)


def summary(study: Study, version: str) -> dict[str, Any]:
    """Return the study as JSON values: every overall measure by name, with `_se` where it is an estimate."""
    measures, spec, bank = study.measures, study.spec, study.adequacy
    return {
        "format": FORMAT,
        "version": version,
        "exam": spec.id,
        "title": spec.title,
        "design": study.design.fingerprint,
        "pool": study.design.pool.fingerprint,
        "provisional": study.design.pool.provisional,
        "seed": study.seed,
        "simulees": study.who,
        "synthetic": not study.real,
        "n": study.n,
        "n_asked": study.asked,
        "interrupted": study.interrupted,
        "n_items": len(study.design.pool),
        "notes": list(study.notes),
        "accuracy": None,  # an exam without a cut decides nothing
        **flat(study.values),
        "hard_violations": measures.hard_violations,
        "violations": measures.violations,
        "stop_reasons": {reason: number(share.value) for reason, share in measures.endings.items()},
        "decisions": [
            {
                "cut": at.cut,
                **flat({name: getattr(at, name) for name in (*DECIDED, "kappa")}),
                **(flat({"consistency": study.consistency[k]}) if study.consistency else {}),
                "by_distance": [
                    {
                        "distance": label,
                        "n": n,
                        **flat({"accuracy": right, "false_pass": low, "false_fail": high}),
                    }
                    for label, n, right, low, high in at.by_distance
                ],
            }
            for k, at in enumerate(measures.decisions)
        ],
        "yardsticks": [
            {
                "name": one.name,
                "what": one.words,
                "n": one.n,
                "length": number(one.length),
                **flat(
                    {
                        name: getattr(one, name)
                        for name in ("rmse", "accuracy", "false_pass", "false_fail", "kappa", "efficiency")
                    }
                ),
            }
            for one in study.yardsticks
        ],
        "adequacy": {
            "exposure_cap": bank.cap,
            "cap_assumed": bank.assumed,
            "length": bank.length,
            "items_to_write": bank.to_write,
            "information_lost": number(bank.lost),
        },
        "requirements": [
            {
                "name": one.name,
                "required": one.required,
                "met": one.met,
                "clear": one.clear,
                **flat({"found": one.found}),
            }
            for one in study.requirements
        ],
        "in_order": study.in_order,
    }


def conditional(study: Study) -> str:
    """Return the measures by theta as CSV, a row for each band that holds somebody."""
    bands, reasons = study.measures.bands, study.design.reasons
    names = list(bands[0].measures) if bands else []
    header = ["theta", "centre", "n", *(x for name in names for x in (name, f"{name}_se")), "max_exposure"]
    header += [f"ended_{reason}" for reason in reasons]
    return table(
        header,
        (
            [
                one.label,
                one.centre,
                one.n,
                *(x for name in names for x in (one.measures[name].value, one.measures[name].se)),
                one.max_exposure,
                *(count / one.n for count in one.endings),
            ]
            for one in bands
        ),
    )


def exposure(study: Study) -> str:
    """Return the items' exposure rates as CSV, in the pool's order, in all and by band of theta."""
    pool, found, measures = study.design.pool, study.found, study.measures
    held = [k for k, _ in enumerate(found.bands.labels) if found.tally.count(k)]
    rate = measures.exposure_rate
    error = np.sqrt(rate * (1 - rate) / max(study.n, 1))
    header = ["item_id", "area", "n", "exposure_rate", "exposure_rate_se"]
    header += [f"theta {found.bands.labels[k]}" for k in held]
    return table(
        header,
        (
            [
                item,
                found.area_names[found.area[row]],
                int(found.exposure[0, row]),
                rate[row],
                error[row],
                *measures.conditional_exposure[held, row],
            ]
            for row, item in enumerate(pool.ids)
        ),
    )


def adequacy(study: Study) -> str:
    """Return the bank against the exam as CSV, a row for each content area and band of theta."""
    header = ["area", "theta", "needed", "held", "to_write", "information_lost"]
    cells = study.adequacy.cells
    return table(header, ([c.area, c.band, c.needed, c.held, c.to_write, c.lost] for c in cells))


def comparison(found: Comparison, names: Sequence[str]) -> dict[str, Any]:
    """Return the differences between exams as JSON values."""
    return {
        "format": "adaptest-comparison/1",
        "n": found.studies[0].n,
        "seed": found.studies[0].seed,
        "first": names[0],
        "differences": [
            {
                "exam": names[one.exam],
                **flat(one.measures),
                **flat({"same_decision": one.same_decision}),
            }
            for one in found.differences
        ],
    }


class SittingRows:
    """Writes sittings.csv block after block, so that memory does not grow with the simulees.

    Parameters
    ----------
    file : open for writing, newline=""
    cut : logits; None decides nothing
    """

    HEADER = ("simulee", "true_theta", "theta", "sem", "outcome", "n_items", "reason", "decision", "time_s")

    def __init__(self, file: TextIO, cut: float | None, people: People | None = None) -> None:
        self._csv = csv.writer(file, lineterminator="\n")
        self._csv.writerow([*self.HEADER, "items", "scores"])
        self._cut, self._people = cut, people

    def __call__(self, block: Block) -> None:
        """Write the rows of a block."""
        done = block.done
        ids, reasons = done.design.pool.ids, done.design.reasons
        passes = None if self._cut is None else done.passes(self._cut)
        names = (
            block.index.tolist() if self._people is None else [self._people.persons[k] for k in block.index]
        )
        for k, name in enumerate(names):
            length = int(done.length[k])
            theta = float(done.theta[k])
            passed = "" if passes is None else "pass" if passes[k] else "fail"
            self._csv.writerow(
                [
                    name,
                    plain(float(block.truth[k])),
                    plain(theta),
                    plain(float(done.sem[k])),
                    _outcome(block, k),
                    length,
                    reasons[done.ending[k]],
                    passed,
                    "" if done.seconds is None else plain(float(done.seconds[k])),
                    " ".join(ids[row] for row in done.rows[k, :length]),
                    " ".join(map(str, done.scores[k, :length].tolist())),
                ]
            )


def _outcome(block: Block, k: int) -> str:
    """Return how the estimation of a sitting ended, as its log would say."""
    end = block.done.cut_off.get(k)
    if end is not None and end.estimate is not None:
        return end.estimate.outcome
    return OUTCOMES[int(block.done.outcome[k])]


def flat(values: dict[str, Value]) -> dict[str, float | None]:
    """Return measures by name, each followed by its standard error where it has one."""
    told: dict[str, float | None] = {}
    for name, one in values.items():
        told[name] = number(one.value)
        if isfinite(one.se):
            told[f"{name}_se"] = number(one.se)
    return told


def number(value: float) -> float | None:
    """Return a number as JSON has it: none where there is none."""
    return float(value) if isfinite(value) else None


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text at full precision, empty where there is no number."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows([plain(cell) for cell in row] for row in rows)
    return text.getvalue()


def plain(cell: object) -> object:
    """Return a cell as CSV has it."""
    if isinstance(cell, float):  # numpy's is one too
        return repr(float(cell)) if isfinite(cell) else "" if cell != cell else f"{cell}"  # noqa: PLR0124 (nan)
    return cell
