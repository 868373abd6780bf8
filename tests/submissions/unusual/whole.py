"""Whole submissions: the correct one under settings, decorators and files that touch all of its functions at once."""

from __future__ import annotations

import ast
import json

from tests.submissions import build

from .dress import Dress

_FUNCTIONS = (
    "gaussian_log_density,bernoulli_log_density,sample_gaussian,kl_standard_normal,kl_bernoulli,ppca_marginal,ppca_posterior,"
    "ppca_log_likelihood,ppca_fit,elbo,vae_loss,log_mean_exp,estimate_log_likelihood,evaluate_classifier"
)

_SETTINGS = '''
import logging
import os
import random
import sys
import warnings

import numpy as np
import torch

os.environ["CUDA_VISIBLE_DEVICES"] = ""
random.seed(0)
np.random.seed(0)
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
torch.set_default_device("cpu")
torch.set_printoptions(sci_mode=False)
torch.autograd.set_detect_anomaly(True)
torch.use_deterministic_algorithms(True)
torch.distributions.Distribution.set_default_validate_args(False)
np.seterr(all="raise")
np.set_printoptions(suppress=True)
sys.setrecursionlimit(5000)
logging.basicConfig(level=logging.DEBUG)
warnings.filterwarnings("ignore")
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print("running on", device)
'''

_PLUMBING = '''
import time

TIMES = {}


def timed(function):
    def inner(*args, **kwargs):
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            TIMES.setdefault(function.__name__, []).append(time.perf_counter() - start)
    return inner
'''


def _correct() -> dict[str, str]:
    return {name: data.decode() for name, data in build.correct().items() if name.endswith(".py")}


def _functions_of(text: str) -> list[ast.FunctionDef]:
    return [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name in _FUNCTIONS.split(",")]


def under_settings() -> dict[str, str]:
    """The correct modules, each of which imports global settings first."""
    files = _correct()
    return {name: _after_docstring(text, "import settings  # noqa") for name, text in files.items()} | {"settings.py": _SETTINGS}


def _after_docstring(text: str, line: str) -> str:
    """`text` with a line before its first import that is not from __future__."""
    body = ast.parse(text).body
    first = next(n for n in body if isinstance(n, ast.Import | ast.ImportFrom) and getattr(n, "module", "") != "__future__")
    lines = text.splitlines()
    lines.insert(first.lineno - 1, line)
    return "\n".join(lines) + "\n"


def decorated() -> dict[str, str]:
    """The correct modules; a decorator without functools.wraps, from a file of its own, is on every function."""
    files = {}
    for name, text in _correct().items():
        lines = text.splitlines()
        for node in reversed(_functions_of(text)):
            lines.insert(node.lineno - 1, "@__import__('plumbing').timed")
        files[name] = "\n".join(lines) + "\n"
    return files | {"plumbing.py": _PLUMBING}


def notebook_above_the_template() -> dict[str, str]:
    """A notebook with all the work, every function of which is a functools.partial; the template's files lie beside it as they came."""
    cells = ["import functools, math\nimport torch\nimport numpy as np"]
    files = _correct()
    for text in files.values():
        source = "\n".join(line for line in text.split("\n") if not line.startswith(tuple(_imports_of(files))))
        cells.append(source.split('\nif __name__ == "__main__":')[0].strip())
        cells += [f"{node.name} = functools.partial({node.name})" for node in _functions_of(text)]
    made = [
        {"cell_type": "code", "id": f"cell-{n}", "metadata": {}, "source": text, "execution_count": None, "outputs": []}
        for n, text in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    stubs = {path.name: path.read_text() for path in (build.ROOT / "student_template").glob("*.py")}
    return {"work.ipynb": json.dumps(book)} | stubs


def _imports_of(files: dict[str, str]) -> list[str]:
    return ["from __future__ import"] + [f"from {name.removesuffix('.py')} import" for name in files]


def all_in_one_file() -> dict[str, str]:
    """One file with a name of its own holds everything; the files that are asked for import it with a star."""
    files = _correct()
    parts = []
    for text in files.values():
        parts.append("\n".join(line for line in text.split("\n") if not line.startswith(tuple(_imports_of(files)))))
    future = "from __future__ import annotations\n"
    whole = future + "\n\n".join(part.split('\nif __name__ == "__main__":')[0] for part in parts)
    stars = {name: "from my_solution_final_v2 import *  # noqa\n" for name in files}
    return stars | {"my_solution_final_v2.py": whole}


DRESSES = [
    Dress(_FUNCTIONS, "global_settings", "float64 by default, seeds, anomaly detection, warnings and logs, set at import.", under_settings()),
    Dress(_FUNCTIONS, "all_decorated", "A decorator without functools.wraps on every function.", decorated()),
    Dress(_FUNCTIONS, "notebook_of_partials", "partial objects in a notebook, the untouched template beside it.", notebook_above_the_template()),
    Dress(_FUNCTIONS, "all_in_one_file", "One file of another name; the others import it with a star.", all_in_one_file()),
]
