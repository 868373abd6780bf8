"""Questions to ask a simulation of a test under a correct function: does it keep its stated rate?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def uniformity_of_p_values(p_values: ArrayLike) -> float:
    """Are p-values simulated under the null hypothesis uniform or larger, i.e. P(p <= t) <= t for every t?

    One-sided Kolmogorov-Smirnov test of D+ = max_t (F_n(t) - t) with its exact distribution (Smirnov 1944; Birnbaum and
    Tingey 1951). It looks at the whole distribution: "no failure seen in 1,000 runs" says nothing about a rate of 1e-6.
    Conservative (discrete) p-values are fine, anti-conservative ones are not.

    Returns:
        The p-value of this question; small means that the tested test fails too often.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or p.size == 0 or not np.all((p >= 0.0) & (p <= 1.0)):
        raise ValueError(f"p_values must be a non-empty vector within [0, 1], but has shape {p.shape}: {p!r}")
    return float(stats.kstest(p, "uniform", alternative="greater", method="exact").pvalue)


def excess_of_failures(failures: int, trials: int, nominal: float) -> float:
    """The exact binomial probability of `failures` or more in `trials` runs if each fails with probability `nominal`.

    Small means that the tested test fails correct functions more often than it says.
    """
    return float(stats.binom.sf(failures - 1, trials, nominal))
