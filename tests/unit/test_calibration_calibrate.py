"""What calibrate does with data that are not perfect, and how it says so."""

import numpy as np
import pytest

from adaptest.calibration import ItemSettings, calibrate
from adaptest.calibration.method_a import LABEL, method_a
from adaptest.calibration.score_tests import score_test
from adaptest.errors import CalibrationError, OptionError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.responses import Responses

SETTLED = "gradient and projected gain below tolerance"

MODELS = "rasch, 1pl, 2pl, 3pl, 4pl, grm, pcm, gpcm, rsm, nrm, sequential"
SHAPES = "lognormal or normal with two numbers, like lognormal:0,0.5"
REMEDY = "match them by item id, or calibrate without anchors"
QUICK = {"se": "none", "tolerance": 1e-3}


def simulated(persons=400, items=8, seed=1, mean=0.0, sd=1.0):
    rng = np.random.default_rng(seed)
    a, b = rng.lognormal(0, 0.25, items), rng.normal(size=items)
    theta = rng.normal(mean, sd, persons)
    cells = (rng.random((persons, items)) < 1 / (1 + np.exp(-a * (theta[:, None] - b)))).astype(int)
    ids = tuple(f"i{j + 1}" for j in range(items))
    return cells, ItemParameters.of(LogisticItems(ids, a, b, np.zeros(items), np.ones(items)))


def test_a_constant_item_and_an_empty_one_keep_their_rows_but_get_no_values():
    cells, _ = simulated()
    cells[:, 2], cells[:, 4] = 1, -1
    fit = calibrate(Responses.of(cells), "rasch")
    assert fit.status == (
        "estimated",
        "estimated",
        "extreme",
        "estimated",
        "no_responses",
        *["estimated"] * 3,
    )
    assert fit.items.ids == ("i1", "i2", "i4", "i6", "i7", "i8")
    assert np.isnan(fit.se["difficulty"][[2, 4]]).all()
    assert "item 'i3': the same score from everyone: no finite estimate, left out" in fit.notes
    assert "item 'i5': no responses: left out" in fit.notes
    assert fit.table.without_parameters == ("i3", "i5")
    assert fit.needs_attention


def test_a_prior_on_difficulty_makes_a_constant_item_estimable():
    cells, _ = simulated()
    cells[:, 2] = 1
    fit = calibrate(Responses.of(cells), "rasch", prior_difficulty="normal:0,2")
    assert fit.status[2] == "estimated"
    assert fit.items.blocks[0].b[2] < -2


def test_a_score_that_nobody_used_keeps_its_label_and_shifts_no_other():
    rng = np.random.default_rng(2)
    theta = rng.normal(size=600)
    cells = (theta[:, None, None] + rng.logistic(size=(600, 4, 1)) > [-1.0, 0.0, 1.0]).sum(axis=2)
    cells[:, 0] = np.where(cells[:, 0] == 1, 2, cells[:, 0])
    for model, name in (("grm", "threshold"), ("gpcm", "step"), ("nrm", "category_intercept")):
        fit = calibrate(Responses.of(cells), model)
        assert fit.flags[0] == ("unused_category",)
        assert np.isnan(fit.se[name][0, 0])
        assert np.isfinite(fit.se[name][0, 2])
        assert fit.n_per_category[0][1] == 0
        log_p = fit.items.log_probability(np.array([0.0]))[0, 0]
        assert log_p[1] < -15
        assert np.exp(log_p[[0, 2, 3]]).sum() == pytest.approx(1, abs=1e-6)


def test_scores_that_start_at_one_everywhere_are_counted_from_one_and_said():
    cells, _ = simulated()
    moved, plain = calibrate(Responses.of(cells + 1), **QUICK), calibrate(Responses.of(cells), **QUICK)
    assert moved.log_likelihood == plain.log_likelihood
    assert "no score is below 1 in any item: scores are counted from 1" in moved.notes


def test_empty_persons_are_dropped_and_counted():
    cells, _ = simulated()
    cells[:3] = -1
    fit = calibrate(Responses.of(cells), **QUICK)
    assert fit.groups[0].n == pytest.approx(397)
    assert "3 persons without a scored answer dropped" in fit.notes


