"""`adaptest verify`: every case that is built in, and every one of the shared collection that is computed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from adaptest.calibration import calibrate
from adaptest.calibration.options import TOLERANCE
from adaptest.calibration.score_tests import score_test
from adaptest.cli.main import main
from adaptest.errors import FileError
from adaptest.programme.verify import Case, Checked, Report, markdown, number, verify
from adaptest.programme.verify.case import Context, NotComputedError
from adaptest.programme.verify.data import LSAT7, lsat
from adaptest.programme.verify.facts import CASES
from adaptest.programme.verify.run import KINDS, check, program_of

PAGE = Path(__file__).with_name("VERIFY.md")


@pytest.fixture(scope="module")
def report():
    return verify()


def test_at_least_forty_cases_are_built_in_and_all_agree(report):
    assert len(CASES) >= 40
    assert len({case.id for case in CASES}) == len(CASES)
    assert all(case.source and case.program for case in CASES)
    assert [one.case.id for one in report.failed] == []
    assert [one.case.id for one in report.checked if one.skipped] == []


def test_the_page_in_the_repository_is_what_the_command_prints(report):
    """Word for word; numbers as near as two machines agree, which is how near a fit goes to its maximum."""
    number_of = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+e-\d+")
    ours, page = markdown(report), PAGE.read_text("utf-8")
    assert number_of.sub("#", ours) == number_of.sub("#", page)
    pairs = [np.array(number_of.findall(text), dtype=np.float64) for text in (ours, page)]
    assert len(pairs[0]) > 200
    np.testing.assert_allclose(*pairs, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.slow  # case by case it is in the default suite beside this file
def test_the_shared_collection_agrees_and_what_is_not_compared_has_a_reason(shared):
    whole = verify(shared / "reference")
    assert [(one.case.id, n.what) for one in whole.failed for n in one.numbers if not n.close] == []
    assert whole.passed >= len(CASES) + 140
    assert all(one.skipped.strip() for one in whole.checked if not one.numbers)
    said = whole.to_json()
    assert (said["cases"], said["passed"]) == (len(whole.checked), whole.passed)
    assert said["cases"] == said["passed"] + len(said["skipped"])
    assert {"program", "method", "case", "what", "ours", "theirs", "difference", "tolerance"} <= set(
        said["worst"][0]
    )
    json.dumps(said, allow_nan=False)


def wrong():
    good = next(case for case in CASES if case.id == "jsCAT_irf")
    return Case(
        id="wrong", program="nobody", source="nowhere", kind="prob", inputs=good.inputs,
        expected={"P": [0.7, 0.5, 0.625]}, tolerance={"P": 0.005},
    )  # fmt: skip


def test_a_number_that_is_too_far_off_is_shown(report):
    bad = check(wrong(), Context({}))
    assert not bad.passed
    (found,) = bad.numbers
    assert (found.count, round(found.ours, 4), found.theirs) == (3, 0.7234, 0.7)
    page = markdown(Report((*report.checked, bad)))
    assert "## What does not agree" in page
    assert "| wrong | probability | P (3) | 0.7233876 | 0.7 | 2e-02 | 5e-03 |" in page


def test_a_case_that_cannot_be_computed_says_why():
    def reason(**given):
        return check(
            Case(**{"id": "x", "program": "p", "source": "s", "expected": {}} | given), Context({})
        ).skipped

    assert reason(kind="routing") == "kind 'routing' is not computed here"
    assert reason(model="4-parameter normal ogive") == "it names no data"
    assert reason(model="testlet", data="LSAT7") == "model 'testlet' is not computed here"
    assert reason(kind="theta", inputs={"bank": "b", "method": "ML", "responses": [1]},
                  expected={"theta": 0.0}) == "bank 'b' is not in the file"  # fmt: skip
    assert reason(kind="prob", inputs={}).startswith("its shape is not read: KeyError")
    assert reason(model="2PL", data="LSAT7") == "no number of it is computed here"
    with pytest.raises(NotComputedError):
        number("x", [1, 2], [1], 0.1)
    assert Checked(CASES[0], "m", (), "why").passed is False


def test_every_kind_has_a_case():
    assert {case.kind for case in CASES if case.kind} <= set(KINDS)
    assert program_of({"id": "own", "source": "closed form"}) == "direct computation"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "{folder}: must be a folder with reference files, *.json; got none"),
        ("{", "{folder}/a.json: must be JSON; it cannot be read"),
        ("[]", "{folder}/a.json: must have a list of cases; got none"),
        ('{"cases": [{"id": "x"}]}', "{folder}/a.json: case 1 must have expected numbers; got none"),
    ],
)
def test_a_folder_that_holds_no_cases_is_one_sentence(tmp_path, text, sentence):
    if text is not None:
        (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as refused:
        verify(tmp_path)
    assert str(refused.value) == sentence.format(folder=tmp_path)


def test_the_command_fails_where_a_case_does(tmp_path, capsys):
    case = {"id": "off", "kind": "prob", "inputs": wrong().inputs, "expected": {"P": [0.7, 0.5, 0.625]}}
    (tmp_path / "a.json").write_text(json.dumps({"cases": [case, {"kind": "no", "expected": {}}]}), "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--cases", str(tmp_path), "--format", "json"])
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert said["failed"] == ["off"]
    assert said["skipped"] == [{"case": "", "reason": "kind 'no' is not computed here"}]
    assert "flag: off (direct computation, probability) does not agree" in err


def test_score_tests_use_the_observed_information_as_differences_give_it():
    theta = np.linspace(-6, 6, 61)
    patterns = np.array([[code >> (4 - k) & 1 for k in range(5)] for code in range(32)])
    fit = calibrate(lsat("LSAT7"), "rasch", grid=(-6.0, 6.0, 61), tolerance=1e-9)
    start = np.concatenate([np.ones(5), -fit.items.blocks[0].b, [0.5 * np.log(fit.groups[0].variance)]])

    def value(x):
        weight = np.exp(-0.5 * (theta / np.exp(x[10])) ** 2)
        p = 1 / (1 + np.exp(-(x[:5] * theta[:, None] + x[5:10])))
        each = np.exp((patterns[:, None] * np.log(p) + (1 - patterns[:, None]) * np.log(1 - p)).sum(-1))
        return float(np.array(LSAT7) @ np.log(each @ (weight / weight.sum())))

    h, steps = 1e-3, np.eye(11)
    gradient = np.array([(value(start + h * e) - value(start - h * e)) / (2 * h) for e in steps])
    hessian = np.array(
        [
            [
                (value(start + h * (e + f)) - value(start + h * (e - f)) - value(start + h * (f - e))
                 + value(start - h * (e + f))) / (4 * h * h)
                for f in steps
            ]
            for e in steps
        ]
    )  # fmt: skip
    free = [0, 5, 6, 7, 8, 9, 10]
    want = gradient[0] ** 2 * np.linalg.inv(-hessian[np.ix_(free, free)])[0, 0]
    assert score_test(fit, ["Item.1"]).statistic == pytest.approx(want, rel=1e-3)
