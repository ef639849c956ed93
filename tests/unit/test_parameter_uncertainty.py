"""Criteria that see items as the calibration knows them, and not as if it knew them exactly."""

import numpy as np
import pytest

from adaptest.bank.uncertainty import with_covariance
from adaptest.calibration.covariance_file import covariance_bytes
from adaptest.calibration.result import CovarianceBlock
from adaptest.engine.design import Design
from adaptest.engine.events import ResponseGiven, SittingEnded
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import CRITERIA, build, exam_from_values
from adaptest.errors import ExamError, ItemParameterError, OptionError, ParameterFileError, PoolError
from adaptest.models import GradedItems, LogisticItems, PartialCreditItems
from adaptest.numerics.derivative import central_difference
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.errors import ItemErrors
from adaptest.pool import Pool
from adaptest.selection.uncertain import expected

THETA = np.linspace(-4, 4, 41)
N = 12
RNG = np.random.default_rng(4)
LOGISTIC = LogisticItems(
    tuple(f"i{k:02d}" for k in range(N)),
    RNG.lognormal(0, 0.3, N),
    RNG.normal(size=N),
    np.r_[np.zeros(6), np.full(6, 0.2)],
    np.r_[np.ones(9), np.full(3, 0.95)],
)
GRADED = GradedItems(("g0", "g1"), [1.0, 1.5], [[-1.0, 1.0], [0.0, 0.5]])
PARTIAL = PartialCreditItems(("p0",), [0.9], [[0.4, -0.6]])
MIXED = ItemParameters.of(LOGISTIC, GRADED, PARTIAL)


def independent(items, **se):
    """Errors of these sizes where an item has the parameter."""
    widths = {"threshold": 2, "step": 2}
    columns = {}
    for name, size in se.items():
        shape = (len(items), widths[name]) if name in widths else (len(items),)
        columns[name] = np.full(shape, size)
    return ItemErrors.of(columns)


def of_mixed():
    binary = independent(ItemParameters.of(LOGISTIC), discrimination=0.15, difficulty=0.3)
    names = [*binary.names, *[("threshold_1", "threshold_2", "discrimination")] * 2, ("step_1", "step_2")]
    three = ((0.09, 0.03, 0.0), (0.03, 0.04, 0.01), (0.0, 0.01, 0.02))
    two = ((0.04, 0.01), (0.01, 0.09))
    return ItemErrors(tuple(names), (*binary.covariance, three, three, two))


def test_parameters_known_exactly_are_as_they_were():
    seen = expected(MIXED, independent(MIXED, discrimination=0.0, difficulty=0.0))
    np.testing.assert_allclose(seen.probability(THETA), MIXED.probability(THETA), atol=1e-14)
    np.testing.assert_allclose(seen.information(THETA), MIXED.information(THETA), atol=1e-13)
    own = MIXED.log_probability(THETA) > -np.inf
    curvature = MIXED.log_curvature(THETA)[own]
    np.testing.assert_allclose(seen.log_curvature(THETA)[own], curvature, atol=1e-11)


def test_the_expected_response_is_the_integral_over_the_covariance():
    items = ItemParameters.of(LogisticItems(("x",), [1.3], [0.4], [0.0], [1.0]))
    matrix = ((0.04, 0.03), (0.03, 0.09))  # of discrimination and difficulty
    seen = expected(items, ItemErrors((("discrimination", "difficulty"),), (matrix,)))
    z, w = np.polynomial.hermite_e.hermegauss(60)
    weight = np.outer(w, w) / w.sum() ** 2
    b = 0.4 + 0.3 * z[:, None] + 0 * z
    s = 0.2 / 1.3  # of log discrimination, correlated with difficulty as discrimination is
    r = 0.03 / (0.2 * 0.3)
    a = 1.3 * np.exp(s * (r * z[:, None] + np.sqrt(1 - r**2) * z) - s**2 / 2)
    wanted = [(weight / (1 + np.exp(-a * (theta - b)))).sum() for theta in THETA]
    # seven points over difficulty, .4 of the curve's own unit apart in sd: Gauss-Hermite errs by some 1e-6
    np.testing.assert_allclose(seen.probability(THETA)[:, 0, 1], wanted, atol=1e-5)
    mean = (weight * a).sum()
    assert mean == pytest.approx(1.3, abs=1e-9)


