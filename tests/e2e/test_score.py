"""`adaptest score` as people call it: the score file, its words, its exit codes, and how it fails."""

import csv
import errno
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from adaptest.cli import main as command_line
from adaptest.cli.score import METHODS
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.scoring import ESTIMATORS
from adaptest.scoring import score as score_in_python

ADAPTEST = Path(sys.executable).with_name("adaptest")
PARAMETERS = (
    "item_id,model,discrimination,difficulty,guessing\n"
    "i1,2pl,1.2,-1,\ni2,2pl,0.8,0,\ni3,3pl,1.5,1,0.2\ni4,rasch,,0.5,\n"
)
WIDE = "id,i1,i2,i3\na,1,0,1\nb,1,1,1\nc,,,\nd,0,0,0\n"


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "items.csv").write_text(PARAMETERS)
    (tmp_path / "wide.csv").write_text(WIDE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder, capfd):  # noqa: ARG001 (which moves into the folder)
    """The command line in this process, which is quicker; `subprocess` where the process itself is tested."""

    def of(*arguments):
        with pytest.raises(SystemExit) as ending:
            command_line.main(["score", *arguments])
        out, err = capfd.readouterr()
        return Done(ending.value.code, out, err)

    return of


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_score_file_has_every_digit_and_says_how_each_estimate_ended(folder, run):
    done = run("wide.csv", "--parameters", "items.csv", "--scale=10,50", "--out", "scores.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "4 persons scored by eap: 1 no_responses\n"
        "note: read as wide: 4 persons, 3 items\n"
        "note: column 'id' is taken as the person's id\n"
        "note: 3 cells read as not presented\n"
    )
    rows = table((folder / "scores.csv").read_text())
    assert list(rows[0]) == [
        "person", "theta", "sem", "sem_kind", "scale_score", "n_items", "method", "outcome",
    ]  # fmt: skip
    items = ItemParameters.of(
        LogisticItems(("i1", "i2", "i3"), [1.2, 0.8, 1.5], [-1, 0, 1], [0, 0, 0.2], [1, 1, 1])
    )
    people = score_in_python(items, Responses.of(np.array([[1, 0, 1], [1, 1, 1], [-1] * 3, [0] * 3])))
    assert [float(row["theta"]) for row in rows] == people.theta.tolist()
    assert [float(row["sem"]) for row in rows] == people.sem.tolist()
    assert [float(row["scale_score"]) for row in rows] == (50 + 10 * people.theta).tolist()
    assert [row["n_items"] for row in rows] == ["3", "3", "0", "3"]
    assert [row["outcome"] for row in rows] == ["ok", "ok", "no_responses", "ok"]
    assert {(row["method"], row["sem_kind"]) for row in rows} == {("eap", "posterior_sd")}


def test_an_infinite_theta_and_no_theta_are_told_apart_and_cuts_count(run):
    done = run("wide.csv", "--parameters", "items.csv", "--method", "mle", "--cut=0", "--cut=-9")
    rows = table(done.stdout)
    assert [row["theta"] for row in rows][1:] == ["inf", "", "-inf"]
    assert [row["outcome"] for row in rows][1:] == ["all_correct", "no_responses", "all_incorrect"]
    assert [row["class"] for row in rows][1:] == ["2", "", "0"]
    assert done.stderr.splitlines()[0].startswith("4 persons scored by mle: 1 all_correct, 1 all_incorrect")


@pytest.mark.parametrize("method", METHODS)
def test_every_estimator_can_be_called(method, run):
    done = run("wide.csv", "--parameters", "items.csv", "--method", method)
    assert done.returncode in {0, 3}, done.stderr
    assert {row["method"] for row in table(done.stdout)} == {method}


def test_the_methods_offered_are_those_there_are():
    assert tuple(METHODS) == tuple(sorted(METHODS, key=list(METHODS).index))
    assert set(METHODS) == set(ESTIMATORS)