def test_two_forms_without_common_items_are_flagged_as_disconnected():
    cells, _ = simulated()
    cells[:200, :4], cells[200:, 4:] = -1, -1
    fit = calibrate(Responses.of(cells), **QUICK)
    assert fit.flags_of_fit == ("disconnected",)
    assert any(note.startswith("the design is disconnected") for note in fit.notes)


def test_a_negative_discrimination_is_reached_and_flagged():
    cells, _ = simulated(1500)
    cells[:, 3] = 1 - cells[:, 3]
    fit = calibrate(Responses.of(cells), prior_discrimination="none")
    assert fit.converged
    assert fit.items.discrimination[3] < -0.5
    assert fit.flags[3] == ("negative_discrimination",)


def test_the_default_priors_are_the_documented_rule():
    few, many = simulated(999)[0], simulated(1000)[0]
    assert calibrate(Responses.of(few), **QUICK).priors[0] == "discrimination~lognormal:0,0.5"
    assert calibrate(Responses.of(many), **QUICK).priors[0] == ""
    settings = {"i1": ItemSettings(options=4), "i2": ItemSettings(prior_guessing="none")}
    three = calibrate(Responses.of(many), "3pl", items=settings, **QUICK)
    assert three.priors[0] == "discrimination~lognormal:0,0.5 guessing~beta:5.5,16.5"
    assert three.priors[1] == "discrimination~lognormal:0,0.5"
    assert three.priors[2] == "discrimination~lognormal:0,0.5 guessing~beta:5,17"


def test_groups_get_their_own_moments_and_the_first_is_the_reference():
    one, items = simulated(2000, 20, 3)
    two, _ = simulated(2000, 20, 3, mean=0.0)
    rng = np.random.default_rng(9)
    theta = rng.normal(0.7, 1.3, 2000)
    block = items.blocks[0]
    two = (rng.random((2000, 20)) < 1 / (1 + np.exp(-block.a * (theta[:, None] - block.b)))).astype(int)
    data = Responses.of(np.concatenate([one, two]), group=np.repeat([0, 1], 2000), groups=("base", "new"))
    fit = calibrate(data)
    base, new = fit.groups
    assert (base.mean, base.variance, base.mean_free, base.variance_free) == (0, 1, False, False)
    assert abs(new.mean - 0.7) < 4 * new.se_mean
    assert abs(new.variance - 1.69) < 4 * new.se_variance
    assert ("group:new", "mean") in fit.covariance[0].parameters


def test_a_histogram_of_ability_is_standardised_and_fits_no_worse():
    cells, _ = simulated(800, 6)
    normal = calibrate(Responses.of(cells), grid=(-6, 6, 41), se="none", prior_discrimination="none")
    fit = calibrate(
        Responses.of(cells), grid=(-6, 6, 41), se="none", prior_discrimination="none", latent="empirical"
    )
    assert fit.log_likelihood >= normal.log_likelihood
    (density,) = fit.latent
    theta, p = np.array(density.theta), np.array(density.probability)
    assert p.sum() == pytest.approx(1)
    assert p @ theta == pytest.approx(0, abs=1e-9)
    assert p @ theta**2 == pytest.approx(1)
    assert fit.grid_check is None


def test_abilities_wider_than_the_grid_are_found_out():
    cells, _ = simulated(700, 6, sd=4.0)
    fit = calibrate(Responses.of(cells), "rasch", grid=(-6, 6, 61))
    assert fit.flags_of_fit == ("grid_sensitive",)
    free = calibrate(Responses.of(cells), "rasch")
    assert free.grid.moves_with_group
    assert fit.grid_check.log_likelihood == pytest.approx(free.log_likelihood, abs=0.01)


def test_anchors_hold_their_values_and_their_errors_are_propagated():
    cells, items = simulated(1000, 12, 5, mean=0.5, sd=1.2)
    anchors = items.take(np.arange(8))
    se = {"discrimination": np.full(8, 0.1), "difficulty": np.full(8, 0.1)}
    table = ParameterTable.of(anchors, se=se, basis="calibrated")
    known, unsure = (calibrate(Responses.of(cells), anchors=one) for one in (anchors, table))
    assert known.items.discrimination[:8].tolist() == anchors.discrimination.tolist()
    assert known.status[:8] == ("anchored",) * 8
    assert known.se_includes_anchor_error is False
    assert unsure.se_includes_anchor_error is True
    assert (unsure.se["difficulty"][8:] > known.se["difficulty"][8:]).all()
    assert unsure.groups[0].se_mean > known.groups[0].se_mean
    assert unsure.items.discrimination.tolist() == known.items.discrimination.tolist()
    off = calibrate(Responses.of(cells), anchors=table, anchor_error=False)
    assert off.se_includes_anchor_error is False


