"""Right work in another dress, empty work in the right one, and a kit with six small mistakes: whole submissions made from the correct one.

The engine makes forms and fillings of every task for `make validate` (`autograder/quality/corpus.py`); here they go through the sandbox as
students hand them in, all functions of a submission at once, so that one function's form reaches the others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.submissions import build

FORMS = {
    "float64": "lambda part: part.double()",
    "numpy_array": "lambda part: part.detach().numpy()",
    "list": "lambda part: part.tolist()",
    "column": "lambda part: part[..., None]",
}
"""What is done to every tensor that a function returns."""
WITHOUT_GRADIENT = frozenset({"numpy_array", "list"})

CALLED_OTHERWISE = frozenset({"kl_mixture_monte_carlo", "log_joint_top"})
"""Tasks whose functions call others with more axes, or fewer, than these were asked for: what comes back in another form is then no form
that could be undone, and no right function takes the place of the other."""

FILLINGS = {
    "zeros": "lambda part: torch.zeros_like(part)",
    # no N(0, 1), which is the right answer to some questions
    "noise": "lambda part: (0.3 + 1.7 * torch.randn(part.shape, dtype=torch.float64)).to(part.dtype)",
    "inputs": "lambda part: given(part)",
}
"""What every tensor that a function returns is replaced by."""

_DRESS = '''import functools

import torch

_FIRST = []


def given(part):
    """The first argument, cut or repeated to the shape that is asked for."""
    flat = _FIRST[-1].flatten().to(part.dtype)
    return flat.repeat(-(-part.numel() // max(1, flat.numel())))[: part.numel()].reshape(part.shape)


CHANGE = {change}


def dressed(function):
    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        _FIRST.append(next((a for a in args if torch.is_tensor(a) and a.is_floating_point()), torch.ones(1)))
        try:
            result = function(*args, **kwargs)
            parts = result if isinstance(result, tuple) else (result,)
            parts = tuple(CHANGE(part) if torch.is_tensor(part) else {number} for part in parts)
            return parts if isinstance(result, tuple) else parts[0]
        finally:
            _FIRST.pop()

    return wrapped
'''


def in_form(name: str) -> dict[str, bytes]:
    """The correct submission, every function of which returns its tensors in a form of `FORMS`."""
    return _dressed(_DRESS.replace("{change}", FORMS[name]).replace("{number}", "part"))


def filled(name: str) -> dict[str, bytes]:
    """The correct submission, every function of which returns a filling of `FILLINGS` in the right shape."""
    files = _dressed(_DRESS.replace("{change}", FILLINGS[name]).replace("{number}", "0.5"))
    return {name: data for name, data in files.items() if name.endswith(".py")}


def _dressed(dress: str) -> dict[str, bytes]:
    files = dict(_with_dress(build.correct()))
    return files | {"dress.py": dress.encode()}


def _with_dress(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the files; every public function at the top of a module is wrapped where it is defined."""
    for name, data in files.items():
        text = data.decode()
        if not name.endswith(".py"):  # short answers
            yield name, data
            continue
        lines = text.splitlines()
        places = [
            node.lineno - 1
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith(("_", "train", "plot", "demo"))
        ]
        for place in reversed(places):
            lines.insert(place, "@__import__('dress').dressed")
        yield name, "\n".join(lines).encode() + b"\n"


# ------------------------------------------------------------------------------------------------- six small mistakes

SIX = {
    "gaussian_log_density": ("std_in_quadratic", "0.6"),
    "bernoulli_log_density": ("log_of_sigmoid", "0.55"),
    "kl_standard_normal": ("sign", "0.65"),
    "elbo": ("averaged_over_pixels", "0.55"),
    "estimate_log_likelihood": ("std_read_as_variance", "0.65"),
    "evaluate_classifier": ("softmax_before_loss", "0.6"),
}
"""Task -> the mistake in it, and the share that three careful graders give for it (written down before it was graded)."""

_EDITS = (
    ("densities.py", "squared = (x - mean) ** 2 * torch.exp(-log_var)", "squared = (x - mean) ** 2 / torch.exp(0.5 * log_var)"),
    (
        "densities.py",
        '    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")',
        "    p = torch.sigmoid(logits)\n    return x * torch.log(p) + (1 - x) * torch.log(1 - p)",
    ),
    ("divergences.py", "return 0.5 * torch.sum(var", "return -0.5 * torch.sum(var"),
    (
        "vae.py",
        "log_px = bernoulli_log_density(x, logits).sum(-1)  # sum over pixels -> (S, B)",
        "log_px = bernoulli_log_density(x, logits).mean(-1)",
    ),
    ("evidence.py", "2 * math.log(float(sigma_p))", "math.log(float(sigma_p))"),
    ("classifier.py", "out = model(xb)\n            loss_sum", "out = torch.softmax(model(xb), dim=1)\n            loss_sum"),
)


def with_six_mistakes() -> dict[str, bytes]:
    """The correct submission with the mistakes of `SIX`, one edit each."""
    files = build.correct()
    for name, right, wrong in _EDITS:
        text = files[name].decode()
        assert text.count(right) == 1, f"{name} does not hold {right!r} once"
        files[name] = text.replace(right, wrong).encode()
    return files
