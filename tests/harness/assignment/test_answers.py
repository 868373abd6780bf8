"""Short answers: sheets are refused with their line, students' files are read without trust, and judging reveals nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from autograder.assignment.answers import (
    AnswerQuestion,
    AnswerSheet,
    Given,
    HandedIn,
    answers_template,
    judge,
    judge_sheet,
    load_sheet,
    parse_handed_in,
    parse_sheet,
    read_handed_in,
    strays,
)
from autograder.errors import RubricError
from autograder.outcomes import FailureKind, Judged, Outcome
from autograder.records import DataFile

GOOD = """\
intro: One sentence that students read.
questions:
  gain: {prompt: "Steady-state gain for q = 1", answer: 0.618, tolerance: 0.005}
  mass: {prompt: "Mass", answer: 0.5, tolerance: "1 %", unit: kg, help: "Look at the scale."}
  steps: {prompt: "How many steps", answer: 1234}
  third: {prompt: "A third", answer: 1/3}
  share: {prompt: "Share", answer: 12.5, tolerance: 0.5, unit: "%"}
  order: {prompt: "Is it smaller", answer: smaller, choices: [smaller, equal, larger]}
  shape: {prompt: "Shape of the gain", answer: [3, 2]}
  scalar: {prompt: "Shape of the loss", answer: []}
  sure: {prompt: "Is it so", answer: true}
  word: {prompt: "What is it called", answer: [covariance, "the covariance"], kind: text}
"""
SHEET = parse_sheet(GOOD, Path("q4.yaml"))


def of(key: str, yaml: str) -> Judged:
    """What is said of `key` when `answers.yaml` says `yaml` for it."""
    handed_in = parse_handed_in(f"q4:\n  {key}: {yaml}\n".encode())
    return next(judged for judged in judge_sheet(SHEET, handed_in) if judged.name == key)


RIGHT = {
    "gain": ["0.618", "0,618", "0.613", ".62", "6.18e-1", "'0.618'", "61.8 %", "+0.618", "309/500", "0.618 ", "~0.618"],
    "mass": ["0.5", "0.5 kg", "0.5kg", "1/2", "1 / 2 kg", "0.505", '"0,495"', "50 %"],
    "steps": ["1234", "1,234", "1234.0", "1.234e3"],
    "third": ["1/3", "2/6", "'1/3'"],
    "share": ["12.5", "12.5 %", "12,5%", "13"],
    "order": ["smaller", "Smaller", '" SMALLER "'],
    "shape": ["[3, 2]", "(3, 2)", "3x2", "3 x 2", "3×2", "3, 2", "torch.Size([3, 2])", "['3', '2']", "\n    - 3\n    - 2", "3 2"],
    "scalar": ["[]", "()", "torch.Size([])"],
    "sure": ["true", "True", "yes", "YES", "'true'", "true."],
    "word": ["covariance", "The  Covariance", "'thecovariance.'", "COVARIANCE"],
}  # fmt: skip
WRONG = {
    "gain": ["0.612", "-0.618", "618", "0", "1e300", "0.618 %"],
    "mass": ["0.51", "500", "50 kg"],
    "steps": ["1235", "1.234"],
    "third": ["0.3333"],
    "share": ["0.125", "13.1"],
    "order": ["equal"],
    "shape": ["[2, 3]", "[3]", "3", "(3, 2, 1)", "[-3, 2]", "[]"],
    "scalar": ["1", "[1]"],
    "sure": ["false", "no"],
    "word": ["variance", "co-variance"],
}
MALFORMED = {
    "gain": (["about a half", "[0.6]", "0.618 m", "1/0", "1e9999", "1.2.3", "nan", ".inf", "1 234", "10²", "0x10", "9" * 90],
             "a number is expected"),
    "mass": (["0.5 g", "kg", "½ kg"], "a number in kg is expected, such as"),
    "order": (["less", "[smaller]"], "is expected"),
    "shape": (["three", "3.0x2", "[[3, 2]]", "[3, two]", "{a: 1}", "3x", "[" + "1, " * 40 + "1]"], "expected"),
    "sure": (["wahr", "1", "maybe", "[true]"], "true or false is expected"),
    "word": (["[covariance]", "{a: b}", "x" * 1001], ""),
}  # fmt: skip
MISSING = ["", "null", "~", "''", "' '", "# nothing"]


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Each question with each of its answers."""
    return [(key, yaml) for key, texts in table.items() for yaml in texts]


@pytest.mark.parametrize(("key", "yaml"), cases(RIGHT))
def test_right_answers_pass_in_many_forms(key: str, yaml: str) -> None:
    """What a person would accept is accepted."""
    judged = of(key, yaml)

    assert (judged.outcome, judged.kind, judged.message) == (Outcome.PASSED, None, ""), judged
    assert judged.evidence is not None


