"""What a calibration returns: parameters, their errors, and whether to trust them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from adaptest.calibration.options import Options
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.parameters.table import LOWEST_SCORE, ParameterTable
from adaptest.responses import Responses
from adaptest.responses.checks import DesignReport, design_report

CovarianceKind = Literal["full", "item blocks", "none"]

STATUSES = (  # like Winsteps'; one an item, in the status column
    "estimated",
    "anchored",
    "at_prior",  # the posterior is the prior: the responses said nothing
    "at_bound",  # on the edge of the parameter space: not a maximum inside it
    "extreme",  # every response in one category: the maximum is at infinity, no values
    "no_responses",
    "inestimable",  # responses, but no finite estimate: no values
    "held",  # below a volume gate (recalibration)
)
FLAGS = {  # what an item's estimate should not be used without knowing
    "negative_discrimination": "better persons do worse on it: check the key",
    "prior_conflict": "the discrimination is 3 SD off its prior: fit it without one, and check the key",
    "outside_grid": "a difficulty, threshold or step lies outside the quadrature nodes",
    "unused_category": "a category below the top one was never used; its parameter is a stand-in",
}


@dataclass(frozen=True, slots=True)
class GroupMoments:
    """One group's ability distribution: mean in logits, variance in squared logits.

    A standard error is nan where the moment is fixed or errors were not asked for.
    `n` is the sum of the persons' weights.
    """

    name: str
    n: float
    mean: float
    variance: float
    se_mean: float
    se_variance: float
    mean_free: bool
    variance_free: bool


@dataclass(frozen=True, slots=True, eq=False)
class CovarianceBlock:
    """Joint sampling covariance of some items' parameters, in the units of the parameter table.

    Attributes
    ----------
    parameters : (p,) pairs of item id and column name, e.g. ("INT-001", "difficulty")
    matrix : (p, p)
    """

    parameters: tuple[tuple[str, str], ...]
    matrix: Floats


@dataclass(frozen=True, slots=True)
class Step:
    """One E-step: log-likelihood (without priors) and log-posterior before it, largest change after it."""

    iteration: int
    log_likelihood: float
    log_posterior: float
    largest_change: float


@dataclass(frozen=True, slots=True)
class GridUsed:
    """The quadrature nodes: `n` from `lo` to `hi`.

    In units of each group's standard deviation about its mean where
    `moves_with_group`, else in logits.
    """

    lo: float
    hi: float
    n: int
    moves_with_group: bool


@dataclass(frozen=True, slots=True)
class GridCheck:
    """The fit evaluated again on a finer and wider grid.

    `gain` is how far the maximised log-likelihood moves; nan where not checked.
    """

    grid: GridUsed
    log_likelihood: float
    gain: float
    sensitive: bool


@dataclass(frozen=True, slots=True)
class FittedLatent:
    """A latent density as a histogram: nodes (Q,) in logits and their probability, per group."""

    group: str
    theta: tuple[float, ...]
    probability: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationResult:
    """J items calibrated from one set of responses; every per-item column is in the input's order.

    Attributes
    ----------
    item_ids : (J,) every item of the input
    items : the parameters of those items that have some (a subset of `item_ids`, same order)
    models : (J,) model name in files
    se : parameter's name -> standard errors, (J,), or (J, K-1) for threshold, step, category_slope and
        category_intercept, whose column k belongs to score k + 1; nan where there is none. An rsm item has
        those of its difficulty and of the common steps about it
    n : (J,) responses (sum of weights); n_per_category : (J,) tuples, by score from 0
    basis : (J,) "calibrated" or "anchored"; status : (J,) of STATUSES; flags : (J,) tuples of FLAGS
    largest_change : (J,) what each item still moved in the last step, logits
    groups : ability distributions, the reference group first
    latent : histograms of the latent density where it is empirical, else empty
    log_likelihood : without priors; log_posterior : with them
    converged, reason : whether gradient and projected gain are below tolerance with nothing at a bound
    information_positive_definite : None where it was not computed
    iterations : E-steps of the fit; history : one Step each
    covariance : joint covariance blocks; covariance_kind : "full", "item blocks" or "none"
    se_method : "louis", "cross-product", "sandwich" or "none"
    se_includes_anchor_error : None without anchors
    grid : nodes of the result; grid_check : the finer and wider one; None where there is none
    flags_of_fit : "grid_sensitive", "disconnected", "weak_links": a result to be read with care
    priors : (J,) a sentence each, "" where none
    options : everything that was asked for, defaults filled in
    notes : what was dropped, recoded, substituted: a sentence each
    data : the responses as they were given
    lowest_score : what their scores are counted from: the first category's label in the data
    method : "marginal maximum likelihood" (or what another estimator calls itself)
    """

    item_ids: tuple[str, ...]
    items: ItemParameters
    models: tuple[str, ...]
    se: Mapping[str, Floats]
    n: Floats
    n_per_category: tuple[tuple[float, ...], ...]
    basis: tuple[str, ...]
    status: tuple[str, ...]
    flags: tuple[tuple[str, ...], ...]
    largest_change: Floats
    groups: tuple[GroupMoments, ...]
    latent: tuple[FittedLatent, ...]
    log_likelihood: float
    log_posterior: float
    converged: bool
    reason: str
    information_positive_definite: bool | None
    iterations: int
    history: tuple[Step, ...]
    covariance: tuple[CovarianceBlock, ...]
    covariance_kind: CovarianceKind
    se_method: str
    se_includes_anchor_error: bool | None
    grid: GridUsed | None
    grid_check: GridCheck | None
    flags_of_fit: tuple[str, ...]
    priors: tuple[str, ...]
    scaling_constant: float
    options: Options
    notes: tuple[str, ...]
    data: Responses
    n_parameters: int = 0
    lowest_score: int = 0
    method: str = "marginal maximum likelihood"

    def __post_init__(self) -> None:
        for array in (self.n, self.largest_change, *self.se.values()):
            array.flags.writeable = False
        object.__setattr__(self, "se", MappingProxyType(dict(self.se)))

    @property
    def model(self) -> str:
        """The one model of all items, or "mixed"."""
        return self.models[0] if len(set(self.models)) == 1 else "mixed"

    @property
    def design(self) -> DesignReport:
        """Who met what: empty, constant, unused, disconnected, weakly linked; computed when asked for."""
        resolved = self.data.resolved(omitted=self.options.omitted, not_reached=self.options.not_reached)
        return design_report(resolved)

    @property
    def table(self) -> ParameterTable:
        """The parameter table as it stands in files: a row for every item of the input."""
        return ParameterTable(
            ids=self.item_ids,
            items=self.items,
            models=self.models,
            se=self.se,
            n=self.n,
            n_per_category=self.n_per_category,
            basis=self.basis,
            status=self.status,
            flags=self.flags,
            scale_id=("",) * len(self.item_ids),
            scaling_constant=np.ones(len(self.item_ids)),
            extra={LOWEST_SCORE: (str(self.lowest_score),) * len(self.item_ids)} if self.lowest_score else {},
        )

    @property
    def data_fingerprint(self) -> str:
        """SHA-256 of the responses as they were given; computed when asked for."""
        return self.data.fingerprint

    @property
    def needs_attention(self) -> bool:
        """Whether something needs a person: exit code 3 of the command line."""
        return (
            not self.converged
            or self.information_positive_definite is False
            or bool(self.flags_of_fit)
            or any(status not in {"estimated", "anchored"} for status in self.status)
            or any(self.flags)
        )
