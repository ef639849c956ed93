"""The candidate's clock: what of the time that passed counts, by the policy and by what was agreed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from adaptest.engine.events import BreakBegan, BreakEnded, ClockRead
from adaptest.engine.policy import Policy
from adaptest.errors import OptionError, ReplayError

MULTIPLIER = "time_multiplier"
LARGEST_MULTIPLIER = 10.0
RESUMED = "resumed"
EXAM, QUESTION = "exam", "question"
CAUSES = ("step", "answer", "change", "paused", RESUMED, "expired")


@dataclass(frozen=True, slots=True)
class Clock:
    """How time stands in one sitting, in seconds.

    Attributes
    ----------
    read_s : since the sitting began, when the clock was last read
    used_s : what counts of it, from the first question on
    item_s : what counts since the question that waits was shown
    runs : whether a question was shown yet
    multiplier : of every limit and every break, as agreed for this person
    breaks : how many were begun
    break_began_s : when the present one was; None outside a break
    interruptions, interrupted_s : how many, and how long together, counted or not
    """

    read_s: float = 0.0
    used_s: float = 0.0
    item_s: float = 0.0
    runs: bool = False
    multiplier: float = 1.0
    breaks: int = 0
    break_began_s: float | None = None
    interruptions: int = 0
    interrupted_s: float = 0.0

    @property
    def on_break(self) -> bool:
        """Whether a break was begun and not ended."""
        return self.break_began_s is not None

    def left_s(self, limit_s: float | None) -> float | None:
        """Return what is left of the exam's limit; None without one."""
        return None if limit_s is None else _seconds(limit_s * self.multiplier - self.used_s)

    def item_left_s(self, limit_s: float | None) -> float | None:
        """Return what is left of the question's limit; None without one."""
        return None if limit_s is None else _seconds(limit_s * self.multiplier - self.item_s)

    def is_over(self, policy: Policy) -> bool:
        """Whether the exam's time has run out."""
        left = self.left_s(policy.time.limit_s)
        return left is not None and left <= 0

    def late(self, policy: Policy) -> str:
        """Return which limit has run out: "exam", "question", or "" for none."""
        if self.is_over(policy):
            return EXAM
        return QUESTION if self.item_is_over(policy) else ""

    def item_is_over(self, policy: Policy) -> bool:
        """Whether the question's time has run out."""
        left = self.item_left_s(policy.time.item_limit_s)
        return left is not None and left <= 0


def multiplier_of(accommodations: Iterable[tuple[str, str]]) -> float:
    """Return what every limit is multiplied by, of accommodations by name; others do not touch the clock.

    Raises
    ------
    OptionError, where the multiplier is not a number in [1, 10].
    """
    multiplier = 1.0
    for name, value in accommodations:
        if name != MULTIPLIER:
            continue
        try:
            multiplier = float(value)
        except ValueError:
            multiplier = math.nan
        if not 1.0 <= multiplier <= LARGEST_MULTIPLIER:
            raise OptionError(
                f"accommodation {name}: must be a number in [1, {LARGEST_MULTIPLIER:g}]; got {value!r}"
            )
    return multiplier


def shown(clock: Clock) -> Clock:
    """Return the clock as a question is shown: from the first one on, it runs."""
    return clock if clock.runs and not clock.item_s else replace(clock, runs=True, item_s=0.0)


def read(clock: Clock, event: ClockRead | BreakBegan | BreakEnded, policy: Policy, *, waits: bool) -> Clock:
    """Return the clock after a reading.

    Parameters
    ----------
    waits : whether a question waits for its answer

    Raises
    ------
    ReplayError, where the reading cannot follow the one before it.
    """
    name = type(event).__name__
    if not (math.isfinite(event.at_s) and event.at_s >= clock.read_s):
        raise ReplayError(
            f"{name}: at_s must not be before the last reading, {clock.read_s:g}; got {event.at_s:g}"
        )
    passed = _seconds(event.at_s - clock.read_s)
    match event:
        case BreakBegan():
            if clock.on_break or waits or clock.breaks >= policy.breaks.number:
                raise ReplayError(f"{name}: no break can begin here")
            counted = _counted(clock, passed)
            return replace(counted, read_s=event.at_s, breaks=clock.breaks + 1, break_began_s=event.at_s)
        case BreakEnded():
            if clock.break_began_s is None:
                raise ReplayError(f"{name}: no break has begun")
            length = _seconds(event.at_s - clock.break_began_s)
            if policy.breaks.clock == "stops":
                length = max(_seconds(length - policy.breaks.length_s * clock.multiplier), 0.0)
            return replace(_counted(clock, length), read_s=event.at_s, break_began_s=None)
        case ClockRead():
            return _read(clock, event, passed, policy)


def _read(clock: Clock, event: ClockRead, passed: float, policy: Policy) -> Clock:
    """Return the clock after a plain reading."""
    if event.cause not in CAUSES:
        raise ReplayError(f"ClockRead: cause must be one of {', '.join(CAUSES)}; got {event.cause!r}")
    if event.cause == RESUMED:
        clock = replace(
            clock,
            interruptions=clock.interruptions + 1,
            interrupted_s=_seconds(clock.interrupted_s + passed),
        )
        if policy.time.interruption == "stops":
            passed = 0.0
    if clock.on_break:  # the break's end settles what counts of it
        passed = 0.0
    return replace(_counted(clock, passed), read_s=event.at_s)


def _counted(clock: Clock, passed: float) -> Clock:
    """Return the clock with time that counts, if it runs."""
    if not clock.runs:
        return clock
    return replace(clock, used_s=_seconds(clock.used_s + passed), item_s=_seconds(clock.item_s + passed))


def _seconds(value: float) -> float:
    """Return seconds to the thousandth, as logs have them: sums of them stay what they look like."""
    return round(value, 3) + 0.0
