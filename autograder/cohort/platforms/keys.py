"""Names of folders for a class: readable, ASCII, and different on every file system, whatever students are called. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_LONGEST = 80
_OF_NAME = 40
_OF_ID = 24
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
_ENDS = "._-"
_LATIN = re.compile(r"LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE) ([A-Z]{1,2})\b")
_SPELT = {"ß": "ss", "þ": "th", "ð": "d", "ı": "i"}
"""Letters whose names do not begin with a letter that stands for them."""
_DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
"""What Windows takes for a device, with any suffix."""
_NAMELESS = "student"


def entry_keys(people: Sequence[tuple[str, str]]) -> list[str]:
    """Return a key for each (name, id), in the same order.

    A key is the name in ASCII and the id, `"Jane_Doe-657737"`. Where there is no id and ASCII cannot hold the name as it is, a
    part of a digest of the name is added. So a key says by itself whose it is, and depends on others only where two would be
    the same on a file system that ignores case: these get a digest too.
    """
    wanted = [_key(name, id_) for name, id_ in people]
    shared = Counter(key.lower() for key in wanted)
    taken = {key for key, number in shared.items() if number == 1}
    return [
        _free(_with(key, _digest(person)), taken) if shared[key.lower()] > 1 else key
        for key, person in zip(wanted, people, strict=True)
    ]


def _key(name: str, id_: str) -> str:
    readable = _reduced(name, _OF_NAME) or _NAMELESS
    of_id = _reduced(id_, _OF_ID)
    if not of_id and readable != name:
        of_id = _digest((name, id_))
    return _DEVICE.sub(r"\1_", f"{readable}-{of_id}" if of_id else readable)


def _reduced(text: str, longest: int) -> str:
    """`text` in what a key may hold, a letter or a number at both ends; "" if nothing is left."""
    plain = "".join(map(_ascii, unicodedata.normalize("NFKD", text[:1000])))
    return _OTHER.sub("_", plain).strip(_ENDS)[:longest].rstrip(_ENDS)


def _ascii(char: str) -> str:
    """A character in ASCII: `ø` is `o`, `æ` is `ae`; an accent is nothing; what has no Latin letter in its name is a space."""
    if char.isascii():
        return char
    if unicodedata.combining(char):
        return ""
    found = _LATIN.match(unicodedata.name(char, ""))
    letters = _SPELT.get(char.lower()) or (found[1].lower() if found else " ")
    return letters.title() if char.isupper() else letters


def _digest(person: tuple[str, str]) -> str:
    return hashlib.sha256("\0".join(person).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _with(key: str, end: str) -> str:
    return f"{key[: _LONGEST - len(end) - 1].rstrip(_ENDS)}-{end}"


def _free(key: str, taken: set[str]) -> str:
    """`key`, or the first of `key-2`, `key-3`, ... that nobody has; it is taken then."""
    free, number = key, 2
    while free.lower() in taken:
        free, number = _with(key, str(number)), number + 1
    taken.add(free.lower())
    return free
