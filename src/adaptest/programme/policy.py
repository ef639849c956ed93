"""A recalibration policy: every threshold of the loop, with its default; the sources are in policy.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from adaptest.bank.problems import Source, require_none, shown_path
from adaptest.bank.schema import Record
from adaptest.errors import BankFileError

DEFAULTS = Path(__file__).with_name("policy.yaml")

Whole = Annotated[int, Field(ge=0)]
Counting = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Collect(Record):
    """Which responses count (step 2)."""

    exams: tuple[str, ...] = ()
    administration: Literal["auto", "month", "quarter", "year", "all"] = "auto"
    window: Counting = 4
    drift_window: Counting = 2
    practice: bool = False
    repeats: bool = False
    after_rationale: bool = False
    rapid_share: Share = 0.10
    rapid_of_median: Share = 0.10
    rapid_most_s: Positive = 10.0


class Gates(Record):
    """Volume and precision an item needs (steps 3 and 5)."""

    rasch: Whole = 250
    two_pl: Whole = 500
    two_pl_with_priors: Whole = 400
    three_pl: Whole = 1000
    three_pl_with_priors: Whole = 500
    per_category: Whole = 10
    se_difficulty: Positive = 0.25
    se_log_discrimination: Positive = 0.30

    def responses(self, model: str) -> int:
        """Return the responses that an item of a model needs; 2PL and 3PL items below them get priors."""
        by_model = {"2pl": self.two_pl_with_priors, "3pl": self.three_pl_with_priors, "4pl": self.three_pl}
        return by_model.get(model, self.rasch)


class Screen(Record):
    """What classical numbers are looked at twice (step 4)."""

    p_low: Share = 0.20
    p_high: Share = 0.96
    correlation: Share = 0.20
    minimum: Counting = 100
    expected_p: Share = 0.10
    expected_z: Positive = 4.0


class Drift(Record):
    """When an operational item has moved, and when the scale has (step 6)."""

    z: Positive = 2.58
    difficulty: Positive = 0.30
    rmsd: Positive = 0.05
    flagged_share: Share = 0.20
    median_shift: Positive = 0.10
    sign_p: Share = 0.01
    correlation: Share = 0.95
    sd_ratio: tuple[float, float] = (0.90, 1.10)
    reestimate_from: Counting = 1
    score_minimum: Counting = 50


class Checks(Record):
    """Fit, local dependence, DIF (step 7)."""

    misfit_rmsd: Positive = 0.10
    misfit_z: Positive = 4.0
    q3: Share = 0.30
    pair_minimum: Counting = 200
    group: str | None = None
    group_smaller: Counting = 200
    group_total: Counting = 500
    dif_alpha: Share = 0.01
    dif_effect: Positive = 0.05


class Impact(Record):
    """How sittings of an exam that the bank does not know are scored, and the simulation (step 8)."""

    method: Literal["eap", "map", "wle", "mle"] = "wle"
    prior_mean: float = 0.0
    prior_sd: Positive = 1.0
    cut: float | None = None
    slope: Positive = 10.0
    intercept: float = 50.0
    simulees: Whole = 500


class Approvals(Record):
    """Who has to agree before a release is published."""

    needed: Whole = 1
    same_account: bool = False


class Monitor(Record):
    """When monitoring signals."""

    cusum_k: Positive = 0.15
    cusum_h: Positive = 30.0
    time_change: Positive = 0.25
    time_z: Positive = 4.0
    time_recent: Share = 0.25
    time_minimum: Counting = 50
    exposure: float | None = None


class Policy(Record):
    """`adaptest-recalibration-policy/1`."""

    format: Literal["adaptest-recalibration-policy/1"] = "adaptest-recalibration-policy/1"
    model: Literal["inherit", "rasch", "2pl", "3pl"] = "inherit"
    collect: Collect = Collect()
    gates: Gates = Gates()
    screen: Screen = Screen()
    drift: Drift = Drift()
    checks: Checks = Checks()
    impact: Impact = Impact()
    approvals: Approvals = Approvals()
    monitor: Monitor = Monitor()


def read_policy(path: Path | None) -> Policy:
    """Return a policy file, or the defaults where none is given.

    Raises
    ------
    BankFileError, with file and line of the first word or value that is not as it must be.
    """
    if path is None:
        return Policy()
    source, problem = Source.read(path, shown_path(path))
    require_none([problem] if problem else [])
    assert source is not None  # noqa: S101 (without a problem there is a source)
    policy, problems = source.validated(Policy)
    require_none(problems)
    if policy is None:  # cannot be: without a problem there is a policy
        raise BankFileError(f"{path}: must be a recalibration policy")
    return policy
