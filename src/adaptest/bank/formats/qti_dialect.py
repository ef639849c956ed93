"""The two QTI versions that share one item model: how each spells its elements, and where its schemas are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from adaptest.bank.formats.xml import Element, local, new_root

XSI = "http://www.w3.org/2001/XMLSchema-instance"
LOM = "http://ltsc.ieee.org/xsd/LOM"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One QTI version.

    Attributes
    ----------
    namespace, manifest, usage : XML namespaces of items and tests, of the manifest, of usage data
    prefixed : whether elements are spelled qti-item-body (3.0) or itemBody (2.2)
    item, test : resource types in the manifest
    """

    name: str
    namespace: str
    schema: str
    manifest: str
    manifest_schema: str
    usage: str
    prefixed: bool
    package: str
    version: str
    item: str
    test: str

    def spelled(self, name: str) -> str:
        """Return an element's or attribute's name as this version spells it: kebab or camel."""
        first, *rest = name.split("-")
        return name if self.prefixed else first + "".join(word.capitalize() for word in rest)

    def tag(self, name: str) -> str:
        """Return the qualified name of a QTI element."""
        return f"{{{self.namespace}}}{'qti-' if self.prefixed else ''}{self.spelled(name)}"

    def add(self, parent: Element, name: str, attributes: Mapping[str, str] | None = None) -> Element:
        """Add a QTI element."""
        given = {self.spelled(key): value for key, value in (attributes or {}).items()}
        return etree.SubElement(parent, self.tag(name), given)

    def root(self, name: str, attributes: Mapping[str, str]) -> Element:
        """Return a document's root element."""
        given = {self.spelled(key): value for key, value in attributes.items()}
        prefix = "qti-" if self.prefixed else ""
        root = new_root(self.namespace, f"{prefix}{self.spelled(name)}", given, {"xsi": XSI})
        root.set(f"{{{XSI}}}schemaLocation", f"{self.namespace} {self.schema}")
        return root


QTI3 = Dialect(
    name="qti3",
    namespace="http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
    schema="https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_asiv3p0_v1p0.xsd",
    manifest="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
    manifest_schema="https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqtiv3p0_imscpv1p2_v1p0.xsd",
    usage="http://www.imsglobal.org/xsd/imsqti_usagedata_v3p0",
    prefixed=True,
    package="QTI Package",
    version="3.0.0",
    item="imsqti_item_xmlv3p0",
    test="imsqti_test_xmlv3p0",
)
QTI22 = Dialect(
    name="qti22",
    namespace="http://www.imsglobal.org/xsd/imsqti_v2p2",
    schema="http://www.imsglobal.org/xsd/qti/qtiv2p2/imsqti_v2p2p4.xsd",
    manifest="http://www.imsglobal.org/xsd/imscp_v1p1",
    manifest_schema="http://www.imsglobal.org/xsd/qti/qtiv2p2/qtiv2p2_imscpv1p2_v1p0.xsd",
    usage="http://www.imsglobal.org/xsd/imsqti_usagedata_v2p2",
    prefixed=False,
    package="QTIv2.2 Package",
    version="1.0.0",
    item="imsqti_item_xmlv2p2",
    test="imsqti_test_xmlv2p2",
)


def word(name: str) -> str:
    """Return a name of either version in one spelling, for reading.

    >>> word("qti-item-body"), word("itemBody")
    ('itembody', 'itembody')
    """
    return name.removeprefix("qti-").replace("-", "").lower()


def is_named(element: Element, name: str) -> bool:
    """Whether an element of either version has this name, in one spelling."""
    return word(local(element)) == name


def attribute(element: Element, name: str) -> str:
    """Return an attribute of either version by its name in one spelling; "" where there is none."""
    return next((str(value) for key, value in element.attrib.items() if word(str(key)) == name), "")
