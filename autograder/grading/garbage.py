"""How often Python looks for garbage."""

import gc


def collect_rarely() -> None:
    """Let the collector run a hundred times less often in this process.

    Importing torch, SciPy and pytest makes a million objects that stay: with Python's own thresholds, a second of every grading goes
    into looking through all of them again and again.
    """
    gc.set_threshold(100_000, 50, 100)
