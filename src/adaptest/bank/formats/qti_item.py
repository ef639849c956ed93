"""One item as a QTI 3.0 or 2.2 assessment item: a choice interaction, rationales as modal feedback."""

from __future__ import annotations

from html import escape
from types import MappingProxyType

from lxml import etree

from adaptest.bank.formats.html import UNEVEN, VERBATIM, from_html
from adaptest.bank.formats.qti_dialect import QTI3, Dialect, attribute, is_named, word
from adaptest.bank.formats.record import LETTERS, WHITE, ItemRecord, Remark
from adaptest.bank.formats.tags import is_id
from adaptest.bank.formats.xml import Element, local, serialize

MATCH_CORRECT = {
    "qti3": "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml",
    "qti22": "http://www.imsglobal.org/question/qti_v2p2/rptemplates/match_correct.xml",
}


def identifier(item: str) -> str:
    """Return an item's id as QTI identifiers are made: they begin with a letter or underscore."""
    return f"_{item}" if item[:1].isdigit() else item


def item_id(given: str) -> str:
    """Return the id that an identifier stands for; "" where it can be none."""
    bare = given[1:] if given[:1] == "_" and given[1:2].isdigit() else given
    return bare if is_id(bare) else ""


def item_xml(record: ItemRecord, dialect: Dialect, language: str, *, keys: bool) -> bytes:
    """Return the XML of one item; without keys it says nothing of which option is best."""
    facts = {
        "identifier": identifier(record.id),
        "title": record.id,
        "adaptive": "false",
        "time-dependent": "false",
    }
    root = dialect.root("assessment-item", facts)
    root.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    _declarations(root, record, dialect, keys=keys)
    body = dialect.add(root, "item-body")
    choice = dialect.add(
        body, "choice-interaction", {"response-identifier": "RESPONSE", "shuffle": "true", "max-choices": "1"}
    )
    fill(dialect.add(choice, "prompt"), record.stem, dialect)
    for letter, option in zip(LETTERS, record.options, strict=False):
        fill(dialect.add(choice, "simple-choice", {"identifier": letter}), option, dialect)
    if keys:
        _processing(root, dialect)
        for letter, text in record.rationale.items():
            facts = {"outcome-identifier": "FEEDBACK", "identifier": letter, "show-hide": "show"}
            feedback = dialect.add(root, "modal-feedback", facts)
            holder = dialect.add(feedback, "content-body") if dialect is QTI3 else feedback
            fill(etree.SubElement(holder, f"{{{dialect.namespace}}}p"), text, dialect)
    return serialize(root)


def _declarations(root: Element, record: ItemRecord, dialect: Dialect, *, keys: bool) -> None:
    facts = {"identifier": "RESPONSE", "cardinality": "single", "base-type": "identifier"}
    response = dialect.add(root, "response-declaration", facts)
    if keys:
        dialect.add(dialect.add(response, "correct-response"), "value").text = record.key
    facts = {"identifier": "SCORE", "cardinality": "single", "base-type": "float"}
    score = dialect.add(root, "outcome-declaration", facts)
    dialect.add(dialect.add(score, "default-value"), "value").text = "0"
    if keys:
        facts = {"identifier": "FEEDBACK", "cardinality": "single", "base-type": "identifier"}
        dialect.add(root, "outcome-declaration", facts)


def _processing(root: Element, dialect: Dialect) -> None:
    """Add what scores a response: 1 for the key, else 0; then the feedback of the option that was chosen."""
    processing = dialect.add(root, "response-processing")
    condition = dialect.add(processing, "response-condition")
    for branch, score in (("response-if", "1"), ("response-else", "0")):
        chosen = dialect.add(condition, branch)
        if branch == "response-if":
            match = dialect.add(chosen, "match")
            dialect.add(match, "variable", {"identifier": "RESPONSE"})
            dialect.add(match, "correct", {"identifier": "RESPONSE"})
        outcome = dialect.add(chosen, "set-outcome-value", {"identifier": "SCORE"})
        dialect.add(outcome, "base-value", {"base-type": "float"}).text = score
    outcome = dialect.add(processing, "set-outcome-value", {"identifier": "FEEDBACK"})
    dialect.add(outcome, "variable", {"identifier": "RESPONSE"})


def fill(parent: Element, text: str, dialect: Dialect) -> None:
    """Put plain text into an element; where its spaces count, in a span that says so."""
    holder = parent
    if UNEVEN.search(text):
        holder = etree.SubElement(parent, f"{{{dialect.namespace}}}span", {"class": VERBATIM})
    first, *rest = text.split("\n")
    holder.text = first
    for line in rest:
        etree.SubElement(holder, f"{{{dialect.namespace}}}br").tail = line


