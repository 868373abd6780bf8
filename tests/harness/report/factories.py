"""Realistic records for the tests of the reports: what a student of the course would get."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import torch
from PIL import Image

from autograder.records import (
    About,
    Attempt,
    CheckRecord,
    Code,
    Contours,
    Curve,
    Drawing,
    Evidence,
    FailureKind,
    Flag,
    GradeRecord,
    MistakeRecord,
    Note,
    Outcome,
    Picture,
    TaskRecord,
    TrainingRecord,
    Waiting,
)
from autograder.training.pictures import grid, layer, scatter

CANARY = "tensor([[0.31337, -4.2424]])"
"""Stands in the evidence of hidden checks only."""

PRINTED = "epoch 3, debugging output of the student"
"""Stands in printed output only."""

CATALOGUE = (
    ("densities.py", "gaussian_log_density", "Gaussian log-density", "(x: BD, mean: BD, log_var: BD) -> B"),
    ("densities.py", "bernoulli_log_density", "Bernoulli log-density", "(x: BD, logits: BD) -> BD"),
    ("densities.py", "log_prior", "Log-density of the prior", "(z: BM) -> B"),
    ("densities.py", "sample_gaussian", "Reparameterised Gaussian sample", "(mean: BM, log_var: BM, GEN) -> BM"),
    ("divergences.py", "kl_gaussian", "KL between two univariate Gaussians",
     "(mean_q: B, log_var_q: B, mean_p: B, log_var_p: B) -> B"),
    ("divergences.py", "kl_standard_normal", "KL to the standard normal", "(mean: BM, log_var: BM) -> B"),
    ("ppca.py", "ppca_posterior", "PPCA posterior", "(x: BD, W: DM, mu: D, sigma2: float) -> tuple[BM, MM]"),
    ("ppca.py", "ppca_fit", "PPCA by maximum likelihood", "(X: ND, n_components: int) -> tuple[DM, D, float]"),
    ("vae.py", "elbo", "ELBO of a Bernoulli VAE",
     "(x: BD, encoder: Encoder, decoder: Decoder, n_samples: int = 1, GEN) -> SCALAR"),
    ("vae.py", "train_vae", "Training of a VAE",
     "(images: N784, *, latent_dim: int, epochs: int, batch_size: int, learning_rate: float, device: str, seed: int)"
     " -> tuple[VAE, dict[str, list[float]]]"),
    ("evidence.py", "log_mean_exp", "Log of a mean of exponentials", "(log_w: SB) -> B"),
    ("classifier.py", "train_classifier", "Training of a classifier",
     "(images: N784, labels: N, *, epochs: int, device: str, seed: int)"
     " -> tuple[nn.Module, dict[str, list[float]]]"),
)  # fmt: skip
"""(file, id, title, signature) of a part of the course's catalogue; shapes in short, see `_signature`."""

_SHAPE = re.compile(r"\b(?:[BDMNS]{1,2}|N784)(?=[,)\]]|$)")

LADDER = (
    ("defined", "is defined under the name of the handout"),
    ("signature", "takes the arguments of the handout"),
    ("shape", "returns one number per example"),
    ("dtype", "keeps the dtype of its inputs"),
    ("untouched", "leaves its inputs as they were"),
    ("vectorised", "works without a Python loop over the batch"),
    ("value", "agrees with the closed form on ordinary inputs"),
    ("special", "is 0 when both distributions are the same"),
)
"""(name, title) of the checks that every task has."""


def check(task: str, name: str, title: str, outcome: Outcome = Outcome.PASSED, **more: Any) -> CheckRecord:
    """One check; public and revealed unless said otherwise."""
    fields: dict[str, Any] = {"visibility": "public", "reveal": True, "weight": "1"}
    return CheckRecord(id=f"{task}.{name}", title=title, outcome=outcome, **(fields | more))


def _signature(short: str) -> str:
    """`(z: BM) -> B` in the notation of jaxtyping."""
    spelt = _SHAPE.sub(lambda match: f'Float[Tensor, "{" ".join(match[0]) if match[0] != "N784" else "N 784"}"]', short)
    return spelt.replace("GEN", "generator: torch.Generator | None = None").replace("SCALAR", 'Float[Tensor, ""]')


