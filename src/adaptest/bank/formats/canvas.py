"""Items as Canvas imports and exports them: a zip of one QTI 1.2 assessment, rationales as item feedback."""

from __future__ import annotations

import posixpath
from types import MappingProxyType

from lxml import etree

from adaptest.bank.formats.archive import Archive, open_archive, write_archive
from adaptest.bank.formats.html import from_html, to_html
from adaptest.bank.formats.record import LETTERS, WHITE, Contents, Imported, ItemRecord, Remark, Written
from adaptest.bank.formats.tags import fields_of, is_id, tags_of
from adaptest.bank.formats.xml import (
    Element,
    child,
    child_text,
    children,
    legal,
    legal_record,
    local,
    new_root,
    parse,
    serialize,
    text_of,
)
from adaptest.errors import BankFileError

MANIFEST = "imsmanifest.xml"
QTI12 = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PACKAGING = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
KIND = "imsqti_xmlv1p2"
CHOICE = ("multiple_choice_question", "")
FULL = 100.0


def write_canvas(contents: Contents) -> Written:
    """Return the items as a package that Canvas imports as a question bank."""
    remarks: list[Remark] = []
    root = new_root(QTI12, "questestinterop")
    name = f"adaptest-{contents.name}"
    assessment = _add(root, "assessment", ident=name, title=legal(contents.title))
    section = _add(assessment, "section", ident="root_section")
    for item in contents.records:
        record, more = legal_record(item)
        remarks += more
        _item(section, record, keys=contents.keys)
    path = f"{name}/{name}.xml"
    files = {MANIFEST: _manifest(name, path, contents), path: serialize(root)}
    return Written(write_archive(files), tuple(remarks))


def _manifest(name: str, path: str, contents: Contents) -> bytes:
    root = new_root(PACKAGING, "manifest", {"identifier": f"MANIFEST-{name}"})
    metadata = etree.SubElement(root, f"{{{PACKAGING}}}metadata")
    etree.SubElement(metadata, f"{{{PACKAGING}}}schema").text = "IMS Content"
    etree.SubElement(metadata, f"{{{PACKAGING}}}schemaversion").text = "1.1.3"
    etree.SubElement(root, f"{{{PACKAGING}}}organizations")
    resources = etree.SubElement(root, f"{{{PACKAGING}}}resources")
    resource = etree.SubElement(
        resources, f"{{{PACKAGING}}}resource", identifier=f"RES-{contents.name}", type=KIND, href=path
    )
    etree.SubElement(resource, f"{{{PACKAGING}}}file", href=path)
    return serialize(root)


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{QTI12}}}{name}", attributes)


def _item(section: Element, record: ItemRecord, *, keys: bool) -> None:
    item = _add(section, "item", ident=record.id, title=record.id)
    fields = _add(_add(item, "itemmetadata"), "qtimetadata")
    _field(fields, "question_type", CHOICE[0])
    _field(fields, "points_possible", "1.0")
    _field(fields, "adaptest_domain", record.domain)
    _field(fields, "adaptest_competency", record.competency)
    for tag in tags_of(record):
        _field(fields, "adaptest_tag", tag)
    presentation = _add(item, "presentation")
    _material(presentation, record.stem)
    response = _add(presentation, "response_lid", ident="response1", rcardinality="Single")
    choices = _add(response, "render_choice", shuffle="Yes")
    for letter, option in zip(LETTERS, record.options, strict=False):
        _material(_add(choices, "response_label", ident=letter), option)
    if not keys:
        return
    processing = _add(item, "resprocessing")
    limits = {"maxvalue": "100", "minvalue": "0", "varname": "SCORE", "vartype": "Decimal"}
    _add(_add(processing, "outcomes"), "decvar", **limits)
    for letter in record.rationale:
        condition = _condition(processing, letter, "Yes")
        _add(condition, "displayfeedback", feedbacktype="Response", linkrefid=f"{letter}_fb")
    right = _condition(processing, record.key, "No")
    _add(right, "setvar", action="Set", varname="SCORE").text = "100"
    for letter, text in record.rationale.items():
        feedback = _add(item, "itemfeedback", ident=f"{letter}_fb")
        _material(_add(feedback, "flow_mat"), text)


def _field(fields: Element, label: str, entry: str) -> None:
    if entry:
        field = _add(fields, "qtimetadatafield")
        _add(field, "fieldlabel").text = label
        _add(field, "fieldentry").text = entry


def _material(parent: Element, text: str) -> None:
    _add(_add(parent, "material"), "mattext", texttype="text/html").text = to_html(text)


def _condition(processing: Element, letter: str, more: str) -> Element:
    """Add what happens when this option is chosen; `more`: whether later conditions are looked at."""
    condition = _add(processing, "respcondition")
    condition.set("continue", more)
    _add(_add(condition, "conditionvar"), "varequal", respident="response1").text = letter
    return condition


