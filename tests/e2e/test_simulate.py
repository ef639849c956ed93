"""`adaptest exam simulate` as an administrator runs it: files, terminal, exit codes, sentences, Ctrl-C."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from adaptest.cli.main import main

ADAPTEST = Path(sys.executable).with_name("adaptest")
FILES = ("adequacy.csv", "conditional.csv", "exposure.csv", "report.html", "sittings.csv", "summary.json")
EXAM = """format: adaptest-exam/1
id: {name}
title: Short exam
pool: {{status: [operational], domain: [REC, ADM]}}
length: {{minimum: 5, maximum: {maximum}}}
selection: {{criterion: information, picker: {{name: randomesque, size: 5}}}}
stopping: [{{rule: sem, at_most: 0.63}}]
reporting: {{scale: {{slope: 10.0, intercept: 50.0}}, cut: {{theta: 0.0, label: demo}}}}
{more}
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, laid_out):
    folder = tmp_path_factory.mktemp("simulate") / "workspace"
    shutil.copytree(laid_out, folder)
    for name, maximum, more in (
        ("short", 9, "require: {max_exposure: 0.9, rmse: 2.0}"),
        ("shorter", 7, ""),
        ("strict", 8, "require: {accuracy: 0.999}"),
    ):
        exam = folder / "itembank" / "peer-support" / "exams" / f"{name}.yaml"
        exam.write_text(EXAM.format(name=name, maximum=maximum, more=more), encoding="utf-8")
    return folder


@pytest.fixture
def simulate(workspace, monkeypatch, capfd):
    """Run the command line in this process: its modules are loaded once."""

    def run(*words):
        monkeypatch.chdir(workspace)
        monkeypatch.setattr(sys, "argv", ["adaptest", "exam", "simulate", *map(str, words)])
        with pytest.raises(SystemExit) as ending:
            main()
        out, err = capfd.readouterr()
        return SimpleNamespace(returncode=ending.value.code, stdout=out, stderr=err)

    return run


