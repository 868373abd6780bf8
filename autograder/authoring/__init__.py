"""What an author of an assignment imports to write checks::

from autograder.authoring import inputs, value_check
"""

from autograder.authoring.cases import Case, Sizes
from autograder.authoring.failures import CheckFailed, Inconclusive
from autograder.authoring.generic import cotangent_for, gradient_check, require_gradients, value_check
from autograder.authoring.inputs import DTYPES, Draw, Inputs, constant, drawn_sizes, inputs, made
from autograder.authoring.marks import check
from autograder.authoring.neighbours import far_away, levelled, siblings
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Probe

__all__ = [
    "DTYPES",
    "Case",
    "CheckFailed",
    "Draw",
    "FailureKind",
    "Inconclusive",
    "Inputs",
    "Probe",
    "Sizes",
    "check",
    "constant",
    "cotangent_for",
    "drawn_sizes",
    "far_away",
    "gradient_check",
    "inputs",
    "levelled",
    "made",
    "require_gradients",
    "siblings",
    "value_check",
]
