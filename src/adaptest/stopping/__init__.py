"""When a sitting ends: one file a rule.

Minimum and maximum length, the lengths that the blueprint admits and the clock are the design's; no rule here
is asked at a length at which the sitting may not stop. Rules in a list are asked in order, and the first that
fires ends the sitting; `AllOf` and `AnyOf` combine them further.
"""

from adaptest.stopping.base import IN_WORDS, Standing, StoppingRule
from adaptest.stopping.combined import AllOf, AnyOf
from adaptest.stopping.confidence_interval import ConfidenceInterval
from adaptest.stopping.glr import GeneralisedLikelihoodRatio
from adaptest.stopping.minimum_information import MinimumInformation
from adaptest.stopping.posterior_probability import PosteriorProbability
from adaptest.stopping.predicted_reduction import PredictedSemReduction
from adaptest.stopping.sem import Sem
from adaptest.stopping.sprt import Sprt
from adaptest.stopping.theta_change import ThetaChange
from adaptest.stopping.time_used import TimeUsed

__all__ = [
    "IN_WORDS",
    "AllOf",
    "AnyOf",
    "ConfidenceInterval",
    "GeneralisedLikelihoodRatio",
    "MinimumInformation",
    "PosteriorProbability",
    "PredictedSemReduction",
    "Sem",
    "Sprt",
    "Standing",
    "StoppingRule",
    "ThetaChange",
    "TimeUsed",
]
