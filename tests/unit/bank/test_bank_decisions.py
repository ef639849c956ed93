"""Decisions in a bank's files: refused where they cannot be, honoured where they can."""

import pytest

from adaptest.bank.files import load_bank
from adaptest.bank.snapshot import current_snapshot
from adaptest.errors import BankFileError

MARK = "    judged_difficulty: very_easy\n"
WHO = "at: 2026-11-22, by: us, why: the panel agreed"
DAY = "a day or a time in UTC, like 2026-11-22 or 2026-11-22T09:30:00Z"
DIGITS = "12 or more hexadecimal digits of a fingerprint, in quotes"


def refusal(small):
    with pytest.raises(BankFileError) as caught:
        load_bank(small)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            f"history: [{{status: draft, {WHO}}}]",
            "history must end with the item's status 'operational'; got 'draft'; add the step",
        ),
        (
            f"history: [{{status: draft, {WHO}}}, {{status: operational, {WHO}}}]",
            "history.1: status 'draft' must be followed by review, retired; got 'operational'",
        ),
        (
            "waivers: {IW99: it is right as it stands}",
            "waiver 'IW99': must be a code of adaptest bank check; got one that is not known",
        ),
        (
            "waivers: {iw07: it is right as it stands}",
            "waivers.iw07 must be a code of 'bank check', like IW07; got 'iw07'",
        ),
        (
            "history: [{status: draft, at: yesterday, by: us, why: it began}]",
            f"history.0.at must be {DAY}; got 'yesterday'",
        ),
        (
            f"content_decisions: [{{was: 'abc', now: '0123456789ab', decision: minor_edit, {WHO}}}]",
            f"content_decisions.0.was must be {DIGITS}; got 'abc'",
        ),
    ],
)  # fmt: skip
def test_a_decision_that_cannot_be_is_refused_with_its_line(small, edit, line, said):
    edit("items/listening.yaml", MARK, f"{MARK}    {line}\n")
    assert refusal(small) == f"small/items/listening.yaml:22: item 'INT-001': {said}"


def test_a_bank_s_own_waivers_are_read_too(small, edit):
    edit("bank.yaml", "default_exam", "waivers: {EX05: too short}\ndefault_exam")
    assert (
        refusal(small)
        == "small/bank.yaml:7: waiver 'EX05': must say why, in 4 words or more; got 'too short'"
    )


def test_a_whole_life_is_read(small, edit):
    life = ", ".join(
        f"{{status: {status}, {WHO}}}" for status in ("draft", "review", "pretest", "operational")
    )
    edit("items/listening.yaml", MARK, f"{MARK}    history: [{life}]\n")
    assert len(load_bank(small).item("INT-001").history) == 4


def decide(small, edit, decision):
    old = load_bank(small).item("INT-001").fingerprint
    edit("items/listening.yaml", "What is silence for?", "What is a silence for?")
    new = load_bank(small).item("INT-001").fingerprint
    entry = f"{{was: '{old[:12]}', now: '{new[:12]}', decision: {decision}, {WHO}}}"
    edit("items/listening.yaml", MARK, f"{MARK}    content_decisions: [{entry}]\n")


def test_parameters_stay_with_a_minor_edit(small, edit, calibration, now):
    decide(small, edit, "minor_edit")
    shot = current_snapshot(load_bank(small), calibration, now)
    assert "INT-001" in shot.pool.ids
    edit("items/listening.yaml", "What is a silence for?", "What is it for?")  # no decision covers this
    (out,) = current_snapshot(load_bank(small), calibration, now).left_out
    assert str(out) == "item 'INT-001': changed after its parameters were set (release 1, 2026-11-first)"


def test_parameters_do_not_stay_with_a_new_item(small, edit, calibration, now):
    decide(small, edit, "new_item")
    (out,) = current_snapshot(load_bank(small), calibration, now).left_out
    assert str(out) == (
        "item 'INT-001': another question, as decided, than its parameters are of (release 1, 2026-11-first)"
    )
