"""The policy that an exam file states, or a sentence that says why it cannot work."""

from __future__ import annotations

from itertools import pairwise

from adaptest.engine.definition import Exam
from adaptest.engine.policy import EDIT_K, AttemptPolicy, BreakPolicy, Policy, TimePolicy
from adaptest.stopping import StoppingRule, TimeUsed
from adaptest.stopping.combined import every_rule


def policy_of(exam: Exam, stopping: tuple[StoppingRule, ...]) -> Policy:
    """Return the policy of an exam.

    Raises
    ------
    ExamError, where its words contradict each other or the rest of the exam.
    """
    spec, said = exam.spec, exam.spec.policy
    _check_time(exam)
    _check_review(exam)
    _check_breaks(exam)
    _check_scale(exam)
    _check_levels(exam)
    if said.attempts.window_days is not None and said.attempts.maximum is None:
        raise exam.fault(
            ("policy", "attempts", "window_days"),
            "policy.attempts: window_days must come with a maximum; got none",
        )
    time, breaks, cut = said.time, said.breaks, spec.reporting.cut
    clocks = (time.limit_s, time.item_limit_s)
    timed = any(isinstance(rule, TimeUsed) for rule in every_rule(stopping))
    return Policy(
        version=said.version,
        minimum=spec.length.minimum,
        maximum=spec.length.maximum,
        pretest=_pretest(exam),
        stopping=spec.stopping,
        estimator=spec.estimation.final,
        cut=cut.theta if cut else None,
        cut_label=cut.label if cut else "",
        time=TimePolicy(**time.model_dump()),
        review=said.review.mode,
        edits=said.review.edits,
        breaks=BreakPolicy(**breaks.model_dump()),
        attempts=AttemptPolicy(**said.attempts.model_dump()),
        needs_time=timed or breaks.number > 0 or any(clock is not None for clock in clocks),
    )


def _check_scale(exam: Exam) -> None:
    """Raise unless the cut lies within the scale's ends: a score at an end must not contradict a decision."""
    scale, cut = exam.spec.reporting.scale, exam.spec.reporting.cut
    low, high = (scale.floor, scale.ceiling)
    place = ("reporting", "scale")
    if low is not None and high is not None and low >= high:
        raise exam.fault(place, f"reporting.scale: floor must be below ceiling; got {low:g} and {high:g}")
    if cut is None:
        return
    score = scale.slope * cut.theta + scale.intercept
    if (low is not None and score <= low) or (high is not None and score > high):
        ends = f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip()
        raise exam.fault(place, f"reporting.scale: must hold the cut, {score:g}, above its floor; got {ends}")


def _check_levels(exam: Exam) -> None:
    """Raise unless levels and cuts fit, and the cut for passing is none within a level."""
    levels, cut = exam.spec.reporting.levels, exam.spec.reporting.cut
    if levels is None:
        return
    place = ("reporting", "levels")
    if len(levels.names) != len(levels.cuts) + 1 or any(a >= b for a, b in pairwise(levels.cuts)):
        raise exam.fault(
            place,
            "reporting.levels: must have ascending cuts, and one name more than cuts; got"
            f" {len(levels.names)} names and {len(levels.cuts)} cuts",
        )
    if cut is not None and cut.theta not in levels.cuts:
        raise exam.fault(place, f"reporting.levels: must have the cut, {cut.theta:g}, among its cuts; add it")


def _pretest(exam: Exam) -> int:
    """Return how many unscored items a sitting is given."""
    said = exam.spec.pretest
    if said is None:
        return 0
    return (said.items or 0) + sum(window.items for window in said.windows)


def _check_time(exam: Exam) -> None:
    """Raise unless what happens when the time runs out can be done."""
    time, spec = exam.spec.policy.time, exam.spec
    place = ("policy", "time", "run_out")
    if time.run_out == "last_k_all_above":
        if spec.reporting.cut is None:
            raise exam.fault(place, "policy.time.run_out: last_k_all_above needs a cut; give reporting.cut")
        if time.last_k > spec.length.minimum:
            raise exam.fault(
                ("policy", "time", "last_k"),
                f"policy.time.last_k must not exceed length.minimum, {spec.length.minimum};"
                f" got {time.last_k}",
            )
    if time.run_out == "random_fill" and spec.length.maximum is None:
        raise exam.fault(
            place, "policy.time.run_out: random_fill needs a maximum length; give length.maximum"
        )


def _check_review(exam: Exam) -> None:
    """Raise unless answers that may be changed are told apart from those that were explained."""
    review = exam.spec.policy.review
    place = ("policy", "review")
    if (review.mode == EDIT_K) == (review.edits is None):
        rule = "needs edits" if review.edits is None else f"takes no edits; got {review.edits}"
        raise exam.fault(place, f"policy.review: {review.mode} {rule}")
    if review.mode != "none" and exam.spec.feedback.explanation == "after_each":
        raise exam.fault(
            place,
            "policy.review: answers that are explained right away cannot be changed; set"
            " feedback.explanation to at_end or none",
        )


def _check_breaks(exam: Exam) -> None:
    """Raise unless every break has a length and a place."""
    breaks = exam.spec.policy.breaks
    if breaks.number and not breaks.length_s:
        raise exam.fault(("policy", "breaks"), "policy.breaks: must have a length_s; got none")
    maximum = exam.spec.length.maximum
    longest = None if maximum is None else maximum + _pretest(exam) - 1
    for k, after in enumerate(breaks.after):
        if after < 1 or (longest is not None and after > longest):
            raise exam.fault(
                ("policy", "breaks", "after", k),
                "policy.breaks.after: must be numbers of questions after which others follow, 1 to"
                f" {longest if longest is not None else 'any'}; got {after}",
            )
