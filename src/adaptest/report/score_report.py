"""The candidate's one page: what was decided, how sure that is, and where to study on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adaptest.report.environment import template

TEMPLATE = "score_report.html"
WIDTH = 640.0  # of the scale's picture, in its own units
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)  # between two marks of the scale
MOST_MARKS = 9
DECIMALS = 3  # at most, where fewer would contradict the decision
Z_95 = 1.959964

REASONS = {  # the word of the rule that ended the sitting -> what a candidate reads
    "maximum_length": "you reached the maximum number of questions",
    "sem": "your result was precise enough",
    "minimum_information": "no question left would have made your result more precise",
    "predicted_sem_reduction": "a further question would hardly have made your result more precise",
    "theta_change": "your last answers no longer changed your result",
    "confidence_interval": "your result was clear of the pass mark",
    "sprt": "your result was clear of the pass mark",
    "glr": "your result was clear of the pass mark",
    "posterior_probability": "your result was clear of the pass mark",
    "time": "the time meant for the exam was used",
    "time_limit": "your time was over",
    "several_rules": "your result was as certain as the exam asks for",
    "pool_exhausted": "no further question fitted",
    "finished_early": "you finished early",
}
OUTCOMES = {  # why there is no score
    "no_responses": "no question was answered",
    "too_few_items": "too few questions were answered in time",
    "no_score": "the time ran out, and this exam gives no score then",
    "withheld": "the time ran out, and the decision was not made by the score",
    "all_correct": "all answers were right, and this exam's method gives no score for that",
    "all_incorrect": "no answer was right, and this exam's method gives no score for that",
}
BANDS = {  # the word of a domain's band -> what a candidate reads, and its place among the others
    "below": ("below the pass mark", 0),
    "near": ("near the pass mark", 1),
    "above": ("above the pass mark", 2),
    "not enough items": ("too few questions to say", 3),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The picture of the interval: places from 0 to WIDTH, and the numbers written below.

    Attributes
    ----------
    marks : place and number of each mark
    score, low, high : places of the estimate and of the ends of its 95 % interval
    cut : place of the pass mark; None where the exam has none
    """

    marks: tuple[tuple[float, str], ...]
    score: float
    low: float
    high: float
    cut: float | None


def render(result: Mapping[str, Any]) -> str:
    """Return the page's HTML: self-contained, for screen and paper, without item ids and raw percentages.

    Parameters
    ----------
    result : the fields of `adaptest.administration.views.Result` by name, `domains` as mappings; and, if
        wanted, `disclaimer`, `provisional_note` (text) and `lessons` (mappings with `title` and `name`,
        the most useful first). A held or void sitting gives a page without score and decision.
    """
    told = result["status"] not in ("held", "void")
    measured = _measured(result) if told else None
    decision = result.get("decision") if told else None
    domains: Sequence[Mapping[str, Any]] = result.get("domains", ()) if told else ()
    practice = result["stakes"] == "practice"
    if decision == "fail" and not practice:  # a diagnosis begins with what to work on
        domains = sorted(domains, key=lambda one: BANDS[one["band"]][1])
    return template(TEMPLATE).render(
        result={"disclaimer": "", "provisional_note": "", "level": None, **result},
        decision=decision,
        practice=practice,
        held=result["status"] == "held",
        void=result["status"] == "void",
        numbers=measured and measured.written(decision),
        scale=measured and measured.drawn(),
        open=measured is not None and measured.holds_cut,
        no_score=OUTCOMES.get(result["outcome"], "no estimate could be made"),
        reason=REASONS.get(str(result["reason"]), str(result["reason"]).replace("_", " ")),
        domains=[{**one, "band": BANDS[one["band"]][0], "class": one["band"].split()[0]} for one in domains],
        weak=[one["title"] for one in domains if one["band"] in ("below", "near")],
        lessons=result.get("lessons", ()) if told else (),
        width=WIDTH,
    )


def _measured(result: Mapping[str, Any]) -> Measured | None:
    """Return the score, on the reporting scale or else in logits; None where there is none."""
    if result.get("scale_score") is not None:
        names = ("scale_score", "scale_low", "scale_high")
        score, low, high = (float(result[name]) for name in names)
        return Measured(score, low, high, result.get("cut_score"), decimals=0, unit="")
    if result.get("theta") is not None and result.get("sem") is not None:
        theta, half = float(result["theta"]), Z_95 * float(result["sem"])
        return Measured(theta, theta - half, theta + half, result.get("cut"), decimals=2, unit="logits")
    return None


@dataclass(frozen=True, slots=True)
class Measured:
    """A score with its 95 % interval and the cut, if there is one, on one scale."""

    score: float
    low: float
    high: float
    cut: float | None
    decimals: int
    unit: str

    @property
    def holds_cut(self) -> bool:
        """Whether the interval holds the cut."""
        return self.cut is not None and self.low < self.cut < self.high

    def written(self, decision: str | None) -> dict[str, str]:
        """Return score, interval and cut as they are written: rounding never contradicts the decision."""
        shown = {"score": f"{self.score:.{self.decimals}f}", "cut": ""}
        if self.cut is not None and decision is not None:
            shown = _consistent(self.score, self.cut, self.decimals, passed=decision == "pass")
        elif self.cut is not None:
            shown["cut"] = f"{self.cut:.{self.decimals}f}"
        return {
            **shown,
            "low": f"{self.low:.{self.decimals}f}",
            "high": f"{self.high:.{self.decimals}f}",
            "unit": self.unit,
        }

    def drawn(self) -> Scale:
        """Return the picture of score, interval and cut between two round numbers."""
        values = [self.score, self.low, self.high] + ([] if self.cut is None else [self.cut])
        span = max(values) - min(values) or 1.0
        left, right = min(values) - span / 3, max(values) + span / 3
        step = next((step for step in STEPS if (right - left) / step <= MOST_MARKS), STEPS[-1])
        left, right = math.floor(left / step) * step, math.ceil(right / step) * step

        def place(value: float) -> float:
            return round((value - left) / (right - left) * WIDTH, 1)

        decimals = 1 if step < 1 else 0
        numbers = [left + k * step for k in range(round((right - left) / step) + 1)]
        marks = tuple((place(number), f"{number + 0.0:.{decimals}f}") for number in numbers)
        cut = None if self.cut is None else place(self.cut)
        return Scale(marks, place(self.score), place(self.low), place(self.high), cut)


def _consistent(score: float, cut: float, least: int, *, passed: bool) -> dict[str, str]:
    """Return score and cut with as few decimals as keep the score on its side of the cut.

    >>> _consistent(49.96, 50.0, 0, passed=False), _consistent(55.2, 50.0, 0, passed=True)
    ({'score': '49.96', 'cut': '50.00'}, {'score': '55', 'cut': '50'})
    """
    for decimals in range(least, DECIMALS + 1):
        shown = {"score": f"{score:.{decimals}f}", "cut": f"{cut:.{decimals}f}"}
        if (float(shown["score"]) >= float(shown["cut"])) == passed:
            return shown
    written = f"{cut:.{DECIMALS}f}"
    away = float(written) - (0.0 if passed else 10.0**-DECIMALS)
    return {"score": f"{away:.{DECIMALS}f}", "cut": written}
