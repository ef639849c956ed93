"""The shipped bank is what it promises: enough items, all explained, provisional, and fit for its exams."""

import json
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from adaptest.bank.files import load_bank
from adaptest.bank.lifecycle import SHOWN
from adaptest.bank.provisional import write_judged_run
from adaptest.bank.releases import current_release, read_releases, read_run
from adaptest.bank.snapshot import current_snapshot
from adaptest.engine.sitting import deal_pretest
from adaptest.engine.spec import build, read_exam
from adaptest.report.judged_run import page as judged_page

NAME = "peer-support"
FEWEST = {"REC": 7, "ADM": 7, "INT": 12, "BHF": 7, "ADV": 5, "COM": 5, "RES": 5, "CRI": 5}
TARGET = {"REC": 18, "ADM": 18, "INT": 18, "BHF": 14, "ADV": 10, "COM": 8, "RES": 7, "CRI": 7}
LISTENING = "active-listening-empathy"
CONCEPTS = 30
WIDEST_BAND = 3  # percentage points about the target, as EXAM_DOMAIN proposes


@pytest.fixture(scope="module")
def bank(root):
    return load_bank(root / "itembank" / NAME)


@pytest.fixture(scope="module")
def calibration(root):
    return root / "calibration" / NAME


@pytest.fixture(scope="module")
def snapshot(bank, root):
    return current_snapshot(bank, root / "calibration", datetime.now(UTC))


@pytest.fixture(scope="module")
def run(calibration):
    return read_run(calibration, current_release(read_releases(calibration), datetime.now(UTC), bank=NAME))


def operational(bank):
    return [item for item in bank.items if item.status == "operational"]


def drills(bank):
    return [name for name in bank.exams if name.startswith("drill-")]


def test_there_are_enough_items_of_each_domain(bank):
    items = operational(bank)
    assert len(items) >= 60
    by_domain = Counter(item.domain for item in items)
    assert {code: by_domain[code] for code in FEWEST if by_domain[code] < FEWEST[code]} == {}
    assert sum(item.competency == LISTENING for item in items) >= 12


def test_there_are_eight_domains_and_eighteen_competencies(bank):
    assert list(bank.domains) == list(FEWEST)
    assert len(bank.competencies) == 18
    assert LISTENING in bank.competencies


def test_every_option_of_every_item_is_explained_in_its_own_words(bank):
    for item in bank.items:
        assert set(item.rationale) == set(item.options), item.id
        assert len(set(item.rationale.values())) == len(item.options), item.id
        assert min(len(text.split()) for text in item.rationale.values()) >= 6, item.id


def test_items_have_four_options_and_keys_are_spread(bank):
    assert {len(item.options) for item in bank.items} == {4}
    keys = Counter(item.key for item in bank.items)
    expected = len(bank.items) / 4
    assert (
        sum((keys[letter] - expected) ** 2 / expected for letter in "ABCD") < 7.815
    )  # chi-square, 3 df, .05


def test_the_key_is_not_the_longest_option_too_often(bank):
    longest = sum(max(item.options, key=lambda x: len(item.options[x])) == item.key for item in bank.items)
    n = len(bank.items)
    assert abs(longest - n / 4) <= 1.96 * np.sqrt(n * 3 / 16)


def test_no_two_items_are_the_same_question(bank):
    assert len({item.stem for item in bank.items}) == len(bank.items)
    assert len({item.fingerprint for item in bank.items}) == len(bank.items)


def test_every_competency_has_items_and_a_lesson_that_they_lead_to(bank):
    assert list(bank.lessons) == list(bank.competencies)
    assert {item.competency for item in bank.items} == set(bank.competencies)
    for item in bank.items:
        assert item.reference == f"lesson {item.competency}", item.id


def test_levels_are_mixed_as_proposed(bank):
    levels = Counter(item.level for item in bank.items)
    share = {level: levels[level] / len(bank.items) for level in levels}
    assert share["recall"] <= 0.25
    assert 0.45 <= share["application"] <= 0.60
    assert 0.25 <= share["judgement"] <= 0.40


def test_difficulties_are_judged_on_all_five_levels(bank):
    assert len({item.judged_difficulty for item in bank.items}) == 5
    assert all(item.judged_difficulty for item in bank.items)


