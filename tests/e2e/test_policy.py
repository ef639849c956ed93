"""Time, breaks, changes and attempts at the command line: with a pipe, and at a real terminal."""

import csv
import io
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from adaptest.administration import load_exam, open_records
from adaptest.administration.explain import explained, replayed
from adaptest.workspace import open_workspace

TIMED = """
format: adaptest-exam/1
id: timed
title: Timed exam
stakes: practice
length: {minimum: 3, maximum: 5}
feedback: {explanation: at_end}
reporting: {scale: {slope: 10.0, intercept: 50.0}, cut: {theta: 0.0, label: "demo value"}}
policy:
  version: "2026-12"
"""


class Hands:
    """A clock that a test moves."""

    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


def add(adaptest, *lines, name="timed"):
    text = TIMED.replace("id: timed", f"id: {name}") + "".join(f"  {line}\n" for line in lines)
    return adaptest.add_exam(name, text)


def results(adaptest):
    return json.loads(adaptest("exam", "results", "--format", "json", check=0).stdout)


def rows(adaptest):
    out = adaptest.folder / "responses.csv"
    adaptest("exam", "responses", "--out", out, "--force", check=0)
    return list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))


def taken(adaptest, name, seconds, letter="A", **first):
    """Answer with the given seconds each until the exam ends, and return the sitting's id."""
    hands = Hands()
    with load_exam(name, adaptest.folder).start("Ann", seed=3, clock=hands, **first) as sitting:
        for wait in seconds:
            if sitting.next_item() is None:
                break
            hands.at += wait
            sitting.answer(letter)
        while sitting.next_item() is not None:
            sitting.answer(letter)
        return sitting.id, sitting.result


def stored(adaptest, sitting):
    with open_records(open_workspace(adaptest.folder)) as records:
        one = records.sitting(sitting)
        assert replayed(one).differences == ()
        return "\n".join(explained(one)), one


def test_an_answer_after_the_deadline_is_kept_and_not_counted(adaptest):
    name = add(adaptest, "time: {limit_s: 100}")
    sitting, result = taken(adaptest, name, [20, 20, 20, 50])
    assert (result.reason, result.n_items) == ("time_limit", 3)
    assert result.theta is not None
    assert [row["role"] for row in rows(adaptest)] == ["scored"] * 3 + ["late"]
    assert rows(adaptest)[0]["time_s"] == "20.0"
    story, _ = stored(adaptest, sitting)
    assert "ended: time limit" in story


def test_too_few_answers_in_time_are_a_fail_without_a_score(adaptest):
    name = add(adaptest, "time: {limit_s: 100}")
    _, result = taken(adaptest, name, [60, 60])
    assert (result.decision, result.theta, result.scale_score) == ("fail", None, None)
    page = adaptest.folder / "page.html"
    adaptest("exam", "report", "last", "--out", page, check=0)
    assert "too few questions were answered in time" in page.read_text("utf-8")


def test_a_time_multiplier_is_agreed_at_the_command_line_and_kept(adaptest):
    name = add(adaptest, "time: {limit_s: 100}")
    done = adaptest("exam", "take", name, "--accommodation", "time_multiplier=1.5", stdin="A\n" * 5, check=0)
    assert "2:30 left" in done.stdout
    _, one = stored(adaptest, "last")
    assert one.events[0].accommodations == (("time_multiplier", "1.5"),)
    sentence = adaptest.sentence("exam", "take", name, "--accommodation", "time_multiplier=0.5")
    assert sentence == "accommodation time_multiplier: must be a number in [1, 10]; got '0.5'"
    sentence = adaptest.sentence("exam", "take", name, "--accommodation", "extra=2")
    assert sentence == "accommodation 'extra': must be time_multiplier"
    sentence = adaptest.sentence("exam", "take", name, "--accommodation", "twice")
    assert sentence == "--accommodation must be NAME=VALUE, each name once; got 'twice'"


