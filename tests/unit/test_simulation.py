"""What a simulation says is what its sittings were, and what is asked of it is refused where it cannot be."""

from dataclasses import replace

import numpy as np
import pytest

import adaptest as at
from adaptest.calibration.result import CovarianceBlock
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import OptionError, ResponseError
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.parameters.table import ParameterTable
from adaptest.pool import Pool
from adaptest.responses import Responses
from adaptest.simulation.adequacy import adequacy
from adaptest.simulation.answers import Behaviour, ModelRespondents
from adaptest.simulation.exams import compare
from adaptest.simulation.measures import kappa
from adaptest.simulation.requirements import held
from adaptest.simulation.simulees import Given, Grid, Normal, Resampled, Uniform
from adaptest.simulation.study import Asked
from adaptest.simulation.tally import Tally, Value
from adaptest.simulation.truth import drawn

RNG = np.random.default_rng(2)
J, N = 60, 400
IDS = tuple(f"i{k:02d}" for k in range(J))
ITEMS = LogisticItems(IDS, RNG.lognormal(0.1, 0.3, J), RNG.normal(0, 1, J), np.full(J, 0.2), np.ones(J))
POOL = Pool(
    ItemParameters.of(ITEMS),
    {"domain": tuple("AB"[k % 2] for k in range(J))},
    options=(("A", "B", "C", "D"),) * J,
)


def design(**more):
    values = {
        "id": "one",
        "title": "One",
        "length": {"minimum": 6, "maximum": 12},
        "blueprint": {"domain": {"A": {"minimum_percent": 40, "maximum_percent": 60}}},
        "stopping": [{"rule": "sem", "at_most": 0.5}],
        "reporting": {"cut": {"theta": 0.0}},
        **more,
    }
    return build(exam_from_values(values), POOL)


EXAM = design()


@pytest.fixture(scope="module")
def studied():
    blocks = []
    return at.simulate(EXAM, N, seed=4, each=blocks.append, batch=150), blocks


def columns(blocks):
    theta = np.concatenate([block.done.theta for block in blocks])
    return np.concatenate([block.truth for block in blocks]), theta


def test_every_measure_is_that_of_the_sittings(studied):
    study, blocks = studied
    truth, theta = columns(blocks)
    error = theta - truth
    sem = np.concatenate([block.done.sem for block in blocks])
    length = np.concatenate([block.done.length for block in blocks])
    shown = np.concatenate([block.done.shown for block in blocks])
    at_error = error.std(ddof=1) / np.sqrt(N)
    assert study.n == N
    assert study.values["bias"] == Value(pytest.approx(error.mean()), pytest.approx(at_error))
    mse = (error**2).mean()
    assert study.rmse == pytest.approx(np.sqrt(mse))
    assert study.values["rmse"].se == pytest.approx((error**2).std(ddof=1) / np.sqrt(N) / (2 * np.sqrt(mse)))
    assert study.values["correlation"].value == pytest.approx(np.corrcoef(truth, theta)[0, 1])
    assert study.values["coverage"].value == (np.abs(error) <= 1.959963984540054 * sem).mean()
    assert study.mean_length == length.mean()
    assert study.exposure.tolist() == (shown.sum(axis=0) / N).tolist()
    assert study.max_exposure == shown.mean(axis=0).max()
    pairs = [(shown[m] & shown[n]).sum() for m in range(N) for n in range(m)]
    assert study.overlap == pytest.approx(np.mean(pairs) / length.mean())
    correct = (theta >= 0) == (truth >= 0)
    assert study.accuracy == correct.mean()
    at_cut = study.measures.decisions[0]
    assert at_cut.false_pass.value == ((theta >= 0) & (truth < 0)).mean()
    assert at_cut.false_fail_rate.value == pytest.approx((theta < 0)[truth >= 0].mean())
    near = np.abs(truth) < 0.25
    assert at_cut.by_distance[0][1:3] == (near.sum(), Value(*_share(correct[near])))
    assert study.hard_violations == 0
    assert sum(value.value for value in study.measures.endings.values()) == 1
    for band in study.measures.bands:
        mine = np.abs(truth - band.centre) <= 0.25
        if -3 < band.centre < 3:
            assert band.n == mine.sum()
            assert band.measures["bias"].value == pytest.approx(error[mine].mean())
            assert band.max_exposure == shown[mine].mean(axis=0).max()


