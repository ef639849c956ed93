"""A bank is read whole, or every broken rule is told with file, line, item, rule, value and remedy."""

import shutil

import pytest

from adaptest.bank.files import bank_named, load_bank, read_bank
from adaptest.errors import BankFileError


def sentence(folder):
    with pytest.raises(BankFileError) as caught:
        load_bank(folder)
    return str(caught.value)


def problems(folder):
    return [str(problem) for problem in read_bank(folder)[1]]


def test_a_bank_is_read_in_the_order_of_its_competencies(small):
    bank = load_bank(small)
    assert [item.id for item in bank.items] == ["INT-001", "INT-002", "ADV-001", "ADV-002"]
    assert bank.name == "small"
    assert bank.lesson("listening").title == "Listening"
    assert list(bank.lessons) == ["listening", "advocacy"]
    assert bank.exam("practice").path == "small/exams/practice.yaml"
    assert bank.domains == {"INT": "Interpersonal Skills", "ADV": "Advocacy"}
    assert bank.item("INT-002").stem == "Somebody is quiet. What now?"
    assert dict(bank.item("INT-001").options) == {"A": "Filling time", "B": "No hurry: room to think"}


def test_an_item_is_frozen_deeply(small):
    item = load_bank(small).item("INT-001")
    with pytest.raises(TypeError):
        item.options["A"] = "changed"
    with pytest.raises(ValueError, match="frozen"):
        item.key = "A"


def test_the_fingerprint_is_of_what_a_candidate_answers(small, edit):
    before = load_bank(small).item("INT-001").fingerprint
    edit("items/listening.yaml", "Thinking needs room.", "Room is needed.")
    assert load_bank(small).item("INT-001").fingerprint == before
    edit("items/listening.yaml", "Filling time", "Killing time")
    assert load_bank(small).item("INT-001").fingerprint != before


def test_the_fingerprint_of_a_bank_does_not_depend_on_order(small, edit):
    before = load_bank(small).fingerprint
    edit("bank.yaml", "  - {id: listening, title: Listening, domain: INT}\n", "")
    edit("bank.yaml", "concepts:", "  - {id: listening, title: Listening, domain: INT}\nconcepts:")
    assert load_bank(small).fingerprint == before
    edit("items/listening.yaml", "What is silence for?", "What is silence good for?")
    assert load_bank(small).fingerprint != before


