"""One edit away from right: the generated mutants of the reference as mistakes without a name of their own.

Named mistakes are what somebody has thought of. A submission that gives, on every input, what the reference with a single sign, factor,
axis or term changed would give, has made a slip all the same, and is told what kind of slip it is, never where in our text.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from autograder.assignment.loading import REFERENCE, Assignment
from autograder.assignment.prices import Mistake, Severity
from autograder.authoring.mutants import OPERATORS, materialise, mutants_of
from autograder.diagnosis.combined import Suspect

_PART = Decimal("0.45")

_SAID: Mapping[str, tuple[str, Decimal | None]] = {
    "flip sign": ("A single sign is reversed.", None),
    "drop factor": ("A single factor is missing.", None),
    "double factor": ("A single term is counted twice, or a factor 2 is too many.", None),
    "missing term": ("A single term is missing.", _PART),
    "drop function": ("A function, such as a logarithm or an exponential, is left out.", _PART),
    "drop power": ("A power is left out: something is not squared, or no root is taken.", None),
    "other constant": ("A single constant is another one.", None),
    "other axis": ("A sum, a mean or a size belongs to another axis.", None),
    "sum and mean": ("A mean stands where a sum belongs, or the other way round.", None),
    "variance for deviation": ("A variance stands where a standard deviation belongs, or the other way round.", None),
    "transpose": ("A matrix is transposed that should not be, or the other way round.", None),
    "detach gradient": ("A part of the computation is cut from the graph, so its gradient is missing.", None),
}
"""What students read of an operator, and the share that is kept where that of a slip will not do."""
OF_EDITS = tuple(operator.name.replace(" ", "_") for operator in OPERATORS)
"""Names of single edits as mistakes."""
_OTHERWISE = ("A single step of the computation is another one than it should be.", None)


def slips_of(assignment: Assignment, task: str) -> list[Suspect]:
    """Return the mutants of a task's reference as suspects; none where the task has no function of its own, or its module loops
    while something holds.
    """
    name = assignment.contract.resolved(task)
    if name not in assignment.contract.functions:
        return []
    module = assignment.contract.modules[name]
    text = (assignment.folder / REFERENCE / f"{module}.py").read_text(encoding="utf-8")
    if any(isinstance(node, ast.While) for node in ast.walk(ast.parse(text))):
        return []  # a changed condition may never end, and this process is the grader's
    found = []
    for mutant in mutants_of(text, name):
        function = materialise(mutant, lambda source, label: _run(assignment, module, source))
        if function is not None:
            said, credit = _SAID.get(mutant.operator, _OTHERWISE)
            severity: Severity = "slip" if credit is None else "gap"
            mistake = Mistake(mutant.operator.replace(" ", "_"), said, severity, credit)
            found.append(Suspect((mistake,), function))
    return found


def _run(assignment: Assignment, module: str, source: str) -> Mapping[str, Any]:
    return assignment.code.run(source, f"{REFERENCE}.{module}")
