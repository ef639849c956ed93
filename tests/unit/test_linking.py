"""Linking: what it refuses, what it doubts, and what becomes of a table."""

import numpy as np
import pytest

from adaptest.calibration import CovarianceBlock
from adaptest.errors import LinkingError
from adaptest.linking import Form, link
from adaptest.linking.transform import require_movable, transform, transform_covariance, transform_table
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.numerics.quadrature import NormalPrior, fixed_grid
from adaptest.parameters import ItemParameters, ParameterTable


def form(ids, a, b, models=()):
    n = len(ids)
    return Form(ItemParameters.of(LogisticItems(tuple(ids), a, b, np.zeros(n), np.ones(n), models)))


TWO = form(["i1", "i2"], [1.0, 2.0], [0.0, 1.0])
NOMINAL = Form(ItemParameters.of(NominalItems(("i1", "i2"), [[0, 1]] * 2, [[0, 1]] * 2)))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: link(TWO, form(["j1"], [1.0], [0.0])),
            "FROM and TO must have items in common; got none among 2 and 1; anchors are matched by item_id",
        ),
        (
            lambda: link(TWO, TWO, ids=["i1", "i7"]),
            "anchor 'i7' must have parameters in FROM; it has none",
        ),
        (
            lambda: link(TWO, form(["i1"], [1.0], [0.0]), ids=["i1", "i2"]),
            "anchor 'i2' must have parameters in TO; it has none",
        ),
        (
            lambda: link(TWO, TWO, ids=["i1"]),
            "a link of two constants must have at least 2 anchors; got 1",
        ),
        (
            lambda: link(TWO, Form(ItemParameters.of(GradedItems(("i1", "i2"), [1, 1], [[0], [1]])))),
            "anchor 'i1': must be under one model in both; got 2pl in FROM and grm in TO; leave it out",
        ),
        (
            lambda: link(
                Form(ItemParameters.of(GradedItems(("i1",), [1], [[0, 1]]))),
                Form(ItemParameters.of(GradedItems(("i1",), [1], [[0]]))),
            ),
            "anchor 'i1': must have as many categories in both; got 3 in FROM and 2 in TO; leave it out",
        ),
        (
            lambda: link(TWO, TWO, "ircl"),
            "method must be one of stocking-lord, haebara, mean-mean, mean-gmean, mean-sigma; got 'ircl'",
        ),
        (
            lambda: link(NOMINAL, NOMINAL, "mean-mean"),
            "mean-mean must have anchors with a difficulty; nrm has none; use stocking-lord",
        ),
        (
            lambda: link(TWO, form(["i1", "i2"], [1.0, -3.0], [0.0, 1.0]), "mean-mean"),
            "mean-mean must give A above 0; got -1.5; use stocking-lord",
        ),
        (
            lambda: link(TWO, form(["i1", "i2"], [1.0, -3.0], [0.0, 1.0]), "mean-gmean"),
            "mean-gmean must have discriminations of one sign; use stocking-lord",
        ),
        (
            lambda: link(TWO, form(["i1", "i2"], [1.0, 1.0], [1.0, 1.0]), "mean-sigma"),
            "mean-sigma must have anchors of different difficulty; use stocking-lord",
        ),
        (
            lambda: transform(TWO.items, 0.0, 1.0),
            "A must be finite and above 0, and B finite; got A = 0.0, B = 1.0",
        ),
    ],
)  # fmt: skip
def test_a_link_that_cannot_be_is_refused_in_one_sentence(make, sentence):
    with pytest.raises(LinkingError) as refused:
        make()
    assert str(refused.value) == sentence


def test_what_is_doubtful_about_the_anchors_is_said():
    shifted = form(["i1", "i2"], [1.0, 2.0], [0.25, 1.25])
    assert link(TWO, shifted).notes == (
        "every anchor differs by the same 0.25 logits: these are one calibration on two origins, not two",
        "2 anchors are few: one odd item moves the scale",
        "FROM has no standard errors: the link has none either",
        "TO has no standard errors: the link has none either",
    )
    turned = form(["i1", "i2"], [1.0, -2.0], [0.25, 1.0])
    assert link(TWO, turned).notes[0] == (
        "anchor 'i2': discriminates upwards on one form and downwards on the other"
    )
    three = Form(ItemParameters.of(LogisticItems(("i1", "i2"), [1, 2], [0, 1], [0.2, 0.2], [1, 1])))
    assert link(three, three, "mean-sigma").notes[1].startswith("mean-sigma is unstable where guessing is")


