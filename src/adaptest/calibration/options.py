"""What a calibration can be told, and every default with its source, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from adaptest.errors import OptionError
from adaptest.responses.table import Policy

MODELS = ("rasch", "1pl", "2pl", "3pl", "4pl", "grm", "pcm", "gpcm", "rsm", "nrm", "sequential")
SLOPE_FIXED = ("rasch", "pcm", "rsm")  # a = 1: the latent variance is free instead
NO_DIFFICULTY = ("nrm",)
NO_DISCRIMINATION = (*SLOPE_FIXED, *NO_DIFFICULTY)  # that is estimated
Latent = Literal["normal", "empirical"]
LatentVariance = Literal["free", "fixed"]
StandardErrors = Literal["louis", "cross-product", "sandwich", "none"]

DEFAULT_MODEL = "2pl"
NODES = 61  # mirt's default in one dimension; 21 bias a by .05-.09 at 100,000 x 100 (measured)
BOUND = 6.0  # standard deviations of the group either side of its mean; likewise
COARSE_SHARE = 2  # a large fit begins on half the nodes, at less than half the price ...
COARSE_FROM = 100_000  # ... from so many responses on ...
COARSE_TOLERANCE = 0.01  # logits: ... goes over to all of them this near the maximum ...
SINGLE_TOLERANCE = 1e-4  # ... and from single to double precision this near, well above its rounding ...
SINGLE_STEPS = 10  # ... or after so many E-steps
LANES = 4  # rows of the tables are a multiple of so many nodes long: others cost up to half more (measured)
WIDER = 1.2  # the check's grid is a fifth wider ...
FINER = 4 / 3  # ... and its spacing .15 instead of .2: what is wrong at .2 is far less wrong there
MOST_HERMITE = 180  # Gauss-Hermite nodes; with more, the outermost weights underflow
GRID_TOLERANCE = 0.01  # log-likelihood units; above it the fit is `grid_sensitive`
GRID_REFINEMENTS = 6  # how often the grid is refined before the fit is taken as it is

TOLERANCE = 2e-5  # logits: estimated distance to the maximum (10-14 E-steps, measured)
GAIN_TOLERANCE = 1e-6  # log-posterior units still to be gained, projected
HISTOGRAM_TOLERANCE = 1e-3  # logits, with a histogram as latent density: many bars fit almost as well ...
HISTOGRAM_GAIN = 1e-2  # ... and the last log-likelihood units are those of bars, not of items
MAX_ITERATIONS = 500  # E-steps
WINDOW = 6  # Anderson's memory; longer ones won nothing
STEP_CAP = 1.0  # logits: no accelerated step goes further
RCOND = 1e-8  # of Anderson's least squares

AT_BOUND_GUESSING = 1e-3  # c below it, or d above 1 minus it, is at its bound
AT_BOUND_DISCRIMINATION = 1e-2  # |a| below it says nothing about ability
AT_BOUND_INFORMATION = 1e-8  # information relative to the complete data's

PRIOR_DISCRIMINATION = "lognormal:0,0.5"  # of 3PL and 4PL items, and of 2PL items with few responses
PRIOR_GUESSING_WEIGHT = 22.0  # Beta with mean 1/options; Beta(5, 17) of BILOG and mirt has this weight
PRIOR_GUESSING = "beta:5,17"  # where the number of options is unknown
PRIOR_UPPER = "beta:20,2"  # of 4PL items: the same weight, mode .95
PRIOR_FREE_RESPONSES = 1000  # twice the gate of 500 responses: a 2PL item with as many needs no prior

LOUIS_FULL_PARAMETERS = 1500  # above it the information is kept in item blocks
CHUNKS = 8  # of persons, at most: their number never depends on the threads, so no bit does ...
CHUNK_PERSONS = (
    4000  # ... and fewer than so many in one cost more in calls than they gain in cores (measured)
)
BLOCK = 1024  # persons worked on at once
PARALLEL_FROM = 400_000  # responses: with fewer, threads wait for each other longer than they work (measured)
PARALLEL_DENSE_FROM = 1_000_000  # likewise of whole matrices: at 600,000 two threads took as long as one
PARALLEL_LINE_FROM = 4_000_000  # likewise where a person's sum says all
DENSE_FROM = 0.2  # share of cells answered from which whole matrices beat sparse rows
PRIOR_CONFLICT = 3.0  # prior SDs of ln a: beyond it the data pull against the prior, as a wrong key does
AT_PRIOR = 0.1  # responses that say less than this share of what the prior says left it as it was


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, defaults filled in; it stands in the run record.

    Attributes
    ----------
    model : name of one model, or "mixed"
    grid : (lo, hi, nodes) in logits; or a number of Gauss-Hermite nodes, to reproduce other programs'
        numbers; None: NODES within BOUND, moving with each group
    latent : density of ability; latent_variance : of the reference group under rasch, pcm, rsm
    se : standard errors; threads : None is one a core
    tolerance : logits; max_iterations : E-steps
    prior_discrimination, prior_difficulty, prior_guessing, prior_upper_asymptote : None is the default rule
    omitted, not_reached : how such cells are scored
    anchor_error : whether the anchors' own errors are propagated where they are known
    """

    model: str = DEFAULT_MODEL
    grid: tuple[float, float, int] | int | None = None
    latent: Latent = "normal"
    latent_variance: LatentVariance = "free"
    se: StandardErrors = "louis"
    threads: int | None = None
    tolerance: float = TOLERANCE
    max_iterations: int = MAX_ITERATIONS
    prior_discrimination: str | None = None
    prior_difficulty: str | None = None
    prior_guessing: str | None = None
    prior_upper_asymptote: str | None = None
    omitted: Policy = "wrong"
    not_reached: Policy = "not_presented"
    anchor_error: bool = True

    def __post_init__(self) -> None:
        choices = (
            ("latent", self.latent, ("normal", "empirical")),
            ("latent_variance", self.latent_variance, ("free", "fixed")),
            ("se", self.se, ("louis", "cross-product", "sandwich", "none")),
            ("model", self.model, (*MODELS, "mixed")),
        )
        for name, got, allowed in choices:
            if got not in allowed:
                raise OptionError(f"{name} must be one of {', '.join(allowed)}; got {got!r}")
        self._check_grid()
        if self.threads is not None and self.threads < 1:
            raise OptionError(f"threads must be at least 1; got {self.threads}")
        if not self.tolerance > 0:
            raise OptionError(f"tolerance must be greater than 0; got {self.tolerance}")
        if self.max_iterations < 1:
            raise OptionError(f"max_iterations must be at least 1; got {self.max_iterations}")

    def _check_grid(self) -> None:
        if isinstance(self.grid, int):
            if not 3 <= self.grid <= MOST_HERMITE:  # noqa: PLR2004 (fewer nodes have no inside)
                raise OptionError(f"grid must have 3 to {MOST_HERMITE} Gauss-Hermite nodes; got {self.grid}")
        elif self.grid is not None:
            if not isinstance(self.grid, Sequence) or len(self.grid) != 3:  # noqa: PLR2004 (LO, HI, N)
                raise OptionError(f"grid must be (LO, HI, N), or a whole number of nodes; got {self.grid!r}")
            lo, hi, n = self.grid
            if not (isfinite(lo) and isfinite(hi) and lo < hi and n >= 3 and n == int(n)):  # noqa: PLR2004 (fewer nodes have no inside)
                raise OptionError(
                    f"grid must be LO:HI:N with LO < HI and N at least 3; got {lo:g}:{hi:g}:{n}"
                )


@dataclass(frozen=True, slots=True)
class ItemSettings:
    """What an items file says of one item; None where it says nothing.

    Attributes
    ----------
    model : name of its model
    options : number of response options, for the guessing prior's mean
    prior_discrimination, prior_difficulty, prior_guessing, prior_upper_asymptote : like "beta:5,17", or
        "none"
    """

    model: str | None = None
    options: int | None = None
    prior_discrimination: str | None = None
    prior_difficulty: str | None = None
    prior_guessing: str | None = None
    prior_upper_asymptote: str | None = None