def test_the_rasch_curve_of_a_judged_item_is_flatter_and_has_less_information():
    items = ItemParameters.of(LogisticItems(("x",), [1.0], [0.0], [0.0], [1.0], ("rasch",)))
    seen = expected(items, independent(items, difficulty=0.8))
    z, w = np.polynomial.hermite_e.hermegauss(100)
    wanted = [(w / w.sum() / (1 + np.exp(-(theta - 0.8 * z)))).sum() for theta in THETA]
    np.testing.assert_allclose(seen.probability(THETA)[:, 0, 1], wanted, atol=1e-7)
    assert seen.information(np.zeros(1))[0, 0] < 0.9 * items.information(np.zeros(1))[0, 0]


def test_slopes_curvature_and_information_follow_from_the_expected_probabilities():
    seen = expected(MIXED, of_mixed())
    p, own = seen.probability(THETA), MIXED.log_probability(THETA) > -np.inf
    np.testing.assert_allclose(p.sum(axis=2), 1, atol=1e-12)
    assert (p[~own] == 0).all()

    def log_p(theta):
        return np.where(own[0], np.nan_to_num(seen.log_probability(theta), neginf=0), 0)

    slope = central_difference(log_p, THETA)
    np.testing.assert_allclose(seen.log_slope(THETA)[own], slope[own], atol=1e-9)
    bend = central_difference(seen.log_slope, THETA)
    np.testing.assert_allclose(seen.log_curvature(THETA)[own], bend[own], atol=1e-9)
    np.testing.assert_allclose(
        seen.information(THETA), (p * seen.log_slope(THETA) ** 2).sum(axis=2), atol=1e-12
    )


def test_what_is_expected_never_tells_more_than_what_is_known_tells_on_average():
    seen = expected(MIXED, of_mixed())
    (block,) = seen.blocks
    ends = np.cumsum(block.counts)
    information = block.weight * block.points.information(THETA)
    for j, (end, count) in enumerate(zip(ends, block.counts, strict=True)):
        average = information[:, end - count : end].sum(axis=1)
        assert (seen.information(THETA)[:, j] <= average + 1e-12).all()
        assert block.weight[end - count : end].sum() == pytest.approx(1)


def test_a_badly_estimated_item_is_not_favoured():
    two = LogisticItems(("good", "bad"), [1.5, 1.5], [0.0, 0.0], [0, 0], [1, 1])
    items = ItemParameters.of(two)
    se = {"difficulty": np.array([0.05, 0.6]), "discrimination": np.array([0.05, 0.5])}
    good, bad = expected(items, ItemErrors.of(se)).information(np.zeros(1))[0]
    assert bad < 0.9 * good < items.information(np.zeros(1))[0, 0]


def test_thresholds_that_would_change_places_are_left_out():
    items = ItemParameters.of(GradedItems(("g",), [1.0], [[0.0, 0.1]]))
    seen = expected(items, independent(items, threshold=1.0))
    assert (seen.probability(THETA) > 0).all()
    np.testing.assert_allclose(seen.probability(THETA).sum(axis=2), 1, atol=1e-12)


def pool_of(errors=None):
    return Pool(MIXED, errors=of_mixed() if errors is None else errors)


def design_of(pool, criterion="information", *, uncertain=True):
    values = {
        "id": "u",
        "title": "U",
        "length": {"minimum": 4, "maximum": 4},
        "selection": {"criterion": criterion, "parameter_uncertainty": uncertain},
        "reporting": {"cut": {"theta": 0.1}},
    }
    return build(exam_from_values(values), pool)


def run(design):
    state, events = evolve(None, start(design, 5), design), []
    while not isinstance(event := decide(state, design), SittingEnded):
        events.append(event)
        state = evolve(evolve(state, event, design), ResponseGiven(event.item, "", len(events) % 2), design)
    return events


@pytest.mark.parametrize("criterion", sorted(set(CRITERIA) - {"up_and_down"}))
def test_every_criterion_runs_on_expected_responses_and_lives_again_from_the_artifact(criterion):
    design = design_of(pool_of(), criterion)
    events = run(design)
    assert len(events) == 4
    assert run(Design.from_artifact(design.artifact, design.pool.artifact)) == events


def test_without_the_option_pools_and_exams_are_written_as_they_always_were():
    design = design_of(pool_of(), uncertain=False)
    assert design.pool.artifact == Pool(MIXED).artifact
    assert "parameter_uncertainty" not in design.artifact
    assert '"errors"' in design_of(pool_of()).pool.artifact


def test_a_release_without_standard_errors_is_refused():
    with pytest.raises(ExamError) as caught:
        design_of(Pool(MIXED))
    assert str(caught.value).partition(": ")[2] == (
        "selection.parameter_uncertainty: every item must have a standard error in its release; got none for"
        " item 'i00' (and 14 more); calibrate with standard errors, or leave it out"
    )
    some = of_mixed()
    lacking = ItemErrors((*some.names[:-1], ()), (*some.covariance[:-1], ()))
    with pytest.raises(OptionError) as refused:
        expected(MIXED, lacking)
    assert str(refused.value) == (
        "selection.parameter_uncertainty: every item must have a standard error in its release; got none for"
        " item 'p0'; calibrate with standard errors, or leave it out"
    )


