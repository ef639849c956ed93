"""XML from strangers: no document type, no entities, no network, limited size; and text that XML can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from adaptest.bank.formats.record import ItemRecord, Remark, changed
from adaptest.errors import BankFileError

LARGEST = 64 * 2**20  # bytes of one document
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # not a Char of XML 1.0
REPLACEMENT = "\ufffd"

Element = etree._Element  # noqa: SLF001 (lxml has no public name for its element type)


def parse(data: bytes, where: str) -> Element:
    """Return the root of a document.

    Raises
    ------
    BankFileError, with file and line, where it is no XML, is too large or deep, or has a document type.
    """
    if len(data) > LARGEST:
        raise BankFileError(f"{where}: must have at most {LARGEST // 2**20} MiB of XML")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        what = " ".join(str(problem.msg).split()) or "it ends too early"
        raise BankFileError(
            f"{where}:{problem.lineno or 1}: must be XML; {what[0].lower()}{what[1:]}"
        ) from None
    except (etree.LxmlError, ValueError, LookupError) as problem:
        raise BankFileError(f"{where}: must be XML; {str(problem).splitlines()[0].lower()}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise BankFileError(f"{where}: must have no document type (<!DOCTYPE ...>); remove it")
    return root


def legal(text: str) -> str:
    """Return text with each character that XML cannot hold replaced."""
    return ILLEGAL.sub(REPLACEMENT, text)


def legal_record(record: ItemRecord) -> tuple[ItemRecord, tuple[Remark, ...]]:
    """Return a record whose texts XML can hold, with remarks."""
    return changed(record, legal, "a control character is written as U+FFFD, XML cannot hold it")


def local(element: Element) -> str:
    """Return an element's name without its namespace; "" where it is an entity."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def children(element: Element, name: str) -> Iterator[Element]:
    """Yield the children of this local name."""
    return (child for child in element if local(child) == name)


def child(element: Element, name: str) -> Element | None:
    """Return the first child of this local name."""
    return next(children(element, name), None)


def child_text(element: Element, name: str) -> str:
    """Return the text of the first child of this local name; "" where there is none."""
    found = child(element, name)
    return text_of(found) if found is not None else ""


def text_of(element: Element) -> str:
    """Return all text of an element and what is in it."""
    return "".join(map(str, element.itertext()))


def new_root(
    namespace: str,
    name: str,
    attributes: Mapping[str, str] | None = None,
    prefixes: Mapping[str, str] | None = None,
) -> Element:
    """Return a document's root in its default namespace, with prefixes for further ones."""
    spaces: Any = {None: namespace, **(prefixes or {})}  # the default namespace's key is None
    return etree.Element(f"{{{namespace}}}{name}", dict(attributes or {}), nsmap=spaces)


def serialize(root: Element) -> bytes:
    """Return a document's bytes, indented, UTF-8."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))
