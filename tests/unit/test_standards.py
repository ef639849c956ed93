"""Standard setting: ratings as they come, both methods by hand, agreement, impact, the record of a cut."""

import numpy as np
import pytest

from adaptest.errors import StandardSettingError
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.scoring.expected_score import expected_score
from adaptest.standards import CutRecord, Ratings, angoff, booklet, bookmark, read_cut, read_ratings
from adaptest.standards.consistency import Generalizability, specification_error
from adaptest.standards.impact import impact
from adaptest.standards.standard import bootstrap, outlying

ITEMS = ItemParameters.of(
    LogisticItems(tuple("abcd"), [1.0, 1.2, 0.8, 1.5], [-1.0, 0.0, 0.5, 1.2], [0.2, 0.0, 0.25, 0.1], [1] * 4)
)
JUDGES = ("j1", "j2", "j3", "j4", "j5")


def ratings(rounds, items="abcd"):
    return Ratings(
        JUDGES[: len(rounds[0])], tuple(items), tuple(map(str, range(len(rounds)))), np.array(rounds)
    )


def marks(*rounds):
    return ratings([[[page] for page in one] for one in rounds], ("bookmark",))


def at(theta, spread=()):
    """Judges whose ratings are the model's, each at a theta of its own."""
    return [ITEMS.expected_score(np.array([theta + by]))[0].tolist() for by in (0.0, *spread)]


def test_a_panel_that_rates_as_the_model_says_has_its_own_theta_as_the_cut():
    found = angoff(ITEMS, ratings([at(0.4, (-0.1, 0.1, 0.2, -0.2))]))
    assert found.judge_theta == pytest.approx([0.4, 0.3, 0.5, 0.6, 0.2])
    assert found.theta == pytest.approx(0.4, abs=0.005)
    assert expected_score(ITEMS, [found.theta])[0] == pytest.approx(found.raw)
    assert found.judge_columns["absolute_error"] == pytest.approx(np.zeros(5), abs=1e-12)
    assert found.judge_columns["consistency"] == pytest.approx(np.ones(5))
    assert found.agreement["mean_correlation_with_model"] == pytest.approx(1)
    slope = (expected_score(ITEMS, [found.theta + 1e-5]) - expected_score(ITEMS, [found.theta - 1e-5]))[
        0
    ] / 2e-5
    assert found.se == pytest.approx(found.judge_raw.std(ddof=1) / np.sqrt(5) / slope)
    # the mean square of judges is n times the variance of their means: with items fixed it is the same error
    assert found.se_by["generalizability_items_fixed"] == pytest.approx(found.se)
    assert found.se_by["generalizability"] > found.se
    assert found.se_by["bootstrap"] == pytest.approx(found.se * np.sqrt(4 / 5), rel=0.05)


def test_rounds_are_told_apart_and_the_last_one_counts():
    first, last = at(0.0, (0.5, -0.5)), at(0.3, (0.1, -0.1))
    first[1][2] = np.nan  # a judge who left an item out of the first round
    found = angoff(ITEMS, ratings([first, last]))
    assert [(one.name, one.judges) for one in found.rounds] == [("0", 2), ("1", 3)]
    assert found.rounds[-1].theta == found.theta
    assert found.rounds[0].sd > found.rounds[1].sd
    assert np.isnan(found.rounds[0].changed)
    assert found.rounds[1].changed > 0


def test_categories_count_by_their_expected_score():
    graded = ItemParameters.of(GradedItems(("g",), [1.2], [[-0.5, 0.8]]), ITEMS.take(np.array([1])).blocks[0])
    rows = [graded.expected_score(np.array([t]))[0].tolist() for t in (0.2, 0.3)]
    found = angoff(graded, ratings([rows], ("g", "b")))
    assert found.theta == pytest.approx(0.25, abs=1e-3)


def test_pages_stand_where_the_response_probability_is_reached():
    pages = booklet(ITEMS)
    assert pages.items == ("a", "b", "c", "d")
    p = [ITEMS.probability(np.array([t]))[0, k, 1] for k, t in enumerate(pages.location)]
    assert p == pytest.approx([0.67] * 4)
    # (P - c) / (1 - c) = .67 at b + ln(.67 / .33) / a
    by_hand = np.array([-1.0, 0.0, 0.5, 1.2]) + np.log(0.67 / 0.33) / np.array([1.0, 1.2, 0.8, 1.5])
    assert booklet(ITEMS, guessing_corrected=True).corrected == pytest.approx(np.sort(by_hand))
    graded = ItemParameters.of(GradedItems(("g",), [1.0], [[-0.5, 0.8]]))
    assert booklet(graded, probability=0.5).location == pytest.approx([-0.5, 0.8])
    assert booklet(graded).score.tolist() == [1, 2]


