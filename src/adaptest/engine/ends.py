"""Why a sitting ended where it did, with the numbers of every rule that was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from adaptest.engine.design import MAXIMUM_LENGTH, Design
from adaptest.engine.sitting import timed
from adaptest.engine.standing import standing_of
from adaptest.engine.state import State
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
    Standing,
    StoppingRule,
    ThetaChange,
    TimeUsed,
)
from adaptest.stopping.cuts import cuts_of


def end_in_numbers(state: State, design: Design) -> tuple[str, ...]:
    """Return how the rules for the end stand in a state that waits for a decision, a sentence each."""
    batch, n = timed(state), state.batch.length
    most = "no maximum" if design.maximum is None else f"at most {design.maximum}"
    told = [f"{n} scored items; at least {design.minimum}, {most}"]
    if (limit := design.policy.time.limit_s) is not None:
        clock = state.clock
        told.append(f"{clock.used_s:.0f} s used of a limit of {limit * clock.multiplier:.0f} s")
        if clock.is_over(design.policy):
            return (*told, "the time limit ends it, whatever the other rules say")
    if n == design.maximum:
        return (*told, f"the maximum length ends it, whatever the other rules say ({MAXIMUM_LENGTH})")
    if not design.may_stop(batch)[0]:
        return (*told, "it may not stop at this length: the length or a content rule asks for more")
    if design.maximum is None and not batch.available.any():
        return (*told, "no item is left")
    standing = standing_of(design, batch)
    for rule in design.stopping:
        fires = "ends it" if rule.fires(standing)[0] else "goes on"
        told.append(f"{_name(rule)}: {in_numbers(rule, standing)}: {fires}")
    return tuple(told)


def in_numbers(rule: StoppingRule, standing: Standing) -> str:
    """Return what a rule looks at and what it asks for, of one sitting."""
    return TELLERS[type(rule)](rule, standing)


def _name(rule: StoppingRule) -> str:
    return rule.reason.replace("_", " ")


def _sem(rule: Sem, standing: Standing) -> str:
    return f"SEM {standing.sem[0]:.3f}, wanted at most {rule.at_most:g}"


def _information(rule: MinimumInformation, standing: Standing) -> str:
    most = float(standing.most_informative()[0])
    had = "no item could come next" if most == -np.inf else f"the best item left gives {most:.4f}"
    return f"{had}, wanted at least {rule.at_least:g}"


def _reduction(rule: PredictedSemReduction, standing: Standing) -> str:
    reduction = float(rule.reduction(standing)[0])
    told = f"the next answer is expected to take {reduction:.4f} off the SEM, wanted at least {rule.hypo:g}"
    if rule.sem is None or rule.hyper is None:
        return told
    return f"{told}, or {rule.hyper:g} where the SEM ({standing.sem[0]:.3f}) is at most {rule.sem:g}"


def _change(rule: ThetaChange, standing: Standing) -> str:
    path = np.zeros((1, 1)) if standing.path is None else standing.path
    moved = np.abs(np.diff(path[0, -rule.steps - 1 :]))
    steps = ", ".join(f"{step:.4f}" for step in moved)
    return f"the last answers moved theta by {steps}, wanted at most {rule.at_most:g} in each of {rule.steps}"


def _interval(rule: ConfidenceInterval, standing: Standing) -> str:
    theta, reach = float(standing.theta[0]), rule.z * float(standing.sem[0])
    cuts = _joined(cuts_of(rule.reason, rule.cut, rule.cuts))
    return (
        f"theta {theta:+.3f} give or take {rule.z:.3f} standard errors is {theta - reach:+.3f} to"
        f" {theta + reach:+.3f}, to be clear of {cuts}"
    )


def _ratio(rule: Sprt | GeneralisedLikelihoodRatio, standing: Standing) -> str:
    low, high = rule.bounds
    ratios = ", ".join(f"{ratio:+.3f}" for ratio in rule.log_ratios(standing)[0])
    cuts = _joined(cuts_of(rule.reason, rule.cut, rule.cuts))
    return f"log-likelihood ratio {ratios} at {cuts}, wanted at most {low:.3f} or at least {high:.3f}"


def _probability(rule: PosteriorProbability, standing: Standing) -> str:
    bands = ", ".join(f"{share:.4f}" for share in rule.bands(standing)[0])
    cuts = _joined(cuts_of(rule.reason, rule.cut, rule.cuts))
    return f"probability {bands} of the bands between {cuts}, wanted one of {rule.probability:g}"


def _time(rule: TimeUsed, standing: Standing) -> str:
    used = 0.0 if standing.time_s is None else float(standing.time_s[0])
    return f"{used:.0f} s used, wanted {rule.at_most_s:g} s"


def _together(rule: AllOf | AnyOf, standing: Standing) -> str:
    word = "all of" if isinstance(rule, AllOf) else "any of"
    parts = "; ".join(f"{_name(one)}: {in_numbers(one, standing)}" for one in rule.rules)
    return f"{word} ({parts})"


def _joined(cuts: tuple[float, ...]) -> str:
    return f"cut {', '.join(f'{cut:g}' for cut in cuts)}"


TELLERS: Mapping[type, Callable[[Any, Standing], str]] = {
    Sem: _sem,
    MinimumInformation: _information,
    PredictedSemReduction: _reduction,
    ThetaChange: _change,
    ConfidenceInterval: _interval,
    Sprt: _ratio,
    GeneralisedLikelihoodRatio: _ratio,
    PosteriorProbability: _probability,
    TimeUsed: _time,
    AllOf: _together,
    AnyOf: _together,
}
