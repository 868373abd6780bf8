"""The sum over the examples is as right as their average."""

import torch


def require_either(student, case, average, help_text):
    """Require that the loss is the average of the examples, or their sum, whichever it is nearer to; where nothing is random."""
    got = float(student.value(case).detach())
    expected = min((average, len(case.arguments["x"]) * average), key=lambda one: abs(one - got))
    student.agrees(case, torch.as_tensor(expected, dtype=torch.float64), help=help_text)