def test_a_bookmark_is_read_as_the_page_before_it_its_own_or_between():
    pages = booklet(ITEMS)
    said = marks([3, 3, 2], [3, 4, 2])
    before, on, between = (bookmark(pages, said, placement=word) for word in ("before", "on", "midpoint"))
    assert before.judge_theta == pytest.approx(pages.location[[1, 2, 0]])
    assert on.judge_theta == pytest.approx(pages.location[[2, 3, 1]])
    assert between.judge_theta == pytest.approx((before.judge_theta + on.judge_theta) / 2)
    assert before.theta == pytest.approx(pages.location[1])
    mean = bookmark(pages, said, summary="mean")
    assert mean.theta == pytest.approx(before.judge_theta.mean())
    assert mean.se == pytest.approx(before.judge_theta.std(ddof=1) / np.sqrt(3))
    assert before.se == pytest.approx(mean.se * np.sqrt(np.pi / 2))
    ends = bookmark(pages, marks([1, 5])).judge_theta
    assert ends == pytest.approx(pages.location[[0, 3]])
    assert [one.changed for one in before.rounds][1] == pytest.approx(1 / 3)


def test_with_guessing_both_cuts_are_told():
    found = bookmark(booklet(ITEMS), marks([3, 3, 3]))
    plain, corrected = found.agreement["cut_uncorrected"], found.agreement["cut_guessing_corrected"]
    assert plain == found.theta
    assert corrected > plain or corrected == pytest.approx(plain)
    assert found.notes[-1] == (
        f"guessing decides: the same pages read as locations give uncorrected {plain:.3f}, "
        f"guessing corrected {corrected:.3f}"
    )


RANGE = (
    "judge 'j1', item 'b': a rating must be in [0, 1]; got 55 (and 1 more); percentages are divided by 100"
)
OFF_THE_CURVE = (
    "the panel's mean of sums must lie on the test characteristic curve, between 0.55 and 4.00; got 0.40"
)
NEVER = (
    "item 'x': must reach a response probability of 0.67, rising, to have a page; "
    "leave it out of the parameters"
)
UNKNOWN = "item 'x': must have parameters; it was rated without"
WORDS = "method, panel, date, scale_id, theta, se, adopted_by, adopted_theta, reason"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: angoff(ITEMS, ratings([at(0)], "abcx")), UNKNOWN),
        (
            lambda: angoff(ITEMS, ratings([[[0.5, np.nan, 0.5, 0.5]]])),
            "judge 'j1': must rate item 'b' in round '0'; there is no rating",
        ),
        (
            lambda: angoff(ITEMS, ratings([[[0.5, 55, 60, 0.5]]])),
            RANGE,
        ),
        (
            lambda: angoff(ITEMS, ratings([[[0.1, 0.1, 0.1, 0.1]]])),
            OFF_THE_CURVE,
        ),
        (
            lambda: booklet(ITEMS, probability=1.0),
            "a response probability must be within (0, 1); got 1",
        ),
        (
            lambda: booklet(ItemParameters.of(LogisticItems(("x",), [1], [0], [0.8], [1]))),
            NEVER,
        ),
        (
            lambda: bookmark(booklet(ITEMS), ratings([at(0)])),
            "bookmarks must be in one column, 'bookmark'; got a, b, c",
        ),
        (
            lambda: bookmark(booklet(ITEMS), marks([2, 6])),
            "judge 'j2', round '0': a bookmark must be a page from 1 to 5; got 6",
        ),
        (
            lambda: bookmark(booklet(ITEMS), marks([2, 3], [2, np.nan])),
            "judge 'j2': must have a bookmark in round '1'; there is none",
        ),
    ],
)  # fmt: skip
def test_what_a_panel_cannot_have_said_is_one_sentence(make, sentence):
    with pytest.raises(StandardSettingError) as refused:
        make()
    assert str(refused.value) == sentence


TWICE = "judge,item,rating\n1,a,1\n1,a,0\n"
LONG = "judge,round,item,rating\n1,A,a,.5\n1,A,b,.6\n2,A,a,.4\n2,A,b,\n1,B,a,.7\n"


