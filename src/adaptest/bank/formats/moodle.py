"""Items as Moodle XML: multichoice questions, rationales as feedback, the rest as tags and categories."""

from __future__ import annotations

from types import MappingProxyType

from lxml import etree

from adaptest.bank.formats.html import from_html, to_html
from adaptest.bank.formats.record import (
    LETTERS,
    WHITE,
    Contents,
    Imported,
    ItemRecord,
    Remark,
    Written,
)
from adaptest.bank.formats.tags import category_of, fields_of, is_id, place_in, tags_of
from adaptest.bank.formats.xml import (
    Element,
    child,
    child_text,
    children,
    legal_record,
    local,
    parse,
    serialize,
)
from adaptest.errors import BankFileError

FULL = 100.0
NONE = 0.001  # part of the points below which an answer is wrong


def write_moodle(contents: Contents) -> Written:
    """Return the items as a Moodle question bank."""
    root = etree.Element("quiz")
    remarks: list[Remark] = []
    category = ""
    for item in contents.records:
        record, more = legal_record(item)
        remarks += more
        if (here := category_of(record)) != category:
            category = here
            question = etree.SubElement(root, "question", type="category")
            _text(etree.SubElement(question, "category"), f"$course$/top/{category}")
        _question(root, record)
    return Written(serialize(root), tuple(remarks))


def _question(root: Element, record: ItemRecord) -> None:
    question = etree.SubElement(root, "question", type="multichoice")
    _text(etree.SubElement(question, "name"), record.id)
    _text(etree.SubElement(question, "questiontext", format="html"), to_html(record.stem), html=True)
    _text(etree.SubElement(question, "generalfeedback", format="html"), "")
    for name, value in (
        ("defaultgrade", "1"),
        ("penalty", "0"),
        ("hidden", "0"),
        ("idnumber", record.id),
        ("single", "true"),
        ("shuffleanswers", "true"),
        ("answernumbering", "ABCD"),
    ):
        etree.SubElement(question, name).text = value
    for letter, option in zip(LETTERS, record.options, strict=False):
        fraction = "100" if letter == record.key else "0"
        answer = etree.SubElement(question, "answer", fraction=fraction, format="html")
        _text(answer, to_html(option), html=True)
        because = to_html(record.rationale.get(letter, ""))
        _text(etree.SubElement(answer, "feedback", format="html"), because, html=True)
    if words := list(tags_of(record)):
        tags = etree.SubElement(question, "tags")
        for word in words:
            _text(etree.SubElement(tags, "tag"), word)


def _text(parent: Element, text: str, *, html: bool = False) -> None:
    """Add the text of an element; HTML with signs of its own stands in CDATA, as Moodle writes it."""
    element = etree.SubElement(parent, "text")
    element.text = etree.CDATA(text) if html and ("<" in text or "&" in text) else text


def read_moodle(data: bytes, where: str) -> Imported:
    """Return the multichoice questions of a Moodle XML file; those of other kinds are named.

    Raises
    ------
    BankFileError, with file and line, where it is no Moodle XML, or has no multichoice question.
    """
    root = parse(data, where)
    if local(root) != "quiz":
        raise BankFileError(f"{where}: must be Moodle XML, a <quiz>; got <{local(root)}>")
    records: list[ItemRecord] = []
    remarks: list[Remark] = []
    category = ""
    for question in children(root, "question"):
        place = f"{where}:{question.sourceline}"
        if question.get("type") == "category":
            found = child(question, "category")
            category = child_text(found, "text").strip() if found is not None else ""
            continue
        read = _read_question(question, place, category)
        if isinstance(read, Remark):
            remarks.append(read)
        else:
            records.append(read[0])
            remarks += read[1]
    if not records:
        why = f"; {remarks[0]}" if remarks else ""
        raise BankFileError(f"{where}: must have at least one multichoice question; got none{why}")
    return Imported(tuple(records), tuple(remarks))


def _read_question(question: Element, place: str, category: str) -> Remark | tuple[ItemRecord, list[Remark]]:
    """Return a question, or the remark on one of another kind."""
    title = _inner(question, "name").strip()
    number = child_text(question, "idnumber").strip()
    name = (number or title)[:80] or place
    kind = question.get("type", "")
    answers = list(children(question, "answer"))
    if kind != "multichoice":
        return Remark(name, "item", f"left out: must be a multichoice question; got {kind[:40]!r}")
    if not 2 <= len(answers) <= len(LETTERS):  # noqa: PLR2004 (a choice needs two)
        return Remark(name, "item", f"left out: must have 2 to {len(LETTERS)} answers; got {len(answers)}")
    fractions = [_fraction(answer.get("fraction", "")) for answer in answers]
    keys = [letter for letter, part in zip(LETTERS, fractions, strict=False) if part >= FULL - NONE]
    if len(keys) != 1 or any(NONE < part < FULL - NONE for part in fractions):
        return Remark(name, "item", "left out: must have one answer of 100 and no other that earns points")
    remarks: list[Remark] = []
    found = child(question, "questiontext")
    stem = _read_text(found, "stem", name, place, remarks) if found is not None else ""
    options: list[str] = []
    rationale: dict[str, str] = {}
    for letter, answer in zip(LETTERS, answers, strict=False):
        options.append(_read_text(answer, f"option {letter}", name, place, remarks))
        feedback = child(answer, "feedback")
        if feedback is not None and (
            because := _read_text(feedback, f"rationale {letter}", name, place, remarks)
        ):
            rationale[letter] = because
    if min(fractions) < 0:
        remarks.append(Remark(name, "points", "an answer that takes points away is only wrong here"))
    if _inner(question, "generalfeedback").strip():
        remarks.append(Remark(name, "feedback", "general feedback is not kept; rationales belong to options"))
    domain, competency = place_in(category)
    given = number or title
    record = ItemRecord(
        id=given if is_id(given) else "",
        stem=stem,
        options=tuple(options),
        key=keys[0],
        rationale=MappingProxyType(rationale),
        domain=domain,
        competency=competency,
        place=place,
    )
    tags = child(question, "tags")
    words = [child_text(tag, "text") for tag in children(tags, "tag")] if tags is not None else []
    return fields_of(record, words), remarks


def _fraction(text: str) -> float:
    """Return the part of the points, in percent; 0 where it is no number."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if abs(value) <= FULL else 0.0


def _inner(element: Element, name: str) -> str:
    """Return the <text> of the first child of this name."""
    found = child(element, name)
    return child_text(found, "text") if found is not None else ""


def _read_text(element: Element, field: str, name: str, place: str, remarks: list[Remark]) -> str:
    """Return a text in its element's format; a remark says which markup was dropped."""
    text = child_text(element, "text")
    markup = element.get("format", "html")
    if markup in ("plain_text", "markdown"):
        return text.strip(WHITE)
    plain = from_html(text, place, breaks=markup == "moodle_auto_format")
    if plain.dropped:
        remarks.append(Remark(name, field, f"markup not kept: {', '.join(plain.dropped)}"))
    return plain.text.strip(WHITE)
