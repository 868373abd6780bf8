"""What a report tells a student to paste into Python shows the student the same failure."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .tools import Grade, check, write

BROKEN = {
    "densities.py": (
        "import torch\n"
        "def sample_gaussian(mean, log_var, generator=None):\n"
        "    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)\n"
        "    return (mean + torch.exp(0.5 * log_var) * noise)[:, :1]\n"
        "def gaussian_log_density(x, mean, log_var):\n"
        "    return torch.stack([(-0.5 * (1.8378770664093453 + v + (a - m) ** 2 / v.exp())).sum()\n"
        "                        for a, m, v in zip(x, mean, log_var)])\n"
        "def bernoulli_log_density(x, logits):\n"
        "    if len(x) > 1:\n"
        "        raise ValueError(f'{len(x)} are too many')\n"
        "    return x * logits - torch.nn.functional.softplus(logits)\n"
    ),
    "divergences.py": (
        "def kl_standard_normal(mean, log_var):\n    return (log_var.exp() + mean ** 2 - 1 - log_var).sum(-1)\n"
    ),
    "ppca.py": (
        "import torch\n"
        "def ppca_fit(X, n_components):\n"
        "    mu = X.mean(0)\n"
        "    values, vectors = torch.linalg.eigh((X - mu).T @ (X - mu))\n"
        "    sigma2 = values[:-n_components].mean()\n"
        "    W = vectors[:, -n_components:] * (values[-n_components:] - sigma2).sqrt()\n"
        "    return W, mu + 1, sigma2\n"
    ),
    "vae.py": (
        "import torch\n"
        "def elbo(x, encoder, decoder, n_samples=1, generator=None):\n"
        "    mean, log_var = encoder(x)\n"
        "    z = mean + torch.randn(mean.shape, generator=generator, dtype=mean.dtype)\n"
        "    return decoder(z).sum(-1)\n"
    ),
}
SHOWS = {
    "sample_gaussian.contract": "got",
    "bernoulli_log_density.contract": "too many",
    "kl_standard_normal.golden": "got",
    "ppca_fit.centre": "got",
    "elbo.contract": "got",
}
"""What must be read again when the snippet runs: what the report says came back, or a piece of an exception."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission in which every public check of these tasks can fail."""
    return write(tmp_path_factory.mktemp("broken"), dict(BROKEN))


def run(folder: Path, source: str) -> str:
    """Run a snippet as a student does, beside the submission."""
    done = subprocess.run([sys.executable, "-c", source], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def numbers(text: str) -> list[float]:
    """Return the numbers in a printed value."""
    return [float(part) for part in re.findall(r"-?\d+\.\d*(?:e[+-]?\d+)?", text)]


def test_snippets_show_the_failure(grade: Grade, folder: Path) -> None:
    """Every public check that failed has a snippet; run beside the submission, it prints what the report says came back."""
    tasks = (
        "sample_gaussian",
        "gaussian_log_density",
        "bernoulli_log_density",
        "kl_standard_normal",
        "ppca_fit",
        "elbo",
    )
    record = grade(folder, tasks)
    failed = {c.id: c for t in record.tasks for c in t.checks if c.outcome == "failed" and c.visibility == "public"}

    assert set(SHOWS) < set(failed)
    for check_id, shows in SHOWS.items():
        evidence = check(record, check_id).evidence
        assert evidence is not None, check_id
        assert evidence.reproduce, check_id
        printed = run(folder, evidence.reproduce)
        if shows != "got":
            assert shows in printed, check_id
            continue
        wanted = numbers(evidence.got)
        near = [any(abs(a - b) <= 1e-3 * max(1.0, abs(b)) for a in numbers(printed)) for b in wanted]
        assert wanted, evidence.got
        assert all(near), (check_id, evidence.got, printed)


def test_hidden_checks_show_no_input(grade: Grade, folder: Path) -> None:
    """What a hidden check asked with stays with the graders, unless the rubric reveals it."""
    record = grade(folder, ("kl_standard_normal",))
    hidden = [c for t in record.tasks for c in t.checks if c.outcome == "failed" and c.visibility == "hidden"]

    assert hidden
    assert not any(c.reveal for c in hidden)
