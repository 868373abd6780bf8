"""YAML as plain text with line numbers: maps, lists and scalars as they were written, nothing else.

For files that anyone may have written. Only the parser of ruamel.yaml is used, event by event: no value is ever converted, no
tag is obeyed, and anchors, aliases, tags and deep nesting are refused before anything is built from them. So `0,618` stays
`0,618`, `yes` stays `yes`, and no file is larger in memory than it is on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

_WORDS = {
    "mapping values are not allowed here": "there is a second colon in this line; put the text in quotes",
    "found unexpected end of stream": "a quote is opened here and never closed",
    r"found character '\t' that cannot start any token": "there is a tab in this line; indent with spaces",
    "could not find expected ':'": "a colon is missing here, or the indentation is wrong",
}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class PlainYamlError(ValueError):
    """Text that is no YAML, or more than plain YAML. The message is one for its author.

    Attributes:
        line: Where, counted from 1; None if no line is to blame.
    """

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(f"line {line}: {message}" if line is not None else message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Scalar:
    """One value as it was written, without quotes; `plain` says that there were none."""

    text: str
    line: int
    plain: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing is said: `null`, `~` or no text at all."""
        return not self.text.strip() or (self.plain and self.text in _NULLS)


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True)
class Table:
    """A map: keys in order, also those that stand twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int

    def twice(self) -> tuple[Scalar, ...]:
        """The keys that stood before in the same map."""
        seen: set[str] = set()
        return tuple(key for key, _ in self.entries if key.text in seen or seen.add(key.text))  # type: ignore[func-returns-value]


Node = Scalar | Items | Table


def parse_plain(text: str, *, deepest: int = 6, longest: int = 1_000_000) -> Node | None:
    """The one document in `text`; None if there is none.

    Args:
        text: At most `longest` characters.
        deepest: How many maps and lists may stand in each other.
        longest: Characters.

    Raises:
        PlainYamlError: It is no YAML, it is too large or too deep, or it uses anchors, aliases, tags or several documents.
    """
    if len(text) > longest:
        raise PlainYamlError(None, f"it has {len(text):,} characters; the limit is {longest:,}")
    # a bare CR, NEL or a Unicode line separator would count as a line for YAML and for no editor
    events = _events(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", " ").replace("\u2028", " "))
    documents = 0
    found: Node | None = None
    for event in events:
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise PlainYamlError(_line(event), "a second document starts here (`---`); write one only")
        elif isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent | AliasEvent):
            found = _node(event, events, deepest)
    return found


def _events(text: str) -> Iterator[Any]:
    """The parser's events. Its complaints become ours."""
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, StreamEndEvent):
                return
            yield event
    except MarkedYAMLError as error:
        # of a quoted text that never ends, the start is of more use than the end of the file
        start = error.context_mark if "quoted scalar" in str(error.context) else None
        mark = start or error.problem_mark or error.context_mark
        words = " ".join(str(error.problem or error.context or "it cannot be read").split())
        words = f"{words}; put it in quotes" if words.endswith("token") and words not in _WORDS else words
        raise PlainYamlError(mark.line + 1 if mark else None, _WORDS.get(words, words)) from None
    except (YAMLError, ValueError, IndexError, RecursionError) as error:
        raise PlainYamlError(*_unreadable(text, error)) from None


def _unreadable(text: str, error: Exception) -> tuple[int | None, str]:
    """Line and words for a character that YAML does not allow, or for another fault of the text as a whole."""
    position = getattr(error, "position", None)
    if isinstance(position, int) and 0 <= position < len(text):
        return text.count("\n", 0, position) + 1, f"the character U+{ord(text[position]):04X} is not allowed"
    return None, "it cannot be read as YAML"


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _node(event: Any, events: Iterator[Any], depth: int) -> Node:
    _require_plain(event)
    if isinstance(event, ScalarEvent):
        written = str(event.value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return Scalar(written, _line(event), event.style in (None, ""))
    if depth <= 0:
        raise PlainYamlError(_line(event), "maps and lists are nested too deeply here")
    if isinstance(event, SequenceStartEvent):
        return Items(tuple(_items(events, depth - 1)), _line(event))
    return Table(tuple(_entries(events, depth - 1)), _line(event))


def _require_plain(event: Any) -> None:
    if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
        raise PlainYamlError(
            _line(event), "`&name` and `*name` (anchors and aliases) are not used here; put it in quotes"
        )
    if getattr(event, "tag", None) is not None:
        raise PlainYamlError(_line(event), "`!name` (a tag) is not used here; put it in quotes")


def _items(events: Iterator[Any], depth: int) -> Iterator[Node]:
    for event in events:
        if isinstance(event, SequenceEndEvent):
            return
        yield _node(event, events, depth)


def _entries(events: Iterator[Any], depth: int) -> Iterator[tuple[Scalar, Node]]:
    for event in events:
        if isinstance(event, MappingEndEvent):
            return
        key = _node(event, events, depth)
        if not isinstance(key, Scalar):
            raise PlainYamlError(key.line, "the name before a colon is a word, not a list or a map")
        yield key, _node(next(events), events, depth)
