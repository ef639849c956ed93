"""One sitting, for whoever asks: the same steps for a notebook, a terminal and a page."""

import json
from itertools import pairwise

import pytest

import adaptest as at
from adaptest.administration import open_records
from adaptest.administration.about import About, Cut
from adaptest.administration.exam import _left_out, exam_names, load_exam
from adaptest.administration.explain import explained, replayed
from adaptest.administration.result import _decision, status_of
from adaptest.administration.sentences import sentences
from adaptest.administration.sentences_en import ENGLISH
from adaptest.bank.layout import lay_out
from adaptest.engine.events import Estimated, ItemPresented, SittingEnded, SittingStarted
from adaptest.errors import BankFileError, ExamError, OptionError, SittingError, StoreError
from adaptest.stopping import IN_WORDS
from adaptest.store import candidates, sittings
from adaptest.workspace import open_workspace

EXAM = "peer-support/short"
SHORT = """
format: adaptest-exam/1
id: short
title: Short exam
length: {minimum: 6, maximum: 6}
selection: {criterion: information, picker: {name: randomesque, size: 5}}
feedback: {explanation: at_end}
reporting: {scale: {slope: 10.0, intercept: 50.0}, cut: {theta: 0.0, label: "demo value"}}
"""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("laid") / "out"
    lay_out(folder, "test")
    exams = folder / "itembank" / "peer-support" / "exams"
    (exams / "short.yaml").write_text(SHORT, encoding="utf-8")
    certification = SHORT.replace("id: short", "id: certification\nstakes: certification\ndemo: true")
    (exams / "certification.yaml").write_text(certification, encoding="utf-8")
    return folder


@pytest.fixture
def workspace(laid_out, tmp_path):
    text = (laid_out / "adaptest.toml").read_text("utf-8")
    for name in ("itembank", "calibration"):
        text = text.replace(f'"{name}"', json.dumps(str(laid_out / name)))
    (tmp_path / "adaptest.toml").write_text(text, encoding="utf-8")
    return open_workspace(tmp_path)


@pytest.fixture
def exam(workspace):
    return load_exam(EXAM, workspace)


def finish(sitting, letter="A"):
    items = []
    while (item := sitting.next_item()) is not None:
        items.append(item.item)
        sitting.answer(letter)
    return items


def test_the_python_face_is_the_one_that_is_documented(workspace, monkeypatch):
    monkeypatch.chdir(workspace.folder)
    monkeypatch.delenv("ADAPTEST_WORKSPACE", raising=False)
    exam = at.load_exam(EXAM)
    sitting = exam.start(seed=7)
    while (item := sitting.next_item()) is not None:
        assert set(item.options) == {"A", "B", "C", "D"}
        sitting.answer("B")
    result = sitting.result
    sitting.close()
    assert result.decision in {"pass", "fail"}
    assert result.n_items == 6
    assert result.reason == "maximum_length"
    assert set(result.bands) <= set(exam.about.domains)
    with open_records(workspace) as records:
        assert records.sitting(sitting.id).result == result


def test_a_trial_in_memory_decides_alike_and_leaves_nothing(exam, workspace):
    with exam.start(seed=7, record=False) as trial:
        items = finish(trial)
        told = trial.result
    assert not workspace.database.exists()
    with exam.start(seed=7) as recorded:
        assert finish(recorded) == items
        assert (recorded.result.theta, recorded.result.sem) == (told.theta, told.sem)


def test_the_same_item_waits_until_it_is_answered(exam):
    with exam.start(seed=1) as sitting:
        first = sitting.next_item()
        assert sitting.next_item() == first
        assert sitting.recorded == 0
        assert sitting.answer("C", time_s=1.5) == 1
        assert sitting.next_item().item != first.item


def test_a_resumed_sitting_shows_the_same_item_with_its_options_in_the_same_order(exam):
    with exam.start("Ann", seed=1) as sitting:
        sitting.next_item()
        sitting.answer("C")
        waiting = sitting.next_item()
    with exam.resume(candidate="Ann") as resumed:
        assert resumed.id == sitting.id
        assert resumed.recorded == 1
        assert resumed.next_item() == waiting
        assert list(resumed.next_item().options) == list(waiting.options)
        resumed.answer("A", time_s=1.0)  # the item was shown before: since when is not known
        assert resumed.events[-1].time_s is None
        resumed.next_item()
        resumed.answer("A", time_s=1.0)
        assert resumed.events[-1].time_s == 1.0
        finish(resumed)
        assert resumed.result.candidate == "Ann"


def test_a_sitting_goes_on_with_what_was_frozen_whatever_became_of_the_bank(exam, workspace, laid_out):
    with exam.start(seed=1) as sitting:
        waiting = sitting.next_item()
    path = laid_out / "itembank" / "peer-support" / "exams" / "short.yaml"
    text = path.read_text("utf-8")
    try:
        path.write_text("gone", encoding="utf-8")
        with open_records(workspace) as records, records.resume(sitting.id) as resumed:
            assert resumed.next_item() == waiting
            finish(resumed)
            assert replayed(records.sitting(sitting.id)).differences == ()
    finally:
        path.write_text(text, encoding="utf-8")


