"""Theta and its standard error of measurement, for one person or N at once."""

from adaptest.scoring.eap import eap_rows
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.estimators import ESTIMATORS, Estimator, estimator, score
from adaptest.scoring.expected_score import expected_score, theta_at_expected_score
from adaptest.scoring.posterior import LivePosterior
from adaptest.scoring.summed import eap_sum_table, score_distribution

__all__ = [
    "ESTIMATORS",
    "Estimates",
    "Estimator",
    "LivePosterior",
    "Outcome",
    "eap_rows",
    "eap_sum_table",
    "estimator",
    "expected_score",
    "score",
    "score_distribution",
    "theta_at_expected_score",
]
