"""Plain text to HTML and back: what strangers send is cleaned (nh3) and then read as text.

A bank's text is plain. A character that HTML would read otherwise is escaped on the way out; on the way in
markup is never kept: breaks and blocks become line breaks, everything else is named and dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

import nh3

from adaptest.errors import BankFileError

VERBATIM = "adaptest-verbatim"  # marks text of ours whose spaces count
LONGEST = 1_000_000  # characters of one text
BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "pre", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6"})
KEPT = BLOCKS | {"br", "span"}
DROPPED_WHOLE = frozenset(
    {"script", "style", "iframe", "object", "template", "noscript", "textarea", "title"}
)
TAG = re.compile(r"<([A-Za-z][A-Za-z0-9:_-]{0,40})")
SPACES = re.compile(r"[ \t\n\r\f]+")
UNEVEN = re.compile(r"[ ]{2}|[\t\r\f\v]|^[ ]|[ ]$|\n[ ]|[ ]\n|^\n|\n$")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text, and the names of the markup that was in it and is not kept."""

    text: str
    dropped: tuple[str, ...]


def to_html(text: str) -> str:
    r"""Return plain text as HTML that reads as the same text.

    >>> to_html("a < b\nand more")
    'a &lt; b<br>and more'
    """
    body = escape(text, quote=False).replace("\r", "&#13;").replace("\n", "<br>")
    return f'<span class="{VERBATIM}">{body}</span>' if UNEVEN.search(text) else body


def from_html(html: str, where: str = "text", *, breaks: bool = False) -> Plain:
    r"""Return what HTML says as plain text.

    Parameters
    ----------
    breaks : whether a line break of the source is one (Moodle's own format), or a space as in HTML

    Raises
    ------
    BankFileError, where the text is too long.

    >>> from_html("<p>One <b>bold</b> word</p><script>alert(1)</script><p>Two</p>")
    Plain(text='One bold word\nTwo', dropped=('b', 'script'))
    """
    if len(html) > LONGEST:
        raise BankFileError(f"{where}: a text must have at most {LONGEST} characters; got {len(html)}")
    if breaks:
        html = html.replace("\r\n", "\n").replace("\n", "<br>")
    if "<" not in html and "&" not in html:
        return Plain(SPACES.sub(" ", html).strip(" "), ())
    names = {name.lower() for name in TAG.findall(html)}
    if html.startswith("\ufeff"):
        html = "&#xFEFF;" + html[1:]  # a cleaner takes the first one for a byte-order mark
    clean = nh3.clean(
        html,
        tags=set(KEPT),
        clean_content_tags=set(DROPPED_WHOLE),
        attributes={},
        allowed_classes={"span": {VERBATIM}},
        link_rel=None,
    )
    reader = _Text()
    reader.feed(clean)
    reader.close()
    return Plain(reader.text(), tuple(sorted(names - KEPT)))


class _Text(HTMLParser):
    """Collects the text of cleaned HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.verbatim = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag in BLOCKS:
            self._block()
        elif ("class", VERBATIM) in attrs:
            self.verbatim = True

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._block()
        elif tag == "span":
            self.verbatim = False

    def handle_data(self, data: str) -> None:
        if self.verbatim:
            self.parts.append("\0" + data + "\0")  # kept as it is: see text()
            return
        self.parts.append(SPACES.sub(" ", data))

    def _block(self) -> None:
        self.parts.append("\v")

    def text(self) -> str:
        """Return the text: blocks on lines of their own, spaces as HTML shows them."""
        pieces = re.split("(\0[^\0]*\0)", "".join(self.parts))
        shown = []
        for piece in pieces:
            if piece.startswith("\0"):
                shown.append(piece[1:-1])
                continue
            line = re.sub(" *\v[ \v]*", "\v", re.sub(" +", " ", piece))
            line = re.sub(" *\n *", "\n", line)
            shown.append(line)
        whole = "".join(shown)
        if "\0" not in "".join(self.parts):
            whole = whole.strip(" \v")
        return whole.strip("\v").replace("\v", "\n")
