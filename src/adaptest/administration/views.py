"""What a candidate is shown: values for a terminal, a notebook or a page, nothing about how they look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SCREEN_LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class Question:
    """One item as it is shown. It never holds a key, a parameter or a rationale.

    Attributes
    ----------
    item : its id
    number : of the question in this sitting, from 1
    at_least, at_most : how many questions the sitting can have
    domain : title of its content area
    stem : the text above the options
    options : bank letter -> text, in the order shown
    """

    item: str
    number: int
    at_least: int
    at_most: int
    domain: str
    stem: str
    options: Mapping[str, str]

    @property
    def screen(self) -> dict[str, str]:
        """Letter on the screen -> bank letter."""
        return dict(zip(SCREEN_LETTERS, self.options, strict=False))


@dataclass(frozen=True, slots=True)
class Feedback:
    """One answered item, explained: why the key, and why each other option is worse.

    Attributes
    ----------
    question : as it was shown
    given, key : bank letters
    rationale : bank letter -> why; what the bank gives
    lesson, lesson_title : where to read on; empty where there is no lesson
    """

    question: Question
    given: str
    key: str
    rationale: Mapping[str, str]
    lesson: str
    lesson_title: str

    @property
    def correct(self) -> bool:
        """Whether the key was given."""
        return self.given == self.key


@dataclass(frozen=True, slots=True)
class DomainFeedback:
    """How one content area went.

    Attributes
    ----------
    code, title : of the domain
    correct, answered : how many; for study, not a score
    band : "above", "near", "below" the cut, or "not enough items"
    """

    code: str
    title: str
    correct: int
    answered: int
    band: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an ended sitting came to.

    Attributes
    ----------
    sitting, candidate, exam, title, stakes : whose and of what; the candidate by name unless erased
    status : "finished", "held", "released" or "void"
    theta, sem : logits, as logged; None where there is no estimate
    method, outcome : of the final estimate
    scale_score, scale_low, scale_high : reporting scale, the last two of the 95 % interval; None likewise
    cut : the theta at and above which is a pass; None where the exam has none
    cut_score : the cut on the reporting scale
    cut_label : how the cut was set
    decision : "pass", "fail" or None
    level : name of the band that theta is in; None where the exam has none, or there is no estimate
    domains : in the bank's order
    n_items : answered and scored
    reason : the word of the rule that ended the sitting
    release : of the parameters
    provisional : whether the parameters are judged, not calibrated
    started_at, ended_at : UTC
    """

    sitting: str
    candidate: str
    exam: str
    title: str
    stakes: str
    status: str
    theta: float | None
    sem: float | None
    method: str
    outcome: str
    scale_score: float | None
    scale_low: float | None
    scale_high: float | None
    cut: float | None
    cut_score: float | None
    cut_label: str
    decision: str | None
    domains: tuple[DomainFeedback, ...]
    n_items: int
    reason: str
    release: str
    provisional: bool
    started_at: str
    ended_at: str
    level: str | None = None

    @property
    def bands(self) -> dict[str, str]:
        """Code of each domain -> its band."""
        return {domain.code: domain.band for domain in self.domains}
