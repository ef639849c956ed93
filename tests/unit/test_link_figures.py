"""Figures of links and of drift: one self-contained picture each, the same for the same numbers."""

import numpy as np

from adaptest.linking import Form, link
from adaptest.linking.transform import transform
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.report import link_figures as figures

ITEMS = ItemParameters.of(LogisticItems(("i1", "i2", "i3"), [1, 1.2, 0.8], [-1, 0, 1], [0] * 3, [1] * 3))
X_B = {
    "i1": np.array([0.02, 0.01, -0.03]),
    "i2": np.array([0.1, 0.4, 0.5]),
    "i3": np.array([0.0, np.nan, 0.1]),
}
SE = {item: np.full(3, 0.08) for item in X_B}


def test_drift_over_administrations_names_the_flagged_items_and_draws_the_others_behind():
    names = ("2025", "2026", "2027")
    picture = figures.drift_over_time(names, X_B, SE, ["i2"], 0.3)
    assert picture.startswith("<svg")
    assert all(name in picture for name in (*names, "i2"))
    assert ">i1<" not in picture
    assert picture == figures.drift_over_time(names, X_B, SE, ["i2"], 0.3)
    assert "<svg" in figures.drift_over_time(names, X_B, SE, [], 0.3)


def test_curves_before_and_after_a_link_lie_over_each_other_where_nothing_moved():
    moved = transform(ITEMS, 0.8, 0.4)
    found = link(Form(moved), Form(ITEMS))
    theta = np.linspace(-4, 4, 41)
    assert "FROM, linked" in figures.characteristic_curves(moved, ITEMS, found, theta)
    panel = figures.item_panels(moved, ITEMS, found, theta)[0]
    one, other = [part.partition('"')[0] for part in panel.split(' d="M')[2:]]
    assert one == other
    flagged = np.array([False, True, False])
    picture = figures.scatter(np.array([-1.0, 0.5, 1.0]), np.array([-1.0, 0.0, 1.0]), ITEMS.ids, flagged)
    assert ">i2<" in picture or "i2</text>" in picture
