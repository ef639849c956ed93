"""An exam as a QTI 3.0 test: one part, one section whose items an adaptive engine chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adaptest.bank.contents import ExamFile
from adaptest.bank.formats.qti_dialect import QTI3
from adaptest.bank.formats.qti_item import identifier
from adaptest.bank.formats.xml import serialize
from adaptest.bank.problems import Source, require_none
from adaptest.errors import BankFileError

ENGINE = "urn:adaptest:engine"
CONTENT = "associatedcontent/learning-application-resource"


def exam_files(exam: ExamFile, items: Mapping[str, str], *, usage: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield path, resource type and bytes of the test, and of the definition that drives its engine.

    Parameters
    ----------
    items : id -> path of each item in the package
    usage : path of the usage data; "" where there is none

    Raises
    ------
    BankFileError, where the exam's text is no YAML.
    """
    source, problem = Source.of(exam.path, exam.text)
    require_none([problem] if problem else [])
    values = source.value if source is not None else None
    if not isinstance(values, dict):
        raise BankFileError(f"{exam.path}: must be a mapping of keys to values")
    title = values.get("title")
    settings = f"exams/{exam.name}.yaml"
    name = f"TEST-{exam.name}"
    facts = {"identifier": name, "title": title if isinstance(title, str) else exam.name}
    root = QTI3.root("assessment-test", facts)
    outcome = {"identifier": "SCORE", "cardinality": "single", "base-type": "float"}
    QTI3.add(root, "outcome-declaration", outcome)
    modes = {"identifier": "PART-1", "navigation-mode": "linear", "submission-mode": "individual"}
    part = QTI3.add(root, "test-part", modes)
    section = QTI3.add(
        part, "assessment-section", {"identifier": "SECTION-1", "title": facts["title"], "visible": "true"}
    )
    adaptive = QTI3.add(section, "adaptive-selection")
    for element, ref, href in (
        ("adaptive-engine-ref", "ENGINE", ENGINE),
        ("adaptive-settings-ref", "SETTINGS", f"../{settings}"),
        ("usagedata-ref", "USAGE", f"../{usage}" if usage else ""),
    ):
        if href:
            QTI3.add(adaptive, element, {"identifier": ref, "href": href})
    for item, path in items.items():
        QTI3.add(section, "assessment-item-ref", {"identifier": identifier(item), "href": f"../{path}"})
    yield f"tests/{exam.name}.xml", QTI3.test, serialize(root)
    yield settings, CONTENT, exam.text.encode()
