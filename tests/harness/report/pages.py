"""A strict reading of a page with the standard library: its elements, attributes, references, ids and nesting."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = frozenset({"meta", "img"})

_HTML = {
    "html": "lang", "head": "", "meta": "http-equiv content charset name", "title": "", "style": "", "body": "class",
    "header": "class", "main": "", "footer": "", "section": "class id aria-labelledby aria-label", "div": "class",
    "article": "class id", "h1": "", "h2": "id", "h3": "id", "h4": "", "p": "class", "span": "class aria-hidden",
    "sup": "", "sub": "", "em": "",
    "bdi": "", "b": "", "strong": "", "a": "href", "code": "class", "pre": "class role tabindex aria-label", "blockquote": "",
    "ul": "class", "li": "id", "dl": "class", "dt": "", "dd": "", "details": "class open", "summary": "",
    "table": "class role", "caption": "", "thead": "role", "tbody": "role", "tr": "role class",
    "th": "role scope class colspan", "td": "role class", "figure": "", "figcaption": "", "img": "class src alt",
}  # fmt: skip
_PAINT = (
    "class id d x y width height transform clip-path fill fill-opacity stroke stroke-width stroke-dasharray "
    "stroke-dashoffset stroke-linecap stroke-linejoin stroke-opacity opacity font-size font-weight text-anchor"
)
_SVG = dict.fromkeys(("g", "defs", "path", "text", "tspan", "clippath", "rect"), _PAINT)
_SVG |= {"use": f"{_PAINT} href", "svg": "class role aria-label viewbox preserveaspectratio"}

ALLOWED = frozenset(
    (tag, name) for tag, names in (_HTML | _SVG).items() for name in (*names.split(), "")
)  # fmt: skip
"""Every (element, attribute) that a page may have; the empty attribute stands for the element itself."""


INSIDE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+=*")
"""A picture that is part of the page."""


class Structure(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: set[tuple[str, str]] = set()
        self.references: list[str] = []
        self.ids: list[str] = []
        self.misnested: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []

    @classmethod
    def of(cls, html: str) -> Structure:
        """Parse `html` to its end."""
        structure = cls()
        structure.feed(html)
        structure.close()
        structure.misnested += structure._open
        return structure

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element and its attributes."""
        self.seen |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        references = [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]
        self.references += [reference for reference in references if not INSIDE.fullmatch(reference)]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG that is closed at once."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Note an end that does not belong to the innermost element."""
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.misnested.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text.append(data)
