"""Drift: the rule, the search, the error of a difference, and what each statistic means."""

import numpy as np
import pytest

from adaptest.calibration import CovarianceBlock
from adaptest.drift import DriftRule, drift, pseudo_count_d2
from adaptest.drift.comparison import Comparison, compare, robust_z
from adaptest.drift.rule import Adequacy, scale_events
from adaptest.errors import LinkingError, ResponseError
from adaptest.linking import Form, link
from adaptest.linking.transform import parameter_values, transform
from adaptest.models import GradedItems, LogisticItems, NominalItems
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.parameters.columns import BY_CATEGORY, build, columns_of
from adaptest.responses import Responses

J = 30
IDS = tuple(f"i{k:02d}" for k in range(J))
A = np.linspace(0.8, 1.6, J)
B = np.linspace(-2, 2, J)[np.argsort(np.sin(np.arange(J)))]


def form(b=B, a=A, se=0.08):
    items = ItemParameters.of(LogisticItems(IDS, a, b, np.zeros(J), np.ones(J)))
    names = [(i, word) for word in ("discrimination", "difficulty") for i in IDS]
    return Form(items, (CovarianceBlock(tuple(names), se**2 * np.eye(2 * J)),))


def moved(shifts):
    b = B.copy()
    for item, by in shifts.items():
        b[IDS.index(item)] += by
    return b


def on_its_own_scale(given, a=1.3, b=-0.4):
    return Form(transform(given.items, 1 / a, -b / a), given.covariance)


def test_items_that_moved_are_found_one_after_the_other_and_the_scale_is_put_right():
    shifts = {"i03": 0.6, "i11": 0.5, "i20": 0.7}
    found = drift(on_its_own_scale(form(moved(shifts))), form())
    assert found.drifted == ("i03", "i11", "i20")
    assert [one.removed for one in found.rounds] == ["i20", "i03", "i11", ""]
    assert (found.after.A, found.after.B) == (pytest.approx(1.3, abs=1e-6), pytest.approx(-0.4, abs=1e-6))
    assert found.before.B != pytest.approx(-0.4, abs=0.01)
    assert found.comparison.x_b[[3, 11, 20]] == pytest.approx([0.6, 0.5, 0.7], abs=1e-5)
    assert found.removed_at[3] == 2
    assert found.reason == "no anchor is flagged"
    assert found.adequacy_after.adequate
    assert not found.needs_attention
    row = found.rows()[3]
    assert row["item_id"] == "i03"
    assert (row["drifted"], row["removed_at"], row["d2"]) == (True, 2, None)
    assert found.record()["drifted"] == ["i03", "i11", "i20"]


def test_nothing_is_flagged_where_nothing_moved_by_as_much_as_matters():
    found = drift(on_its_own_scale(form(moved({"i05": 0.15}), se=0.01)), form(se=0.01))
    assert abs(found.comparison.z_b[5]) > 2.58
    assert found.comparison.rmsd[5] < 0.05
    assert found.drifted == ()
    wide = drift(on_its_own_scale(form(moved({"i05": 0.6}), se=0.5)), form(se=0.5))
    assert wide.drifted == ()


def test_a_discrimination_that_fell_is_drift_where_the_curves_are_apart():
    a = A.copy()
    a[7] *= 0.4
    found = drift(on_its_own_scale(form(a=a)), form())
    assert found.drifted == ("i07",)
    assert found.comparison.x_a[7] == pytest.approx(np.log(0.4), abs=1e-5)


def test_without_standard_errors_drift_is_refused():
    with pytest.raises(LinkingError) as refused:
        drift(form(), Form(form().items))
    assert str(refused.value) == "the base must have standard errors to test drift; got none"


def test_the_scale_is_in_doubt_where_many_items_or_one_side_or_the_median_moved():
    shifts = {IDS[k]: 0.5 + 0.01 * k for k in range(9)}
    found = drift(on_its_own_scale(form(moved(shifts))), form())
    assert [event.code for event in found.events] == ["many_flagged", "one_sided"]
    assert [event.sentence for event in found.events] == [
        "9 of 30 anchors drifted: more than 20%",
        "9 flagged items became harder and 0 easier (sign test p = 0.0039): one side only",
    ]
    assert found.needs_attention
    zeros = np.zeros(4)
    shifted = Comparison(IDS[:4], np.full(4, 0.2), zeros, zeros, zeros, zeros, zeros)
    (event,) = scale_events(shifted, np.zeros(4, dtype=bool), DriftRule())
    assert event.sentence == "the median item is off by +0.200 logits after linking: more than 0.1"


def test_adequacy_needs_three_anchors_that_vary():
    rule = DriftRule()
    assert not Adequacy.of(np.zeros(2), np.ones(2), rule).adequate
    assert Adequacy.of(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.05, 2.0]), rule).adequate
    apart = Adequacy.of(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0]), rule)
    assert (apart.adequate, apart.sd_ratio) == (False, pytest.approx(np.sqrt(2 / 3) / np.std([0, 1, 3])))


def test_the_search_stops_with_two_anchors():
    b = B + 3 * np.where(np.arange(J) % 2, 1, -1) * np.linspace(0.1, 1, J)
    found = drift(form(b, se=0.001), form(se=0.001), rule=DriftRule(z=0.1, shift=0.001))
    assert found.reason == "only 2 anchors are left"
    assert found.rounds[-1].anchors == 2


