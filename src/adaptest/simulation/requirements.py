"""What an exam file requires of the exam (`require:`), held against what a simulation found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, sqrt

from adaptest.simulation.tally import Value

SIGMAS = 4.0  # the largest of many exposure rates may pass its limit by so many of its standard errors

# measure -> whether it must be at least what is required; the others must be at most that
AT_LEAST: Mapping[str, bool] = {
    "accuracy": True,
    "consistency": True,
    "coverage": True,
    "correlation": True,
    "bias": False,
    "rmse": False,
    "sem": False,
    "mean_length": False,
    "mean_time_s": False,
    "max_exposure": False,
    "overlap": False,
    "false_pass": False,
    "false_fail": False,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement, and whether it is met.

    Attributes
    ----------
    required : what the exam file says
    found : what the simulation says; nan where it has no such measure
    met : whether it holds
    clear : whether the difference exceeds two Monte-Carlo standard errors
    """

    name: str
    required: float
    found: Value
    met: bool
    clear: bool

    @property
    def sentence(self) -> str:
        """Return it in words."""
        side = "at least" if AT_LEAST[self.name] else "at most"
        if isnan(self.found.value):
            return f"{self.name} must be {side} {self.required:g}; this study has no such measure"
        found = f"{self.found.value:.4g}" + ("" if isnan(self.found.se) else f" ({self.found.se:.2g})")
        doubt = "" if self.clear else ", within the error of this study"
        verdict = "met" if self.met else "not met"
        return f"{self.name} must be {side} {self.required:g}; got {found}: {verdict}{doubt}"


def held(required: Mapping[str, float], found: Mapping[str, Value], n: int) -> tuple[Requirement, ...]:
    r"""Return each requirement with what was found.

    Bias is judged by its size. The largest exposure rate is the largest of many chance counts, so it may
    exceed a limit r by 4 of the standard errors :math:`\sqrt{r (1 - r) / N}`.
    """
    return tuple(
        _held(name, limit, found.get(name, Value(float("nan"))), n) for name, limit in required.items()
    )


def _held(name: str, limit: float, value: Value, n: int) -> Requirement:
    got = abs(value.value) if name == "bias" else value.value
    allowance = (
        SIGMAS * sqrt(limit * (1 - limit) / n) if name == "max_exposure" and 0 <= limit <= 1 and n else 0.0
    )
    met = got >= limit if AT_LEAST[name] else got <= limit + allowance
    clear = isnan(value.se) or abs(got - limit) > 2 * value.se
    return Requirement(name, limit, value, met, clear)
