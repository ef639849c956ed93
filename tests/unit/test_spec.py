"""Exam files: what a word means, and the sentence for each that cannot work."""

import numpy as np
import pytest

from adaptest.engine.design import Design
from adaptest.engine.spec import CRITERIA, build, exam_from_values, read_exam
from adaptest.errors import ExamError, InfeasibleError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.selection import FisherInformation, Randomesque
from adaptest.stopping import Sem

PRACTICE = """\
format: adaptest-exam/1
id: practice
title: Practice exam
stakes: practice
pool: {status: [operational]}
length: {minimum: 4, maximum: 8}
blueprint:
  domain:
    A: {minimum_percent: 25, maximum_percent: 50}
    B: {maximum_percent: 62.5}
  rules:
    - {what: 'kind == "x"', of: 'domain == "A"', minimum_percent: 50}
selection: {criterion: information, picker: {name: randomesque, size: 5}}
estimation: {interim: eap, final: wle, prior: {mean: 0.5, sd: 2}}
stopping: [{rule: sem, at_most: 0.40}]
options: {shuffle: true}
feedback: {explanation: after_each}
reporting: {scale: {slope: 10.0, intercept: 50.0}, cut: {theta: 0.0, label: "demo value, no official cut"}}
"""


def pool_of(n=24, **more):
    ids, one = tuple(f"i{k:02d}" for k in range(n)), np.ones(n)
    items = ItemParameters.of(LogisticItems(ids, one, np.linspace(-2, 2, n), 0 * one, one))
    attributes = {
        "domain": tuple("ABC"[k % 3] for k in range(n)),
        "kind": tuple("xy"[k // 3 % 2] for k in range(n)),
        "status": tuple("retired" if k == 23 else "operational" for k in range(n)),
        "tags": (("adult",),) * n,
    }
    return Pool(items, attributes, **more)


POOL = pool_of()


def design():
    return build(read_exam(PRACTICE, "p.yaml"), POOL)


def test_an_exam_file_becomes_a_design():
    made = design()
    assert (made.minimum, made.maximum, len(made.pool)) == (4, 8, 23)
    assert made.reach.stops == (4, 5, 6, 7, 8)
    assert made.criterion == FisherInformation()
    assert made.picker == Randomesque(5)
    assert (made.interim.method, made.final.method) == ("eap", "wle")
    assert made.stopping == (Sem(0.4),)
    assert made.shuffle
    assert [rule.name for rule in made.blueprint.rules] == [
        "domain A",
        "domain B",
        'rule kind == "x" of domain == "A"',
    ]


def test_the_artifact_has_every_default_and_makes_the_same_design():
    made = design()
    assert '"nodes"' not in made.artifact
    assert '"secure":false' in made.artifact
    back = Design.from_artifact(made.artifact, made.pool.artifact)
    assert back.artifact == made.artifact
    assert back.fingerprint == made.fingerprint
    assert back.pool.fingerprint == made.pool.fingerprint
    assert back.reach.stops == made.reach.stops


def test_a_pool_artifact_that_is_not_the_designs_is_seen_by_its_fingerprint():
    made = design()
    assert Design.from_artifact(made.artifact, POOL.artifact).fingerprint == made.fingerprint
    assert POOL.fingerprint != made.pool.fingerprint


def test_without_a_maximum_an_exam_goes_on_until_no_item_is_left():
    made = build(exam_from_values({"id": "drill", "title": "Drill", "pool": {"kind": "x"}}), POOL)
    assert (made.minimum, made.maximum, made.reach) == (1, None, None)
    assert set(made.pool.attributes["kind"]) == {"x"}


def test_a_pool_filter_takes_one_word_or_several_and_looks_into_lists():
    values = {"id": "e", "title": "E", "pool": {"domain": ["A", "B"], "tags": "adult"}}
    assert set(build(exam_from_values(values), POOL).pool.attributes["domain"]) == {"A", "B"}


def changed(old, new):
    assert old in PRACTICE
    return PRACTICE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "p.yaml:1: must hold an exam definition; got nothing"),
        ("a: [", "p.yaml:2: must be YAML; did not find expected node content"),
        ("- a\n", "p.yaml:1: format must be adaptest-exam/1; got ['a']"),
        (
            changed("exam/1", "exam/2"),
            "p.yaml:1: format must be adaptest-exam/1; got 'adaptest-exam/2'",
        ),
        (changed("title:", "id:"), "p.yaml:3: key 'id' must stand once"),
        (changed("title: Practice exam\n", ""), "p.yaml:1: title: must be given"),
        (
            changed("stakes: practice", "stake: practice"),
            "p.yaml:4: stake: is not a word of exam files; leave it out or correct it",
        ),
        (
            changed("stakes: practice", "stakes: high"),
            "p.yaml:4: stakes: must be 'practice' or 'certification'; got 'high'",
        ),
        (
            changed("minimum: 4", "minimum: 0"),
            "p.yaml:6: length.minimum: must be greater than or equal to 1; got 0",
        ),
        (
            changed("minimum: 4", "minimum: true"),
            "p.yaml:6: length.minimum: must be a valid integer; got True",
        ),
        (
            changed("minimum: 4", "minimum: 9"),
            "p.yaml:6: length.minimum must not exceed length.maximum; got 9 and 8",
        ),
        (
            changed("maximum: 8", "maximum: 24"),
            "p.yaml:6: length.maximum must not exceed the pool's 23 items; got 24",
        ),
        (
            changed("[operational]", "[draft]"),
            "p.yaml:5: pool.status: must leave at least one item; got none that is draft",
        ),
        (
            changed("{status:", "{state:"),
            "p.yaml:5: pool.state: must be an attribute of the items (domain, kind, status, tags)",
        ),
        (
            changed("    A: {", "    Z: {"),
            "p.yaml:9: blueprint.domain.Z: must have at least one item; got none",
        ),
        (
            changed("  domain:\n", "  area:\n"),
            "p.yaml:8: blueprint.area: must be an attribute of the items (domain, kind, status, tags)",
        ),
        (
            changed("minimum_percent: 25", "minimum_percent: 55"),
            "p.yaml:9: domain A: the minimum must not exceed the maximum; got 55 and 50",
        ),
        (
            changed("minimum_percent: 25", "minimum_percent: 125"),
            "p.yaml:9: blueprint.domain.A.minimum_percent: must be less than or equal to 100; got 125",
        ),
        (
            changed("{maximum_percent: 62.5}", "{}"),
            "p.yaml:10: domain B: must have a minimum or a maximum; got neither",
        ),
        (
            changed('kind == "x"\'', 'kind = "x"\''),
            "p.yaml:12: condition 'kind = \"x\"': column 6 must be ==, !=, <, <=, >, >= or in; got '='",
        ),
        (
            changed('kind == "x"\'', 'kind == "z"\''),
            "p.yaml:12: condition 'kind == \"z\"': must hold for at least one item; got none",
        ),
        (
            changed("of: 'domain == \"A\"', minimum_percent: 50", "of: 'domain == \"A\"', minimum: 2"),
            (
                'p.yaml:12: rule kind == "x" of domain == "A": a rule with \'of\' bounds a share;'
                " give minimum_percent or maximum_percent"
            ),
        ),
        (
            changed("criterion: information", "criterion: mfi"),
            f"p.yaml:13: selection.criterion: must be one of {', '.join(CRITERIA)}; got 'mfi'",
        ),
        (
            changed("name: randomesque, size: 5", "name: randomesque, width: 5"),
            "p.yaml:13: selection.picker: randomesque takes size, schedule; got 'width'",
        ),
        (
            changed("size: 5", "size: 0"),
            "p.yaml:13: picker randomesque: size must be at least 1; got 0",
        ),
        (
            changed("size: 5", "size: 2.5"),
            "p.yaml:13: selection.picker.size: must be int; got 2.5",
        ),
        (
            changed("interim: eap", "interim: mle"),
            "p.yaml:14: estimation.interim: must be one of eap, map; got 'mle'",
        ),
        (
            changed("final: wle", "final: best"),
            "p.yaml:14: estimation.final: must be one of eap, map, wle, mle, jeffreys; got 'best'",
        ),
        (changed("sd: 2", "sd: 0"), "p.yaml:14: estimation.prior.sd: must be greater than 0; got 0"),
        (
            changed("sd: 2}", "sd: 2}, grid: {low: 4, high: -4, nodes: 33}"),
            "p.yaml:14: a grid must be LOW:HIGH:N with LOW < HIGH and N at least 2; got 4.0:-4.0:33",
        ),
        (
            changed("at_most: 0.40", "at_most: 0"),
            "p.yaml:15: stopping rule sem: at_most must be greater than 0; got 0",
        ),
        (
            changed("{rule: sem, at_most: 0.40}", "{rule: sem}"),
            "p.yaml:15: stopping.0: sem needs at_most",
        ),
        (
            changed("{rule: sem, at_most: 0.40}", "{at_most: 0.4}"),
            (
                "p.yaml:15: stopping.0: must be one of sem, minimum_information, predicted_sem_reduction,"
                " theta_change, confidence_interval, sprt, glr, posterior_probability, time; got None"
            ),
        ),
        (
            changed("after_each", "always"),
            "p.yaml:17: feedback.explanation: must be 'after_each', 'at_end' or 'none'; got 'always'",
        ),
        (
            changed("slope: 10.0", "slope: -1"),
            "p.yaml:18: reporting.scale.slope: must be greater than 0; got -1",
        ),
        (
            changed("stakes: practice", "stakes: certification"),
            (
                "p.yaml:17: feedback.explanation: a certification exam may explain its items only as a demo;"
                " say demo: true, or none"
            ),
        ),
        (
            changed("length: {minimum: 4, maximum: 8}", "length: {minimum: 4}"),
            "p.yaml:6: a blueprint needs a maximum length; give length.maximum",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_place_and_the_reason(text, sentence):
    with pytest.raises(ExamError) as caught:
        build(read_exam(text, "p.yaml"), POOL)
    assert str(caught.value) == sentence


def test_conflicting_rules_are_named_with_their_place():
    with pytest.raises(InfeasibleError) as caught:
        build(read_exam(changed("maximum_percent: 62.5", "minimum_percent: 80"), "p.yaml"), POOL)
    assert str(caught.value) == (
        "p.yaml:7: at length 4 these rules cannot hold together: domain A at least 1 (has 8),"
        " domain B at least 4 (has 8); together they need 5 items; lower one by 1 or change the length"
    )


def test_item_sets_need_a_maximum_length():
    with pytest.raises(ExamError) as caught:
        build(exam_from_values({"id": "e", "title": "E"}), pool_of(sets={"story": ("i00", "i01")}))
    assert str(caught.value) == (
        "exam:1: item set 'story': its items are given together, for which the end of the exam must be in"
        " sight; give length.maximum"
    )


def test_a_text_nested_too_deep_is_refused():
    with pytest.raises(ExamError, match="must not nest more than 20 deep"):
        read_exam("a: " + "[" * 60 + "]" * 60, "p.yaml")
