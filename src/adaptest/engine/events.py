"""What can happen in a sitting, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

LATER: dict[str, bool] = {
    "later": True
}  # metadata of a field added after 1.1: left out where it is its default
ENGINE_VERSION = "1.2"  # rises whenever the same state and design could lead to another decision


@dataclass(frozen=True, slots=True)
class Estimated:
    """An estimate as it was used to decide: rounded, so that its last digits never decide.

    Attributes
    ----------
    method : the estimator's name: "eap", "wle", ...
    theta, sem : logits, 6 decimals; None where there is none (an infinite maximum, say)
    outcome : how the estimation ended: "ok", "all_correct", ...
    """

    method: str
    theta: float | None
    sem: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What the content method did before a choice.

    Attributes
    ----------
    method : its name
    status : "optimal"; "budget" where the work allowed ended the search; "kept" where an earlier test goes
        on; "weighed" where the method weighs criteria
    test : the items of a test assembled anew, those given among them, in the pool's order; () where none was
    objective : what the items of the test that were not given are worth by the criterion, 9 decimals, less
        what missed soft targets cost
    bound : what no test exceeds
    missed : (rule, by how much) for soft targets that the test misses, or that can no longer be met
    """

    method: str
    status: str
    test: tuple[str, ...] = ()
    objective: float = 0.0
    bound: float = 0.0
    missed: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Why an item was chosen: enough to check the choice, and to recompute everything else.

    Attributes
    ----------
    estimate : what the choice was made at
    shortlist : (item, criterion to 9 decimals), best first: the items that chance could choose from
    more : how many further items chance could choose from; they tie with the last ones listed
    choice, tie : the draws of `Stream.SELECTION` and `Stream.TIE`
    eligible : how many items could have been chosen by the rules
    ruled_out : (reason, how many items) for the first reason that bars each of the others
    next_stop : the length at which the sitting may next stop
    band : the theta band that exposure control looked at, from 0; None where it looks at none
    passed_over : items that were chosen before this one and failed their exposure draw, in order
    notes : what the selection could not do as its words say, and what it did instead, a sentence each
    waived : the exposure rule that was set aside, because no item was left that it allows
    content : what the content method did; None where the exam has none
    """

    estimate: Estimated
    shortlist: tuple[tuple[str, float], ...]
    more: int
    choice: float
    tie: float
    eligible: int
    ruled_out: tuple[tuple[str, int], ...]
    next_stop: int
    band: int | None = field(default=None, metadata=LATER)
    passed_over: tuple[str, ...] = field(default=(), metadata=LATER)
    waived: str = field(default="", metadata=LATER)
    notes: tuple[str, ...] = field(default=(), metadata=LATER)
    content: Planned | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When an event was written and by which engine; no decision depends on it, so no comparison does.

    Attributes
    ----------
    at : UTC, ISO 8601, as the shell read it; empty until stamped
    engine_version : of the engine that made or recorded the event
    """

    at: str = field(default="", compare=False)
    engine_version: str = field(default=ENGINE_VERSION, compare=False)


