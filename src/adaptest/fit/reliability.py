"""How much of the variance of theta the test sees, and how sure decisions at a cut are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from adaptest.calibration.population import Population
from adaptest.fit.result import ADAPTIVE
from adaptest.models.base import Floats
from adaptest.responses.core import Core
from adaptest.scoring import Estimates, score_distribution
from adaptest.scoring.expected_score import expected_score
from adaptest.scoring.matched import Matched


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Reliability of theta.

    Attributes
    ----------
    empirical : of the EAPs of these persons: Var(EAP) / {Var(EAP) + mean posterior variance}
    marginal : of the common form in the whole population: variance / (variance + mean of 1 / I); nan where
        there is no common form
    marginal_reason : why there is no marginal reliability, or ""
    theta : (Q,) logits
    conditional_sem : (Q,) 1 / sqrt(I) of the common form there; both empty where there is none
    """

    empirical: float
    marginal: float
    marginal_reason: str
    theta: Floats
    conditional_sem: Floats


def reliability(data: Matched, people: Population, core: Core) -> Reliability:
    r"""Return the empirical and marginal reliability and the conditional standard errors.

    .. math:: \bar\rho = \frac{\sigma^2}{\sigma^2 + \int g / I}, \quad
        \hat\rho = \frac{Var(EAP)}{Var(EAP) + \overline{PSD^2}}

    References
    ----------
    Green, Bock, Humphreys, Linn & Reckase (1984), Journal of Educational Measurement 21(4), 347-360;
    Bechger, Maris, Verstralen & Beguin (2003), Applied Psychological Measurement 27(5), 319-334.
    """
    answered = np.bincount(data.person, minlength=len(data.responses)) > 0
    weight = np.where(answered, data.weight, 0.0)
    eap, sd = people.eap, people.posterior_sd
    mean = weight @ eap / weight.sum()
    between = weight @ (eap - mean) ** 2 / weight.sum()
    within = weight @ sd**2 / weight.sum()
    empirical = float(between / (between + within))
    if not core.is_fixed:
        nothing = np.zeros(0)
        return Reliability(empirical, float("nan"), f"{ADAPTIVE}: {core.reason}", nothing, nothing)
    centre, spread = people.pooled
    theta = centre + spread * np.linspace(-4, 4, 81)
    items = data.items.take(core.items)
    with np.errstate(divide="ignore"):
        error = float(people.mass @ (1 / items.information(people.nodes).sum(axis=1)))
        sem = 1 / np.sqrt(items.information(theta).sum(axis=1))
    marginal = spread**2 / (spread**2 + error) if np.isfinite(error) else float("nan")
    reason = "" if np.isfinite(error) else "the information vanishes within the population"
    return Reliability(empirical, marginal, reason, theta, sem)


@dataclass(frozen=True, slots=True)
class Decisions:
    """How sure a decision at one cut is, over these persons.

    Attributes
    ----------
    cut : logits
    accuracy : probability that a person is on the side of the cut where the decision puts them
    consistency : probability that a second, parallel sitting decides alike
    kappa : consistency beyond chance
    false_positive, false_negative : shares decided above though below, and below though above
    method : "rudner" (theta normal about the estimate) or "lee" (summed scores of the common form)
    reason : why there are none, or ""
    """

    cut: float
    accuracy: float
    consistency: float
    kappa: float
    false_positive: float
    false_negative: float
    method: str
    reason: str = ""


def rudner(people: Estimates, cut: float, weight: Floats) -> Decisions:
    r"""Return accuracy and consistency from each person's estimate and its standard error.

    .. math:: accuracy = \overline{\max(\Phi_n, 1 - \Phi_n)}, \quad
        consistency = \overline{\Phi_n^2 + (1 - \Phi_n)^2}, \quad
        \Phi_n = \Phi\{(\hat\theta_n - cut) / sem_n\}

    References
    ----------
    Rudner (2001), Practical Assessment, Research & Evaluation 7(14); Rudner (2005), ibid. 10(13).
    """
    good = np.isfinite(people.theta) & np.isfinite(people.sem) & (people.sem > 0)
    if not good.any():
        return _none(cut, "rudner", "nobody has an estimate with a standard error")
    above = ndtr((people.theta[good] - cut) / people.sem[good])
    decided = people.theta[good] >= cut
    return _decisions(cut, np.where(decided, 1.0, 0.0), above, above, weight[good], "rudner")


def lee(data: Matched, people: Population, core: Core, cut: float) -> Decisions:
    r"""Return accuracy and consistency of deciding by the summed score, in the whole population.

    .. math:: consistency = \int \Big\{\Big(\sum_{s \ge s_c} f\Big)^2 + \Big(\sum_{s < s_c} f\Big)^2\Big\}\,g,
        \quad f = f(s \mid \theta)

    with the cut on the score that the form expects at theta = cut, rounded up.

    References
    ----------
    Lee (2010), Journal of Educational Measurement 47(1), 1-17; Lord & Wingersky (1984), Applied
    Psychological Measurement 8(4), 453-461.
    """
    if not core.is_fixed:
        return _none(cut, "lee", f"{ADAPTIVE}: {core.reason}")
    items = data.items.take(core.items)
    least = int(np.ceil(float(expected_score(items, np.array([cut]))[0]) - 1e-9))
    above = score_distribution(items, people.nodes)[:, least:].sum(axis=1)
    true = (people.nodes >= cut).astype(np.float64)
    return _decisions(cut, above, true, above, people.mass, "lee")


def _decisions(
    cut: float, decided: Floats, true: Floats, again: Floats, weight: Floats, method: str
) -> Decisions:
    """Return the shares from probabilities of being decided above, of being above, and of a repetition."""
    w = weight / weight.sum()
    accuracy = float(w @ (decided * true + (1 - decided) * (1 - true)))
    consistency = float(w @ (again**2 + (1 - again) ** 2))
    base = float(w @ again)
    chance = base**2 + (1 - base) ** 2
    kappa = (consistency - chance) / (1 - chance) if chance < 1 else float("nan")
    return Decisions(
        cut, accuracy, consistency, kappa,
        float(w @ (decided * (1 - true))), float(w @ ((1 - decided) * true)), method,
    )  # fmt: skip


def _none(cut: float, method: str, reason: str) -> Decisions:
    nan = float("nan")
    return Decisions(cut, nan, nan, nan, nan, nan, method, reason)