def _share(flags):
    return pytest.approx(flags.mean()), pytest.approx(flags.std(ddof=1) / np.sqrt(len(flags)))


@pytest.mark.slow
def test_standard_errors_are_those_of_other_seeds():
    studies = [at.simulate(EXAM, 200, seed=seed) for seed in range(30)]
    for name in ("bias", "rmse", "accuracy", "mean_length", "overlap", "correlation"):
        seen = np.array([study.values[name].value for study in studies])
        said = np.mean([study.values[name].se for study in studies])
        # a standard deviation of 30 values errs by 13 %; 4 of its standard errors
        assert seen.std(ddof=1) == pytest.approx(said, rel=0.52), name


def test_kappa_is_cohen_s():
    # a table of 20, 5, 10, 15 of 50 by hand: p_o = .7, p_e = .5 * .6 + .5 * .4 = .5, kappa = .4
    got = kappa(35 / 50, 25 / 50, 30 / 50, 50)
    assert got.value == pytest.approx(0.4)
    assert got.se == pytest.approx(np.sqrt(0.7 * 0.3 / 50) / 0.5)


def test_a_ratio_has_the_delta_method_s_error():
    x, y = RNG.normal(2, 1, 500), RNG.normal(5, 1, 500)
    tally = Tally(1, (("x", "y"),))
    tally.add(np.full(500, -1), {"x": x, "y": y})
    tally.close()
    ratio = tally.ratio("x", "y")
    residual = x - ratio.value * y
    assert ratio.value == pytest.approx(x.mean() / y.mean())
    assert ratio.se == pytest.approx(residual.std(ddof=1) / np.sqrt(500) / y.mean(), rel=2e-3)