@pytest.mark.parametrize(("key", "yaml"), cases(WRONG))
def test_wrong_answers_fail_without_the_right_one(key: str, yaml: str) -> None:
    """The message quotes what was given, with its line, and nothing else."""
    judged = of(key, yaml)

    assert (judged.outcome, judged.kind) == (Outcome.FAILED, FailureKind.VALUE), judged
    assert judged.evidence is not None
    assert judged.message == f"line 2: the answer `{judged.evidence.got}` is not right"
    assert not judged.evidence.expected
    assert judged.help == ("Look at the scale." if key == "mass" else "")


@pytest.mark.parametrize(("key", "yaml", "words"), [(k, y, w) for k, (ys, w) in MALFORMED.items() for y in ys])
def test_malformed_answers_are_told_what_is_expected(key: str, yaml: str, words: str) -> None:
    """Text where a number is due is not wrong, but no answer; the line and the form that is due are said."""
    judged = of(key, yaml)

    assert (judged.outcome, judged.kind) == (Outcome.FAILED, FailureKind.CONTRACT), judged
    assert judged.message.startswith("line 2")
    assert words in judged.message


@pytest.mark.parametrize("yaml", MISSING)
def test_no_answer_is_not_a_fault_of_the_file(yaml: str) -> None:
    """`null`, nothing, and empty text are not answered yet."""
    for question in SHEET.questions:
        judged = of(question.key, yaml)
        assert (judged.outcome, judged.kind) == (Outcome.FAILED, FailureKind.MISSING)
        assert judged.message == "not answered yet"
    assert of("gain", "[]").kind is FailureKind.MISSING
    assert judge(SHEET.questions[0], None).message == "not answered yet"


def test_checks_are_named_by_key_and_titled_by_prompt() -> None:
    """Every question is one check, in the sheet's order, whatever was handed in."""
    for handed_in in (HandedIn(), parse_handed_in(b"q4: {gain: 0.618}"), parse_handed_in(b"%%%")):
        judged = judge_sheet(SHEET, handed_in)
        assert [one.name for one in judged] == [question.key for question in SHEET.questions]
        assert [one.title for one in judged] == [question.prompt for question in SHEET.questions]


def test_no_file_is_said() -> None:
    """Without `answers.yaml` every question is missing, and the message names the file."""
    judged = judge_sheet(SHEET, read_handed_in([DataFile(path="a.txt", data=b"")]))

    assert {(one.kind, one.message) for one in judged} == {(FailureKind.MISSING, "answers.yaml was not handed in")}


def test_the_file_nearest_to_the_top_counts() -> None:
    """A copy in a folder does not hide the answers; both endings and any case are found."""
    files = [
        DataFile(path="old/answers.yaml", data=b"q4: {gain: 1}"),
        DataFile(path="Answers.yml", data=b"q4: {gain: 0.618}"),
    ]

    assert read_handed_in(files).path == "Answers.yml"
    assert judge_sheet(SHEET, read_handed_in(files))[0].outcome is Outcome.PASSED
    assert read_handed_in([DataFile(path="answers.yaml", data=b""), *files]).path == "answers.yaml"