def test_a_study_is_written_whole_and_the_same_again(simulate, tmp_path):
    done = simulate("peer-support/short", "--simulees", 60, "--seed", 3, "--out", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    again = simulate(
        "peer-support/short",
        "--simulees",
        60,
        "--seed",
        3,
        "--out",
        tmp_path / "b",
        "--workers",
        2,
    )
    assert again.stdout == done.stdout
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    summary = json.loads((tmp_path / "a" / "summary.json").read_text("utf-8"))
    for name in ("bias", "rmse", "mean_length", "max_exposure", "accuracy"):
        assert isinstance(summary[name], float)
        assert summary[f"{name}_se"] > 0
    assert (summary["n"], summary["hard_violations"], summary["interrupted"]) == (60, 0, False)
    with (tmp_path / "a" / "sittings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert summary["mean_length"] == sum(int(row["n_items"]) for row in rows) / 60
    assert all(len(row["items"].split()) == int(row["n_items"]) for row in rows)
    correct = [(row["decision"] == "pass") == (float(row["true_theta"]) >= 0) for row in rows]
    assert summary["accuracy"] == sum(correct) / 60
    page = (tmp_path / "a" / "report.html").read_text("utf-8")
    assert page.count("<figure><svg") == 4
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert "Technical manual" in page
    assert "peer-support/short: 60 sittings, seed 3; synthetic simulees: normal" in done.stdout
    assert "required: rmse must be at most 2; got" in done.stdout


def test_exit_3_where_the_exam_file_requires_more(simulate, tmp_path):
    done = simulate("peer-support/strict", "--simulees", 40, "--out", tmp_path / "s")
    assert done.returncode == 3
    assert "look: accuracy must be at least 0.999; got" in done.stdout
    assert (tmp_path / "s" / "report.html").is_file()


def test_exams_are_compared_in_folders_of_their_own(simulate, tmp_path):
    names = ("peer-support/short", "peer-support/shorter")
    done = simulate(*names, "--simulees", 50, "--theta", "grid:-2:2:5", "--out", tmp_path / "c")
    assert done.returncode == 0, done.stderr
    assert "peer-support/shorter minus peer-support/short:" in done.stdout
    found = json.loads((tmp_path / "c" / "comparison.json").read_text("utf-8"))
    (difference,) = found["differences"]
    assert difference["length"] < 0
    assert difference["length_se"] > 0
    for name in names:
        folder = tmp_path / "c" / name.replace("/", "-")
        assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    lines = (folder / "conditional.csv").read_text("utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["theta", "-2", "-1", "0", "1", "2"]


def test_people_s_answers_are_run_instead_of_simulees(simulate, workspace, tmp_path):
    parameters = workspace / "calibration" / "peer-support" / "2026-11-provisional" / "parameters.csv"
    with parameters.open(encoding="utf-8", newline="") as file:
        items = [row["item_id"] for row in csv.DictReader(file)]
    answers = tmp_path / "answers.csv"
    lines = [",".join(["person", *items])]
    lines += [
        ",".join([f"p{n}", *(str((n * 7 + k * k) % 3 % 2) for k in range(len(items)))]) for n in range(9)
    ]
    answers.write_text("\n".join(lines) + "\n", encoding="utf-8")
    people = "peer-support/short", "--responses", answers, "--id-columns", "person"
    done = simulate(*people, "--out", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert "9 sittings, seed 1; people's answers" in done.stdout
    summary = json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))
    assert summary["synthetic"] is False
    assert summary["n"] == 9
    assert "the answers carry no times" in done.stdout
    times = tmp_path / "times.csv"
    seconds = [",".join([f"p{n}", *("10" for _ in items)]) for n in range(9)]
    times.write_text("\n".join([lines[0], *seconds]) + "\n", encoding="utf-8")
    done = simulate(
        *people,
        "--times",
        times,
        "--out",
        tmp_path / "t",
    )
    assert done.returncode == 0, done.stderr
    timed = json.loads((tmp_path / "t" / "summary.json").read_text("utf-8"))
    assert timed["mean_time_s"] == pytest.approx(10 * timed["mean_length"])


def test_habits_and_true_parameters_are_said_to_be_synthetic(simulate, tmp_path):
    leaked = tmp_path / "leaked.txt"
    leaked.write_text("REC-001\nADM-002\n", encoding="utf-8")
    words = ("--simulees", 20, "--guessing", 0.1, "--fatigue", 0.4, "--leaked", leaked, "--leaked-to", 0.2)
    done = simulate(
        "peer-support/short",
        *words,
        "--omission",
        0.05,
        "--pace",
        0.3,
        "--true-parameters",
        "draw",
    )
    assert done.returncode == 0, done.stderr
    for sentence in (
        "note: simulees answer by parameters other than the exam's",
        "note: synthetic: 10.0% of items are answered blindly",
        "note: synthetic: ability falls by 0.4 logits from the first item to the last",
        "note: synthetic: 20.0% of simulees know 2 leaked items",
        "note: synthetic: 5.0% of items are omitted and score 0",
        "seconds, on average",
    ):
        assert sentence in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--theta", "nowhere.csv"), "--theta must be normal, uniform, grid or a file; got 'nowhere.csv'"),
        (("--theta", "normal:1"), "--theta normal: must be MEAN,SD, numbers; got '1'"),
        (
            ("--responses", "x.csv", "--theta", "grid"),
            "--responses and --theta exclude each other; people bring their own ability",
        ),
        (
            ("--responses", "x.csv", "--simulees", "4"),
            "--responses goes with no option of simulees: people answered already, all are used",
        ),
        (("--times", "t.csv"), "--times belongs to --responses; none are given"),
        (("--id-columns", "a"), "--id-columns belongs to --responses; none are given"),
        (("--guessing", "2"), "guessing: must be a share in [0, 1]; got 2"),
        (("peer-support/short",), "each EXAM must be named once; one of them is named again"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(simulate, tmp_path, words, sentence):
    done = simulate("peer-support/short", *words, "--out", tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.rstrip("\n") == f"adaptest: {sentence}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_keeps_what_is_finished_and_says_so(workspace, tmp_path):
    out = tmp_path / "long"
    command = [ADAPTEST, "exam", "simulate", "peer-support/short", "--simulees", "300000", "--out", out]
    running = subprocess.Popen(
        command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        written = [file for file in tmp_path.glob(".long.*.tmp/sittings.csv") if file.stat().st_size > 10_000]
        if written:
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=120)
    assert running.returncode == 3, stderr
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["interrupted"] is True
    assert 0 < summary["n"] < summary["n_asked"] == 300_000
    assert f"look: interrupted: {summary['n']} of 300000 simulees finished" in stdout
    with (out / "sittings.csv").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == summary["n"] + 1
