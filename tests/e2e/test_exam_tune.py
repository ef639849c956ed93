"""`adaptest exam tune`: writes what fresh simulees kept, for this exam and these items only."""

import json

EXAM = """
format: adaptest-exam/1
id: tuned
title: Tuned
pool: {{status: [operational], domain: [CRI, RES]}}
length: {{minimum: 5, maximum: 5}}
selection: {{criterion: information, picker: best}}
{more}
"""
RULE = "exposure: [{rule: sympson_hetter, rate: 0.3}]"


def test_a_tuned_exam_runs_replays_and_is_refused_once_it_changes(adaptest):
    name = adaptest.add_exam("tuned", EXAM.format(more=""))
    done = adaptest("exam", "tune", name, "--rate", "0.3", "--simulees", "2000", check=0)
    path = "itembank/peer-support/exams/tuned.exposure.json"
    lines = done.stdout.splitlines()
    assert lines[0].startswith("peer-support/tuned: sympson_hetter for a rate of 0.3, found in ")
    assert lines[2].startswith("20000 fresh simulees: largest rate 0.")
    assert lines[-2] == f"written: {path}"
    assert lines[-1] == f"the exam does not use it yet; say in its file:  {RULE}"
    body = json.loads((adaptest.folder / path).read_text("utf-8"))
    assert body["format"] == "adaptest-exposure/1"
    assert body["largest_rate"] <= 0.3 + 4 * (0.3 * 0.7 / body["fresh_simulees"]) ** 0.5
    assert adaptest.sentence("exam", "take", name) == (
        "itembank/peer-support/exams/tuned.yaml:2: exposure: has a file tuned for sympson_hetter beside it,"
        " and no such rule; say so, or remove it"
    )
    adaptest.add_exam("tuned", EXAM.format(more=RULE))
    adaptest("exam", "take", name, "--seed", "4", stdin="A\n" * 5, check=0)
    assert "all 6 decisions agree" in adaptest("exam", "replay", "last", check=0).stdout
    assert adaptest.sentence("exam", "tune", name).endswith(
        "tuned.exposure.json: must not exist or be empty; give another name, or --force to replace it"
    )
    adaptest.add_exam("tuned", EXAM.format(more=RULE).replace("picker: best", "picker: randomesque"))
    assert adaptest.sentence("exam", "take", name) == (
        "itembank/peer-support/exams/tuned.yaml:8: exposure.0: the tuned file must be tuned for this exam as"
        " it is; its length, blueprint, selection or stopping has changed; tune it with 'adaptest exam tune'"
        " again"
    )


def test_a_rate_that_cannot_be_kept_needs_a_person(adaptest):
    name = adaptest.add_exam("tuned", EXAM.format(more=""))
    done = adaptest("exam", "tune", name, "--rate", "0.05", "--simulees", "500", check=3)
    assert done.stdout.startswith(
        "peer-support/tuned: no probabilities keep the rate 0.05: 5.0 items a sitting"
    )
    assert done.stdout.endswith("; nothing was written\n")
    assert not list((adaptest.folder / "itembank" / "peer-support" / "exams").glob("*.json"))


def test_an_exam_that_the_rule_cannot_control_is_refused_at_once(adaptest):
    assert adaptest.sentence("exam", "tune", "peer-support/mock-linear", "--rate", "0.5") == (
        "itembank/peer-support/exams/mock-linear.yaml:7: exposure: a fixed order shows everybody the same"
        " items, so there is nothing to control; leave it out, or choose another selection.criterion"
    )


def test_what_the_exam_says_is_not_overruled(adaptest):
    name = adaptest.add_exam("tuned", EXAM.format(more=RULE))
    assert adaptest.sentence("exam", "tune", name, "--rate", "0.2") == (
        "exam 'peer-support/tuned': exposure says rate 0.3; got 0.2; leave it out, or change the exam file"
    )
    name = adaptest.add_exam("tuned", EXAM.format(more=""))
    assert adaptest.sentence("exam", "tune", name) == (
        "exam 'peer-support/tuned': has no exposure rule with a rate; give --rate"
    )
    assert adaptest.sentence("exam", "tune", name, "--rate", "0.2", "--bands", "a") == (
        "--bands must be numbers with commas between them; got 'a'"
    )
