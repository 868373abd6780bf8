"""Right work in unusual dress: submissions that must keep every point, be accused of nothing and have no mistake named.

`python -m tests.submissions.unusual [PART OF A NAME ...]` grades them through the sandbox and prints what each of them earns.
"""

from . import classifier, densities, divergences, evidence, ppca, surroundings, vae, whole
from .dress import Dress

DRESSES: list[Dress] = [
    *densities.DRESSES,
    *divergences.DRESSES,
    *ppca.DRESSES,
    *vae.DRESSES,
    *evidence.DRESSES,
    *classifier.DRESSES,
    *surroundings.DRESSES,
    *whole.DRESSES,
]

__all__ = ["DRESSES", "Dress"]
