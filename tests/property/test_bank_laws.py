"""A bank's files are read the same however they are written, and no damage gets past unnoticed."""

import json
import re
import string
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adaptest.bank.files import load_bank
from adaptest.bank.releases import publish, read_releases, read_run
from adaptest.bank.yamltext import Ambiguous, YamlError, parse, resolve
from adaptest.errors import BankFileError

NOW = datetime(2026, 11, 22, tzinfo=UTC)

# YAML 1.2's core schema, https://yaml.org/spec/1.2.2/#1032-tag-resolution
CORE = re.compile(
    r"null|Null|NULL|~|true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)
NUMBERLIKE = st.text("0123456789.+-eE_xobB:", min_size=1, max_size=7)
WORDS = st.sampled_from(
    ["yes", "No", "ON", "off", "True", "false", "Null", "~", "=", "<<", ".inf", "-.INF", ".nan"]
)


def by_pyyaml(word):
    """What YAML 1.1 makes of an unquoted word."""
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, word, (True, False))
    return loader.construct_object(yaml.ScalarNode(tag, word))


@settings(max_examples=500)
@given(st.one_of(NUMBERLIKE, WORDS))
def test_an_unquoted_word_means_the_same_to_every_program_or_is_ambiguous(word):
    ours = resolve(word)
    if isinstance(ours, Ambiguous):
        return
    if isinstance(ours, str):
        assert CORE.fullmatch(word) is None
        assert isinstance(by_pyyaml(word), str)
    else:
        assert by_pyyaml(word) == ours
        assert CORE.fullmatch(word)


PLAIN = st.recursive(
    st.one_of(
        st.text(
            string.printable.replace("\x0b", "").replace("\x0c", "").replace("\r", "") + "éß漢😀", max_size=12
        ).filter(lambda text: not text.isdecimal()),  # 08 is written plain, and is text to some programs only
        st.integers(-(10**9), 10**9),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text("abcXYZ-é", min_size=2, max_size=4), inner, max_size=3),
    ),
    max_leaves=8,
)


def frozen(value):
    if isinstance(value, list):
        return tuple(map(frozen, value))
    return {key: frozen(part) for key, part in value.items()} if isinstance(value, dict) else value


@given(PLAIN, st.booleans(), st.integers(20, 100))
def test_what_a_yaml_program_writes_is_read_as_it_was(value, flow, width):
    text = yaml.safe_dump(value, default_flow_style=flow, width=width, allow_unicode=True, sort_keys=False)
    assert parse(text) == frozen(value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_line(text):
    said = None
    try:
        parse(text)
    except YamlError as error:
        said = error
    if said is not None:
        assert 1 <= said.line <= len(text) + 1
        assert str(said)


@given(st.text(alphabet=string.ascii_letters + " ?é", min_size=30, max_size=80), st.integers(20, 90))
def test_a_fingerprint_does_not_depend_on_how_a_file_is_wrapped(stem, width):
    from adaptest.bank.schema import Item

    stem = " ".join(stem.split())
    assume(stem)
    fields = {
        "id": "X",
        "competency": "c",
        "domain": "d",
        "level": "recall",
        "stem": stem,
        "options": {"A": "yes it is", "B": "No"},
        "key": "A",
        "status": "draft",
    }
    shuffled = dict(reversed(fields.items()))
    made = [
        Item.model_validate(parse(yaml.safe_dump(body, width=w, sort_keys=False, allow_unicode=True)))
        for body, w in ((fields, width), (shuffled, 1000))
    ]
    assert made[0].fingerprint == made[1].fingerprint


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A bank of one item."""
    folder = tmp_path_factory.mktemp("banks") / "b"
    for name, text in {
        "bank.yaml": "format: adaptest-bank/1\nid: b\ntitle: B\nlanguage: en\nlicence: MIT\ndisclaimer: no\n"
        "default_exam: e\ndomains: [{code: D, title: D}]\ncompetencies: [{id: c, title: C, domain: D}]\n",
        "items/c.yaml": "format: adaptest-items/1\ncompetency: c\nitems:\n  - id: X-1\n    competency: c\n"
        "    domain: D\n    level: recall\n    stem: >-\n      What is\n      it?\n"
        "    options: {A: One, B: Two}\n"
        '    key: "A"\n    rationale:\n      A: Right.\n      B: Wrong.\n    reference: lesson c\n'
        "    status: operational\n    enemies: []\n",
        "lessons/c.md": "# C\n",
        "exams/e.yaml": "format: adaptest-exam/1\nid: e\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(folder, data):
    name = data.draw(st.sampled_from(["bank.yaml", "items/c.yaml", "lessons/c.md"]))
    path = folder / name
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 5))
    instead = data.draw(
        st.one_of(st.binary(max_size=4), st.sampled_from([b"\t", b"\n", b": ", b"- ", b"[", b"'"]))
    )
    path.write_bytes(whole[:start] + instead + whole[start + length :])
    bank, said = None, ""
    try:
        bank = load_bank(folder)
    except BankFileError as error:
        said = str(error)
    finally:
        path.write_bytes(whole)
    if bank is None:
        assert said.startswith(str(folder.as_posix()))
        assert "\n" not in said
    else:
        assert bank.items[0].key in bank.items[0].options


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_change_of_a_release_goes_unnoticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("calibration")
    (folder / "r").mkdir()
    (folder / "r" / "parameters.csv").write_text("x")
    (folder / "r" / "run.json").write_text("{}")
    for why in ("one", "two"):
        publish(folder, "r", scale_id="s", provisional=False, effective=NOW, at=NOW, by="us", why=why)
    path = folder / "releases.json"
    body = json.loads(path.read_text(encoding="utf-8"))
    row = data.draw(st.integers(0, 1))
    key = data.draw(st.sampled_from(sorted(body["releases"][row])))
    was = body["releases"][row][key]
    body["releases"][row][key] = data.draw(
        st.one_of(
            st.none(), st.booleans(), st.integers(0, 3), st.text("0123456789abcdef", max_size=64), st.just({})
        )
    )
    assume(body["releases"][row][key] != was or type(body["releases"][row][key]) is not type(was))
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(BankFileError):
        read_releases(folder)


def test_a_published_run_is_read_again(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "parameters.csv").write_text("x")
    (tmp_path / "r" / "run.json").write_text('{"item_fingerprints": {}}')
    publish(tmp_path, "r", scale_id="s", provisional=False, effective=NOW, at=NOW, by="us", why="one")
    (release,) = read_releases(tmp_path)
    assert read_run(tmp_path, release).item_fingerprints == {}