def read_canvas(data: bytes, where: str) -> Imported:
    """Return the multiple-choice questions of a QTI 1.2 package; those of other kinds are named.

    Raises
    ------
    BankFileError, with file and entry, where it is no package, or has no multiple-choice question.
    """
    archive = open_archive(data, where)
    records: list[ItemRecord] = []
    remarks: list[Remark] = []
    for path in _assessments(archive):
        root = parse(archive.read(path), f"{where}: {path}")
        if local(root) != "questestinterop":
            raise BankFileError(f"{where}: {path} must be QTI 1.2; got <{local(root)}>")
        for item in root.iter("{*}item"):
            read = _read_item(item, f"{where}: {path}:{item.sourceline}")
            if isinstance(read, Remark):
                remarks.append(read)
            else:
                records.append(read[0])
                remarks += read[1]
    if not records:
        why = f"; {remarks[0]}" if remarks else ""
        raise BankFileError(f"{where}: must have at least one multiple-choice question; got none{why}")
    return Imported(tuple(records), tuple(remarks))


def _assessments(archive: Archive) -> list[str]:
    """Return the paths of the assessments that the manifest names, each once."""
    manifest = parse(archive.read(MANIFEST), f"{archive.where}: {MANIFEST}")
    paths: list[str] = []
    for resource in manifest.iter("{*}resource"):
        if resource.get("type", "").startswith(KIND):
            first = next((one.get("href", "") for one in children(resource, "file")), "")
            paths.append(posixpath.normpath(resource.get("href") or first))
    if not paths:
        raise BankFileError(f"{archive.where}: {MANIFEST} must name a resource of type {KIND}; it has none")
    return list(dict.fromkeys(paths))


def _read_item(item: Element, place: str) -> Remark | tuple[ItemRecord, list[Remark]]:
    """Return a question, or the remark on one of another kind."""
    given = item.get("ident", "")
    name = (given or item.get("title", "") or place)[:80]
    fields = [
        (child_text(field, "fieldlabel"), child_text(field, "fieldentry"))
        for field in item.iter("{*}qtimetadatafield")
    ]
    kind = dict(fields).get("question_type", "")
    presentation = child(item, "presentation")
    responses = list(presentation.iter("{*}response_lid")) if presentation is not None else []
    if kind not in CHOICE or presentation is None or len(responses) != 1:
        return Remark(name, "item", f"left out: must be multiple_choice_question; got {kind[:40]!r}")
    if responses[0].get("rcardinality", "Single") != "Single":
        return Remark(name, "item", "left out: must let one option be chosen")
    labels = list(responses[0].iter("{*}response_label"))
    if not 2 <= len(labels) <= len(LETTERS):  # noqa: PLR2004 (a choice needs two)
        return Remark(name, "item", f"left out: must have 2 to {len(LETTERS)} options; got {len(labels)}")
    letters = {label.get("ident", ""): letter for label, letter in zip(labels, LETTERS, strict=False)}
    remarks: list[Remark] = []
    keys, links = _processing(item, letters)
    if len(keys) > 1:
        return Remark(name, "item", f"left out: must have one best answer; got {len(keys)}")
    stem = _read_material(presentation, "stem", name, place, remarks)
    options = [
        _read_material(label, f"option {letter}", name, place, remarks)
        for label, letter in zip(labels, LETTERS, strict=False)
    ]
    rationale: dict[str, str] = {}
    for feedback in children(item, "itemfeedback"):
        letter = links.get(feedback.get("ident", ""), "")
        holder = child(feedback, "flow_mat")
        text = _read_material(
            feedback if holder is None else holder, f"rationale {letter}", name, place, remarks
        )
        if text and letter and letter not in rationale:
            rationale[letter] = text
        elif text:
            remarks.append(Remark(name, "feedback", "feedback that belongs to no option alone is not kept"))
    record = ItemRecord(
        id=given if is_id(given) else "",
        stem=stem,
        options=tuple(options),
        key=keys[0] if keys else "",
        rationale=MappingProxyType(dict(sorted(rationale.items()))),
        domain=dict(fields).get("adaptest_domain", ""),
        competency=dict(fields).get("adaptest_competency", ""),
        place=place,
    )
    return fields_of(record, [entry for label, entry in fields if label == "adaptest_tag"]), remarks


def _processing(item: Element, letters: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the options that earn all points, and which option each feedback belongs to."""
    keys: list[str] = []
    links: dict[str, str] = {}
    for condition in item.iter("{*}respcondition"):
        chosen = [letters.get((one.text or "").strip(), "") for one in condition.iter("{*}varequal")]
        if len(chosen) != 1 or not chosen[0]:
            continue
        for score in children(condition, "setvar"):
            if _number(score.text) >= FULL and chosen[0] not in keys:
                keys.append(chosen[0])
        for shown in children(condition, "displayfeedback"):
            links.setdefault(shown.get("linkrefid", ""), chosen[0])
    return keys, links


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return 0.0


def _read_material(parent: Element, field: str, name: str, place: str, remarks: list[Remark]) -> str:
    """Return the text of an element's material; a remark says which markup was dropped."""
    material = child(parent, "material")
    mattext = child(material, "mattext") if material is not None else None
    if mattext is None:
        return ""
    text = text_of(mattext)
    if mattext.get("texttype", "text/plain") != "text/html":
        return text.strip(WHITE)
    plain = from_html(text, place)
    if plain.dropped:
        remarks.append(Remark(name, field, f"markup not kept: {', '.join(plain.dropped)}"))
    return plain.text.strip(WHITE)
