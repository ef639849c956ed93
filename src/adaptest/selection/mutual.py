"""How much a response would tell about theta, in nats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.models.base import Floats, sum_categories
from adaptest.selection.base import any_setting, no_bounds
from adaptest.selection.situation import Setting, Situation
from adaptest.selection.tables import average, in_blocks, probability


@dataclass(frozen=True, slots=True)
class MutualInformation:
    r"""The mutual information of the response and theta under the posterior.

    .. math:: \sum_k \int p(\theta \mid u) P_{jk}(\theta) \ln\{P_{jk}(\theta) / \bar P_{jk}\}\,d\theta,
        \quad \bar P_{jk} = \int p(\theta \mid u) P_{jk}(\theta)\,d\theta

    It is the expected Kullback-Leibler distance from the posterior now to the posterior after the response.

    References
    ----------
    Weissman (2007), Educational and Psychological Measurement 67(1), 41-58.
    """

    words: ClassVar[str] = "mutual information of the response and theta under the posterior, nats"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds
    check = any_setting

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, _value)


def _value(situation: Situation) -> Floats:
    """Return (N, J): the entropy of the response less what theta leaves of it."""
    setting = situation.setting
    table, certain = probability(setting), setting.kept("p log p", lambda: _certain(setting))
    j, k, q = table.shape
    mean = average(situation.posterior, table.reshape(j * k, q)).reshape(-1, j, k)
    rest = np.maximum(1.0 - sum_categories(mean), 0.0)
    entropy = sum_categories(_p_log_p(mean)) + _p_log_p(rest)
    return np.maximum(average(situation.posterior, certain) - entropy, 0.0)  # its rounding may be below 0


def _certain(setting: Setting) -> Floats:
    """Return (J, Q) the sum over scores of P ln P at the nodes."""
    p = setting.items.probability(setting.theta)
    log_p = setting.items.log_probability(setting.theta)
    return np.ascontiguousarray(sum_categories(p * np.where(p > 0, log_p, 0.0)).T)


def _p_log_p(p: Floats) -> Floats:
    """Return p ln p, 0 where p is."""
    result: Floats = p * np.log(np.where(p > 0, p, 1.0))
    return result
