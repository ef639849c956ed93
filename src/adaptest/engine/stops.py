"""The stopping rules that an exam file can name, alone or combined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaptest.engine.definition import Exam
from adaptest.engine.parts import part
from adaptest.engine.text import Path
from adaptest.errors import OptionError
from adaptest.stopping import (
    AllOf,
    AnyOf,
    ConfidenceInterval,
    GeneralisedLikelihoodRatio,
    MinimumInformation,
    PosteriorProbability,
    PredictedSemReduction,
    Sem,
    Sprt,
    StoppingRule,
    ThetaChange,
    TimeUsed,
)

STOPPING: Mapping[str, type[StoppingRule]] = {
    "sem": Sem,
    "minimum_information": MinimumInformation,
    "predicted_sem_reduction": PredictedSemReduction,
    "theta_change": ThetaChange,
    "confidence_interval": ConfidenceInterval,
    "sprt": Sprt,
    "glr": GeneralisedLikelihoodRatio,
    "posterior_probability": PosteriorProbability,
    "time": TimeUsed,
}
COMBINATIONS: Mapping[str, type[AllOf | AnyOf]] = {"all": AllOf, "any": AnyOf}
CLASSIFYING = (
    "confidence_interval",
    "sprt",
    "glr",
    "posterior_probability",
)  # by the exam's cut if they name none


def stopping_rules(exam: Exam) -> tuple[StoppingRule, ...]:
    """Return the stopping rules of an exam, in its order.

    Raises
    ------
    ExamError, where one is unknown or has options that it cannot have.
    """
    return tuple(_rule(exam, ("stopping", k), said) for k, said in enumerate(exam.spec.stopping))


def _rule(exam: Exam, path: Path, said: Any) -> StoppingRule:
    """Return one stopping rule, or several that are combined."""
    what = ".".join(str(piece) for piece in path)
    if not isinstance(said, dict):
        raise exam.fault(path, f"{what}: must be a rule with its options; got {said!r}")
    for word, kind in COMBINATIONS.items():
        if word in said:
            listed = said[word]
            if len(said) > 1 or not isinstance(listed, list | tuple):
                raise exam.fault(path, f"{what}: {word} must stand alone, with a list of rules")
            try:
                return kind(tuple(_rule(exam, (*path, word, k), one) for k, one in enumerate(listed)))
            except OptionError as error:
                raise exam.fault(path, error) from None
    cut, levels = exam.spec.reporting.cut, exam.spec.reporting.levels
    names_none = said.get("rule") in CLASSIFYING and "cut" not in said and "cuts" not in said
    if names_none and levels is not None:
        said = {**said, "cuts": list(levels.cuts)}
    elif said.get("rule") in CLASSIFYING and cut is not None and "cut" not in said and "cuts" not in said:
        said = {**said, "cut": cut.theta}
    rule: StoppingRule = part(exam, path, STOPPING, said, "rule")
    return rule