UNREADABLE = {
    "an anchor": ("q4: &a {gain: 1}", "line 1: `&name` and `*name` (anchors and aliases) are not used here; put it in quotes."),
    "an alias": ("q4: {gain: 1}\nq5: *a", "line 2: `&name` and `*name`"),
    "a bomb": ("a: &a [x, x]\nb: &b [*a, *a]\n", "line 1: `&name` and `*name`"),
    "a tag": ("q4: {gain: !!python/object:os.system 1}", "line 1: `!name` (a tag) is not used here"),
    "depth": ("q4: {gain: [[[[1]]]]}", "line 1: maps and lists are nested too deeply here."),
    "endless depth": ("[" * 60_000, "line 1: maps and lists are nested too deeply here."),
    "two documents": ("q4: {gain: 1}\n---\nq4: {gain: 2}", "line 2: a second document starts here (`---`); write one only."),
    "a second colon": ("q4:\n  word: a: b", "line 2: there is a second colon in this line; put the text in quotes."),
    "an open quote": ("q4:\n  word: 'x\n  gain: 1", "line 2: a quote is opened here and never closed."),
    "a tab": ("q4:\n\tgain: 1", "line 2: there is a tab in this line; indent with spaces."),
    "an odd sign": ("q4:\n  word: @x", "line 2: found character '@' that cannot start any token; put it in quotes."),
    "a NUL": ("q4:\n  word: \0", "line 2: the character U+0000 is not allowed."),
    "a forbidden escape": ('q4: {word: "\\U00110000"}', "answers.yaml could not be read: it cannot be read as YAML."),
    "a list as a name": ("? [a]\n: 1", "line 1: the name before a colon is a word, not a list or a map."),
    "a list": ("- gain: 1", "it should say `task:` and below it `question: answer`."),
    "a text": ("hello", "it should say `task:` and below it `question: answer`."),
    "its size": ("q4: {gain: 1}" + " " * 2**16, "answers.yaml has 65,549 bytes; the limit is 65,536. Hand in the answers only."),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_files_that_cannot_be_read_are_told_where(text: str, words: str) -> None:
    """Every question fails with the one sentence that says what to mend, within a second."""
    started = time.process_time()
    judged = judge_sheet(SHEET, parse_handed_in(text.encode()))

    assert time.process_time() - started < 1
    assert len({(one.kind, one.message) for one in judged}) == 1
    assert judged[0].kind is FailureKind.CONTRACT
    assert words in judged[0].message
    assert judged[0].message.startswith("answers.yaml ")


def test_one_bad_answer_costs_that_answer_only() -> None:
    """Duplicates, maps and long texts are faults of their question; a task that stands twice, of the task."""
    text = "q4:\n  gain: 0.618\n  mass: 1\n  mass: 0.5\n  sure: true\n"
    judged = {one.name: one for one in judge_sheet(SHEET, parse_handed_in(text.encode()))}

    assert judged["gain"].outcome is judged["sure"].outcome is Outcome.PASSED
    assert judged["mass"].message == "line 4: it is answered twice, in lines 3 and 4; which one counts?"
    again = judge_sheet(SHEET, parse_handed_in((text + "q4:\n  gain: 0.618\n").encode()))[0]
    assert again.message == "lines 1 and 6: the task stands there twice; write all its answers in one place"
    flat = judge_sheet(SHEET, parse_handed_in(b"q4: 3"))[0]
    assert flat.message == "line 1: below this name should stand `question: answer`, line by line"
    assert {one.kind for one in judge_sheet(SHEET, parse_handed_in(b"q4:\n"))} == {FailureKind.MISSING}


def test_names_that_no_sheet_knows_are_told() -> None:
    """A typo would otherwise look like a question that was not answered."""
    handed_in = parse_handed_in(b"q4:\n  gian: 1\n  gain: 1\nq5: {a: 1}\n")

    assert strays([SHEET], handed_in) == (
        "line 2: q4 has no question `gian`; its questions are: gain, mass, steps, third, share, order, shape, scalar, sure, word",
        "line 4: there is no task `q5`; known are: q4",
    )
    many = parse_handed_in("\n".join(f"t{index}: 1" for index in range(100)).encode())
    assert len(strays([SHEET], many)) == 10


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_of_other_systems_are_read(encoding: str) -> None:
    """Windows programs write marks, wide characters and Latin-1; line ends do not matter."""
    data = "q4:\r\n  word: Covariance\r\n  shape: 3×2\r\n".encode(encoding)
    judged = {one.name: one.outcome for one in judge_sheet(SHEET, parse_handed_in(data))}

    assert judged["word"] is judged["shape"] is Outcome.PASSED


@drawn(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    """Whatever the bytes are, there is one verdict per question, and its texts can be stored."""
    for text in (data, b"q4:\n  word: " + data, b"q4: {gain: " + data + b"}"):
        for judged in judge_sheet(SHEET, parse_handed_in(text)):
            judged.message.encode()
            assert judged.outcome in (Outcome.PASSED, Outcome.FAILED)


@drawn(st.text(max_size=60), st.sampled_from(SHEET.questions))
def test_no_text_breaks_a_question(text: str, question: AnswerQuestion) -> None:
    """Any text is right, wrong or malformed."""
    for written in (text, (text,), (text, text)):
        assert judge(question, Given(1, written)).outcome in (Outcome.PASSED, Outcome.FAILED)


def test_the_template_is_unanswered_and_says_what_is_expected() -> None:
    """Students get prompts and forms, never answers; handed in as it came, nothing is answered yet."""
    other = AnswerSheet("part 2: it's", SHEET.questions[:1])
    text = answers_template([SHEET, other])

    assert "  # Is it smaller (one of: smaller, equal, larger)\n  order: null\n" in text
    assert "# One sentence that students read.\nq4:\n  # Steady-state gain for q = 1 (a number)\n  gain: null\n" in text
    assert "(a number in kg)" in text
    assert "'part 2: it''s':" in text
    for secret in ("0.618", "covariance", "[3, 2]", "true\n"):
        assert secret not in text
    handed_in = parse_handed_in(text.encode())
    assert handed_in.problem == ""
    assert strays([SHEET, other], handed_in) == ()
    assert {one.kind for sheet in (SHEET, other) for one in judge_sheet(sheet, handed_in)} == {FailureKind.MISSING}
    assert max(map(len, text.split("\n"))) <= 100


BAD = {
    "no YAML": ("questions:", "questions: [", None, "expected"),
    "an anchor": ("{prompt: \"Mass\"", "&x {prompt: \"Mass\"", 4, "anchors and aliases"),
    "no questions": (GOOD[GOOD.index("questions") :], "", 1, "questions is a map: name -> {prompt, answer, ...}"),
    "an unknown field": ("intro:", "note:", 1, "a sheet of answers has no field 'note'; known are: intro, questions"),
    "a misspelt field": ("tolerance: 0.005", "tol: 0.005", 3, "gain has no field 'tol'; known are: prompt, answer"),
    "a question twice": ("  mass:", "  gain:", 4, "'gain' stands twice"),
    "a field twice": ("answer: 1234", "answer: 1234, answer: 1", 5, "'answer' stands twice"),
    "no name": ("  mass:", "  2nd mass:", 4, "'2nd mass' is no name of a question"),
    "no map": ('{prompt: "How many steps", answer: 1234}', "1234", 5, "steps is a map with prompt, answer"),
    "no prompt": ('prompt: "How many steps", ', "", 5, "prompt is a text"),
    "no answer": (", answer: 1234", "", 5, "answer is missing"),
    "an answer of null": ("answer: 1234", "answer: null", 5, "answer is missing"),
    "a decimal without tolerance": (", tolerance: 0.005", "", 3, "a decimal needs a tolerance, such as 0.005 or 1 %"),
    "a tolerance in words": ("0.005", "little", 3, "'little' is not a tolerance such as 0.005 or 1 %"),
    "a negative tolerance": ("0.005", "-0.005", 3, "'-0.005' is not a tolerance"),
    "a share of nothing": ("answer: 0.5, ", "answer: 0, ", 4, "1 % of 0 is 0; say how far off"),
    "a text": ("answer: 1234", "answer: many", 5, "a text needs `choices: [...]` or `kind: text`"),
    "a list of texts": (", kind: text", "", 12, "a list of texts needs `kind: text`"),
    "an unknown kind": ("kind: text", "kind: essay", 12, "there is no kind 'essay'; known are: number, choice, list"),
    "a unit of a word": ("kind: text", "kind: text, unit: m", 12, "unit belongs to the kind number or numbers, and this is of"),
    "no such choice": ("answer: smaller", "answer: tiny", 8, "'tiny' is none of the choices: smaller, equal, larger"),
    "equal choices": ("[smaller, equal", "[smaller, Smaller", 8, "choices are at least two words that differ"),
    "choices in no list": ("[smaller, equal, larger]", "smaller", 8, "choices is a list of texts"),
    "kind number": ("answer: 1234", "answer: many, kind: number", 5, "'many' is not a number such as 0.618, 1/2"),
    "kind list": ("answer: 1234", "answer: 12, kind: list", 5, "answer is a list of whole numbers, such as [3, 2]"),
    "kind truth": ("answer: 1234", "answer: 12, kind: truth", 5, "answer is true or false"),
    "kind text": ('[covariance, "the covariance"]', "[]", 12, "answer is a text or a list of texts, each of them right"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), BAD.values(), ids=BAD)
def test_bad_sheets_are_refused_with_their_line(old: str, new: str, line: int | None, message: str) -> None:
    """A wrong sheet is refused as `q4.yaml:<line>: <what is wrong>`."""
    assert old in GOOD
    with pytest.raises(RubricError) as caught:
        parse_sheet(GOOD.replace(old, new, 1), Path("reference/answers/q4.yaml"))

    assert message in str(caught.value)
    if line is not None:
        assert str(caught.value).startswith(f"q4.yaml:{line}: ")


def test_files_of_sheets(tmp_path: Path) -> None:
    """The task is the file's name; a file that is not there, or is a list, is said in words."""
    (tmp_path / "q4.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "q5.yaml").write_text("- a", encoding="utf-8")

    assert load_sheet(tmp_path / "q4.yaml") == SHEET
    assert SHEET.task == "q4"
    with pytest.raises(RubricError, match=r"^q5.yaml:1: a sheet of answers is a map with intro, questions"):
        load_sheet(tmp_path / "q5.yaml")
    with pytest.raises(RubricError, match=r"^q6.yaml: cannot be read: .*No such file"):
        load_sheet(tmp_path / "q6.yaml")
    with pytest.raises(RubricError, match=r"^q7.yaml: it has 1,000,001 characters; the limit is 1,000,000"):
        parse_sheet(" " * 1_000_001, Path("q7.yaml"))
