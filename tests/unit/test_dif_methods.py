"""DIF: closed forms, laws, what is refused, and the sentences."""

import numpy as np
import pytest

from adaptest import dif
from adaptest.calibration import calibrate
from adaptest.dif.effect_size import ets_classes
from adaptest.dif.mantel_haenszel import _mantel, two_by_two
from adaptest.dif.multigroup import split_for, split_items
from adaptest.dif.raju import _area
from adaptest.errors import OptionError
from adaptest.models import LogisticItems
from adaptest.numerics.derivative import central_difference
from adaptest.parameters import ItemParameters
from adaptest.programme.analyse import Settings, analyse
from adaptest.responses import Responses
from adaptest.responses.table import NOT_PRESENTED

EVERY = {"volume": dif.NO_GATE}
IDS = tuple(f"i{j}" for j in range(8))
RASCH = ItemParameters.of(
    LogisticItems(IDS, np.ones(8), np.linspace(-1.5, 1.5, 8), np.zeros(8), np.ones(8), ("rasch",) * 8)
)


def drawn(n=800, shift=0.0, impact=0.5, seed=1):
    """Two groups on eight Rasch items, the last one harder for the focal group by `shift`."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2
    theta = rng.normal(size=n) - impact * group
    p = RASCH.probability(theta)[..., 1]
    p[:, 7] = 1 / (1 + np.exp(1.5 + shift * group - theta))
    return Responses.of((rng.random(p.shape) < p).astype(np.int8), IDS, group=group, groups=("r", "f"))


@pytest.fixture(scope="module")
def shifted():
    return drawn(2000, shift=1.0)


SUMMED = {
    "mantel_haenszel": dif.mantel_haenszel,
    "logistic": dif.logistic,
    "standardisation": dif.standardisation,
    "breslow_day": dif.breslow_day,
    "sibtest": dif.sibtest,
    "delta_plot": dif.delta_plot,
}


@pytest.mark.parametrize("name", ["mantel_haenszel", "logistic", "standardisation", "sibtest"])
def test_an_item_harder_by_a_logit_is_found_and_the_sign_says_for_whom(shifted, name):
    found = SUMMED[name](shifted)
    assert found.p[7] == np.nanmin(found.p) < 1e-6
    sign = {"mantel_haenszel": -1, "standardisation": -1, "sibtest": 1, "logistic": 1}[name]
    assert np.sign(found.effect[7]) == sign
    assert found.flagged[7] or name == "logistic"


def test_the_multi_group_effect_is_the_shift(shifted):
    found = dif.multigroup(shifted, RASCH, studied=["i7", "i3"])
    assert found.likelihood_ratio.extra["difficulty_difference"][7] == pytest.approx(1.0, abs=0.3)
    assert found.likelihood_ratio.flagged[7]
    assert found.wald.statistic[7] == pytest.approx(found.likelihood_ratio.statistic[7], rel=0.1)
    assert found.likelihood_ratio.df[7] == found.wald.df[7] == 1
    assert found.likelihood_ratio.reason[0] == "not studied"


@pytest.mark.parametrize("name", SUMMED)
def test_summed_score_methods_are_refused_on_adaptive_data_with_the_reason(shifted, name):
    found = SUMMED[name](shifted, adaptive=True)
    assert set(found.outcome) == {"refused"}
    assert set(found.reason) == {
        "summed scores of different items match nobody: the responses were said to be adaptive"
    }
    assert np.isnan(found.statistic).all()
    assert not found.flagged.any()


def test_too_few_persons_are_the_result():
    found = dif.mantel_haenszel(drawn(398))
    assert set(found.outcome) == {"insufficient volume"}
    assert found.reason[0] == (
        "199 and 199 persons; at least 200 in the smaller group and 500 in total are needed"
    )
    assert set(found.classes) == {""}
    assert np.isfinite(found.statistic).all()


def test_a_weighted_person_is_that_many_persons():
    plain = drawn(700)
    rows = np.repeat(np.arange(700), 3)
    thrice = Responses.of(plain.dense()[rows], IDS, group=plain.group[rows], groups=plain.groups)
    weighted = Responses.of(
        plain.dense(), IDS, group=plain.group, groups=plain.groups, weight=np.full(700, 3.0)
    )
    for method in SUMMED.values():
        one, other = method(weighted, **EVERY), method(thrice, **EVERY)
        assert one.statistic == pytest.approx(other.statistic, rel=1e-6, nan_ok=True)
        assert one.effect == pytest.approx(other.effect, rel=1e-6, nan_ok=True)


def test_groups_that_trade_places_trade_the_sign_and_keep_the_test(shifted):
    ours, theirs = (dif.mantel_haenszel(shifted, reference=a, focal=b) for a, b in (("r", "f"), ("f", "r")))
    assert ours.statistic == pytest.approx(theirs.statistic)
    assert ours.effect == pytest.approx(-theirs.effect)


def test_mantel_of_two_categories_is_mantel_haenszel_without_correction():
    rng = np.random.default_rng(2)
    table = rng.integers(3, 30, (6, 2, 2)).astype(float)

    class Data:
        scores, weight = np.array([[0], [1]]), np.ones(2)

    assert _mantel(table, Data, 0)[0] == pytest.approx(two_by_two(table, correct=False)[0])


def test_classes_are_as_ets_states_them():
    """A: not significant or below 1; C: 1.5 or more and significantly above 1; else B (Zieky 1993)."""
    log_odds = np.array([0.3, 0.5, 0.5, 0.7, 0.7, np.nan])
    se = np.array([0.05, 0.05, 0.3, 0.05, 0.25, 0.1])
    p = np.array([0.001, 0.001, 0.2, 0.001, 0.01, 0.5])
    assert ets_classes(log_odds, se, p) == ("A", "B", "A", "C", "B", "")


def test_sibtest_of_equal_groups_is_the_difference_in_proportion():
    """Equal matching distributions leave nothing to correct: beta is then exactly the constructed .2."""
    rows = []
    for first in (0, 1):
        for second in (0, 1):
            for third in (0, 1):
                for group, right in ((0, 6), (1, 4)):
                    rows += [(first, second, third, int(k < right), group) for k in range(10)]
    cells = np.array(rows * 3)
    responses = Responses.of(cells[:, :4].astype(np.int8), group=cells[:, 4], groups=("r", "f"))
    # independent items have no reliability: give them some by repeating the all-right and all-wrong persons
    extra = np.array(
        [(k, k, k, int(m < right), g) for k in (0, 1) for g, right in ((0, 6), (1, 4)) for m in range(10)]
    )
    cells = np.vstack([cells, *[extra] * 6])
    responses = Responses.of(cells[:, :4].astype(np.int8), group=cells[:, 4], groups=("r", "f"))
    found = dif.sibtest(responses, **EVERY)
    assert found.effect[3] == pytest.approx(0.2, abs=1e-12)


def test_rajus_unsigned_area_is_the_integral_between_the_curves():
    theta = np.linspace(-60, 60, 600_001)
    for a_r, b_r, a_f, b_f, c in ((1.0, 0.2, 1.5, 0.7, 0.1), (2.0, -0.3, 1.1, 0.4, 0.0)):
        curves = [c + (1 - c) / (1 + np.exp(-a * (theta - b))) for a, b in ((a_r, b_r), (a_f, b_f))]
        at = np.array([a_r, b_r, a_f, b_f])
        area, gradient = _area(at, c, signed=False)
        assert area == pytest.approx(np.trapezoid(np.abs(curves[0] - curves[1]), theta), abs=1e-6)
        for k in range(4):
            moved = central_difference(
                lambda x, k=k, at=at, c=c: np.array([_area(at + x[0] * np.eye(4)[k], c, signed=False)[0]]),
                np.zeros(1),
            )
            assert gradient[k] == pytest.approx(moved[0], abs=1e-8)


def test_lord_of_a_rasch_item_is_the_squared_difference_over_the_summed_variances():
    b, se = np.array([[-1.0], [0.0], [1.0]]), np.array([0.1, 0.2, 0.1])

    def items(shift):
        covariance = np.diag(np.concatenate([np.zeros(3), se**2]))
        return dif.GroupItems(
            ("a", "b", "c"), ("rasch",) * 3, np.ones(3), b + shift, np.zeros(3), covariance, 500.0
        )

    found = dif.lord(
        items(np.array([[0.0], [0.0], [0.0]])),
        items(np.array([[0.3], [0.0], [0.0]])),
        ("r", "f"),
        linking_error=False,
    )
    assert found.effect == pytest.approx([0.2, -0.1, -0.1])
    assert found.statistic == pytest.approx([0.2**2 / 0.02, 0.1**2 / 0.08, 0.1**2 / 0.02])


def test_lord_and_the_likelihood_ratio_agree_on_the_same_data(shifted):
    parts = [shifted.take_persons(np.flatnonzero(shifted.group == g)) for g in (0, 1)]
    both = [dif.GroupItems.of(calibrate(part, "rasch"), IDS) for part in parts]
    lord = dif.lord(*both, ("r", "f"), purify=True)
    ratio = dif.multigroup(shifted, RASCH, wald=False, purify=True).likelihood_ratio
    assert lord.statistic[7] == pytest.approx(ratio.statistic[7], rel=0.2)
    assert list(lord.anchors) == list(ratio.anchors)
    assert not ratio.anchors[7]
    assert ratio.settled


def test_items_split_by_group_are_the_same_dense_and_sparse(shifted):
    from dataclasses import replace

    split = split_for(shifted, RASCH, None, None)
    dense = split_items(split.responses, [2, 5], split.focal_name)
    sparse = split_items(replace(split.responses, cells=split.responses.sparse()), [2, 5], split.focal_name)
    assert dense.items[-2:] == ("i2 in f", "i5 in f")
    assert (dense.dense() == sparse.dense()).all()
    assert dense.fingerprint == sparse.fingerprint


def test_catsib_and_logistic_on_theta_find_the_item_on_sparse_answers():
    rng = np.random.default_rng(4)
    ids = tuple(f"i{j}" for j in range(40))
    b = rng.normal(size=40)
    items = ItemParameters.of(LogisticItems(ids, np.ones(40), b, np.zeros(40), np.ones(40), ("rasch",) * 40))
    group = np.arange(1600) % 2
    theta = rng.normal(size=1600) - 0.5 * group
    harder = np.zeros((1600, 40))
    harder[:, 3] = group
    cells = (rng.random((1600, 40)) < 1 / (1 + np.exp(b + harder - theta[:, None]))).astype(np.int8)
    for row in cells:
        row[rng.choice(40, 15, replace=False)] = -1
    sparse = Responses.of(cells, ids, group=group, groups=("r", "f"))
    studied = ["i3", "i5", "i8"]
    for found in (dif.catsib(sparse, items, studied=studied), dif.logistic_on_theta(sparse, items)):
        assert found.p[3] == np.nanmin(found.p) < 1e-3
        assert found.flagged[3]
        assert not found.flagged[[5, 8]].any()
        assert found.n_reference[3] == (cells[group == 0, 3] >= 0).sum()


def test_held_items_keep_the_verdict_without_calibrating_them(shifted):
    held = dif.multigroup(shifted, RASCH, held=True, studied=["i7"]).likelihood_ratio
    free = dif.multigroup(shifted, RASCH, studied=["i7"]).likelihood_ratio
    assert held.statistic[7] == pytest.approx(free.statistic[7], rel=0.25)


def test_three_categories_are_tested_by_published_extensions_or_refused(shifted):
    cells = shifted.dense().copy()
    cells[:, 6] += cells[:, 5]
    three = Responses.of(cells, IDS, group=shifted.group, groups=shifted.groups)
    assert np.isfinite(dif.mantel_haenszel(three).statistic[6])
    assert np.isfinite(dif.logistic(three).statistic[6])
    assert np.isfinite(dif.sibtest(three).statistic[6])
    assert dif.breslow_day(three).reason[6] == "Breslow and Day's test is for items of two categories"


@pytest.mark.parametrize(
    ("groups", "asked", "sentence"),
    [
        (("all",), {}, "DIF compares two groups; the responses have one, 'all'; name a column in groups"),
        (("r", "f", "g"), {}, "focal must be named where there are several groups besides 'r'; got f, g"),
        (("r", "f"), {"focal": "x"}, "focal must be one of the groups r, f; got 'x'"),
        (
            ("r", "f"),
            {"reference": "r", "focal": "r"},
            "reference and focal must be two groups; got 'r' twice",
        ),
    ],
)
def test_groups_that_are_not_two_are_said_so(groups, asked, sentence):
    responses = Responses.of(np.ones((6, 3), np.int8), group=np.arange(6) % len(groups), groups=groups)
    with pytest.raises(OptionError) as caught:
        dif.mantel_haenszel(responses, **asked)
    assert str(caught.value) == sentence


def test_an_item_without_volume_costs_no_calibration_and_has_no_verdict(shifted):
    cells = shifted.cells.copy()
    cells[150:, :2] = NOT_PRESENTED
    few = Responses.of(cells, IDS, group=shifted.group, groups=("r", "f"))
    told = []
    found = dif.multigroup(
        few, RASCH, studied=IDS[:3], wald=False, held=True, progress=lambda done, of: told.append((done, of))
    ).likelihood_ratio
    assert told == [(0, 1)]
    assert found.outcome[2] == "ok"
    assert np.flatnonzero(np.isfinite(found.p)).tolist() == [2]
    for result in (found, dif.catsib(few, RASCH, studied=IDS[:3])):
        assert set(result.outcome[:2]) == {"insufficient volume"}
        assert result.reason[0].startswith("75 and 75 persons")
        assert not np.isfinite(result.statistic[:2]).any()


def test_a_share_correct_blames_no_item_that_was_chosen_by_theta():
    rng = np.random.default_rng(4)
    items = ItemParameters.of(LogisticItems(IDS, np.ones(8), np.linspace(-1, 3, 8), np.zeros(8), np.ones(8)))
    right = rng.random((400, 8)) < items.probability(rng.normal(size=400))[..., 1]
    people = Responses.of(right.astype(np.int8), IDS)

    def flags(**settings):
        return analyse(people, items, Settings(similar=False, **settings)).flags[7]

    assert "low_p" in flags(adaptive=False)
    assert "low_p" not in flags(adaptive=True)
    assert "low_p" in flags(adaptive=True, pretest=("i7",))
