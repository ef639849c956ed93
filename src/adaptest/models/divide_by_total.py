"""Models whose category probabilities are shares of a total: partial credit and nominal.

The name is that of Thissen & Steinberg (1986), Psychometrika 51(4), 567-577.
"""

from __future__ import annotations

import numpy as np

from adaptest.models.base import Floats, sum_categories


def log_shares(logits: Floats) -> Floats:
    """Return (Q, J, K) log shares of exp(logits); -inf where the logit is -inf.

    The largest category's own term is left out of the sum before log1p, so that a log-probability
    close to 0 is as accurate as one far from it.
    """
    if not logits.size:
        return logits
    top = logits.argmax(axis=-1)[..., None]
    centred = logits - np.take_along_axis(logits, top, axis=-1)
    others = np.exp(centred)
    np.put_along_axis(others, top, 0, axis=-1)
    result: Floats = centred - np.log1p(sum_categories(others))[..., None]
    return result


def deviations(p: Floats, weight: Floats) -> Floats:
    r"""Return (Q, J, K) how far each category's weight is from the expected weight.

    .. math:: w_k - \sum_m w_m P_m = \sum_m (w_k - w_m) P_m

    The right side loses nothing where one category has nearly all the probability.

    Parameters
    ----------
    p : (Q, J, K) category probabilities
    weight : (J, K) what theta is multiplied by in each category
    """
    total = np.zeros_like(p)
    for m in range(p.shape[-1]):
        total += (weight - weight[:, m : m + 1]) * p[..., m : m + 1]
    return total


def variance(p: Floats, weight: Floats) -> Floats:
    """Return (Q, J) variance of the category weight: the Fisher information."""
    return sum_categories(p * deviations(p, weight) ** 2)
