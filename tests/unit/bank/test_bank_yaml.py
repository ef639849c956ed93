"""YAML is read without surprises, and what is wrong is told with its line."""

import pytest

from adaptest.bank.yamltext import Ambiguous, Mark, YamlError, parse, resolve


def sentence(text):
    with pytest.raises(YamlError) as caught:
        parse(text)
    return caught.value.line, str(caught.value)


def test_values_are_frozen_or_plain():
    text = "a: [1, -2.5, 1.0e+3, true, null, ~not, 'x']\nb: {c: yes it is, d: \"No\"}\ne:\n"
    assert parse(text) == {
        "a": (1, -2.5, 1000.0, True, None, "~not", "x"),
        "b": {"c": "yes it is", "d": "No"},
        "e": None,
    }


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_a_file_without_content_is_nothing(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    "word",
    ["No", "no", "YES", "on", "Off", "True", "NULL", "010", "0x1F", "1_000", "1:30", ".5", ".inf", ".NaN"],
)
def test_a_word_that_programs_read_differently_is_ambiguous(word):
    assert resolve(word) == Ambiguous(word)


@pytest.mark.parametrize("word", ["y", "n", "Nobody", "2026-11-22", "1.2.3", "5 %", "a:b", "-", "e5"])
def test_other_words_are_text(word):
    assert resolve(word) == word


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("a: 1\nb:\n\tc: 2\n", 3, "must be indented with spaces; got a tab"),
        ("a: 1\n\tb: 2\n", 2, "must be indented with spaces; got a tab"),
        ("a: 1\nb: 2\na: 3\n", 3, "key 'a' must be given once; got it a second time"),
        ("a: 1\n2: b\n", 2, "a key must be text; got 2; put it in quotes"),
        ("No: b\n", 1, "a key must be text; got No; put it in quotes"),
        ("? [a]\n: b\n", 1, "a key must be a word; got a list or a mapping"),
        ("a: &x 1\n", 1, "&x: anchors are not used in bank files; remove it"),
        ("a: 1\nb: *x\n", 2, "*x: aliases are not used in bank files; write the value"),
        ("a: !!int 3\n", 1, "tag:yaml.org,2002:int: tags are not used in bank files; remove it"),
        ("a: 1\n---\nb: 2\n", 2, "must hold one YAML document; got a second one after ---"),
        ("a: é\nb: \x01\n", 2, "must hold text only; got the control character U+0001"),
        (
            "a: 1\nb: c: d\n",
            2,
            (
                "must be YAML; the reader stopped: mapping values are not allowed in this context;"
                " put text with a colon in quotes, and check the indentation"
            ),
        ),
        (
            "a: 1\nb: 'open\nc: 2\n",
            2,
            "must be YAML; the reader stopped while scanning a quoted scalar: found unexpected end of stream",
        ),
        (
            "a: @b\n",
            1,
            (
                "must be YAML; the reader stopped while scanning for the next token: found character"
                " that cannot start any token; put text that begins with a special character in quotes"
            ),
        ),
    ],
)
def test_a_broken_text_is_one_sentence_with_its_line(text, line, rule):
    assert sentence(text) == (line, rule)


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_deep_nesting_is_refused_before_it_can_overflow_anything(opening):
    assert sentence(opening * 100_000) == (1, "must nest at most 24 levels deep")


def test_every_value_has_its_line():
    marks = {}
    parse("a:\n  - b: x\n    c: >-\n      long\n      text\nd: 3\n", marks)
    assert marks[()] == Mark(1, None)
    assert marks["a", 0, "b"] == Mark(2, "x")
    assert marks["a", 0, "c"] == Mark(3, "long text")
    assert marks["d",] == Mark(6, "3")
