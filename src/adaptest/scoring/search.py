"""Where to look for the maximum of a likelihood: nodes close enough that none hides between two."""

from __future__ import annotations

import numpy as np

from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.scoring.likelihood import FAR, steepness

CORE = 8.0  # logits either side of 0 that are always searched closely
CLOSE = 0.1  # logits between close nodes, or PER_SLOPE / the largest discrimination if that is less
CLOSEST = 0.02  # logits, however large the discrimination
PER_SLOPE = 0.3  # a likelihood bends on the scale of 1 / discrimination
AROUND = 2.0  # logits searched closely either side of an item outside the core
RATIO = 1.1  # from one far node to the next
FLAT = 1e-12  # how near the slopes of all log-probabilities must be to their limits at the ends
FARTHEST = FAR  # logits


def search_nodes(items: ItemParameters, bounds: tuple[float, float] | None = None) -> Floats:
    """Return (Q,) ascending nodes to search for maxima of any likelihood of these items.

    Close together where items measure; from there out to where every curve is flat, each node a tenth
    farther than the one before. They depend on all the items given, so that who answered what does not
    move them.

    Parameters
    ----------
    bounds : the search stays within, and the bounds are its first and last node
    """
    steepest = float(steepness(items).max(initial=0.0))
    close = CLOSE if steepest == 0 else float(np.clip(PER_SLOPE / steepest, CLOSEST, CLOSE))
    outward = CORE * RATIO ** np.arange(1, int(np.ceil(np.log(FARTHEST / CORE) / np.log(RATIO))) + 1)
    far = np.concatenate([-outward[::-1], np.linspace(-CORE, CORE, 33), outward])
    places, low, high = _reach(items, far)
    outside = np.unique(np.round(places[np.abs(places) > CORE] / close).astype(int))
    reach = np.round((AROUND + (RATIO - 1) * np.abs(outside) * close) / close).astype(int)
    core = np.arange(-round(CORE / close), round(CORE / close) + 1)
    around = [np.arange(place - wide, place + wide + 1) for place, wide in zip(outside, reach, strict=True)]
    lattice = np.unique(np.concatenate([core, *around])) * close
    nodes = np.unique(np.concatenate([lattice, far[(far >= low) & (far <= high)]]))
    if bounds is None:
        return nodes
    inside = nodes[(nodes > bounds[0]) & (nodes < bounds[1])]
    return np.concatenate([[bounds[0]], inside, [bounds[1]]])


def _reach(items: ItemParameters, far: Floats) -> tuple[Floats, float, float]:
    """Return where items measure most, and the ends beyond which every log-probability is a straight line."""
    if not len(items):
        return np.zeros(0), -CORE, CORE
    information, slopes = items.information(far), items.log_slope(far)
    inside = information[1:-1]
    most = (inside >= information[:-2]) & (inside > information[2:])
    places = far[1:-1][most.any(axis=1)]
    bent = [np.abs(slopes - slopes[end]).max(axis=(1, 2)) > FLAT for end in (0, -1)]
    first, last = bent[0].argmax(), len(far) - 1 - bent[1][::-1].argmax()
    return (
        places,
        min(float(far[max(first - 1, 0)]), -CORE),
        max(float(far[min(last + 1, len(far) - 1)]), CORE),
    )
