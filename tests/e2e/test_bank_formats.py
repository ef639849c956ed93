"""`adaptest bank export`, `import` and `parameters`: all or none, and what is not kept is named."""

import csv
import io
import json
import zipfile

import pytest

from adaptest.bank.formats import FORMATS

BANK = "peer-support"
WHOLE = [name for name in FORMATS if name != "aiken"]  # which has no ids

GIFT = """::Q1::[html]<p>Which reply shows <b>listening</b>?</p> {
  ~Advice#too soon
  =A paraphrase
  ~A story
}

::Q2:: What is 2 + 2? {#4}
"""


def items_folder(adaptest):
    return adaptest.folder / "itembank" / BANK / "items"


def state(adaptest):
    return {path.name: path.read_bytes() for path in items_folder(adaptest).iterdir()}


@pytest.fixture
def few(adaptest):
    """The shipped bank with the items of two competencies, none of which names one elsewhere."""
    for path in items_folder(adaptest).iterdir():
        if path.stem not in {"documentation", "trauma-informed-care"}:
            path.unlink()
    return adaptest


def goes_out_and_comes_back(adaptest, name):
    before = state(adaptest)
    said = adaptest("bank", "export", BANK, "--format", name, "--out", "x.bin", check=0)
    count = said.stderr.split()[1]
    said = adaptest("bank", "import", BANK, "x.bin", "--format", name, check=0)
    assert f"x.bin: {count} items: unchanged {count}\n" in said.stderr
    assert state(adaptest) == before
    return int(count)


@pytest.mark.parametrize("name", WHOLE)
def test_a_bank_goes_out_and_comes_back_unchanged(name, few):
    assert goes_out_and_comes_back(few, name) >= 20


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_bank_goes_out_and_comes_back_unchanged(name, adaptest):
    assert goes_out_and_comes_back(adaptest, name) >= 500


