"""What a cohort's sums say: each measure with its Monte-Carlo standard error, overall and by band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats
from adaptest.simulation.bands import Bands
from adaptest.simulation.collect import Collected
from adaptest.simulation.tally import Tally, Value, root

NAN = float("nan")
RATES = ("correct", "false_pass", "false_fail", "passed", "able")


@dataclass(frozen=True, slots=True)
class Decisions:
    """How decisions at one cut compare with what is true, or with the whole of people's answers.

    Attributes
    ----------
    accuracy, false_pass, false_fail, pass_rate, able_rate : shares of all sittings
    false_pass_rate : share of those below the cut who pass; `false_fail_rate` likewise of those above it
    kappa : agreement beyond chance
    by_distance : label, sittings and accuracy, false passes and false fails in each band of the distance
    """

    cut: float
    accuracy: Value
    false_pass: Value
    false_fail: Value
    pass_rate: Value
    able_rate: Value
    false_pass_rate: Value
    false_fail_rate: Value
    kappa: Value
    by_distance: tuple[tuple[str, int, Value, Value, Value], ...]


@dataclass(frozen=True, slots=True)
class Band:
    """The measures of one band of theta."""

    label: str
    centre: float
    n: int
    measures: dict[str, Value]
    max_exposure: float
    endings: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Everything that is told of a cohort's sittings.

    Attributes
    ----------
    overall : measures by name
    bands : the same by theta
    decisions : at each cut
    exposure_rate : (J,) share of sittings that were given each item
    """

    n: int
    overall: dict[str, Value]
    bands: tuple[Band, ...]
    decisions: tuple[Decisions, ...]
    exposure_rate: Floats
    conditional_exposure: Floats
    endings: dict[str, Value]
    violations: dict[str, int]

    @classmethod
    def of(cls, found: Collected) -> Measures:
        """Return what the sums say."""
        n = found.n
        rate = found.exposure[0] / max(n, 1)
        n_band = np.array([found.tally.count(band) for band in range(len(found.bands))])
        by_band = found.exposure[1:] / np.maximum(n_band, 1)[:, None]
        overall = {**_of_estimates(found.tally, -1, timed=found.timed), **_of_lengths(found)}
        overall |= _of_exposure(found, rate)
        bands = tuple(
            Band(
                label,
                centre,
                int(n_band[k]),
                _of_estimates(found.tally, k, timed=found.timed),
                float(by_band[k].max(initial=0.0)),
                tuple(found.endings[k + 1].tolist()),
            )
            for k, (label, centre) in enumerate(zip(found.bands.labels, found.bands.centres, strict=True))
            if n_band[k]
        )
        reasons = {
            reason: share(int(count), n)
            for reason, count in zip(found.design.reasons, found.endings[0], strict=True)
            if count
        }
        at_cuts = tuple(_of_cut(cut, tally) for cut, tally in zip(found.cuts, found.at_cut, strict=True))
        return cls(n, overall, bands, at_cuts, rate, by_band, reasons, dict(found.violations))

    @property
    def hard_violations(self) -> int:
        """Sittings that broke a hard rule, each counted once for each kind of rule."""
        return sum(self.violations.values())


def share(count: int, n: int) -> Value:
    r"""Return a share with its standard error, :math:`\sqrt{p (1 - p) / n}`."""
    if n < 1:
        return Value(NAN)
    p = count / n
    return Value(p, float(np.sqrt(p * (1 - p) / n)))


def _of_estimates(tally: Tally, band: int, *, timed: bool) -> dict[str, Value]:
    """Return the measures of theta, of length and of information."""
    mse, ok = tally.mean("square", band, among="ok"), tally.total("ok", band)
    bias = tally.mean("error", band, among="ok")
    measures = {
        "bias": bias,
        "rmse": root(mse),
        "mean_absolute_error": tally.mean("absolute", band, among="ok"),
        "sem": root(tally.mean("variance", band, among="ok")),
        "empirical_se": _spread(bias, mse),
        "coverage": tally.mean("covered", band, among="ok"),
        "correlation": _correlation(tally, band),
        "mean_theta": tally.mean("theta", band, among="ok"),
        "mean_length": tally.mean("length", band),
        "information_used": tally.mean("used", band),
        "information_share": tally.ratio("used", "best", band),
        "no_estimate": share(tally.count(band) - round(ok), tally.count(band)),
    }
    if timed:
        measures["mean_time_s"] = tally.mean("seconds", band)
        measures["late"] = tally.mean("late", band)
    return measures


def _spread(bias: Value, mse: Value) -> Value:
    """Return the standard deviation of the errors about their own mean."""
    variance = max(mse.value - bias.value**2, 0.0)
    value = float(np.sqrt(variance))
    return Value(value, mse.se / (2 * value) if value > 0 else NAN)


