"""People whose answers are looked up: who of them can sit the exam, and what all their answers say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adaptest.engine.design import Design
from adaptest.errors import ResponseError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.responses import Responses
from adaptest.simulation.answers import RealRespondents
from adaptest.simulation.yardsticks import scored


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Persons by number; their ability is what all their answers say.

    Attributes
    ----------
    persons : ids
    reference : (P,) final estimates from every answer to an item of the pool, logits
    left_out : persons without whose unanswered items the exam's rules cannot be kept
    unanswered : items of the pool that were not answered, over all P
    untimed : answers without a time, over all P; None where answers carry no times
    """

    persons: tuple[str, ...]
    reference: Floats
    left_out: int
    unanswered: int
    untimed: int | None = None

    @property
    def n(self) -> int:
        """How many."""
        return len(self.persons)

    @property
    def label(self) -> str:
        """Who they are, in words."""
        return f"{self.n} people's own answers; truth is the estimate from all of them"

    @property
    def points(self) -> tuple[float, ...]:
        """None."""
        return ()

    def theta(self, seed: int, index: Rows) -> Floats:  # noqa: ARG002 (one signature)
        """Return (n,) logits; see Simulees."""
        return self.reference[index]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, a sentence each."""
        said = []
        if self.left_out:
            said.append(
                f"{self.left_out} people were left out: without the items that they did not answer the exam's"
                " rules cannot be kept"
            )
        if self.unanswered:
            said.append(f"{self.unanswered} items that their person did not answer could not be asked")
        if self.untimed is None:
            said.append("the answers carry no times: nothing is said of time, and no time limit is applied")
        elif self.untimed:
            said.append(f"answers without a time count as 0 seconds: {self.untimed}")
        return tuple(said)


def people(
    responses: Responses, design: Design, time_s: Floats | None = None
) -> tuple[People, RealRespondents]:
    """Return the people who can sit the exam, and their answers.

    Omitted answers are wrong; what was not reached or not presented is not there.

    Parameters
    ----------
    time_s : (N, J) seconds that each answer took, nan where nobody knows

    Raises
    ------
    ResponseError, where nobody answered enough of the pool's items.
    """
    cells = responses.resolved().dense()
    real = RealRespondents.of(cells, responses.items, design.pool, time_s)
    able = _able(design, real.scores < 0)
    if not able.any():
        raise ResponseError(
            f"none of {len(able)} people answered enough of the exam's {len(design.pool)} items to sit it"
        )
    kept: NDArray[np.int8] = real.scores[able]
    rows = np.broadcast_to(np.arange(len(design.pool)), kept.shape)
    reference = scored(design, rows, kept.astype(np.intp))
    persons = tuple(person for person, one in zip(responses.persons, able.tolist(), strict=True) if one)
    seconds = None if real.time_s is None else real.time_s[able]
    untimed = None if seconds is None else int((np.isnan(seconds) & (kept >= 0)).sum())
    return (
        People(persons, reference, int((~able).sum()), int((kept < 0).sum()), untimed),
        RealRespondents(kept, seconds),
    )


def shared(responses: Responses, designs: Sequence[Design]) -> Responses:
    """Return the responses of the people who can sit every one of these exams.

    Raises
    ------
    ResponseError, where nobody can.
    """
    able = np.ones(len(responses), dtype=np.bool_)
    cells = responses.resolved().dense()
    for design in designs:
        able &= _able(design, RealRespondents.of(cells, responses.items, design.pool).scores < 0)
    if not able.any():
        raise ResponseError(
            f"none of {len(able)} people answered enough items to sit all {len(designs)} exams"
        )
    kept = responses.take_persons(np.flatnonzero(able))
    left = len(able) - len(kept)
    return (
        replace(kept, notes=(*kept.notes, f"{left} people who cannot sit every exam were left out"))
        if left
        else kept
    )


def _able(design: Design, barred: Bools) -> Bools:
    """Return (P,) who can sit the exam without the items barred; each pattern is asked about once."""
    patterns, place = np.unique(barred, axis=0, return_inverse=True)
    found = [
        design.can_run(tuple(design.pool.ids[row] for row in np.flatnonzero(pattern))) for pattern in patterns
    ]
    return np.array(found, dtype=np.bool_)[place.reshape(-1)]