LISTENING, ADVOCACY = "items/listening.yaml", "items/advocacy.yaml"


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (LISTENING, "key: B", "key: E", ":12: item 'INT-001': key must be one of A, B; got 'E'"),
        (
            LISTENING,
            "A: Filling time",
            "A: No",
            (
                ":10: item 'INT-001': options.A must be text; got No without quotes, which YAML programs read"
                " differently; put it in quotes"
            ),
        ),
        (
            LISTENING,
            "A: Filling time",
            "A: 12",
            ":10: item 'INT-001': options.A must be text; got 12; put it in quotes",
        ),
        (LISTENING, "A: Filling time", "A: ''", ":10: item 'INT-001': options.A must not be empty"),
        (LISTENING, "A: Filling time", "A:", ":10: item 'INT-001': options.A must be text; got nothing"),
        (
            LISTENING,
            "      A: Filling",
            "      a: Filling",
            ":10: item 'INT-001': options.a must be a letter A to J; got 'a'",
        ),
        (
            LISTENING,
            "      A: Filling",
            "      C: Filling",
            (
                ":9: item 'INT-001': options must be lettered A, B, C and so on, in order; got C, B"
                " (and 2 more problems)"
            ),
        ),
        (
            LISTENING,
            "A: Filling time",
            'A: "No hurry: room to think"',
            ":11: item 'INT-001': options must differ; B repeats A",
        ),
        (
            LISTENING,
            "level: recall",
            "level: easy",
            ":7: item 'INT-001': level must be one of recall, application, judgement; got 'easy'",
        ),
        (
            LISTENING,
            "status: operational",
            "status: active",
            (
                ":18: item 'INT-001': status must be one of draft, review, pretest, operational, retired;"
                " got 'active'"
            ),
        ),
        (
            LISTENING,
            "tags: [adult]",
            "tag: [adult]",
            (
                ":20: item 'INT-001': 'tag' is not a known key; use id, competency, domain, level, stem,"
                " options, key, rationale, concepts, reference, status, enemies, set, tags,"
                " judged_difficulty, history, content_decisions, waivers"
            ),
        ),
        (LISTENING, "tags: [adult]", "tags: adult", ":20: item 'INT-001': tags must be a list; got 'adult'"),
        (
            LISTENING,
            "tags: [adult]",
            "tags: [adult, adult]",
            ":20: item 'INT-001': tags must be listed once; got 'adult' again",
        ),
        (LISTENING, "    level: recall\n", "", ":4: item 'INT-001': level is missing"),
        (LISTENING, "  - id: INT-001\n", "  -\n", ":5: item 'number 1': id is missing"),
        (
            LISTENING,
            "id: INT-001",
            "id: INT 001",
            ":4: item 'INT 001': id must be one word of letters, digits, '-', '_' and '.'; got 'INT 001'",
        ),
        (
            LISTENING,
            "      A: It is not filled.\n",
            "",
            (
                ":13: item 'INT-001': rationale must be given for every option; got none for A;"
                " write why, or set status: draft"
            ),
        ),
        (
            LISTENING,
            "      A: It is not filled.\n",
            "      A: It is not filled.\n      C: None.\n",
            ":15: item 'INT-001': rationale C has no option C",
        ),
        (
            LISTENING,
            "    reference: lesson listening\n",
            "",
            ":4: item 'INT-001': reference is missing; write reference: lesson listening",
        ),
        (
            LISTENING,
            "reference: lesson listening",
            "reference: lesson hearing",
            ":17: item 'INT-001': reference must be a lesson of this bank; got 'lesson hearing'",
        ),
        (
            LISTENING,
            "[silence]",
            "[silence, noise]",
            ":16: item 'INT-001': concept must be one that bank.yaml lists; got 'noise'",
        ),
        (
            LISTENING,
            "enemies: [INT-002]",
            "enemies: [INT-002, INT-009]",
            ":19: item 'INT-001': enemy must be an item of this bank; got 'INT-009'",
        ),
        (
            LISTENING,
            "enemies: [INT-002]",
            "enemies: [INT-002, ADV-001]",
            (
                ":19: item 'INT-001': enemy 'ADV-001' must name 'INT-001' as its enemy too; add it in"
                " small/items/advocacy.yaml:4"
            ),
        ),
        (
            LISTENING,
            "enemies: [INT-002]",
            "enemies: [INT-002, INT-001]",
            ":19: item 'INT-001': enemy must be another item; got the item itself",
        ),
        (
            LISTENING,
            "    domain: INT\n    level: recall",
            "    domain: XYZ\n    level: recall",
            ":6: item 'INT-001': domain must be one of ADV, INT; got 'XYZ'",
        ),
        (
            LISTENING,
            "    domain: INT\n    level: recall",
            "    domain: ADV\n    level: recall",
            ":6: item 'INT-001': domain must be that of 'listening', INT; got 'ADV'",
        ),
        (
            LISTENING,
            "    competency: listening\n    domain: INT\n    level: recall",
            "    competency: advocacy\n    domain: INT\n    level: recall",
            ":5: item 'INT-001': competency must be its file's 'listening'; got 'advocacy'",
        ),
        (
            LISTENING,
            "format: adaptest-items/1",
            "format: adaptest-items/2",
            ":1: format must be adaptest-items/1; got 'adaptest-items/2'; use a newer adaptest",
        ),
        (
            LISTENING,
            "format: adaptest-items/1",
            "format: adaptest-bank/1",
            ":1: format must be adaptest-items/1; got 'adaptest-bank/1'",
        ),
        (
            LISTENING,
            "competency: listening\nitems:",
            "items:",
            ":1: competency is missing",
        ),
        (
            LISTENING,
            "    key: B",
            "    key: B\n    key: A",
            ":13: key 'key' must be given once; got it a second time",
        ),
        (LISTENING, "    key: B", "\tkey: B", ":12: must be indented with spaces; got a tab"),
        (
            ADVOCACY,
            "id: ADV-001",
            "id: ADV-002",
            ":15: item 'ADV-002': id must be unique; it is also in small/items/advocacy.yaml:4",
        ),
        ("bank.yaml", "id: small", "id: large", ":2: id must be the folder's name 'small'; got 'large'"),
        (
            "bank.yaml",
            "default_exam: practice",
            "default_exam: mock",
            ":7: default_exam must be a file of exams/, practice; got 'mock'",
        ),
        (
            "bank.yaml",
            "title: Advocacy, domain: ADV",
            "title: Advocacy, domain: ADX",
            ":13: competency 'advocacy': domain must be one of ADV, INT; got 'ADX'",
        ),
        (
            "bank.yaml",
            "{id: silence, title: Silence}",
            "{id: silence, title: Silence}\n  - {id: silence, title: Silence}",
            ":16: concepts must be listed once; got 'silence' again",
        ),
        ("bank.yaml", "domains:", "domains: []\ndomain:", ":8: domains must have at least 1 entries; got 0"),
        (
            "lessons/advocacy.md",
            "# Advocacy",
            "Advocacy",
            ":1: must begin with a title: # Title; got 'Advocacy'",
        ),
    ],
)
def test_a_broken_rule_is_one_sentence(small, edit, name, old, new, said):
    edit(name, old, new)
    first = problems(small)[0]
    more = len(problems(small)) - 1
    assert first == f"small/{name}{said.split(' (and ')[0]}"
    assert sentence(small) == first + (f" (and {more} more problem{'s' if more > 1 else ''})" if more else "")


