"""`adaptest bank check`: for people, programs and workflows; its exit code; what it explains."""

import csv
import io
import json

import pytest

from adaptest.bank.lint.codes import CODES

BANK = "peer-support"


def item_file(adaptest, name="confidentiality"):
    return adaptest.folder / "itembank" / BANK / "items" / f"{name}.yaml"


def break_one(
    adaptest,
    old='    options:\n      A: "',
    new='    options:\n      A: "All of the above ',
    name="confidentiality",
):
    path = item_file(adaptest, name)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].rpartition("- id: ")[2].partition("\n")[0]


@pytest.fixture
def few(adaptest):
    """The shipped bank with the items of one competency: quick to check again and again."""
    for path in item_file(adaptest).parent.iterdir():
        if path != item_file(adaptest):
            path.unlink()
    return adaptest


def test_the_shipped_bank_has_no_errors_and_no_warning_that_nobody_waived(adaptest):
    done = adaptest("bank", "check", BANK, "--strict", "--format", "json", check=0)
    body = json.loads(done.stdout)
    assert (body["errors"], body["warnings"], body["not_checked"]) == (0, 0, [])
    measures = {one["code"]: one for one in body["measures"]}
    assert measures["GU01"]["value"] <= 0.40
    assert measures["GU02"]["value"] <= 0.35
    assert measures["GU03"]["value"] <= 0.60
    assert all(measures[code]["p"] > 0.01 for code in ("IW04", "IW06", "IW15"))
    assert all(len(one["waived"].split()) >= 4 for one in body["findings"] if one["severity"] == "warning")


def test_an_error_ends_with_3_and_names_file_line_item_rule_and_remedy(few):
    item = break_one(few)
    done = few("bank", "check", BANK, check=3)
    line = next(line for line in done.stdout.splitlines() if " IW01: " in line)
    assert line.startswith("itembank/peer-support/items/confidentiality.yaml:")
    assert f": error IW01: item '{item}': no option may stand for others" in line
    assert "; got 'All of the above " in line
    assert "keys found from the options alone" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{BANK}: ") or " items, " in done.stdout.split("\n\n")[-1]


def test_a_changed_item_asks_for_a_decision_and_one_is_honoured(adaptest):
    for other in item_file(adaptest).parent.iterdir():
        if other.stem != "documentation":  # whose items name none elsewhere
            other.unlink()
    item = break_one(adaptest, "    stem: >-\n      ", "    stem: >-\n      Now, ", "documentation")
    body = json.loads(adaptest("bank", "check", BANK, "--format", "json", check=3).stdout)
    (changed,) = [one for one in body["findings"] if one["code"] == "CF01"]
    assert changed["item"] == item
    entry = changed["sentence"].partition("write content_decisions: ")[2]
    entry = entry.replace("minor_edit or new_item", "minor_edit")
    for key, value in (("at", "2026-11-22"), ("by", "a test"), ("why", "one word that changes nothing")):
        entry = entry.replace(f"{key}: …", f"{key}: {value}")
    path = item_file(adaptest, "documentation")
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(f"- id: {item}\n", f"- id: {item}\n    content_decisions: {entry}\n"), "utf-8"
    )
    assert "CF01" not in adaptest("bank", "check", BANK).stdout
    shown = json.loads(adaptest("bank", "show", BANK, item, "--format", "json", check=0).stdout)
    assert shown["left_out"] is None


def test_csv_and_github_say_the_same(few):
    item = break_one(few)
    rows = list(csv.DictReader(io.StringIO(few("bank", "check", BANK, "--format", "csv", check=3).stdout)))
    (row,) = [row for row in rows if row["code"] == "IW01"]
    assert (row["severity"], row["item"]) == ("error", item)
    assert {row["code"] for row in rows if row["severity"] == "measure"} >= {"GU01", "GU02", "GU03", "IW15"}
    lines = few("bank", "check", BANK, "--format", "github", check=3).stdout.splitlines()
    (line,) = [line for line in lines if "title=IW01 " in line]
    place = f"file={row['path']},line={row['line']},title=IW01 {item}"
    assert line == f"::error {place}::item '{item}': {row['sentence'].replace('%', '%25')}"


def test_a_broken_file_is_a_finding(adaptest):
    break_one(adaptest, "    level: ", "    livel: ")
    done = adaptest("bank", "check", BANK, check=3)
    assert ": error BK01: " in done.stdout
    assert "'livel' is not a known key" in done.stdout
    assert "Not checked: every other rule" in done.stdout


@pytest.mark.parametrize("code", list(CODES))
def test_every_code_is_explained(adaptest, code):
    said = " ".join(adaptest("bank", "check", "--explain", code.lower(), check=0).stdout.split())
    assert said.startswith(f"{code} (")
    assert CODES[code].rule in said
    assert CODES[code].remedy in said


def test_wrong_usage_is_told(adaptest):
    assert "missing argument 'BANK'" in adaptest.process("bank", "check", check=2).stderr
    assert (
        "must be one of BK01, IW01" in adaptest.process("bank", "check", "--explain", "IW99", check=2).stderr
    )
    assert (
        adaptest.sentence("bank", "check", "nurses")
        == "bank 'nurses': must be one of peer-support, in itembank"
    )
