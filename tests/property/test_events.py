import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptest.engine.codec import from_json, to_json
from adaptest.engine.events import ENGINE_VERSION, EVENTS, NoteAdded, SittingStarted, stamped
from adaptest.errors import EventError

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
ANY_EVENT = st.one_of([st.from_type(event) for event in EVENTS.values()])
KNOWN = ", ".join(EVENTS)
NOTE = '"at":"","by":"x","engine_version":"1.0"'


@given(ANY_EVENT)
def test_an_event_reads_back_as_itself(event):
    text = to_json(event)
    back = from_json(text)
    assert back == event
    assert (back.at, back.engine_version) == (event.at, event.engine_version)
    assert to_json(back) == text


@given(ANY_EVENT)
def test_every_event_says_its_type_schema_engine_and_time_in_one_spelling(event):
    text = to_json(event)
    body = json.loads(text)
    assert (body["type"], body["schema"]) == (type(event).__name__, event.schema)
    assert {"at", "engine_version"} <= set(body)
    assert text == json.dumps(body, sort_keys=True, separators=(",", ":"))


def test_what_is_written_is_fixed():
    event = stamped(SittingStarted(7, "d", "p", ("i2",), (), ((3, "t1"),)), "2026-12-01T10:00:00Z")
    assert to_json(event) == (
        '{"accommodations":[],"at":"2026-12-01T10:00:00Z","design":"d","engine_version":"1.2",'
        '"excluded":["i2"],"ineligible":[],"pool":"p","pretest":[[3,"t1"]],"schema":1,"seed":7,'
        '"type":"SittingStarted"}'
    )


def test_time_and_engine_do_not_make_two_decisions_differ():
    assert stamped(NoteAdded("a", "x"), "2026-12-01T10:00:00Z") == NoteAdded("a", "x", engine_version="0.9")


def test_nan_is_never_written():
    with pytest.raises(ValueError, match="Out of range float values"):
        to_json(EVENTS["ResponseGiven"]("i1", "A", 1, float("nan")))


def test_an_old_schema_is_read_through_every_upcaster_in_turn():
    def named(body):
        return {**body, "by": "unknown"}

    def renamed(body):
        return {**{k: v for k, v in body.items() if k != "note"}, "text": body["note"]}

    upcasters = {("NoteAdded", -1): renamed, ("NoteAdded", 0): named}
    old = '{"type":"NoteAdded","schema":-1,"note":"late","at":"","engine_version":"0.1"}'
    event = from_json(old, upcasters)
    assert (event, event.engine_version) == (NoteAdded("late", "unknown"), "0.1")
    with pytest.raises(EventError) as caught:
        from_json(old, {("NoteAdded", -1): renamed})
    assert str(caught.value) == "NoteAdded: schema must be 1; got 0"
    assert ENGINE_VERSION == "1.2"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense", "an event must be JSON; Expecting value: line 1 column 1 (char 0)"),
        ("[]", f"an event must have a type among {KNOWN}; got []"),
        ('{"type":"Paused"}', f'an event must have a type among {KNOWN}; got {{"type":"Paused"}}'),
        ('{"type":["x"]}', f'an event must have a type among {KNOWN}; got {{"type":["x"]}}'),
        ('{"type":"NoteAdded","schema":9}', "NoteAdded: schema must be 1; got 9; use a newer adaptest"),
        ('{"type":"NoteAdded","schema":"1"}', "NoteAdded: schema must be int; got '1'"),
        ('{"type":"NoteAdded","schema":true}', "NoteAdded: schema must be int; got True"),
        ('{"type":"NoteAdded","schema":1}', "NoteAdded: must have at, by, engine_version, text; got nothing"),
        (f'{{"type":"NoteAdded","schema":1,{NOTE},"text":3}}', "NoteAdded: text must be str; got 3"),
        (
            f'{{"type":"NoteAdded","schema":1,{NOTE},"why":"x"}}',
            "NoteAdded: must have at, by, engine_version, text; got at, by, engine_version, why",
        ),
        (
            '{"type":"PoolChanged","schema":1,"at":"","engine_version":"1.0","reason":"r","withdrawn":"i1"}',
            "PoolChanged: withdrawn must be tuple[str, ...]; got 'i1'",
        ),
        (
            '{"type":"SittingEnded","schema":1,"at":"","engine_version":"1.0","reason":"r","estimate":{}}',
            "SittingEnded: estimate: must have method, outcome, sem, theta; got nothing",
        ),
    ],
)
def test_what_is_not_an_event_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(EventError) as caught:
        from_json(text)
    assert str(caught.value) == sentence


def test_a_field_that_came_later_is_written_only_where_it_says_something():
    old = SittingStarted(7)
    assert "spared" not in to_json(old)
    new = SittingStarted(7, barred_in_band=(("i1",), ()), spared=("i2",))
    assert '"barred_in_band":[["i1"],[]]' in to_json(new)
    assert from_json(to_json(old)) == old
    assert from_json(to_json(new)) == new
