"""Gradescope: `results.json` of one result, with a test for each task."""

from __future__ import annotations

from typing import Any

from autograder.export.formats import Export, Format, Result
from autograder.export.results import Part, open_remarks, score_of, whose, why_no_score
from autograder.export.words import TEST_BYTES, as_json, head_and_tail, not_graded, one_line, overview, stories, within
from autograder.report.redact import for_student

MOST_BYTES = 500_000
"""No limit is documented; more than this makes a page slow to open."""
_TEXT = {"output_format": "text", "test_output_format": "text", "test_name_format": "text"}


def gradescope(result: Result) -> Export:
    """Return `results.json`: at most `MOST_BYTES`, every test visible (students see no total where one is hidden).

    A record without a score has none here either, nor a test with one: the file says why, and no grade is issued.
    """
    if why := why_no_score(result.record):
        content: dict[str, Any] = {"output": head_and_tail(not_graded(result.record), TEST_BYTES), **_TEXT}
        remark = f"{whose(result)}: there is no score, because {why}: results.json says so and holds none"
        return Export({"results.json": as_json(content)}, (remark,))
    record = for_student(result.record)
    score, _ = score_of(result)
    found = stories(record)

    def build(room: int) -> bytes:
        output = head_and_tail("\n".join(overview(record)), 2 * room)
        tests = [_test(number, part, told, room) for number, (part, told) in enumerate(found, start=1)]
        return as_json({"score": float(score), "visibility": "visible", "output": output, **_TEXT, "tests": tests})

    return Export({"results.json": within(MOST_BYTES, build)}, open_remarks(result))


def _test(number: int, part: Part, told: str, room: int) -> dict[str, Any]:
    test: dict[str, Any] = {"number": str(number), "name": one_line(part.title)}
    if part.points is None:
        return test | {"output": f"Up to {part.most} points wait for a person."}
    test |= {"score": float(part.points)}
    if part.most is not None:
        test |= {"max_score": float(part.most), "status": "passed" if part.points >= part.most else "failed"}
    return test | ({"output": head_and_tail(told, room)} if told else {})


FORMAT = Format("gradescope", "Gradescope: results.json of one result.", gradescope, reads="one")
