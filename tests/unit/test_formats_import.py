"""What an import says of a file's items: what is broken, what is set, what is not kept."""

import pytest

from adaptest.bank.files import load_bank
from adaptest.bank.formats import FORMATS
from adaptest.bank.formats.completion import Defaults
from adaptest.bank.formats.merge import plan_import
from adaptest.errors import BankFileError


@pytest.fixture(scope="module")
def bank(root):
    return load_bank(root / "itembank" / "peer-support")


def plan(bank, name, text, **options):
    read = FORMATS[name].read(text.encode(), "file")
    return plan_import(bank, read, Defaults("confidentiality"), **options)


def said(bank, name, text):
    with pytest.raises(BankFileError) as caught:
        plan(bank, name, text)
    return str(caught.value)


def test_an_id_that_stands_twice_is_refused(bank):
    text = "id,stem,option_a,option_b,key\nN1,One?,a,b,A\nN1,Two?,a,b,A\n"
    assert said(bank, "csv", text) == (
        "file:3: item 'N1': id must stand once in the file; it stands at file:2 too"
    )


def test_a_key_that_stands_twice_in_json_is_refused(bank):
    text = '{"format": "adaptest-item-list/1", "items": [{"id": "N1", "stem": "a", "stem": "b"}]}'
    assert said(bank, "json", text) == "file: key 'stem' must stand once in its object"


def test_unknown_concepts_lessons_and_enemies_are_dropped_and_named(bank):
    head = "id,stem,option_a,option_b,key,rationale_a,rationale_b,concepts,reference,enemies,status\n"
    row = "N1,One?,a,b,A,x,y,hope no-such,lesson none,REC-001 N9,operational\n"
    planned = plan(bank, "csv", head + row)
    (step,) = planned.steps
    assert (step.action, step.item.status, step.item.concepts, step.item.enemies) == (
        "add",
        "draft",
        ("hope",),
        (),
    )
    assert [str(remark) for remark in planned.remarks] == [
        "item 'N1': level: not in the file; set to application",
        "item 'N1': reference: dropped: the bank has no lesson 'none'",
        "item 'N1': concepts: dropped: the bank does not list no-such",
        "item 'N1': enemies: dropped: REC-001, N9 must be an item that names this one as its enemy too",
        "item 'N1': status: draft in place of operational: it has no reference",
    ]


def test_points_that_are_taken_away_are_named(bank):
    planned = plan(bank, "gift", "::N1:: One? {=a ~%-50%b}")
    assert "item 'N1': points: an answer that takes points away is only wrong here" in map(
        str, planned.remarks
    )


def test_the_same_question_under_another_id_is_refused(bank):
    item = bank.items[0]
    cells = [item.stem, *item.options.values(), item.key]
    text = "stem,option_a,option_b,option_c,option_d,key\n" + ",".join(f'"{cell}"' for cell in cells)
    assert said(bank, "csv", text).endswith(
        f"must not have stem, options and key of another item; {item.id!r} has the same"
    )


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "csv",
            "stem;option_a\nx;y\n",
            "file:1: must have the columns stem, option_a, option_b; got stem, option_a",
        ),
        (
            "csv",
            "stem,option_a,option_b\n",
            "file: must have at least one item below its column names; got none",
        ),
        ("csv", 'stem,option_a,option_b\nx,,"b"\n', "file:2: option A must not be empty between others"),
        ("aiken", "Q?\nA. a\nC. c\nANSWER: A\n", "file:3: options must be in order, next B; got C"),
        ("aiken", "Q?\nA. a\nB. c\n", "file:1: the last question must end with ANSWER: and a letter"),
        ("aiken", "Q?\nA. a\nB. c\nANSWER: C\n", "file:4: ANSWER must be one of A, B; got 'C'"),
        ("gift", "::N1:: One? }a{", "file:1: question 'N1' must end with }"),
        ("moodle", "<quiz/>", "file: must have at least one multichoice question; got none"),
        ("moodle", "<a/>", "file: must be Moodle XML, a <quiz>; got <a>"),
        ("json", "[]", "file: format must be adaptest-item-list/1; got none"),
        ("json", "[", "file:1: must be JSON; expecting value"),
    ],
)
def test_refusals_name_file_and_line(bank, name, text, sentence):
    assert said(bank, name, text) == sentence
