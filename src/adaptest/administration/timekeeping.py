"""The candidate's time in one sitting: read from a clock, logged, and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from adaptest.engine.events import BreakBegan, BreakEnded, ClockRead, Event
from adaptest.engine.policy import Policy
from adaptest.engine.timing import RESUMED, Clock, read
from adaptest.errors import SittingError

if TYPE_CHECKING:
    from adaptest.administration.sitting import Sitting


class Timekeeper:
    """Time of one sitting.

    Parameters
    ----------
    sitting : whose
    seconds : gives the seconds since it began
    interrupted : whether its clock ran before this process went on with it
    """

    def __init__(self, sitting: Sitting, seconds: Callable[[], float], *, interrupted: bool) -> None:
        self._sitting = sitting
        self._seconds = seconds
        self._interrupted = interrupted

    @property
    def policy(self) -> Policy:
        """The exam's."""
        return self._sitting.exam.design.policy

    @property
    def clock(self) -> Clock:
        """The clock as it would be read now."""
        clock = self._sitting.state.clock
        for event in self._readings("step"):
            clock = read(clock, event, self.policy, waits=False)
        return clock

    @property
    def limit_s(self) -> float | None:
        """The exam's limit for this person."""
        return self._scaled(self.policy.time.limit_s)

    @property
    def item_limit_s(self) -> float | None:
        """The limit of each question for this person."""
        return self._scaled(self.policy.time.item_limit_s)

    @property
    def left_s(self) -> float | None:
        """What is left of the exam's time; None without a limit."""
        return self.clock.left_s(self.policy.time.limit_s)

    @property
    def item_left_s(self) -> float | None:
        """What is left of the question's time; None without a limit."""
        return self.clock.item_left_s(self.policy.time.item_limit_s)

    @property
    def next_limit_s(self) -> float | None:
        """What is left until the first limit; None without any."""
        left = [one for one in (self.left_s, self.item_left_s) if one is not None]
        return min(left) if left else None

    @property
    def on_break(self) -> bool:
        """Whether a break was begun and not ended."""
        return self._sitting.state.clock.on_break

    @property
    def break_length_s(self) -> float:
        """How long a break may be, for this person."""
        return self.policy.breaks.length_s * self._sitting.state.clock.multiplier

    @property
    def breaks_left(self) -> int:
        """How many breaks can still be taken."""
        return max(self.policy.breaks.number - self._sitting.state.clock.breaks, 0)

    @property
    def break_is_open(self) -> bool:
        """Whether a break may begin now: between questions, at a place that the policy names."""
        state = self._sitting.state
        placed = not self.policy.breaks.after or state.presented in self.policy.breaks.after
        between = state.pending is None and state.clock.runs and not state.is_over
        return bool(self.breaks_left and placed and between and not state.clock.on_break)

    @property
    def break_follows(self) -> bool:
        """Whether a break may be taken once the question that waits is answered."""
        after = self.policy.breaks.after
        placed = not after or self._sitting.state.presented + 1 in after
        return bool(self.breaks_left and placed and not self.on_break)

    @property
    def is_due(self) -> bool:
        """Whether the clock has something to log while a question waits: an interruption, or the end."""
        return self._interrupted or self.clock.is_over(self.policy)

    def readings(self, cause: str) -> list[Event]:
        """Return what to log of the clock now; nothing where the exam keeps no time."""
        events: list[Event] = list(self._readings(cause))
        self._interrupted = False
        return events

    def pause(self) -> None:
        """Log that the sitting is left here, to be resumed."""
        if self._sitting.state.clock.runs and (readings := self.readings("paused")):
            self._sitting.append(readings)

    def begin_break(self) -> None:
        """Begin a break.

        Raises
        ------
        SittingError, where none may begin now.
        """
        if not self.break_is_open:
            raise SittingError(f"sitting {self._sitting.id!r}: must have a break to take here; got none")
        self._sitting.append([*self.readings("step"), BreakBegan(self._now())])

    def end_break(self) -> None:
        """End the break.

        Raises
        ------
        SittingError, where there is none.
        """
        if not self.on_break:
            raise SittingError(f"sitting {self._sitting.id!r}: must be on a break to end it; got no break")
        self._sitting.append([*self.readings("step"), BreakEnded(self._now())])

    def _readings(self, cause: str) -> list[ClockRead]:
        if not self.policy.needs_time or self._sitting.ended:
            return []
        now = self._now()
        return [*([ClockRead(now, RESUMED)] if self._interrupted else []), ClockRead(now, cause)]

    def _now(self) -> float:
        """Return the seconds since the sitting began, never fewer than were logged."""
        return max(round(float(self._seconds()), 3), self._sitting.state.clock.read_s)

    def _scaled(self, limit_s: float | None) -> float | None:
        return None if limit_s is None else limit_s * self._sitting.state.clock.multiplier