def test_method_a_says_what_it_is_and_shrinks_slopes():
    cells, items = simulated(2000, 20, 6)
    look = method_a(Responses.of(cells), items.take(np.arange(12)))
    assert look.label == LABEL
    assert look.items.ids == tuple(f"i{j}" for j in range(13, 21))
    assert look.items.discrimination.mean() < items.discrimination[12:].mean()


def test_above_the_limit_standard_errors_come_from_item_blocks(monkeypatch):
    cells, _ = simulated(600, 10)
    whole = calibrate(Responses.of(cells), "1pl")
    for name in ("information", "standard_errors"):
        monkeypatch.setattr(f"adaptest.calibration.{name}.LOUIS_FULL_PARAMETERS", 5)
    blocks = calibrate(Responses.of(cells), "1pl")
    assert (whole.covariance_kind, blocks.covariance_kind) == ("full", "item blocks")
    assert "standard errors are from item blocks: covariance between items is left out" in blocks.notes
    assert len(blocks.covariance) > 1
    assert np.isfinite(blocks.se["difficulty"]).all()


def test_progress_is_told_every_step_and_can_stop_everything():
    cells, _ = simulated()
    steps = []
    fit = calibrate(Responses.of(cells), progress=steps.append, se="none")
    assert tuple(step.iteration for step in steps) == tuple(range(1, len(steps) + 1))
    assert fit.iterations >= len(steps)
    assert steps[-1].largest_change < 2e-5

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(Responses.of(cells), progress=stop, threads=2)


def test_an_iteration_that_runs_out_says_what_was_still_to_go():
    cells, _ = simulated()
    fit = calibrate(Responses.of(cells), max_iterations=2, se="none")
    assert not fit.converged
    assert fit.reason.startswith("stopped after 2 E-steps; ")
    assert fit.reason.endswith(" log-likelihood units were still to go")


