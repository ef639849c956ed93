"""The candidate's page says what was decided, never more than it knows, and nothing it must not."""

import re
from html.parser import HTMLParser

import pytest

from adaptest.report.score_report import render

DOMAINS = (
    {"code": "REC", "title": "Recovery", "correct": 3, "answered": 7, "band": "near"},
    {"code": "ADM", "title": "Administration", "correct": 2, "answered": 7, "band": "below"},
    {"code": "INT", "title": "Interpersonal", "correct": 6, "answered": 7, "band": "above"},
    {"code": "CRI", "title": "Crisis", "correct": 1, "answered": 2, "band": "not enough items"},
)
RESULT = {
    "sitting": "s7",
    "candidate": "Ana <b>",
    "exam": "peer-support/practice",
    "title": "Practice exam",
    "stakes": "practice",
    "status": "finished",
    "theta": -0.04,
    "sem": 0.4,
    "method": "eap",
    "outcome": "ok",
    "scale_score": 49.6,
    "scale_low": 41.8,
    "scale_high": 57.4,
    "cut": 0.0,
    "cut_score": 50.0,
    "cut_label": "demo value",
    "decision": "fail",
    "domains": DOMAINS,
    "n_items": 23,
    "reason": "sem",
    "release": "1:2026-11-provisional",
    "provisional": True,
    "started_at": "2026-11-22T09:00:00Z",
    "ended_at": "2026-11-22T09:30:00Z",
    "disclaimer": "Not an official exam.",
    "provisional_note": "Judged, not measured.",
    "lessons": ({"title": "Listening", "name": "listening"},),
}
CERTIFICATION = {**RESULT, "stakes": "certification", "provisional": False}


class Page(HTMLParser):
    """Visible text, and every element that would need something from elsewhere."""

    def __init__(self, html):
        super().__init__()
        self.parts, self.outside, self.open = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.outside += [value for name, value in attrs if name in ("src", "href") and value]
        self.outside += [tag] if tag in ("script", "link", "img", "iframe") else []
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self.open and "title" not in self.open:
            self.parts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.parts).split())


def text(**changes):
    return Page(render({**RESULT, **changes})).text


def exam_text(**changes):
    return Page(render({**CERTIFICATION, **changes})).text


def test_the_page_needs_nothing_from_elsewhere():
    html = render(RESULT)
    assert Page(html).outside == []
    assert "url(" not in html
    assert "@import" not in html


def test_a_name_is_text_not_markup():
    assert "Ana &lt;b&gt;" in render(RESULT)


def test_a_practice_page_counts_for_study_and_names_lessons():
    said = text()
    assert "Below the pass mark" in said
    assert (
        "Right answers in each area. The questions were chosen to fit you, so these counts are no scores."
        in said
    )
    assert "Recovery 3 of 7" in said
    assert "Listening (adaptest lesson listening)" in said
    assert said.index("Recovery 3") < said.index("Administration 2")  # in the bank's order


def test_a_certification_page_has_bands_only():
    said = exam_text()
    assert "Result: not a pass" in said
    assert " of 7" not in said
    assert "Administration below the pass mark" in said
    assert "Crisis too few questions to say" in said


def test_a_fail_begins_with_what_to_work_on():
    said = exam_text()
    assert (
        said.index("Administration below") < said.index("Recovery near") < said.index("Interpersonal above")
    )
    assert "What to work on Begin with Administration and Recovery." in said
    assert "What to work on" not in exam_text(decision="pass", scale_score=55.0)


def test_provisional_and_disclaimer_are_said():
    said = text()
    assert "Provisional. Judged, not measured." in said
    assert "Not an official exam." in said
    assert "parameters 1:2026-11-provisional (provisional)" in said
    assert "Provisional. The difficulty of these questions was judged" in text(provisional_note="")
    assert "rovisional" not in exam_text(release="2:2027-03-base")


def test_the_interval_is_said_and_drawn():
    said = text()
    assert "With 95 % confidence your score lies between 42 and 57." in said
    assert "The interval below holds the pass mark: another sitting could well end on the other side." in said
    assert "other side" not in text(scale_score=30.0, scale_low=22.0, scale_high=38.0)
    assert 'aria-label="Score 49.6, interval 42 to 57, pass mark 50.0"' in render(RESULT)


@pytest.mark.parametrize(
    ("score", "decision", "shown", "cut"),
    [
        (49.6, "fail", "49.6", "50.0"),
        (49.96, "fail", "49.96", "50.00"),
        (49.99999, "fail", "49.999", "50.000"),
        (50.0, "pass", "50", "50"),
        (55.2, "pass", "55", "50"),
    ],
)
def test_what_is_written_never_contradicts_the_decision(score, decision, shown, cut):
    html = render({**CERTIFICATION, "scale_score": score, "decision": decision})
    assert f'<p class="score">{shown}</p>' in html
    assert f"The pass mark is {cut} (demo value)." in html


def test_a_score_without_a_scale_is_in_logits():
    html = render({**RESULT, "scale_score": None, "scale_low": None, "scale_high": None, "decision": None})
    assert '<p class="score">-0.04 <small>logits</small></p>' in html
    assert "between -0.82 and 0.74" in html


def test_without_an_estimate_there_is_a_reason_and_no_number():
    nothing = dict.fromkeys(("theta", "sem", "scale_score", "scale_low", "scale_high", "decision"))
    said = text(**nothing, outcome="no_responses", n_items=0, domains=())
    assert "There is no score: no question was answered." in said
    assert "confidence" not in said
    assert "no estimate could be made" in text(**nothing, outcome="not_converged", domains=())


@pytest.mark.parametrize("status", ["held", "void"])
def test_a_held_or_void_sitting_tells_no_result(status):
    said = exam_text(status=status)
    for word in ("49", "pass", "Recovery", "confidence", "Listening"):
        assert word not in said


def test_the_reason_is_in_plain_words():
    assert "The exam ended because your result was precise enough." in text()
    assert "because you reached the maximum number of questions" in text(reason="maximum_length")
    assert "because some new rule." in text(reason="some_new_rule")


def test_there_is_no_item_id_and_no_percentage_but_the_confidence():
    for html in (render(RESULT), render(CERTIFICATION)):
        said = Page(html).text
        assert re.search(r"\b[A-Z]{3}-\d{3}\b", said) is None
        assert re.findall(r"\d+ ?%", said) == ["95 %"]
