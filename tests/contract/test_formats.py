"""What every format of items keeps: one table, no keys where none should be, a sentence for what is none."""

import io
import json
import zipfile

import pytest

from adaptest.bank.formats import FORMATS, export, read_file
from adaptest.bank.formats.parameters import PARAMETER_FORMATS
from adaptest.bank.formats.record import LETTERS, Contents, ItemRecord, reduced
from adaptest.cli.bank_formats import NAMES
from adaptest.cli.bank_parameters import NAMES as PARAMETER_NAMES
from adaptest.errors import BankFileError, OptionError

ITEM = ItemRecord(
    "INT-001",
    "A client looks at the floor.\nWhat is BEST: a < b & c?",
    ("Ask =why", "Wait ~ and listen", '"Say" so', "{Leave}"),
    "B",
    {"A": "SECRET too soon", "B": "SECRET presence"},
    "active-listening-empathy",
    "INT",
    "application",
    "operational",
    "lesson active-listening-empathy",
    "hard",
    ("silence",),
    ("INT-002",),
    ("adult",),
)
CONTENTS = Contents("bank", "A bank", "en", (ITEM,))


def everything(data):
    """All bytes of a file, those of an archive unpacked."""
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return b"\n".join(name.encode() + file.read(name) for name in file.namelist())


def test_the_command_line_offers_exactly_the_tables():
    assert tuple(FORMATS) == NAMES
    assert tuple(PARAMETER_FORMATS) == PARAMETER_NAMES


@pytest.mark.parametrize("name", FORMATS)
def test_an_item_comes_back_with_all_that_the_format_holds(name):
    format_ = FORMATS[name]
    written = export(CONTENTS, format_)
    (back,) = format_.read(written.data, "file").records
    told = {remark.field for remark in written.remarks}
    assert back.key == "B"
    assert back.options == ITEM.options
    if name != "aiken":
        assert back == reduced(ITEM, format_.holds)
    assert told == (set() if name != "aiken" else {"stem", *set(ITEM_FIELDS)})


ITEM_FIELDS = (
    *("competency", "domain", "level", "status", "reference"),
    *("judged_difficulty", "concepts", "enemies", "tags", "rationale"),
)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_items_give_the_same_bytes(name):
    assert export(CONTENTS, FORMATS[name]).data == export(CONTENTS, FORMATS[name]).data


@pytest.mark.parametrize("name", FORMATS)
def test_without_keys_nothing_tells_the_key(name):
    format_ = FORMATS[name]
    hidden = Contents("bank", "A bank", "en", (ITEM,), keys=False)
    if not format_.keyless:
        with pytest.raises(OptionError) as caught:
            export(hidden, format_)
        assert str(caught.value) == f"format {name!r}: needs the keys; it cannot be written without them"
        return
    data = export(hidden, format_).data
    assert b"SECRET" not in everything(data)
    assert b"hard" not in everything(data)
    assert not [
        word for word in (b"correct-response", b"correctResponse", b"setvar") if word in everything(data)
    ]
    (back,) = format_.read(data, "file").records
    assert (back.key, dict(back.rationale), back.judged_difficulty) == ("", {}, "")
    for letter in LETTERS[:4]:  # the bytes are the same whichever option is best
        other = Contents("bank", "A bank", "en", (with_key(letter),), keys=False)
        assert export(other, format_).data == data


def with_key(letter):
    return ItemRecord(
        **{name: getattr(ITEM, name) for name in ITEM.__dataclass_fields__ if name != "key"}, key=letter
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\xfe\xff", b"PK\x03\x04", b"hello", b"{}", b"<a/>"])
def test_what_is_none_of_it_is_refused_with_a_sentence(name, data, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(BankFileError) as caught:
        read_file(path, FORMATS[name])
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_file_is_one_sentence(name, tmp_path):
    with pytest.raises(BankFileError) as caught:
        read_file(tmp_path / "none", FORMATS[name])
    assert str(caught.value) == f"{tmp_path / 'none'}: no such file"


def test_json_says_everything_in_a_banks_own_words():
    body = json.loads(export(CONTENTS, FORMATS["json"]).data)
    assert body["format"] == "adaptest-item-list/1"
    assert body["items"][0]["options"] == dict(zip("ABCD", ITEM.options, strict=True))
