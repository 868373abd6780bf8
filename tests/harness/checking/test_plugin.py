"""The plugin: how checks end, seen through whole gradings of a tiny assignment."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from tiny_assignment import RIGHT, RUBRIC, VALUE, checks_of, grade_all, make_assignment

MORE = """
    from autograder.authoring.failures import Inconclusive

    CASE = Case("double", {"x": torch.ones(3, dtype=torch.float64)})

    @check("double", "undecided")
    def test_undecided(student):
        '''A test that cannot decide.'''
        raise Inconclusive("200 draws were not enough")

    @check("double", "late", after=["value"])
    def test_late(student):
        '''Waits for `value`.'''
        student.value(CASE)
"""
MANY = RUBRIC.replace("{contract: 1, value: 2}", "{late: 1, undecided: 1, value: 2, contract: 1}")


SOURCES = {
    "right": "def double(x):\n    print('hello')\n    return x + x\n",
    "wrong above four": "def double(x):\n    y = 2 * x\n    y[x > 4] += 1\n    return y\n",
    "single precision": "def double(x):\n    return 2 * x.float()\n",
    "summed": "def double(x):\n    return 2 * x.sum()\n",
    "changes its input in single precision": "def double(x):\n    return x.mul_(2).float()\n",
    "hangs": "def double(x):\n    if len(x) != 2:\n        print('hanging', flush=True)\n        while True: pass\n    return 2 * x\n",
    "flaky": "N = [0]\ndef double(x):\n    N[0] += 1\n    return 2 * x + (N[0] == 9)\n",
}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The records of all submissions to an assignment with four checks, which the rubric names in the wrong order."""
    hidden = textwrap.dedent(VALUE) + textwrap.dedent(MORE)
    folder = make_assignment(tmp_path_factory.mktemp("assignment"), rubric=MANY, hidden=hidden)
    brief = make_assignment(
        tmp_path_factory.mktemp("brief"),
        rubric=MANY.replace("call_seconds: 60", "call_seconds: 1.5, warm_up_seconds: 0"),
        hidden=hidden,
    )
    folders = [brief if name == "hangs" else folder for name in SOURCES]
    return dict(zip(SOURCES, grade_all(folders, list(SOURCES.values())), strict=True))


def outcomes(record: dict[str, Any]) -> dict[str, str]:
    """Return how each check ended."""
    return {check_id.split(".")[1]: check["outcome"] for check_id, check in checks_of(record).items()}


def test_passed_and_inconclusive(records: dict[str, dict[str, Any]]) -> None:
    """Right work passes; an undecided check earns nothing by itself, and is marked for staff."""
    record = records["right"]

    assert record["status"] == "graded"
    assert record["score"] == "2.25"
    assert "passed" == outcomes(record)["value"] == outcomes(record)["contract"]
    assert outcomes(record)["undecided"] == "inconclusive"
    assert "200 draws were not enough" in [flag["message"] for flag in record["flags"]]
    value = checks_of(record)["double.value"]
    assert (value["title"], value["visibility"]) == ("`double` doubles.", "hidden")
    assert "hello" in value["printed"]


def test_failed_with_a_small_case(records: dict[str, dict[str, Any]]) -> None:
    """A wrong value fails with the smallest failing input, and checks that wait for it are skipped and say so."""
    record = records["wrong above four"]
    value, late = checks_of(record)["double.value"], checks_of(record)["double.late"]

    assert record["status"] == "graded"
    assert (value["outcome"], value["kind"]) == ("failed", "value")
    assert value["evidence"]["called"] == "double(x=tensor([5], dtype=float64))"
    assert value["evidence"]["got"] == "tensor([11], dtype=float64)"
    assert (late["outcome"], late["waits_for"], late["message"]) == (
        "skipped",
        "double.value",
        "waits for double.value",
    )


def test_form_fails_alone(records: dict[str, dict[str, Any]]) -> None:
    """What is right in another form fails the check of form, in the end and with every fault, and is judged by all others."""
    record, changed = records["single precision"], records["changes its input in single precision"]
    contract, [task] = checks_of(record)["double.contract"], record["tasks"]

    for graded in (record, changed):
        passed = {"value": "passed", "undecided": "inconclusive", "late": "passed"}
        assert outcomes(graded) == {"contract": "failed", **passed}
    assert (contract["kind"], contract["misconception"], contract["given"]) == ("contract", "other_dtype", True)
    assert contract["message"].startswith("the result has dtype float32, but the inputs have float64")
    assert (task["mistakes"][0]["severity"], task["mistakes"][0]["credit"]) == ("form", "0.95")
    assert task["coerced"] == ["The result has another dtype than the inputs."]
    assert record["score"] == "2.28"
    assert checks_of(changed)["double.contract"]["misconception"] == "other_dtype and changed_input"
    assert changed["score"] == "1.94"


def test_skipped_after_contract(records: dict[str, dict[str, Any]]) -> None:
    """When the contract is broken every other check of the task is skipped, whatever order the rubric names them in."""
    record = records["summed"]

    assert outcomes(record) == {"contract": "failed", "value": "skipped", "undecided": "skipped", "late": "skipped"}
    assert record["score"] == "0.00"


def test_a_hang_is_asked_once(records: dict[str, dict[str, Any]]) -> None:
    """A call that hangs is not asked again with smaller inputs: one time limit is spent, not twenty-five."""
    record = records["hangs"]

    assert (checks_of(record)["double.value"]["outcome"], checks_of(record)["double.value"]["kind"]) == (
        "failed",
        "timeout",
    )
    assert checks_of(record)["double.value"]["printed"].count("hanging") == 1


def test_flaky_is_the_students(records: dict[str, dict[str, Any]]) -> None:
    """A function that gives different results for the same input and seed has failed; our check has not broken."""
    record = records["flaky"]
    value = checks_of(record)["double.value"]

    assert record["status"] == "graded"
    assert (value["outcome"], value["kind"]) == ("failed", "value")
    assert "gives different results when it is called twice" in value["message"]


REFUSED = {
    "a check twice": (VALUE + VALUE.replace("test_value", "test_again"), 3, "the check double.value is defined twice"),
    "a test file that breaks": ("import does_not_exist", 3, "does_not_exist"),
    "an unweighed check": (
        VALUE + '\n    @check("double", "speed")\n    def test_speed(student):\n        """Fast."""\n',
        2,
        "rubric.yaml:10: double: the check 'speed' exists but has no weight",
    ),
    "an unknown check": ("import torch", 2, "rubric.yaml:10: unknown check 'value' of double; known are: contract"),
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What grading with each of the unusable sets of checks ends in."""
    folders = [make_assignment(tmp_path_factory.mktemp("bad"), hidden=hidden) for hidden, _, _ in REFUSED.values()]
    return dict(zip(REFUSED, grade_all(folders, [RIGHT] * len(folders)), strict=True))


@pytest.mark.parametrize("name", REFUSED)
def test_unusable_checks(name: str, refusals: dict[str, dict[str, Any]]) -> None:
    """Checks that are defined twice, broken, or not those of the rubric are refused before anything is graded."""
    _, code, message = REFUSED[name]
    assert refusals[name]["exit_code"] == code
    assert message in refusals[name]["refused"]
