"""Hostile files: documents with a type, archives that lead out of themselves, formulas, unsafe HTML."""

import io
import zipfile

import openpyxl
import pytest

from adaptest.bank.formats import FORMATS, export
from adaptest.bank.formats.archive import open_archive, write_archive
from adaptest.bank.formats.html import from_html
from adaptest.bank.formats.record import Contents, ItemRecord
from adaptest.bank.formats.xml import parse
from adaptest.errors import BankFileError

ITEM = ItemRecord("I1", "=1+1", ("+a", "-b", "@c", "\td"), "A", {"A": "=cmd|' /C calc'!A0"})


def said(function, *arguments):
    with pytest.raises(BankFileError) as caught:
        function(*arguments)
    return str(caught.value)


def test_a_document_type_is_refused_before_anything_is_expanded():
    bomb = b'<!DOCTYPE q [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><quiz>&b;</quiz>'
    assert said(parse, bomb, "x.xml") == "x.xml: must have no document type (<!DOCTYPE ...>); remove it"
    away = b'<!DOCTYPE q SYSTEM "http://127.0.0.1:9/x.dtd"><quiz/>'
    assert said(parse, away, "x.xml") == "x.xml: must have no document type (<!DOCTYPE ...>); remove it"
    local = b'<!DOCTYPE q [<!ENTITY f SYSTEM "file:///etc/passwd">]><quiz>&f;</quiz>'
    assert "root:" not in said(parse, local, "x.xml")


def test_a_billion_laughs_ends_at_once():
    laughs = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 12))
    bomb = f'<!DOCTYPE q [<!ENTITY l0 "ha">{laughs}]><quiz a="&l11;">&l11;</quiz>'
    assert said(parse, bomb.encode(), "x.xml").startswith("x.xml")


def test_depth_is_limited():
    assert "x.xml:1: must be XML; excessive depth" in said(parse, b"<a>" * 10_000 + b"</a>" * 10_000, "x.xml")


def test_broken_xml_names_its_line():
    assert said(parse, b"<quiz>\n<question>\n</quiz>", "x.xml").startswith(
        "x.xml:3: must be XML; opening and ending"
    )


def archive(name="a.xml", data=b"<a/>", mode=0o644, times=1):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for _ in range(times):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, data)
    return out.getvalue()


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "C:a"])
def test_an_entry_that_leads_out_of_its_archive_is_refused(name):
    assert (
        said(open_archive, archive(name), "x.zip")
        == f"x.zip: entry {name!r} must be a path inside the archive"
    )


def test_links_bombs_and_doubles_are_refused():
    link = said(open_archive, archive(mode=0o120777), "x.zip")
    assert link == "x.zip: entry 'a.xml' must be a file; got a link"
    bomb = said(open_archive, archive(data=bytes(30_000_000)), "x.zip")
    assert bomb == "x.zip: entry 'a.xml' must not unpack to more than 200 times its size"
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = archive(times=2)
    assert said(open_archive, twice, "x.zip") == "x.zip: entry 'a.xml' must stand once"
    many = write_archive({f"{k}": b"" for k in range(20_001)})
    assert said(open_archive, many, "x.zip") == "x.zip: must have at most 20000 entries; got 20001"
    assert said(open_archive, b"PK", "x.zip") == "x.zip: must be a zip archive; file is not a zip file"


def test_no_cell_of_a_csv_begins_like_a_formula():
    text = export(Contents("b", "B", "en", (ITEM,)), FORMATS["csv"]).data.decode()
    assert '"\'=1+1"' in text
    assert not any(f'"{sign}' in text for sign in "=+@\t")
    assert not any(f',"{sign}' in text for sign in "-")


def test_a_workbook_holds_text_cells_only_as_openpyxl_sees_it():
    data = export(Contents("b", "B", "en", (ITEM,)), FORMATS["xlsx"]).data
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    header, row = ([cell.value for cell in cells] for cells in sheet.iter_rows())
    assert {cell.data_type for cells in sheet.iter_rows() for cell in cells if cell.value} == {"s"}
    assert row[header.index("stem")] == "=1+1"
    assert row[header.index("option_b")] == "-b"


def test_a_workbook_of_openpyxl_is_read():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["ID", "Stem", "Option A", "Option B", "Key", "Author"])
    sheet.append(["X1", "What is\nbest?", "this", 7, "a", "me"])
    out = io.BytesIO()
    book.save(out)
    read = FORMATS["xlsx"].read(out.getvalue(), "x.xlsx")
    assert read.records == (ItemRecord("X1", "What is\nbest?", ("this", "7"), "A"),)
    assert str(read.remarks[0]) == "item 'x.xlsx': Author: column is not used; its name is none of ours"


def test_a_formula_in_a_workbook_is_refused():
    book = openpyxl.Workbook()
    book.active.append(["stem", "option_a", "option_b"])
    book.active.append(["=1+1", "a", "b"])
    out = io.BytesIO()
    book.save(out)
    assert (
        said(FORMATS["xlsx"].read, out.getvalue(), "x.xlsx")
        == "x.xlsx: cell A2 must hold text; got a formula"
    )


@pytest.mark.parametrize(
    ("html", "text", "dropped"),
    [
        ("<p>a <strong>b</strong></p>", "a b", ("strong",)),
        ("<script>alert(1)</script>x<style>y</style>", "x", ("script", "style")),
        ('<img src=x onerror="alert(1)">look', "look", ("img",)),
        ("<p>one</p>\n<p>two</p>", "one\ntwo", ()),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb", ()),
        ("a&nbsp;b &lt;c&gt; &eacute;", "a\u00a0b <c> é", ()),
        ("a\n  b", "a b", ()),
        (
            "<svg><script>x</script></svg>t<iframe src=javascript:1>z</iframe>",
            "t",
            ("iframe", "script", "svg"),
        ),
    ],
)
def test_html_is_cleaned_and_read_as_text(html, text, dropped):
    plain = from_html(html)
    assert (plain.text, plain.dropped) == (text, dropped)


def test_deep_html_does_not_overflow():
    assert from_html("<div>" * 15_000 + "x").text == "x"
