"""One submission that attacks whoever reads its reports, graded for real; the reports are opened in a real browser."""

import browser
import pytest
from browser import INERT, LIVE, Seen

from autograder.report import staff_page, student_page
from autograder.report.redact import for_student

from .tools import explain, write

TEXTS = [*LIVE.values(), *INERT.values()]
WORDS = " ".join(TEXTS)
TASKS = ("kl_standard_normal", "log_mean_exp", "elbo", "vae_loss", "ppca_fit", "train_classifier")

HOSTILE = f"""
'''{WORDS.translate(dict.fromkeys(map(ord, chr(92) + chr(39) + chr(0))))}'''
import itertools
import torch

TEXTS = {TEXTS!r}
turn = itertools.cycle(TEXTS)
print(*TEXTS)


class Loud(Exception):
    pass


def loud(kind=Exception):
    text = next(turn)
    raise type(text.replace(chr(0), "") or "x", (kind,), {{}})(" ".join([text, *TEXTS])[:1900])


def kl_standard_normal(mean, log_var):
    print(*TEXTS)
    loud()


def log_mean_exp(log_w):
    return type(TEXTS[0], (), {{}})()


def elbo(x, encoder, decoder, n_samples=1, generator=None):
    eval(compile("loud()  # <img src=x: onerror=alert(1)>", TEXTS[5].replace(chr(0), ""), "exec"))


def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    return {{text: text for text in TEXTS}}


def ppca_fit(X, n_components):
    return TEXTS[10], TEXTS[11], TEXTS[12]


def train_classifier(images, labels, val_images, val_labels, *, epochs, batch_size, learning_rate, device, seed):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    return model, {{text: [1.0] * epochs for text in TEXTS}} | {{"train_loss": [1.0] * epochs, "<script>": [0.5] * epochs}}


loud(ValueError)
"""

LOUD_MODULE = "raise type({0!r}, (Exception,), {{}})({0!r})\n"


@pytest.mark.parametrize("page", ["student", "staff"])
def test_reports_of_a_hostile_submission_do_nothing(page, reports, chromium):
    """No script, no request, nothing for the policy to stop, no element that could do anything."""
    assert chromium.open(reports[page]) == Seen()


def test_its_words_are_shown(reports):
    """The attack is in the pages, as text: what was opened above was not an empty page."""
    for name, html in reports.items():
        assert html.count("&lt;script&gt;") > 5, name
        assert html.count("onerror=") > 5, name
        assert "leak.evil.example" in html, name


@pytest.fixture(scope="module")
def reports(grade, tmp_path_factory):
    """The two pages, by name."""
    files = {f"{name}.py": LOUD_MODULE.format(name) for name in ("a<img src=x: onerror=alert(1)>", "b'\" onload=x ")}
    folder = write(tmp_path_factory.mktemp("hostile"), {"<svg onload=alert(1)>/work.py": HOSTILE, **files})
    record = grade(folder.rename(folder.with_name("<b>name<script>")), TASKS, training=True)
    assert record.status == "graded", explain(record)
    return {"student": student_page(for_student(record)), "staff": staff_page(record)}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """One browser for both pages."""
    with browser.started(tmp_path_factory.mktemp("browser")) as running:
        yield running
