"""Content and published parameters make a pool; what is left out is named."""

from datetime import timedelta

import numpy as np
import pytest

from adaptest.bank.files import load_bank
from adaptest.bank.formats import FORMATS, export
from adaptest.bank.formats.completion import Defaults
from adaptest.bank.formats.merge import plan_import
from adaptest.bank.formats.record import Contents, record_of
from adaptest.bank.lifecycle import FOLLOWS, SHOWN, STATUSES, may_follow
from adaptest.bank.overview import counts, items, parameters, published, release_facts
from adaptest.bank.provisional import LEVELS, SE_DIFFICULTY, judged_table
from adaptest.bank.snapshot import current_snapshot, item_text
from adaptest.errors import BankFileError


def snapshot(small, calibration, now):
    return current_snapshot(load_bank(small), calibration, now)


def test_the_pool_has_what_exams_ask_about(small, calibration, now):
    pool = snapshot(small, calibration, now).pool
    assert pool.ids == ("INT-001", "INT-002", "ADV-001")
    assert pool.attributes["domain"] == ("INT", "INT", "ADV")
    assert pool.attributes["competency"] == ("listening", "listening", "advocacy")
    assert pool.attributes["level"] == ("recall", "application", "judgement")
    assert pool.attributes["status"] == ("operational", "operational", "pretest")
    assert pool.attributes["tags"] == (("adult",), (), ())
    assert pool.attributes["concepts"] == (("silence",), (), ())
    assert pool.enemies == (frozenset({"INT-001", "INT-002"}),)
    assert pool.options == (("A", "B"), ("A", "B", "C"), ("A", "B"))
    assert pool.provisional


def test_judged_levels_become_rasch_difficulties(small, calibration, now):
    shot = snapshot(small, calibration, now)
    (block,) = shot.pool.parameters.blocks
    assert block.b.tolist() == [LEVELS["very_easy"], LEVELS["hard"], LEVELS["medium"]]
    assert block.a.tolist() == [1.0, 1.0, 1.0]
    assert shot.table.basis == ("judged",) * 3
    assert (shot.table.se["difficulty"] == SE_DIFFICULTY).all()
    assert (shot.table.n == 0).all()


def test_an_item_changed_since_is_left_out_and_named(small, edit, calibration, now):
    edit("items/listening.yaml", "Filling time", "Killing time")
    shot = snapshot(small, calibration, now)
    assert shot.pool.ids == ("INT-002", "ADV-001")
    assert shot.pool.enemies == ()
    assert [str(one) for one in shot.left_out] == [
        "item 'INT-001': changed after its parameters were set (release 1, 2026-11-first)"
    ]


def test_a_better_rationale_changes_nothing(small, edit, calibration, now):
    edit("items/listening.yaml", "It is not filled.", "Silence is not filled.")
    assert snapshot(small, calibration, now).left_out == ()


def test_an_item_without_parameters_is_left_out_and_named(small, edit, calibration, now):
    edit("items/advocacy.yaml", "id: ADV-001", "id: ADV-007")
    shot = snapshot(small, calibration, now)
    assert [str(one) for one in shot.left_out] == [
        "item 'ADV-007': no parameters in release 1 (2026-11-first)"
    ]


def test_a_retired_item_is_not_in_the_pool_and_needs_no_word(small, edit, calibration, now):
    edit("items/advocacy.yaml", "status: pretest", "status: retired")
    shot = snapshot(small, calibration, now)
    assert shot.pool.ids == ("INT-001", "INT-002")
    assert shot.left_out == ()


def test_a_bank_of_which_nothing_is_left_is_refused(small, edit, calibration, now):
    edit("items/advocacy.yaml", "Who speaks?", "Who acts?")
    edit("items/listening.yaml", "What is silence for?", "What is it for?")
    edit("items/listening.yaml", "Somebody is quiet.", "Someone is quiet.")
    with pytest.raises(BankFileError) as caught:
        snapshot(small, calibration, now)
    assert str(caught.value) == (
        "bank 'small': release 1 must have parameters for at least one pretest or operational item; got none;"
        " item 'INT-001': changed after its parameters were set (release 1, 2026-11-first)"
    )


def test_nothing_is_in_effect_before_the_first_release(small, calibration, now):
    with pytest.raises(BankFileError, match="must have a release in effect"):
        snapshot(small, calibration, now - timedelta(days=1))


def test_texts_hold_everything_a_candidate_may_be_shown(small, calibration, now):
    texts = snapshot(small, calibration, now).item_texts
    assert list(texts) == ["INT-001", "INT-002", "ADV-001"]
    assert texts["ADV-001"] == {
        "format": "adaptest-item/1",
        "id": "ADV-001",
        "competency": "advocacy",
        "domain": "ADV",
        "level": "judgement",
        "stem": "Who speaks?",
        "options": {"A": "The person", "B": "The helper"},
        "key": "A",
        "rationale": {"A": "Their voice.", "B": "Not yours."},
        "concepts": [],
        "reference": "lesson advocacy",
        "fingerprint": load_bank(small).item("ADV-001").fingerprint,
    }
    assert item_text(load_bank(small).item("ADV-002"))["reference"] is None