def test_standard_errors_of_a_table_are_variances_of_each_item_in_its_order():
    table = ParameterTable.of(
        ItemParameters.of(GRADED),
        se={"discrimination": np.array([0.2, np.nan]), "threshold": np.array([[0.1, np.nan], [0.3, 0.4]])},
    )
    made = ItemErrors.of({name: table.se_of_items(name) for name in table.se})
    assert made.names == (("discrimination", "threshold_1"), ("threshold_1", "threshold_2"))
    np.testing.assert_allclose(made.covariance[0], [[0.04, 0], [0, 0.01]])
    np.testing.assert_allclose(made.covariance[1], [[0.09, 0], [0, 0.16]])
    assert made.take(np.array([1])).names == made.names[1:]
    back = ItemErrors.from_artifact(made.artifact)
    assert (back.names, back.covariance) == (made.names, made.covariance)


def test_covariances_that_are_none_are_refused():
    with pytest.raises(ItemParameterError) as caught:
        ItemErrors((("difficulty",),), (((-0.1,),),))
    assert str(caught.value) == "covariance of difficulty: variances must be 0 or more; got -0.1"
    with pytest.raises(ItemParameterError) as caught:
        ItemErrors((("difficulty", "discrimination"),), (((0.1, 0.0),),))
    assert str(caught.value) == (
        "covariance of difficulty, discrimination: must be finite and 2 by 2; got ((0.1, 0.0),)"
    )
    with pytest.raises(PoolError) as refused:
        Pool(MIXED, errors=ItemErrors((("difficulty",),), (((0.1,),),)))
    assert str(refused.value) == "errors: must have one entry per item; got 1 for 15"


def run_folder(tmp_path, items, errors, scale=1.0, left_out=0):
    parameters, size = [], sum(len(names) for names in errors.names[left_out:])
    matrix, at = np.zeros((size, size)), 0
    for item, names, own in list(zip(items.ids, errors.names, errors.covariance, strict=True))[left_out:]:
        block, k = np.array(own), len(names)
        sd = np.sqrt(np.diag(block))
        matrix[at : at + k, at : at + k] = np.where(
            np.eye(k, dtype=bool), block * scale, 0.5 * np.outer(sd, sd)
        )
        parameters += [(item, name) for name in names]
        at += k
    tmp_path.joinpath("covariance.npz").write_bytes(
        covariance_bytes([CovarianceBlock(tuple(parameters), matrix)])
    )
    return tmp_path


def test_the_covariance_of_the_run_is_used_where_it_is_there(tmp_path):
    pool = pool_of()
    assert with_covariance(pool, tmp_path) == (pool, "standard errors alone")
    joint, said = with_covariance(pool, run_folder(tmp_path, MIXED, pool.errors))
    assert said == "covariance"
    for before, after in zip(pool.errors.covariance, joint.errors.covariance, strict=True):
        sd = np.sqrt(np.diag(before))
        expected_ = np.where(np.eye(len(sd), dtype=bool), before, 0.5 * np.outer(sd, sd))
        np.testing.assert_allclose(after, expected_, rtol=1e-12)
    assert design_of(joint).pool.fingerprint != design_of(pool).pool.fingerprint
    events = run(design_of(joint))
    assert run(Design.from_artifact(design_of(joint).artifact, joint.artifact)) == events
    some, said = with_covariance(pool, run_folder(tmp_path, MIXED, pool.errors, left_out=2))
    assert said == "covariance, and standard errors alone for items that it lacks"
    assert some.errors.covariance[:2] == pool.errors.covariance[:2]
    assert some.errors.covariance[2:] == joint.errors.covariance[2:]


def test_the_covariance_of_another_calibration_is_refused(tmp_path):
    pool = pool_of()
    folder = run_folder(tmp_path, MIXED, pool.errors, scale=1.21)
    with pytest.raises(ParameterFileError) as refused:
        with_covariance(pool, folder)
    name, known = pool.errors.names[0][0], pool.errors.covariance[0][0][0]
    assert str(refused.value) == (
        f"{folder / 'covariance.npz'}: item {pool.ids[0]!r}: {name}: its variance must be the square of its"
        f" standard error, {known:.6g}; got {1.21 * known:.6g}; it is of another calibration than"
        " parameters.csv: restore it, or remove it to go by standard errors alone"
    )
