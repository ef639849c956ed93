"""Items as an XLSX workbook: text cells only, so that nothing in it is a formula.

Read and written here (ECMA-376, SpreadsheetML) on the guarded archive and XML of this package, which a
general workbook library would bypass; about as many lines as taming one.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from lxml import etree

from adaptest.bank.formats.archive import Archive, open_archive, write_archive
from adaptest.bank.formats.record import Contents, Imported, ItemRecord, Remark, Written, changed
from adaptest.bank.formats.table import records_of, rows_of
from adaptest.bank.formats.xml import Element, child, children, local, new_root, parse
from adaptest.errors import BankFileError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
LONGEST = 32_767  # UTF-16 units of one cell
MOST_COLUMNS = 256
NUMBER = re.compile(r"[0-9]{1,8}")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
TO_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")

TYPES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels"
 ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml"
 ContentType="application/xml"/><Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override
 PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override
 PartName="/xl/styles.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>
"""
RELATIONS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument"
 Target="xl/workbook.xml"/></Relationships>
"""
WORKBOOK = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="items" sheetId="1" r:id="rId1"/></sheets>
</workbook>
"""
WORKBOOK_RELATIONS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/worksheet"
 Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/>
</Relationships>
"""
# style 1: text (format 49, "@"), so that a cell edited to =1+1 stays text; wrapped, at the top
STYLES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills
 count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>
</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs
 count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf
 numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0"
 borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>
</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>
"""


def write_xlsx(contents: Contents) -> Written:
    """Return the items as a workbook of one sheet; a text too long for a cell is cut, and said."""
    records: list[ItemRecord] = []
    remarks: list[Remark] = []
    for record in contents.records:
        new, more = changed(record, _cut, f"cut at {LONGEST} characters, the longest a cell can hold")
        records.append(new)
        remarks += more
    root = new_root(MAIN, "worksheet")
    views = etree.SubElement(root, f"{{{MAIN}}}sheetViews")
    view = etree.SubElement(views, f"{{{MAIN}}}sheetView", workbookViewId="0")
    etree.SubElement(
        view, f"{{{MAIN}}}pane", ySplit="1", topLeftCell="A2", activePane="bottomLeft", state="frozen"
    )
    sheet = etree.SubElement(root, f"{{{MAIN}}}sheetData")
    for number, cells in enumerate(rows_of(records), start=1):
        row = etree.SubElement(sheet, f"{{{MAIN}}}row", r=str(number))
        for k, text in enumerate(cells):
            cell = etree.SubElement(row, f"{{{MAIN}}}c", r=f"{_letters(k)}{number}", s="1", t="inlineStr")
            inline = etree.SubElement(etree.SubElement(cell, f"{{{MAIN}}}is"), f"{{{MAIN}}}t")
            inline.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            inline.text = TO_ESCAPE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    files = {
        "[Content_Types].xml": TYPES.encode(),
        "_rels/.rels": RELATIONS.encode(),
        "xl/workbook.xml": WORKBOOK.encode(),
        "xl/_rels/workbook.xml.rels": WORKBOOK_RELATIONS.encode(),
        "xl/styles.xml": STYLES.encode(),
        "xl/worksheets/sheet1.xml": data,
    }
    return Written(write_archive(files), tuple(remarks))


def _cut(text: str) -> str:
    """Return at most as much of a text as one cell holds; a text of half a pair is never made."""
    if len(text) <= LONGEST // 2 or len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    return text.encode("utf-16-le")[: 2 * LONGEST].decode("utf-16-le", errors="ignore").strip()


def read_xlsx(data: bytes, where: str) -> Imported:
    """Return the items on the first sheet of a workbook.

    Raises
    ------
    BankFileError, with file and row, where it is no workbook or its first sheet is no table of items.
    """
    archive = open_archive(data, where)
    name = _first_sheet(archive)
    shared = _shared(archive)
    root = parse(archive.read(name), f"{where}: {name}")
    sheet = child(root, "sheetData")
    if local(root) != "worksheet" or sheet is None:
        raise BankFileError(f"{where}: {name} must be a worksheet")
    rows = [
        (_number(row, k), _cells(row, shared, where)) for k, row in enumerate(children(sheet, "row"), start=1)
    ]
    return records_of(rows, where)


