"""Tune an exam's exposure rule on the bank as it is, and write what was found beside the exam."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from adaptest.bank.files import TUNED, bank_named
from adaptest.bank.snapshot import current_snapshot
from adaptest.engine.definition import Exam
from adaptest.engine.design import Design
from adaptest.engine.spec import artifact, build, read_exam, usable
from adaptest.engine.tuned import FORMAT, RATED, Tuned, tuned_for
from adaptest.errors import ExamError
from adaptest.exposure import Bands
from adaptest.files import readable_json, write_text
from adaptest.models.base import Floats
from adaptest.pool import Pool
from adaptest.simulation.cohort import Progress
from adaptest.simulation.tune_exposure import Round, Tuning, tune
from adaptest.workspace import Workspace

DECIMALS = 6  # of a probability in the file


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be tuned; what is None, the exam file must say.

    Attributes
    ----------
    rule : "sympson_hetter" or "eligibility"
    rate : largest share of sittings that may be shown an item
    bands : edges of theta bands
    """

    rule: str | None = None
    rate: float | None = None
    bands: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class Tuner:
    """An exam that can be tuned.

    Attributes
    ----------
    exam : bank/exam
    path : of the file that is written
    said : whether the exam file has the rule already
    rule, rate, bands : what is tuned
    """

    exam: str
    path: Path
    said: bool
    rule: str
    rate: float
    bands: Bands
    _exam: Exam
    _others: tuple[dict[str, Any], ...]
    _line: dict[str, Any]
    _pool: Pool

    @property
    def line(self) -> str:
        """The words that the exam file needs."""
        bands = (
            f", bands: [{', '.join(f'{edge:g}' for edge in self.bands.edges)}]" if self.bands.edges else ""
        )
        return f"exposure: [{{rule: {self.rule}, rate: {self.rate:g}{bands}}}]"

    def run(
        self,
        simulees: int,
        seed: int,
        *,
        progress: Callable[[Progress], None] | None = None,
        each: Callable[[int, Round], None] | None = None,
    ) -> Tuning:
        """Return what tuning came to; where it converged, it is written.

        Raises
        ------
        ExamError, OptionError, where the exam cannot run, or a number breaks its rule.
        """
        base = build(self._as(exposure=self._others, tuned=None), self._pool)
        # what cannot run with the rule is refused before anything is simulated
        self._finished(base, np.ones((len(self.bands), len(base.pool))))
        prior = self._exam.spec.estimation.prior
        tuning = tune(
            base,
            self.rule,
            self.rate,
            self.bands,
            simulees=simulees,
            seed=seed,
            finished=lambda table: self._finished(base, table),
            mean=prior.mean,
            sd=prior.sd,
            progress=progress,
            each=each,
        )
        if tuning.converged:
            text = readable_json(self._body(base, tuning.table, tuning, simulees, seed))
            self._finished(base, tuning.table)
            write_text(self.path, text)
        return tuning

    def _as(self, **words: Any) -> Exam:
        return Exam(self._exam.spec.model_copy(update=words), self._exam.source)

    def _finished(self, base: Design, table: Floats) -> Design:
        """Return the exam with its rule as the file will hold it."""
        tuned = Tuned.model_validate(self._body(base, table, None, 0, 0))
        return build(self._as(exposure=(*self._others, self._line), tuned=tuned), self._pool)

    def _body(
        self, base: Design, table: Floats, tuning: Tuning | None, simulees: int, seed: int
    ) -> dict[str, Any]:
        """Return what the file holds."""
        rounded = table.round(DECIMALS)
        definition = json.loads(artifact(self._exam.spec))
        largest = [0.0] if tuning is None else tuning.fresh.largest.round(DECIMALS).tolist()
        return {
            "format": FORMAT,
            "rule": self.rule,
            "rate": self.rate,
            "bands": list(self.bands.edges),
            "design": tuned_for(definition),
            "pool": usable(self._exam, self._pool)[1].fingerprint,
            "seed": seed,
            "simulees": simulees,
            "rounds": len(tuning.rounds) if tuning else 0,
            "fresh_simulees": int(tuning.fresh.n[0]) if tuning else 0,
            "largest_rate": largest[0],
            "largest_rate_in_band": largest[1:] if self.bands.edges else [],
            "probabilities": {
                item: rounded[:, row].tolist()
                for row, item in enumerate(base.pool.ids)
                if (rounded[:, row] < 1).any()
            },
        }


def tuner(workspace: Workspace, name: str, asked: Asked) -> Tuner:
    """Return an exam of the workspace, ready to be tuned.

    Parameters
    ----------
    name : bank/exam

    Raises
    ------
    ExamError, where there is no such exam, or the file and what was asked for say different things.
    """
    bank_name, _, exam_name = name.partition("/")
    bank = bank_named(workspace.bank, bank_name)
    file = bank.exam(exam_name)
    exam = read_exam(file.text, file.path)
    rated = [dict(one) for one in exam.spec.exposure if one.get("rule") in RATED]
    others = tuple(dict(one) for one in exam.spec.exposure if one.get("rule") not in RATED)
    said = rated[0] if rated else {}
    rule = str(said.get("rule") or asked.rule or RATED[0])
    rate, bands = said.get("rate", asked.rate), said.get("bands", asked.bands or ())
    for word, theirs, ours in (
        ("rule", rule, asked.rule),
        ("rate", rate, asked.rate),
        ("bands", bands, asked.bands),
    ):
        wanted = tuple(ours) if isinstance(ours, tuple) else ours
        if wanted is not None and (tuple(theirs) if isinstance(theirs, list | tuple) else theirs) != wanted:
            raise ExamError(
                f"exam {name!r}: exposure says {word} {theirs}; got {wanted}; leave it out, or change the"
                " exam file"
            )
    if rate is None:
        raise ExamError(f"exam {name!r}: has no exposure rule with a rate; give --rate")
    line = {**said, "rule": rule, "rate": rate, **({"bands": list(bands)} if bands else {})}
    return Tuner(
        exam=name,
        path=bank.folder / "exams" / f"{exam_name}{TUNED}",
        said=bool(rated),
        rule=rule,
        rate=float(rate),
        bands=Bands(tuple(float(edge) for edge in bands)),
        _exam=exam,
        _others=others,
        _line=line,
        _pool=current_snapshot(bank, workspace.calibration, datetime.now(UTC)).pool,
    )