def test_a_prior_of_ones_own_is_a_fact_of_the_sitting(adaptest):
    name = add(adaptest)
    adaptest("exam", "take", name, "--prior-mean", "1.5", "--prior-sd", "0.5", stdin="A\n", check=1)
    _, one = stored(adaptest, "last")
    assert one.events[0].prior == (1.5, 0.5)
    assert one.events[1].decision.estimate.theta == 1.5
    sentence = adaptest.sentence("exam", "take", name, "--prior-sd", "-1")
    assert sentence == "a prior must be a finite mean and a standard deviation > 0; got (0.0, -1.0)"


@pytest.mark.parametrize(("clock", "left"), [("stops", 60.0), ("runs", -440.0)])
def test_an_interruption_is_logged_and_stops_the_clock_or_does_not(adaptest, clock, left):
    name = add(adaptest, f"time: {{limit_s: 100, interruption: {clock}}}")
    hands = Hands()
    with load_exam(name, adaptest.folder).start("Ann", seed=3, clock=hands) as sitting:
        sitting.next_item()
        hands.at = 40
        sitting.answer("A")
        sitting.time.pause()
        number = sitting.id
    hands.at = 540
    with (
        open_records(open_workspace(adaptest.folder)) as records,
        records.resume(number, clock=hands) as sitting,
    ):
        assert sitting.time.left_s == left
        assert (sitting.next_item() is None) == (clock == "runs")
        if clock == "stops":
            while sitting.next_item() is not None:
                sitting.answer("A")
    story, _ = stored(adaptest, number)
    counted = "did not count" if clock == "stops" else "counted"
    assert f"interrupted for 8:20, which {counted}" in story


def test_breaks_with_a_pipe(adaptest):
    name = add(adaptest, "breaks: {number: 1, length_s: 600}")
    done = adaptest("exam", "take", name, stdin="A\nP\nB\ngo on\nC\nD\nA\n", check=0)
    words = " ".join(done.stdout.split())
    assert "Your break comes after this question." in words
    assert "Break: up to 10:00." in words
    story, one = stored(adaptest, "last")
    kinds = [type(event).__name__ for event in one.events]
    assert kinds.index("BreakBegan") < kinds.index("BreakEnded")
    assert "break of 0:00" in story
    # one break is all there is: the next P is no letter of the question
    done = adaptest("exam", "take", name, stdin="P\nA\nx\nP\n", check=1)
    assert "line 4 of standard input: must be one of A, B, C, D; got 'P'" in done.stderr


def test_a_break_is_taken_where_the_policy_names_a_place(adaptest):
    name = add(adaptest, "breaks: {number: 1, length_s: 600, after: [2]}")
    done = adaptest("exam", "take", name, stdin="P\n", check=1)
    assert "line 1 of standard input: must be one of A, B, C, D; got 'P'" in done.stderr
    adaptest("exam", "take", name, stdin="A\nP\nA\ngo on\nA\nA\nA\n", check=0)
    _, one = stored(adaptest, "last")
    kinds = [type(event).__name__ for event in one.events]
    assert kinds[: kinds.index("BreakBegan")].count("ResponseGiven") == 2


def test_asking_for_the_same_question_again_logs_nothing(adaptest):
    name = add(adaptest, "time: {limit_s: 100}")
    hands = Hands()
    with load_exam(name, adaptest.folder).start("Ann", seed=3, clock=hands) as sitting:
        first = sitting.next_item()
        before = sitting.events
        hands.at = 20
        assert sitting.next_item() == first
        assert sitting.events == before
        hands.at = 100
        assert sitting.next_item() is None
        assert sitting.result.reason == "time_limit"


def test_answers_are_changed_with_a_pipe_and_count_as_changed(adaptest):
    name = add(adaptest, "review: {mode: edit_k, edits: 2}")
    done = adaptest("exam", "take", name, stdin="A\n1 B\nA\nA\nA\nA\n2 C\n", check=0)
    words = " ".join(done.stdout.split())
    assert "Question 1: your answer is B now." in words
    assert "Changes left: 1." in words
    story, one = stored(adaptest, "last")
    changed = [event for event in one.events if type(event).__name__ == "ResponseChanged"]
    assert len(changed) == 2
    assert {row["item"]: row["response"] for row in rows(adaptest)}[changed[0].item] == changed[0].response
    assert f"changed the answer to {changed[0].item}" in story