def task(task_id: str, checks: tuple[CheckRecord, ...], points: str, outcome: Outcome, **more: Any) -> TaskRecord:
    """A task of the catalogue with these checks."""
    file, _, title, signature = next(entry for entry in CATALOGUE if entry[1] == task_id)
    fields: dict[str, Any] = {"file": file, "title": title, "found_in": file, "max_points": "2.00"}
    fields |= {"signature": f"{task_id}{_signature(signature)}"}
    return TaskRecord(id=task_id, points=points, outcome=outcome, checks=checks, **(fields | more))


def complete(task_id: str) -> TaskRecord:
    """A task in which everything passed."""
    checks = tuple(check(task_id, name, title) for name, title in LADDER)
    return task(task_id, checks, "2.00", Outcome.PASSED)


def unimplemented(task_id: str) -> TaskRecord:
    """A task of the untouched template: one check found nothing, the others wait for it."""
    missing = check(
        task_id, "defined", LADDER[0][1], Outcome.FAILED, kind=FailureKind.MISSING,
        message=f"`{task_id}` is still the stub of the template.",
    )  # fmt: skip
    waiting = tuple(
        check(task_id, name, title, Outcome.SKIPPED, waits_for=f"{task_id}.defined") for name, title in LADDER[1:]
    )
    return task(task_id, (missing, *waiting), "0.00", Outcome.FAILED)


def unimportable(task_id: str) -> TaskRecord:
    """A task in a file that cannot be imported."""
    fault = check(
        task_id, "defined", LADDER[0][1], Outcome.FAILED, kind=FailureKind.IMPORT,
        message="`ppca.py` could not be imported: SyntaxError: '(' was never closed (line 41).",
        help="Run `python ppca.py` on your own machine; it must end without an error.",
        brief="syntax error",
        traceback=('File "ppca.py", line 41, in <module>', "    W = torch.linalg.svd(X - mu", "                        ^"),
    )  # fmt: skip
    waiting = tuple(
        check(task_id, name, title, Outcome.SKIPPED, waits_for=f"{task_id}.defined") for name, title in LADDER[1:]
    )
    return task(task_id, (fault, *waiting), "0.00", Outcome.FAILED, found_in=None)


def record(**more: Any) -> GradeRecord:
    """A graded record with the usual provenance and timing."""
    fields: dict[str, Any] = {
        "status": "graded",
        "assignment": "Latent-variable models",
        "submission": "lindgren_astrid",
        "track": "uppsala",
        "score": "24.00",
        "max_score": "24.00",
        "provenance": {
            "submission_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "seed": 20240917,
            "versions": {"python": "3.11.7", "torch": "2.6.0+cpu", "autograder": "0.1.0"},
            "sandbox": {"backend": "bubblewrap", "protects": ["network", "files"], "reference_visible": False},
            "device": "cpu",
        },
        "timing": {"total_s": 81.5321, "tasks": {"elbo": {"seconds": 3.21987, "calls": 120}}, "started": "2026-08-01"},
    }  # fmt: skip
    return GradeRecord(**(fields | more))


