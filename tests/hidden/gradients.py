"""Comparing gradients with the reference's."""

from autograder.checking.student import cotangent_for


def require_gradients(student, oracle, case, names, part=None, help=""):
    """Require that every gradient of a call (of one part of a tuple), with generic cotangents, is the reference's."""
    value = oracle.value(case)
    weights = cotangent_for(value if part is None else value[part])
    got = student.gradients(case, names, weights, part)
    expected = oracle.gradients(case, names, weights, part)
    for name in names:
        student.close(case, got[name], expected[name], what=f"the gradient with respect to `{name}`", help=help)