def test_without_an_e_the_last_changes_wait_for_the_sitting_to_be_resumed(adaptest):
    name = add(adaptest, "review: free")
    adaptest("exam", "take", name, stdin="A\n" * 5, check=1)
    assert results(adaptest)[0]["status"] == "unfinished"
    sentence = adaptest.sentence("exam", "take", name, "--resume", stdin="9 A\nquit\n")
    assert "line 2 of standard input: must be a number and a letter, or E; got 'quit'" in sentence
    adaptest("exam", "take", name, "--resume", stdin="E\n", check=0)
    assert results(adaptest)[0]["status"] == "finished"


def test_without_review_in_the_policy_no_answer_can_be_changed(adaptest):
    name = add(adaptest)
    done = adaptest("exam", "take", name, stdin="A\n1 B\n", check=1)
    assert "line 2 of standard input: must be one of A, B, C, D; got '1 B'" in done.stderr


def set_back(adaptest, days):
    """Make every sitting so many days older than it is."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(adaptest.folder / "adaptest.db")) as database, database:
        for sitting, at in database.execute("SELECT sitting, created_at FROM sittings").fetchall():
            earlier = (datetime.fromisoformat(at) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            database.execute("UPDATE sittings SET created_at = ? WHERE sitting = ?", (earlier, sitting))


def test_attempts_are_limited_with_a_sentence_each(adaptest):
    name = add(adaptest, "attempts: {maximum: 2, window_days: 30, waiting_days: 7}")
    sentence = adaptest.sentence("exam", "take", name)
    assert sentence == (
        "exam 'peer-support/timed': limits how often it is taken; say who takes it with --candidate"
    )
    take = ("exam", "take", name, "--candidate", "Ann")
    adaptest(*take, stdin="A\n" * 5, check=0)
    today = datetime.now(UTC)
    assert adaptest.sentence(*take).startswith(
        "candidate 'Ann': must wait 7 days between attempts at 'peer-support/timed'; the last began"
        f" {today:%Y-%m-%d}"
    )
    set_back(adaptest, 8)
    adaptest(*take, stdin="A\n" * 5, check=0)
    set_back(adaptest, 8)
    sentence = adaptest.sentence(*take)
    free = today - timedelta(days=16) + timedelta(days=30)
    assert sentence.startswith(
        "candidate 'Ann': may take 'peer-support/timed' at most 2 times in 30 days and did 2 times; the next"
        f" may begin {free:%Y-%m-%d}"
    )
    adaptest("exam", "take", name, "--candidate", "Bob", stdin="A\n" * 5, check=0)
    set_back(adaptest, 15)
    adaptest(*take, stdin="A\n" * 5, check=0)


def test_a_void_attempt_does_not_count(adaptest):
    name = add(adaptest, "attempts: {maximum: 1}")
    take = ("exam", "take", name, "--candidate", "Ann")
    adaptest(*take, stdin="A\n" * 5, check=0)
    sentence = adaptest.sentence(*take)
    assert sentence == "candidate 'Ann': may take 'peer-support/timed' at most once and did once"
    adaptest("exam", "void", "last", "--reason", "fire alarm", check=0)
    adaptest(*take, stdin="A\n" * 5, check=0)


def test_the_policy_is_stored_with_the_sitting_and_named_by_its_version(adaptest):
    name = add(adaptest, "time: {limit_s: 100}")
    adaptest("exam", "take", name, stdin="A\n" * 5, check=0)
    story, one = stored(adaptest, "last")
    assert one.exam.design.policy.version == "2026-12"
    assert f"policy 2026-12 ({one.exam.design.policy.fingerprint[:12]})" in story
    add(adaptest, "time: {limit_s: 5}")  # a newer policy changes no sitting that began before
    _, again = stored(adaptest, "last")
    assert again.exam.design.policy == one.exam.design.policy


def test_a_scale_has_a_floor_and_a_ceiling(adaptest):
    add(adaptest)
    path = adaptest.folder / "itembank" / "peer-support" / "exams" / "timed.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("intercept: 50.0", "intercept: 50.0, floor: 45, ceiling: 55"), "utf-8")
    adaptest("exam", "take", "peer-support/timed", stdin="A\n" * 5, check=0)
    (row,) = results(adaptest)
    assert 45 <= row["scale_low"] <= row["scale_score"] <= row["scale_high"] <= 55
    path.write_text(text.replace("intercept: 50.0", "intercept: 50.0, floor: 50"), "utf-8")
    sentence = adaptest.sentence("exam", "take", "peer-support/timed")
    assert sentence.endswith("reporting.scale: must hold the cut, 50, above its floor; got 50 to")


def test_levels_are_told_by_their_names_and_stopped_by_their_cuts(adaptest):
    add(adaptest)
    path = adaptest.folder / "itembank" / "peer-support" / "exams" / "timed.yaml"
    levels = "levels: {names: [basic, proficient, advanced], cuts: [0.0, 1.0]}, cut: {theta: 0.0"
    text = path.read_text("utf-8").replace("cut: {theta: 0.0", levels)
    path.write_text(text + "stopping: [{rule: confidence_interval}]\n", "utf-8")
    exam = load_exam("peer-support/timed", adaptest.folder)
    assert exam.design.stopping[0].cuts == (0.0, 1.0)
    with exam.start("Ann") as sitting:
        while (shown := sitting.next_item()) is not None:
            key = exam.texts[shown.item]["key"]
            sitting.answer("ABCD"[("ABCD".index(key) + 1) % 4])
        assert (sitting.result.level, sitting.result.decision) == ("basic", "fail")
    assert results(adaptest)[0]["level"] == "basic"
    page = adaptest.folder / "page.html"
    adaptest("exam", "report", "last", "--out", page, check=0)
    assert "<p>Level: <strong>basic</strong></p>" in page.read_text("utf-8")
    for wrong, sentence in (
        ("[0.5, 1.0]", "reporting.levels: must have the cut, 0, among its cuts; add it"),
        (
            "[1.0, 0.0]",
            "reporting.levels: must have ascending cuts, and one name more than cuts; got 3 names and 2 cuts",
        ),
    ):
        path.write_text(text.replace("cuts: [0.0, 1.0]", f"cuts: {wrong}"), "utf-8")
        assert adaptest.sentence("exam", "take", "peer-support/timed").endswith(sentence)


@pytest.mark.slow
def test_time_is_shown_and_enforced_at_a_terminal(adaptest):
    terminal = pytest.importorskip("pty") and __import__("importlib").import_module("pty")
    assert terminal
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    source = spec_from_file_location("seats", Path(__file__).with_name("test_exam_terminal.py"))
    seats = module_from_spec(source)
    source.loader.exec_module(seats)
    name = add(adaptest, "time: {limit_s: 6, warning_s: 4}", "review: {mode: edit_k, edits: 1}")
    seat = seats.Terminal(adaptest.folder, "exam", "take", name)
    intro = seat.until("Press any key to begin.")
    assert "You have 0:06 in all." in " ".join(intro.replace("│", " ").split())
    assert "You may change up to 1 answers" in " ".join(intro.replace("│", " ").split())
    seat.press(" ")
    screen = seat.until("Your answer (A-D), then Enter:")
    assert "0:0" in screen
    assert " left" in screen
    seat.press("a")
    seat.until("Enter confirms")
    seat.press("\r")
    seat.until("R: change an earlier answer")
    seat.press("r")
    seat.until("Number of the question to change")
    seat.press("1\r")
    seat.until("Your answer (A-D), then Enter:")
    seat.press("b\r")
    began = time.monotonic()
    seat.until("You have 0:04 left.")
    seat.until("The time is over.")
    assert time.monotonic() - began < seats.PATIENCE_S
    seat.press(" ")
    seat.until("your time was over")
    seat.press("q")
    assert seat.ended() == 0
