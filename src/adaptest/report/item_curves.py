"""Per item: the model's curve over the proportions observed in groups of theta, as small SVG panels."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

GROUPS = 12  # of persons, equal in number, by theta
FEWEST = 5  # persons of one group on one item to be drawn
Z95 = 1.959963984540054
NODES = 61
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 214, 150, 26, 20, 6, 6  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What persons scored, by group of theta; G groups, J items.

    Attributes
    ----------
    theta : (G, J) mean theta of those who answered, logits; nan where nobody did
    mean : (G, J) mean score as a share of the highest, 0 to 1
    low, high : (G, J) its 95 % interval (Wilson's, with the score's share as a proportion)
    n : (G, J) weighted number of answers
    """

    theta: Floats
    mean: Floats
    low: Floats
    high: Floats
    n: Floats


def observed(responses: Responses, theta: Floats, highest: Rows) -> Observed:
    """Return mean scores by group of theta, for every item at once.

    Parameters
    ----------
    responses : resolved, J items
    theta : (N,) logits, finite
    highest : (J,) highest score of each item

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    """
    rows = responses.sparse()
    edges = np.quantile(theta, np.linspace(0, 1, GROUPS + 1)[1:-1]) if len(theta) else np.zeros(0)
    group = np.searchsorted(edges, theta, side="right")
    person = rows.person()
    cell = group[person] * len(responses.items) + rows.item
    shape, size = (GROUPS, len(responses.items)), GROUPS * len(responses.items)
    weight = responses.weight[person]

    def total(values: Floats) -> Floats:
        summed: Floats = np.bincount(cell, weights=values, minlength=size).astype(np.float64)
        return summed.reshape(shape)

    n = total(weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total(weight * rows.score) / n / highest
        middle = (mean + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * np.sqrt(np.maximum(mean * (1 - mean), 0) / n + Z95**2 / (4 * n**2))
        return Observed(total(weight * theta[person]) / n, mean, middle - half, middle + half, n)


def panels(items: ItemParameters, points: Observed, low: float, high: float) -> list[str]:
    """Return one SVG panel an item: expected share of the highest score, and the observed ones.

    Parameters
    ----------
    points : of the same J items
    low, high : ends of the theta axis, logits
    """
    theta = np.linspace(low, high, NODES)
    expected = items.expected_score(theta) / (items.categories - 1)
    x = LEFT + (theta - low) / (high - low) * (WIDTH - LEFT - RIGHT)
    frame = _frame(low, high)
    return [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="curve of item {escape(item)}">'
        f'{frame}<path class="curve" d="{_path(x, _y(expected[:, j]))}"/>'
        f"{_points(points, j, low, high)}</svg>"
        for j, item in enumerate(items.ids)
    ]


def _y(share: Floats) -> Floats:
    return np.asarray(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), dtype=np.float64)


def _path(x: Floats, y: Floats) -> str:
    return "M" + "L".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _frame(low: float, high: float) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<path class="axis" d="M{LEFT},{TOP}V{bottom}H{right}"/>']
    for share in (0.0, 0.5, 1.0):
        y = float(_y(np.array([share]))[0])
        parts.append(f'<text x="{LEFT - 4}" y="{y + 3:.1f}" text-anchor="end">{share:g}</text>')
    for tick in range(int(np.ceil(low)), int(np.floor(high)) + 1, max(1, round((high - low) / 6))):
        x = LEFT + (tick - low) / (high - low) * (right - LEFT)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 12}" text-anchor="middle">{tick}</text>')
    return "".join(parts)


def _points(points: Observed, j: int, low: float, high: float) -> str:
    parts = []
    for g in range(len(points.n)):
        theta = points.theta[g, j]
        if points.n[g, j] < FEWEST or not low <= theta <= high:
            continue
        x = LEFT + (theta - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        middle, top, bottom = _y(np.array([points.mean[g, j], points.high[g, j], points.low[g, j]]))
        parts.append(
            f'<path class="bar" d="M{x:.1f},{top:.1f}V{bottom:.1f}"/>'
            f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="2.4"/>'
        )
    return "".join(parts)