def read_item(root: Element, place: str) -> Remark | tuple[ItemRecord, list[Remark]]:
    """Return an assessment item as a record, or the remark on one of another kind."""
    given = attribute(root, "identifier")
    name = (item_id(given) or attribute(root, "title") or place)[:80]
    interactions = [one for one in root.iter() if local(one) and word(local(one)).endswith("interaction")]
    if len(interactions) != 1 or not is_named(interactions[0], "choiceinteraction"):
        kinds = ", ".join(local(one) for one in interactions[:3]) or "none"
        return Remark(name, "item", f"left out: must have one choice interaction; got {kinds}")
    choice = interactions[0]
    response = attribute(choice, "responseidentifier")
    if attribute(choice, "maxchoices") not in ("", "1"):
        return Remark(name, "item", "left out: must let one option be chosen")
    remarks: list[Remark] = []
    options: list[str] = []
    letters: dict[str, str] = {}
    for one in choice:
        if not is_named(one, "simplechoice"):
            continue
        if len(options) == len(LETTERS):
            return Remark(name, "item", f"left out: must have at most {len(LETTERS)} options")
        letter = LETTERS[len(options)]
        letters[attribute(one, "identifier")] = letter
        options.append(_text(one, f"option {letter}", name, place, remarks))
    keys = [letters.get((value or "").strip(), "") for value in _correct(root, response)]
    if len(keys) > 1 or keys == [""]:
        return Remark(name, "item", f"left out: must have one correct response; got {len(keys)}")
    record = ItemRecord(
        id=item_id(given),
        stem=_stem(root, choice, name, place, remarks),
        options=tuple(options),
        key=keys[0] if keys else "",
        rationale=MappingProxyType(_rationale(root, letters, name, place, remarks)),
        place=place,
    )
    return record, remarks


def _correct(root: Element, response: str) -> list[str | None]:
    """Return the values of the correct response to one interaction."""
    return [
        value.text
        for declaration in root
        if is_named(declaration, "responsedeclaration") and attribute(declaration, "identifier") == response
        for correct in declaration
        if is_named(correct, "correctresponse")
        for value in correct
        if is_named(value, "value")
    ]


def _stem(root: Element, choice: Element, name: str, place: str, remarks: list[Remark]) -> str:
    """Return what stands in the body around the interaction, and its prompt."""
    body = next((one for one in root if is_named(one, "itembody")), None)
    prompt = next((one for one in choice if is_named(one, "prompt")), None)
    asked = _text(prompt, "stem", name, place, remarks) if prompt is not None else ""
    around = _text(body, "stem", name, place, remarks, without=choice) if body is not None else ""
    return "\n".join(part for part in (around, asked) if part)


def _rationale(
    root: Element, letters: dict[str, str], name: str, place: str, remarks: list[Remark]
) -> dict[str, str]:
    """Return the modal feedback of each option, by its letter."""
    found: dict[str, str] = {}
    for feedback in root:
        if not is_named(feedback, "modalfeedback"):
            continue
        letter = letters.get(attribute(feedback, "identifier"), "")
        if not letter or letter in found:
            remarks.append(Remark(name, "feedback", "feedback that belongs to no option alone is not kept"))
            continue
        if text := _text(feedback, f"rationale {letter}", name, place, remarks):
            found[letter] = text
    return found


def _text(
    element: Element, field: str, name: str, place: str, remarks: list[Remark], without: Element | None = None
) -> str:
    """Return an element's content as plain text; a remark says which markup was dropped."""
    plain = from_html(_inner(element, without), place)
    if dropped := [tag for tag in plain.dropped if word(tag) not in ("contentbody", "itembody")]:
        remarks.append(Remark(name, field, f"markup not kept: {', '.join(dropped)}"))
    return plain.text.strip(WHITE)


def _inner(element: Element, without: Element | None) -> str:
    """Return an element's content as HTML, all names local, so that it can be cleaned as HTML."""
    parts = [_escaped(element.text)]
    for one in element:
        tag = local(one)
        if tag and one is not without:
            kind = f' class="{VERBATIM}"' if one.get("class") == VERBATIM else ""
            inner = _inner(one, without)
            parts.append(f"<{tag}>" if tag == "br" else f"<{tag}{kind}>{inner}</{tag}>")
        parts.append(_escaped(one.tail))
    return "".join(parts)


def _escaped(text: str | None) -> str:
    return escape(text or "", quote=False).replace("\r", "&#13;")
