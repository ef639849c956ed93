"""What a sitting needs beside its design: titles, texts, policy; fixed at its start and stored with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from adaptest.bank.snapshot import Snapshot
from adaptest.engine.design import Design
from adaptest.engine.schema import ExamSpec
from adaptest.errors import StoreError

FORMAT = "adaptest-about/1"
LESSON = "lesson "  # how an item's reference names a lesson

Texts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where passing begins.

    Attributes
    ----------
    theta : logits; at and above it is a pass
    label : how it was set
    """

    theta: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Reporting scale: score = slope * theta + intercept, within floor and ceiling where there are any."""

    slope: float
    intercept: float
    floor: float | None = None
    ceiling: float | None = None

    def score(self, theta: float) -> float:
        """Return the score of a theta.

        >>> Scale(10.0, 50.0, floor=20.0, ceiling=80.0).score(-3.5), Scale(10.0, 50.0).score(0.25)
        (20.0, 52.5)
        """
        value = self.slope * theta + self.intercept
        low = -math.inf if self.floor is None else self.floor
        return min(max(value, low), math.inf if self.ceiling is None else self.ceiling)

    def to_json(self) -> dict[str, float]:
        """Return it as JSON values, without ends that it has not."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Levels:
    """Bands of theta by name, the lowest first, and the ascending cuts between them."""

    names: tuple[str, ...]
    cuts: tuple[float, ...]

    def of(self, theta: float) -> str:
        """Return the level of a theta: the one that begins at a cut holds it.

        >>> Levels(("basic", "proficient"), (0.5,)).of(0.5)
        'proficient'
        """
        return self.names[sum(theta >= cut for cut in self.cuts)]


@dataclass(frozen=True, slots=True)
class About:
    """An exam as candidates meet it.

    Attributes
    ----------
    exam : bank/exam
    title, language, disclaimer, provisional_note : of exam and bank
    stakes : "practice" or "certification"
    demo : whether it may run on provisional parameters although it is a certification
    secure : whether a chosen seed is refused
    explanation : "after_each", "at_end" or "none"
    release : the parameters' run, with the number of its release
    provisional : whether the parameters are judged, not calibrated
    domains : code -> title, in the bank's order
    lessons : competency -> title of its lesson
    at_least, at_most : questions, pretest ones included
    pretest : how many of the questions, at most, are being tried out and do not count
    known_by : where the exam looks at how well items are known: by the calibration's covariance, or by
        standard errors alone; empty where it does not look
    """

    exam: str
    title: str
    language: str
    disclaimer: str
    provisional_note: str
    stakes: str
    demo: bool
    secure: bool
    explanation: str
    release: str
    provisional: bool
    domains: Mapping[str, str]
    lessons: Mapping[str, str]
    at_least: int
    at_most: int
    scale: Scale | None
    cut: Cut | None
    pretest: int = 0
    levels: Levels | None = None
    known_by: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        in_order: dict[str, Any] = {"domains": list(self.domains.items())}  # canonical JSON sorts keys
        if self.scale is not None:
            in_order["scale"] = self.scale.to_json()
        body = {"format": FORMAT, **asdict(self), **in_order}
        if self.levels is None:  # as it was written before there were any
            del body["levels"]
        if not self.known_by:
            del body["known_by"]
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> About:
        """Return what `to_json` wrote.

        Raises
        ------
        StoreError, where it is of another format.
        """
        if body.get("format") != FORMAT:
            raise StoreError(f"a sitting's description must be {FORMAT!r}; got {body.get('format')!r}")
        before = {"pretest": 0, "levels": None, "known_by": ""}  # sittings that began before there were any
        body = before | dict(body)
        values = {field.name: body[field.name] for field in fields(cls)}
        values["domains"] = dict(body["domains"])
        values["scale"] = Scale(**body["scale"]) if body["scale"] else None
        if body["levels"]:
            values["levels"] = Levels(tuple(body["levels"]["names"]), tuple(body["levels"]["cuts"]))
        values["cut"] = Cut(**body["cut"]) if body["cut"] else None
        return cls(**values)


def about_of(name: str, spec: ExamSpec, snapshot: Snapshot, design: Design, known_by: str = "") -> About:
    """Return an exam's description, of its file, its bank and the release in effect.

    Parameters
    ----------
    name : bank/exam
    known_by : see About
    """
    header, release = snapshot.bank.header, snapshot.release
    scale, cut, levels = spec.reporting.scale, spec.reporting.cut, spec.reporting.levels
    seeding = design.seeding
    pretest = seeding.items if seeding else 0
    longest = len(design.pool) if design.maximum is None else design.maximum
    return About(
        exam=name,
        title=spec.title,
        language=header.language,
        disclaimer=header.disclaimer,
        provisional_note=header.provisional_note or "",
        stakes=spec.stakes,
        demo=spec.demo,
        secure=spec.secure,
        explanation=spec.feedback.explanation,
        release=f"{release.number}:{release.run}",
        provisional=design.pool.provisional,
        domains=dict(snapshot.bank.domains),
        lessons={name: lesson.title for name, lesson in snapshot.bank.lessons.items()},
        at_least=design.minimum + (seeding.surely(design.minimum) if seeding else 0),
        at_most=longest + pretest,
        scale=Scale(scale.slope, scale.intercept, scale.floor, scale.ceiling),
        cut=Cut(cut.theta, cut.label) if cut else None,
        pretest=pretest,
        levels=Levels(levels.names, levels.cuts) if levels else None,
        known_by=known_by,
    )
