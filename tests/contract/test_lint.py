"""Every code of `bank check` has an example that triggers it, at each of its severities, and a near miss."""

import json
from datetime import UTC, datetime
from itertools import product
from types import SimpleNamespace

import pytest

from adaptest.bank.files import load_bank
from adaptest.bank.lint.codes import CODES
from adaptest.bank.provisional import write_judged_run
from adaptest.bank.releases import publish
from adaptest.numerics.random import Stream, permutation
from adaptest.programme.bank_check import check_bank
from adaptest.workspace import open_workspace

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LETTERS = "ABCD"
SYLLABLES = ("bal", "cor", "dim", "fen", "gar", "hol", "jun", "kel", "lom", "mir", "nat", "pol", "rus", "tav")
VOCABULARY = [f"{one}{other}" for one, other in product(SYLLABLES, SYLLABLES)]
HEADER = {
    "format": "adaptest-bank/1",
    "id": "small",
    "title": "A small bank",
    "language": "en",
    "licence": "MIT",
    "disclaimer": "Not an official bank.",
    "default_exam": "practice",
    "authors": "the authors of the tests",
    "domains": [{"code": "INT", "title": "Interpersonal"}, {"code": "ADV", "title": "Advocacy"}],
    "competencies": [
        {"id": "listening", "title": "Listening", "domain": "INT", "secondary_domains": ["ADV"]}
    ],
    "concepts": [{"id": "silence", "title": "Silence: leaving room", "kind": "relationship"}],
    "unconfirmed_facts": {"H0038": "a claim code that nobody has confirmed"},
}
ITEM = {
    "id": "X-1",
    "competency": "listening",
    "domain": "INT",
    "level": "application",
    "stem": "A young father looks away while he speaks about his sister. Which reply fits?",
    "options": {
        "A": "Ask him where she lives now",
        "B": "Wait, and let him find words",
        "C": "Name two groups for brothers",
        "D": "Change the subject to sports",
    },
    "key": "B",
    "rationale": {
        "A": "A fact is no help before the feeling has been heard.",
        "B": "Room to think is what a person who looks away needs.",
        "C": "A referral this early sounds as if the talk were over.",
        "D": "Relief for the listener is not relief for him at all.",
    },
    "concepts": ["silence"],
    "reference": "lesson listening",
    "status": "operational",
    "judged_difficulty": "medium",
}
EXAM = {
    "format": "adaptest-exam/1",
    "title": "An exam",
    "stakes": "practice",
    "length": {"minimum": 2, "maximum": 2},
    "feedback": {"explanation": "after_each"},
}


def synthetic(n, start=0):
    """Items of nonsense words: nothing in them says anything about anything."""
    for k in range(start, start + n):
        order = permutation(7, Stream.SELECTION, k, len(VOCABULARY))
        said = [VOCABULARY[row] for row in order]
        options = {
            letter: " ".join(said[4 * row : 4 * row + 4]).capitalize() for row, letter in enumerate(LETTERS)
        }
        yield {
            **ITEM,
            "id": f"S-{k}",
            "stem": f"Where {' '.join(said[16:26])}?",
            "options": options,
            "key": LETTERS[k % 4],
            "rationale": {
                letter: f"{' '.join(said[30 + row : 38 + row])}." for row, letter in enumerate(LETTERS)
            },
        }