def test_thirty_ideas_of_listening_are_in_items_and_in_lessons(bank):
    listed = {concept.id: concept.title.split(":")[0] for concept in bank.header.concepts}
    asked = {concept for item in bank.items for concept in item.concepts}
    lessons = " ".join(" ".join(lesson.text.lower().split()) for lesson in bank.lessons.values())
    taught = {name for name, title in listed.items() if title.lower() in lessons}
    assert asked <= set(listed)
    assert len(asked & taught) >= CONCEPTS
    listening = [concept for item in bank.items if item.competency == LISTENING for concept in item.concepts]
    assert len(set(listening)) >= CONCEPTS - 5  # the rest belongs to self-care and boundaries


def test_the_disclaimer_names_whom_it_is_not(bank):
    for name in ("CalMHSA", "DHCS", "HumRRO", "Pearson VUE", "not affiliated"):
        assert name in bank.header.disclaimer
    assert "provisional" in bank.header.provisional_note.lower()


def test_every_item_has_provisional_parameters_and_is_in_the_pool(bank, snapshot):
    assert snapshot.left_out == ()
    assert set(snapshot.pool.ids) == {item.id for item in bank.items if item.status in SHOWN}
    assert snapshot.pool.provisional
    assert snapshot.release.provisional
    assert set(snapshot.table.models) == {"rasch"}
    assert set(snapshot.table.basis) == {"judged"}
    assert set(snapshot.table.scale_id) == {snapshot.release.scale_id}
    assert (snapshot.table.se["difficulty"] >= 0.7).all()
    (block,) = snapshot.pool.parameters.blocks
    assert len(set(block.b.tolist())) == 5


def test_the_run_says_truthfully_who_judged(run):
    assert run.record["basis"] == "judged"
    said = run.record["judged_by"]
    for part in ("language model", "no panel of experts", "no candidate"):
        assert part in said
    assert run.record["n_persons"] == run.record["n_responses"] == 0
    assert run.record["log_likelihood"] is None


def test_the_run_in_effect_is_made_again_byte_for_byte(bank, run, calibration, tmp_path):
    again = tmp_path / "again"
    write_judged_run(
        bank,
        again,
        run.release.scale_id,
        judged_by=run.record["judged_by"],
        version=run.record["version"],
        by="a test",
        at=datetime.now(UTC),
    )
    for name in ("parameters.csv", "run.json"):
        same = (again / name).read_bytes() == (calibration / run.release.run / name).read_bytes()
        assert same, f"{name}: the bank's items changed; run python .ci/provisional.py"
    page = (calibration / run.release.run / "report.html").read_text(encoding="utf-8")
    assert all(item in page for item in run.item_fingerprints)  # its looks may change, its content not
    assert run.record["judged_by"] in judged_page(bank, run.record)
    kept = json.loads((calibration / run.release.run / "provenance.json").read_text(encoding="utf-8"))
    made = json.loads((again / "provenance.json").read_text(encoding="utf-8"))
    assert kept.keys() == made.keys()


def test_every_release_is_there_unaltered(calibration):
    for release in read_releases(calibration):
        assert read_run(calibration, release).release == release


def test_there_is_a_drill_for_each_competency(bank):
    assert sorted(drills(bank)) == sorted(f"drill-{name}" for name in bank.competencies)
    assert bank.header.default_exam == "practice"


def exam_of(bank, name):
    file = bank.exam(name)
    return read_exam(file.text, file.path)


def test_every_exam_can_run(bank, snapshot):
    assert set(bank.exams) == {"practice", "certification", "mock-linear", *drills(bank)}
    for name in bank.exams:
        exam = exam_of(bank, name)
        assert exam.spec.id == name
        assert exam.spec.options.shuffle
        design = build(exam, snapshot.pool)
        assert set(design.pool.attributes["status"]) == {"operational"}, name
        if name == "practice" or name in drills(bank):
            assert exam.spec.stakes == "practice"
            assert exam.spec.feedback.explanation == "after_each"


@pytest.mark.parametrize(
    ("name", "shortest", "longest"),
    [("practice", 23, 40), ("certification", 60, 100), ("mock-linear", 120, 120)],
)
def test_an_exam_can_stop_at_every_length_it_may_have(bank, snapshot, name, shortest, longest):
    exam = exam_of(bank, name)
    assert (exam.spec.length.minimum, exam.spec.length.maximum) == (shortest, longest)
    design = build(exam, snapshot.pool)
    assert design.reach.stops == tuple(range(shortest, longest + 1))


