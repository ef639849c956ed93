"""`adaptest bank show`: what a bank holds, for people and programs."""

import csv
import io
import json
import re

BANK = "peer-support"


def test_the_summary_says_what_and_how_sure(adaptest):
    said = adaptest("bank", "show", BANK, check=0).stdout
    assert said.startswith("Peer Support Specialist Practice Bank (peer-support): ")
    assert "run 2026-11-provisional, scale\npeer-support-judged-1." in said
    assert "\nPROVISIONAL. " in said
    assert "active-listening-empathy" in said
    assert "It is not affiliated with" in said
    assert max(map(len, said.splitlines())) <= 80


def test_csv_lists_every_item_with_its_parameters(adaptest):
    rows = list(
        csv.DictReader(io.StringIO(adaptest("bank", "show", BANK, "--format", "csv", check=0).stdout))
    )
    assert len(rows) >= 60
    assert {row["basis"] for row in rows} == {"judged"}
    assert all(float(row["se_difficulty"]) >= 0.7 for row in rows)
    assert len({row["item"] for row in rows}) == len(rows)


def test_json_says_everything(adaptest):
    body = json.loads(adaptest("bank", "show", BANK, "--format", "json", check=0).stdout)
    assert body["release"]["provisional"] is True
    assert sum(row["items"] for row in body["counts"]) == len(body["items"])
    assert body["default_exam"] == "practice"
    assert "practice" in body["exams"]
    assert all(row["lesson"] for row in body["competencies"])


def test_an_item_is_shown_in_full(adaptest):
    said = adaptest("bank", "show", BANK, "INT-001", check=0).stdout
    assert said.startswith("INT-001  Interpersonal Skills / Active listening and empathy\n")
    assert "\n* " in said
    assert "PROVISIONAL" in said
    body = json.loads(adaptest("bank", "show", BANK, "INT-001", "--format", "json", check=0).stdout)
    assert body["key"] in body["options"]
    assert set(body["rationale"]) == set(body["options"])
    assert body["parameters"]["basis"] == "judged"
    (row,) = csv.DictReader(
        io.StringIO(adaptest("bank", "show", BANK, "INT-001", "--format", "csv", check=0).stdout)
    )
    assert row["item"] == "INT-001"


def test_an_edited_item_is_named_as_left_out(adaptest):
    path = adaptest.folder / "itembank" / BANK / "items" / "confidentiality.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    stem: >-\n      ", "    stem: >-\n      Now, ", 1), encoding="utf-8")
    said = " ".join(adaptest("bank", "show", BANK, check=0).stdout.split())
    item = text.partition("- id: ")[2].partition("\n")[0]
    assert re.search(
        rf"Not used in exams: \d+ items? \([^)]*{item}[^)]*\): changed after its parameters", said
    )


def test_before_anything_is_published_it_says_so(adaptest):
    (adaptest.folder / "calibration" / BANK / "releases.json").unlink()
    said = adaptest("bank", "show", BANK, check=0).stdout
    assert "\nNo parameters are published: its exams cannot run yet.\n" in said
    assert json.loads(adaptest("bank", "show", BANK, "--format", "json", check=0).stdout)["release"] is None


def test_what_is_wrong_is_one_sentence(adaptest):
    assert (
        adaptest.sentence("bank", "show", "nurses")
        == "bank 'nurses': must be one of peer-support, in itembank"
    )
    assert adaptest.sentence("bank", "show", BANK, "X-1").startswith(
        "bank 'peer-support': item 'X-1' must be one of"
    )
    path = adaptest.folder / "itembank" / BANK / "items" / "confidentiality.yaml"
    text = path.read_text(encoding="utf-8")
    item = text.partition("- id: ")[2].partition("\n")[0]
    line = text[: text.index("    key: ")].count("\n") + 1
    path.write_text(text.replace("    key: ", "    key: Q # ", 1), encoding="utf-8")
    said = adaptest.sentence("bank", "show", BANK)
    assert said.startswith(f"itembank/peer-support/items/confidentiality.yaml:{line}: item {item!r}: ")
    assert said.endswith("key must be one of A, B, C, D; got 'Q'")
    run = adaptest.folder / "calibration" / BANK / "2026-11-provisional" / "run.json"
    path.write_text(text, encoding="utf-8")
    run.write_bytes(run.read_bytes().replace(b"0.8", b"0.7", 1))
    assert "run.json: must be as published in release 1, SHA-256 " in adaptest.sentence("bank", "show", BANK)
