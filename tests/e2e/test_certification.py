"""The shipped certification exam to its end: held, not explained, pretest items recorded and not scored."""

import csv
import io
import json

import pytest

from adaptest.administration import load_exam
from adaptest.bank.files import load_bank

CERTIFICATION = "peer-support/certification"
MOCK = "peer-support/mock-linear"


def results(adaptest):
    return json.loads(adaptest("exam", "results", "--format", "json", check=0).stdout)


def log(adaptest):
    out = adaptest.folder / "responses.csv"
    adaptest("exam", "responses", "--out", out, "--force", check=0)
    return list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))


@pytest.fixture
def keys(adaptest):
    return {item.id: item.key for item in load_bank(adaptest.folder / "itembank" / "peer-support").items}


def answered(adaptest, exam, letters):
    answers = adaptest.folder / "answers.csv"
    rows = "".join(f"{item},{letter}\n" for item, letter in letters.items())
    answers.write_text(f"item_id,option\n{rows}", encoding="utf-8")
    return adaptest("exam", "take", exam, "--answers", answers, "--candidate", "Ann", check=0)


def test_a_certification_to_its_longest_is_held_and_has_ten_pretest_rows(adaptest, keys):
    right = 0
    with load_exam(CERTIFICATION, adaptest.folder).start("Ann") as sitting:
        while (shown := sitting.next_item()) is not None:
            # by turns, so that theta stays at the cut and no interval is clear of it: 100 items are scored
            right += sitting.events[-1].role == "scored"
            key = keys[shown.item]
            sitting.answer(key if right % 2 else "ABCD"[("ABCD".index(key) + 1) % 4])
    (held,) = results(adaptest)
    assert (held["status"], held["provisional"], held["reason"]) == ("held", True, "maximum_length")
    rows = log(adaptest)
    scored = [row for row in rows if row["role"] == "scored"]
    pretest = [row for row in rows if row["role"] == "pretest"]
    assert held["n_items"] == len(scored) == 100
    assert len(rows) == 110
    assert len(pretest) == 10
    assert all(4 <= int(row["position"]) <= 89 for row in pretest)
    assert {row["item"] for row in scored}.isdisjoint(row["item"] for row in pretest)
    assert [int(row["position"]) for row in rows] == list(range(len(rows)))
    replayed = adaptest("exam", "replay", held["sitting"], check=0).stdout
    assert f"all {len(rows) + 1} decisions agree" in replayed
    adaptest("exam", "release", held["sitting"], "--reason", "reviewed", check=0)
    page = adaptest.folder / "page.html"
    adaptest("exam", "report", held["sitting"], "--out", page, check=0)
    text = page.read_text("utf-8")
    assert "Provisional" in text
    assert not [item for item in keys if item in text]
    places = ", ".join(str(int(row["position"]) + 1) for row in pretest)
    story = " ".join(adaptest("exam", "explain", held["sitting"], check=0).stdout.split())
    assert f"10 pretest items, to be shown as questions {places}" in story
    number = int(pretest[0]["position"]) + 1
    why = adaptest("exam", "explain", held["sitting"], "--item", str(number), check=0).stdout
    assert "a pretest item agreed for this place; it is not scored" in " ".join(why.split())


def test_a_clear_case_ends_early_and_by_the_confidence_rule(adaptest, keys):
    done = answered(adaptest, CERTIFICATION, keys)
    assert "Your result will be released" in " ".join(done.stdout.split())
    for told in ("Your score", "best answer", "pass mark is", "pass."):
        assert told not in done.stdout
    (held,) = results(adaptest)
    assert held["provisional"] is True
    assert (held["status"], held["reason"], held["decision"]) == ("held", "confidence_interval", "pass")
    assert held["n_items"] == 60
    # and the next candidate tries out other items
    answered(adaptest, CERTIFICATION, keys)
    pretest = [row["item"] for row in log(adaptest) if row["role"] == "pretest"]
    assert len(set(pretest)) == len(pretest) >= 2


def test_the_list_counts_pretest_items_and_the_introduction_tells_of_them(adaptest):
    done = adaptest("exam", "list", "--format", "csv", check=0)
    rows = {row["exam"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert (rows[CERTIFICATION]["stakes"], rows[CERTIFICATION]["questions"]) == ("certification", "60-110")
    assert rows[MOCK]["questions"] == "120"
    first = adaptest("exam", "take", CERTIFICATION, stdin="", check=1).stdout
    assert "Question 1, at most 110" in first


def test_the_mock_exam_is_the_same_for_everybody_and_explained_at_its_end(adaptest, keys):
    wrong = {item: "ABCD"[("ABCD".index(key) + 1) % 4] for item, key in keys.items()}
    done = answered(adaptest, MOCK, keys | dict(list(wrong.items())[:300]))
    before, after = done.stdout.split("What you missed")
    assert "best answer" not in before
    assert "best answer" in after
    rows = log(adaptest)
    assert len(rows) == 120
    with load_exam(MOCK, adaptest.folder).start("Bob") as sitting:
        for row in rows[:40]:
            assert sitting.next_item().item == row["item"]
            sitting.answer("A")
