"""An item as people write it in a bank's YAML file: folded stems and rationales, quoted options."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping

from adaptest.bank.schema import Item

WIDTH = 100
WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
TRAPS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
FOLDS = re.compile(r"[!-~\u00a1-\u1fff\u2010-\u2027](?:[ ]?[!-~\u00a1-\u1fff\u2010-\u2027])*")
UNPRINTABLE = re.compile(
    "[^\u0020-\u007e\u00a0-\u2027\u202f-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def item_yaml(item: Item, indent: str) -> str:
    """Return an item's lines in a bank file, the first with its dash; every text reads back as it is.

    Parameters
    ----------
    indent : the spaces before the dash
    """
    lines = [f"- id: {_word(item.id)}"]
    lines += (f"  {name}: {_word(getattr(item, name))}" for name in ("competency", "domain", "level"))
    lines += _text("  stem", item.stem, indent)
    lines.append("  options:")
    lines += (f"    {letter}: {_quoted(text)}" for letter, text in item.options.items())
    lines.append(f"  key: {_word(item.key)}")
    if item.rationale:
        lines.append("  rationale:")
        for letter, text in item.rationale.items():
            lines += _text(f"    {letter}", text, indent)
    lines.append(f"  concepts: [{', '.join(map(_word, item.concepts))}]")
    if item.reference is not None:
        shown = item.reference if _plain(item.reference) else _quoted(item.reference)
        lines.append(f"  reference: {shown}")
    lines.append(f"  status: {item.status}")
    lines += (f"  {name}: [{', '.join(map(_word, getattr(item, name)))}]" for name in ("enemies", "tags"))
    if item.set is not None:
        lines.append(f"  set: {_word(item.set)}")
    if item.judged_difficulty is not None:
        lines.append(f"  judged_difficulty: {item.judged_difficulty}")
    for name in ("history", "content_decisions"):
        if entries := getattr(item, name):
            lines.append(f"  {name}:")
            lines += (f"    - {_mapping(entry.model_dump())}" for entry in entries)
    if item.waivers:
        lines.append(f"  waivers: {_mapping(item.waivers)}")
    return "".join(f"{indent}{line}\n" for line in lines)


def _mapping(values: Mapping[str, str]) -> str:
    """Return a mapping of words to texts on one line."""
    return "{" + ", ".join(f"{key}: {_quoted(value)}" for key, value in values.items()) + "}"


def _plain(text: str) -> bool:
    return re.fullmatch(r"lesson [a-z][a-z-]*", text) is not None


def _word(name: str) -> str:
    """Return a name without quotes where every YAML program reads it as text, else with them."""
    return name if WORD.fullmatch(name) and name.lower() not in TRAPS else f'"{name}"'


def _text(key: str, text: str, indent: str) -> list[str]:
    """Return a text as a folded block where folding gives it back, else in quotes on one line."""
    if not FOLDS.fullmatch(text):
        return [f"{key}: {_quoted(text)}"]
    deeper = " " * (len(key) - len(key.lstrip()) + 2)
    width = max(40, WIDTH - len(indent) - len(deeper))
    wrapped = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [f"{key}: >-", *(f"{deeper}{line}" for line in wrapped)]


def _quoted(text: str) -> str:
    """Return a text in double quotes; what YAML cannot print is escaped."""
    return UNPRINTABLE.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 (four digits reach so far)