def test_rasch_displacement_is_the_shift_of_the_difficulty():
    rasch = LogisticItems(("i1", "i2"), [1, 1], [0.0, 1.0], [0, 0], [1, 1], ("rasch", "rasch"))
    free = LogisticItems(("i1", "i2"), [1, 1], [0.02, 1.0], [0, 0], [1, 1], ("rasch", "rasch"))
    blocks = (CovarianceBlock((("i1", "difficulty"), ("i2", "difficulty")), np.eye(2) * 0.01),)
    base, now = (Form(ItemParameters.of(one), blocks) for one in (rasch, free))
    constants = link(now, base, ids=["i2"])
    found = compare(now, base, ("i1", "i2"), constants, NormalPrior().grid())
    assert found.displacement == pytest.approx([0.02, 0.0], abs=1e-4)
    assert np.isnan(found.z_a).all()  # discriminations are fixed
    # i2 is the only anchor: b1 - b2, each of both forms
    assert found.se_b[0] == pytest.approx(np.sqrt(4 * 0.01), rel=1e-6)
    assert found.se_b[1] == pytest.approx(0.0, abs=1e-7)


MIXED = ItemParameters.of(
    LogisticItems(("l1", "l2"), [0.8, 1.4], [-1.0, 0.4], [0.1, 0.2], [1.0, 1.0]),
    GradedItems(("g1",), [1.2], [[-1.0, 0.2, 1.1]]),
    NominalItems(("n1",), [[0, 0.7, 1.5]], [[0, 0.4, -0.3]]),
)


def perturbed(items, key, by):
    columns = {name: values.copy() for name, values in columns_of(items).items()}
    item, name = key
    stem, _, number = name.rpartition("_")
    if number.isdecimal() and stem in BY_CATEGORY:
        columns[stem][items.row[item], int(number) - 1] += by
    else:
        columns[name][items.row[item]] += by
    return build(items.ids, items.models, columns)


def test_the_error_of_a_difference_holds_both_calibrations_and_the_link():
    rng, h = np.random.default_rng(4), 1e-5
    keys = [key for key in parameter_values(MIXED) if key[1] != "upper_asymptote"]
    forms = []
    for _ in range(2):
        items = MIXED
        for key in keys:
            items = perturbed(items, key, rng.normal(0, 0.04))
        root = rng.normal(0, 0.05, (len(keys), len(keys)))
        forms.append(Form(items, (CovarianceBlock(tuple(keys), root @ root.T),)))
    free, base = forms
    anchored, density = ("l1", "l2", "g1"), NormalPrior().grid()
    constants = link(free, base, ids=anchored)
    found = compare(free, base, MIXED.ids, constants, density)
    variance = np.zeros((2, len(MIXED)))
    for form_ in forms:
        columns = []
        for key in keys:
            ends = []
            for by in (h, -h):
                other = Form(perturbed(form_.items, key, by), form_.covariance)
                pair = (other, base) if form_ is free else (free, other)
                again = link(*pair, ids=anchored, start=(constants.A, constants.B))
                one = compare(*pair, MIXED.ids, again, density)
                ends.append(np.stack([one.x_b, one.x_a]))
            columns.append((ends[0] - ends[1]) / (2 * h))
        jacobian = np.stack(columns, axis=-1)
        variance += np.einsum("xjp,pr,xjr->xj", jacobian, form_.covariance[0].matrix, jacobian)
    assert found.se_b == pytest.approx(np.sqrt(variance[0]), rel=1e-4)
    assert found.se_a == pytest.approx(np.sqrt(variance[1]), rel=1e-4)


def test_robust_z_is_0_where_nothing_varies_and_unknown_where_nothing_is_known():
    assert robust_z(np.array([1.0, 1.0, np.nan]))[:2].tolist() == [0.0, 0.0]
    assert np.isnan(robust_z(np.array([np.nan]))).all()


def test_pseudo_counts_are_far_apart_only_for_the_item_that_moved():
    rng = np.random.default_rng(8)
    theta = rng.normal(size=3_000)
    people = form(moved({"i09": 0.8})).items.probability(theta)[..., 1]
    scores = (rng.uniform(size=people.shape) < people).astype(np.int8)
    answers = Responses.of(scores, IDS)
    d2 = pseudo_count_d2(form().items, answers)
    assert d2.argmax() == 9
    assert np.sqrt(d2[9]) > 0.08
    assert np.sqrt(np.sort(d2)[-2]) < 0.03


def test_pseudo_counts_of_one_person_are_the_posterior_by_hand():
    items = ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 1.5], [0.0, 0.5], [0, 0], [1, 1]))
    answers = Responses.of(np.array([[1]]), ("i1",))
    grid = NormalPrior().grid()
    p = items.probability(grid.theta)[:, 0, 1]
    posterior = np.exp(grid.log_weight) * p
    posterior /= posterior.sum()
    d2 = pseudo_count_d2(items, answers)
    assert d2[0] == pytest.approx((posterior * (1 - p) ** 2).sum())
    assert np.isnan(d2[1])


def test_pseudo_counts_refuse_an_item_without_parameters():
    answers = Responses.of(np.array([[1]]), ("x",))
    with pytest.raises(ResponseError) as refused:
        pseudo_count_d2(form().items, answers)
    assert str(refused.value) == "item 'x' must have parameters; leave it out of the responses"
