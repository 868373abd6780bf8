"""Strings and numbers as a person reads them."""

from __future__ import annotations

import pytest

from autograder.report import figures, text, view

VISIBLE = {
    "plain text stays": ("σ² = ½, naïve café\n\tx", "σ² = ½, naïve café\n\tx"),
    "colours": ("\x1b[31mred", "⟨ESC⟩[31mred"),
    "nul and delete": ("\x00\x7f", "⟨NUL⟩⟨DEL⟩"),
    "carriage returns": ("a\r\nb\rc", "a\nb⟨CR⟩c"),
    "override": ("\u202eabc", "⟨U+202E⟩abc"),
    "isolates": ("\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"),
    "zero width": ("a\u200bb", "a⟨U+200B⟩b"),
    "joiners stay": ("می\u200cخواهم", "می\u200cخواهم"),
    "lone surrogate": ("\ud800", "⟨U+D800⟩"),
    "piled marks": ("e" + "\u0301" * 9, "e" + "\u0301" * 3),
}


@pytest.mark.parametrize(("given", "expected"), VISIBLE.values(), ids=VISIBLE)
def test_invisible_characters_become_visible(given: str, expected: str) -> None:
    """A reader sees what is there, and ordinary text in any language is left alone."""
    assert expected == text.visible(given)


def test_cut_says_how_much_is_missing() -> None:
    """A text that fits is not touched."""
    assert text.cut("abc", 3) == "abc"
    assert text.cut("abc" + "d" * 1997, 3) == "abc… (1,997 more characters)"


def test_cut_lines_limits_their_number_and_removes_common_indent() -> None:
    """A long traceback keeps its beginning."""
    assert text.cut_lines(["a", "  b", "c"], limit=2) == "a\n  b\n… (1 more lines)"
    assert text.cut_lines(["  File", "    x"]) == "File\n  x"


NUMBERS = {
    "loss": (0.0812, "0.08120"),
    "nats": (-93.7234, "−93.72"),
    "thousands": (1234.4, "1234"),
    "large": (123456.7, "123,457"),
    "whole": (60000, "60,000"),
    "tiny": (1.234e-7, "1.234e-07"),
    "nan": (float("nan"), "not a number"),
    "infinite": (float("-inf"), "−∞"),
}


@pytest.mark.parametrize(("given", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_have_four_significant_digits(given: float, expected: str) -> None:
    """Whole numbers are given in full."""
    assert expected == text.number(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(0.9812, "98.12 %"), (1.0, "100.00 %"), (0.96996, "96.99 %"), (float("nan"), "not a number")],
)
def test_an_accuracy_is_a_percentage_and_never_rounded_up(given: float, expected: str) -> None:
    """0.96996 must not look as if it had reached 97 %."""
    assert expected == text.percent(given)


def test_a_long_signature_has_one_argument_per_line() -> None:
    """Commas inside brackets do not split an argument."""
    given = 'kl(mean: Float[Tensor, "B M"], log_var: tuple[int, ...] = (1, 2)) -> Float[Tensor, "B"]'
    expected = 'kl(\n    mean: Float[Tensor, "B M"],\n    log_var: tuple[int, ...] = (1, 2),\n) -> Float[Tensor, "B"]'

    assert expected == text.signature(given, width=40)
    assert given == text.signature(given, width=400)
    assert text.signature("broken(((((", width=3) == "broken((((("


def test_backticks_mark_code() -> None:
    """A lone backtick stays a backtick."""
    assert text.prose("see `elbo` and `") == [("", "see "), ("code", "elbo"), ("", " and `")]


def test_formulas_are_set() -> None:
    """Exponents, indices and stressed words are set; products, code and lone marks stay as they are."""
    assert text.prose("σ = e^{½ log_var}, z_{0}: the *variance*.") == [
        ("", "σ = e"), ("sup", "½ log_var"), ("", ", z"), ("sub", "0"), ("", ": the "), ("em", "variance"), ("", "."),
    ]  # fmt: skip
    for plain in ("2 * x * y", "a*b*c", "x ** 2 ** 3", "*args, **kwargs", "f(*", "^{", "a_{}"):
        assert text.prose(plain) == [("", plain)], plain
    assert text.prose("`x^{2} * y`") == [("code", "x^{2} * y")]


def test_nested_values_become_rows() -> None:
    """Paths are joined, lists of plain values stay together, and huge tables end."""
    content = {"seed": 7, "versions": {"torch": "2.6", "extra": {"cuda": None}}, "on": ["a", True]}

    assert view.tables(content) == (
        ("general", (("seed", "7"), ("on", "a, yes"))),
        ("versions", (("torch", "2.6"), ("extra › cuda", "none"))),
    )
    assert view.tables({"x": {str(i): i for i in range(1000)}})[0][1][-1] == ("…", "600 more rows")


def test_the_caption_of_a_confusion_matrix_names_the_most_frequent_confusions() -> None:
    """The picture's message is also there in words."""
    assert "1 read as 0 (7)" in figures.confusion_caption(((5, 2), (7, 9)))
    assert "Rows are true letters, columns predicted ones. None was confused" in figures.confusion_caption(
        ((5, 0), (0, 9)), "letters"
    )


def test_losses_must_stay_under_their_threshold_and_accuracies_above() -> None:
    """The direction of a threshold follows from the name of the figure."""
    from factories import training

    record = training()[1].model_copy(
        update={
            "metrics": {"test_loss": 0.2, "accuracy": 0.5},
            "thresholds": {"test_loss": 0.3, "accuracy": 0.9, "elbo": 1},
        }
    )
    shown = {metric.name: (metric.threshold, metric.reached) for metric in view.metrics(record)}

    assert shown["test loss"] == ("at most 0.3000", True)
    assert shown["accuracy"] == ("at least 90.00 %", False)
    assert shown["ELBO"] == ("at least 1.000", False)


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("kl(mean=tensor([[0.5, -1e-3]], dtype=float64), n=3)", "mean (1, 2)"),
        ("f(x=tensor([[[1], [2]], [[3], [4]]]), s=tensor(2.5), n=array([]))", "x (2, 2, 1), s (), n (0,)"),
        ("f(x=tensor of shape (4000, 3), float64, first entries [1, 2])", "x (4000, 3)"),
        ("f(x=tensor([[1, 2], [3", ""),
        ("f(x=tensor([[1, 2], [3]]))", ""),
        ("f(n=3)", ""),
        ("", ""),
    ],
)
def test_shapes_are_read_off_a_call(called: str, shown: str) -> None:
    """Of tensors that are written out and of large ones; nothing is said where a list is cut."""
    assert text.shapes(called) == shown
