"""An estimate as it stands in a log."""

from __future__ import annotations

import numpy as np

from adaptest.engine.events import Estimated
from adaptest.scoring.estimate import Estimates, Outcome

OUTCOMES = {outcome.value: outcome.label for outcome in Outcome}


def estimated(estimates: Estimates, n: int = 0) -> Estimated:
    """Return the estimate of one person, rounded to 6 decimals; what is not finite is None."""
    theta, sem = (round(float(x[n]), 6) + 0.0 for x in (estimates.theta, estimates.sem))
    return Estimated(
        estimates.method,
        theta if np.isfinite(theta) else None,
        sem if np.isfinite(sem) else None,
        OUTCOMES[int(estimates.outcome[n])],
    )
