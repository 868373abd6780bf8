"""Each of the five courses can run its own assignment: points as its handout prints them, its rules, its template."""

import io
import re
from decimal import Decimal

import pytest
from pypdf import PdfWriter

from autograder.assignment.template import LABS, build_template
from tests.submissions import build

from .tools import ROOT, SUBMISSIONS, explain, task, write

COURSES = {"uppsala": 16, "dtu": 26, "lab1": 14, "toronto": 48, "huji": 100}
"""By track: its points; where a handout has none, each task is worth one."""
TORONTO = [
    (5, ["log_prior", "decoder", "log_likelihood", "joint_log_density"]),
    (13, ["encoder", "gaussian_log_density", "elbo", "vae_loss", "train_vae", "evaluate_elbo"]),
    (15, ["ancestral_sample", "samples_figure", "latent_figure", "interpolate", "interpolation_figure"]),
    (5, ["top_half", "log_likelihood_top", "log_joint_top"]),
    (5, ["svi_elbo", "fit_top_posterior", "contours_figure", "complete_image", "completion_figure"]),
    (5, ["inference_questions"]),
]
"""The sections of the handout, the last one in its three parts: points, and the tasks that they are split over."""
HUJI = (30, ["ConvClassifier", "evaluate_classifier", "train_classifier", "validation_curves"])
CHEAP = ("gaussian_log_density", "kl_standard_normal", "log_prior", "log_likelihood_by_digit", "inference_questions")
"""Tasks that are checked in a moment: what they are worth is arithmetic, and other tests ask whether the checks pass."""


def test_points_are_those_of_the_handouts(rubric):
    """Every course has a track; Toronto's sections and HUJI's two add up as printed."""
    assert {name: rubric.for_track(name).points for name in COURSES} == COURSES
    assert rubric.for_track("full").points == 100
    assert set(rubric.tracks) == {"full", "functions", *COURSES}
    assert sum(points for points, _ in TORONTO) == COURSES["toronto"]
    for track, points, tasks in [*(("toronto", *section) for section in TORONTO), ("huji", *HUJI)]:
        assert sum(rubric.for_track(track).task(name).points for name in tasks) == points


def test_every_task_belongs_to_a_course_or_is_optional(rubric):
    """What no course asks for is what a handout provides, or calls optional."""
    asked = {task.id for name in COURSES for task in rubric.for_track(name).tasks}
    assert {task.id for task in rubric.tasks} - asked == {
        "continuous_bernoulli_log_density",  # optional in DTU's exercise 1.7
        "ConvEncoder",  # optional: 1.8
        "ConvDecoder",
        "train_hierarchical_vae",  # run, and not written, in Uppsala's notebook 4.4
        "sample_bernoulli",  # provided in Toronto
        "balanced_subset",  # provided by HUJI
    }


def test_work_for_people_says_how_it_is_graded(rubric):
    """Whoever grades it reads where it is asked for and what earns points."""
    for entry in rubric.tasks:
        if entry.kind == "person":
            assert entry.what.split()[0].rstrip(".,") in ("Uppsala", "DTU", "Lab", "Toronto", "HUJI"), entry.id


@pytest.mark.parametrize("track", COURSES)
def test_a_correct_submission_has_every_point_of_a_track(grade, tmp_path, rubric, track):
    """With the documents that a track asks for; what people grade waits and is no part of the score."""
    files = {**build.correct(), "README.md": "Ada Lovelace, ada", "report.pdf": _pdf(5)}
    del files["added.py"]  # copies from the reference, which may use what Toronto does not allow
    plain = rubric.for_track(track)
    cheap = tuple(t.id for t in plain.tasks if t.id in CHEAP)
    record = grade(write(tmp_path / "work", files), cheap, track=track)

    assert record.score == record.max_score, explain(record)
    assert record.deductions == (), explain(record)
    assert record.flags == (), explain(record)
    for done in record.tasks:
        assert Decimal(done.points) == plain.task(done.id).points


def test_distributions_are_noticed_where_they_are_not_allowed(grade, rubric):
    """The values earn their points; the rule is broken once, with the line, and costs what the rubric says."""
    plain = rubric.for_track("toronto")
    record = grade(SUBMISSIONS / "variant_distributions", ("gaussian_log_density", "log_prior"), track="toronto")

    assert task(record, "log_prior").points == "1.00", explain(record)
    assert [d.points for d in record.deductions] == [f"{plain.policies.costs}.00"]
    assert any(re.search(r"line \d", note.message) and "torch.distributions" in note.message for note in record.notes)


def test_what_huji_asks_for_beside_the_code(grade, tmp_path):
    """No README and a report that is too long cost what the rubric says, and the grading goes on."""
    files = {**build.correct(), "report.pdf": _pdf(6)}
    record = grade(write(tmp_path / "work", files), ("gaussian_log_density",), track="huji")

    assert task(record, "gaussian_log_density").points == "2.00", explain(record)
    assert sorted(d.points for d in record.deductions) == ["1.00", "5.00"], explain(record)
    assert record.score == "0.00"  # never below


@pytest.mark.parametrize("track", COURSES)
def test_a_template_holds_the_tasks_of_its_track_only(assignment, rubric, track):
    """A student of one course sees nothing of the others', but where an author's notebook says so (`test_labs.py`)."""
    template = build_template(assignment, rubric.check_ids(), track)
    own = [path.stem + ".ipynb" for path in (assignment.folder / LABS).glob("*.md")]
    text = "\n".join(content for name, content in template.items() if name not in own)
    plain = rubric.for_track(track)
    for entry in rubric.tasks:
        if entry.kind in ("function", "training"):
            assert (f"def {entry.id}(" in text) == (entry.id in {t.id for t in plain.tasks})


def _pdf(pages: int) -> bytes:
    """Return a PDF of so many empty pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_page_about_tracks_is_true(rubric):
    """`docs/tracks.md` has a row for each track: its points, those of checks and those of people."""
    page = (ROOT / "docs" / "tracks.md").read_text(encoding="utf-8")
    for name in rubric.tracks:
        plain = rubric.for_track(name)
        by_hand = sum((t.points for t in plain.tasks if not t.checks), Decimal(0))
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        numbers = [f"{points.normalize():f}" for points in (plain.points, plain.points - by_hand, by_hand)]
        assert [cell.strip() for cell in row.split("|")[3:6]] == numbers, name
    assert f"passed with {rubric.tracks['uppsala'].pass_mark} of {COURSES['uppsala']}" in page