@dataclass(frozen=True, slots=True)
class SittingStarted(Stamp):
    """The sitting exists. Facts that later choices need enter here, and only here.

    Attributes
    ----------
    seed : 64 bits
    design, pool : fingerprints of the design and pool it runs on; empty in trials
    excluded : items this person may not see (seen before, say)
    ineligible : items that exposure control barred for this sitting
    pretest : (position, item): unscored items and the places, from 0, at which they are presented, or after
        the item set that is being given there; no item where it is chosen when the place is reached
    accommodations : (name, value), as agreed for this person
    prior : mean and standard deviation of this person's own prior; None for the exam's
    barred_in_band : the items that exposure control bars while theta is in each band, from the lowest
    spared : items that exposure control would have barred, had the exam been able to do without them
    """

    schema: ClassVar[int] = 1
    seed: int
    design: str = ""
    pool: str = ""
    excluded: tuple[str, ...] = ()
    ineligible: tuple[str, ...] = ()
    pretest: tuple[tuple[int, str], ...] = ()
    accommodations: tuple[tuple[str, str], ...] = ()
    prior: tuple[float, float] | None = field(default=None, metadata=LATER)
    barred_in_band: tuple[tuple[str, ...], ...] = field(default=(), metadata=LATER)
    spared: tuple[str, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class ItemPresented(Stamp):
    """The item was chosen and shown.

    Attributes
    ----------
    position : how many items were presented before it
    options : bank letters in the order shown; empty where the pool holds none
    role : "scored" or "pretest"
    decision : why this one; None for a pretest item
    """

    schema: ClassVar[int] = 1
    item: str
    position: int
    options: tuple[str, ...] = ()
    role: str = "scored"
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class ResponseGiven(Stamp):
    """What the person did, and what it earned.

    Attributes
    ----------
    response : as given: a bank letter, say
    score : a category, from 0
    time_s : seconds from presentation to response; None where not measured
    late : which limit had run out: after that of the "exam" it is not scored, after that of the "question"
        it counts as wrong; empty where none had
    """

    schema: ClassVar[int] = 1
    item: str
    response: str
    score: int
    time_s: float | None = None
    late: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class ResponseChanged(Stamp):
    """The person went back to an item and changed the response; from here on this one counts."""

    schema: ClassVar[int] = 1
    item: str
    response: str
    score: int


@dataclass(frozen=True, slots=True)
class PretestChosen(Stamp):
    """An unscored item was chosen for the place that is reached, near the estimate so far.

    Attributes
    ----------
    position : the place, from 0, as agreed
    item : the item; empty where none fits, and the place stays without
    """

    schema: ClassVar[int] = 1
    position: int
    item: str


@dataclass(frozen=True, slots=True)
class ClockRead(Stamp):
    """The shell read the clock: what time decides, this decides.

    Attributes
    ----------
    at_s : seconds since the sitting began
    cause : "step" before a decision, "answer", "change", "paused", "resumed" (all since the reading before
        was an interruption) or "expired" (a limit ran out while a question waited)
    """

    schema: ClassVar[int] = 1
    at_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class BreakBegan(Stamp):
    """The person takes a break."""

    schema: ClassVar[int] = 1
    at_s: float


@dataclass(frozen=True, slots=True)
class BreakEnded(Stamp):
    """The break is over."""

    schema: ClassVar[int] = 1
    at_s: float


@dataclass(frozen=True, slots=True)
class SittingEnded(Stamp):
    """No item follows.

    Attributes
    ----------
    reason : the stopping rule's word, or the shell's ("abandoned", ...)
    estimate : the final one; None where the shell ended the sitting
    decision : "pass" or "fail" where the policy decides so beside the estimate; empty where the estimate does
    """

    schema: ClassVar[int] = 1
    reason: str
    estimate: Estimated | None = None
    decision: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class PoolChanged(Stamp):
    """Items were withdrawn while the sitting ran: none of them is chosen from here on."""

    schema: ClassVar[int] = 1
    withdrawn: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class RulesRelaxed(Stamp):
    """Content rules gave way: no item could follow with all of them, after items were withdrawn.

    Attributes
    ----------
    rules : by name, in the order in which they gave way; they do not hold from here on
    reason : why no item could follow
    """

    schema: ClassVar[int] = 1
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class SittingVoided(Stamp):
    """The sitting does not count, whether it has ended or not."""

    schema: ClassVar[int] = 1
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class SittingHeld(Stamp):
    """The result is not to be told until released."""

    schema: ClassVar[int] = 1
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class SittingReleased(Stamp):
    """The held result may be told."""

    schema: ClassVar[int] = 1
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class NoteAdded(Stamp):
    """Something worth keeping with the sitting; it changes nothing."""

    schema: ClassVar[int] = 1
    text: str
    by: str


Event = (
    SittingStarted
    | ItemPresented
    | ResponseGiven
    | ResponseChanged
    | PretestChosen
    | ClockRead
    | BreakBegan
    | BreakEnded
    | SittingEnded
    | PoolChanged
    | RulesRelaxed
    | SittingVoided
    | SittingHeld
    | SittingReleased
    | NoteAdded
)

EVENTS: dict[str, type[Event]] = {
    event.__name__: event
    for event in (
        SittingStarted,
        ItemPresented,
        ResponseGiven,
        ResponseChanged,
        PretestChosen,
        ClockRead,
        BreakBegan,
        BreakEnded,
        SittingEnded,
        PoolChanged,
        RulesRelaxed,
        SittingVoided,
        SittingHeld,
        SittingReleased,
        NoteAdded,
    )
}


def stamped(event: Event, at: str) -> Event:
    """Return the event with the time the shell read."""
    return replace(event, at=at)
