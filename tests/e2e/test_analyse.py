"""`adaptest analyse` on real and simulated data: files, flags, refusals, sentences."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

FILES = {"items.csv", "dif.csv", "pairs.csv", "persons.csv", "model.json", "report.html"}


@pytest.fixture(scope="module")
def run(command_line):
    """`adaptest` in this process, which is quicker."""

    def words_in(*words, cwd="."):
        return command_line(Path(cwd).absolute())(*words)

    return words_in


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sat12(run, shared, tmp_path_factory):
    """SAT12 with its printed key, whose item 32 is wrong."""
    folder = tmp_path_factory.mktemp("sat12")
    key = (shared / "data" / "sat12_key.csv").read_text("utf-8").replace("Item.", "Item_")
    (folder / "key.csv").write_text(key, "utf-8")
    choices = shared / "data" / "sat12_choices.csv"
    common = (choices, "--key", folder / "key.csv", "--id-columns", "")
    done = run("calibrate", *common, "--se", "none", "--no-report", "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    done = run(
        "analyse",
        *common,
        "--parameters",
        folder / "run" / "parameters.csv",
        "--cut",
        "0",
        "--out",
        folder / "out",
    )
    return done, folder / "out"


def test_the_wrong_key_of_sat12_is_flagged_and_stands_first(sat12):
    done, out = sat12
    assert done.returncode == 3, done.stderr
    assert {path.name for path in out.iterdir()} == FILES | {"distractors.csv", "similarity.csv"}
    flags = {row["item_id"]: row["flags"].split() for row in table(out / "items.csv")}
    assert [item for item, words in flags.items() if "key_check" in words] == ["Item_32"]
    assert "flag: items Item_32 (key_check, low_p, low_correlation)" in done.stderr
    accused = [row for row in table(out / "distractors.csv") if row["flagged"] == "yes"]
    assert [(row["item"], row["option"], row["is_key"]) for row in accused] == [("Item_32", "3", "no")]
    page = (out / "report.html").read_text("utf-8")
    assert page.index("Look at this first") < page.index("Item_32") < page.index("Item_6")


def test_the_record_of_an_analysis_has_the_whole_in_numbers(sat12):
    record = json.loads((sat12[1] / "model.json").read_text("utf-8"))
    assert record["design"]["kind"] == "fixed"
    assert record["model_fit"]["name"] == "M2"
    assert record["model_fit"]["df"] == 32 * 33 / 2 - 64
    assert record["classical"]["alpha"] == pytest.approx(0.79789186, abs=1e-6)  # psych and mirt agree
    assert [one["method"] for one in record["decisions"]] == ["rudner", "lee"]
    assert record["groups"][0]["mean"] == 0  # the run beside the parameters was made of these responses
    assert record["needs_attention"] is True


def test_without_groups_dif_is_a_header_alone(sat12):
    assert table(sat12[1] / "dif.csv") == []


@pytest.mark.slow
def test_item_49_of_the_medical_admission_test_differs_by_gender(run, shared, tmp_path):
    data = shared / "data" / "msatb_scored.csv"
    run("calibrate", data, "--id-columns", "gender", "--se", "none", "--no-report", "--out", tmp_path / "run")
    done = run(
        "analyse", data, "--groups", "gender", "--parameters", tmp_path / "run" / "parameters.csv",
        "--no-similarity", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    flags = {row["item_id"]: row["flags"].split() for row in table(tmp_path / "out" / "items.csv")}
    assert re.search(rf"DIF, \w+ against \w+: {len(flags)} items tested\n", done.stderr)
    assert [item for item, words in flags.items() if "dif" in words] == ["Item49"]
    rows = {row["method"]: row for row in table(tmp_path / "out" / "dif.csv") if row["item_id"] == "Item49"}
    assert rows["mantel_haenszel"]["class"] == "B"
    assert float(rows["mantel_haenszel"]["effect"]) < -1  # harder for the focal group
    assert float(rows["likelihood_ratio"]["p_adjusted"]) < 0.05
    assert {row["outcome"] for row in rows.values()} == {"ok"}


@pytest.fixture(scope="module")
def adaptive(run, tmp_path_factory):
    """400 persons with 12 of 60 items each, chosen near their theta, and two pretest items of six."""
    folder = tmp_path_factory.mktemp("adaptive")
    rng = np.random.default_rng(5)
    b = np.round(np.concatenate([np.linspace(-2.5, 2.5, 60), [-1, -0.5, 0, 0.2, 0.5, 1]]), 3)
    ids = [f"B{j:02d}" for j in range(60)] + [f"P{j}" for j in range(6)]
    lines = ["person,item,score,time_s,group"]
    for n, theta in enumerate(rng.normal(size=400)):
        near = np.argsort(np.abs(b[:60] - theta - rng.normal(0, 0.4, 60)))[:12]
        for j in [*near, *(60 + rng.choice(6, 2, replace=False))]:
            right = int(rng.random() < 1 / (1 + np.exp(b[j] - theta)))
            seconds = 1 if n == 7 else int(rng.integers(20, 60))
            lines.append(f"c{n},{ids[j]},{right},{seconds},{'xy'[n % 2]}")
    (folder / "log.csv").write_text("\n".join(lines) + "\n", "utf-8")
    items = ["item_id,model,discrimination,difficulty"] + [
        f"{i},rasch,1,{x}" for i, x in zip(ids, b, strict=True)
    ]
    (folder / "parameters.csv").write_text("\n".join(items) + "\n", "utf-8")
    done = run(
        "analyse", "log.csv", "--parameters", "parameters.csv", "--known", "--pretest", "P*", "--out", "out",
        cwd=folder,
    )  # fmt: skip
    return done, folder / "out"


def test_what_is_invalid_on_adaptive_sittings_is_refused_with_the_reason(adaptive):
    done, out = adaptive
    assert done.returncode == 3, done.stderr
    reason = (
        "summed scores of different items compare nobody: only 0 of 66 items were given to 90% of 400 persons"
    )
    record = json.loads((out / "model.json").read_text("utf-8"))
    assert record["design"]["kind"] == "adaptive"
    for where in (
        record["model_fit"]["reason"],
        record["reliability"]["reason"],
        record["local_dependence"]["reason"],
    ):
        assert where.startswith(reason)
    assert (
        record["classical"]["alpha"]
        is record["classical"]["omega"]
        is record["model_fit"]["statistic"]
        is None
    )
    assert 0 < record["reliability"]["empirical"] < 1
    for row in table(out / "items.csv"):
        assert row["item_rest"] == row["s_x2"] == row["alpha_without"] == ""
        assert row["reasons"].startswith(reason)
        assert bool(row["theta_correlation"]) == row["item_id"].startswith("P")
    page = (out / "report.html").read_text("utf-8")
    assert "Refused, and why" in page
    assert reason in page


def test_adaptive_person_fit_has_simulated_critical_values_and_a_rapid_guesser_is_flagged(adaptive):
    out = adaptive[1]
    record = json.loads((out / "model.json").read_text("utf-8"))
    assert record["person_fit"]["method"] == (
        "simulated: 500 sittings in each of 10 bins of theta, on the items as given, which is cautious where"
        " answers chose them"
    )
    rows = table(out / "persons.csv")
    assert [row["person"] for row in rows if "rapid" in row["flags"]] == ["c7"]
    assert {row["effort"] for row in rows} == {"0", "1"}


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ["--groups", "team"],
            1,
            (
                "adaptest: log.csv:1: must have a column 'team'; "
                "got 'person', 'item', 'score', 'time_s', 'group'"
            ),
        ),
        (
            ["--groups", "group", "--reference", "z"],
            1,
            "adaptest: reference must be one of the groups x, y; got 'z'",
        ),
        (
            ["--pretest", "Q*"],
            1,
            "adaptest: --pretest 'Q*': must name items of the responses; it matches none",
        ),
        (["--volume", "ten"], 1, "adaptest: --volume must be SMALLER,TOTAL, numbers; got 'ten'"),
        (
            ["--key", "parameters.csv"],
            1,
            (
                "adaptest: parameters.csv:1: a key must have the columns 'item' and 'key'; got 'item_id', "
                "'model', 'discrimination', 'difficulty'"
            ),
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_nothing_is_written(run, adaptive, words, code, sentence):
    folder = adaptive[1].parent
    done = run(
        "analyse", "log.csv", "--parameters", "parameters.csv", *words, "--out", "not-there", cwd=folder
    )
    assert (done.returncode, done.stderr.strip()) == (code, sentence)
    assert not (folder / "not-there").exists()