def test_what_comes_after_the_first_is_counted(small, edit):
    edit(LISTENING, "key: B", "key: E")
    edit(LISTENING, "key: A", "key: F")
    assert sentence(small) == (
        "small/items/listening.yaml:12: item 'INT-001': key must be one of A, B; got 'E' (and 1 more problem)"
    )


def test_a_broken_file_does_not_hide_another(small, edit):
    edit(LISTENING, "key: B", "kez: B")
    edit(ADVOCACY, "items:", "items")
    assert [said.split(": ")[0] for said in problems(small)] == [
        "small/items/advocacy.yaml:4",
        "small/items/listening.yaml:4",
        "small/items/listening.yaml:12",
    ]


def test_an_item_in_two_files_is_told_where(small, edit):
    edit(ADVOCACY, "id: ADV-001", "id: INT-001")
    assert "small/items/listening.yaml:4: item 'INT-001': id must be unique; it is also in" in sentence(small)


def test_an_item_file_is_named_for_its_competency(small):
    (small / LISTENING).rename(small / "items/hearing.yaml")
    assert sentence(small) == (
        "small/items/hearing.yaml:2: competency must be the file's name 'hearing'; got 'listening'"
    )


def test_a_lesson_is_named_for_a_competency(small):
    (small / "lessons/hearing.md").write_text("# Hearing\n")
    assert sentence(small) == (
        "small/lessons/hearing.md: must be named for a competency that bank.yaml lists"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("items/more.yml", "must be a .yaml file; move it out of items/ or rename it"),
        ("lessons/advocacy.txt", "must be a .md file; move it out of lessons/ or rename it"),
    ],
)
def test_a_file_that_would_be_passed_over_is_told(small, name, said):
    (small / name).write_text("")
    assert sentence(small) == f"small/{name}: {said}"


def test_hidden_files_are_not_the_banks(small):
    (small / "items/.listening.yaml.swp").write_bytes(b"\xff")
    assert len(load_bank(small).items) == 4


@pytest.mark.parametrize("name", ["items/listening.yaml", "lessons/advocacy.md", "bank.yaml"])
def test_bytes_that_are_not_utf8_are_told_with_their_line(small, name):
    path = small / name
    path.write_bytes(path.read_bytes() + b"\n# caf\xe9\n")
    line = path.read_bytes().count(b"\n")
    assert sentence(small).startswith(
        f"small/{name}:{line}: must be UTF-8 text; got byte 0xe9; save it as UTF-8"
    )


def test_a_byte_order_mark_does_no_harm(small):
    path = small / "items/listening.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(load_bank(small).items) == 4


def test_an_empty_file_is_told(small):
    (small / LISTENING).write_text("")
    assert sentence(small) == (
        "small/items/listening.yaml:1: must begin with format: adaptest-items/1; got nothing"
    )


def test_a_bank_without_items_is_told(small):
    shutil.rmtree(small / "items")
    assert sentence(small) == "small/items: must hold at least one item; got none"


def test_a_folder_without_a_bank_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert sentence("empty") == "empty: must be a bank folder; it has no bank.yaml"
    assert sentence("absent") == "absent: must be a bank folder; it has no bank.yaml"


def test_what_a_bank_does_not_have_is_told(small):
    bank = load_bank(small)
    for ask, said in [
        (
            lambda: bank.item("X"),
            (
                "bank 'small': item 'X' must be one of its 4 items;"
                " adaptest bank show small --format csv lists them"
            ),
        ),
        (lambda: bank.exam("x"), "bank 'small': exam 'x' must be one of practice"),
        (lambda: bank.lesson("x"), "bank 'small': lesson 'x' must be one of listening, advocacy"),
        (lambda: bank_named(small.parent, "x"), "bank 'x': must be one of small, in ."),
        (lambda: bank_named(small.parent, "../small"), "bank '../small': must be one of small, in ."),
    ]:
        with pytest.raises(BankFileError) as caught:
            ask()
        assert str(caught.value) == said
    assert bank_named(small.parent, "small").fingerprint == bank.fingerprint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format: adaptest-exam/1\nid: mock\n", ":2: id must be the file's name 'practice'; got 'mock'"),
        ("format: adaptest-exam/1\n", ":1: id must be the file's name 'practice'; got nothing"),
        ("a:\n\tb: 1\n", ":2: must be indented with spaces; got a tab"),
        ("a: " + "[" * 100_000, ":1: must nest at most 24 levels deep"),
        ("id: practice\nid: practice\n", ":2: key 'id' must be given once; got it a second time"),
    ],
)
def test_a_broken_exam_file_is_told_when_the_exam_is_asked_for(small, text, said):
    (small / "exams/practice.yaml").write_text(text, encoding="utf-8")
    bank = load_bank(small)  # another exam can still run
    with pytest.raises(BankFileError) as caught:
        bank.exam("practice")
    assert str(caught.value) == f"small/exams/practice.yaml{said}"
