"""Which cut an exam may use."""

from types import SimpleNamespace

import pytest

from adaptest.administration.cuts import require_cut
from adaptest.engine.spec import read_exam
from adaptest.errors import AdaptestError
from adaptest.standards import CutRecord

EXAM = """format: adaptest-exam/1
id: license
title: License
stakes: certification
length: {minimum: 3, maximum: 3}
reporting:
  cut:
    theta: 0.25
    record: angoff-2026
"""
RECORD = CutRecord("angoff", "12 nurses", "2026-11-27", "peer-2026", 0.2502, 0.08, "The board")


def check(folder, text=EXAM, record=RECORD, scale="peer-2026", *, provisional=False):
    if record is not None:
        (folder / "angoff-2026.yaml").write_text(record.text(), encoding="utf-8")
    snapshot = SimpleNamespace(
        release=SimpleNamespace(scale_id=scale), pool=SimpleNamespace(provisional=provisional)
    )
    require_cut(read_exam(text, "e.yaml"), snapshot, folder)


def refused(folder, **given):
    with pytest.raises(AdaptestError) as error:
        check(folder, **given)
    return str(error.value)


def test_a_certification_with_an_adopted_cut_on_the_releases_scale_may_run(tmp_path):
    check(tmp_path)


def test_a_cut_on_another_scale_is_refused_whatever_the_exam(tmp_path):
    for stakes in ("certification", "practice"):
        said = refused(tmp_path, scale="peer-2027", text=EXAM.replace("certification", stakes))
        assert said == (
            "e.yaml:9: reporting.cut.record: a cut must be on the release's scale, 'peer-2027'; "
            "'angoff-2026' is on 'peer-2026'; set the cut anew, or link the scales"
        )


def test_a_certification_must_name_a_record_unless_it_is_a_demo(tmp_path):
    unnamed = EXAM.replace("    record: angoff-2026\n", "")
    sentence = (
        "reporting.cut.record: a certification must name the record of its cut, a file in the bank's cuts/ "
        "as 'adaptest standard' writes it; or say demo: true"
    )
    assert refused(tmp_path, text=unnamed) == f"e.yaml:7: {sentence}"
    without = EXAM[: EXAM.index("reporting")]
    assert refused(tmp_path, text=without).endswith(sentence)
    check(tmp_path, text=unnamed.replace("id:", "demo: true\nid:"))
    check(tmp_path, text=unnamed.replace("certification", "practice"))
    check(tmp_path, text=unnamed, provisional=True)  # refused for that at the start of a sitting


def test_the_record_must_be_there_say_the_same_cut_and_be_adopted(tmp_path):
    assert refused(tmp_path, record=None) == (
        "e.yaml:9: reporting.cut.record: must be a file in the bank's cuts/; 'angoff-2026' is not there"
    )
    lower = CutRecord("angoff", "p", "2026-11-27", "peer-2026", 0.25, 0.08, "The board", 0.17, "one SE lower")
    assert refused(tmp_path, record=lower) == (
        "e.yaml:8: reporting.cut.theta: must be the record's, 0.1700; got 0.25"
    )
    nobody = CutRecord("angoff", "p", "2026-11-27", "peer-2026", 0.25, 0.08)
    assert refused(tmp_path, record=nobody) == (
        "e.yaml:9: reporting.cut.record: somebody must have adopted the cut of a certification; "
        "'angoff-2026' does not say adopted_by"
    )
    check(tmp_path, record=nobody, text=EXAM.replace("certification", "practice"))
