"""What people decide about items: history, waivers, content decisions; each refusal read whole."""

import json

import pytest

from adaptest.bank.decisions import history_problems, standing, waiver_problems
from adaptest.bank.schema import Item

WHO = {"by": "a test", "why": "the panel agreed"}
OLD, NEW, LATER = "0" * 64, "1" * 64, "2" * 64


def item(**changes):
    facts = {
        "id": "X-1",
        "competency": "listening",
        "domain": "INT",
        "level": "recall",
        "stem": "Why?",
        "options": {"A": "So", "B": "No"},
        "key": "A",
        "status": "operational",
    }
    return Item.model_validate_json(json.dumps({**facts, **changes}))


def steps(*statuses, days=None):
    return [
        {"status": status, "at": f"2026-01-{(days or range(1, 20))[k]:02d}", **WHO}
        for k, status in enumerate(statuses)
    ]


def said(one):
    return [sentence for _, sentence in history_problems(one)]


def test_a_life_in_order_is_no_problem():
    whole = steps("draft", "review", "pretest", "operational")
    assert said(item(history=whole)) == []
    assert said(item(history=[*whole, *steps("retired", days=[9])], status="retired")) == []
    assert said(item()) == []


@pytest.mark.parametrize(
    ("history", "status", "sentence"),
    [
        (
            steps("draft", "operational"),
            "operational",
            "history.1: status 'draft' must be followed by review, retired; got 'operational'",
        ),
        (
            steps("draft", "retired", "operational"),
            "operational",
            "history.2: status 'retired' must be followed by nothing; got 'operational'",
        ),
        (steps("pretest"), "pretest", "history must begin with status draft; got 'pretest'"),
        (
            steps("draft", "review"),
            "operational",
            "history must end with the item's status 'operational'; got 'review'; add the step",
        ),
        (
            steps("draft", "review", days=[5, 4]),
            "review",
            "history.1.at must not be before 2026-01-05; got 2026-01-04",
        ),
        (steps("draft", days=[45]), "draft", "history.0.at must be a day of the calendar; got '2026-01-45'"),
    ],
)
def test_a_life_out_of_order_is_refused(history, status, sentence):
    assert said(item(history=history, status=status)) == [sentence]


def test_a_waiver_names_a_known_code_and_a_reason():
    assert list(waiver_problems({"IW07": "the short option is the drug's name"})) == []
    assert list(waiver_problems({"IW99": "the short option is the drug's name", "IW07": "fine"})) == [
        ("IW99", "waiver 'IW99': must be a code of adaptest bank check; got one that is not known"),
        ("IW07", "waiver 'IW07': must say why, in 4 words or more; got 'fine'"),
    ]


def decision(was, now, kind="minor_edit"):
    return {"was": was[:12], "now": now, "decision": kind, "at": "2026-01-01", **WHO}


def test_decisions_are_followed_to_the_item_as_it_is():
    now = item().fingerprint
    assert standing(item(), now) == "same"
    assert standing(item(), OLD) == "undecided"
    assert standing(item(content_decisions=[decision(OLD, now)]), OLD) == "minor_edit"
    assert (
        standing(item(content_decisions=[decision(OLD, NEW), decision(NEW, now[:16])]), OLD) == "minor_edit"
    )
    assert standing(item(content_decisions=[decision(OLD, now, "new_item")]), OLD) == "new_item"
    chain = [decision(OLD, NEW, "new_item"), decision(NEW, now)]
    assert standing(item(content_decisions=chain), OLD) == "new_item"


def test_a_decision_does_not_cover_a_later_change():
    assert standing(item(content_decisions=[decision(OLD, NEW)]), OLD) == "undecided"
    assert standing(item(content_decisions=[decision(NEW, LATER)]), OLD) == "undecided"
