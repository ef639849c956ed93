import pytest

from adaptest.constraints.conditions import select
from adaptest.errors import ExamError

ITEMS = {
    "domain": ("INT", "INT", "REC", None),
    "level": ("recall", "application", "recall", "judgement"),
    "tags": (("adult", "crisis"), (), ("adult",), ("youth",)),
    "words": (12, 30.5, None, 80),
    "scenario": (True, False, True, None),
}
KNOWN = "domain, level, scenario, tags, words"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('domain == "INT"', [1, 1, 0, 0]),
        ("domain == 'INT'", [1, 1, 0, 0]),
        ('domain != "INT"', [0, 0, 1, 1]),
        ('domain == "INT" and level != "recall"', [0, 1, 0, 0]),
        ('domain == "REC" or domain == "INT" and level == "recall"', [1, 0, 1, 0]),
        ('(domain == "REC" or domain == "INT") and level == "recall"', [1, 0, 1, 0]),
        ('not (domain == "INT" or level == "judgement")', [0, 0, 1, 0]),
        ('not not domain == "INT"', [1, 1, 0, 0]),
        ('level in ("recall", "judgement")', [1, 0, 1, 1]),
        ('level not in ["recall", "judgement"]', [0, 1, 0, 0]),
        ('domain not in ("INT")', [0, 0, 1, 1]),
        ('"adult" in tags', [1, 0, 1, 0]),
        ('"adult" not in tags', [0, 1, 0, 1]),
        ("words < 30.5", [1, 0, 0, 0]),
        ("words <= 30.5 and words >= 12", [1, 1, 0, 0]),
        ("words > 12", [0, 1, 0, 1]),
        ("words == 12", [1, 0, 0, 0]),
        ("scenario == true", [1, 0, 1, 0]),
        ("scenario == 1", [0, 0, 0, 0]),
        ("scenario == false", [0, 1, 0, 0]),
    ],
)
def test_a_condition_selects_what_it_says(condition, expected):
    assert select(condition, ITEMS, 4).tolist() == [bool(x) for x in expected]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("", "column 1 must be an attribute; got the end"),
        ("domain", "column 7 must be ==, !=, <, <=, >, >= or in; got the end"),
        ('domain = "INT"', "column 8 must be ==, !=, <, <=, >, >= or in; got '='"),
        ('domain == "INT" level', "column 17 must be 'and', 'or' or the end; got 'level'"),
        ("domain == INT", "column 11 must be text in quotes, a number, true or false; got 'INT'"),
        ('(domain == "INT"', "column 17 must be ')'; got the end"),
        ('topic == "x"', f"column 1 must be an attribute among {KNOWN}; got 'topic'"),
        ('words < "12"', "column 9 must be a number after '<'; got '\"12\"'"),
        ('level in "recall"', "column 10 must be a list in brackets; got '\"recall\"'"),
        ('level not "recall"', "column 11 must be 'in'; got '\"recall\"'"),
        ("level in ('recall'", "column 19 must be ')'; got the end"),
        ('domain == "INT" and', "column 20 must be an attribute; got the end"),
        ('domain == "INT', "column 11 must be text in quotes, a number, true or false; got '\"'"),
        ("__import__('os').system('x')", f"column 1 must be an attribute among {KNOWN}; got '__import__'"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(condition, sentence):
    with pytest.raises(ExamError) as caught:
        select(condition, ITEMS, 4)
    assert str(caught.value) == f"condition {condition!r}: {sentence}"


def test_brackets_nest_so_deep_and_no_deeper():
    assert select("(" * 40 + 'domain == "INT"' + ")" * 40, ITEMS, 4).any()
    with pytest.raises(ExamError) as caught:
        select("not " * 5000 + 'domain == "INT"', ITEMS, 4)
    assert str(caught.value) == (f"condition {('not ' * 10)!r}…: must not nest more than 50 deep")
