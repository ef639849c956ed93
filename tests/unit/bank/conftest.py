"""A small bank, written anew for each test, and a way to break one line of it."""

from datetime import UTC, datetime

import pytest

from adaptest.bank.files import load_bank
from adaptest.bank.provisional import write_judged_run
from adaptest.bank.releases import publish

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

HEADER = """\
format: adaptest-bank/1
id: small
title: A small bank
language: en
licence: MIT
disclaimer: Not an official bank.
default_exam: practice
domains:
  - {code: INT, title: Interpersonal Skills}
  - {code: ADV, title: Advocacy}
competencies:
  - {id: listening, title: Listening, domain: INT}
  - {id: advocacy, title: Advocacy, domain: ADV, secondary_domains: [INT]}
concepts:
  - {id: silence, title: Silence}
"""
LISTENING = """\
format: adaptest-items/1
competency: listening
items:
  - id: INT-001
    competency: listening
    domain: INT
    level: recall
    stem: What is silence for?
    options:
      A: Filling time
      B: "No hurry: room to think"
    key: B
    rationale:
      A: It is not filled.
      B: Thinking needs room.
    concepts: [silence]
    reference: lesson listening
    status: operational
    enemies: [INT-002]
    tags: [adult]
    judged_difficulty: very_easy
  - id: INT-002
    competency: listening
    domain: INT
    level: application
    stem: >-
      Somebody is quiet.
      What now?
    options: {A: Wait, B: Talk, C: Leave}
    key: A
    rationale: {A: Good., B: Too soon., C: Too far.}
    reference: lesson listening
    status: operational
    enemies: [INT-001]
    judged_difficulty: hard
"""
ADVOCACY = """\
format: adaptest-items/1
competency: advocacy
items:
  - id: ADV-001
    competency: advocacy
    domain: ADV
    level: judgement
    stem: Who speaks?
    options: {A: The person, B: The helper}
    key: A
    rationale: {A: Their voice., B: Not yours.}
    reference: lesson advocacy
    status: pretest
    judged_difficulty: medium
  - id: ADV-002
    competency: advocacy
    domain: INT
    level: judgement
    stem: An unfinished item
    options: {A: One, B: Two}
    key: A
    status: draft
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A bank's folder; sentences about it begin with small/, since the test stands beside it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "small"
    for name, text in {
        "bank.yaml": HEADER,
        "items/listening.yaml": LISTENING,
        "items/advocacy.yaml": ADVOCACY,
        "lessons/listening.md": "# Listening\n\nBe there.\n",
        "lessons/advocacy.md": "# Advocacy\n",
        "exams/practice.yaml": "format: adaptest-exam/1\nid: practice\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def edit(small):
    """A function that replaces a text, once, in one file of the small bank."""

    def edit(name, old, new):
        path = small / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def calibration(small, tmp_path):
    """The calibration folder of a workspace, with one judged run of the small bank published."""
    folder = tmp_path / "calibration" / "small"
    bank = load_bank(small)
    write_judged_run(
        bank, folder / "2026-11-first", "small-judged-1", judged_by="us", version="0", by="us", at=NOW
    )
    publish(
        folder,
        "2026-11-first",
        scale_id="small-judged-1",
        provisional=True,
        effective=NOW,
        at=NOW,
        by="us",
        why="the first",
    )
    return tmp_path / "calibration"