def test_options_come_in_an_order_drawn_for_the_sitting(exam):
    orders = set()
    for seed in range(3):
        with exam.start(seed=seed, record=False) as sitting:
            for _ in range(6):
                orders.add("".join(sitting.next_item().options))
                sitting.answer("A")
    assert len(orders) > 3
    question = sitting_question(exam)
    assert list(question.screen) == ["A", "B", "C", "D"]
    assert list(question.screen.values()) == list(question.options)


def sitting_question(exam):
    with exam.start(seed=1, record=False) as sitting:
        return sitting.next_item()


def test_a_question_holds_no_key_no_rationale_and_no_parameter(exam):
    question = sitting_question(exam)
    assert set(type(question).__slots__) == {
        "item", "number", "at_least", "at_most", "domain", "stem", "options",
    }  # fmt: skip


def test_an_answer_must_be_a_letter_of_the_item_that_waits(exam):
    with exam.start(seed=1, record=False) as sitting:
        with pytest.raises(SittingError) as early:
            sitting.answer("A")
        item = sitting.next_item().item
        with pytest.raises(OptionError) as wrong:
            sitting.answer("E")
        assert sitting.recorded == 0
    assert str(early.value) == "sitting 'trial': must have an item to answer; ask for the next item first"
    assert str(wrong.value) == f"item {item!r}: answer must be one of A, B, C, D; got 'E'"


def test_nothing_is_explained_before_the_end_where_the_exam_explains_at_the_end(exam):
    with exam.start(seed=1, record=False) as sitting:
        for _ in range(6):
            sitting.next_item()
            sitting.answer("A")
            assert sitting.feedback() is None
            assert sitting.missed() == ()
        assert sitting.next_item() is None
        assert sitting.missed()
        for told in sitting.missed():
            assert told.given == "A" != told.key
            assert set(told.rationale) == {"A", "B", "C", "D"}
        assert sitting.lessons_to_read()[0][1].startswith("adaptest lesson ")


def test_a_result_before_the_end_has_no_estimate(exam):
    with exam.start(seed=1, record=False) as sitting:
        sitting.next_item()
        sitting.answer("A")
        result = sitting.result
    assert (result.status, result.theta, result.decision, result.domains) == ("unfinished", None, None, ())
    assert result.n_items == 1


def test_a_practice_sitting_can_be_finished_early_and_replays(exam, workspace):
    with exam.start(seed=1) as sitting:
        sitting.next_item()
        sitting.answer("A")
        sitting.next_item()
        sitting.finish()
        assert sitting.next_item() is None
        assert sitting.result.reason == "finished_early"
        assert sitting.result.theta is not None
        with pytest.raises(SittingError) as again:
            sitting.finish()
    assert str(again.value) == f"sitting {sitting.id!r}: has ended already"
    with open_records(workspace) as records:
        assert replayed(records.sitting(sitting.id)).differences == ()


def test_a_certification_ends_by_its_rules_and_is_held(workspace):
    exam = load_exam("peer-support/certification", workspace)
    with exam.start("Ann", seed=1) as sitting:
        sitting.next_item()
        with pytest.raises(SittingError) as early:
            sitting.finish()
        finish(sitting)
        assert sitting.result.status == "held"
        assert sitting.missed() == ()
    assert str(early.value) == (
        f"sitting {sitting.id!r}: a certification exam ends by its rules alone; void it instead"
    )
    with open_records(workspace) as records:
        assert records.act(sitting.id, "release", "reviewed", "Bea").status == "released"
        assert records.act(sitting.id, "hold", "doubts", "Bea").status == "held"


def test_a_second_user_of_a_sitting_is_refused(exam, workspace):
    with exam.start(seed=1) as sitting, open_records(workspace) as records:
        sitting.next_item()
        sentence = (
            f"sitting {sitting.id!r}: another process is running it; go on there, or end that one first"
        )
        for call in (lambda: records.resume(sitting.id), lambda: records.act(sitting.id, "void", "x", "y")):
            with pytest.raises(SittingError) as caught:
                call()
            assert str(caught.value) == sentence
        sitting.answer("A")


def test_seen_items_are_left_out_as_far_as_the_content_rules_allow(workspace):
    practice = load_exam("peer-support/practice", workspace)
    ids = practice.design.pool.ids
    everything = _left_out(practice.design, ids)
    assert practice.design.can_run(everything)
    assert set(everything) < set(ids)
    assert everything[0] == ids[-1]  # the latest seen is the first to be left out
    # no further one could be left out
    assert not any(practice.design.can_run((*everything, item)) for item in set(ids) - set(everything))
    few = ids[:3]
    assert set(_left_out(practice.design, few)) == set(few)
    assert _left_out(practice.design, ("unknown",)) == ()


