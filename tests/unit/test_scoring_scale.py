import numpy as np
import pytest

from adaptest.errors import OptionError
from adaptest.models import GradedItems, LogisticItems
from adaptest.numerics.quadrature import NormalPrior, UniformPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.scoring.estimate import Outcome
from adaptest.scoring.exact import exact_sem, sum_is_sufficient
from adaptest.scoring.expected_score import expected_score, theta_at_expected_score
from adaptest.scoring.scale import Band, Cut, ReportingScale, bands, classify, passes
from adaptest.scoring.summed import eap_sum_table, score_distribution
from adaptest.scoring.wright import next_difficulty, next_level, wright_measure

THREE = ItemParameters.of(
    LogisticItems(("i1", "i2", "i3"), [1.0, 1.4, 0.8], [-0.5, 0.0, 0.7], [0.0, 0.2, 0.0], np.ones(3))
)
RASCH = ItemParameters.of(
    LogisticItems(("i1", "i2"), [1.0, 1.0], [-0.5, 0.5], [0, 0], [1, 1], ("rasch",) * 2)
)


def said(error, function, *args, **options):
    with pytest.raises(error) as caught:
        function(*args, **options)
    return str(caught.value)


def test_a_shown_score_never_contradicts_the_decision():
    scale, cut = ReportingScale(10.0, 50.0, decimals=0), Cut(0.0)
    theta = np.array([-0.04, -1e-9, 0.0, 1e-9, 0.04])
    assert scale.display(theta, (cut,)).tolist() == [49.0, 49.0, 50.0, 50.0, 50.0]
    uneven = Cut(0.04)  # shown as 50, though it is 50.4
    assert scale.display(np.array([0.039, 0.04, 0.3]), (uneven,)).tolist() == [49.0, 50.0, 53.0]


def test_floor_and_ceiling_and_infinities_are_shown_at_the_ends():
    scale = ReportingScale(10.0, 50.0, 20.0, 80.0)
    shown = scale.display(np.array([-np.inf, -9, 0.123, 9, np.inf, np.nan]))
    np.testing.assert_array_equal(shown, [20.0, 20.0, 51.2, 80.0, 80.0, np.nan])
    assert scale.exact(0.123) == pytest.approx(51.23)
    assert scale.sem(0.5) == 5.0


def test_several_cuts_are_classes_and_each_keeps_its_side():
    scale, cuts = ReportingScale(10.0, 50.0, decimals=0), (Cut(1.0, "high"), Cut(0.1), Cut(0.0))
    theta = np.array([-0.001, 0.0, 0.099, 0.1, 0.9999, 1.0, np.nan])
    assert classify(theta, cuts).tolist() == [0, 1, 1, 2, 2, 3, -1]
    np.testing.assert_array_equal(scale.display(theta, cuts), [49, 50, 50, 51, 59, 60, np.nan])
    assert passes(theta, cuts[0]).tolist() == [False, False, False, False, False, True, False]


def test_scales_and_cuts_that_cannot_be_are_refused_with_a_sentence():
    assert said(OptionError, ReportingScale, 0.0, 50.0) == (
        "a scale must have a slope greater than 0 and a finite intercept; got 0.0 and 50.0"
    )
    assert said(OptionError, ReportingScale, 10.0, 50.0, decimals=9) == (
        "a scale's decimals must be in 0..6; got 9"
    )
    assert said(OptionError, ReportingScale, 10.0, 50.0, 80.0, 20.0) == (
        "a scale's floor must be below its ceiling; got 80.0 and 20.0"
    )
    assert said(OptionError, ReportingScale, 10.0, 50.0, 20.55) == (
        "a scale's floor and ceiling must have at most its 1 decimals; got 20.55 and None"
    )
    assert said(OptionError, Cut, np.nan) == "a cut must be a finite theta; got nan"
    scale = ReportingScale(10.0, 50.0, 50.0, 80.0, decimals=0)
    assert said(OptionError, scale.display, np.array([0.0]), (Cut(0.0),)) == (
        "the class between 50 and 50 cannot be shown with 0 decimals; "
        "show more decimals, or move the cut or the end"
    )


def test_bands_need_six_items_and_consider_the_error():
    cut = Cut(0.0)
    theta = np.array([0.6, 0.4, -0.4, -0.6, 0.6, np.inf, -np.inf, np.nan])
    sem = np.array([0.5, 0.5, 0.5, 0.5, 0.5, np.nan, np.nan, np.nan])
    n = np.array([6, 6, 6, 6, 5, 6, 6, 6])
    got = [Band(band).label for band in bands(theta, sem, n, cut)]
    assert got == ["Above", "Near", "Near", "Below", "not enough items", "Above", "Below", "no estimate"]


def test_the_score_distribution_has_the_expected_score_as_its_mean():
    graded = GradedItems(("g1", "g2"), [1.3, 0.8], [[-1.0, 0.2, 1.1], [-0.4, 0.9, np.inf]])
    items = ItemParameters.of(*THREE.blocks, graded)
    theta = np.linspace(-3, 3, 7)
    p = score_distribution(items, theta)
    assert p.shape == (7, 3 + 3 + 2 + 1)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-14)
    np.testing.assert_allclose((p * np.arange(9)).sum(axis=1), expected_score(items, theta), atol=1e-12)