def test_simulees_are_who_they_are_said_to_be():
    index = np.arange(20_000)
    normal = Normal(20_000, 0.5, 2.0).theta(1, index)
    assert normal.mean() == pytest.approx(0.5, abs=4 * 2 / np.sqrt(20_000))
    assert normal.std() == pytest.approx(2.0, abs=4 * 2 / np.sqrt(40_000))
    uniform = Uniform(20_000, -1, 3).theta(1, index)
    assert -1 <= uniform.min() < uniform.max() < 3
    grid = Grid.over(-1, 1, 5, 11)
    assert grid.n == 15
    assert np.unique(grid.theta(1, np.arange(15)), return_counts=True)[1].tolist() == [3] * 5
    people = Resampled(20_000, np.array([-1.0, 1.0]), np.array([0.5, 0.5])).theta(1, index)
    assert people.var() == pytest.approx(1.25, rel=0.06)
    assert Given(np.array([0.3])).theta(1, np.array([0])).tolist() == [0.3]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Normal(0), "simulees: must be at least 1; got 0"),
        (lambda: Normal(5, 0, 0), "theta normal: mean must be finite and sd greater than 0; got 0, 0"),
        (lambda: Uniform(5, 2, 1), "theta uniform: low must be below high; got 2, 1"),
        (lambda: Grid.over(2, 1, 3, 9), "theta grid: must be LOW:HIGH:POINTS; got 2:1:3"),
        (lambda: Given(np.array([np.nan])), "theta: every simulee's theta must be finite"),
        (lambda: Behaviour(guessing=1.2), "guessing: must be a share in [0, 1]; got 1.2"),
        (lambda: Behaviour(fatigue=-1), "fatigue: must be finite and at least 0; got -1"),
        (lambda: at.simulate(EXAM, 5, seed=-1), "seed: must be in 0..2**64 - 1; got -1"),
        (lambda: at.simulate(EXAM, 5, batch=0), "batch and workers: must be at least 1; got 0 and 1"),
        (lambda: at.simulate(EXAM, 5, concurrency=0), "concurrency: must be at least 1; got 0"),
        (
            lambda: at.simulate(EXAM, 5, behaviour=Behaviour(leaked=("x9",))),
            "leaked item 'x9': must be an item of the exam's pool",
        ),
        (
            lambda: at.simulate(EXAM, 5, truth=POOL.parameters.take(np.arange(58))),
            "item 'i58' (and 1 more): must have true parameters; got none",
        ),
        (lambda: compare([EXAM]), "compare: must have at least two exams; got 1"),
        (
            lambda: drawn(ParameterTable.of(POOL.parameters), 1),
            "true parameters cannot be drawn: the parameter table has no standard errors",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(make, sentence):
    with pytest.raises(OptionError) as refused:
        make()
    assert str(refused.value) == sentence


def given_answers(behaviour, n=4000, theta=0.0, truth=None):
    of = ModelRespondents.of(POOL, 12, truth, behaviour)
    return of.at_work(np.full(n, theta), np.arange(n, dtype=np.uint64), np.arange(n))


def share_right(behaviour, row=0, position=0, theta=0.0):
    n = 4000
    return given_answers(behaviour, n, theta)(np.arange(n), np.full(n, row), position).mean()


def test_habits_change_answers_as_they_say():
    p = float(POOL.parameters.probability(np.array([0.0]))[0, 0, 1])
    error = 4 * np.sqrt(0.25 / 4000)
    assert share_right(Behaviour()) == pytest.approx(p, abs=error)
    assert share_right(Behaviour(guessing=1.0)) == pytest.approx(0.25, abs=error)
    assert share_right(Behaviour(omission=0.4)) == pytest.approx(0.6 * p, abs=error)
    assert share_right(Behaviour(leaked=("i00",), leaked_to=0.5)) == pytest.approx(0.5 + 0.5 * p, abs=error)
    tired = float(POOL.parameters.probability(np.array([-1.0]))[0, 0, 1])
    assert share_right(Behaviour(fatigue=1.0), position=11) == pytest.approx(tired, abs=error)
    assert share_right(Behaviour(fatigue=1.0), position=0) == pytest.approx(p, abs=error)


def test_times_are_lognormal_with_the_median_of_the_item():
    seconds = given_answers(Behaviour(pace_sd=0.3, item_seconds=50.0)).seconds(
        np.arange(4000), np.zeros(4000, dtype=np.intp)
    )
    assert np.median(seconds) == pytest.approx(50, rel=0.05)
    assert np.log(seconds).std() == pytest.approx(np.hypot(0.3, 0.4), rel=0.05)
    assert at.simulate(EXAM, 20, behaviour=Behaviour(pace_sd=0.3)).values["mean_time_s"].value > 60


def test_the_same_simulee_answers_the_same_item_alike_wherever_it_stands():
    answers = given_answers(Behaviour(), 50)
    who = np.arange(50)
    assert answers(who, np.full(50, 7), 0).tolist() == answers(who, np.full(50, 7), 9).tolist()


def test_graded_answers_follow_their_probabilities():
    graded = ItemParameters.of(GradedItems(("g",), [1.2], [[-1.0, 0.5]]))
    of = ModelRespondents.of(Pool(graded), 2)
    n = 8000
    got = of.at_work(np.full(n, 0.3), np.arange(n, dtype=np.uint64), np.arange(n))(
        np.arange(n), np.zeros(n, dtype=np.intp), 0
    )
    want = graded.probability(np.array([0.3]))[0, 0]
    assert np.bincount(got, minlength=3) / n == pytest.approx(want, abs=4 * np.sqrt(0.25 / n))


@pytest.mark.slow
def test_true_parameters_are_drawn_from_their_covariance():
    two = POOL.parameters.take(np.array([0, 1]))
    names = tuple((item, name) for item in two.ids for name in ("discrimination", "difficulty"))
    root = np.array([[0.1, 0, 0, 0], [0.05, 0.2, 0, 0], [0, 0, 0.1, 0], [0.02, 0.1, 0, 0.1]])
    block = CovarianceBlock(names, np.einsum("ik,jk->ij", root, root))
    table = ParameterTable.of(two)
    moved = []
    for seed in range(3000):
        items = drawn(table, seed, [block]).blocks[0]
        moved.append([items.b[0] - ITEMS.b[0], items.b[1] - ITEMS.b[1], np.log(items.a[0] / ITEMS.a[0])])
    seen = np.cov(np.array(moved).T)
    matrix = block.matrix
    assert seen[0, 0] == pytest.approx(matrix[1, 1], rel=0.15)
    assert seen[0, 1] == pytest.approx(matrix[1, 3], rel=0.3)
    assert seen[2, 2] == pytest.approx(matrix[0, 0] / ITEMS.a[0] ** 2, rel=0.15)
    alone = ParameterTable.of(two, se={"difficulty": np.array([0.3, np.nan])})
    shifts = [drawn(alone, seed).blocks[0].b - ITEMS.b[:2] for seed in range(2000)]
    assert np.std([shift[0] for shift in shifts]) == pytest.approx(0.3, rel=0.08)
    assert {shift[1] for shift in shifts} == {0.0}


def cells(n=60, seed=7):
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=n)
    p = POOL.parameters.probability(theta)[..., 1]
    return (rng.random((n, J)) < p).astype(np.int8)