def test_several_maxima_need_a_person(folder, run):
    (folder / "items.csv").write_text(
        "item_id,model,discrimination,difficulty,guessing\n"
        "i1,2pl,1,-1.5,\ni2,2pl,1,-0.5,\ni3,3pl,3,2,0.2\ni4,3pl,3,2,0.2\ni5,3pl,3,2,0.2\ni6,2pl,3,3,\n"
    )
    (folder / "wide.csv").write_text("id,i1,i2,i3,i4,i5,i6\na,1,0,1,1,1,0\n")
    done = run("wide.csv", "--parameters", "items.csv", "--method", "mle")
    assert table(done.stdout)[0]["outcome"] == "multiple_maxima"
    assert done.returncode == 3


def test_options_of_the_estimator_are_heard(run):
    fixed = run("wide.csv", "--parameters", "items.csv", "--grid=-4:4:3", "--prior=1,0.5")
    assert table(fixed.stdout)[2]["theta"] != "0.0"
    assert "note: the grid was fixed by the caller: 3 nodes from -4 to 4" in fixed.stderr
    uniform = run("wide.csv", "--parameters", "items.csv", "--method=map", "--prior=uniform:-2,2")
    assert table(uniform.stdout)[1]["theta"] == "2.0"


def test_the_files_own_metric_and_key_and_codes_are_heard(folder, run):
    plain = run("wide.csv", "--parameters", "items.csv")
    foreign = run("wide.csv", "--parameters", "items.csv", "--d", "1.7")
    assert table(plain.stdout)[0]["theta"] != table(foreign.stdout)[0]["theta"]
    (folder / "key.csv").write_text("item,key\ni1,A\ni2,B\ni3,C\n")
    (folder / "options.csv").write_text("id,i1,i2,i3\na,A,9,C\n")
    keyed = run("options.csv", "--parameters", "items.csv", "--key", "key.csv")
    assert table(keyed.stdout)[0] == table(plain.stdout)[0]
    left = ["--omitted-code", "9", "--omitted", "not_presented"]
    omitted = run("options.csv", "--parameters", "items.csv", "--key", "key.csv", *left)
    assert table(omitted.stdout)[0]["n_items"] == "2"
    assert "note: 1 omitted responses treated as not presented\n" in omitted.stderr


def test_items_without_parameters_are_an_error_or_counted(folder, run):
    (folder / "more.csv").write_text("id,i1,x,y\na,1,0,1\n")
    refused = run("more.csv", "--parameters", "items.csv")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "adaptest: more.csv: item 'x' (and 1 more) must have parameters in items.csv; got none; name a "
        "column that is no item in --id-columns, or leave such items out with --ignore-unknown\n"
    )
    counted = run("more.csv", "--parameters", "items.csv", "--ignore-unknown")
    assert table(counted.stdout)[0]["n_items"] == "1"
    assert "note: 2 items without parameters were left out: 'x' (and 1 more)\n" in counted.stderr


def test_a_score_above_the_items_categories_is_refused_with_its_line(folder, run):
    (folder / "long.csv").write_text("person,item,score\na,i1,1\na,i2,2\n")
    done = run("long.csv", "--parameters", "items.csv")
    assert (done.returncode, done.stderr) == (
        1, "adaptest: long.csv:3: item 'i2': a score must be at most 1; got 2 of person 'a'\n"
    )  # fmt: skip


