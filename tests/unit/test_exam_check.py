"""Sharing between exams counts every item that may be shown, pretest items among them."""

from types import SimpleNamespace

import pytest

from adaptest.programme import exam_check


def exam(name, stakes, explanation, ids, unscored=(), demo=False):  # noqa: FBT002 (as the exam file has it)
    spec = SimpleNamespace(stakes=stakes, demo=demo, feedback=SimpleNamespace(explanation=explanation))
    pool = SimpleNamespace(ids=ids, unscored=SimpleNamespace(ids=unscored))
    return SimpleNamespace(name=name, spec=spec, design=SimpleNamespace(pool=pool))


@pytest.mark.parametrize(
    ("practice", "certification", "shared"),
    [
        (("a",), (("b",), ("a",)), ["1 items, a the first"]),
        (("a", "b"), (("b",), ("a",)), ["2 items, a the first"]),
        (("a",), (("b",), ("c",)), []),
    ],
)
def test_a_pretest_item_of_a_certification_may_not_be_explained_elsewhere(practice, certification, shared):
    both = [exam("p", "practice", "after_each", practice), exam("c", "certification", "none", *certification)]
    found = [finding.sentence for finding in exam_check._sharing(both)]  # noqa: SLF001
    assert len(found) == len(shared)
    for sentence, words in zip(found, shared, strict=True):
        assert words in sentence
