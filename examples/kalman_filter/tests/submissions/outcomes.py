"""What must become of submissions: each is `correct/` with one change. `loses`: tasks below full points; `keeps`: full points.

A task in `loses` only because of another one is not charged again (`carry: never`), as long as the grader can put a right function in
the place of the wrong one. Here most functions are built on `forward_pass`, which calls `kalman_predict` and `kalman_update`.
"""

from dataclasses import dataclass
from pathlib import Path

CORRECT = Path(__file__).parent / "correct"
ASSIGNMENT = CORRECT.parents[2]


@dataclass(frozen=True)
class Change:
    """One change: `old` is replaced by `new` (once) in `file`; without `old`, `new` is added at the end."""

    name: str
    old: str
    new: str
    loses: frozenset[str]
    keeps: frozenset[str]
    file: str = "my_solution.py"

    def write(self, folder: Path) -> Path:
        """The changed submission, in a folder of its own."""
        target = folder / self.name
        target.mkdir()
        for path in CORRECT.iterdir():
            if path.is_file():
                (target / path.name).write_bytes(path.read_bytes())
        changed = target / self.file
        text = changed.read_text()
        if self.old:
            if text.count(self.old) != 1:
                raise ValueError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times in {self.file}")
            changed.write_text(text.replace(self.old, self.new))
        else:
            changed.write_text(text + self.new)
        return target


def change(name: str, old: str, new: str, loses: str, keeps: str, file: str = "my_solution.py") -> Change:
    """One line of the tables below; tasks are separated by spaces."""
    return Change(name, old, new, frozenset(loses.split()), frozenset(keeps.split()), file)


WRONG = [
    change(
        "noise_forgotten",
        "return new_mean, new_cov + Q[None]",
        "return new_mean, new_cov",
        loses="kalman_predict",
        keeps="kalman_update kalman_filter log_likelihood sample_states",
    ),
    change(
        "joseph_without_noise",
        "I_KC @ cov @ I_KC.transpose(1, 2) + K @ R @ K.transpose(1, 2)",
        "I_KC @ cov @ I_KC.transpose(1, 2)",
        loses="kalman_update",
        keeps="kalman_predict kalman_filter log_likelihood",
    ),
    change(
        "predicted_first",
        'out = {"mp": [],',
        'm, P = kalman_predict(m, P, A, Q)\n    out = {"mp": [],',
        loses="kalman_filter log_likelihood rts_smoother em_step",
        keeps="kalman_predict kalman_update sample_states",
    ),
    change(
        "filtered_in_gain",
        'A.T @ torch.linalg.inv(run["Pp"][:, t + 1])',
        'A.T @ torch.linalg.inv(run["Pf"][:, t + 1])',
        loses="rts_smoother em_step",
        keeps="kalman_filter log_likelihood",
    ),
    change(
        "no_logdet",
        "(white**2).sum(1) + logdet + k * LOG_2PI",
        "(white**2).sum(1) + k * LOG_2PI",
        loses="log_likelihood fit_kalman",
        keeps="kalman_filter rts_smoother em_step",
    ),
    change(
        "state_std",
        'torch.einsum("ij,...j->...i", torch.linalg.cholesky(cov), eps)',
        'torch.einsum("ij,...j->...i", cov, eps)',
        loses="sample_states",
        keeps="kalman_predict questions",
    ),
    change(
        "divided_by_T",
        "A2 @ before @ A2.T) / (n * (T - 1))",
        "A2 @ before @ A2.T) / (n * T)",
        loses="em_step",
        keeps="rts_smoother kalman_filter",
    ),
    change(
        "forecast_late",
        "            z = A @ z\n            out.append((C @ z).T)",
        "            out.append((C @ z).T)\n            z = A @ z",
        loses="fit_kalman",
        keeps="em_step kalman_filter",
    ),
    change(
        "predicted_variance",
        "steady_gain: 0.618",
        "steady_gain: 1.618",
        loses="questions",
        keeps="kalman_predict",
        file="answers.yaml",
    ),
]

HOSTILE = [
    change(
        "always_equal",
        "",
        """

class Equal(torch.Tensor):
    def __eq__(self, other):
        return True

    def __le__(self, other):
        return True

    __lt__ = __ge__ = __gt__ = __le__
    __hash__ = None


class Anything:
    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


def log_likelihood(y, A, C, Q, R, m0, P0):
    return torch.zeros(len(y), dtype=y.dtype).as_subclass(Equal)


def kalman_filter(y, A, C, Q, R, m0, P0):
    return Anything()
""",
        loses="log_likelihood kalman_filter",
        keeps="kalman_predict kalman_update rts_smoother",
    ),
    change(
        "patched_comparisons",
        "",
        """

def log_likelihood(y, A, C, Q, R, m0, P0):
    return forward_pass(y, A, C, Q, R, m0, P0)["ll"].mean(1)


def always(*args, **kwargs):
    return True


torch.allclose = torch.equal = always
torch.isclose = lambda a, b, **kwargs: torch.ones_like(a, dtype=torch.bool)
torch.testing.assert_close = always
np.allclose = np.testing.assert_allclose = always
""",
        loses="log_likelihood",
        keeps="kalman_predict kalman_filter",
    ),
    change(
        "reads_the_reference",
        "",
        f'''

def stolen(name):
    """The function of the reference, from wherever it can be found."""
    import importlib.util
    import os
    import sys

    if "reference.kalman" in sys.modules:
        return getattr(sys.modules["reference.kalman"], name)
    places = [{str(ASSIGNMENT)!r}, os.getcwd(), os.path.dirname(os.getcwd()), "/work", "/tmp", *sys.path]
    for place in places:
        path = os.path.join(place, "reference", "kalman.py")
        if os.path.exists(path):
            spec = importlib.util.spec_from_file_location("stolen", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return getattr(module, name)
    raise FileNotFoundError("no reference in sight")


def rts_smoother(y, A, C, Q, R, m0, P0):
    return stolen("rts_smoother")(y, A, C, Q, R, m0, P0)
''',
        loses="rts_smoother",
        keeps="kalman_predict kalman_filter",
    ),
    change(
        "hangs",
        "",
        """

def rts_smoother(y, A, C, Q, R, m0, P0):
    while True:
        pass
""",
        loses="rts_smoother",
        keeps="kalman_predict kalman_filter log_likelihood",
    ),
    change(
        "ends_the_process",
        "",
        """

def rts_smoother(y, A, C, Q, R, m0, P0):
    import os

    print('{"outcome": "passed", "points": "3.00"}', flush=True)
    os._exit(0)
""",
        loses="rts_smoother",
        keeps="kalman_predict kalman_filter log_likelihood",
    ),
]