def _first_sheet(archive: Archive) -> str:
    """Return the path of the first sheet that the workbook names."""
    book = parse(archive.read("xl/workbook.xml"), f"{archive.where}: xl/workbook.xml")
    relations = parse(
        archive.read("xl/_rels/workbook.xml.rels"), f"{archive.where}: xl/_rels/workbook.xml.rels"
    )
    targets = {one.get("Id", ""): one.get("Target", "") for one in children(relations, "Relationship")}
    sheets = child(book, "sheets")
    first = child(sheets, "sheet") if sheets is not None else None
    if first is None or not (target := targets.get(first.get(f"{{{OFFICE}}}id", ""), "")):
        raise BankFileError(f"{archive.where}: must be a workbook with at least one sheet")
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")


def _shared(archive: Archive) -> Sequence[str]:
    """Return the texts that cells point to by number."""
    if "xl/sharedStrings.xml" not in archive.entries:
        return ()
    root = parse(archive.read("xl/sharedStrings.xml"), f"{archive.where}: xl/sharedStrings.xml")
    return [_rich(one) for one in children(root, "si")]


def _rich(element: Element) -> str:
    """Return the text of a string: its own, or that of its runs; never how it is pronounced."""
    parts = [part for part in element if local(part) in ("t", "r")]
    texts = (part if local(part) == "t" else child(part, "t") for part in parts)
    return _unescaped("".join(text.text or "" for text in texts if text is not None))


def _unescaped(text: str) -> str:
    """Return a cell's text with _x000D_ and the like as the characters they stand for."""
    return ESCAPED.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    """Return the character of an escape; half of a surrogate pair stays as it is written."""
    character = chr(int(match[1], 16))
    return match[0] if "\ud800" <= character <= "\udfff" else character


def _number(row: Element, k: int) -> int:
    """Return a row's number: as the sheet says, else the k-th."""
    number = row.get("r", "")
    return int(number) if NUMBER.fullmatch(number) else k


def _cells(row: Element, shared: Sequence[str], where: str) -> list[str]:
    cells: list[str] = []
    for cell in children(row, "c"):
        place = cell.get("r", "")
        k = _column(place) if place else len(cells)
        if not 0 <= k < MOST_COLUMNS:
            raise BankFileError(f"{where}: cell {place[:20]!r} must be in the first {MOST_COLUMNS} columns")
        cells += [""] * (k + 1 - len(cells))
        cells[k] = _value(cell, shared, where)
    return cells


def _value(cell: Element, shared: Sequence[str], where: str) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = child(cell, "is")
        return _rich(inline) if inline is not None else ""
    value = child(cell, "v")
    text = (value.text or "") if value is not None else ""
    if child(cell, "f") is not None:
        raise BankFileError(f"{where}: cell {cell.get('r', '?')[:20]} must hold text; got a formula")
    if kind == "s":
        if not NUMBER.fullmatch(text) or int(text) >= len(shared):
            raise BankFileError(f"{where}: cell {cell.get('r', '?')[:20]} points to no text of the workbook")
        return shared[int(text)]
    return _unescaped(text) if kind == "str" else text


def _letters(k: int) -> str:
    """Return the letters of a column.

    >>> _letters(0), _letters(25), _letters(26)
    ('A', 'Z', 'AA')
    """
    return (_letters(k // 26 - 1) if k >= 26 else "") + chr(ord("A") + k % 26)  # noqa: PLR2004 (letters)


def _column(place: str) -> int:
    """Return the column of a cell's place, -1 where it is none."""
    match = re.fullmatch(r"([A-Z]{1,3})[0-9]{1,7}", place, re.ASCII)
    if not match:
        return -1
    k = 0
    for letter in match[1]:
        k = 26 * k + ord(letter) - ord("A") + 1
    return k - 1