def _correlation(tally: Tally, band: int) -> Value:
    r"""Return the correlation of theta and its estimate, with :math:`(1 - r^2) / \sqrt{n - 1}`."""
    n = tally.total("ok", band)
    if n < 3:  # noqa: PLR2004 (two points always lie on a line)
        return Value(NAN)
    one, two = tally.total("theta", band) / n, tally.total("estimate", band) / n
    covariance = tally.product("theta", "estimate", band) / n - one * two
    variances = [
        max(tally.square(name, band) / n - mean * mean, 0.0)
        for name, mean in (("theta", one), ("estimate", two))
    ]
    below = float(np.sqrt(variances[0] * variances[1]))
    if below < 1e-12:  # noqa: PLR2004 (all simulees alike)
        return Value(NAN)
    r = covariance / below
    return Value(r, float((1 - r * r) / np.sqrt(n - 1)))


def _of_lengths(found: Collected) -> dict[str, Value]:
    """Return where the lengths lie."""
    lengths, n = found.lengths, max(found.n, 1)
    used = np.flatnonzero(lengths)
    below = np.cumsum(lengths) / n
    mean = found.tally.mean("length")
    sd = mean.se * np.sqrt(found.n)
    quantiles = {f"length_p{p}": Value(float(np.searchsorted(below, p / 100))) for p in (10, 50, 90)}
    ends = {"shortest": int(used[0]), "longest": int(used[-1])} if used.size else {}
    return {"sd_length": Value(float(sd)), **{k: Value(float(v)) for k, v in ends.items()}, **quantiles}


def _of_exposure(found: Collected, rate: Floats) -> dict[str, Value]:
    """Return how evenly the items are used."""
    if not rate.size or not found.n:
        return {}
    top = int(rate.argmax())
    never = int((found.exposure[0] == 0).sum())
    mean_length = found.exposure[0].sum() / found.n
    even = mean_length / len(rate)
    return {
        "max_exposure": share(int(found.exposure[0][top]), found.n),
        "never_used": Value(float(never)),
        "never_used_share": Value(never / len(rate)),
        "exposure_sd": Value(float(rate.std())),
        "exposure_chi_square": Value(float(((rate - even) ** 2).sum() / even) if even else NAN),
        "overlap": _overlap(found),
    }


def _overlap(found: Collected) -> Value:
    r"""Return the share of items that two sittings have in common, on average, by a jackknife over groups.

    .. math:: \frac{\sum_j n_j (n_j - 1)}{N (N - 1) \bar L}

    References
    ----------
    Chen, Ankenmann & Spray (2003), Journal of Educational Measurement 40(2), 129-145.
    """
    whole = _overlap_of(found.exposure[0], found.n, int(found.exposure[0].sum()))
    if found.n < 2 * len(found.group_n):
        return Value(whole)
    without = [
        _overlap_of(
            found.exposure[0] - found.by_group[g],
            found.n - int(found.group_n[g]),
            int(found.exposure[0].sum() - found.group_length[g]),
        )
        for g in range(len(found.group_n))
    ]
    groups = len(without)
    spread = np.array(without) - np.mean(without)
    return Value(whole, float(np.sqrt((groups - 1) / groups * (spread**2).sum())))


def _overlap_of(counts: Floats, n: int, items: int) -> float:
    if n < 2 or not items:  # noqa: PLR2004 (a pair)
        return NAN
    both = (counts.astype(np.float64) * (counts - 1)).sum()
    return float(both / (n * (n - 1)) / (items / n))


def _of_cut(cut: float, tally: Tally) -> Decisions:
    """Return what the decisions at a cut were worth."""
    n = tally.count()
    rate = {name: tally.mean(name) for name in RATES} if n else dict.fromkeys(RATES, Value(NAN))
    labels = Bands.of_distance().labels
    return Decisions(
        cut,
        rate["correct"],
        rate["false_pass"],
        rate["false_fail"],
        rate["passed"],
        rate["able"],
        tally.ratio("false_pass", "unable"),
        tally.ratio("false_fail", "able"),
        kappa(rate["correct"].value, rate["passed"].value, rate["able"].value, n),
        tuple(
            (
                label,
                tally.count(k),
                tally.mean("correct", k),
                tally.mean("false_pass", k),
                tally.mean("false_fail", k),
            )
            for k, label in enumerate(labels)
        ),
    )


def kappa(agree: float, one: float, two: float, n: int) -> Value:
    r"""Return Cohen's kappa of two decisions from their agreement and the share that each passes.

    .. math:: \kappa = \frac{p_o - p_e}{1 - p_e}, \quad
        \mathrm{se} = \sqrt{\frac{p_o (1 - p_o)}{n (1 - p_e)^2}}

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20(1), 37-46.
    """
    chance = one * two + (1 - one) * (1 - two)
    if not n or not chance < 1:
        return Value(NAN)
    return Value((agree - chance) / (1 - chance), float(np.sqrt(agree * (1 - agree) / n)) / (1 - chance))