def test_people_are_given_their_own_answers_and_nothing_that_they_did_not_answer():
    own = cells()
    own[:30, ::2] = -1  # half of them never saw domain A
    own[30:, 5] = -1
    blocks = []
    responses = Responses.of(own, IDS)
    study = at.simulate(EXAM, responses=responses, seed=1, each=blocks.append)
    assert study.real
    assert study.n == 30
    assert study.notes == (
        "30 people were left out: without the items that they did not answer the exam's rules cannot be kept",
        "30 items that their person did not answer could not be asked",
        "the answers carry no times: nothing is said of time, and no time limit is applied",
    )
    assert "mean_time_s" not in study.measures.overall
    (block,) = blocks
    for k, (rows, scores) in enumerate(zip(block.done.rows, block.done.scores, strict=True)):
        given_rows = rows[rows >= 0]
        assert 5 not in given_rows
        assert scores[rows >= 0].tolist() == own[30 + k, given_rows].tolist()
    reference = at.score(POOL.parameters, responses.take_persons(np.arange(30, 60)), method="eap").theta
    assert block.truth == pytest.approx(reference, abs=1e-6)


def test_times_that_people_took_are_theirs_in_the_exam_and_one_without_a_time_is_told():
    own = cells()
    seconds = np.random.default_rng(4).uniform(5, 90, own.shape).round(3)
    seconds[2, 7] = np.nan
    blocks = []
    study = at.simulate(EXAM, responses=Responses.of(own, IDS), time_s=seconds, each=blocks.append)
    assert study.notes == ("answers without a time count as 0 seconds: 1",)
    known = np.nan_to_num(seconds)
    expected = [known[k, rows[rows >= 0]].sum() for block in blocks for k, rows in enumerate(block.done.rows)]
    assert blocks[0].done.seconds == pytest.approx(expected, abs=1e-6)
    assert study.measures.overall["mean_time_s"].value == pytest.approx(np.mean(expected), abs=1e-6)
    for wrong, sentence in (
        (seconds[1:], r"time_s: must have shape \(60, 60\), as the responses; got \(59, 60\)"),
        (-seconds, "time_s: must be seconds, finite and at least 0; got -"),
    ):
        with pytest.raises(OptionError, match=sentence):
            at.simulate(EXAM, responses=Responses.of(own, IDS), time_s=wrong)
    with pytest.raises(OptionError, match="time_s: belongs to responses; none are given"):
        at.simulate(EXAM, 5, time_s=seconds)
    assert "no times are simulated: nothing is said of time, and no time limit is applied" in (
        at.simulate(EXAM, 5).notes
    )


@pytest.mark.parametrize(
    ("own", "ids", "sentence"),
    [
        (np.zeros((3, 2), np.int8), ("x", "y"), "none of the 2 items answered is in the exam's pool"),
        (
            np.zeros((3, 2), np.int8),
            ("i00", "i01"),
            "none of 3 people answered enough of the exam's 60 items to sit it",
        ),
        (np.full((3, 1), 2, np.int8), ("i00",), "item 'i00': score must be in 0..1; got 2"),
    ],
)
def test_responses_that_do_not_fit_are_refused(own, ids, sentence):
    with pytest.raises(ResponseError) as refused:
        at.simulate(EXAM, responses=Responses.of(own, ids))
    assert str(refused.value) == sentence


