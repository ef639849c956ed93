"""One sitting, step by step: a choice is committed before it is shown, an answer before it is explained."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from adaptest.administration.about import LESSON
from adaptest.administration.answers import final_answers
from adaptest.administration.clock import Stopwatch
from adaptest.administration.journal import Journal
from adaptest.administration.result import result_of
from adaptest.administration.review import Review
from adaptest.administration.timekeeping import Timekeeper
from adaptest.administration.views import Feedback, Question, Result
from adaptest.engine.events import (
    Event,
    ItemPresented,
    NoteAdded,
    PoolChanged,
    ResponseGiven,
    RulesRelaxed,
    SittingEnded,
    SittingHeld,
)
from adaptest.engine.pretest import OPEN
from adaptest.engine.sitting import choose_pretest, decide, evolve, final_estimate, replay
from adaptest.engine.state import State
from adaptest.engine.timing import QUESTION
from adaptest.errors import OptionError, SittingError

if TYPE_CHECKING:
    from adaptest.administration.exam import Exam
    from adaptest.administration.records import Records

LOG = logging.getLogger(__name__)
LESSONS_SHOWN = 3  # more than this nobody reads
USED_UP = "maximum use"
NEEDED_STILL = "item {item} is shown beyond its maximum use: the exam could not go on without it"
RELEASED_BY_PERSON = "certification results are released by a person"


class Sitting:
    """A sitting that this process alone continues; `close` it, or use it in a `with` block.

    Parameters
    ----------
    exam : what it runs on, as it was when the sitting began
    journal : where its events go
    events : the log so far, beginning with SittingStarted
    candidate : by name; without one, by pseudonym
    named : whether the candidate gave a name
    owned : the database, where it is to be closed with the sitting
    clock : gives seconds since the sitting began; the system's where not given

    Attributes
    ----------
    time : the candidate's clock, and breaks
    review : answers that may be changed
    """

    def __init__(
        self,
        exam: Exam,
        journal: Journal,
        events: Sequence[Event],
        candidate: str,
        *,
        named: bool,
        owned: Records | None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.exam = exam
        self._journal = journal
        self._events: list[Event] = list(events)
        self.named = named
        self._candidate = candidate
        self._owned = owned
        self._state = replay(self._events, exam.design)
        self._shown_elsewhere = self._waiting()
        runs = self._state.clock.runs and exam.design.policy.needs_time
        self.time = Timekeeper(self, clock or Stopwatch(self._events[0].at), interrupted=runs)
        self.review = Review(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def id(self) -> str:
        """The sitting's id."""
        return self._journal.sitting

    @property
    def events(self) -> tuple[Event, ...]:
        """The log so far."""
        return tuple(self._events)

    @property
    def state(self) -> State:
        """What the log comes to so far."""
        return self._state

    @property
    def recorded(self) -> int:
        """How many answers are kept."""
        return sum(isinstance(event, ResponseGiven) for event in self._events)

    @property
    def ended(self) -> bool:
        """Whether no further item follows."""
        return any(isinstance(event, SittingEnded) for event in self._events)

    def next_item(self) -> Question | None:
        """Return the item to answer now, the same one until it is answered; None at the end.

        Raises
        ------
        PoolExhaustedError, where no item can follow and no rule says to stop.
        """
        if self.ended:
            return None
        if self.time.on_break:
            self.time.end_break()
        if (self._waiting() is None or self.time.is_due) and (readings := self.time.readings("step")):
            self.append(readings)
        waiting = None if self._time_is_over() else self._waiting()
        if waiting is None and not self._time_is_over():
            self._choose_pretest()
        while waiting is None:
            decided = decide(self._state, self.exam.design)
            if isinstance(decided, RulesRelaxed):
                self.append([decided])
                continue
            if isinstance(decided, SittingEnded):
                self._end(decided)
                return None
            waiting = self._presented(decided)
        return self.question(waiting)

    def expire(self) -> bool:
        """Return whether a limit has run out; then the question that waits has no answer, or all is over.

        A question whose own time is over counts as wrong. Where the exam's is, the sitting ends.
        """
        waiting = self._waiting()
        if self.ended or waiting is None or not self.time.clock.late(self.exam.design.policy):
            return False
        self.append(self.time.readings("expired"))
        if self._time_is_over():
            self.next_item()
        else:
            clock = self._state.clock
            self.append([ResponseGiven(waiting.item, "", 0, clock.item_s, late=QUESTION)])
        return True

    def answer(self, letter: str, *, time_s: float | None = None) -> int:
        """Commit an answer, and return how many are kept now.

        Parameters
        ----------
        letter : bank letter of an option
        time_s : seconds from presentation to answer, where they were measured; not kept for the item at
            which a sitting is resumed, which was shown before

        Raises
        ------
        OptionError, where the item has no such option.
        SittingError, where no item waits for an answer, or somebody else went on with the sitting.
        """
        if (waiting := self._waiting()) is None:
            raise SittingError(
                f"sitting {self.id!r}: must have an item to answer; ask for the next item first"
            )
        text = self._text(waiting.item)
        if letter not in text["options"]:
            raise OptionError(
                f"item {waiting.item!r}: answer must be one of {', '.join(text['options'])}; got {letter!r}"
            )
        score = int(letter == text["key"])
        readings = self.time.readings("answer")
        clock = self._after(readings).clock
        if time_s is None and readings:
            time_s = clock.item_s
        if waiting is self._shown_elsewhere:  # it was first shown before this process began
            time_s = None
        time_s = None if time_s is None else float(time_s)
        late = clock.late(self.exam.design.policy)
        score = 0 if late == QUESTION else score
        self.append([*readings, ResponseGiven(waiting.item, letter, score, time_s, late=late)])
        return self.recorded

    def finish(self, reason: str = "finished_early") -> None:
        """End the sitting here, with the estimate of the answers so far.

        Raises
        ------
        SittingError, where it has ended, or where its exam ends by its rules alone.
        """
        if self.ended:
            raise SittingError(f"sitting {self.id!r}: has ended already")
        if self.exam.about.stakes != "practice":
            raise SittingError(
                f"sitting {self.id!r}: a certification exam ends by its rules alone; void it instead"
            )
        self._end(SittingEnded(reason, final_estimate(self._state, self.exam.design)))

    def feedback(self) -> Feedback | None:
        """Return the last answer explained, where the exam explains each; None where it does not."""
        if not self.exam.explains_each or self._waiting() is not None:
            return None
        given = [event for event in self._events if isinstance(event, ResponseGiven)]
        if given and not given[-1].response:  # its time was over: there is no answer to explain
            return None
        answered = self._answered()
        return self._told(*answered[-1]) if answered else None

    def missed(self) -> tuple[Feedback, ...]:
        """Return the scored answers that were not the key, after the end, where the exam explains at all."""
        if not (self.ended and self.exam.explains) or self.result.status in ("held", "void"):
            return ()
        told = (self._told(*pair) for pair in self._answered() if pair[0].role == "scored")
        return tuple(one for one in told if not one.correct)

    def lessons_to_read(self) -> tuple[tuple[str, str], ...]:
        """Return (title, command) of the lessons on what was missed, the most missed first."""
        names = lessons_for(self.exam, self._events) if self.missed() else ()
        return tuple((self.exam.about.lessons[name], f"adaptest lesson {name}") for name in names)

    @property
    def result(self) -> Result:
        """What the sitting came to.

        Raises
        ------
        SittingError, where it has not ended.
        """
        return result_of(self.exam, self.id, self._candidate, self._events)

    def close(self) -> None:
        """Give the sitting free; it can be resumed."""
        self._journal.close()
        if self._owned is not None:
            self._owned.close()

    def append(self, events: Sequence[Event]) -> None:
        """Check that the events can follow, commit them, and only then know them."""
        state = self._after(events)
        self._events += self._journal.append(events)
        self._state = state

    def _choose_pretest(self) -> None:
        """Choose and commit the pretest item of a place that is reached without one."""
        due = self._state.due
        if due is not None and due[1] == OPEN:
            shown, seen = self._journal.used()
            chosen = choose_pretest(self._state, self.exam.design, shown=shown, seen=seen)
            if chosen is not None:
                self.append([chosen])

    def _after(self, events: Sequence[Event]) -> State:
        """Return the state that events lead to from here."""
        state = self._state
        for event in events:
            state = evolve(state, event, self.exam.design)
        return state

    def _time_is_over(self) -> bool:
        return self._state.clock.is_over(self.exam.design.policy)

    def _presented(self, shown: ItemPresented) -> ItemPresented | None:
        """Commit a presentation; None where its last use was given away meanwhile, and it is withdrawn."""
        design = self.exam.design
        state = evolve(self._state, shown, design)
        most = design.controls.most if design.controls and shown.role == "scored" else None
        kept = self._journal.present(shown, most)
        if not kept:
            gone = PoolChanged((shown.item,), USED_UP)
            if design.goes_on(evolve(self._state, gone, design).batch):
                self.append([gone])
                return None
            kept = self._journal.present(shown, None)
            kept += self._journal.append(
                [NoteAdded(NEEDED_STILL.format(item=shown.item), "exposure control")]
            )
        self._events += kept
        self._state = state
        return shown

    def _end(self, ended: SittingEnded) -> None:
        """Commit the end; a certification's result waits for a person in the same moment."""
        held = (
            [SittingHeld(RELEASED_BY_PERSON, "policy")] if self.exam.about.stakes == "certification" else []
        )
        self.append([ended, *held])
        LOG.info("sitting %s ends: %s", self.id, ended.reason)

    def _waiting(self) -> ItemPresented | None:
        """Return the presented item that has no answer yet."""
        steps = [event for event in self._events if isinstance(event, ItemPresented | ResponseGiven)]
        return steps[-1] if steps and isinstance(steps[-1], ItemPresented) else None

    def _answered(self) -> list[tuple[ItemPresented, ResponseGiven]]:
        """Return each presentation with the answer that counts; one that was never given is none."""
        return [(shown, given) for shown, given in final_answers(self._events) if given.response]

    def _text(self, item: str) -> dict[str, Any]:
        return dict(self.exam.texts[item])

    def question(self, shown: ItemPresented) -> Question:
        """Return a presentation as it is shown."""
        text, about = self._text(shown.item), self.exam.about
        order = shown.options or tuple(text["options"])
        return Question(
            item=shown.item,
            number=shown.position + 1,
            at_least=about.at_least,
            at_most=about.at_most,
            domain=about.domains.get(text["domain"], ""),
            stem=text["stem"],
            options=MappingProxyType({letter: text["options"][letter] for letter in order}),
        )

    def _told(self, shown: ItemPresented, given: ResponseGiven) -> Feedback:
        text = self._text(shown.item)
        lesson = lesson_of(self.exam, shown.item)
        return Feedback(
            question=self.question(shown),
            given=given.response,
            key=text["key"],
            rationale=MappingProxyType(dict(text["rationale"])),
            lesson=lesson,
            lesson_title=self.exam.about.lessons.get(lesson, ""),
        )


def lesson_of(exam: Exam, item: str) -> str:
    """Return the competency whose lesson an item refers to; nothing where it refers to none that there is."""
    reference = exam.texts[item]["reference"] or ""
    name = str(reference).removeprefix(LESSON)
    return name if reference.startswith(LESSON) and name in exam.about.lessons else ""


def lessons_for(exam: Exam, events: Sequence[Event]) -> tuple[str, ...]:
    """Return the lessons on what was missed, the most missed first, as many as one reads."""
    given = [answer for shown, answer in final_answers(events) if shown.role == "scored"]
    wrong = [e.item for e in given if e.response != exam.texts[e.item]["key"]]
    lessons = [lesson for item in wrong if (lesson := lesson_of(exam, item))]
    order = sorted(set(lessons), key=lambda name: (-lessons.count(name), name))
    return tuple(order[:LESSONS_SHOWN])
