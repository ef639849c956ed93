"""Single rules of `bank check` at their edges, and findings read whole."""

import json

import pytest

from adaptest.bank.lint.context import ItemText
from adaptest.bank.lint.finding import found
from adaptest.bank.lint.language import STIGMA, html_fault
from adaptest.bank.lint.options import duplicates, interval_of, longest_is_key, overlapping, stands_for_others
from adaptest.bank.lint.stems import negative_word
from adaptest.bank.lint.words import content_words, reading_grade, sentences, syllables
from adaptest.bank.schema import Item


def text(stem="What helps here?", **options):
    facts = {"id": "X-1", "competency": "c", "domain": "d", "level": "recall", "status": "draft"}
    given = options or {"A": "One", "B": "Two", "C": "Ten"}
    one = Item.model_validate_json(json.dumps({**facts, "stem": stem, "options": given, "key": "A"}))
    return ItemText.of(one)


def said(rule, one):
    return [finding.sentence for finding in rule(one, None)]


def test_findings_are_rule_got_remedy():
    (sentence,) = said(longest_is_key, text(A="A rather long key", B="Short one", C="Small"))
    assert sentence == (
        "the key must not stand out as the longest option; got 17 characters against 9 of the longest"
        " distractor and 7 on average; shorten the key, or give a distractor the same detail"
    )
    assert said(duplicates, text(A="Call her", B="call her.", C="Wait")) == [
        "options must differ; got A and B alike: 'call her.'; rewrite one of the two"
    ]
    (sentence,) = said(overlapping, text(A="1-5 days", B="5-9 days", C="11 days"))
    rule, got, remedy = sentence.split("; ")
    assert rule == "numeric options must not overlap"
    assert got == "got '1-5 days' and '5-9 days'"
    assert remedy == "make the intervals exclude each other"


def test_a_finding_has_the_table_s_severity_unless_said():
    assert found("IW07", "x").severity == "warning"
    assert found("IW01", "x", severity="warning").severity == "warning"
    assert str(found("IW07", "x", item="X-1")).startswith(": item 'X-1': the longest option must not be")


@pytest.mark.parametrize(
    "option",
    [
        "All of the above",
        "none of the above.",
        "Both A and B",
        "A, B and C",
        "All of these",
        "Neither of them",
    ],
)
def test_options_that_stand_for_others_are_found(option):
    assert len(said(stands_for_others, text(A="One", B="Two", C=option))) == 1


@pytest.mark.parametrize("option", ["Ask all of them to sit", "Both of them learn", "Tell A Friend and call"])
def test_options_that_only_sound_so_are_not(option):
    assert said(stands_for_others, text(A="One", B="Two", C=option)) == []


@pytest.mark.parametrize(
    ("stem", "word"),
    [
        ("She waits. Which reply is not helpful?", "not"),
        ("She waits. Which is the LEAST helpful reply?", "LEAST helpful"),
        ("All of these help EXCEPT which?", "EXCEPT"),
        ("Which question shouldn't the specialist ask?", "n't"),
        ("Which reply helps a woman who does not sleep?", None),
        ("Which plan is least intrusive?", None),
        ("Which remark shows pity and not empathy?", None),
        ('He says, "I am not ill." Which reply fits?', None),
        ("He does not sleep. Which reply fits?", None),
    ],
)
def test_negative_questions_are_told_from_negative_clauses(stem, word):
    assert negative_word(text(stem)) == word


@pytest.mark.parametrize(
    "words",
    ["drug abusers", "committed suicide", "the mentally ill", "suffers from depression", "the homeless are"],
)
def test_stigmatising_words_are_found(words):
    assert STIGMA.search(f"here {words} now")


@pytest.mark.parametrize(
    "words", ["alcoholics anonymous", "homeless people", "a drunk driving charge", "addiction"]
)
def test_words_that_are_right_are_not(words):
    assert STIGMA.search(f"here {words} now") is None


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href=" JavaScript:x">y</a>', "a script in a link of <a>"),
        ('<b onclick="x">y</b>', "attribute 'onclick' of <b>"),
        ("<!-- note -->", "comment <!-- note "),
        ("<table><tr><td>1</td></tr></table>", "<table> without th"),
        ("<table><tr><th>1</th></tr></table>", ""),
        ('<img src="a.png" alt="a door">', ""),
        ("a < b and <b>c</b>", ""),
    ],
)
def test_html_faults_are_named(html, fault):
    assert html_fault(html) == fault


def test_numbers_are_read_as_intervals():
    assert interval_of("1,000 to 2,000 dollars") == (1000, 2000)
    assert interval_of("at least 5") == (5, float("inf"))
    assert interval_of("5 or more") == (5, float("inf"))
    assert interval_of("two weeks") is None


def test_sentences_words_and_grades():
    assert sentences('She says, "Stop. Now." "Why?" he asks.')[-1].endswith("he asks.")
    assert content_words("The people were listening to her plans") == {"listen", "plan"}
    assert syllables("documentation") == 5
    assert reading_grade("The cat sat.") == pytest.approx(0.39 * 3 + 11.8 - 15.59)
    assert reading_grade("") == 0.0


def test_a_rule_about_keys_is_measured_on_distractors_too():
    from adaptest.bank.contents import Bank
    from adaptest.bank.lint.context import Context
    from adaptest.bank.lint.false_alarms import rates

    one = text(A="A rather long key", B="Short one", C="Small")
    context = Context(Bank("b", None, None, (one.item,), {}, {}), (one,), {}, 3, 3)
    measure = next(measure for measure in rates(context) if measure.code == "IW06")
    assert measure.value == 1.0
    assert measure.note == "fires on 1 of 1 items; with a distractor as key on 0.0%: false alarms"
