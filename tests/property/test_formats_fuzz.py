"""A damaged or hostile file is imported or refused with a sentence, never anything else.

1,000 mutated files a format, the first 200 of them in every run. More by one command:
ADAPTEST_FUZZ=20000 python -m pytest -m slow tests/property/test_formats_fuzz.py
"""

import io
import os
import random
import shutil
import warnings
import zipfile

import pytest

from adaptest.bank.files import load_bank
from adaptest.bank.formats import FORMATS, export
from adaptest.bank.formats.completion import Defaults
from adaptest.bank.formats.merge import plan_import
from adaptest.bank.formats.record import Contents, record_of
from adaptest.bank.formats.yamlitem import item_yaml
from adaptest.errors import AdaptestError
from adaptest.parameters.files import read_parameter_table

RUN = "2026-11-provisional"
COUNT = int(os.environ.get("ADAPTEST_FUZZ", "1000"))
FEW = 200
NAMES = ["../x", "/etc/passwd", "a\\b", "C:x", "a/../../b", "", "x" * 3000]
SPLICES = [
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    b"<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>]>",
    b"&b;",
    b"&#0;",
    b"&#xD800;",
    b"]]>",
    b"<![CDATA[",
    b"-->",
    b"<a><a><a><a>",
    b"xmlns=''",
    b"\x00",
    b"\xff\xfe",
    b"\xc3",
    b'"',
    b"'",
    b"\n\n",
    b"\r",
    b"~",
    b"=",
    b"#",
    b"{",
    b"}",
    b"\\",
    b"::",
    b"%1e999%",
    b"%--50%",
    b"####",
    b"ANSWER: Z",
    b"Z. z",
    b"[html]",
    b"<script>",
    b"<img src=x onerror=alert(1)>",
    b"=cmd|' /C calc'!A0",
    b"9" * 5000,
    b"[" * 2000,
    b"1e999",
    b"NaN",
    b"-1",
    b"null",
    b"\\ud800",
    b"{}",
    "\u202e\ufeff".encode(),
]


@pytest.fixture(scope="module")
def bank(root, tmp_path_factory):
    """The shipped bank with eight items, in a folder of its own: quick to read again and again."""
    folder = tmp_path_factory.mktemp("small") / "peer-support"
    shutil.copytree(root / "itembank" / "peer-support", folder)
    table = read_parameter_table(root / "calibration" / "peer-support" / RUN / "parameters.csv")
    whole = load_bank(folder)
    some = [item for item in whole.items if item.id in table.items.row][:8]
    kept = {item.id for item in some}
    shutil.rmtree(folder / "items")
    (folder / "items").mkdir()
    for competency in {item.competency for item in some}:
        text = f"format: adaptest-items/1\ncompetency: {competency}\nitems:\n"
        for item in some:
            if item.competency == competency:
                enemies = tuple(enemy for enemy in item.enemies if enemy in kept)
                text += item_yaml(item.model_copy(update={"enemies": enemies}), "  ")
        (folder / "items" / f"{competency}.yaml").write_text(text, encoding="utf-8")
    return load_bank(folder)


@pytest.fixture(scope="module")
def contents(root, bank):
    """Four items with everything, parameters and an exam: small, so that mutations hit something."""
    table = read_parameter_table(
        root / "calibration" / "peer-support" / "2026-11-provisional" / "parameters.csv"
    )
    records = tuple(map(record_of, bank.items[:4]))
    ids = tuple(record.id for record in records)
    exam = bank.exams["practice"]
    return Contents("bank", "Bank", "en", records, parameters=table, exam=exam, exam_items=ids)


def mutated(data, chance):
    """Bytes with one to four wounds."""
    body = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        k = chance.randrange(len(body)) if body else 0
        n = chance.randint(1, 40)
        match chance.randrange(7):
            case 0 if body:
                body[k] ^= 1 << chance.randrange(8)
            case 1:
                del body[k:]
            case 2:
                body[k:k] = chance.choice(SPLICES)
            case 3:
                body[k : k + n] = chance.choice(SPLICES)
            case 4:
                m = chance.randrange(len(body) + 1)
                body[m:m] = body[k : k + n]
            case 5:
                del body[k : k + n]
            case _:
                body[k : k + 1] = bytes([chance.randrange(256)])
    return bytes(body)


def repacked(data, chance):
    """An archive with a wound inside: an entry's bytes, name, kind or packing."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        entries = [(info.filename, old.read(info)) for info in old.infolist()]
        hit = chance.randrange(len(entries))
        for k, (name, whole) in enumerate(entries):
            kind = chance.randrange(8) if k == hit else -1
            if kind == 0:
                continue
            info = zipfile.ZipInfo(chance.choice(NAMES) if kind == 1 else name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o120777 << 16 if kind == 2 else 0o644 << 16
            body = b" " * 3_000_000 if kind == 3 else mutated(whole, chance) if kind > 4 else whole
            for _ in range(2 if kind == 4 else 1):
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
                    new.writestr(info, body)
    return out.getvalue()


@pytest.mark.parametrize("count", [FEW, pytest.param(COUNT, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FORMATS)
def test_a_mutated_file_is_imported_or_refused_with_a_sentence(name, count, bank, contents):
    format_ = FORMATS[name]
    whole = export(contents, format_).data
    chance = random.Random(f"adaptest {name} {COUNT}")  # noqa: S311 (the same files each time)
    packed = whole.startswith(b"PK")
    imported = 0
    for k in range(count):
        data = repacked(whole, chance) if packed and k % 4 else mutated(whole, chance)
        said = refusal(format_, data, bank)
        imported += said == ""
        assert "\n" not in said
        assert said.startswith(("file", "item", "bank")) or not said, said
    assert imported < count
    assert imported or count < COUNT  # the rarest format lets one in a few hundred in


def refusal(format_, data, bank):
    """The sentence that refuses a file; nothing where it is imported."""
    try:
        plan_import(bank, format_.read(data, "file"), Defaults(competency="confidentiality"), replace=True)
    except AdaptestError as error:
        return str(error)
    return ""
