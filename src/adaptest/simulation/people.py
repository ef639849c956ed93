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
    """

    persons: tuple[str, ...]
    reference: Floats
    left_out: int
    unanswered: int

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
        return tuple(said)


def people(responses: Responses, design: Design) -> tuple[People, RealRespondents]:
    """Return the people who can sit the exam, and their answers.

    Omitted answers are wrong; what was not reached or not presented is not there.

    Raises
    ------
    ResponseError, where nobody answered enough of the pool's items.
    """
    cells = responses.resolved().dense()
    real = RealRespondents.of(cells, responses.items, design.pool)
    able = _able(design, real.scores < 0)
    if not able.any():
        raise ResponseError(
            f"none of {len(able)} people answered enough of the exam's {len(design.pool)} items to sit it"
        )
    kept: NDArray[np.int8] = real.scores[able]
    rows = np.broadcast_to(np.arange(len(design.pool)), kept.shape)
    reference = scored(design, rows, kept.astype(np.intp))
    persons = tuple(person for person, one in zip(responses.persons, able.tolist(), strict=True) if one)
    return (
        People(persons, reference, int((~able).sum()), int((kept < 0).sum())),
        RealRespondents(kept),
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