def test_an_edited_item_is_replaced_and_nothing_else_is_touched(few):
    adaptest = few
    adaptest("bank", "export", BANK, "--out", "x.csv", check=0)
    before = state(adaptest)
    text = (adaptest.folder / "x.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    old = rows[0]["stem"]
    (adaptest.folder / "x.csv").write_text(text.replace(old, f"Now: {old}", 1), encoding="utf-8")
    item = rows[0]["id"]
    assert adaptest.sentence("bank", "import", BANK, "x.csv") == (
        f"x.csv:2: item {item!r}: the bank has another item of this id; give --replace to put this one in its"
        " place"
    )
    assert state(adaptest) == before
    assert (
        "would be: replaced 1, "
        in adaptest("bank", "import", BANK, "x.csv", "--replace", "--dry-run", check=0).stderr
    )
    assert state(adaptest) == before
    adaptest("bank", "import", BANK, "x.csv", "--replace", check=0)
    changed = [name for name, data in state(adaptest).items() if data != before[name]]
    assert changed == [f"{rows[0]['competency']}.yaml"]
    shown = json.loads(adaptest("bank", "show", BANK, item, "--format", "json", check=0).stdout)
    assert shown["stem"] == f"Now: {old}"


def test_strangers_questions_come_in_as_drafts_and_what_is_dropped_is_named(adaptest):
    (adaptest.folder / "x.gift").write_text(GIFT, encoding="utf-8")
    said = adaptest.sentence("bank", "import", BANK, "x.gift")
    assert said.startswith(
        "x.gift:1: item 'Q1': competency must be given, in the file or with --competency; one of "
    )
    done = adaptest(
        "bank",
        "import",
        BANK,
        "x.gift",
        "--competency",
        "active-listening-empathy",
        "--report",
        "csv",
        check=3,
    )
    told = {(row["item"], row["fields"]): row["what"] for row in csv.DictReader(io.StringIO(done.stdout))}
    assert told == {
        ("Q1", "stem"): "markup not kept: b",
        ("Q2", "item"): "left out: must be a multiple-choice question with one best answer",
        ("Q1", "level"): "not in the file; set to application",
    }
    assert done.stderr == "x.gift: 1 item: added 1; 1 left out\n"
    shown = json.loads(adaptest("bank", "show", BANK, "Q1", "--format", "json", check=0).stdout)
    assert (shown["stem"], shown["key"], shown["status"]) == ("Which reply shows listening?", "B", "draft")


def test_aiken_questions_get_ids_of_their_domain(adaptest):
    (adaptest.folder / "x.txt").write_text("Best?\nA. one\nB. two\nANSWER: B\n", encoding="utf-8")
    adaptest("bank", "import", BANK, "x.txt", "--competency", "navigation-and-referral", check=0)
    text = (items_folder(adaptest) / "navigation-and-referral.yaml").read_text(encoding="utf-8")
    assert text.rstrip().endswith("tags: []")
    assert "- id: RES-" in text.rpartition("\n\n")[2]


def test_a_broken_item_stops_the_whole_import(adaptest):
    before = state(adaptest)
    rows = ["id,stem,option_a,option_b,key", "N1,One?,a,b,A", "N2,Two?,a,b,Z", ""]
    (adaptest.folder / "x.csv").write_text("\n".join(rows), encoding="utf-8")
    options = ("--competency", "confidentiality")
    assert adaptest.sentence("bank", "import", BANK, "x.csv", *options) == (
        "x.csv:3: item 'N2': key must be one of A, B; got 'Z'"
    )
    assert state(adaptest) == before


def test_a_qti3_package_holds_an_exam_with_an_adaptive_section_and_parameters(adaptest):
    adaptest("bank", "export", BANK, "--format", "qti3", "--exam", "practice", "--out", "x.zip", check=0)
    with zipfile.ZipFile(adaptest.folder / "x.zip") as file:
        test = file.read("tests/practice.xml").decode()
        assert "qti-adaptive-selection" in test
        assert "usagedata-ref" in test
        assert file.read("exams/practice.yaml").startswith(b"#")
        pretest = [row["item"] for row in shown(adaptest) if row["status"] == "pretest"]
        assert not [item for item in pretest if f'identifier="{item}"' in test]
    adaptest("bank", "import", BANK, "x.zip", "--format", "qti3", "--parameters", "p.csv", check=0)
    back = list(csv.DictReader((adaptest.folder / "p.csv").read_text(encoding="utf-8").splitlines()))
    run = adaptest.folder / "calibration" / BANK / "2026-11-provisional" / "parameters.csv"
    wanted = list(csv.DictReader(run.read_text(encoding="utf-8").splitlines()))
    values = ("item_id", "model", "difficulty", "se_difficulty", "n", "scale_id")
    assert [[row[name] for name in values] for row in back] == [
        [row[name] for name in values] for row in wanted
    ]


def shown(adaptest):
    return list(
        csv.DictReader(io.StringIO(adaptest("bank", "show", BANK, "--format", "csv", check=0).stdout))
    )


def test_options_that_cannot_be_are_one_sentence(adaptest):
    (adaptest.folder / "full").write_text("x", encoding="utf-8")
    assert adaptest.sentence("bank", "export", BANK, "--out", "x.zip") == (
        "x.zip: its ending does not say which format it has; give --format, one of qti3, qti22, canvas"
    )
    assert adaptest.sentence("bank", "export", BANK, "--out", "full", "--format", "csv") == (
        "full: must not exist or be empty; give another name, or --force to replace it"
    )
    assert adaptest.sentence("bank", "export", BANK, "--out", "x.csv", "--exam", "practice") == (
        "--exam: only a qti3 package has a place for an exam; got --format csv"
    )
    assert adaptest.sentence("bank", "export", BANK, "--out", "x.csv", "--status", "retired") == (
        "bank 'peer-support': must have an item to export; none is as the options say"
    )
    assert adaptest.sentence("bank", "export", BANK, "--out", "x.gift", "--without-keys") == (
        "format 'gift': needs the keys; it cannot be written without them"
    )
    assert not (adaptest.folder / "x.gift").exists()


def test_parameters_go_to_flexmirt_and_back(adaptest):
    run = f"calibration/{BANK}/2026-11-provisional/parameters.csv"
    done = adaptest("bank", "parameters", run, "x-prm.txt", "--to", "flexmirt", "--d", "1", check=0)
    assert "flexmirt: written with D = 1; inside D = 1\n" in done.stdout
    done = adaptest("bank", "parameters", "x-prm.txt", "x.csv", "--from", "flexmirt", "--d", "1", check=0)
    assert done.stdout.startswith("flexMIRT -prm.txt: read with D = 1; inside D = 1\n")
    assert adaptest.sentence("bank", "parameters", run, "y", "--to", "flexmirt").startswith(
        "--d must be given for flexmirt"
    )
    assert adaptest.sentence("bank", "parameters", run, "y", "--d", "1") == (
        "--from and --to must name one other program; got adaptest and adaptest"
    )