def test_long_and_wide_files_say_the_same(tmp_path):
    long, wide = tmp_path / "long.csv", tmp_path / "wide.csv"
    long.write_text(LONG, encoding="utf-8")
    wide.write_text("judge,round,a,b\n1,A,.5,.6\n2,A,.4,\n1,B,.7,\n", encoding="utf-8")
    one, other = read_ratings(long), read_ratings(wide)
    assert (one.judges, one.items, one.rounds) == (("1", "2"), ("a", "b"), ("A", "B"))
    assert (one.judges, one.items, one.rounds) == (other.judges, other.items, other.rounds)
    assert one.value == pytest.approx(other.value, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ": must have a column judge; got nothing"),
        ("who,item,rating\n", ": must have a column judge; got who, item, rating"),
        ("judge,a,a\n", ": column 'a' must come once; it comes twice"),
        ("judge,a\n1\n", ":2: must have 2 cells; got 1"),
        ("judge,a\n1,x\n", ":2: judge '1', item 'a': a rating must be a number; got 'x'"),
        (TWICE, ":3: judge '1' must rate item 'a' once a round; it is there twice"),
        ("judge,a\n1,\n", ": must hold ratings; got none"),
    ],
)  # fmt: skip
def test_a_ratings_file_that_breaks_a_rule_is_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StandardSettingError) as refused:
        read_ratings(path)
    assert str(refused.value) == f"{path}{sentence}"


def test_variance_components_are_those_of_a_textbook_table():
    # Brennan (2001), table 3.1's kind of design, small enough for the head: rows are judges
    found = Generalizability.of(np.array([[1.0, 2, 3], [3, 4, 5]]))
    assert (found.judges, found.items, found.residual) == (
        pytest.approx(2),
        pytest.approx(1),
        pytest.approx(0),
    )
    assert found.se_items_fixed == pytest.approx(1)
    assert found.se_of_mean == pytest.approx(np.sqrt(1 + 1 / 3))
    assert found.dependability == pytest.approx(1 / (1 + 2 / 2))


def test_the_specification_error_is_van_der_lindens():
    error, index = specification_error(np.array([[0.5, 0.9]]), np.array([[0.6, 0.7]]), np.ones(2))
    assert error == pytest.approx([0.15])
    assert index == pytest.approx([1 - 0.15 / 0.65])


def test_every_panel_drawn_anew_has_as_many_judges():
    counts = bootstrap(7, 50)
    assert (counts.sum(axis=1) == 7).all()
    assert counts.std() > 0.5


def test_a_judge_far_from_the_others_is_named():
    said = outlying(("a", "b", "c", "d", "e"), np.array([1.0, 1.1, 0.9, 1.0, 3.0]))
    assert said == ["judge 'e' is +24.5 standard deviations from the others"]
    assert outlying(("a", "b"), np.array([0.0, 9.0])) == []


def test_impact_counts_people_or_a_normal_population():
    rows = impact(0.0, 0.5, ITEMS)
    assert [row.passing for row in rows] == pytest.approx([0.8413447, 0.6914625, 0.5, 0.3085375, 0.1586553])
    some = impact(0.0, 0.5, ITEMS, people=np.array([-1.0, -0.4, 0.0, 0.6]))
    assert [row.passing for row in some] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert rows[2].share == pytest.approx(rows[2].expected_score / 4)
    assert len(impact(0.0, float("nan"), ITEMS)) == 1


RECORD = CutRecord("angoff", "12 nurses", "2026-11-27", "peer-2026", 0.25, 0.08, "The board")


def test_a_record_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "cut.yaml"
    path.write_text(RECORD.text(), encoding="utf-8")
    assert read_cut(path) == RECORD
    assert RECORD.value == 0.25
    lower = CutRecord("angoff", "p", "2026-11-27", "s", 0.25, 0.08, "The board", 0.17, "one SE lower")
    path.write_text(lower.text(), encoding="utf-8")
    assert read_cut(path).value == 0.17


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("format: adaptest-cut/1", "format: x"), ": format must be adaptest-cut/1; got 'x'"),
        (("panel: 12 nurses\n", ""), ": a cut must say panel; it is missing"),
        (("theta: 0.25", "theta: high"), ": theta must be a number; got 'high'"),
        (("se: 0.08", "se: -0.08"), ": se must be a number, 0 or more; got -0.08"),
        (("date: '2026-11-27'", "date: yesterday"), ": date must be as 2026-11-27; got 'yesterday'"),
        (("panel: 12 nurses", "panel: 12"), ": panel must be text; got 12"),
        (("method:", "methods:"), f": 'methods' is no word of a cut; known are {WORDS}"),
        (("method: angoff", "method: [angoff"), ":3: must be YAML; it cannot be read"),
    ],
)  # fmt: skip
def test_a_cut_file_that_breaks_a_rule_is_one_sentence(tmp_path, change, sentence):
    path = tmp_path / "cut.yaml"
    path.write_text(RECORD.text().replace(*change), encoding="utf-8")
    with pytest.raises(StandardSettingError) as refused:
        read_cut(path)
    assert str(refused.value) == f"{path}{sentence}"
