"""One item in every text format, whole, as it is written; ADAPTEST_GOLDEN=write makes the files anew."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from adaptest.bank.contents import ExamFile
from adaptest.bank.formats import FORMATS, export
from adaptest.bank.formats.record import Contents, ItemRecord
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.parameters.table import ParameterTable

HERE = Path(__file__).parent
ITEM = ItemRecord(
    "INT-001",
    "A client says little & looks at the floor. Which reply is BEST?\n(1 < 2)",
    ("Ask why = how", "Wait ~ and listen", '"Tell me" {more}', "=Leave"),
    "B",
    {"A": "It asks for reasons", "B": "It leaves room", "C": "It #presses", "D": "It ends the talk"},
    "active-listening-empathy",
    "INT",
    "application",
    "operational",
    "lesson active-listening-empathy",
    "hard",
    ("silence", "presence"),
    ("INT-002",),
    ("adult",),
)
EXAM = ExamFile("practice", "practice.yaml", "format: adaptest-exam/1\nid: practice\ntitle: Practice\n")
PARAMETERS = ParameterTable.of(
    ItemParameters.of(LogisticItems(("INT-001",), [1.25], [0.5], [0.2], [1.0])), scale_id="scale-1"
)
CONTENTS = Contents("bank", "A bank", "en", (ITEM,), True, PARAMETERS, EXAM, ("INT-001",))  # noqa: FBT003 (keys)

TEXTS = {
    "items.csv": ("csv", None),
    "items.json": ("json", None),
    "items.gift": ("gift", None),
    "items.aiken.txt": ("aiken", None),
    "items.moodle.xml": ("moodle", None),
    "qti3.item.xml": ("qti3", "items/INT-001.xml"),
    "qti3.manifest.xml": ("qti3", "imsmanifest.xml"),
    "qti3.usagedata.xml": ("qti3", "usagedata.xml"),
    "qti3.test.xml": ("qti3", "tests/practice.xml"),
    "qti22.item.xml": ("qti22", "items/INT-001.xml"),
    "qti22.manifest.xml": ("qti22", "imsmanifest.xml"),
    "canvas.assessment.xml": ("canvas", "adaptest-bank/adaptest-bank.xml"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_file_is_as_it_was(name):
    format_, entry = TEXTS[name]
    data = export(CONTENTS, FORMATS[format_]).data
    if entry is not None:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            data = file.read(entry)
    path = HERE / name
    if os.environ.get("ADAPTEST_GOLDEN") == "write":
        path.write_bytes(data)
    assert data.decode() == path.read_bytes().decode()
