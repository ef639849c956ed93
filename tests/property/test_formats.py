"""Export then import is the identity for what a format can hold; what it cannot hold is named, by item."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adaptest.bank.formats import FORMATS, export
from adaptest.bank.formats.csvfile import guarded, unguarded
from adaptest.bank.formats.html import from_html, to_html
from adaptest.bank.formats.record import LETTERS, Contents, ItemRecord, record_of, reduced, texts
from adaptest.bank.formats.yamlitem import item_yaml
from adaptest.bank.problems import Source
from adaptest.bank.schema import JUDGED, LEVELS, Item, ItemsFile

PIECES = st.sampled_from(
    [
        "=1+1",
        "+x",
        "-y",
        "@sum",
        "'=1",
        "''",
        '"quoted"',
        "line\nbreak",
        "\r\n",
        "\r",
        "\t",
        "  two spaces",
        "<b>bold</b>",
        "<script>alert(1)</script>",
        "<br>",
        "&amp;",
        "&#13;",
        "a < b > c & d",
        "]]>",
        "~wrong",
        "=right",
        "#feedback",
        "{braces}",
        "back\\slash\\n",
        "::title::",
        "[html]",
        "[id:x]",
        "%50%",
        "->",
        "// comment",
        "$CATEGORY: x",
        "A. like an option",
        "B) too",
        "ANSWER: A",
        "_x000D_",
        "_x0041_",
        "عربي",
        "\u202eright to left",
        "e\u0301",
        "\u0000",
        "\u000b",
        "\u001f",
        "\u0085",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\ue000",
        "\ue100",
        "😀",
        "007",
        "1e5",
        "TRUE",
        ",;\t|",
    ]
)
TEXT = st.one_of(
    st.text(max_size=40),
    st.lists(st.one_of(PIECES, st.text(max_size=5)), min_size=1, max_size=4).map("".join),
).filter(lambda text: text.strip())
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,12}\Z")
WORDS = st.lists(NAMES, max_size=3, unique=True).map(tuple)


@st.composite
def items(draw):
    """A list of items as a bank could hold them, whatever their texts."""
    found = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        count = draw(st.integers(2, 10))
        options = {letter: draw(TEXT) for letter in LETTERS[:count]}
        explained = draw(st.sets(st.sampled_from(LETTERS[:count])))
        found.append(
            Item.model_validate(
                {
                    "id": name,
                    "competency": draw(NAMES),
                    "domain": draw(NAMES),
                    "level": draw(st.sampled_from(LEVELS)),
                    "stem": draw(TEXT),
                    "options": options,
                    "key": draw(st.sampled_from(LETTERS[:count])),
                    "rationale": {letter: draw(TEXT) for letter in sorted(explained)},
                    "concepts": draw(WORDS),
                    "reference": draw(st.one_of(st.none(), TEXT)),
                    "status": draw(st.sampled_from(["draft", "operational"])),
                    "enemies": draw(WORDS),
                    "tags": draw(WORDS),
                    "judged_difficulty": draw(st.one_of(st.none(), st.sampled_from(JUDGED))),
                }
            )
        )
    return tuple(map(record_of, found))


def stripped(record):
    """A record as the bank's own schema keeps it: texts without white space around them."""
    return replace(
        record,
        stem=tidy(record.stem),
        options=tuple(map(tidy, record.options)),
        rationale={letter: tidy(text) for letter, text in record.rationale.items()},
        reference=tidy(record.reference),
    )


def tidy(text):
    if not text:
        return ""
    raw = {"id": "x", "competency": "x", "domain": "x", "level": "recall", "options": {"A": "1", "B": "2"}}
    return Item.model_validate(raw | {"stem": text, "key": "A", "status": "draft"}).stem


BLANK = {"stem": "", "options": (), "rationale": {}, "reference": ""}  # texts are compared one by one


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=10)
@given(records=items())
@example(records=(ItemRecord("0", "\ufeff\n0", ("0", "1"), "A"),))
@example(records=(ItemRecord("7", "=1", ("-a", "+b"), "A", {"A": "@c", "B": "\ufeffd"}, tags=("t",)),))
def test_export_then_import_is_the_identity_for_what_is_not_listed(name, records):
    format_ = FORMATS[name]
    written = export(Contents("bank", "A <title> \u0001 & more", "en", records), format_)
    listed = {(remark.item, remark.field) for remark in written.remarks}
    kept = [record for record in records if (record.id, "item") not in listed]
    if not kept:
        return
    imported = format_.read(written.data, "file")
    assert imported.remarks == ()
    assert len(imported.records) == len(kept)
    for before, after in zip(kept, imported.records, strict=True):
        here, there = stripped(reduced(before, format_.holds)), stripped(after)
        if not format_.named:
            here = replace(here, id="")
        assert replace(there, **BLANK) == replace(here, **BLANK)
        told = dict(texts(there))
        for field, text in texts(here):
            if (before.id, field) not in listed:
                assert told[field] == text, field


@given(TEXT)
def test_plain_text_through_html_comes_back(text):
    text = "".join(c for c in tidy(text) if c in "\t\n\r" or 32 <= ord(c) < 0xFFFE)
    if text.strip():
        assert tidy(from_html(to_html(tidy(text))).text) == tidy(text)


@given(st.text(), PIECES)
def test_a_guarded_cell_comes_back_and_never_begins_like_a_formula(text, piece):
    for cell in (text, piece + text, f"'{piece}{text}"):
        assert unguarded(guarded(cell)) == cell
        assert guarded(cell).lstrip()[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20")
        assert guarded(cell)[:1] not in ("\t", "\r", "\n")


@settings(max_examples=20)
@given(records=items())
def test_an_item_written_into_a_bank_file_reads_as_it_was(records):
    completed = [Item.model_validate(raw(record)) for record in records]
    body = "".join(item_yaml(item, "  ") for item in completed)
    source, problem = Source.of("x.yaml", f"format: adaptest-items/1\ncompetency: x\nitems:\n{body}")
    assert problem is None, str(problem)
    file, problems = source.validated(ItemsFile)
    assert problems == []
    assert file.items == tuple(completed)


def raw(record):
    return {
        **{name: getattr(record, name) for name in ("id", "competency", "domain", "level", "status", "key")},
        "stem": record.stem,
        "options": dict(zip(LETTERS, record.options, strict=False)),
        "rationale": dict(record.rationale),
        "reference": record.reference or None,
        "judged_difficulty": record.judged_difficulty or None,
        **{name: getattr(record, name) for name in ("concepts", "enemies", "tags")},
        "history": ({"status": record.status, "at": "2026-11-22", "by": record.stem, "why": record.stem},),
        "waivers": {"IW07": record.stem},
    }
