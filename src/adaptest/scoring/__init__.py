"""Theta and its standard error of measurement, for one person or N at once."""

from adaptest.scoring.eap import eap_rows
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.posterior import LivePosterior

__all__ = ["Estimates", "LivePosterior", "Outcome", "eap_rows"]
