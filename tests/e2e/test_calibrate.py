"""`adaptest calibrate` as people call it: what it writes, what it says, how it fails."""

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

ADAPTEST = Path(sys.executable).with_name("adaptest")
LSAT7 = Path(__file__).parents[1] / "data" / "lsat7.csv"
LSAT7_OPTIONS = ("--id-columns", "pattern", "--weights", "count")
WIDE = "person,i1,i2,i3\np1,1,0,1\np2,0,1,1\np3,1,1,0\np4,0,0,1\np5,1,0,0\np6,0,1,0\n"


def process(*arguments):
    return subprocess.run(
        [ADAPTEST, "calibrate", *map(str, arguments)], check=False, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def run(command_line):
    """`adaptest calibrate` in this process, which is quicker."""

    def calibrate(*arguments, cwd="."):
        return command_line(Path(cwd).absolute())("calibrate", *arguments)

    return calibrate


def record(folder):
    return json.loads((folder / "run.json").read_text("utf-8"))


def table(folder):
    with (folder / "parameters.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def lsat7(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "lsat7"
    done = process(LSAT7, *LSAT7_OPTIONS, "--model", "2pl", "--grid=-6:6:61", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_run_is_a_table_a_record_its_covariance_its_provenance_and_a_page(lsat7):
    names = {"parameters.csv", "run.json", "covariance.npz", "provenance.json", "report.html"}
    assert {path.name for path in lsat7.iterdir()} == names


def test_the_record_has_the_keys_that_others_read(lsat7):
    said = record(lsat7)
    assert said["format"] == "adaptest-run/1"
    assert said["log_likelihood"] == pytest.approx(-2658.805, abs=0.001)
    assert said["log_posterior"] == said["log_likelihood"]
    assert (said["converged"], said["information_positive_definite"]) == (True, True)
    assert (said["n_persons"], said["n_items"], said["n_responses"]) == (32, 5, 160)
    assert (said["model"], said["priors"], said["scaling_constant"]) == ("2pl", {}, 1.0)
    assert said["grid"] == {"lo": -6.0, "hi": 6.0, "n": 61, "moves_with_group": False}
    assert said["groups"][0] | {"se_mean": None} == said["groups"][0]
    assert {"name", "n", "mean", "variance", "se_mean", "se_variance"} <= set(said["groups"][0])
    assert {"reason", "iterations", "options", "version"} <= set(said)
    assert re.fullmatch("[0-9a-f]{64}", said["data_fingerprint"])


def test_the_table_is_in_the_inputs_order_and_its_covariance_gives_its_errors(lsat7):
    rows = table(lsat7)
    assert [row["item_id"] for row in rows] == [f"Item{k}" for k in range(1, 6)]
    packed = np.load(lsat7 / "covariance.npz")
    assert packed["parameters_0"][:2].tolist() == [["Item1", "discrimination"], ["Item1", "difficulty"]]
    errors = np.sqrt(np.diag(packed["matrix_0"]))
    wanted = [float(row[f"se_{name}"]) for row in rows for name in ("discrimination", "difficulty")]
    np.testing.assert_allclose(errors[:10], wanted, rtol=1e-12)


def test_equal_input_gives_equal_bytes_whatever_the_threads(run, lsat7, tmp_path):
    again = tmp_path / "lsat7"
    done = run(LSAT7, *LSAT7_OPTIONS, "--grid=-6:6:61", "--threads", "1", "--no-report", "--out", again)
    assert done.returncode == 0
    for name in ("parameters.csv", "covariance.npz"):
        assert (again / name).read_bytes() == (lsat7 / name).read_bytes()
    one, two = record(again), record(lsat7)
    one["options"].pop("threads"), two["options"].pop("threads")
    assert one == two
    twice = tmp_path / "twice" / "lsat7"
    twice.parent.mkdir()
    run(LSAT7, *LSAT7_OPTIONS, "--model", "2pl", "--grid=-6:6:61", "--out", twice)
    for name in ("run.json", "report.html"):
        assert (twice / name).read_bytes() == (lsat7 / name).read_bytes()


class Page(HTMLParser):
    """What a page asks the network for, and the text it shows."""

    def __init__(self, text):
        super().__init__()
        self.asked, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 (the parser's signature)
        self.asked += [v for k, v in attrs if k in {"src", "href"} and v and not v.startswith("#")]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_asks_the_network_for_nothing_and_draws_every_item(lsat7):
    text = (lsat7 / "report.html").read_text("utf-8")
    page = Page(text)
    assert page.asked == []
    assert text.count('class="panel"') == 5
    assert "Nothing was flagged" in " ".join(page.words)


def test_flags_come_first_and_exit_is_3(run, shared, tmp_path):
    out = tmp_path / "sat12"
    done = run(
        shared / "data/sat12_scored.csv", "--id-columns", "", "--grid=-6:6:61",
        "--prior-discrimination", "none", "--out", out,
    )  # fmt: skip
    assert done.returncode == 3
    assert "flag: items Item_32 (outside_grid)" in done.stderr
    last = table(out)[-1]
    assert float(last["discrimination"]) == pytest.approx(0.130, abs=5e-4)
    assert float(last["difficulty"]) == pytest.approx(12.75, abs=5e-3)
    assert record(out)["log_likelihood"] == pytest.approx(-9488.955, abs=5e-4)
    text = (out / "report.html").read_text("utf-8")
    assert text.index("Look at this first") < text.index("The fit")


def test_scores_that_count_from_one_are_scored_by_the_table_they_gave(run, command_line, shared, tmp_path):
    out, data = tmp_path / "science", shared / "data/science_mirt.csv"
    assert run(data, "--id-columns", "", "--model", "grm", "--no-report", "--out", out).returncode == 0
    words = ("--id-columns", "", "--parameters", out / "parameters.csv", "--out", "theta.csv")
    command_line(tmp_path)("score", data, *words, check=0)
    assert len((tmp_path / "theta.csv").read_text("utf-8").splitlines()) == 393


def test_an_items_file_gives_models_keys_and_priors(run, tmp_path):
    answers = tmp_path / "answers.csv"
    rows = [
        f"p{k},{'AB'[k % 2]},{'CD'[k % 3 > 0]},{'AB'[k % 5 > 1]},{'DC'[(k + k // 7) % 2]}" for k in range(60)
    ]
    rows.insert(0, "person,q1,q2,q3,q4")
    answers.write_text("\n".join(rows) + "\n", "utf-8")
    plan = tmp_path / "items.csv"
    plan.write_text(
        'item_id,model,key,prior_discrimination\nq1,rasch,A,\nq2,2pl,C,"lognormal:0,.3"\n'
        'q3,2pl,A,"lognormal:0,.3"\nq4,rasch,D,\n',
        "utf-8",
    )  # fmt: skip
    out = tmp_path / "run"
    done = run(answers, "--items", plan, "--model", "mixed", "--no-report", "--out", out)
    assert done.returncode in {0, 3}, done.stderr
    assert [row["model"] for row in table(out)] == ["rasch", "2pl", "2pl", "rasch"]
    assert record(out)["priors"] == dict.fromkeys(("q2", "q3"), "discrimination~lognormal:0,0.3")


def test_d_is_divided_out_said_and_read_back(run, lsat7, tmp_path):
    out = tmp_path / "d"
    assert (
        run(LSAT7, *LSAT7_OPTIONS, "--grid=-6:6:61", "--d", "1.7", "--no-report", "--out", out).returncode
        == 0
    )
    for with_d, without in zip(table(out), table(lsat7), strict=True):
        assert with_d["scaling_constant"] == "1.7"
        for name in ("discrimination", "se_discrimination"):
            assert float(with_d[name]) * 1.7 == pytest.approx(float(without[name]), rel=1e-14)
        assert with_d["difficulty"] == without["difficulty"]


@pytest.mark.parametrize("estimator", ["conditional", "joint"])
def test_other_estimators_say_their_name(run, estimator, tmp_path):
    out = tmp_path / estimator
    done = run(LSAT7, *LSAT7_OPTIONS, "--model", "rasch", "--estimator", estimator, "--out", out)
    assert done.returncode == 0, done.stderr
    assert record(out)["method"].startswith(f"{estimator} maximum likelihood")
    assert record(out)["grid"] is None


def test_method_a_is_a_quick_look_and_says_so(run, lsat7, tmp_path):
    lines = (lsat7 / "parameters.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "anchors.csv").write_text("".join(lines[:4]), "utf-8")
    out = tmp_path / "a"
    done = run(
        LSAT7, *LSAT7_OPTIONS, "--anchors", tmp_path / "anchors.csv", "--estimator", "method-a", "--out", out
    )
    assert done.returncode == 3
    assert "a quick look, not a calibration" in done.stderr
    assert (record(out)["log_likelihood"], record(out)["flags"]) == (None, ["quick_look"])
    assert [row["status"] for row in table(out)] == ["anchored"] * 3 + ["estimated"] * 2


def test_the_folder_must_be_new_unless_forced(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", "utf-8")
    done = run(LSAT7, *LSAT7_OPTIONS, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "must not exist or be empty" in done.stderr
    assert (tmp_path / "out" / "mine.txt").read_text("utf-8") == "mine"
    assert run(LSAT7, *LSAT7_OPTIONS, "--out", tmp_path / "out", "--no-report", "--force").returncode == 0
    assert (tmp_path / "out" / "run.json").exists()


BAD = {
    "a letter": (WIDE.replace("p2,0", "p2,x"), "bad.csv:3: item 'i1'"),
    "a negative score": (WIDE.replace("p3,1", "p3,-4"), "bad.csv:4: item 'i1'"),
    "two header rows": (WIDE.replace("p1,", "person,i1,i2,i3\np1,", 1), "bad.csv:2"),
    "semicolons": (WIDE.replace(",", ";"), "bad.csv"),
    "nothing": ("", "bad.csv"),
    "only a header": ("person,i1,i2\n", "bad.csv"),
    "a ragged row": (WIDE.replace("p4,0,0,1", "p4,0,0,1,1"), "bad.csv:5"),
}


@pytest.mark.parametrize("case", BAD, ids=list(BAD))
def test_a_bad_file_is_one_sentence_with_its_place_and_nothing_is_written(run, case, tmp_path):
    text, where = BAD[case]
    (tmp_path / "bad.csv").write_text(text, "utf-8")
    done = run("bad.csv", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("adaptest: bad.csv")
    assert where in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_a_score_above_the_items_categories_names_its_line(run, tmp_path):
    (tmp_path / "bad.csv").write_text(WIDE.replace("p5,1", "p5,2"), "utf-8")
    done = run("bad.csv", "--model", "2pl", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "item 'i1'" in done.stderr
    assert "got 2" in done.stderr


def test_a_key_that_misses_an_item_names_it(run, tmp_path):
    (tmp_path / "bad.csv").write_text("person,i1,i2\np1,A,B\np2,B,B\n", "utf-8")
    (tmp_path / "key.csv").write_text("item,key\ni1,A\n", "utf-8")
    done = run("bad.csv", "--key", "key.csv", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "item 'i2' must have a key" in done.stderr


def test_a_truncated_gzip_is_refused(run, tmp_path):
    packed = gzip.compress(("\n".join([WIDE] * 50)).encode())
    (tmp_path / "bad.csv.gz").write_bytes(packed[: len(packed) // 2])
    done = run("bad.csv.gz", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("adaptest: bad.csv.gz")
    assert not (tmp_path / "out").exists()


def test_anchors_that_nobody_answered_are_refused(run, tmp_path):
    (tmp_path / "r.csv").write_text(WIDE, "utf-8")
    (tmp_path / "a.csv").write_text("item_id,model,difficulty\nother,rasch,0.5\n", "utf-8")
    done = run("r.csv", "--anchors", "a.csv", "--model", "rasch", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "anchor" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,model\n", "items.csv:1: the header must name a column item_id; got id, model"),
        ("item_id,modle\n", "items.csv:1: a column must be one of item_id, key, model"),
        ("item_id,model\ni1,9pl\n", "items.csv:2: item 'i1': model must be one of rasch"),
        ("item_id,model\ni1,2pl\ni1,2pl\n", "items.csv:3: item 'i1': an item must be named, and once"),
        ("item_id,options\ni1,many\n", "items.csv:2: item 'i1': options must be a number of 2 or more"),
        (
            "item_id,prior_guessing\ni1,flat\n",
            "items.csv:2: item 'i1': prior_guessing: must be none, or beta",
        ),
        ("item_id,model\ni1\n", "items.csv:2: item 'i1': a row must have 2 cells"),
    ],
)
def test_a_bad_items_file_is_one_sentence(run, text, sentence, tmp_path):
    (tmp_path / "r.csv").write_text(WIDE, "utf-8")
    (tmp_path / "items.csv").write_text(text, "utf-8")
    done = run("r.csv", "--items", "items.csv", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"adaptest: {sentence}")


@pytest.mark.skipif(os.name == "nt", reason="signals are other there")
def test_ctrl_c_stops_cleanly_and_leaves_nothing_behind(tmp_path):
    rng = np.random.default_rng(1)
    header = ",".join(["person", *(f"i{k}" for k in range(120))])
    theta, b = rng.normal(size=20_000), rng.normal(size=120)
    scores = (rng.random((20_000, 120)) < 1 / (1 + np.exp(b - theta[:, None]))).astype(int)
    lines = [f"p{n}," + ",".join(map(str, row)) for n, row in enumerate(scores.tolist())]
    (tmp_path / "r.csv").write_text("\n".join([header, *lines]) + "\n", "utf-8")
    with subprocess.Popen(
        [ADAPTEST, "calibrate", "r.csv", "--model", "3pl", "--out", "out"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".out.*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "adaptest: interrupted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv"]


def test_two_equal_runs_into_two_folders_have_equal_bytes_but_for_their_provenance(run, tmp_path):
    responses = tmp_path / "responses.csv"
    responses.write_text(WIDE, "utf-8")
    for name in ("one", "two"):
        run(responses, "--model", "2pl", "--out", tmp_path / name)
    for name in ("parameters.csv", "run.json", "covariance.npz", "report.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert re.fullmatch(r"scale-[0-9a-f]{12}", record(tmp_path / "one")["scale_id"])
