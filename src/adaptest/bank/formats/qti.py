"""QTI 3.0 and 2.2 packages: a manifest with what the bank knows of each item, items, usage data, a test."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from lxml import etree

from adaptest.bank.formats.archive import Archive, open_archive, write_archive
from adaptest.bank.formats.qti_dialect import LOM, QTI3, QTI22, XSI, Dialect, is_named
from adaptest.bank.formats.qti_exam import exam_files
from adaptest.bank.formats.qti_item import item_xml, read_item
from adaptest.bank.formats.qti_usage import read_usage, usage_xml
from adaptest.bank.formats.record import (
    LISTS,
    WORDS,
    Contents,
    Imported,
    ItemRecord,
    Remark,
    Written,
    with_facts,
)
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
)
from adaptest.errors import BankFileError

MANIFEST = "imsmanifest.xml"
USAGE = "usagedata.xml"
USAGE_TYPE = "usagedata_xmlv3p0"
CONTENT = "associatedcontent/learning-application-resource"
SOURCE = "adaptest:"  # the taxonomy of a classification: adaptest:domain, adaptest:level, ...
PURPOSES = {"domain": "discipline", "competency": "competency", "level": "educational level"}


def write_qti3(contents: Contents) -> Written:
    """Return the items as a QTI 3.0 package, with usage data and, where one is given, an exam."""
    return _write(contents, QTI3)


def write_qti22(contents: Contents) -> Written:
    """Return the items as a QTI 2.2 package."""
    return _write(contents, QTI22)


def _write(contents: Contents, dialect: Dialect) -> Written:
    remarks: list[Remark] = []
    files: dict[str, bytes] = {MANIFEST: b""}
    root = _manifest(contents, dialect)
    resources = child(root, "resources")
    assert resources is not None  # noqa: S101 (it was just made)
    for item in contents.records:
        record, more = legal_record(item)
        remarks += more
        path = f"items/{record.id}.xml"
        files[path] = item_xml(record, dialect, contents.language, keys=contents.keys)
        resource = _resource(resources, f"RES-{record.id}", dialect.item, path)
        _metadata(resource, record)
    if dialect is QTI3 and contents.keys and contents.parameters is not None:
        data, missing = usage_xml(contents.parameters, [record.id for record in contents.records])
        files[USAGE] = data
        remarks += missing
        _resource(resources, "RES-usagedata", USAGE_TYPE, USAGE)
    if dialect is QTI3 and contents.exam is not None:
        used = frozenset(contents.exam_items)
        names = {record.id: f"items/{record.id}.xml" for record in contents.records if record.id in used}
        for path, kind, data in exam_files(contents.exam, names, usage=USAGE if USAGE in files else ""):
            files[path] = data
            resource = _resource(resources, f"RES-{posixpath.basename(path).replace('.', '-')}", kind, path)
            if kind == dialect.test:
                for item_name in names:
                    etree.SubElement(resource, _cp(resource, "dependency"), identifierref=f"RES-{item_name}")
    files[MANIFEST] = serialize(root)
    return Written(write_archive(files), tuple(remarks))


def _cp(parent: Element, name: str) -> str:
    return f"{{{etree.QName(parent).namespace}}}{name}"


def _manifest(contents: Contents, dialect: Dialect) -> Element:
    facts = {"identifier": f"MANIFEST-{contents.name}"}
    root = new_root(dialect.manifest, "manifest", facts, {"lom": LOM, "xsi": XSI})
    root.set(f"{{{XSI}}}schemaLocation", f"{dialect.manifest} {dialect.manifest_schema}")
    metadata = etree.SubElement(root, _cp(root, "metadata"))
    etree.SubElement(metadata, _cp(root, "schema")).text = dialect.package
    etree.SubElement(metadata, _cp(root, "schemaversion")).text = dialect.version
    general = etree.SubElement(etree.SubElement(metadata, f"{{{LOM}}}lom"), f"{{{LOM}}}general")
    title = etree.SubElement(etree.SubElement(general, f"{{{LOM}}}title"), f"{{{LOM}}}string")
    title.text = legal(contents.title)
    etree.SubElement(root, _cp(root, "organizations"))
    etree.SubElement(root, _cp(root, "resources"))
    return root


def _resource(resources: Element, name: str, kind: str, path: str) -> Element:
    resource = etree.SubElement(resources, _cp(resources, "resource"), identifier=name, type=kind, href=path)
    etree.SubElement(resource, _cp(resources, "file"), href=path)
    return resource


def _metadata(resource: Element, record: ItemRecord) -> None:
    """Say in IEEE LOM what the bank knows of an item: one classification for each kind of fact."""
    metadata = etree.Element(_cp(resource, "metadata"))
    resource.insert(0, metadata)
    lom = etree.SubElement(metadata, f"{{{LOM}}}lom")
    for name, values in _facts(record):
        if not values:
            continue
        classification = etree.SubElement(lom, f"{{{LOM}}}classification")
        purpose = etree.SubElement(classification, f"{{{LOM}}}purpose")
        etree.SubElement(purpose, f"{{{LOM}}}source").text = "LOMv1.0"
        etree.SubElement(purpose, f"{{{LOM}}}value").text = PURPOSES.get(name, "idea")
        for value in values:
            path = etree.SubElement(classification, f"{{{LOM}}}taxonPath")
            source = etree.SubElement(etree.SubElement(path, f"{{{LOM}}}source"), f"{{{LOM}}}string")
            source.text = f"{SOURCE}{name}"
            taxon = etree.SubElement(path, f"{{{LOM}}}taxon")
            etree.SubElement(taxon, f"{{{LOM}}}id").text = value


def _facts(record: ItemRecord) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in WORDS:
        value = getattr(record, name)
        yield name, (value,) if value else ()
    for name in LISTS:
        yield name, getattr(record, name)


def read_qti(data: bytes, where: str) -> Imported:
    """Return the single-choice items of a QTI 2.x or 3.0 package; those of other kinds are named.

    Raises
    ------
    BankFileError, with file and entry, where it is no package, or has no single-choice item.
    """
    archive = open_archive(data, where)
    manifest = parse(archive.read(MANIFEST), f"{where}: {MANIFEST}")
    resources = child(manifest, "resources")
    if local(manifest) != "manifest" or resources is None:
        raise BankFileError(f"{where}: {MANIFEST} must be a manifest with resources")
    records: list[ItemRecord] = []
    remarks: list[Remark] = []
    usage = None
    for resource in children(resources, "resource"):
        kind = resource.get("type", "")
        if kind.startswith("imsqti_item_xmlv"):
            path = _path(resource)
            root = parse(archive.read(path), f"{where}: {path}")
            if not is_named(root, "assessmentitem"):
                raise BankFileError(f"{where}: {path} must be an assessment item; got <{local(root)}>")
            read = read_item(root, f"{where}: {path}")
            if isinstance(read, Remark):
                remarks.append(read)
                continue
            records.append(_with_facts(read[0], resource))
            remarks += read[1]
        elif kind == USAGE_TYPE:
            path = _path(resource)
            usage = read_usage(parse(archive.read(path), f"{where}: {path}"), f"{where}: {path}")
    if not records:
        why = f"; {remarks[0]}" if remarks else ""
        raise BankFileError(f"{where}: must have at least one single-choice item; got none{why}")
    _require_once(records, archive)
    return Imported(tuple(records), tuple(remarks), usage)


def _require_once(records: list[ItemRecord], archive: Archive) -> None:
    seen: set[str] = set()
    for record in records:
        if record.place in seen:
            raise BankFileError(
                f"{archive.where}: each item file must be one resource; got two of {record.place}"
            )
        seen.add(record.place)


def _path(resource: Element) -> str:
    href = resource.get("href") or next((one.get("href", "") for one in children(resource, "file")), "")
    return posixpath.normpath(href)


def _with_facts(record: ItemRecord, resource: Element) -> ItemRecord:
    """Return a record with what the manifest says of it in our own taxonomies."""
    words: dict[str, str] = {}
    lists: dict[str, list[str]] = {name: [] for name in LISTS}
    for path in resource.iter(f"{{{LOM}}}taxonPath"):
        source, taxon = child(path, "source"), child(path, "taxon")
        if source is None or taxon is None:
            continue
        name = child_text(source, "string").removeprefix(SOURCE)
        value = child_text(taxon, "id")
        if name in WORDS:
            words[name] = value
        elif name in lists:
            lists[name].append(value)
    return with_facts(record, words, lists)
