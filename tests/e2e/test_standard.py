"""`adaptest standard` as people call it, and the exam that names its cut."""

import csv
import json

import pytest

from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.files import write_parameter_table
from adaptest.standards.cut import read_cut

ITEMS = ItemParameters.of(
    LogisticItems(
        ("a", "b", "c", "d"), [1.0, 1.2, 0.8, 1.5], [-1.0, 0.0, 0.5, 1.2], [0.2, 0, 0.25, 0.1], [1] * 4
    )
)
ANGOFF = (
    "judge,round,a,b,c,d\nj1,1,.9,.6,.6,.3\nj2,1,.8,.5,.5,.2\nj3,1,.85,.55,.6,.3\n"
    "j1,2,.86,.58,.58,.28\nj2,2,.84,.54,.55,.26\nj3,2,.85,.55,.56,.27\n"
)
DAY = ("--date", "2026-11-27", "--panel", "three nurses")


@pytest.fixture
def given(tmp_path):
    write_parameter_table(tmp_path / "items.csv", ParameterTable.of(ITEMS, scale_id="peer-2026"))
    write_parameter_table(tmp_path / "nameless.csv", ParameterTable.of(ITEMS))
    (tmp_path / "angoff.csv").write_text(ANGOFF, encoding="utf-8")
    (tmp_path / "bookmark.csv").write_text("judge,bookmark\nj1,3\nj2,3\nj3,4\n", encoding="utf-8")
    (tmp_path / "scores.csv").write_text("person,theta\np1,-1\np2,\np3,1.5\n", encoding="utf-8")
    return tmp_path


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_angoff_writes_a_cut_with_its_error_and_everything_behind_it(adaptest, given):
    out = given / "out"
    done = adaptest("standard", "angoff", given / "angoff.csv", "--parameters", given / "items.csv", *DAY,
                    "--scores", given / "scores.csv", "--out", out, check=0)  # fmt: skip
    assert {path.name for path in out.iterdir()} == {
        "cut.yaml", "standard.json", "judges.csv", "items.csv", "rounds.csv", "impact.csv", "report.html",
    }  # fmt: skip
    cut, said = read_cut(out / "cut.yaml"), json.loads((out / "standard.json").read_text("utf-8"))
    assert (cut.scale_id, cut.panel, cut.date, cut.adopted_by) == (
        "peer-2026",
        "three nurses",
        "2026-11-27",
        "",
    )
    assert (cut.theta, cut.se) == (said["theta"], said["se"])
    assert [row["judges"] for row in table(out / "rounds.csv")] == ["3", "3"]
    assert [row["passing"] for row in table(out / "impact.csv")] == ["0.5"] * 5
    assert [row["judge"] for row in table(out / "judges.csv")] == ["j1", "j2", "j3"]
    assert (
        f"angoff, 3 judges: cut at theta {cut.theta:.4f} (SE {cut.se:.3f}); 50.0% would pass" in done.stderr
    )
    page = (out / "report.html").read_text("utf-8")
    assert "nobody has adopted this cut" in page
    assert "<script" not in page


def test_bookmark_states_both_cuts_where_guessing_matters(adaptest, given):
    out = given / "out"
    done = adaptest("standard", "bookmark", given / "bookmark.csv", "--parameters", given / "items.csv", *DAY,
                    "--adopted-by", "The board", "--out", out, check=0)  # fmt: skip
    assert "note: guessing decides: " in done.stderr
    said = json.loads((out / "standard.json").read_text("utf-8"))
    assert said["settings"] == {
        "response_probability": 0.67, "guessing_corrected": False, "placement": "before",
        "summary": "median of judges",
    }  # fmt: skip
    assert said["agreement"]["cut_uncorrected"] == said["theta"]
    assert read_cut(out / "cut.yaml").adopted_by == "The board"
    assert [row["page"] for row in table(out / "items.csv")] == ["1", "2", "3", "4"]


def test_equal_input_gives_equal_bytes(adaptest, given):
    for name in ("one", "two"):
        adaptest("standard", "angoff", given / "angoff.csv", "--parameters", given / "items.csv", *DAY,
                 "--out", given / name, check=0)  # fmt: skip
    for path in (given / "one").iterdir():
        assert path.read_bytes() == (given / "two" / path.name).read_bytes()


def test_what_cannot_be_is_one_sentence(adaptest, given):
    def sentence(*options, parameters="items.csv", ratings="angoff.csv"):
        return adaptest.sentence(
            "standard", "angoff", given / ratings, "--parameters", given / parameters, *options, "--out",
            given / "out",
        )  # fmt: skip

    assert sentence(parameters="nameless.csv") == (
        "a cut must be on one named scale; the parameters name none; say --scale-id"
    )
    assert sentence("--date", "soon") == "--date must be as 2026-11-27; got 'soon'"
    assert sentence("--population", "0,0") == "--population must have an SD above 0; got 0"
    assert sentence("--scores", given / "angoff.csv") == (
        f"{given / 'angoff.csv'}: must be a score file with a column theta; got none"
    )
    (given / "odd.csv").write_text("person,theta\np1,high\n", encoding="utf-8")
    assert (
        sentence("--scores", given / "odd.csv")
        == f"{given / 'odd.csv'}:2: theta must be a number; got 'high'"
    )
    write_parameter_table(given / "none.csv", ParameterTable.of(ItemParameters((), ()), ids=["a"]))
    assert (
        sentence(parameters="none.csv") == f"{given / 'none.csv'}: must hold items with parameters; got none"
    )
    assert not (given / "out").exists()


def test_an_exam_refuses_a_cut_on_another_scale(adaptest, given):
    cuts = adaptest.folder / "itembank" / "peer-support" / "cuts"
    cuts.mkdir()
    out = given / "out"
    adaptest(
        "standard", "angoff", given / "angoff.csv", "--parameters", given / "items.csv", *DAY, "--out", out
    )
    theta = read_cut(out / "cut.yaml").theta
    (cuts / "angoff-2026.yaml").write_bytes((out / "cut.yaml").read_bytes())
    exam = adaptest.add_exam(
        "cut",
        "format: adaptest-exam/1\nid: cut\ntitle: With a cut\nlength: {minimum: 3, maximum: 3}\n"
        f"reporting: {{cut: {{theta: {theta:.3f}, record: angoff-2026}}}}\n",
    )
    said = adaptest.sentence("exam", "take", exam)
    assert "reporting.cut.record: a cut must be on the release's scale, '" in said
    assert said.endswith("; 'angoff-2026' is on 'peer-2026'; set the cut anew, or link the scales")