def test_errors_are_one_sentence_that_names_the_thing_the_rule_and_the_remedy():
    cells, items = simulated()
    data = Responses.of(cells)
    three = Responses.of(np.where(cells[:, :2] == 1, 2, cells[:, :2]))
    strange = ItemParameters.of(LogisticItems(("x",), [1.0], [0.0], [0.0], [1.0]))
    hidden = cells.copy()
    hidden[:, 0] = -1
    cases = [
        (lambda: calibrate(data, "5pl"), OptionError,
         f"model must be one of {MODELS}, mixed; got '5pl'"),
        (lambda: calibrate(data, {"i1": "2pl"}), OptionError,
         "item 'i2': has no model; give one in the items table or name one for all"),
        (lambda: calibrate(data, ["2pl"]), OptionError,
         "model must name one model, or one for each of 8 items; got 1"),
        (lambda: calibrate(data, items={"i3": ItemSettings(model="2pm")}), OptionError,
         f"item 'i3': model must be one of {MODELS}; got '2pm'"),
        (lambda: calibrate(data, prior_discrimination="lognormal:0"), OptionError,
         f"prior for discrimination: must be none, or {SHAPES}; got 'lognormal:0'"),
        (lambda: calibrate(data, "3pl", prior_guessing="beta:0,17"), OptionError,
         "prior for guessing: both numbers must be greater than 0; got 'beta:0,17'"),
        (lambda: calibrate(data, prior_difficulty="normal:0,-1"), OptionError,
         "prior for difficulty: the SD must be greater than 0; got 'normal:0,-1'"),
        (lambda: calibrate(data, "3pl", items={"i1": ItemSettings(options=1)}), OptionError,
         "number of options must be at least 2; got 1"),
        (lambda: calibrate(data, grid=(6, -6, 61)), OptionError,
         "grid must be LO:HI:N with LO < HI and N at least 3; got 6:-6:61"),
        (lambda: calibrate(data, grid=2), OptionError, "grid must have 3 to 180 Gauss-Hermite nodes; got 2"),
        (lambda: calibrate(data, threads=0), OptionError, "threads must be at least 1; got 0"),
        (lambda: calibrate(data, tolerance=0), OptionError, "tolerance must be greater than 0; got 0"),
        (lambda: calibrate(data, max_iterations=0), OptionError, "max_iterations must be at least 1; got 0"),
        (lambda: calibrate(three, "2pl"), CalibrationError,
         f"item 'i1': a 2pl item has scores 0 to 1; got {int((cells[:, 0] == 1).sum())} times 2"),
        (lambda: calibrate(Responses.of(np.full((3, 2), -1))), CalibrationError,
         "the responses hold no scored answer; check the columns and the missing codes"),
        (lambda: calibrate(Responses.of(np.ones((3, 2), int))), CalibrationError,
         "no item can be estimated; each has no responses, or only one category in use"),
        (lambda: calibrate(data, anchors=strange), CalibrationError,
         f"none of the anchors is among the 8 items of the responses; {REMEDY}"),
        (lambda: calibrate(Responses.of(hidden), anchors=items.take(np.array([0]))), CalibrationError,
         "item 'i1': an anchor must have responses; got none; include the operational responses"),
        (lambda: method_a(data, items), CalibrationError,
         "every item is an anchor; there is no new item to look at"),
        (lambda: score_test(calibrate(data, se="none"), ["i1"], "guessing"), OptionError,
         "parameter must be discrimination or location; got 'guessing'"),
        (lambda: score_test(calibrate(data, se="none"), ["i1"]), OptionError,
         "item 'i1': its discrimination is free already, or is not one parameter"),
        (lambda: score_test(calibrate(data, "rasch", se="none"), ["i9"]), OptionError,
         "item 'i9': is not among the 8 items of the calibration"),
        (lambda: score_test(calibrate(data, "rsm", se="none"), ["i1"]), OptionError,
         "item 'i1': an rsm item shares its steps; test it under pcm"),
    ]  # fmt: skip
    for call, error, sentence in cases:
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value) == sentence


def test_a_group_that_nobody_is_in_is_dropped_and_said():
    cells, _ = simulated()
    data = Responses.of(cells, group=np.zeros(400, int), groups=("here", "nowhere"))
    fit = calibrate(data, **QUICK)
    assert tuple(group.name for group in fit.groups) == ("here",)
    assert "group 'nowhere' has no persons: dropped" in fit.notes


def test_an_item_about_which_the_responses_say_next_to_nothing_stays_at_its_prior():
    cells, _ = simulated(1200)
    cells[4:, 5] = -1
    cells[:4, 5] = [0, 1, 1, 0]
    fit = calibrate(Responses.of(cells), "3pl")
    assert fit.status[5] == "at_prior"
    assert fit.status[0] == "estimated"


def test_an_empty_item_with_too_few_answers_and_no_prior_is_inestimable():
    cells, _ = simulated(300)
    cells[:, 5] = -1
    data = Responses.of(cells, weight=None)
    weighted = cells.copy()
    weighted[:2, 5] = [0, 1]
    weight = np.ones(300)
    weight[:2] = 0.4
    fit = calibrate(Responses.of(weighted, weight=weight), prior_discrimination="none", **QUICK)
    assert fit.status[5] == "inestimable"
    assert "item 'i6': fewer responses than parameters and no prior: left out" in fit.notes
    assert calibrate(data, **QUICK).status[5] == "no_responses"


def test_a_variance_that_goes_to_zero_is_at_a_bound_and_not_converged():
    cells = np.repeat([[0, 1], [1, 0], [1, 1], [0, 0]], [40, 38, 12, 10], axis=0)
    one = calibrate(Responses.of(cells), "rasch")
    assert not one.converged
    assert one.reason == "group 'all' at a bound: its variance goes to 0; " + SETTLED
    assert one.groups[0].variance < 1e-4
    assert np.isnan(one.groups[0].se_variance)
    assert one.iterations < 100
    group = np.arange(1000) % 2
    two = calibrate(Responses.of(np.tile(cells, (10, 2)), group=group, groups=("a", "b")), "rasch", threads=1)
    assert not two.converged
    assert two.reason == "group 'a' (and 1 more) at a bound: its variance goes to 0; " + SETTLED


