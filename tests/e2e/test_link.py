"""`adaptest link` as people call it: what it writes, what it says, how it fails."""

import csv
import json

import numpy as np
import pytest

from adaptest.calibration import CovarianceBlock
from adaptest.calibration.covariance_file import covariance_bytes, read_covariance
from adaptest.linking.transform import transform
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.files import read_parameter_table, write_parameter_table

IDS = tuple(f"i{k}" for k in range(8))
NEW = ItemParameters.of(
    LogisticItems(IDS, np.linspace(0.8, 1.5, 8), np.linspace(-1.5, 1.5, 8), [0] * 8, [1] * 8, ("2pl",) * 8)
)


@pytest.fixture
def runs(tmp_path):
    """FROM and TO as folders of runs: TO lacks i0, and FROM is TO less .5, over 1.25."""
    for name, items in (("from", transform(NEW, 0.8, -0.4)), ("to", NEW.take(np.arange(1, 8)))):
        folder = tmp_path / name
        folder.mkdir()
        n = len(items)
        se = {"discrimination": np.full(n, 0.05), "difficulty": np.full(n, 0.06)}
        table = ParameterTable.of(
            items, se=se, basis="calibrated", status="estimated", scale_id=f"{name}-scale"
        )
        write_parameter_table(folder / "parameters.csv", table)
        names = [(i, w) for w in ("discrimination", "difficulty") for i in items.ids]
        block = CovarianceBlock(tuple(names), np.diag([0.05**2] * n + [0.06**2] * n))
        (folder / "covariance.npz").write_bytes(covariance_bytes([block]))
    return tmp_path


def test_a_link_is_a_record_a_table_its_covariance_the_anchors_and_a_page(adaptest, runs):
    done = adaptest("link", runs / "from", runs / "to", "--out", runs / "out", check=0)
    out = runs / "out"
    assert {path.name for path in out.iterdir()} == {
        "link.json", "parameters.csv", "covariance.npz", "anchors.csv", "report.html",
    }  # fmt: skip
    said = json.loads((out / "link.json").read_text("utf-8"))
    assert (said["A"], said["B"]) == (pytest.approx(1.25, abs=1e-6), pytest.approx(0.5, abs=1e-6))
    assert (said["method"], said["symmetric"], said["n_anchors"]) == ("stocking-lord", True, 7)
    assert said["direction"] == "theta_TO = A * theta_FROM + B"
    assert (said["grid"], said["weights"]) == ({"lo": -6.0, "hi": 6.0, "n": 61}, "normal(0, 1)")
    assert said["se_A"] > 0
    assert said["scale_id"] == "to-scale"
    moved = read_parameter_table(out / "parameters.csv")
    assert moved.items.ids == IDS
    assert set(moved.scale_id) == {"to-scale"}
    assert moved.items.blocks[0].b == pytest.approx(NEW.blocks[0].b, abs=1e-6)
    assert moved.se["difficulty"] == pytest.approx(0.06 * said["A"])
    (block,) = read_covariance(out / "covariance.npz")
    own = dict(zip(block.parameters, np.sqrt(np.diag(block.matrix)), strict=True))
    assert own["i0", "difficulty"] > 0.06 * said["A"]  # the link's own error is in it
    with (out / "anchors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["item_id"] for row in rows] == list(IDS[1:])
    assert "7 anchors: A = 1.250000 (SE " in done.stderr
    page = (out / "report.html").read_text("utf-8")
    assert "Characteristic curves of the anchors" in page
    assert "<script" not in page


def test_equal_input_gives_equal_bytes(adaptest, runs):
    for name in ("one", "two"):
        adaptest("link", runs / "from", runs / "to", "--out", runs / name, check=0)
    for path in (runs / "one").iterdir():
        assert path.read_bytes() == (runs / "two" / path.name).read_bytes()


def test_scores_are_equated_where_that_is_asked_for(adaptest, runs):
    for word in ("true-score", "observed-score"):
        options = ("--equate", word, "--exclude", "i3", "--one-sided", "--grid=-4:4:41", "--weights", "equal")
        adaptest("link", runs / "from", runs / "to", *options, "--out", runs / word, check=0)
        with (runs / word / "equating.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["score"] for row in rows] == [str(k) for k in range(9)]
        assert float(rows[-1]["equivalent"]) == pytest.approx(7 if word == "true-score" else 6.8, abs=0.5)
    said = json.loads((runs / "true-score" / "link.json").read_text("utf-8"))
    assert (said["n_anchors"], said["symmetric"], said["weights"]) == (6, False, "as given")
    assert "Equated scores" in (runs / "true-score" / "report.html").read_text("utf-8")


def test_anchors_that_disagree_need_a_person(adaptest, runs):
    table = read_parameter_table(runs / "to" / "parameters.csv")
    block = table.items.blocks[0]
    shuffled = ItemParameters.of(LogisticItems(block.ids, block.a, block.b[::-1], block.c, block.d))
    write_parameter_table(runs / "odd.csv", ParameterTable.of(shuffled))
    done = adaptest("link", runs / "from", runs / "odd.csv", "--out", runs / "odd", check=3)
    assert "flag: the anchors' locations correlate -1.000" in done.stderr
    assert "flag: anchors that moved: i1, i2" in done.stderr
    assert "note: TO has no standard errors: the link has none either" in done.stderr
    assert json.loads((runs / "odd" / "link.json").read_text("utf-8"))["adequacy"]["adequate"] is False


def test_what_cannot_be_linked_is_one_sentence(adaptest, runs):
    one, two = runs / "from", runs / "to"
    assert adaptest.sentence("link", one, two, "--exclude", "x", "--out", runs / "o") == (
        "--exclude must name common items; 'x' is none"
    )
    assert adaptest.sentence("link", one, two, "--anchors", "i0", "--out", runs / "o") == (
        "anchor 'i0' must have parameters in TO; it has none"
    )
    assert adaptest.sentence("link", one, two, "--grid", "4", "--out", runs / "o") == (
        "--grid must be LO:HI:N, numbers; got '4'"
    )
    assert adaptest.sentence("link", one, two, "--population", "0,0", "--out", runs / "o") == (
        "a normal prior must have a finite mean and an sd greater than 0; got 0.0, 0.0"
    )
    mixed = read_parameter_table(two / "parameters.csv")
    both = ParameterTable.of(mixed.items, scale_id=["a", *["b"] * 6])
    write_parameter_table(runs / "both.csv", both)
    assert adaptest.sentence("link", one, runs / "both.csv", "--out", runs / "o") == (
        "TO must be on one scale; got a, b"
    )
    assert not (runs / "o").exists()
