"""Going back: answers that may still be changed, where the policy lets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adaptest.administration.answers import final_answers
from adaptest.administration.views import Question
from adaptest.engine.design import TIME_LIMIT
from adaptest.engine.editing import why_no_change
from adaptest.engine.events import ResponseChanged, SittingEnded
from adaptest.engine.sitting import decide
from adaptest.errors import OptionError, SittingError

if TYPE_CHECKING:
    from adaptest.administration.sitting import Sitting


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with the answer that counts so far: a bank letter."""

    question: Question
    given: str


class Review:
    """The answers of one sitting that may be changed.

    Parameters
    ----------
    sitting : whose
    """

    def __init__(self, sitting: Sitting) -> None:
        self._sitting = sitting

    @property
    def left(self) -> int | None:
        """How many changes are left; None for any number."""
        policy = self._sitting.exam.design.policy
        if not policy.reviews:
            return 0
        return None if policy.edits is None else max(policy.edits - self._sitting.state.edits, 0)

    @property
    def is_open(self) -> bool:
        """Whether an answer may be changed now."""
        state = self._sitting.state
        if self.left == 0 or state.is_over or not state.answered:
            return False
        return not why_no_change(state, state.answered[-1], self._sitting.exam.design)

    @property
    def is_last(self) -> bool:
        """Whether the sitting ends with the next step, so that now is the last moment for a change."""
        state = self._sitting.state
        if not self.is_open or state.pending is not None:
            return False
        decided = decide(state, self._sitting.exam.design)
        return isinstance(decided, SittingEnded) and decided.reason != TIME_LIMIT

    def answers(self) -> tuple[Answered, ...]:
        """Return the questions whose answers may be changed, in the order asked."""
        able = set(self._sitting.state.answered)
        return tuple(
            Answered(self._sitting.question(shown), given.response)
            for shown, given in final_answers(self._sitting.events)
            if shown.item in able
        )

    def change(self, item: str, letter: str) -> None:
        """Commit another answer to a question; the same answer again changes nothing.

        Parameters
        ----------
        letter : bank letter of an option

        Raises
        ------
        OptionError, where the item has no such option.
        SittingError, where its answer may not be changed now.
        """
        sitting = self._sitting
        told = {one.question.item: one for one in self.answers()}
        if why := why_no_change(sitting.state, item, sitting.exam.design):
            raise SittingError(f"sitting {sitting.id!r}: no answer can be changed: {why}")
        options = told[item].question.options
        if letter not in options:
            raise OptionError(
                f"item {item!r}: answer must be one of {', '.join(sorted(options))}; got {letter!r}"
            )
        if letter == told[item].given:
            return
        score = int(letter == sitting.exam.texts[item]["key"])
        readings = sitting.time.readings("change")
        if readings:
            sitting.append(readings)
        if why := why_no_change(sitting.state, item, sitting.exam.design):  # the time may have run out
            raise SittingError(f"sitting {sitting.id!r}: no answer can be changed: {why}")
        sitting.append([ResponseChanged(item, letter, score)])
