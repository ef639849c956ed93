"""Chains of links, their bisector, and equated scores."""

import numpy as np
import pytest

from adaptest.calibration import CovarianceBlock
from adaptest.calibration.covariance_file import covariance_beside, read_covariance
from adaptest.errors import LinkingError, ParameterFileError
from adaptest.linking import Form
from adaptest.linking.chains import bisector, chain
from adaptest.linking.equating import observed_score_equating, true_score_equating
from adaptest.linking.transform import transform
from adaptest.models import GradedItems, LogisticItems, NominalItems
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.parameters.columns import columns_of
from adaptest.scoring.summed import score_distribution

BANK = ItemParameters.of(
    LogisticItems(
        tuple(f"i{k}" for k in range(12)),
        np.linspace(0.7, 1.5, 12),
        np.linspace(-2, 2, 12),
        [0] * 12,
        [1] * 12,
    )
)


def form(rows, a, b, seed):
    """Some items on a scale of their own, with estimation error."""
    rng = np.random.default_rng(seed)
    items = transform(BANK.take(np.array(rows)), a, b)
    values = columns_of(items)
    n = len(rows)
    noisy = LogisticItems(
        items.ids,
        values["discrimination"] * np.exp(rng.normal(0, 0.03, n)),
        values["difficulty"] + rng.normal(0, 0.03, n),
        [0] * n,
        [1] * n,
    )
    names = [(i, w) for w in ("discrimination", "difficulty") for i in items.ids]
    root = rng.normal(0, 0.03, (2 * n, 2 * n))
    return Form(ItemParameters.of(noisy), (CovarianceBlock(tuple(names), root @ root.T),))


def nudged(given, key, by):
    block = given.items.blocks[0]
    a, b = block.a.copy(), block.b.copy()
    (a if key[1] == "discrimination" else b)[given.items.row[key[0]]] += by
    items = ItemParameters.of(LogisticItems(block.ids, a, b, block.c, block.d))
    return Form(items, given.covariance)


CLOSED = "mean-gmean"  # a closed form, so that differences are cheap
FORMS = [
    form(range(6), 1, 0, 1), form(range(3, 9), 1.2, 0.3, 2),
    form([4, 5, 6, 7, 8, 9, 10], 0.9, -0.2, 3), form([0, 1, 2, 9, 10], 1.1, 0.5, 4),
]  # fmt: skip


def test_a_chain_multiplies_its_links_and_carries_every_forms_error():
    path = chain(FORMS[:3], CLOSED)
    one, two = path.links
    assert pytest.approx(one.A * two.A) == path.A
    assert pytest.approx(two.A * one.B + two.B) == path.B
    h, want = 1e-5, np.zeros((2, 2))
    for place, given in enumerate(FORMS[:3]):
        columns = []
        for key in given.covariance[0].parameters:
            ends = []
            for by in (h, -h):
                others = list(FORMS[:3])
                others[place] = nudged(given, key, by)
                again = chain(others, CLOSED)
                ends.append(np.array([again.A, again.B]))
            columns.append((ends[0] - ends[1]) / (2 * h))
        jacobian = np.array(columns).T
        want += jacobian @ given.covariance[0].matrix @ jacobian.T
    assert path.covariance == pytest.approx(want, rel=2e-3, abs=1e-8)
    apart = two.A**2 * one.covariance[0, 0] + one.A**2 * two.covariance[0, 0]
    assert path.covariance[0, 0] != pytest.approx(apart, rel=0.01)  # the form in the middle is in both links
    assert path.record()["se_A"] == path.se_A


def test_a_bisector_lies_between_its_paths_and_its_inverse_is_the_inverses_bisector():
    direct, round_about = chain([FORMS[0], FORMS[2]]), chain(FORMS[:3])
    mean = bisector([direct, round_about], weights=[1, 2])
    assert min(direct.A, round_about.A) < mean.A < max(direct.A, round_about.A)
    back = bisector([chain([FORMS[2], FORMS[0]]), chain(FORMS[2::-1])], weights=[1, 2])
    assert mean.A * back.A == pytest.approx(1)
    assert pytest.approx(-back.B / back.A) == mean.B
    assert mean.weights == pytest.approx((1 / 3, 2 / 3))
    by_precision = bisector([direct, round_about])
    spread = np.array([direct.covariance.trace(), round_about.covariance.trace()])
    assert by_precision.weights == pytest.approx(tuple(1 / spread / (1 / spread).sum()))
    assert bisector([direct, direct]).covariance == pytest.approx(direct.covariance)


