"""Theta and its standard error of measurement, for one person or N at once."""

from adaptest.scoring.eap import eap_rows
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.estimators import ESTIMATORS, Estimator, estimator, score
from adaptest.scoring.exact import exact_sem
from adaptest.scoring.expected_score import theta_at_expected_score
from adaptest.scoring.posterior import LivePosterior
from adaptest.scoring.scale import Band, Cut, ReportingScale, bands, classify, passes
from adaptest.scoring.summed import eap_sum_table, score_distribution
from adaptest.scoring.wright import next_difficulty, next_level, wright_measure

__all__ = [
    "ESTIMATORS",
    "Band",
    "Cut",
    "Estimates",
    "Estimator",
    "LivePosterior",
    "Outcome",
    "ReportingScale",
    "bands",
    "classify",
    "eap_rows",
    "eap_sum_table",
    "estimator",
    "exact_sem",
    "next_difficulty",
    "next_level",
    "passes",
    "score",
    "score_distribution",
    "theta_at_expected_score",
    "wright_measure",
]