@pytest.fixture
def workspace(tmp_path):
    """A workspace of one bank that a function may change before, or after, its parameters are published."""
    (tmp_path / "adaptest.toml").write_text('format = "adaptest-workspace/1"\n', encoding="utf-8")
    folder = tmp_path / "itembank" / "small"
    for kind in ("items", "lessons", "exams"):
        (folder / kind).mkdir(parents=True)

    def write(spec):
        (folder / "bank.yaml").write_text(json.dumps(spec.header), encoding="utf-8")
        items = {"format": "adaptest-items/1", "competency": "listening", "items": spec.items}
        (folder / "items" / "listening.yaml").write_text(json.dumps(items, indent=1), encoding="utf-8")
        (folder / "lessons" / "listening.md").write_text(spec.lesson, encoding="utf-8")
        for name, exam in spec.exams.items():
            text = json.dumps({**EXAM, "id": name, **exam})
            (folder / "exams" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def report(before, after=None):
        spec = SimpleNamespace(
            header=json.loads(json.dumps(HEADER)),
            items=[json.loads(json.dumps(ITEM)), *synthetic(11)],
            exams={"practice": {}},
            lesson="# Listening\n\nSilence is room.\n",
            more=[],
        )
        spec.item = spec.items[0]
        before(spec)
        spec.items += spec.more
        if after is not None:  # only then are parameters published
            write(spec)
            run = tmp_path / "calibration" / "small" / "judged"
            bank = load_bank(folder)
            facts = {"judged_by": "a test", "version": "0", "by": "a test", "at": NOW}
            write_judged_run(bank, run, "judged-1", **facts)
            common = {"scale_id": "judged-1", "provisional": True, "by": "a test", "why": "a test"}
            publish(run.parent, run.name, effective=NOW, at=NOW, **common)
            spec.more.clear()
            after(spec)
            spec.items += spec.more
        write(spec)
        return check_bank(open_workspace(tmp_path), "small", NOW)

    return report


def nothing(_):
    pass


def item(**changes):
    def change(spec):
        for key, value in changes.items():
            spec.item[key] = {**spec.item.get(key, {}), **value} if isinstance(value, dict) else value

    return change


def header(**changes):
    return lambda spec: spec.header.update(changes)


def exams(**given):
    return lambda spec: spec.exams.update(given)


def many(*changes, n=112):
    """A bank large enough for shares to say something, each synthetic item changed."""

    def change(spec):
        spec.items[:] = [spec.item, *synthetic(n)]
        for one in spec.items[1:]:
            for each in changes:
                each(one)

    return change


def all_items(*changes):
    def change(spec):
        for one in spec.items[1:]:
            for each in changes:
                each(one)

    return change


def key_said(text):
    return lambda one: one["options"].update(
        {one["key"]: f"{text} {one['options'][one['key']]}"[:31].strip()}
    )


def distractors_said(text, every=1):
    def change(one):
        if int(one["id"][2:]) % every:
            return
        for letter in LETTERS:
            if letter != one["key"]:
                one["options"][letter] = f"{text} {one['options'][letter]}"

    return change


def key_letter(letter):
    def change(one):
        options, key = one["options"], one["key"]
        options[letter], options[key] = options[key], options[letter]
        one["key"] = letter

    return change


def key_longer(one):
    one["options"][one["key"]] += " dim fen"


def key_as_stem(one):
    one["options"][one["key"]] = " ".join(one["stem"].split()[1:5]).capitalize()


def again(**changes):
    """A second item, made from the first."""
    return lambda spec: spec.more.append({**json.loads(json.dumps(spec.item)), "id": "X-2", **changes})


def both(*changes):
    def change(spec):
        for one in changes:
            one(spec)

    return change


def swapped(name, age, place):
    return f"{name}, {age}, comes to a {place} angry that nobody called back about a wheelchair. What now?"


HE = [f"He walks to the river and thinks about number {k} on his list. Why?" for k in range(8)]
MIXED = [s.replace("He", "She").replace("his", "her") if k % 2 else s for k, s in enumerate(HE)]
DIGITS = dict(zip(LETTERS, ("2 weeks", "4 weeks", "6 weeks", "8 weeks"), strict=True))
OTHERS = dict(zip(LETTERS, ("One more day", "A short walk", "Time to think", "Some tea now"), strict=True))
HARD = "Considering interdisciplinary collaboration, characterize institutional accountability mechanisms "
ANIMALS = ("cats", "dogs", "cows", "ants")
CERTIFICATION = {"stakes": "certification", "feedback": {"explanation": "none"}}
DECIDED = {"at": "2026-11-22", "by": "a test", "why": "only a comma changed"}


def stems(texts):
    def change(spec):
        for one, text in zip(spec.items[1:], texts, strict=False):
            one["stem"] = text

    return change


def decided(was_of, decision="minor_edit"):
    """Change the item after publication, and decide about it."""

    def change(spec):
        old = fingerprint(spec.item)
        spec.item["stem"] = spec.item["stem"].replace("young", "younger")
        new = fingerprint(spec.item)
        was = {"old": old, "other": "0" * 64}[was_of]
        spec.item["content_decisions"] = [{"was": was[:12], "now": new, "decision": decision, **DECIDED}]

    return change


def fingerprint(one):
    from adaptest.bank.schema import Item

    return Item.model_validate_json(json.dumps(one)).fingerprint


def halves(spec):
    for k, one in enumerate(spec.items):
        one["domain"] = ("INT", "ADV")[k % 2]


def interpersonal(low, high):
    return {"domain": {"INT": {"minimum_percent": low, "maximum_percent": high}}}


# code, severity, what triggers it, what is near and does not; a pair is (before publication, after it)
EXAMPLES = [
    ("BK01", "error", item(enemies=["X-9"]), nothing),
    (
        "IW01",
        "error",
        item(options={"D": "All of the above"}),
        item(options={"D": "Ask all of the brothers"}),
    ),
    ("IW01", "error", item(options={"D": "Both A and C"}), item(options={"D": "Call A and C Services"})),
    (
        "IW01",
        "warning",
        item(options={"D": "None of these options"}),
        item(options={"D": "Say that none came"}),
    ),
    (
        "IW02",
        "error",
        item(stem="A father looks away. Which reply is not helpful?"),
        item(stem="A father looks away. Which reply helps a man who does not speak?"),
    ),
    (
        "IW02",
        "warning",
        item(stem="A father looks away. Which reply is NOT helpful?"),
        item(stem='A father says, "I will not go." Which reply is helpful?'),
    ),
    (
        "IW03",
        "error",
        item(stem="Which of these is NOT listening?", options={"A": "Do not say where she lives"}),
        item(stem="Which of these is NOT listening?"),
    ),
    (
        "IW04",
        "warning",
        item(options={"D": "Always talk about sports"}),
        item(options={"D": "Always talk about sports", "B": "Always let him find words"}),
    ),
    ("IW04", "error", many(distractors_said("always", 3)), many(distractors_said("always", 38))),
    (
        "IW05",
        "warning",
        item(options={"D": "Often change the subject"}),
        item(options={"D": "Come back in May for sports"}),
    ),
    (
        "IW06",
        "warning",
        item(options={"B": "Wait, and let him find words of his own"}),
        item(options={"B": "Wait, and let him find his words"}),
    ),
    ("IW06", "error", many(key_longer), many()),
    ("IW07", "warning", item(options={"D": "Leave now"}), item(options={"D": "Talk about sports"})),
    (
        "IW08",
        "warning",
        item(options={"B": "Wait, and say nothing of sisters"}),
        item(options={"B": "Wait, and say nothing of sisters", "A": "Ask where the sister lives now"}),
    ),
    (
        "IW09",
        "info",
        item(
            options={
                "A": "Wait and nod",
                "B": "Wait, nod, smile, breathe",
                "C": "Smile first",
                "D": "Breathe in now",
            }
        ),
        item(options={"A": "Wait and nod", "B": "Wait, nod", "C": "Wait to nod", "D": "Nod, wait now"}),
    ),
    (
        "IW10",
        "warning",
        item(stem="What the father needs from the peer specialist first is an"),
        item(stem="What the father needs from the peer specialist first is"),
    ),
    (
        "IW10",
        "warning",
        item(options={"B": "Waiting, so that he finds words"}),
        item(options={"B": "Waiting, so that he finds words", "A": "Asking him where she lives"}),
    ),
    (
        "IW11",
        "error",
        item(options={"D": "Ask him, where she lives now."}),
        item(options={"D": "Ask why she left him then"}),
    ),
    (
        "IW11",
        "warning",
        item(options={"D": "Ask him where she lived now"}),
        item(options={"D": "Ask why she left him then"}),
    ),
    (
        "IW12",
        "error",
        item(options={**DIGITS, "B": "2 to 4 weeks"}),
        item(options={**DIGITS, "B": "3 to 5 weeks"}),
    ),
    ("IW13", "warning", item(options={**DIGITS, "B": "12 weeks"}), item(options=DIGITS)),
    ("IW14", "error", item(key="E"), nothing),
    (
        "IW14",
        "warning",
        item(
            options={"E": "Tell him to look up again"}, rationale={"E": "It shames him before it helps him."}
        ),
        nothing,
    ),
    (
        "IW15",
        "warning",
        item(options={"D": "The same as the first option"}),
        item(options={"D": "The first step of sports"}),
    ),
    ("IW15", "warning", many(key_letter("A"), n=40), many(n=40)),
    ("IW16", "warning", item(stem="Silence is"), item(stem="What is silence?")),
    (
        "IW16",
        "warning",
        item(stem="A listener should ___ before he speaks again."),
        item(stem="Before he speaks again, a good listener should ___."),
    ),
    (
        "IW17",
        "warning",
        item(
            options={
                letter: f"Ask him first about {text}" for letter, text in zip(LETTERS, ANIMALS, strict=True)
            }
        ),
        item(
            options={
                letter: f"Ask him about {text} now" for letter, text in zip(LETTERS, ANIMALS, strict=True)
            }
            | {"D": "Ask her about ants now"}
        ),
    ),
    (
        "IW18",
        "warning",
        item(stem=HARD * 5 + "?"),
        item(stem="He sits down. He looks at the floor. She waits. " * 4 + "What does the peer say?"),
    ),
    (
        "IW19",
        "error",
        again(),
        again(stem="Which of these is a reason to be quiet?", options=OTHERS, key="C"),
    ),
    (
        "IW19",
        "info",
        again(options=OTHERS),
        both(again(options=OTHERS, enemies=["X-1"]), item(enemies=["X-2"])),
    ),
    (
        "IW20",
        "info",
        both(
            item(options={"B": "Wait quietly beside the window"}),
            again(stem="Two women wait quietly beside the window. What is near?", options=DIGITS),
        ),
        both(
            item(options={"B": "Wait quietly beside the window", "A": "Wait quietly beside the window now"}),
            again(stem="Two women wait quietly beside the window. What is near?", options=DIGITS),
        ),
    ),
    ("IW21", "error", item(concepts=[]), nothing),
    ("IW21", "warning", item(concepts=[], status="review"), item(status="review")),
    ("IW21", "info", item(rationale={"A": "It is wrong."}, status="draft"), item(status="draft")),
    (
        "IW22",
        "warning",
        item(stem="An addict comes in late to the group. What helps?"),
        item(stem="A man with an addiction comes in late. What helps?"),
    ),
    (
        "IW23",
        "info",
        item(stem="A father looks away. Which reply is best?"),
        item(stem="A father looks away. Which reply is BEST?"),
    ),
    (
        "IW23",
        "info",
        item(stem="Beware, a father looks away! Which reply fits?"),
        item(stem='A father says, "Go away!" Which reply fits?'),
    ),
    ("IW24", "info", stems(HE), stems(MIXED)),
    (
        "IW25",
        "error",
        item(options={"D": "<script>alert(1)</script>"}),
        item(options={"D": "Say that <b>he</b> may rest"}),
    ),
    (
        "IW25",
        "error",
        item(stem="What does the red box show?"),
        item(stem="What does the box of red wool show?"),
    ),
    ("GU01", "error", many(key_said("dim fen")), many()),
    ("GU01", "warning", many(key_said("dim fen"), n=40), many(n=40)),
    ("GU02", "error", many(key_as_stem), many()),
    ("GU02", "warning", all_items(key_as_stem), nothing),
    (
        "GU03",
        "warning",
        both(
            item(stem=swapped("Rosa", 34, "shelter")),
            again(stem=swapped("Malik", 61, "clinic"), options=DIGITS),
        ),
        both(
            item(stem=swapped("Rosa", 34, "shelter")),
            again(stem="Malik, 61, plans a birthday for the twins next door. What now?", options=DIGITS),
        ),
    ),
    (
        "GU03",
        "error",
        both(many(), stems([swapped("Rosa", 34, "shelter"), swapped("Malik", 61, "clinic")])),
        many(),
    ),
    (
        "CO01",
        "error",
        item(options={"B": "Wait, and bill it as H0038"}),
        item(options={"A": "Wait, and bill it as H0038"}),
    ),
    ("CO02", "warning", lambda spec: setattr(spec, "lesson", "# Listening\n\nRoom.\n"), nothing),
    (
        "CO03",
        "warning",
        lambda spec: [one.update(concepts=["silence"] if one is spec.item else []) for one in spec.items],
        nothing,
    ),
    (
        "CF01",
        "error",
        (nothing, item(stem="A young father nods while he speaks. Which reply fits?")),
        (nothing, decided("old")),
    ),
    ("CF01", "error", (nothing, decided("other")), (nothing, decided("old", "new_item"))),
    (
        "CF02",
        "warning",
        (nothing, again(stem="Why is a quiet room of use?", options=DIGITS)),
        (nothing, nothing),
    ),
    (
        "CF03",
        "warning",
        (
            item(content_decisions=[{"was": "0" * 12, "now": "1" * 12, "decision": "minor_edit", **DECIDED}]),
            nothing,
        ),
        (nothing, decided("old")),
    ),
    (
        "EX01",
        "error",
        (exams(practice={"length": {"minimum": 2, "maximum": 40}}), nothing),
        (nothing, nothing),
    ),
    (
        "EX02",
        "warning",
        (
            both(
                halves,
                exams(practice={"length": {"minimum": 2, "maximum": 4}, "blueprint": interpersonal(50, 50)}),
            ),
            nothing,
        ),
        (
            both(
                halves,
                exams(practice={"length": {"minimum": 2, "maximum": 4}, "blueprint": interpersonal(30, 70)}),
            ),
            nothing,
        ),
    ),
    (
        "EX03",
        "error",
        (exams(final=CERTIFICATION), nothing),
        (exams(final={**CERTIFICATION, "demo": True}), nothing),
    ),
    (
        "EX03",
        "error",
        (exams(final=CERTIFICATION), nothing),
        (exams(practice={"feedback": {"explanation": "none"}}, final=CERTIFICATION), nothing),
    ),
    (
        "EX04",
        "error",
        (exams(final=CERTIFICATION), nothing),
        (exams(final={**CERTIFICATION, "demo": True}), nothing),
    ),
    (
        "EX05",
        "warning",
        (exams(practice={"length": {"minimum": 2, "maximum": 5}}), nothing),
        (exams(practice={"length": {"minimum": 2, "maximum": 3}}), nothing),
    ),
    (
        "WV01",
        "warning",
        item(waivers={"IW05": "the word is used on purpose"}),
        item(options={"D": "Often change the subject"}, waivers={"IW05": "the word is used on purpose"}),
    ),
]


def report_of(workspace, example):
    return workspace(*example) if isinstance(example, tuple) else workspace(example)


def codes(report):
    return {(one.code, one.severity) for one in report.findings if not one.waived}


@pytest.mark.parametrize(
    ("code", "severity", "bad", "_"), EXAMPLES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_an_example_triggers_its_rule(workspace, code, severity, bad, _):
    report = report_of(workspace, bad)
    assert (code, severity) in codes(report), sorted(codes(report))
    for one in report.findings:
        assert one.severity in CODES[one.code].severities, one
        assert one.path, one
        assert not one.sentence.endswith("."), one


@pytest.mark.parametrize(
    ("code", "severity", "_", "good"), EXAMPLES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_a_near_miss_does_not(workspace, code, severity, _, good):
    report = report_of(workspace, good)
    assert (code, severity) not in codes(report), [str(one) for one in report.findings if one.code == code]


def test_every_code_has_an_example_at_each_of_its_severities():
    table = {(code, severity) for code, rule in CODES.items() for severity in rule.severities}
    assert {(code, severity) for code, severity, *_ in EXAMPLES} == table


def test_every_code_says_rule_remedy_and_reason():
    assert set(CODES) >= {f"IW{k:02d}" for k in range(1, 26)}
    for code, rule in CODES.items():
        assert rule.rule[0].islower(), code
        assert rule.rule[-1] not in ".;", code
        assert rule.remedy[-1] not in ".;", code
        assert len(rule.why) > 30, code


def test_a_clean_bank_is_clean(workspace):
    report = workspace(nothing, nothing)
    assert {one for one in codes(report) if one[1] == "error"} == set()
    assert [str(one) for one in report.findings if one.item == "X-1"] == []