def test_an_item_that_nobody_judged_is_told(small, edit):
    edit("items/listening.yaml", "    judged_difficulty: hard\n", "")
    with pytest.raises(BankFileError) as caught:
        judged_table(load_bank(small), "x")
    assert str(caught.value) == (
        "item 'INT-002': judged_difficulty must be one of very_easy, easy, medium, hard, very_hard; got none"
    )
    edit("items/listening.yaml", "    judged_difficulty: very_easy\n", "")
    with pytest.raises(BankFileError, match=r"^item 'INT-001': .* got none \(and 1 more item\)$"):
        judged_table(load_bank(small), "x")


def test_the_overview_counts_every_item_once(small, calibration, now):
    bank = load_bank(small)
    shot = published(bank, calibration, now)
    rows = counts(bank, shot)
    assert sum(row["items"] for row in rows) == 4
    assert [row["unknown"] for row in rows if row["items"]] == [0, 0, 1, 0]
    by_level = {(row["domain"], row["level"]): row for row in rows}
    assert by_level["INT", "recall"]["very_easy"] == 1
    assert by_level["INT", "application"]["hard"] == 1
    assert [row["item"] for row in items(bank, shot)] == [item.id for item in bank.items]
    assert parameters(shot)["INT-002"]["difficulty"] == LEVELS["hard"]
    assert release_facts(shot)["provisional"] is True


def test_the_overview_works_before_anything_is_published(small, tmp_path, now):
    bank = load_bank(small)
    assert published(bank, tmp_path / "nowhere", now) is None
    assert release_facts(None) is None
    assert parameters(None) == {}
    assert counts(bank, None)[0]["very_easy"] == 1  # by judgement alone


def test_the_judged_levels_are_evenly_spaced_and_in_order():
    values = np.array(list(LEVELS.values()))
    assert np.ptp(np.diff(values)) == 0
    assert (np.diff(values) > 0).all()
    assert SE_DIFFICULTY >= 0.7


def test_every_status_has_its_place_in_an_items_life():
    assert set(FOLLOWS) == set(STATUSES)
    assert all(after in STATUSES for following in FOLLOWS.values() for after in following)
    assert not any(may_follow("retired", status) for status in STATUSES)
    assert {"pretest", "operational"} == SHOWN


def test_items_of_a_set_reach_the_pool_together_and_show_its_text(small, edit, calibration, now):
    scene = "  - {id: scene, title: A scene, stimulus: Two people sit., attributes: {words: 3}}\n"
    edit(
        "bank.yaml",
        "default_exam:",
        f"sets:\n{scene}  - {{id: unused, title: Nothing}}\ndefault_exam:",
    )
    edit(
        "items/listening.yaml",
        "    judged_difficulty: hard\n",
        "    judged_difficulty: hard\n    set: scene\n",
    )
    edit(
        "items/advocacy.yaml",
        "    judged_difficulty: medium\n",
        "    judged_difficulty: medium\n    set: scene\n",
    )
    shot = snapshot(small, calibration, now)
    assert dict(shot.pool.sets) == {"scene": ("INT-002", "ADV-001")}
    assert dict(shot.pool.set_attributes) == {"words": (3,)}
    assert shot.item_texts["ADV-001"]["stem"] == "Two people sit.\n\nWho speaks?"
    assert shot.item_texts["INT-001"]["stem"] == "What is silence for?"


def test_an_item_of_a_set_that_the_bank_does_not_list_is_refused(small, edit):
    edit(
        "items/listening.yaml",
        "    judged_difficulty: hard\n",
        "    judged_difficulty: hard\n    set: scene\n",
    )
    with pytest.raises(BankFileError) as caught:
        load_bank(small)
    assert "set must be one of bank.yaml's: none; got 'scene'" in str(caught.value)


def test_what_an_export_drops_of_sets_is_told_and_an_import_leaves_them_as_they_are(small, edit):
    edit("bank.yaml", "default_exam:", "sets:\n  - {id: scene, title: A scene}\ndefault_exam:")
    for file, level in (("listening", "hard"), ("advocacy", "medium")):
        edit(
            f"items/{file}.yaml",
            f"    judged_difficulty: {level}\n",
            f"    judged_difficulty: {level}\n    set: scene\n",
        )
    bank = load_bank(small)
    sets = {item.id: item.set for item in bank.items if item.set is not None}
    records = tuple(map(record_of, bank.items))
    contents = Contents(bank.name, "T", "en", records, sets=sets)
    for format_ in FORMATS.values():
        told = [str(remark) for remark in export(contents, format_).remarks if remark.field == "set"]
        assert told == [
            "item 'INT-002': set: no place for the text of set 'scene'",
            "item 'ADV-001': set: no place for the text of set 'scene'",
        ]
    written = FORMATS["json"].write(contents).data
    again = plan_import(bank, FORMATS["json"].read(written, "file"), Defaults(), replace=True)
    assert {step.action for step in again.steps} == {"unchanged"}
    other = written.replace(b"Who speaks?", b"Who is heard?")
    plan = plan_import(bank, FORMATS["json"].read(other, "file"), Defaults(), replace=True)
    assert [(step.item.id, step.item.set) for step in plan.steps if step.action == "replace"] == [
        ("ADV-001", "scene")
    ]
