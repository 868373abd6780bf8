"""The sum over the examples is as right as their average."""

import torch


def require_either(student, case, value, average, what="the loss", help_text=""):
    """Require that a value is the average of the examples, or their sum, whichever it is nearer to."""
    got = float(value.detach())
    expected = min((average, len(case.arguments["x"]) * average), key=lambda one: abs(one - got))
    student.close(case, value, torch.as_tensor(expected, dtype=torch.float64), what=what, help=help_text)
