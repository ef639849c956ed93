"""What is known of one sitting."""

from __future__ import annotations

from dataclasses import dataclass, field

from adaptest.engine.batch import Sittings
from adaptest.engine.timing import Clock


@dataclass(frozen=True, slots=True)
class Pending:
    """The item that waits for a response; `row` is None for a pretest item."""

    item: str
    row: int | None


@dataclass(frozen=True, slots=True)
class State:
    """Everything known of one sitting so far, as plain values; `batch` follows from the rest.

    Attributes
    ----------
    excluded, ineligible, withdrawn : rows barred, each for its first reason only
    pretest : (position, item) as agreed at the start
    administered, scores : scored items, in order, and what their responses earned, as changed
    answered : items with a response that may still be changed, in order
    edits : how many responses were changed
    clock : how time stands
    prior : this person's own; None for the exam's
    presented : items presented, scored or not
    pending : the item that waits for a response
    relaxed : content rules that gave way
    ended, voided, held : why, or None
    gone : unscored items that were withdrawn
    drawn_out : rows that were chosen and failed their exposure draw
    tried_out : pretest items that were shown
    theta, sem : the estimate so far, rounded as it decides
    """

    seed: int
    excluded: frozenset[int]
    ineligible: frozenset[int]
    pretest: tuple[tuple[int, str], ...]
    theta: float
    sem: float
    outcome: str
    batch: Sittings = field(compare=False, repr=False)
    prior: tuple[float, float] | None = None
    clock: Clock = field(default_factory=Clock)
    withdrawn: frozenset[int] = frozenset()
    administered: tuple[int, ...] = ()
    scores: tuple[int, ...] = ()
    answered: tuple[str, ...] = ()
    edits: int = 0
    presented: int = 0
    pending: Pending | None = None
    ended: str | None = None
    relaxed: tuple[str, ...] = ()
    voided: str | None = None
    held: str | None = None
    drawn_out: frozenset[int] = frozenset()
    tried_out: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    @property
    def due(self) -> tuple[int, str] | None:
        """The place and the item of the first pretest item whose place is reached; None where none waits."""
        waiting = (one for one in self.pretest if one[0] <= self.presented and one[1] not in self.tried_out)
        return next(waiting, None)

    @property
    def is_over(self) -> bool:
        """Whether no item follows."""
        return self.ended is not None or self.voided is not None
