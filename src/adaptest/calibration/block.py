"""Items of one model that are estimated alike: how free parameters load on the model's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from adaptest.calibration.kernel import Kernel, Terms
from adaptest.calibration.priors import BlockPriors
from adaptest.models.base import Bools, Floats, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    r"""J items of one model, categories, priors and freedom.

    .. math:: \psi_j = base_j + local\,\lambda_j + shared\,\eta

    Attributes
    ----------
    model : name in files
    kernel : the model's mathematics
    rows : (J,) rows among the items of the fit
    codes : (J, K) where each category stands among all categories of the fit
    base : (J, P) what is fixed: a slope of 1, an anchor's values
    local : (P, p) loadings of an item's own parameters
    shared : (P, h) loadings of parameters common to the block: the 1PL's slope, the RSM's steps
    log_slope : whether the first parameter is ln a
    priors : of these items
    back : (p, P) pseudo-inverse of `local`: from the model's parameters to an item's own
    """

    model: str
    kernel: Kernel
    rows: Rows
    codes: Rows
    base: Floats
    local: Floats
    shared: Floats
    log_slope: bool
    priors: BlockPriors
    back: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "back", np.linalg.pinv(self.local))

    def __len__(self) -> int:
        return len(self.rows)

    def psi(self, own: Floats, common: Floats) -> Floats:
        """Return (J, P) the model's parameters, ln a where `log_slope`."""
        result: Floats = self.base + own @ self.local.T
        if common.size:
            result = result + self.shared @ common
        return result

    def rescaled(self, own: Floats, common: Floats, ratio: float, shift: float) -> tuple[Floats, Floats]:
        """Return the parameters on a new ability scale, where theta was ratio * theta + shift."""
        psi = self.psi(own, common)
        moved = self.kernel.rescaled(self.natural(psi), ratio, shift)
        if self.log_slope:
            moved[:, 0] = np.log(moved[:, 0])
        if self.shared[0].any():
            common = common + np.log(ratio) if self.log_slope else common * ratio
        fixed = self.base + self.shared @ common if common.size else self.base
        result: Floats = (moved - fixed) @ self.back.T
        return result, common

    @property
    def scales(self) -> bool:
        """Whether the slopes are free, so that any scale of ability can be met."""
        return bool(self.local[0].any() or self.shared[0].any())

    def natural(self, psi: Floats) -> Floats:
        """Return (J, P) with a itself."""
        if not self.log_slope:
            return psi
        result = psi.copy()
        result[:, 0] = np.exp(psi[:, 0])
        return result

    def log_probability(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, M) log category probabilities."""
        return self.kernel.log_probability(self.natural(psi), theta)

    def feasible(self, psi: Floats) -> Bools:
        """Return (J,) whether the model holds and every value is finite."""
        natural = self.natural(psi)
        return np.asarray(np.isfinite(natural).all(axis=1) & self.kernel.feasible(natural))

    def terms(self, psi: Floats, theta: Floats, counts: Floats, log_p: Floats | None = None) -> Terms:
        """Return expected log-posterior, gradient and information, all in psi.

        Parameters
        ----------
        log_p : (J, K, M) log category probabilities at psi, where they are known
        """
        natural = self.natural(psi)
        likelihood = self.kernel.terms(natural, theta, counts, log_p)
        value, gradient, information = likelihood.value, likelihood.gradient, likelihood.information
        if self.log_slope:
            _to_log(natural[:, 0], gradient, information)
        if self.priors.any:
            prior = self.priors.terms(psi)
            value = value + prior.value
            gradient = gradient + prior.gradient
            information = information + prior.information
        return Terms(value, gradient, information)

    def value(self, psi: Floats, theta: Floats, counts: Floats) -> Floats:
        """Return (J,) the expected log-posterior alone, as `terms` has it."""
        value: Floats = np.einsum("jkm,jkm->j", counts, self.log_probability(psi, theta))
        return value + self.priors.terms(psi).value if self.priors.any else value

    def observed_information(self, psi: Floats, theta: Floats, counts: Floats) -> Floats:
        """Return (J, P, P) minus the second derivatives of the expected log-likelihood, without priors."""
        natural = self.natural(psi)
        information = self.kernel.observed_information(natural, theta, counts)
        if self.log_slope:
            gradient = self.kernel.terms(natural, theta, counts).gradient
            _to_log(natural[:, 0], gradient, information)
            information[:, 0, 0] -= gradient[:, 0]
        return information

    def prior_information(self, psi: Floats) -> Floats:
        """Return (J, P, P) minus the second derivatives of the log prior."""
        return self.priors.terms(psi, exact=True).information

    def scores(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, P, M) derivatives of the log-probability in psi."""
        natural = self.natural(psi)
        result = self.kernel.scores(natural, theta)
        if self.log_slope:
            result[:, :, 0] *= natural[:, 0, None, None]
        return result


def _to_log(a: Floats, gradient: Floats, information: Floats) -> None:
    """Turn derivatives in a into derivatives in ln a, in place."""
    gradient[:, 0] *= a
    information[:, 0] *= a[:, None]
    information[:, :, 0] *= a[:, None]