FAILURES = {
    "a missing file": (["none.csv", "--parameters", "items.csv"], 1, "adaptest: none.csv: no such file\n"),
    "missing parameters": (
        ["wide.csv", "--parameters", "none.csv"],
        1,
        "adaptest: none.csv: no such file\n",
    ),
    "a directory to read": (
        [".", "--parameters", "items.csv"],
        1,
        "adaptest: .: must be a file; got a directory\n",
    ),
    "a directory to write": (
        ["wide.csv", "--parameters", "items.csv", "--out", "."],
        1,
        "adaptest: .: must be a file to write to; got a directory\n",
    ),
    "a folder that is not there": (
        ["wide.csv", "--parameters", "items.csv", "--out", "no/scores.csv"],
        1,
        "adaptest: no/scores.csv: must be in a folder that is there; 'no' is not\n",
    ),
    "a file that is there": (
        ["wide.csv", "--parameters", "items.csv", "--out", "wide.csv"],
        1,
        "adaptest: wide.csv: must not exist or be empty; give another name, or --force to replace it\n",
    ),
    "a scale of one number": (
        ["wide.csv", "--parameters", "items.csv", "--scale", "10"],
        1,
        "adaptest: --scale must be SLOPE,INTERCEPT, numbers; got '10'\n",
    ),
    "half a node": (
        ["wide.csv", "--parameters", "items.csv", "--grid=-4:4:4.5"],
        1,
        "adaptest: --grid: the number must be whole and greater than 0; got 4.5\n",
    ),
    "an option the method does not heed": (
        ["wide.csv", "--parameters", "items.csv", "--method", "wle", "--prior", "1,1"],
        1,
        "adaptest: method 'wle' heeds no prior; leave it out, or choose among eap, map, eap_sum\n",
    ),
}


@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_is_one_sentence_and_leaves_nothing_behind(what, folder, run):
    arguments, code, sentence = FAILURES[what]
    before = sorted(path.name for path in folder.rglob("*"))
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", sentence)
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert (folder / "wide.csv").read_text() == WIDE


@pytest.mark.parametrize(
    "arguments", [[], ["wide.csv"], ["wide.csv", "--parameters", "items.csv", "--grit", "1"]]
)
def test_wrong_usage_exits_2_and_says_what_is_right(arguments, run):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.endswith("; see 'adaptest score --help'\n")
    assert done.stderr.count("\n") == 1


def test_what_is_there_is_replaced_with_force_only(folder, run):
    (folder / "scores.csv").write_text("old")
    arguments = ["wide.csv", "--parameters", "items.csv", "--out", "scores.csv"]
    assert run(*arguments).returncode == 1
    assert (folder / "scores.csv").read_text() == "old"
    assert run(*arguments, "--force").returncode == 0
    assert (folder / "scores.csv").read_text().startswith("person,theta")
    assert sorted(path.name for path in folder.iterdir()) == ["items.csv", "scores.csv", "wide.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_sentence(folder, run):
    named = run("wide.csv", "--parameters", "items.csv", "--out", "/dev/full")
    assert (named.returncode, named.stderr) == (
        1, "adaptest: /dev/full: cannot be written; no space left on device\n"
    )  # fmt: skip
    command = [ADAPTEST, "score", "wide.csv", "--parameters", "items.csv"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=-1, text=True, cwd=folder)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "adaptest: no space left on device"
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_while_writing_leaves_the_old_file(folder, monkeypatch, capsys):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (folder / "scores.csv").write_text("old")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SystemExit) as ending:
        command_line.main(
            ["score", "wide.csv", "--parameters", "items.csv", "--out", "scores.csv", "--force"]
        )
    assert ending.value.code == 1
    assert capsys.readouterr().err == "adaptest: scores.csv: cannot be written; no space left on device\n"
    assert (folder / "scores.csv").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == ["items.csv", "scores.csv", "wide.csv"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever may write anywhere is not refused")
def test_a_folder_that_may_not_be_written_to_is_one_sentence(folder, run):
    (folder / "closed").mkdir(mode=0o500)
    done = run("wide.csv", "--parameters", "items.csv", "--out", "closed/scores.csv")
    assert (done.returncode, done.stderr) == (
        1, "adaptest: closed/scores.csv: cannot be written; permission denied\n"
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_leaves_early_sees_no_traceback(folder):
    rows = "".join(f"{n},1,0,1\n" for n in range(20_000))
    (folder / "wide.csv").write_text("id,i1,i2,i3\n" + rows)
    command = [ADAPTEST, "-q", "score", "wide.csv", "--parameters", "items.csv"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, cwd=folder) as process:
        assert process.stdout.readline().startswith("person,theta")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode in {0, 1}