def test_rasch_anchors_share_their_logit_so_that_only_the_origin_moves():
    one, two = (form(["i1", "i2"], [1.0, 1.0], b, ("rasch", "rasch")) for b in ([0.0, 1.0], [0.5, 1.6]))
    for method in ("stocking-lord", "haebara", "mean-mean", "mean-sigma"):
        found = link(one, two, method)
        assert found.A == 1.0
        assert found.B == pytest.approx(0.55, abs=0.01)
    assert "every anchor has discrimination 1 by its model: A is 1, and only B is estimated" in found.notes
    moved = transform(one.items, 2.0, 0.0)
    assert moved.models == ("1pl", "1pl")
    assert require_movable(one.items, 2.0) == (
        "rasch items have slope 0.5 on the new scale, and are written as 1pl",
    )
    assert require_movable(one.items, 1.0) == ()


def test_the_record_says_everything_that_decided_the_constants():
    grid = fixed_grid(-4, 4, 30, NormalPrior())
    record = link(TWO, TWO, symmetric=False, grid=grid).record()
    assert record["method"] == "stocking-lord"
    assert record["direction"] == "theta_TO = A * theta_FROM + B"
    assert (record["symmetric"], record["grid"]) == (False, {"lo": -4.0, "hi": 4.0, "n": 30})
    assert (record["weights"], record["from_grid"]) == ("as given", None)
    assert link(TWO, TWO).record()["weights"] == "normal(0, 1)"
    assert link(TWO, TWO).record()["grid"]["n"] == 61
    assert record["se_A"] is None


def test_a_flat_criterion_is_not_called_a_link():
    steep = Form(ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 1.0], [900.0, 950.0], [0, 0], [1, 1])))
    found = link(steep, steep)
    assert not found.converged
    assert found.reason == "the curves do not decide about A and B: the criterion is flat"


def test_a_table_moves_with_its_standard_errors_and_its_scale():
    items = ItemParameters.of(
        LogisticItems(("i1", "i2"), [1.0, 2.0], [0.0, 1.0], [0, 0], [1, 1]),
        PartialCreditItems(("i3",), [1.0], [[0.0, 1.0]], ("rsm",)),
    )
    se = {
        "discrimination": np.array([0.1, 0.2, np.nan]),
        "difficulty": np.array([0.3, 0.4, 0.5]),
        "step": np.array([[np.nan, np.nan], [np.nan, np.nan], [0.1, 0.2]]),
    }
    table = ParameterTable.of(items, se=se, scale_id="old")
    found = link(Form.of(table), Form(transform(items, 2.0, 0.5)))
    moved = transform_table(table, found, "new")
    assert (found.A, found.B) == (pytest.approx(2), pytest.approx(0.5))
    assert moved.scale_id == ("new",) * 3
    assert moved.models == ("2pl", "2pl", "gpcm")
    assert moved.se["discrimination"][:2] == pytest.approx([0.05, 0.1])
    assert moved.se["difficulty"] == pytest.approx([0.6, 0.8, 1.0])
    assert moved.se["step"][2] == pytest.approx([0.2, 0.4])
    known = transform_covariance(Form.of(table), found)
    assert np.sqrt(np.diag(known[0].matrix)) == pytest.approx([0.05, 0.6])


def test_the_links_own_error_widens_what_it_moves():
    block = CovarianceBlock((("i1", "difficulty"), ("i2", "difficulty")), np.diag([0.01, 0.02]))
    one, two = Form(TWO.items, (block,)), Form(transform(TWO.items, 1.5, 0.3), (block,))
    found = link(one, two, "mean-mean")
    # B = mean b_TO - A mean b_FROM: its variance is .25 (.03 + A^2 .03)
    assert found.se_B == pytest.approx(np.sqrt(0.25 * 0.03 * (1 + 1.5**2)))
    moved = transform_covariance(one, found, two)[0].matrix
    # b1* = A b1 + B = A (b1 - mean b) + mean b_TO
    assert moved[0, 0] == pytest.approx(1.5**2 * 0.25 * 0.03 + 0.25 * 0.03)