def test_a_bisectors_error_is_the_delta_methods():
    def average(forms):
        return bisector([chain([forms[0], forms[2]], CLOSED), chain(forms[:3], CLOSED)], weights=[1, 1])

    h, want, mean = 1e-5, np.zeros((2, 2)), average(FORMS)
    for place, given in enumerate(FORMS[:3]):
        columns = []
        for key in given.covariance[0].parameters:
            ends = []
            for by in (h, -h):
                others = list(FORMS[:3])
                others[place] = nudged(given, key, by)
                again = average(others)
                ends.append(np.array([again.A, again.B]))
            columns.append((ends[0] - ends[1]) / (2 * h))
        jacobian = np.array(columns).T
        want += jacobian @ given.covariance[0].matrix @ jacobian.T
    assert mean.covariance == pytest.approx(want, rel=2e-3, abs=1e-8)


DOWNWARDS = ItemParameters.of(LogisticItems(("i1",), [-1], [0], [0], [1]))
UNORDERED = ItemParameters.of(NominalItems(("i1",), [[0, 2, -1, 2.5]], [[0, 0, 3, -3]]))
FALLS = (
    "the characteristic curve of {} must rise throughout; check the keys of items that discriminate "
    "downwards, and leave out nominal ones"
)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: chain(FORMS[:1]), "a chain must have 2 forms or more; got 1"),
        (lambda: bisector([]), "a bisector must have a path or more; got none"),
        (
            lambda: bisector([chain(FORMS[:2])], weights=[0.0]),
            "weights must be one above 0 for each of 1 paths; got [np.float64(0.0)]",
        ),
        (lambda: true_score_equating(DOWNWARDS, BANK), FALLS.format("X")),
        (lambda: true_score_equating(BANK, UNORDERED), FALLS.format("Y")),
    ],
)
def test_what_cannot_be_chained_or_equated_is_refused_in_one_sentence(make, sentence):
    with pytest.raises(LinkingError) as refused:
        make()
    assert str(refused.value) == sentence


GUESSED = ItemParameters.of(
    LogisticItems(("i1", "i2", "i3"), [1.0, 1.5, 0.8], [0.0, 0.5, -0.5], [0.2, 0.25, 0.3], [1, 1, 0.9]),
    GradedItems(("g1",), [1.0], [[-0.5, 0.6]]),
)


def test_a_form_equated_to_itself_keeps_its_scores():
    for equated in (true_score_equating(GUESSED, GUESSED), observed_score_equating(GUESSED, GUESSED)):
        assert equated.equivalent == pytest.approx(np.arange(6), abs=1e-9)


def test_below_chance_and_above_the_upper_asymptotes_a_line_stands_for_the_curve():
    other = ItemParameters.of(LogisticItems(("j1", "j2"), [1, 1], [0, 0], [0.5, 0.5], [1, 0.8]))
    equated = true_score_equating(GUESSED, other)
    assert equated.interpolated.tolist() == [True, False, False, False, False, True]
    below = true_score_equating(
        ItemParameters.of(LogisticItems(tuple("abcd"), [1] * 4, [0] * 4, [0.6] * 4, [1] * 4)), other
    )
    assert below.interpolated.tolist() == [True, True, True, False, True]
    assert below.equivalent[:3] == pytest.approx(np.array([0, 1, 2]) * 1.0 / 2.4)
    assert (equated.equivalent[0], equated.equivalent[-1]) == (0, 2)


def test_observed_score_equating_keeps_percentile_ranks():
    population = NormalPrior(0.3, 1.2)
    grid = population.grid()
    equated = observed_score_equating(BANK, GUESSED, population)
    f, g = (
        (score_distribution(items, grid.theta) * np.exp(grid.log_weight)[:, None]).sum(axis=0)
        for items in (BANK, GUESSED)
    )
    rank = np.cumsum(f) - f / 2
    for score, point in enumerate(equated.equivalent):
        whole = int(np.floor(point + 0.5))
        below = g[:whole].sum() + (point + 0.5 - whole) * (g[whole] if whole < len(g) else 0)
        assert below == pytest.approx(rank[score], abs=1e-9)


def test_a_covariance_file_that_is_none_is_refused_in_one_sentence(tmp_path):
    broken = tmp_path / "covariance.npz"
    broken.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(ParameterFileError) as refused:
        read_covariance(broken)
    assert str(refused.value) == f"{broken}: must hold parameters_k and matrix_k; it cannot be read"
    np.savez(broken, parameters_0=np.array([["i", "difficulty"]]), matrix_0=np.eye(2))
    with pytest.raises(ParameterFileError) as refused:
        read_covariance(broken)
    assert str(refused.value) == f"{broken}: matrix_0 must be (1, 1), one line a parameter; got (2, 2)"
    assert covariance_beside(tmp_path / "elsewhere" / "parameters.csv") == ()
