"""The recalibration loop as a psychometrician types it: decide, approve, publish, go back, revoke."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from adaptest.errors import BankFileError
from adaptest.programme.approvals import require_approved
from adaptest.programme.policy import Approvals, Policy, read_policy

FILES = ("parameters.csv", "run.json", "decisions.csv", "impact.csv", "report.html", "covariance.npz")
EASY_GATES = (
    "format: adaptest-recalibration-policy/1\ngates: {two_pl_with_priors: 150}\nimpact: {simulees: 50}\n"
)


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def page_parts(folder):
    """The rows and panels of items on a candidate's page, each as one text."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    parts = re.findall(r'<tr.*?</tr>|<div class="panel">.*?</div>', page, flags=re.DOTALL)
    return [part for part in parts if re.search(r"[A-Z]{3}-0", part)]


@pytest.fixture(scope="module")
def programme(tmp_path_factory, made_up, command_line):
    """A workspace whose base calibration is published, and a second administration with troubled items."""
    folder = tmp_path_factory.mktemp("programme") / "workspace"
    folder.mkdir()
    ops, new = made_up.lay_out(folder)
    truth = made_up.truth_of([*ops, *new])
    made_up.answer(folder / "first.csv", truth, ops, [], persons=500, per=20)
    shifted = replace(truth, harder={ops[0]: 1.2, ops[20]: -1.2}, miskeyed=frozenset({new[0]}))
    shutil.copy(folder / "first.csv", folder / "both.csv")
    made_up.answer(
        folder / "both.csv", shifted, ops, new, persons=500, per=20, seed=3, name="2026-B", day="2026-05-03",
        append=True,
    )  # fmt: skip
    (folder / "policy.yaml").write_text(EASY_GATES + "collect: {drift_window: 1}\n", encoding="utf-8")
    adaptest = command_line(folder)
    done = adaptest(
        "recalibrate", "made-up", "--responses", "first.csv", "--policy", "policy.yaml", "--out", "base"
    )
    assert done.returncode == 3, done.stderr
    adaptest("release", "approve", "base", "--as", "Ann", check=0)
    adaptest("release", "publish", "base", "--name", "2026-base", check=3)
    done = adaptest(
        "recalibrate", "made-up", "--responses", "both.csv", "--policy", "policy.yaml", "--out", "cand"
    )
    assert done.returncode == 3, done.stderr
    (folder / "said.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def adaptest(programme, tmp_path, command_line):
    shutil.copytree(programme, tmp_path / "workspace")
    return command_line(tmp_path / "workspace")


def test_a_judged_base_gets_a_base_calibration_on_a_new_scale(programme):
    record = json.loads((programme / "base" / "run.json").read_text(encoding="utf-8"))
    assert record["method"] == "base calibration"
    assert record["new_scale"]
    assert record["scale_id"].startswith("made-up-")
    assert record["scale_id"] != "made-up-judged"
    assert record["groups"][0]["name"] == "first attempts"
    assert (record["groups"][0]["mean"], record["groups"][0]["variance"]) == (0.0, 1.0)
    decided = {
        row["item_id"]: (row["decision"], row["reason"]) for row in rows(programme / "base" / "decisions.csv")
    }
    assert decided["NEW-001"] == ("hold", "no_responses")
    assert decided["LIS-001"] == ("accept", "estimated")
    impact = rows(programme / "base" / "impact.csv")
    assert {row["decision_new"] for row in impact} == {""}  # the cut has to be set anew


@pytest.mark.slow
def test_a_base_calibration_of_adaptive_sittings_blames_no_item_for_wrong_guesses(
    tmp_path, made_up, command_line
):
    folder = tmp_path / "workspace"
    folder.mkdir()
    ops, _ = made_up.lay_out(folder, operational=70, pretest=0)
    exam = folder / "itembank" / "made-up" / "exams" / "exam.yaml"
    longer = exam.read_text(encoding="utf-8").replace("minimum: 10, maximum: 10", "minimum: 25, maximum: 25")
    exam.write_text(longer.replace("minimum: 3, maximum: 7", "minimum: 8, maximum: 17"), encoding="utf-8")
    truth, adaptest = made_up.truth_of(ops), command_line(folder)
    lines = [f"{item},2pl,{truth.a[item]},{truth.b[item]}" for item in ops]
    true = "\n".join(["item_id,model,discrimination,difficulty", *lines])
    (folder / "true.csv").write_text(true, encoding="utf-8")
    adaptest(
        "exam", "simulate", "made-up/exam", "--simulees", "1500", "--true-parameters", "true.csv", "--out",
        "simulated",
    )  # fmt: skip
    given = [
        f"p{row['simulee']},{item},{score},{position},scored,2026-A,exam"
        for row in rows(folder / "simulated" / "sittings.csv")
        for position, (item, score) in enumerate(
            zip(row["items"].split(), row["scores"].split(), strict=True)
        )
    ]
    header = "person,item,score,position,role,administration,exam"
    (folder / "log.csv").write_text("\n".join([header, *given]) + "\n", encoding="utf-8")
    easier = EASY_GATES.replace("150}", "150, se_difficulty: 1, se_log_discrimination: 1}")
    (folder / "policy.yaml").write_text(easier, encoding="utf-8")
    words = ("--responses", "log.csv", "--policy", "policy.yaml")
    done = adaptest("recalibrate", "made-up", *words, "--out", "base", check=3)
    decided = {row["item_id"]: row["decision"] for row in rows(folder / "base" / "decisions.csv")}
    assert set(decided.values()) <= {"accept", "hold"}
    assert sum(word == "accept" for word in decided.values()) > len(ops) / 2
    assert "the curve is off" not in done.stdout


def test_the_candidate_decides_drift_keys_and_new_items(programme):
    decided = {row["item_id"]: row for row in rows(programme / "cand" / "decisions.csv")}
    assert (decided["NEW-001"]["decision"], decided["NEW-001"]["reason"]) == ("key-fix", "distractor")
    assert decided["NEW-002"]["decision"] == "accept"
    for item, way in (("LIS-001", "harder"), ("ADV-006", "easier")):
        assert (decided[item]["decision"], decided[item]["reason"]) == ("replace", "drift")
        assert decided[item]["detail"].startswith(way)
    stable = [
        row
        for item, row in decided.items()
        if item not in {"LIS-001", "ADV-006"} and row["role"] == "operational"
    ]
    assert (
        sum(row["decision"] == "accept" for row in stable) >= len(stable) - 2
    )  # two false alarms in 28 at 1 %
    page = (programme / "cand" / "report.html").read_text(encoding="utf-8")
    part = page[page.index("Drift over administrations") :]
    assert part.index("LIS-001") < part.index("Information of the released items")  # in the figure's legend
    said = (programme / "said.txt").read_text(encoding="utf-8")
    assert "key-fix: 1: NEW-001 (distractor)" in said
    assert "candidate written to cand; read cand/report.html" in said


def test_held_values_stay_bit_for_bit_and_impact_lists_every_change(programme):
    base = {row["item_id"]: row for row in rows(programme / "base" / "parameters.csv")}
    new = {row["item_id"]: row for row in rows(programme / "cand" / "parameters.csv")}
    decided = {row["item_id"]: row["decision"] for row in rows(programme / "cand" / "decisions.csv")}
    for item, word in decided.items():
        if word == "accept" and base[item]["difficulty"]:
            assert (new[item]["difficulty"], new[item]["basis"]) == (base[item]["difficulty"], "anchored")
    assert new["LIS-001"]["difficulty"] != base["LIS-001"]["difficulty"]
    assert not new["NEW-001"]["difficulty"]
    for row in rows(programme / "cand" / "impact.csv"):
        assert (row["decision_old"] != row["decision_new"]) == bool(row["change"])
        assert bool(row["change"]) == bool(row["cause"])


def test_the_report_says_what_to_look_at_first(programme):
    page = (programme / "cand" / "report.html").read_text(encoding="utf-8")
    flags = page[page.index("Look at this first") : page.index("What was collected")]
    for words in ("NEW-001", "key-fix", "LIS-001", "replace", "harder by"):
        assert words in flags
    assert "The link to the base" in page
    assert "Exposure, by simulation (synthetic)" in page
    assert page.count("<svg") > 10


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was_and_equal_input_gives_equal_bytes(adaptest):
    words = [
        "recalibrate",
        "made-up",
        "--responses",
        "both.csv",
        "--policy",
        "policy.yaml",
        "--out",
        "killed",
    ]
    work = adaptest.folder / "killed.working"
    running = subprocess.Popen(
        [Path(sys.executable).with_name("adaptest"), *words],
        cwd=adaptest.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 600
    while not (work / "4-screen" / "outcome.json").exists() and time.monotonic() < deadline:
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    running.wait()
    assert not (adaptest.folder / "killed").exists()
    assert {path.name for path in work.iterdir() if not path.name.startswith(".")} >= {
        "2-collect",
        "3-gates",
        "4-screen",
    }
    done = adaptest(*words, check=3)
    assert "went on after " in done.stderr
    for name in FILES:
        assert (adaptest.folder / "cand" / name).read_bytes() == (
            adaptest.folder / "killed" / name
        ).read_bytes(), name


def test_an_edit_voids_an_approval_and_a_reviewers_decision_is_carried_out(adaptest):
    folder = adaptest.folder / "cand"
    adaptest("release", "approve", "made-up", "cand", "--as", "Ann", check=0)
    page = folder / "report.html"
    page.write_text(page.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert adaptest.sentence("release", "publish", "cand") == (
        "cand: must have 1 approval of what it holds now; got 0 (1 given before the candidate was edited);"
        " approve it with 'adaptest release approve'"
    )
    seen = page_parts(folder)
    text = (folder / "decisions.csv").read_text(encoding="utf-8")
    text = text.replace("NEW-002,new,accept", "NEW-002,new,hold")
    (folder / "decisions.csv").write_text(text, encoding="utf-8")
    done = adaptest("release", "approve", "cand", "--as", "Ann", check=0)
    assert "decided otherwise: NEW-002; parameters, impact and report were made again" in done.stdout
    new = {row["item_id"]: row for row in rows(folder / "parameters.csv")}
    assert not new["NEW-002"]["difficulty"]
    again = page_parts(folder)
    assert any("infit" in part for part in seen)
    assert [one for one in seen if "NEW-002" not in one] == [one for one in again if "NEW-002" not in one]
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["edited"] == {
        "NEW-002": ["accept", "hold"]
    }
    done = adaptest("release", "publish", "cand", "--name", "2026-second", "--why", "spring", check=0)
    ready = next(line for line in done.stdout.splitlines() if line.startswith("calibrated, and still"))
    assert "NEW-003" in ready
    assert "NEW-001" not in ready  # its key has to be mended first
    assert "NEW-002" not in ready  # the reviewer holds it
    assert done.stdout.startswith("release 3: publish of 2026-second, effective ")
    shown = adaptest("release", "list", "made-up", "--format", "json", check=0)
    last = json.loads(shown.stdout)[-1]
    assert (last["run"], last["why"], last["in_effect"]) == ("2026-second", "spring", True)
    assert last["approvals"][0].startswith("Ann (")


def test_without_what_the_steps_saw_no_edit_is_carried_out(adaptest):
    folder = adaptest.folder / "cand"
    shutil.rmtree(folder / "seen")
    text = (folder / "decisions.csv").read_text(encoding="utf-8")
    (folder / "decisions.csv").write_text(text.replace("NEW-002,new,accept", "NEW-002,new,hold"), "utf-8")
    page = (folder / "report.html").read_bytes()
    assert adaptest.sentence("release", "approve", "cand", "--as", "Ann").endswith(
        "cand/seen: must be as it was written; recalibrate again into another folder"
    )
    assert (folder / "report.html").read_bytes() == page
    assert not (folder / "seen").exists()


def test_two_approvals_need_two_accounts_unless_the_policy_says_otherwise(adaptest):
    folder = adaptest.folder / "cand"
    for name in ("Ann", "Ben"):
        adaptest("release", "approve", "cand", "--as", name, check=0)
    with pytest.raises(BankFileError) as caught:
        require_approved(folder, Approvals(needed=2))
    assert str(caught.value).endswith(
        "must have 2 approvals of what it holds now; got 1 (1 more from the same account); approve it with"
        " 'adaptest release approve'"
    )
    assert [one.name for one in require_approved(folder, Approvals(needed=2, same_account=True))] == [
        "Ann",
        "Ben",
    ]
    adaptest("release", "publish", "cand", check=0)
    shown = json.loads(adaptest("release", "list", "made-up", "--format", "json", check=0).stdout)[-1]
    assert [one.split(" (")[0] for one in shown["approvals"]] == ["Ann", "Ben"]


def test_a_sitting_open_across_a_publish_stays_on_its_release(adaptest):
    first = adaptest("exam", "take", "made-up/exam", "--candidate", "c1", stdin="A\nB\n", check=1)
    assert "recorded 2" in first.stderr
    adaptest("release", "approve", "cand", "--as", "Ann", check=0)
    adaptest("release", "publish", "cand", "--name", "2026-second", check=0)
    adaptest("exam", "take", "made-up/exam", "--candidate", "c1", "--resume", stdin="A\n" * 8, check=0)
    adaptest("exam", "take", "made-up/exam", "--candidate", "c2", stdin="A\n" * 10, check=0)
    found = json.loads(adaptest("exam", "results", "made-up/exam", "--format", "json", check=0).stdout)
    assert {row["candidate"]: row["release"] for row in found} == {"c1": "2:2026-base", "c2": "3:2026-second"}
    for row in found:
        adaptest("exam", "replay", row["sitting"], check=0)


def test_rollback_points_back_and_deletes_nothing(adaptest):
    adaptest("release", "approve", "cand", "--as", "Ann", check=0)
    adaptest("release", "publish", "cand", "--name", "2026-second", check=0)
    held = {path: path.read_bytes() for path in (adaptest.folder / "calibration").rglob("*.csv")}
    done = adaptest("release", "rollback", "made-up", "--to", "2", "--why", "a doubt", check=0)
    assert done.stdout.startswith("release 4: rollback of 2026-base, effective ")
    assert {path: path.read_bytes() for path in held} == held
    assert adaptest.sentence("release", "rollback", "made-up", "--to", "9", "--why", "x") == (
        "bank 'made-up': --to must be the number of a release, 1 to 4; got 9"
    )
    changed = adaptest("release", "diff", "made-up", "2", "3", "--format", "csv", check=0).stdout.splitlines()
    assert changed[0].startswith("item_id,change,")
    assert any(line.startswith("NEW-002,added,") for line in changed)
    assert any(line.startswith("LIS-001,changed,") for line in changed)
    assert (
        adaptest("release", "diff", "made-up", "2", "4", "--format", "csv", check=0).stdout.count("\n") == 1
    )


@pytest.mark.parametrize("how", ["drop", "accept_keys", "credit"])
def test_revoking_lists_what_would_change_and_applies_nothing(adaptest, how):
    keys = ["--keys", "A,B"] if how == "accept_keys" else []
    done = adaptest(
        "release", "revoke", "made-up", "LIS-001", "--how", how, *keys, "--since", "2026-05-01",
        "--why", "leaked", "--responses", "both.csv", "--policy", "policy.yaml", "--out", "gone", check=3,
    )  # fmt: skip
    assert "proposed, not applied; candidate written to gone" in done.stdout
    impact = rows(adaptest.folder / "gone" / "impact.csv")
    moved = [row for row in impact if row["theta_old"] != row["theta_new"]]
    assert moved
    assert {row["administration"] for row in moved} == {"2026-B"}  # only since the leak
    flips = {
        word: [row["sitting"] for row in impact if row["change"] == word]
        for word in ("fail_to_pass", "pass_to_fail")
    }
    record = json.loads((adaptest.folder / "gone" / "run.json").read_text(encoding="utf-8"))["revoked"]
    assert (record["fail_to_pass"], record["pass_to_fail"]) == (flips["fail_to_pass"], flips["pass_to_fail"])
    if how != "drop":  # nobody loses a point
        assert not flips["pass_to_fail"]
    if how == "credit":  # a point more never lowers an estimate
        assert all(float(row["theta_new"]) > float(row["theta_old"]) for row in moved)
    parameters = {row["item_id"]: row for row in rows(adaptest.folder / "gone" / "parameters.csv")}
    assert not parameters["LIS-001"]["difficulty"]
    adaptest("release", "approve", "gone", "--as", "Ann", check=0)
    exams = adaptest.folder / "itembank" / "made-up" / "exams"
    needed = sum(item.startswith("LIS") for item in parameters)
    every = (exams / "exam.yaml").read_text(encoding="utf-8").replace("id: exam", "id: every")
    every = every.replace("minimum: 10, maximum: 10", f"minimum: {needed}, maximum: {needed}")
    every = every.replace("minimum: 3, maximum: 7", f"minimum: {needed}, maximum: {needed}")
    (exams / "every.yaml").write_text(every, encoding="utf-8")
    done = adaptest("release", "publish", "gone", check=3)
    why = f"domain INT has {needed - 1} active items; the blueprint needs {needed} at length {needed}"
    assert f"exam 'every' cannot run on this release: {why}" in done.stdout
    assert "exam 'exam' cannot run" not in done.stdout
    adaptest("release", "show", "made-up", check=0)


def test_monitoring_signals_what_moved_and_counts_towards_the_gate(adaptest):
    done = adaptest(
        "monitor", "made-up", "--responses", "both.csv", "--policy", "policy.yaml", "--format", "json"
    )
    assert done.returncode == 3, done.stderr
    found = {row["item_id"]: row for row in json.loads(done.stdout)}
    assert "harder" in found["LIS-001"]["signals"]
    assert "easier" in found["ADV-006"]["signals"]
    assert (found["NEW-002"]["pretest_n"], found["NEW-002"]["gate"]) == (500, 150)
    quiet = [row for item, row in found.items() if item not in {"LIS-001", "ADV-006"}]
    assert sum("harder" in row["signals"] or "easier" in row["signals"] for row in quiet) <= 1


def test_refusals_are_one_sentence_and_publish_nothing(adaptest):
    folder = adaptest.folder
    before = (folder / "calibration" / "made-up" / "releases.json").read_bytes()
    base = ["recalibrate", "made-up", "--policy", "policy.yaml", "--out", "out"]
    text = (folder / "first.csv").read_text(encoding="utf-8")
    (folder / "odd.csv").write_text(text.replace("LIS-002", "LIS-999"), encoding="utf-8")
    line = text.split("\n").index(next(row for row in text.split("\n") if "LIS-002" in row)) + 1
    assert adaptest.sentence(*base, "--responses", "odd.csv") == (
        f"odd.csv:{line}: item 'LIS-999': must be an item of the bank; give its id as the bank has it, or"
        " leave its responses out"
    )
    (folder / "typo.yaml").write_text(EASY_GATES.replace("two_pl", "to_pl"), encoding="utf-8")
    assert adaptest.sentence("recalibrate", "made-up", "--policy", "typo.yaml", "--out", "out") == (
        "typo.yaml:2: 'to_pl_with_priors' is not a known key; use rasch, two_pl, two_pl_with_priors,"
        " three_pl, three_pl_with_priors, per_category, se_difficulty, se_log_discrimination"
    )
    header, *rest = text.splitlines(keepends=True)
    only_new = [
        row.replace("LIS-003", "NEW-003").replace("scored", "pretest") for row in rest if "LIS-003" in row
    ]
    (folder / "only.csv").write_text(header + "".join(only_new), encoding="utf-8")
    sentence = adaptest.sentence(*base, "--responses", "only.csv")
    assert sentence == (
        "item 'LIS-001': an anchor must have responses; got none (and 29 more anchors); include the"
        " operational responses"
    )
    decisions = folder / "cand" / "decisions.csv"
    whole = decisions.read_text(encoding="utf-8")
    decisions.write_text(whole.replace("NEW-002,new,accept", "NEW-002,new,agree"), encoding="utf-8")
    row = whole[: whole.index("NEW-002")].count("\n") + 1
    assert adaptest.sentence("release", "approve", "cand", "--as", "Ann") == (
        f"cand/decisions.csv:{row}: item 'NEW-002': decision must be one of accept, replace, hold, reject,"
        " retire, key-fix; got 'agree'"
    )
    decisions.write_text(
        "".join(one for one in whole.splitlines(keepends=True) if "NEW-002" not in one), encoding="utf-8"
    )
    assert adaptest.sentence("release", "approve", "cand", "--as", "Ann") == (
        "cand/decisions.csv: item 'NEW-002': must be decided; its row is missing"
    )
    decisions.write_text(
        whole.replace("LIS-002,operational,accept", "LIS-002,operational,replace"), encoding="utf-8"
    )
    assert adaptest.sentence("release", "approve", "cand", "--as", "Ann") == (
        "cand/decisions.csv: item 'LIS-002': must have an estimate to be decided 'replace'; got none; choose"
        " accept, hold, reject, retire or key-fix"
    )
    decisions.write_text(whole, encoding="utf-8")
    run = folder / "calibration" / "made-up" / "2026-base" / "parameters.csv"
    held = run.read_bytes()
    run.write_bytes(held + b"\n")
    assert adaptest.sentence(*base, "--responses", "first.csv").startswith(
        "calibration/made-up/2026-base/parameters.csv: must be as published in release 2, SHA-256 "
    )
    run.unlink()
    assert adaptest.sentence(*base, "--responses", "first.csv") == (
        "calibration/made-up/2026-base/parameters.csv: no such file; release 2 needs it; restore it"
    )
    run.write_bytes(held)
    assert (folder / "calibration" / "made-up" / "releases.json").read_bytes() == before
    assert not (folder / "out").exists()


def test_the_policy_file_that_is_shown_is_the_default(adaptest):
    shown = adaptest("recalibrate", "--show-policy", check=0).stdout
    (adaptest.folder / "shown.yaml").write_text(shown, encoding="utf-8")
    assert read_policy(Path(adaptest.folder / "shown.yaml")) == Policy()
    for source in ("Linacre 1994", "Wise & Ma 2012", "Siegmund 1985"):
        assert source in shown