def test_the_practice_exam_stops_when_it_is_precise_enough(bank):
    rules = exam_of(bank, "practice").spec.stopping
    assert [dict(rule) for rule in rules] == [{"rule": "sem", "at_most": 0.40}]


def test_the_certification_exam_keeps_the_policy_of_one(bank, snapshot):
    exam = exam_of(bank, "certification")
    spec = exam.spec
    assert (spec.stakes, spec.demo, spec.secure) == ("certification", True, True)
    assert spec.feedback.explanation == "none"
    assert spec.estimation.final == "wle"
    (rule,) = [dict(rule) for rule in spec.stopping]
    assert rule == {"rule": "confidence_interval", "cut": spec.reporting.cut.theta, "confidence": 0.95}
    design = build(exam, snapshot.pool)
    assert (design.seeding.items, design.seeding.first, design.seeding.last) == (10, 4, 89)
    assert set(design.pool.unscored.ids) == {item.id for item in bank.items if item.status == "pretest"}
    assert len(design.pool.unscored) >= 40
    policy = design.policy
    assert (policy.version, policy.cut, policy.estimator, policy.review) == ("demo-1", 0.0, "wle", "none")
    assert (policy.time.limit_s, policy.time.run_out) == (9000, "final_estimate")
    assert (policy.breaks.number, policy.breaks.after) == (1, (60,))


def test_each_certification_sitting_is_dealt_ten_pretest_items_alike(bank, snapshot):
    design = build(exam_of(bank, "certification"), snapshot.pool)
    shown = Counter()
    for seed in range(100):
        dealt = deal_pretest(design, seed, shown=shown)
        assert len(dealt) == 10
        shown.update(item for _, item in dealt)
    used = [shown[item] for item in design.pool.unscored.ids]
    assert max(used) - min(used) <= 1


def test_the_form_of_the_mock_exam_keeps_its_blueprint(bank, snapshot):
    exam = exam_of(bank, "mock-linear")
    form = exam.spec.form
    assert len(set(form)) == len(form) == 120
    items = [bank.item(name) for name in form]
    assert all(item.status == "operational" for item in items)
    domains = Counter(item.domain for item in items)
    levels = Counter(item.level for item in items)
    content = exam.spec.blueprint
    for counts, attribute in ((domains, "domain"), (levels, "level")):
        assert set(content.attributes[attribute]) == set(counts)
        for value, bounds in content.attributes[attribute].items():
            low, high = bounds.minimum_percent, bounds.maximum_percent
            assert low <= 100 * counts[value] / 120 <= high, value
    assert all(abs(domains[code] - 1.2 * percent) <= 1.5 for code, percent in TARGET.items())
    listening = sum(item.competency == LISTENING and item.domain == "INT" for item in items)
    assert 2 * listening >= domains["INT"]
    assert all(set(item.enemies).isdisjoint(form) for item in items)
    assert {item.competency for item in items} == set(bank.competencies)
    assert dict(exam.spec.selection.criterion) == {"name": "fixed_order"}
    assert build(exam, snapshot.pool).pool.ids == form


def test_the_mock_exam_measures_best_at_the_cut(bank, snapshot):
    design = build(exam_of(bank, "mock-linear"), snapshot.pool)
    at = design.pool.parameters.information(np.array([-1.0, 0.0, 1.0])).sum(axis=1)
    assert at[1] == at.max()
    assert 1 / np.sqrt(at[1]) <= 0.20


@pytest.mark.parametrize("name", ["practice", "certification", "mock-linear"])
def test_the_blueprint_is_the_proposed_one(bank, name):
    content = exam_of(bank, name).spec.blueprint
    bounds = content.attributes["domain"]
    for code, target in TARGET.items():
        low, high = bounds[code].minimum_percent, bounds[code].maximum_percent
        assert low + high == 2 * target, code
        assert (high - low) / 2 <= WIDEST_BAND, code
    (listening,) = content.rules
    assert listening.minimum_percent == 50
    assert LISTENING in listening.what
    assert "INT" in listening.of


def test_a_drill_asks_everything_there_is_on_its_competency(bank, snapshot):
    for name in drills(bank):
        file = bank.exam(name)
        design = build(read_exam(file.text, file.path), snapshot.pool)
        competency = name.removeprefix("drill-")
        assert set(design.pool.ids) == {i.id for i in operational(bank) if i.competency == competency}, name
        assert design.maximum is None
        assert design.stopping == ()
