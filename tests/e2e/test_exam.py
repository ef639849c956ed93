"""An exam from the first question to the page for the candidate, on the shipped bank, without a terminal."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ADAPTEST = Path(sys.executable).with_name("adaptest")
PRACTICE = "peer-support/practice"
EXAM = "peer-support/quick"
KEYS_SHOWN = "best answer"

CERTIFICATION = """
format: adaptest-exam/1
id: certification
title: Certification exam
stakes: certification
demo: true
secure: true
length: {minimum: 8, maximum: 8}
feedback: {explanation: none}
reporting: {scale: {slope: 10.0, intercept: 50.0}, cut: {theta: 0.0, label: "demo value"}}
"""


@pytest.fixture
def certification(adaptest):
    return adaptest.add_exam("certification", CERTIFICATION)


def lines(letters):
    return "".join(f"{letter}\n" for letter in letters)


def results(adaptest, *arguments):
    return json.loads(adaptest("exam", "results", *arguments, "--format", "json", check=0).stdout)


def log(adaptest, *arguments):
    out = adaptest.folder / "responses.csv"
    adaptest("exam", "responses", *arguments, "--out", out, "--force", check=0)
    return list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))


def take(adaptest, *arguments, letters="ABCDABCD", check=0):
    return adaptest("exam", "take", EXAM, *arguments, stdin=lines(letters), check=check)


def test_an_exam_runs_from_the_first_line_to_the_result(adaptest):
    done = adaptest.process("exam", "take", PRACTICE, "--candidate", "Ann", stdin=lines("ABCD" * 10), check=0)
    (result,) = results(adaptest)
    n = result["n_items"]
    assert done.stderr.splitlines() == [f"recorded {k}" for k in range(1, n + 1)]
    assert 23 <= n <= 40
    assert {
        "sitting", "candidate", "exam", "status", "theta", "sem", "scale_score", "cut", "decision", "bands",
        "n_items", "reason", "release", "provisional",
    } <= set(result)  # fmt: skip
    assert (result["candidate"], result["exam"], result["status"]) == ("Ann", PRACTICE, "finished")
    assert result["provisional"] is True
    assert result["reason"] in {"sem", "maximum_length"}
    assert (result["reason"] == "sem") == (result["sem"] <= 0.40)
    assert result["scale_score"] == pytest.approx(10 * result["theta"] + 50)
    assert result["decision"] == ("pass" if result["theta"] >= result["cut"] else "fail")
    assert set(result["bands"]) == {"REC", "ADM", "INT", "BHF", "ADV", "COM", "RES", "CRI"}
    page = " ".join(done.stdout.split())
    assert "Your score is" in page
    assert "Provisional:" in page
    assert "not a score" in page
    assert "What you missed" in page
    assert adaptest("exam", "replay", result["sitting"], check=0).stdout == (
        f"sitting {result['sitting']!r}: {2 * n + 2} events verify; all {n + 1} decisions agree\n"
    )


def test_each_answer_is_explained_right_after_it(adaptest):
    done = take(adaptest, letters="A", check=1)
    assert done.stdout.count("Question ") == 2
    assert "Question 1 of 8" in done.stdout
    explained = done.stdout.partition("Question 2")[0]
    assert KEYS_SHOWN in explained
    assert "Read on: " in explained


def test_the_end_of_the_input_leaves_a_sitting_that_goes_on_at_the_same_question(adaptest):
    first = take(adaptest, letters="ABC", check=1)
    (begun,) = results(adaptest)
    command = f"adaptest exam take {EXAM} --resume --sitting {begun['sitting']}"
    assert first.stderr.splitlines()[3:] == ["Paused; answers kept: 3.", "Go on with:", f"  {command}"]
    assert (begun["status"], begun["theta"], begun["decision"], begun["n_items"]) == (
        "unfinished",
        None,
        None,
        3,
    )
    waiting = first.stdout.partition("Question 4")[2]
    second = adaptest("exam", "take", EXAM, "--resume", stdin="", check=1)
    assert second.stdout.partition("Question 4")[2] == waiting
    take(adaptest, "--resume", letters="DABCD")
    (ended,) = results(adaptest)
    assert (ended["sitting"], ended["status"]) == (begun["sitting"], "finished")
    items = [row["item"] for row in log(adaptest)]
    assert len(set(items)) == len(items) == ended["n_items"]


def test_blank_lines_are_passed_over_and_small_letters_count(adaptest):
    done = adaptest("exam", "take", EXAM, stdin="\na\n\n  b \n", check=1)
    assert done.stderr.startswith("recorded 1\nrecorded 2\nPaused")


def test_a_line_that_is_no_letter_is_a_sentence_and_costs_nothing(adaptest):
    done = adaptest("exam", "take", EXAM, stdin="A\nyes\n", check=1)
    (begun,) = results(adaptest)
    assert done.stderr.splitlines() == [
        "recorded 1",
        (
            "adaptest: line 2 of standard input: must be one of A, B, C, D; got 'yes'; sitting"
            f" {begun['sitting']!r} can be resumed"
        ),
    ]
    assert begun["n_items"] == 1


def test_bytes_that_are_no_text_are_a_sentence(adaptest):
    done = subprocess.run(
        [ADAPTEST, "exam", "take", EXAM],
        check=False,
        cwd=adaptest.folder,
        input=b"A\n\xff\xfe\n",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    (begun,) = results(adaptest)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == (
        f"adaptest: standard input: must be UTF-8 text from line 1 on; sitting {begun['sitting']!r} can be"
        " resumed"
    )


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the input here")
def test_a_closed_input_is_an_input_without_lines(adaptest):
    done = subprocess.run(
        ["/bin/sh", "-c", f"{ADAPTEST} exam take {EXAM} <&-"],
        check=False,
        cwd=adaptest.folder,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "Paused; answers kept: 0.")


def test_the_log_says_what_happened_and_holds_no_name_and_no_answer(adaptest):
    adaptest.process(
        "--log-file", "log.txt", "-q", "exam", "take", EXAM, "--candidate", "Wilhelmina",
        stdin=lines("ABCDABCD"), check=0,
    )  # fmt: skip
    (result,) = results(adaptest)
    adaptest("--log-file", "log.txt", "-v", "exam", "take", EXAM, "--candidate", "Wilhelmina",
             stdin=lines("ABCDABCD"), check=0)  # fmt: skip
    text = (adaptest.folder / "log.txt").read_text("utf-8")
    assert "begins" in text
    assert "ends: maximum_length" in text
    assert "Wilhelmina" not in text
    assert result["candidate"] == "Wilhelmina"
    assert not {row["item"] for row in log(adaptest) if row["item"] in text}


def test_a_seed_and_nobodys_name_give_the_same_exam_again(adaptest):
    for _ in range(2):
        take(adaptest, "--seed", "7", letters="ABCD", check=1)
    rows = log(adaptest)
    first, second = ([r["item"] + r["response"] for r in rows if r["sitting"] == s] for s in
                     sorted({r["sitting"] for r in rows}))  # fmt: skip
    assert first == second


def test_a_candidate_is_not_shown_again_what_the_pool_allows_to_leave_out(adaptest):
    take(adaptest, "--candidate", "Ann")
    take(adaptest, "--candidate", "Ann")
    rows = log(adaptest)
    one, two = ({r["item"] for r in rows if r["sitting"] == s} for s in {r["sitting"] for r in rows})
    assert not one & two
    assert {row["first_exposure"] for row in rows} == {"1"}


def test_answers_come_by_bank_letter_from_a_file(adaptest):
    everything = adaptest("bank", "show", "peer-support", "--format", "csv", check=0).stdout
    items = [row["item"] for row in csv.DictReader(io.StringIO(everything))]
    answers = adaptest.folder / "answers.csv"
    answers.write_text("item_id,option\n" + "".join(f"{item},B\n" for item in items), encoding="utf-8")
    done = adaptest("exam", "take", EXAM, "--answers", answers, check=0)
    assert "Question" not in done.stdout.partition("What you missed")[0]
    assert {row["response"] for row in log(adaptest)} == {"B"}
    assert done.stderr.splitlines()[0] == "recorded 1"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("item_id,option\nA,B,C\n", "answers.csv:2: must be item_id,option; got 'A,B,C'"),
        ("X,A\nX,B\n", "answers.csv:2: item 'X' must have one answer; got 'B' after 'A'"),
    ],
)
def test_a_file_of_answers_that_breaks_its_rules_starts_nothing(adaptest, text, sentence):
    (adaptest.folder / "answers.csv").write_text(text, encoding="utf-8")
    assert adaptest.sentence("exam", "take", EXAM, "--answers", "answers.csv") == sentence
    assert not (adaptest.folder / "adaptest.db").exists()


def test_an_item_without_an_answer_in_the_file_leaves_a_sitting_to_resume(adaptest):
    (adaptest.folder / "answers.csv").write_text("", encoding="utf-8")
    said = adaptest.sentence("exam", "take", EXAM, "--answers", "answers.csv")
    (begun,) = results(adaptest)
    assert said.startswith("answers.csv: item '")
    assert said.endswith(f"': must be in the file; got none; sitting {begun['sitting']!r} can be resumed")


def test_an_option_that_the_item_has_not_is_named(adaptest):
    everything = adaptest("bank", "show", "peer-support", "--format", "csv", check=0).stdout
    items = [row["item"] for row in csv.DictReader(io.StringIO(everything))]
    (adaptest.folder / "answers.csv").write_text("".join(f"{item},Z\n" for item in items), encoding="utf-8")
    said = adaptest.sentence("exam", "take", EXAM, "--answers", "answers.csv")
    assert "': option must be one of A, B, C, D; got 'Z'; sitting 's" in said


def test_exam_mode_shows_no_key_and_its_result_waits_for_a_person(adaptest, certification):
    done = adaptest("exam", "take", certification, "--candidate", "Ann", stdin=lines("ABCDABCD"), check=0)
    assert KEYS_SHOWN not in done.stdout
    assert "Not quite" not in done.stdout
    assert "Your result will be released" in done.stdout
    assert "Your score" not in done.stdout
    (held,) = results(adaptest)
    assert held["status"] == "held"
    out = adaptest.folder / "held.html"
    adaptest("exam", "report", held["sitting"], "--out", out, check=0)
    page = out.read_text("utf-8").partition("<main")[2]  # the date stands above it
    assert "Your result" in page
    assert f"{held['scale_score']:.0f}" not in page
    adaptest("exam", "release", held["sitting"], "--reason", "reviewed", check=0)
    (released,) = results(adaptest)
    assert released["status"] == "released"


def test_a_secure_exam_draws_its_own_seed(adaptest, certification):
    assert adaptest.sentence("exam", "take", certification, "--seed", "1") == (
        "exam 'peer-support/certification': is secure and draws its own seed; leave the seed out"
    )


def test_a_certification_needs_calibrated_parameters(adaptest):
    text = CERTIFICATION.replace("demo: true\n", "").replace("id: certification", "id: strict")
    name = adaptest.add_exam("strict", text)
    said = adaptest.sentence("exam", "take", name)
    assert said.startswith(
        "exam 'peer-support/strict': is a certification and must run on calibrated parameters;"
    )
    assert said.endswith("is provisional; publish a calibrated one, or say demo: true in the exam file")


def test_explanations_at_the_end_stay_back_until_then(adaptest):
    text = CERTIFICATION.replace("stakes: certification", "stakes: practice").replace("none", "at_end")
    name = adaptest.add_exam("late", text.replace("id: certification", "id: late"))
    done = adaptest("exam", "take", name, stdin=lines("ABCDABCD"), check=0)
    before, after = done.stdout.split("What you missed")
    assert KEYS_SHOWN not in before
    assert KEYS_SHOWN in after


def test_a_page_for_the_candidate_is_written_once(adaptest):
    take(adaptest)
    (result,) = results(adaptest)
    out = adaptest.folder / "page.html"
    adaptest("exam", "report", result["sitting"], "--out", out, check=0)
    page = out.read_text("utf-8")
    assert "<html" in page
    assert "Provisional" in page
    items = {row["item"] for row in log(adaptest)}
    assert not [item for item in items if item in page]
    said = adaptest.sentence("exam", "report", result["sitting"], "--out", "page.html")
    assert said == "page.html: must not exist; give another file, or --force to replace it"


def test_the_long_log_has_a_row_for_each_answer_and_calibrate_reads_it(adaptest):
    take(adaptest, "--candidate", "Ann", letters="ABC", check=1)
    rows = log(adaptest, EXAM)
    assert list(rows[0]) == [
        "person", "sitting", "item", "response", "score", "position", "time_s", "role", "at", "release",
        "first_exposure", "exam",
    ]  # fmt: skip
    assert [row["position"] for row in rows] == ["0", "1", "2"]
    assert {row["score"] for row in rows} <= {"0", "1"}
    assert {row["role"] for row in rows} == {"scored"}
    assert "Ann" not in (adaptest.folder / "responses.csv").read_text("utf-8")


def test_an_explanation_names_the_rivals_of_an_item(adaptest):
    take(adaptest, "--seed", "7", letters="ABC", check=1)
    (begun,) = results(adaptest)
    whole = adaptest("exam", "explain", begun["sitting"], check=0).stdout
    assert whole.splitlines()[1] == "seed 7; 0 items left out because they were seen before"
    assert whole.count("by chance among the best") == 4
    one = adaptest("exam", "explain", begun["sitting"], "--item", "3", check=0).stdout
    assert "<- chosen" in one
    assert "decided again from the log: agrees" in one
    assert "already given: " in one
    said = adaptest.sentence("exam", "explain", begun["sitting"], "--item", "9")
    assert said == "--item must be in 1..4, the questions of this sitting; got 9"


def test_an_administrator_voids_holds_releases_and_notes(adaptest):
    take(adaptest)
    sitting = results(adaptest)[0]["sitting"]
    for act, status in (("note", "finished"), ("hold", "held"), ("release", "released"), ("void", "void")):
        adaptest("exam", act, sitting, "--reason", "because", "--by", "Bea", check=0)
        assert results(adaptest)[0]["status"] == status
    for act, possible in (
        ("hold", "finished or released"),
        ("release", "held"),
        ("void", "unfinished, finished, held or released"),
    ):
        assert adaptest.sentence("exam", act, sitting, "--reason", "again") == (
            f"sitting {sitting!r}: must be {possible} to {act} it; got void"
        )
    assert adaptest.sentence("exam", "note", sitting, "--reason", " ") == "reason must say why; got nothing"
    assert log(adaptest) == []
    story = adaptest("exam", "explain", sitting, check=0).stdout
    assert "SittingVoided by Bea at " in story
    adaptest("exam", "replay", sitting, check=0)
    adaptest("store", "verify", check=0)


def test_a_name_can_be_erased_and_the_sittings_stay(adaptest):
    take(adaptest, "--candidate", "Wilhelmina", letters="AB", check=1)
    adaptest("store", "erase", "Wilhelmina", "--yes", check=0)
    (kept,) = results(adaptest)
    assert kept["candidate"].startswith("p")
    assert b"Wilhelmina" not in (adaptest.folder / "adaptest.db").read_bytes()
    adaptest("store", "verify", check=0)


def test_the_list_says_what_can_be_taken_and_why_something_cannot(adaptest):
    adaptest.add_exam("impossible", CERTIFICATION.replace("maximum: 8", "maximum: 800").replace(
        "id: certification", "id: impossible"))  # fmt: skip
    done = adaptest("exam", "list", "--format", "csv", check=3)
    rows = {row["exam"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert rows[PRACTICE]["questions"] == "23-40"
    assert rows["peer-support/impossible"]["title"] == "(cannot run)"
    assert "adaptest: peer-support/impossible: " in done.stderr
    assert "length.maximum must not exceed the pool's" in done.stderr


def test_the_list_names_what_no_exam_can_use(adaptest):
    path = adaptest.folder / "itembank" / "peer-support" / "items" / "confidentiality.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("    stem: >-\n", "    stem: >-\n      Changed.\n", 1), encoding="utf-8")
    done = adaptest("exam", "list", check=3)
    assert "adaptest: bank 'peer-support': item '" in done.stderr
    assert "; no exam uses it" in done.stderr


def test_results_are_listed_as_a_table_and_as_csv(adaptest):
    take(adaptest, "--candidate", "Ann", letters="A", check=1)
    table = adaptest("exam", "results", EXAM, check=0)
    assert "Ann" in table.stdout
    assert table.stderr.startswith("provisional: ")
    (row,) = csv.DictReader(io.StringIO(adaptest("exam", "results", "--format", "csv", check=0).stdout))
    assert (row["candidate"], row["theta"], row["provisional"]) == ("Ann", "", "yes")


def test_lessons_are_listed_and_read(adaptest):
    names = adaptest("lesson", "--format", "csv", check=0).stdout.splitlines()[1:]
    name = names[0].split(",")[0]
    whole = adaptest("lesson", name, check=0).stdout
    assert whole.startswith("# ")
    assert adaptest("lesson", name.partition("/")[2], check=0).stdout == whole
