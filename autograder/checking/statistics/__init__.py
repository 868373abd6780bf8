"""Statistical tests with a false-fail rate stated in advance: how random functions of students are judged.

Pure functions of numbers: no torch, no I/O, no state, no random numbers of their own. Every test returns a `Verdict`.

- `mean_test`, `mean_vector_test`, `variance_test`, `variance_at_most_test`: sequential. They ask for more draws until the answer is clear.
- `gaussian_sample_test`, `independence_test`, `binary_sample_test`: one sample, exact null distribution.
- `noise_test`, `spread_test`: noise that was recovered from results, and how it shrinks with the number of samples. Always decided.
- `spread_sequence_test`: the same with e-values, which need half of the draws to rule out the mistakes that a check looks for.
- `combine`, `share_of`: several tests in one check, together within its false-fail rate.
- `smallest_tolerance`: what a budget of draws can decide, for whoever writes a check.
- `uniformity_of_p_values`, `excess_of_failures`: how simulations confirm the stated rates.
"""

from autograder.checking.statistics.calibration import excess_of_failures, uniformity_of_p_values
from autograder.checking.statistics.intervals import MAX_SKEWNESS
from autograder.checking.statistics.noise import noise_test, spread_sequence_test, spread_test
from autograder.checking.statistics.samples import (
    binary_sample_test,
    exact_equality_share,
    gaussian_sample_test,
    independence_test,
)
from autograder.checking.statistics.sequential import (
    FAR,
    STAGES,
    Draw,
    mean_test,
    mean_vector_test,
    smallest_tolerance,
    variance_at_most_test,
    variance_test,
)
from autograder.checking.statistics.verdict import FALSE_FAIL, Look, Verdict, combine, share_of

__all__ = [
    "FALSE_FAIL",
    "FAR",
    "MAX_SKEWNESS",
    "STAGES",
    "Draw",
    "Look",
    "Verdict",
    "binary_sample_test",
    "combine",
    "exact_equality_share",
    "excess_of_failures",
    "gaussian_sample_test",
    "independence_test",
    "mean_test",
    "mean_vector_test",
    "noise_test",
    "share_of",
    "smallest_tolerance",
    "spread_sequence_test",
    "spread_test",
    "uniformity_of_p_values",
    "variance_at_most_test",
    "variance_test",
]
