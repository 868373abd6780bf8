"""The kinds of short answers: how each reads what a student wrote, and when that is right.

A value is text as it was written, or several texts where a list was. Reading is forgiving about form (`0,618`, `1/2`, `50 %`,
`3x2`, `(3, 2)`, `Yes`) and exact about value: numbers are fractions, never floats. Lengths are capped before anything is computed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Protocol

Written = str | tuple[str, ...]
"""What a student wrote: a text, or a list of texts."""

LONGEST = 1_000
"""Characters of one answer."""
_MOST_ITEMS = 32
_LONGEST_NUMBER = 80
_DECIMAL = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_NUMBER = re.compile(rf"({_DECIMAL})(?:/({_DECIMAL}))?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+")
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00d7": "x", "\u00b5": "\u03bc"})
_AROUND = " \t\n.,;:!?\"'`"


class Misread(ValueError):
    """What was written is no answer of this kind. The message is the end of a sentence: what is expected."""


class AnswerKind(Protocol):
    """One kind of answer, with what is right."""

    name: ClassVar[str]

    def expects(self) -> str:
        """Say what is expected, without saying what is right: `"a number in m/s"`."""
        ...

    def is_right(self, written: Written) -> bool:
        """Whether `written` is right.

        Raises:
            Misread: It is no answer of this kind.
        """
        ...


def shorten(text: str) -> str:
    """`text` on one line and in one form of its letters, without space around it."""
    return " ".join(unicodedata.normalize("NFKC", text[:LONGEST]).split())


def _folded(text: str) -> str:
    return shorten(text).casefold()


def _one_text(written: Written, expected: str) -> str:
    if not isinstance(written, str):
        raise Misread(f"{expected} is expected, not a list")
    return written


def exact(text: str) -> Fraction:
    """The number that `text` writes: a decimal or a fraction of two.

    Raises:
        ValueError: It is none, it is too long, or it divides by zero.
    """
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    if found is None:
        raise ValueError("it is not a number")
    over = Fraction(found[2]) if found[2] else Fraction(1)
    if over == 0:
        raise ValueError("it divides by zero")
    return Fraction(found[1]) / over


@dataclass(frozen=True)
class Number:
    """A number.

    Attributes:
        answer: What is right.
        tolerance: How far off an answer may be, inclusive: absolute.
        unit: What may stand behind the number; `""` for none.
    """

    name: ClassVar[str] = "number"
    answer: Fraction
    tolerance: Fraction
    unit: str = ""

    def expects(self) -> str:
        """See `AnswerKind`."""
        return f"a number in {self.unit}" if self.unit else "a number"

    def is_right(self, written: Written) -> bool:
        """See `AnswerKind`. `1,234` may be either of what it means: it is right if one of them is."""
        return any(abs(value - self.answer) <= self.tolerance for value in self.read(written))

    def read(self, written: Written) -> tuple[Fraction, ...]:
        """What the text may mean: one number, or two where a comma may be of both kinds.

        Raises:
            Misread: It is no number, or has another unit.
        """
        # not `shorten`: that would make 102 of 10²
        text = _one_text(written, self.expects())[:LONGEST].translate(_SIGNS).strip().lstrip("~\u2248= ")
        unit = self.unit.translate(_SIGNS)
        scale = Fraction(1)
        if unit and text.endswith(unit):
            text = text.removesuffix(unit)
        elif text.endswith("%"):
            text, scale = text.removesuffix("%"), Fraction(1, 100)
        text = re.sub(r"\s*/\s*", "/", text.strip())
        texts = [text.replace(",", ".")] if text.count(",") <= 1 or "/" in text else []
        texts += [text.replace(",", "")] if _GROUPED.fullmatch(text) else []
        try:
            values = tuple(scale * exact(variant) for variant in texts)
        except ValueError:
            values = ()
        if not values:
            raise Misread(f"{self.expects()} is expected, such as 0.25, 1/4 or 2.5e-1")
        return values


@dataclass(frozen=True)
class Choice:
    """One of several words; `answer` is one of `choices`."""

    name: ClassVar[str] = "choice"
    answer: str
    choices: tuple[str, ...]

    def expects(self) -> str:
        """See `AnswerKind`."""
        return "one of: " + ", ".join(self.choices)

    def is_right(self, written: Written) -> bool:
        """See `AnswerKind`."""
        text = _folded(_one_text(written, "one word"))
        if text not in {_folded(choice) for choice in self.choices}:
            raise Misread(f"{self.expects()} is expected")
        return text == _folded(self.answer)


@dataclass(frozen=True)
class Whole:
    """A list of whole numbers, such as a shape."""

    name: ClassVar[str] = "list"
    answer: tuple[int, ...]

    def expects(self) -> str:
        """See `AnswerKind`."""
        return "a list of whole numbers"

    def is_right(self, written: Written) -> bool:
        """See `AnswerKind`. `[3, 2]`, `(3, 2)`, `3x2` and `3 2` are the same; a single number is a list of one."""
        return self._read(written) == self.answer

    def _read(self, written: Written) -> tuple[int, ...]:
        parts = list(written) if not isinstance(written, str) else self._parts(written)
        texts = [part.translate(_SIGNS).strip() for part in parts[: _MOST_ITEMS + 1]]
        if len(texts) > _MOST_ITEMS or not all(_WHOLE.fullmatch(text) for text in texts):
            raise Misread(f"{self.expects()} is expected, such as [4, 7]")
        return tuple(int(text) for text in texts)

    def _parts(self, text: str) -> list[str]:
        bare = text[:LONGEST].translate(_SIGNS).strip()
        bare = re.sub(r"^(?:torch\.Size|tuple|list)", "", bare).replace("(", " ").replace(")", " ")
        bare = bare.replace("[", " ").replace("]", " ").strip().rstrip(",")
        return re.split(r"\s*[,;xX*]\s*|\s+", bare) if bare.strip() else []


@dataclass(frozen=True)
class Truth:
    """Whether something is true."""

    name: ClassVar[str] = "truth"
    answer: bool

    def expects(self) -> str:
        """See `AnswerKind`."""
        return "true or false"

    def is_right(self, written: Written) -> bool:
        """See `AnswerKind`. `yes` and `no` mean the same, in any case."""
        text = _folded(_one_text(written, self.expects())).strip(_AROUND)
        if text not in _TRUTHS:
            raise Misread(f"{self.expects()} is expected")
        return _TRUTHS[text] is self.answer


@dataclass(frozen=True)
class Words:
    """A word or a few; each of `answers` is right. Case, space and punctuation around it are ignored."""

    name: ClassVar[str] = "text"
    answers: tuple[str, ...]

    def expects(self) -> str:
        """See `AnswerKind`."""
        return "a word or a few"

    def is_right(self, written: Written) -> bool:
        """See `AnswerKind`."""
        text = self._bare(_one_text(written, self.expects()))
        return text in {self._bare(answer) for answer in self.answers}

    def _bare(self, text: str) -> str:
        return re.sub(r"\s+", "", _folded(text).strip(_AROUND))


@dataclass(frozen=True)
class Numbers:
    """Numbers that a student found, of any value: others are compared with them."""

    name: ClassVar[str] = "numbers"
    count: int = 1
    unit: str = ""

    def expects(self) -> str:
        """See `AnswerKind`."""
        unit = f" in {self.unit}" if self.unit else ""
        return f"a number{unit}" if self.count == 1 else f"a list of {self.count} numbers{unit}"

    def is_right(self, written: Written) -> bool:
        """See `AnswerKind`. Whatever can be read is right."""
        return bool(self.read(written))

    def read(self, written: Written) -> tuple[Fraction, ...]:
        """The numbers.

        Raises:
            Misread: They are no numbers, or not as many.
        """
        parts = [written] if self.count == 1 and isinstance(written, str) else self._parts(written)
        if len(parts) != self.count:
            raise Misread(f"{self.expects()} is expected, not {len(parts)}")
        one = Number(Fraction(0), Fraction(0), self.unit)
        return tuple(one.read(part)[0] for part in parts)

    def _parts(self, written: Written) -> list[str]:
        if not isinstance(written, str):
            return list(written[: _MOST_ITEMS + 1])
        bare = re.sub(r"^(?:torch\.tensor|tensor|array|tuple|list)", "", written[:LONGEST].strip())
        return [part for part in re.split(r"[;\s\[\]()]+|,(?=\s)|(?<=\d),(?=[+-])", bare) if part]


@dataclass(frozen=True)
class Largest:
    """Which of the student's own numbers is the largest: a word of `choices`, in the order of the numbers.

    Attributes:
        of: The questions that hold the numbers, all of the kind `Numbers`.
    """

    name: ClassVar[str] = "largest"
    of: tuple[str, ...]
    choices: tuple[str, ...]

    def expects(self) -> str:
        """See `AnswerKind`."""
        return "one of: " + ", ".join(self.choices)

    def is_right(self, written: Written) -> bool:
        """See `AnswerKind`. Without the numbers, nothing is."""
        self._chosen(written)
        return False

    def agrees(self, written: Written, numbers: tuple[Fraction, ...]) -> bool:
        """Whether what was written is the choice of the largest number, or of one of several that are equally large.

        Raises:
            Misread: It is none of the choices.
        """
        return numbers[self._chosen(written)] == max(numbers)

    def _chosen(self, written: Written) -> int:
        folded = [_folded(choice) for choice in self.choices]
        text = _folded(_one_text(written, "one of the choices")).strip(_AROUND)
        if text not in folded:
            raise Misread(f"{self.expects()} is expected")
        return folded.index(text)