def training() -> tuple[TrainingRecord, ...]:
    """One classifier run on MNIST and one VAE run on the digits of scikit-learn."""
    confusion = tuple(tuple(960 + 3 * i if i == j else (7 * i + 3 * j) % 11 // 4 for j in range(10)) for i in range(10))
    losses = (0.412, 0.231, 0.168, 0.131, 0.109, 0.0931, 0.0852, 0.0812)
    classifier = TrainingRecord(
        task="train_classifier", dataset="mnist", dataset_title="MNIST: 28 × 28 images of handwritten digits",
        examples="images", classes="digits", device="cuda:0", n_train=20000, n_validation=5000, n_test=10000,
        epochs=8, metrics={"test_accuracy": 0.9812, "test_loss": 0.06187}, thresholds={"test_accuracy": 0.97},
        curves=(
            Curve(name="train_loss", unit="nats", values=losses),
            Curve(name="val_loss", unit="nats", values=tuple(0.03 + 0.9 * loss for loss in losses)),
            Curve(name="val_accuracy", unit="", values=tuple(1 - loss / 4.2 for loss in losses)),
        ),
        confusion=confusion,
    )  # fmt: skip
    vae = TrainingRecord(
        task="train_vae", dataset="digits", dataset_title="the 1,797 handwritten digits of scikit-learn",
        titles={"test_elbo": "test ELBO", "elbo": "ELBO"}, device="cpu", n_train=1400, n_validation=0, n_test=397, epochs=30,
        metrics={"test_elbo": -151.2345, "bits_per_dimension": 0.2783, "active_count": 7.0}, thresholds={"test_elbo": -140.0},
        curves=(Curve(name="elbo", title="ELBO", unit="nats per image", values=tuple(-150 - 300 / n for n in range(1, 31))),),
        grids=(grid("noise", torch.rand(30, 28, 28, generator=torch.Generator().manual_seed(0)), 10),),
        scatters=(scatter("codes", torch.randn(200, 2, generator=torch.Generator().manual_seed(1)), torch.arange(200) % 10),),
    )  # fmt: skip
    return classifier, vae


def drawings() -> tuple[Drawing, ...]:
    """One of every sort of picture, and one that could not be made."""
    squares = torch.linspace(-3, 3, 9) ** 2
    plane = Contours(
        title="two densities, `f` and `g`", x_label="z1", y_label="z2", x=tuple(range(9)), y=tuple(range(9)),
        layers=(layer("f", -(squares + squares[:, None])), layer("g", -(squares + 3 * squares[:, None]))),
    )  # fmt: skip
    vae = training()[1]
    return (
        Drawing(task="samples_figure", grids=vae.grids, curves=vae.curves),
        Drawing(task="contours_figure", contours=(plane,), scatters=vae.scatters),
        Drawing(task="completion_figure", why_not="`complete_image` failed: it is a stub"),
    )


def pictures() -> tuple[Picture, ...]:
    """Pictures that were handed in: one for a task, one for none, one that cannot be read."""
    buffer = io.BytesIO()
    Image.new("RGB", (120, 80), "#80a0c0").save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return (
        Picture(path="figures/Samples-figure (2).png", encoded=encoded),
        Picture(path="lab.ipynb [cell 7]", encoded=encoded),
        Picture(path="broken.jpg", why_not="it cannot be read as a picture"),
    )


def full_marks() -> GradeRecord:
    """Everything is right."""
    tasks = tuple(complete(entry[1]) for entry in CATALOGUE)
    return record(tasks=tasks, training=training()[:1], drawings=drawings(), pictures=pictures())


def template() -> GradeRecord:
    """The template handed in as it was."""
    return record(tasks=tuple(unimplemented(entry[1]) for entry in CATALOGUE), score="0.00")


def _kl_failures() -> tuple[CheckRecord, ...]:
    name = "kl_standard_normal"
    evidence = Evidence(
        called="kl_standard_normal(mean=tensor([[0.5000, -1.2500]]), log_var=tensor([[0.0000, 0.6931]]))",
        got="tensor([2.1200])",
        expected="tensor([1.0600])",
        difference="the largest error is 1.06, allowed is 1.2e-05 (float32)",
        reproduce="import torch\nfrom divergences import kl_standard_normal\n\n"
        "mean = torch.tensor([[0.5, -1.25]])\nlog_var = torch.tensor([[0.0, 0.6931]])\n"
        "print(kl_standard_normal(mean, log_var))  # should be tensor([1.0600])\n",
    )
    value = check(
        name, "value", LADDER[6][1], Outcome.FAILED, kind=FailureKind.VALUE, evidence=evidence, printed=PRINTED,
        message="`kl_standard_normal` is not what the closed form gives.",
        misconception="missing_half", misconception_text="twice ours on all 50 inputs: the factor ½ is missing.",
        help="Compare your formula with ½ Σ (σ² + μ² − 1 − log σ²); the handout's equation (7) is a misprint.",
    )  # fmt: skip
    hidden = check(
        name, "gradient", "has the gradient of the closed form", Outcome.FAILED, kind=FailureKind.EXCEPTION,
        visibility="hidden", reveal=False, weight="2.5", message="Your code raised RuntimeError.",
        evidence=Evidence(called=f"kl_standard_normal({CANARY})", got=CANARY, expected=CANARY, reproduce=CANARY),
        traceback=('  File "divergences.py", line 31, in kl_standard_normal', "    return (mean**2).numpy().sum()",
                   f"RuntimeError: cannot convert {CANARY}"),
    )  # fmt: skip
    return value, hidden


CODE = Code(
    place="divergences.py",
    first_line=28,
    text="def kl_standard_normal(mean, log_var):\n    # of the handout\n    var = log_var.exp()\n"
    "    return (mean**2).numpy().sum()",
    cut=2,
)
ABOUT = About(
    name="Astrid Lindgren", id="s1907", submitted_at="2026-03-02T02:05:00+01:00", due="2026-03-01T23:59:00+01:00"
)
ATTEMPTS = (
    Attempt(number=1, score="9.00", max_score="20.00", submitted_at="2026-02-20T10:00:00+01:00"),
    Attempt(number=2, score="11.25", max_score="20.00"),
)


def mixed() -> GradeRecord:
    """A bit of everything: misconceptions, hidden failures, carried ones, undecided ones, faults of ours."""
    kl = tuple(check("kl_standard_normal", name, title) for name, title in LADDER[:6])
    special = check(
        "kl_standard_normal", "special", LADDER[7][1], Outcome.SKIPPED, waits_for="kl_standard_normal.value"
    )
    carried = check(
        "elbo", "value", "agrees with the exact ELBO of a linear-Gaussian model", Outcome.FAILED,
        kind=FailureKind.VALUE, carried_from="kl_standard_normal", visibility="hidden", reveal=False,
        message="The ELBO is off by exactly the error of `kl_standard_normal`.",
    )  # fmt: skip
    undecided = check(
        "sample_gaussian", "moments", "draws have the right mean and variance", Outcome.INCONCLUSIVE,
        message="After 64,000 draws the variance may or may not be right.",
    )  # fmt: skip
    fault = check(
        "log_mean_exp", "value", "stays finite for weights of −10,000", Outcome.ERROR,
        message=f"HarnessFault: internal {CANARY}", printed=PRINTED,
    )  # fmt: skip
    slow = check(
        "ppca_posterior", "value", "is quick for 784 dimensions", Outcome.FAILED, kind=FailureKind.TIMEOUT,
        message="No answer within 10 seconds.",
    )  # fmt: skip
    tasks = (
        complete("gaussian_log_density"),
        complete("log_prior"),
        task("sample_gaussian", (check("sample_gaussian", "shape", LADDER[2][1]), undecided), "2.00", Outcome.PASSED),
        task("kl_standard_normal", (*kl, *_kl_failures(), special), "0.75", Outcome.FAILED, found_in="divergences.py", code=CODE),
        unimportable("ppca_posterior"),
        unimportable("ppca_fit"),
        task("elbo", (check("elbo", "shape", "returns a scalar"), carried), "1.00", Outcome.FAILED),
        task("log_mean_exp", (check("log_mean_exp", "shape", LADDER[2][1]), fault), "1.00", Outcome.ERROR),
        unimplemented("kl_gaussian"),
        unimplemented("bernoulli_log_density"),
        task("train_classifier", (slow,), "0.00", Outcome.FAILED),
        complete("train_vae"),
    )  # fmt: skip
    return record(
        tasks=tasks, training=training(), score="12.50", max_score="20.00", about=ABOUT, attempts=ATTEMPTS,
        notes=(
            Note(code="magic-removed", message="`%matplotlib inline` in cell 1 was left out.", path="my.ipynb"),
            Note(code="two-definitions", message="`elbo` is also defined here; `vae.py` was graded.", path="old.py"),
            Note(code="staff-note", message="The archive holds a `.git` folder.", audience="staff"),
        ),
        flags=(
            Flag(code="undecided", message="A check ran out of its budget.", check="sample_gaussian.moments"),
            Flag(code="network", message="The code tried to open a connection; it was stopped."),
        ),
    )  # fmt: skip


HALF = MistakeRecord(name="half_missing", text="The factor ½ is missing.", severity="slip", credit="0.6")
ARRAY = MistakeRecord(
    name="numpy_array", text="The result is a NumPy array; a tensor is asked for.", severity="form", credit="0.85"
)
DTYPE = MistakeRecord(
    name="other_dtype", text="The result has another dtype than the inputs.", severity="form", credit="0.95"
)


def explained() -> GradeRecord:
    """Tasks whose failures have names, form alone, carried failures alone, and one where a failure has no name."""
    evidence = Evidence(
        called="kl_standard_normal(mean=tensor([[0.5]]))", got="tensor([2.12])", expected="tensor([1.06])"
    )
    more: dict[str, Any] = {
        "kind": FailureKind.VALUE,
        "misconception": "half_missing",
        "misconception_text": f"{HALF.text} (on all 48 inputs: twice)",
    }
    kl = tuple(
        check(
            "kl_standard_normal",
            name,
            title,
            Outcome.FAILED,
            evidence=evidence,
            message=f"`kl` is wrong ({name}).",
            **more,
        )
        for name, title in LADDER[6:]
    )
    loop = check(
        "elbo",
        "shape",
        "returns a tensor",
        Outcome.FAILED,
        kind=FailureKind.CONTRACT,
        misconception="numpy_array",
        forms=("numpy_array",),
        given=True,
        message="the result should be a float tensor, but is a NumPy array",
    )
    elbo = (loop, check("elbo", "value", "is a bound", Outcome.FAILED, **more))
    dtype = check(
        "log_prior",
        "dtype",
        "keeps the dtype of its inputs",
        Outcome.FAILED,
        kind=FailureKind.CONTRACT,
        misconception="other_dtype",
        forms=("other_dtype",),
        given=True,
        message="the result has dtype float64",
    )
    carried = check(
        "ppca_fit",
        "value",
        "is the maximum",
        Outcome.FAILED,
        kind=FailureKind.VALUE,
        carried_from="kl_standard_normal",
        message="`ppca_fit` gives a wrong value",
    )
    nan = check(
        "gaussian_log_density",
        "extreme",
        "stays finite",
        Outcome.FAILED,
        kind=FailureKind.VALUE,
        brief="not finite",
        message="the result holds 2 entries that are NaN or infinite, of 4",
    )
    given = check("gaussian_log_density", "shape", "returns one number per example", given=True)
    half = f"{HALF.text} (on all 48 inputs: twice)"
    tasks = (
        task(
            "kl_standard_normal",
            (*(check("kl_standard_normal", n, t) for n, t in LADDER[:6]), *kl),
            "1.20",
            Outcome.FAILED,
            mistakes=(HALF,),
            diagnosis=half,
        ),
        task("elbo", elbo, "1.02", Outcome.FAILED, mistakes=(ARRAY, HALF), diagnosis=f"{half} {ARRAY.text}"),
        task("log_prior", (dtype,), "1.90", Outcome.FAILED, mistakes=(DTYPE,), diagnosis=DTYPE.text),
        task("ppca_fit", (carried,), "2.00", Outcome.FAILED),
        task("gaussian_log_density", (given, nan), "0.50", Outcome.FAILED, coerced=(ARRAY.text,)),
        complete("log_mean_exp"),
    )
    return record(tasks=tasks, score="8.62", max_score="12.00")


def _answers(
    task_id: str, title: str, given: dict[str, tuple[str, Outcome, FailureKind | None, str, str]]
) -> TaskRecord:
    """A task of short answers: prompt, outcome, kind of failure, message and what was given, by question."""
    checks = tuple(
        check(task_id, key, prompt, outcome, kind=kind, message=message, evidence=Evidence(got=got) if got else None)
        for key, (prompt, outcome, kind, message, got) in given.items()
    )
    right = sum(one.outcome is Outcome.PASSED for one in checks)
    done, points = right == len(checks), f"{2 * right / len(checks):.2f}"
    return TaskRecord(
        id=task_id, title=title, kind="answers", file="answers.yaml", signature="", points=points,
        max_points="2.00", found_in="answers.yaml", outcome=Outcome.PASSED if done else Outcome.FAILED, checks=checks,
    )  # fmt: skip


def _document(
    task_id: str, title: str, file: str, found_in: str | None, **outcomes: tuple[str, FailureKind | None, str]
) -> TaskRecord:
    """A document with its checks: title, kind of failure and message, by name."""
    checks = tuple(
        check(task_id, name, said, Outcome.FAILED if kind else Outcome.PASSED, kind=kind, message=message,
              evidence=Evidence(got=found_in) if found_in else None)
        for name, (said, kind, message) in outcomes.items()
    )  # fmt: skip
    failed = any(one.outcome is Outcome.FAILED for one in checks)
    return TaskRecord(
        id=task_id, title=title, kind="document", file=file, signature="", points="0.00" if failed else "1.00",
        max_points="1.00", found_in=found_in, outcome=Outcome.FAILED if failed else Outcome.PASSED, checks=checks,
    )  # fmt: skip


def every_kind(**more: Any) -> GradeRecord:
    """Functions, short answers, documents, work for a person, a rule that was broken, and a pass mark."""
    passed, failed, value = Outcome.PASSED, Outcome.FAILED, FailureKind.VALUE
    answers = _answers("q4", "Shapes and gains", {
        "gain": ("Steady-state gain for `q = 1`, to three decimals", passed, None, "", "0,618"),
        "order": ("Is the smoothed variance smaller than, equal to or larger than the filtered one?", failed, value,
                  "line 4: the answer `larger` is not right", "larger"),
        "shape": ("Shape of the gain for three states and two observations", failed, FailureKind.CONTRACT,
                  "line 5, `three`: a list of whole numbers is expected, such as [4, 7]", "three"),
        "word": ("What is `P` called?", failed, FailureKind.MISSING, "not answered yet", ""),
    })  # fmt: skip
    right = _answers("q5", "True or false", {
        "a": ("The gain depends on the observations", passed, None, "", "no"),
        "b": ("The smoother uses all observations", passed, None, "", "True"),
    })  # fmt: skip
    none = _answers("q6", "More questions", {
        key: (f"Question {key}", failed, FailureKind.MISSING, "not answered yet", "") for key in "abc"
    })  # fmt: skip
    report = _document(
        "report", "Report", "*.pdf", "report.pdf",
        present=("is handed in as *.pdf", None, ""),
        pages=("has at most 5 pages", value, "`report.pdf` has 6 pages; at most 5 are asked for"),
    )  # fmt: skip
    missing = "no file called `README*` was handed in"
    readme = _document(
        "readme", "Read me", "README*", None,
        present=("is handed in as README*", FailureKind.MISSING, missing),
        mentions=("mentions name, tools used", FailureKind.MISSING, missing),
    )  # fmt: skip
    waiting = (
        Waiting(id="derivation", title="Derivation of the update", max_points="2.00",
                what="The ½ comes from completing the square; full marks for either way.", files=("report.pdf", "notes/p1.png")),
        Waiting(id="figure", title="Figure of the trajectories", max_points="1.50", what="Are the axes named?", file="*.png"),
    )  # fmt: skip
    broken = "vae.py, line 12: `from torch import distributions` uses torch.distributions, which this assignment does not allow."
    fields: dict[str, Any] = {
        "tasks": (complete("log_prior"), unimplemented("kl_gaussian"), answers, right, none, report, readme),
        "score": "4.50", "max_score": "12.00", "waiting": waiting, "pass_mark": "6.00", "passed": False,
        "notes": (Note(code="forbidden-import", message=broken, path="vae.py"),
                  Note(code="magic-removed", message="cell 2: `%timeit` was not run", path="a.ipynb")),
    }  # fmt: skip
    return record(**(fields | more))


def rejected() -> GradeRecord:
    """A submission that cannot be read."""
    message = "`submission.zip` is damaged: the file ends before the archive does. Please zip the folder again."
    return record(status="rejected", score=None, max_score=None, message=message)


def error() -> GradeRecord:
    """A fault of the grader."""
    return record(status="error", score=None, max_score=None, message=f"SandboxFault: root died\n{CANARY}")


def hostile(text: str) -> GradeRecord:
    """A record in which every free string is `text`, on every path of the templates."""

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            keep = key not in ("provenance", "timing", "metrics", "thresholds")
            return {(name if keep else f"{name} {text}"): poison(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [poison(item, key) for item in value]
        fixed = (
            "outcome",
            "kind",
            "visibility",
            "audience",
            "status",
            "schema_version",
            "weight",
            "carried_from",
            "carry",
            "pass_mark",
        )
        return (
            f"{value}{text}" if isinstance(value, str) and key not in fixed and value != "forbidden-import" else value
        )

    other, fields = every_kind(), mixed()
    both = fields.model_copy(
        update={name: getattr(other, name) for name in ("waiting", "pass_mark", "passed")}
        | {"drawings": drawings(), "pictures": pictures()}
        | {"tasks": (*fields.tasks, *other.tasks[2:]), "notes": (*fields.notes, *other.notes)}
    )
    return GradeRecord.model_validate(poison(both.model_dump(mode="json")))


def two_broken_files() -> GradeRecord:
    """Two files with a syntax error each, and what waits for them."""
    other = unimportable("elbo")
    fault = other.checks[0].model_copy(
        update={
            "message": "vae.py cannot be run: IndentationError: unexpected indent (vae.py, line 3)",
            "traceback": ('File "vae.py", line 3, in <module>', "    return x", "    ^^^^^^"),
        }
    )
    tasks = (unimportable("ppca_fit"), unimportable("ppca_posterior"), other.model_copy(update={"checks": (fault,)}))
    return record(tasks=tasks, score="0.00", max_score="6.00")


RECORDS: dict[str, Callable[[], GradeRecord]] = {
    "full marks": full_marks,
    "mixed": mixed,
    "explained": explained,
    "template": template,
    "two broken files": two_broken_files,
    "every kind": every_kind,
    "rejected": rejected,
    "error": error,
}
"""One record of every sort."""