def test_the_summed_score_table_agrees_with_its_own_grid_and_population():
    table = eap_sum_table(THREE)
    fixed = eap_sum_table(THREE, grid=fixed_grid(-8, 8, 4001, NormalPrior()))
    np.testing.assert_allclose(table.theta, fixed.theta, atol=1e-8)
    np.testing.assert_allclose(table.sem, fixed.sem, atol=1e-8)
    np.testing.assert_allclose(table.probability, fixed.probability, atol=1e-8)
    assert table.probability.sum() == pytest.approx(1)
    assert (table.probability * table.theta).sum() == pytest.approx(0, abs=1e-8)
    variance = (table.probability * (table.theta**2 + table.sem**2)).sum()
    assert variance == pytest.approx(1, abs=1e-7)
    assert 0 < table.reliability < 1


@pytest.mark.parametrize("prior", [NormalPrior(0, 10), UniformPrior(-3, 5)])
def test_the_population_of_summed_scores_is_right_for_other_priors(prior):
    low, high = prior.span
    grid = fixed_grid(low, high, 20_001, prior, trapezoid=True)
    p = score_distribution(THREE, grid.theta) * np.exp(grid.log_weight)[:, None]
    np.testing.assert_allclose(eap_sum_table(THREE, prior).probability, p.sum(axis=0), atol=1e-6)


def test_the_expected_score_turned_round_gives_theta_back():
    theta = np.array([-2.0, 0.0, 1.5])
    np.testing.assert_allclose(theta_at_expected_score(THREE, expected_score(THREE, theta)), theta, atol=1e-9)
    assert theta_at_expected_score(THREE, [0.1, 0.2, 3.0]).tolist() == [-np.inf, -np.inf, np.inf]


def test_the_exact_error_is_the_deviation_over_all_patterns_whichever_way_it_is_summed():
    assert sum_is_sufficient(RASCH)
    assert not sum_is_sufficient(THREE)
    theta = np.array([-1.0, 0.5])
    by_score = exact_sem(RASCH, theta, "map")
    nearly = ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 1.0], [-0.5, 0.5], [1e-15, 0], [1, 1]))
    np.testing.assert_allclose(exact_sem(nearly, theta, "map"), by_score, atol=1e-12)


def test_the_exact_error_of_many_items_is_the_asymptotic_one():
    n = 400
    ids = tuple(f"i{k}" for k in range(n))
    items = ItemParameters.of(LogisticItems(ids, np.ones(n), np.linspace(-2, 2, n), np.zeros(n), np.ones(n)))
    exact = exact_sem(items, [0.0], "mle", bounds=(-6.0, 6.0))[0]
    assert exact == pytest.approx(1 / np.sqrt(items.information(np.array([0.0])).sum()), rel=0.02)


def test_what_has_no_exact_error_is_refused_with_a_sentence():
    assert said(OptionError, exact_sem, RASCH, 0.0) == (
        "the exact standard error of 'mle' needs bounds: the estimate of the pattern [0, 0] is not finite"
    )
    n = 20
    ids = tuple(f"i{k}" for k in range(n))
    many = ItemParameters.of(LogisticItems(ids, np.linspace(1, 2, n), np.zeros(n), np.zeros(n), np.ones(n)))
    assert said(OptionError, exact_sem, many, 0.0, "wle") == (
        "the exact standard error goes through every response pattern, at most 65,536; "
        "got 1,048,576 patterns of 20 items; choose eap_sum, or fewer items"
    )


def test_wrights_measure_says_when_there_is_none():
    got = wright_measure([20.0, 3.0, 3.0, 0.0], [7, 3, 0, 0], [3, 0, 3, 0])
    assert got.outcome.tolist() == [
        Outcome.OK, Outcome.ALL_CORRECT, Outcome.ALL_INCORRECT, Outcome.NO_RESPONSES,
    ]  # fmt: skip
    assert got.theta[1:3].tolist() == [np.inf, -np.inf]
    assert np.isnan(got.theta[3])
    assert np.isnan(got.sem[1:]).all()


def test_wrights_steps_shrink_and_stay_on_the_scale():
    assert next_difficulty([0.5, 0.5], [1, 4], [True, False]).tolist() == [2.5, 0.0]
    assert next_level([100, 0], [1, 1], [True, False], (0, 100)).tolist() == [100, 0]
    assert said(OptionError, next_difficulty, 0.0, 0, correct=True) == "position must be at least 1; got 0"
    assert said(OptionError, next_level, 101, 1, correct=True, scale=(0, 100)) == (
        "levels must lie on the scale 0 to 100; got 101..101"
    )
    assert (
        said(OptionError, wright_measure, 1.0, -1, 2) == "right and wrong must be counts, at least 0; got -1"
    )