def test_a_score_that_nobody_used_on_a_rating_scale_is_flagged_on_all_its_items():
    rng = np.random.default_rng(4)
    theta = rng.normal(size=500)
    cells = (theta[:, None, None] + rng.logistic(size=(500, 4, 1)) > [-1.0, 0.0, 1.0]).sum(axis=2)
    fit = calibrate(Responses.of(cells), "rsm")
    assert fit.flags == ((),) * 4
    nobody = np.where(cells == 1, 2, cells)
    assert calibrate(Responses.of(nobody), "rsm").flags == (("unused_category",),) * 4
    nobody[:, 3] = cells[:, 3]
    assert calibrate(Responses.of(nobody), "rsm").flags == ((),) * 4


def test_a_narrow_group_with_long_rating_scales_is_not_called_grid_sensitive():
    rng = np.random.default_rng(3)
    theta = 0.4 * rng.normal(size=1500)
    steps = np.linspace(-1, 1, 20)
    logits = np.concatenate([np.zeros((1500, 1)), np.cumsum(theta[:, None] - steps, axis=1)], axis=1)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    cells = (rng.random((1500, 6, 1)) > np.cumsum(p, axis=1)[:, None, :-1]).sum(axis=2)
    fit = calibrate(Responses.of(cells), "pcm")
    assert fit.groups[0].variance < 0.5
    assert fit.flags_of_fit == ()
    finer = calibrate(Responses.of(cells), "pcm", grid=(-6.0, 6.0, 481))
    assert fit.log_likelihood == pytest.approx(finer.log_likelihood, abs=0.01)


def test_a_prior_on_what_a_model_does_not_estimate_is_not_in_the_record():
    rng = np.random.default_rng(6)
    cells = (rng.normal(size=(300, 1)) + rng.logistic(size=(300, 4)) > 0).astype(int)
    for model in ("nrm", "rasch", "pcm", "rsm"):
        fit = calibrate(Responses.of(cells), model, prior_discrimination="lognormal:0,.5", se="none")
        assert fit.priors == ("",) * 4
        assert fit.log_posterior == fit.log_likelihood
    fit = calibrate(Responses.of(cells), "nrm", prior_difficulty="normal:0,1", se="none")
    assert fit.priors == ("",) * 4


def test_a_grid_without_three_finite_numbers_is_refused():
    responses = Responses.of(np.array([[0, 1], [1, 0]]))
    for grid, got in (
        ((-6, 6), "grid must be (LO, HI, N), or a whole number of nodes; got (-6, 6)"),
        (21.0, "grid must be (LO, HI, N), or a whole number of nodes; got 21.0"),
        ((-np.inf, 6, 61), "grid must be LO:HI:N with LO < HI and N at least 3; got -inf:6:61"),
    ):
        with pytest.raises(OptionError) as caught:
            calibrate(responses, grid=grid)
        assert str(caught.value) == got


def test_an_array_where_responses_belong_is_refused_with_the_remedy():
    with pytest.raises(OptionError) as caught:
        calibrate(np.eye(3))
    assert str(caught.value) == "responses must be Responses, as read_responses returns; got ndarray"


def test_a_discrimination_that_pulls_against_its_prior_is_flagged():
    rng = np.random.default_rng(4)
    theta, u = rng.normal(size=400), rng.random((400, 8))
    a, b = np.array([1.2] * 7 + [-1.2]), np.linspace(-1, 1, 8)
    cells = (u < 1 / (1 + np.exp(-a * (theta[:, None] - b)))).astype(int)
    fit = calibrate(Responses.of(cells), "2pl", se="none")
    assert fit.priors[7] == "discrimination~lognormal:0,0.5"
    assert "prior_conflict" in fit.flags[7]
    assert fit.needs_attention
    free = calibrate(Responses.of(cells), "2pl", se="none", prior_discrimination="none")
    assert "negative_discrimination" in free.flags[7]


def test_settings_that_match_no_item_are_said():
    cells = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 20)
    fit = calibrate(Responses.of(cells), "rasch", items={"i9": ItemSettings(model="2pl")}, se="none")
    assert "settings for item 'i9' match no item of the responses" in fit.notes