def test_exams_are_compared_on_the_same_simulees_with_paired_errors():
    longer = design(length={"minimum": 12, "maximum": 12})
    blocks = [], []
    found = compare([EXAM, longer], Asked(300, 5), batch=70, each=[each.append for each in blocks])
    (one,) = found.differences
    truth, first = columns(blocks[0])
    again, second = columns(blocks[1])
    assert truth.tolist() == again.tolist()
    difference = (second - truth) ** 2 - (first - truth) ** 2
    assert one.measures["square"].value == pytest.approx(difference.mean())
    assert one.measures["square"].se == pytest.approx(difference.std(ddof=1) / np.sqrt(300))
    assert one.same_decision.value == ((first >= 0) == (second >= 0)).mean()
    apart = np.hypot(*(study.values["mean_absolute_error"].se for study in found.studies))
    assert one.measures["error"].se < apart * 1.2
    same = compare([EXAM, design(title="Another title")], Asked(50, 5)).differences[0]
    assert {value.value for value in same.measures.values()} == {0.0}


def test_requirements_are_held_against_what_was_found():
    found = {"accuracy": Value(0.9, 0.01), "max_exposure": Value(0.265, 0.01), "bias": Value(-0.2, 0.01)}
    met = held({"accuracy": 0.95, "max_exposure": 0.25, "bias": 0.1, "mean_time_s": 5.0}, found, 1000)
    assert [one.met for one in met] == [False, True, False, False]
    assert [one.sentence for one in met] == [
        "accuracy must be at least 0.95; got 0.9 (0.01): not met",
        "max_exposure must be at most 0.25; got 0.265 (0.01): met, within the error of this study",
        "bias must be at most 0.1; got -0.2 (0.01): not met",
        "mean_time_s must be at most 5; this study has no such measure",
    ]
    study = at.simulate(design(require={"accuracy": 0.999, "mean_length": 12}), 100)
    assert [one.met for one in study.requirements] == [False, True]
    assert not study.in_order


def test_a_broken_rule_is_counted_from_what_was_given(studied):
    from adaptest.simulation.checks import broken

    _, blocks = studied
    done = blocks[0].done
    assert set(broken(done).values()) == {0}
    twice = done.rows.copy()
    twice[0, 1] = twice[0, 0]
    assert broken(replace(done, rows=twice))["repeats"] == 1
    one_domain = done.rows.copy()
    one_domain[0, : done.length[0]] = np.arange(0, 2 * done.length[0], 2)
    assert broken(replace(done, rows=one_domain))["content"] == 1


def test_the_bank_s_gap_is_the_items_that_the_cap_asks_for(studied):
    study, _ = studied
    bank = adequacy(study.found, 0.1)
    used = {cell.area: 0.0 for cell in bank.cells}
    for cell in bank.cells:
        used[cell.area] += cell.needed
        assert cell.to_write == max(int(np.ceil(round(cell.needed - cell.held, 6))), 0)
    assert sum(used.values()) == pytest.approx(12 / 0.1, rel=0.02)
    assert sum(cell.held for cell in bank.cells) == J
    assert 0 < bank.lost < 0.5
    assert adequacy(study.found, 0.5).to_write < bank.to_write
    assert all(sentence.startswith("write ") for sentence in bank.sentences)


def test_yardsticks_are_in_order_of_what_they_know(studied):
    study, _ = studied
    rmse = {one.name: one.rmse.value for one in study.yardsticks}
    assert rmse["whole_pool"] < rmse["exam"] < rmse["random_items"]
    assert study.yardsticks[1].length in EXAM.reach.stops
    assert study.consistency[0].value > 0.5


def test_ctrl_c_keeps_the_blocks_that_are_finished():
    def stop(progress):
        if progress.done >= 40:
            raise KeyboardInterrupt

    study = at.simulate(EXAM, 100, batch=20, progress=stop)
    assert study.interrupted
    assert (study.n, study.asked) == (40, 100)


def test_what_progress_raises_ends_the_study():
    def stop(progress):
        raise ZeroDivisionError(progress.total)

    with pytest.raises(ZeroDivisionError, match="100"):
        at.simulate(EXAM, 100, batch=20, progress=stop)