def test_what_a_candidate_saw_in_one_exam_is_left_out_of_the_next(exam, workspace):
    with exam.start("Ann", seed=1) as one:
        first = finish(one)
    with exam.start("Ann", seed=1) as two:
        second = finish(two)
        started = two.events[0]
    assert isinstance(started, SittingStarted)
    assert set(started.excluded) == set(first)
    assert not set(first) & set(second)
    with exam.start("Bob", seed=1) as three:
        assert finish(three) == first
    with exam.start(seed=1) as four:
        assert finish(four) == first
    with open_records(workspace) as records:
        assert "6 items left out because they were seen before" in "\n".join(
            explained(records.sitting(two.id))
        )


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_has_64_bits(exam, seed):
    with pytest.raises(OptionError) as caught:
        exam.start(seed=seed, record=False)
    assert str(caught.value) == f"seed must be in 0 .. 2**64 - 1; got {seed}"


def test_the_system_draws_the_seed_where_none_is_chosen(exam):
    seeds = set()
    for _ in range(3):
        with exam.start(record=False) as sitting:
            seeds.add(sitting.events[0].seed)
    assert len(seeds) == 3


def test_times_never_go_back_and_never_decide(exam):
    with exam.start(seed=1) as sitting:
        finish(sitting)
        stamps = [event.at for event in sitting.events]
    assert all(one <= two for one, two in pairwise(stamps))
    assert all(stamp.endswith("Z") for stamp in stamps)


def test_what_a_description_says_comes_back_in_the_same_order(exam):
    about = exam.about
    again = About.from_json(json.loads(json.dumps(about.to_json(), sort_keys=True)))
    assert again == about
    assert list(again.domains) == list(about.domains)
    with pytest.raises(StoreError) as caught:
        About.from_json({"format": "adaptest-about/9"})
    assert str(caught.value) == ("a sitting's description must be 'adaptest-about/1'; got 'adaptest-about/9'")


def test_exams_are_named_by_bank_and_exam(workspace):
    names = exam_names(workspace)
    assert EXAM in names
    assert "peer-support/practice" in names
    for name in ("short", "nobody/short", "peer-support/"):
        with pytest.raises(ExamError) as caught:
            load_exam(name, workspace)
        assert (
            str(caught.value) == f"exam {name!r}: must be bank/exam, and one that 'adaptest exam list' shows"
        )


def test_a_missing_folder_of_banks_is_named(tmp_path):
    (tmp_path / "adaptest.toml").write_text('format = "adaptest-workspace/1"\n', encoding="utf-8")
    workspace = open_workspace(tmp_path)
    with pytest.raises(BankFileError) as caught:
        exam_names(workspace)
    assert str(caught.value) == (
        f"folder '{tmp_path / 'itembank'}': must hold the item banks; got no such folder"
    )


def test_every_reason_to_end_has_a_sentence_for_candidates():
    assert set(IN_WORDS) <= set(ENGLISH.reason)


def test_a_language_is_chosen_by_its_first_part():
    assert sentences("en-US") is sentences("en") is ENGLISH
    with pytest.raises(BankFileError) as caught:
        sentences("tlh")
    assert str(caught.value) == "bank.yaml: language must be one of en; got 'tlh'"


@pytest.mark.parametrize(
    ("theta", "outcome", "decision"),
    [
        (0.5, "ok", "pass"),
        (0.4999, "ok", "fail"),
        (None, "all_correct", "pass"),
        (None, "all_incorrect", "fail"),
        (None, "no_responses", None),
    ],
)
def test_passing_is_at_or_above_the_cut_and_an_infinite_estimate_is_beyond_it(theta, outcome, decision):
    final = Estimated("mle", theta, 0.3, outcome)
    assert _decision(final, Cut(0.5, "")) == decision
    assert _decision(final, None) is None


def test_a_log_without_an_end_is_unfinished():
    log = [SittingStarted(1), ItemPresented("a", 0)]
    assert status_of(log) == "unfinished"
    assert status_of([*log, SittingEnded("sem")]) == "finished"


def test_a_log_of_which_an_answer_was_changed_no_longer_replays(exam, workspace):
    with exam.start(seed=1) as sitting:
        finish(sitting)
    with open_records(workspace) as records:
        stored = records.sitting(sitting.id)
        changed = list(stored.events)
        score = changed[4].score
        changed[4] = type(changed[4])(changed[4].item, "B", 1 - score, at=changed[4].at)
        found = replayed(type(stored)(stored.row, stored.candidate, stored.exam, tuple(changed)))
    assert found.decisions == 7
    assert found.differences


def test_facts_of_a_sitting_name_everything_it_runs_on(exam, workspace):
    with exam.start("Ann", seed=1) as sitting:
        pass
    with open_records(workspace) as records, records.database.read() as connection:
        row = sittings.find(connection, sitting.id)
        assert set(row.fixed["artifacts"]) == {"about", "design", "pool", "policy", "items"}
        assert row.fixed["release"] == exam.about.release
        assert row.pseudonym == candidates.pseudonym_of(connection, "Ann")
        assert "Ann" not in "".join(event.body for event in _bodies(connection, row))


def _bodies(connection, row):
    from adaptest.store import events

    return events.read(connection, row)
