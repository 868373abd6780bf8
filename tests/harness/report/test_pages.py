"""The two pages as a whole: what stands in them, and what never does."""

from __future__ import annotations

import base64
import hashlib
import re
from decimal import Decimal
from itertools import pairwise

import factories
import pytest
from pages import ALLOWED, Structure

from autograder.records import (
    About,
    CheckRecord,
    Drawing,
    FailureKind,
    GradeRecord,
    ManualPoints,
    MistakeRecord,
    Note,
    Outcome,
    Picture,
    Waiting,
)
from autograder.report import staff_page, student_page, words
from autograder.report.handed_in import lateness

PAGES = {"student": student_page, "staff": staff_page}


@pytest.fixture(scope="module", params=[(page, name) for page in PAGES for name in factories.RECORDS], ids=" ".join)
def html(request: pytest.FixtureRequest) -> str:
    """Every page of every realistic record."""
    page, name = request.param
    return PAGES[page](factories.RECORDS[name]())


@pytest.fixture(scope="module")
def student() -> str:
    """The student page with a bit of everything."""
    return student_page(factories.mixed())


@pytest.fixture(scope="module")
def staff() -> str:
    """The staff page with a bit of everything."""
    return staff_page(factories.mixed())


def test_a_page_is_made_of_known_elements_and_attributes_only(html: str) -> None:
    """No script, style attribute, event handler, form or frame is in any page."""
    assert Structure.of(html).seen <= ALLOWED


def test_a_page_refers_to_nothing_outside_itself(html: str) -> None:
    """Every reference points into the page."""
    structure = Structure.of(html)

    assert "http://" not in html
    assert "https://" not in html
    assert all(reference.startswith("#") for reference in structure.references)
    assert {reference.removeprefix("#") for reference in structure.references} <= set(structure.ids)


def test_ids_are_unique(html: str) -> None:
    """No id occurs twice, so every link has one target."""
    ids = Structure.of(html).ids

    assert sorted(set(ids)) == sorted(ids)


def test_elements_are_properly_nested(html: str) -> None:
    """Every element that is opened is closed, in order."""
    assert Structure.of(html).misnested == []


def test_the_content_security_policy_comes_first_and_allows_this_style_sheet_only(html: str) -> None:
    """The policy is the first element of the head, and its hash is that of the inlined style."""
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policy = re.search(r'<head>\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)

    assert len(style) == 1
    assert policy is not None
    for rule in ("default-src 'none'", f"style-src 'sha256-{digest}'", "base-uri 'none'", "form-action 'none'"):
        assert rule in policy[1].replace("&#39;", "'")


def test_a_page_states_language_and_one_heading_of_the_first_level(html: str) -> None:
    """A screen reader learns the language and finds one title; heading levels are never skipped."""
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", html)]

    assert '<html lang="en">' in html
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_the_same_record_gives_the_same_bytes(page) -> None:  # type: ignore[no-untyped-def]
    """A page depends on its record and on nothing else."""
    assert page(factories.mixed()).encode() == page(factories.mixed()).encode()


def test_the_student_page_has_no_hidden_evidence(student: str, staff: str) -> None:
    """Hidden input stands on the staff page only, even where an exception quotes it."""
    assert factories.CANARY not in student
    assert factories.CANARY in staff
    assert "line 31, in kl_standard_normal" in student


def test_the_student_page_of_an_error_tells_nothing_of_our_insides() -> None:
    """Our own error message is for staff."""
    assert factories.CANARY not in student_page(factories.error())
    assert factories.CANARY in staff_page(factories.error())


def test_printed_output_stands_on_the_staff_page_only(student: str, staff: str) -> None:
    """What the student's code printed is for staff."""
    assert factories.PRINTED not in student
    assert factories.PRINTED in staff


def test_staff_matters_stand_on_the_staff_page_only(student: str, staff: str) -> None:
    """Flags, staff notes, check ids, weights, timing and provenance are not for students."""
    wanted = ("tried to open a connection", "staff-note", "kl_standard_normal.gradient", "weight 2.5", "bubblewrap")

    for text in (*wanted, "Timing", "Provenance", "20240917", "3.220"):
        assert text in staff
        assert text not in student


def test_flags_come_before_everything_else_of_the_staff_page(staff: str) -> None:
    """What a person must look at is seen without scrolling."""
    assert staff.index("To look at: 2 flags") < staff.index("About the submission") < staff.index("Overview")


def test_the_header_says_assignment_submission_and_score(student: str) -> None:
    """The first screen answers what it is about."""
    flat = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", student))

    for text in ("Latent-variable models", "lindgren_astrid", "12.50 of 20.00"):
        assert text in flat


def test_the_overview_links_to_every_task(student: str) -> None:
    """Each task of the record has a row that leads to it."""
    for task in factories.mixed().tasks:
        assert f'href="#task-{task.id}"' in student
        assert f'id="task-{task.id}"' in student


def test_a_revealed_failure_has_all_its_evidence(student: str) -> None:
    """A public check shows call, result, expectation, difference and a snippet."""
    wanted = (
        "Called",
        "Got",
        "tensor([2.1200])",
        "Expected",
        "tensor([1.0600])",
        "How far off",
        "paste this into Python",
    )

    for text in (*wanted, "This looks like:", "the factor ½ is missing", "Hint:"):
        assert text in student


def test_a_carried_failure_is_not_charged_again(student: str) -> None:
    """It says so, and leads to the task that it comes from."""
    link = '<a href="#task-kl_standard_normal"><code>kl_standard_normal</code></a>'
    assert f"Not charged again:</b> comes from {link}. With that function right, this check passes." in student


def test_what_a_carried_failure_costs_is_what_the_rubric_says() -> None:
    """The sentence follows the record's `carry`, also for a check that waits for a carried one and for several origins."""
    record = factories.mixed()
    elbo = next(task for task in record.tasks if task.id == "elbo")
    waiting = elbo.checks[1].model_copy(
        update={"outcome": Outcome.SKIPPED, "kind": None, "carried_from": "kl_standard_normal and log_mean_exp"}
    )
    changed = elbo.model_copy(update={"checks": (*elbo.checks, waiting)})
    tasks = tuple(changed if task is elbo else task for task in record.tasks)
    page = student_page(record.model_copy(update={"tasks": tasks, "carry": "half"}))

    assert page.count("Charged by half:</b> comes from") == 2
    assert "log_mean_exp</code></a>. With those functions right, this check passes." in page


# ------------------------------------------------------------------------------------------------- named mistakes


def section(page: str, task_id: str) -> str:
    """The section of one task, with its tags."""
    start = page.index(f'id="task-{task_id}"')
    return page[start : page.index("</section>", start)]


@pytest.fixture(scope="module")
def explained() -> str:
    """The student page with tasks whose failures have names."""
    return student_page(factories.explained())


def test_a_diagnosis_is_said_once_for_a_task(explained: str) -> None:
    """Not once for each check that failed for it; these are listed below it, without hints of their own."""
    shown = section(explained, "kl_standard_normal")

    assert flat("</style>" + shown).count("The factor ½ is missing.") == 1
    assert "(on all 48 inputs: twice)" in shown
    assert "2 checks failed for this reason" in shown
    assert "This looks like:" not in shown
    assert "Hint:" not in shown
    assert shown.count('<dl class="evidence">') == 1
    assert "`" not in flat("</style>" + shown)


def test_the_price_is_a_sentence(explained: str) -> None:
    """The points, how grave it is, and what is kept; with several, of each and together."""
    assert "1.20 of 2.00: a slip keeps 60 %." in flat("</style>" + section(explained, "kl_standard_normal"))
    assert "1.90 of 2.00: right, in another form keeps 95 %." in flat("</style>" + section(explained, "log_prior"))
    both = flat("</style>" + section(explained, "elbo"))
    assert "1.02 of 2.00: right, in another form keeps 85 %, a slip keeps 60 %: together 51 %." in both
    assert "keeps" not in section(explained, "ppca_fit")


def test_the_name_of_a_mistake_is_for_staff(explained: str) -> None:
    """Students read sentences."""
    staff = staff_page(factories.explained())

    assert "numpy_array (form, 0.85), half_missing (slip, 0.6)" in re.sub(r"\s+", " ", staff)
    assert "half_missing" not in explained


def test_no_red_cross_where_form_alone_is_wrong_or_nothing_was_lost(explained: str) -> None:
    """Neither in the overview nor at the task; what is wrong in substance has one in both places."""
    overview = explained[explained.index('id="overview"') : explained.index("</section>")]
    for task in factories.explained().tasks:
        look = {"log_prior": "form", "ppca_fit": "form", "log_mean_exp": "passed"}.get(task.id, "failed")
        row = next(row for row in overview.split("</tr>") if f"#task-{task.id}" in row)
        assert f'<span class="mark {look}">' in row
        heading = re.search(r'<p class="taskstate"><span class="mark (\w+)">', section(explained, task.id))
        assert heading is not None
        assert heading[1] == look
        assert f"{words.SYMBOLS[look]}</span>" in row


def test_the_summary_counts_form_and_carried_failures_apart(explained: str) -> None:
    """What is right but for its form, and what fails because of others, are no failures among the others."""
    assert (
        "6 tasks: 1 complete, 1 right but for their form, 1 failing only because of others, 3 with failed checks."
        in flat(explained)
    )


def test_what_is_earned_in_proportion_is_said(explained: str) -> None:
    """Where checks of form passed and the substance did not earn everything; nowhere else."""
    assert words.IN_PROPORTION in section(explained, "gaussian_log_density")
    assert explained.count(words.IN_PROPORTION) == 1


def test_what_was_undone_is_said(explained: str) -> None:
    """In the words of the fault, once."""
    shown = section(explained, "gaussian_log_density")
    assert "Judged all the same: The result is a NumPy array; a tensor is asked for." in shown
    assert explained.count("Judged all the same") == 1


def test_a_state_says_what_is_wrong(explained: str) -> None:
    """The overview has the sentences of the mistakes, or in a few words what a check found."""
    text = flat(explained)
    assert "≈ The result has another dtype than the inputs." in text
    assert "✗ not finite; 1 of 2 checks passed" in text
    assert "≈ fails only because of kl_standard_normal; 0 of 1 check passed" in text
    assert "✗ right, in another form and a slip; 0 of 2 checks passed" in text


def test_a_price_that_is_no_number_is_left_out() -> None:
    """A record that somebody wrote by hand breaks no page."""
    record = factories.explained()
    odd = record.tasks[0].model_copy(update={"mistakes": (factories.HALF.model_copy(update={"credit": "much"}),)})
    page = student_page(record.model_copy(update={"tasks": (odd,)}))
    assert "The factor ½ is missing." in page


def test_points_given_by_hand() -> None:
    """They are added to the score, with their reason, which is text whatever it says; the author is for staff."""
    entry = ManualPoints(task="elbo", points=Decimal("-0.5"), reason="<script>x</script> `elbo`", author="Kim Xü <b>")
    graded = factories.full_marks().model_copy(update={"automatic_score": "12.00"}).with_manual([entry])
    student, staff = student_page(graded), staff_page(graded)

    for page in (student, staff):
        assert '<span class="amount">11.50</span>' in page
        assert "<b>-0.50</b> for" in page
        assert "&lt;script&gt;x&lt;/script&gt; <code>elbo</code>" in page
        assert "The checks gave 12.00; with these points it is 11.50." in page
    assert "Kim Xü &lt;b&gt;" in staff
    assert "Kim Xü" not in student


def test_a_task_that_calls_a_missing_function_is_not_missing() -> None:
    """It is shown with its own checks, not among the functions that are not implemented."""
    failed = CheckRecord(
        id="elbo.contract", title="exists", visibility="public", reveal=True, weight="1", outcome=Outcome.FAILED,
        kind=FailureKind.MISSING, message="calls `kl`, which is not implemented yet", carried_from="kl",
    )  # fmt: skip
    record = factories.mixed()
    elbo = next(task for task in record.tasks if task.id == "elbo").model_copy(update={"checks": (failed,)})
    page = student_page(record.model_copy(update={"tasks": (elbo,)}))

    assert "fails only because of kl; 0 of 1 check passed" in page
    assert "Not implemented yet" not in page


def test_skipped_checks_are_one_line_with_what_they_wait_for(student: str) -> None:
    """A student reads the title of the check to mend, not its id."""
    assert "1 check not run</span></span>: it waits for “agrees with the closed form on ordinary inputs”" in student


def test_a_file_that_cannot_be_imported_is_told_once(student: str) -> None:
    """Two tasks of the same broken file share one message."""
    assert student.count("was never closed (line 41)") == 1
    assert "These 2 tasks wait for it" in student


def test_an_untouched_template_is_a_short_list() -> None:
    """A task that is not implemented is one entry, without its skipped checks."""
    html = student_page(factories.template())

    assert html.count('<h2 id="missing">Not implemented yet</h2>') == 1
    assert "Task by task" not in html
    assert "keeps the dtype of its inputs" not in html
    assert len(factories.CATALOGUE) == html.count("is still the stub of the template")


@pytest.fixture(scope="module")
def kinds() -> str:
    """The student page with every kind of work, as text."""
    return flat(student_page(factories.every_kind()))


def flat(html: str) -> str:
    """The text of a page on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html.split("</style>")[1]))


def test_an_answer_shows_prompt_verdict_and_what_was_given(kinds: str) -> None:
    """Right ones, wrong ones, those in another form, and those not given."""
    assert "✗ not right Is the smoothed variance smaller than, equal to or larger than the filtered one?" in kinds
    assert "line 4: the answer larger is not right" in kinds
    assert "✗ not in the form that is asked for Shape of the gain for three states" in kinds
    assert "✗ not answered yet What is P called?" in kinds
    assert "✓ 1 answer right Found in answers.yaml" not in kinds
    assert "Steady-state gain for q = 1, to three decimals 0,618" in kinds
    assert "1 of 4 answers right, 1 not answered yet" in kinds
    assert "Got" not in kinds


def test_what_is_no_function_is_not_called_one(kinds: str) -> None:
    """A document and answers have no signature, are not implemented or not, and return nothing."""
    page = student_page(factories.every_kind())
    absent = page[page.index('id="absent"') :]

    assert "7 tasks: 2 complete, 2 with failed checks, 1 not implemented yet, 2 not answered or not handed in." in kinds
    assert "not as it is asked for; 1 of 2 checks passed" in kinds
    assert "report.pdf has 6 pages; at most 5 are asked for" in kinds
    assert '<code class="signature"></code>' not in page
    assert "no file called <code>README*</code> was handed in" in absent
    assert flat("</style>" + absent).count("not answered yet") == 1
    assert page.count("returns the wrong kind of result") == page.count("gives a wrong result") == 0


def test_work_for_a_person_is_said_to_wait() -> None:
    """Points, title and files are for everybody; what graders are told is for staff."""
    record = factories.every_kind()
    student, staff = flat(student_page(record)), flat(staff_page(record))

    for page in (student, staff):
        assert "2.00 points wait for a person: Derivation of the update (report.pdf, notes/p1.png)" in page
        assert "1.50 points wait for a person: Figure of the trajectories (nothing was handed in for it)" in page
    assert "completing the square" in staff
    assert "completing the square" not in student


def test_much_work_for_people_is_folded_for_students() -> None:
    """Thirty figures and derivations would stand before the overview; whoever grades them sees them all."""
    (one, _) = factories.every_kind().waiting
    record = factories.every_kind(waiting=tuple(one.model_copy(update={"id": f"w{n}"}) for n in range(5)))

    assert "<summary>5 tasks</summary>" in student_page(record)
    assert "<summary>5 tasks</summary>" not in staff_page(record)
    assert "10.00 points wait for a person: they are no part of the score above" in flat(student_page(record))


@pytest.mark.parametrize("page", [student_page, staff_page])
def test_work_waits_for_a_person_where_there_is_no_grade_either(page) -> None:  # type: ignore[no-untyped-def]
    """Our own failure takes the score away; the page says what happened all the same."""
    record = factories.every_kind(status="error", score=None, max_score=None, automatic_score=None)
    assert "3.50 points wait for a person: no score holds them yet." in flat(page(record))


def test_work_that_a_person_graded_waits_no_more() -> None:
    """With points of its own it leads to them; the total and the pass mark follow."""
    entries = tuple(
        ManualPoints(task=task, points=Decimal(points), reason="Right.", author="mk")
        for task, points in (("derivation", "1.5"), ("figure", "0"))
    )
    page = flat(student_page(factories.every_kind(manual=entries)))

    assert "2.00 points at most, graded below: Derivation of the update" in page
    assert "wait for a person" not in page
    assert "passed: 6.00 points, 6.00 are needed" in page


@pytest.mark.parametrize(
    ("fields", "words_of_it"),
    [
        ({"passed": True, "score": "12.00", "pass_mark": "10.00"}, "✓ passed: 12.00 points, 10.00 are needed"),
        ({}, "– not passed yet: 4.50 points, 6.00 are needed; 3.50 points wait for a person"),
        ({"waiting": ()}, "✗ not passed: 4.50 points, 6.00 are needed"),
        ({"passed": None, "score": "6.00"}, "✓ passed: 6.00 points, 6.00 are needed"),
    ],
)
def test_whether_a_track_is_passed(fields: dict[str, object], words_of_it: str) -> None:
    """The header says it in words, with the points that are needed."""
    assert words_of_it in flat(student_page(factories.every_kind(**fields)))


def test_nothing_is_passed_or_not_where_there_is_no_mark() -> None:
    """Tracks with points say nothing of passing, and neither does a record without a score."""
    for record in (factories.every_kind(pass_mark=None, passed=None), factories.every_kind(score=None, passed=None)):
        assert "points needed" not in student_page(record)


def test_rules_that_were_broken_have_a_section_of_their_own(kinds: str) -> None:
    """They are not among the other remarks."""
    assert "Rules of the assignment Your submission uses something that this assignment does not allow." in kinds
    assert kinds.count("uses torch.distributions, which this assignment does not allow.") == 1
    assert "Rules of the assignment" not in student_page(factories.mixed())


def test_records_from_before_are_read() -> None:
    """A `result.json` without the newer fields loads, with functions, nothing waiting and no pass mark."""
    old = factories.full_marks().model_dump(mode="json")
    for name in ("waiting", "passed", "pass_mark"):
        del old[name]
    for task in old["tasks"]:
        del task["kind"]
    record = GradeRecord.model_validate(old)

    assert record == factories.full_marks()
    assert (record.waiting, record.passed, record.pass_mark, record.passes()) == ((), None, None, None)
    assert {task.kind for task in record.tasks} == {"function"}


def test_a_rejected_submission_gets_the_reason_and_what_to_do() -> None:
    """There is no score, and no blame."""
    html = student_page(factories.rejected())

    for text in (words.REJECTED_PAGE, "the file ends before the archive does", "hand in again"):
        assert text in html
    assert "points" not in html.split("</style>")[1]


def test_an_error_of_ours_costs_nothing() -> None:
    """The student reads that the fault is ours and that nothing is lost."""
    html = student_page(factories.error())

    assert "because of a fault of the grader" in html
    assert "You lose nothing" in html


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_readable_text(outcome: Outcome) -> None:
    """No page shows a bare enumeration value where a person expects words."""
    check = factories.check("elbo", "shape", "returns a scalar", outcome, waits_for="elbo.defined")
    record = factories.record(tasks=(factories.task("elbo", (check,), "0.00", outcome),))

    assert outcome in words.OUTCOMES
    assert outcome in words.SYMBOLS
    assert "returns a scalar" in student_page(record)
    assert "returns a scalar" in staff_page(record)


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_has_a_readable_text(kind: FailureKind) -> None:
    """A failure without a message still says in words what kind of failure it is."""
    check = factories.check("elbo", "value", "is a lower bound", Outcome.FAILED, kind=kind)
    passed = factories.check("elbo", "shape", "returns a scalar")
    record = factories.record(tasks=(factories.task("elbo", (check, passed), "0.00", Outcome.FAILED),))

    assert words.KINDS[kind] in student_page(record)


def test_a_hidden_check_may_be_revealed_by_the_rubric() -> None:
    """Evidence follows `reveal`, not the visibility of the source."""
    evidence = {"called": "elbo(...)", "got": "tensor(-93.7)", "expected": "tensor(-92.1)"}
    check = factories.check(
        "elbo", "value", "is right", Outcome.FAILED, kind="value", visibility="hidden", evidence=evidence
    )
    record = factories.record(tasks=(factories.task("elbo", (check,), "0.00", Outcome.FAILED),))

    assert "tensor(-93.7)" in student_page(record)


def test_a_graded_record_without_a_score_says_so() -> None:
    """A missing score is never drawn as zero."""
    assert "Graded, without a score." in student_page(factories.record(score=None))


def test_a_training_run_is_told_in_words_and_figures(student: str) -> None:
    """Data, device, amounts, epochs and measured figures against their thresholds."""
    flat = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", student))

    for text in ("MNIST", "The 1,797 handwritten digits of scikit-learn", "graphics processor", "processor (CPU)"):
        assert text in flat
    for text in ("20,000 for training", "98.12 %", "at least 97.00 %", "0.06187", "−151.2", "not reached"):
        assert text in flat


def test_what_a_model_does_is_shown_in_pictures(student: str) -> None:
    """A grid stands in the page as a whole picture, however many letters it takes; counts are whole numbers."""
    (address,) = re.findall(r'<img class="grid" src="([^"]*)"', student)
    kind, _, data = address.partition(",")

    assert kind == "data:image/png;base64"
    assert base64.b64decode(data, validate=True).endswith(b"IEND\xaeB`\x82")
    assert "Points in the plane, by class" in student
    assert re.search(r"Active count</th><td class=\"num\">7</td>", student)


def test_figures_stand_beside_what_was_handed_in_for_them() -> None:
    """A picture named for a task stands with the grader's own; the others have a section; what could not be drawn or read says why."""
    record = factories.full_marks()
    page = student_page(record)
    exhibit, *others = re.split(r'<h3 id="drawing-\d">', page)[1:]
    said = flat(page)

    assert "figures/Samples-figure (2).png" in exhibit
    assert "figures/Samples-figure (2).png" not in "".join(others)
    assert "Nothing could be drawn: complete_image failed: it is a stub." in said
    assert "Two densities, f and g. Lines where a Gaussian has one, two and three standard deviations" in said
    assert page.index("Other pictures that were handed in") < page.index("lab.ipynb [cell 7]")
    assert "broken.jpg is not shown: it cannot be read as a picture" in said
    assert len(re.findall(r'<img class="picture" src="data:image/png;base64,[^"]+"', page)) == 2
    assert "Contours of densities" in page


def test_what_an_exception_says_in_a_figure_is_for_staff() -> None:
    """Its text could quote what it was asked with, as in a hidden check."""
    stopped = Drawing(task="plot", why_not="`f` failed: it raised ValueError: secret 0.31337")
    record = factories.full_marks().model_copy(update={"drawings": (stopped,)})

    assert "secret" in staff_page(record)
    assert "secret" not in student_page(record)
    assert "it raised ValueError" in student_page(record)


def test_work_for_a_person_leads_to_its_pictures() -> None:
    """In the list of what a person grades, and back to nothing where nothing was drawn."""
    waiting = Waiting(id="contours_figure", title="Contours", max_points="1.00", what="")
    record = factories.full_marks().model_copy(update={"waiting": (waiting,)})

    assert '<a href="#drawing-2">Pictures of it</a>' in staff_page(record)
    assert "Pictures of it" not in staff_page(record.model_copy(update={"drawings": ()}))


@pytest.mark.parametrize("encoded", ["", "!!!!", "AAAA", base64.b64encode(b"<svg onload=alert(1)>").decode()])
def test_a_picture_that_is_none_of_ours_is_not_shown(encoded: str) -> None:
    """A record that somebody changed holds other data: nothing of it reaches the page."""
    record = factories.full_marks().model_copy(update={"pictures": (Picture(path="a.png", encoded=encoded),)})
    page = student_page(record)

    assert 'class="picture"' not in page
    assert "a.png is not shown: it cannot be read" in flat(page)


def test_a_task_with_checks_left_out_of_the_record_is_still_drawn() -> None:
    """A task without any check does not break a page."""
    record: GradeRecord = factories.record(tasks=(factories.task("elbo", (), "0.00", Outcome.SKIPPED),))

    assert "waits for something else" in student_page(record)


def test_redaction_keeps_the_type_of_a_check() -> None:
    """What the templates get for students is an ordinary record."""
    from autograder.report.redact import for_student

    checks = [check for task in for_student(factories.mixed()).tasks for check in task.checks]

    assert all(isinstance(check, CheckRecord) for check in checks)
    assert all(check.evidence is None for check in checks if not check.reveal)
    assert all(check.printed == "" for check in checks)


@pytest.mark.parametrize(("carry", "look"), [("never", "form"), ("half", "failed")])
def test_no_red_cross_where_nothing_is_charged(carry: str, look: str) -> None:
    """What fails because of another task, and costs nothing here, is no failure of this one: neither its card nor its sign is red."""
    carried = factories.check(
        "elbo",
        "value",
        "agrees",
        Outcome.FAILED,
        kind=FailureKind.VALUE,
        message="off by 2",
        carried_from="kl_standard_normal",
    )
    points = "2.00" if carry == "never" else "1.00"
    record = factories.record(
        tasks=(factories.task("elbo", (carried,), points, Outcome.FAILED),), carry=carry, score=points, max_score="2.00"
    )
    page = student_page(record)

    assert f'<article class="check {look}">' in page
    assert ("✗" in page) is (look == "failed")


def test_every_check_says_its_points() -> None:
    """What it earned of what it could, where checks decide; where a named mistake has a price, the task alone has points."""
    checks = (
        factories.check("elbo", "shape", "returns a scalar", points="0.5000", weight="1"),
        factories.check(
            "elbo",
            "value",
            "agrees",
            Outcome.FAILED,
            kind=FailureKind.VALUE,
            message="off",
            points="0.0000",
            weight="3",
        ),
    )
    task = factories.task("elbo", checks, "0.50", Outcome.FAILED)
    priced = task.model_copy(
        update={"mistakes": (MistakeRecord(name="m", text="A slip.", severity="slip", credit="0.60"),)}
    )
    plain, explained = (
        student_page(factories.record(tasks=(one,), score="0.50", max_score="2.00")) for one in (task, priced)
    )

    assert "0.50 of 0.50 points" in plain
    assert "0.00 of 1.50 points" in plain
    assert "of 1.50 points" not in explained


def test_a_syntax_error_is_one_card_with_its_place(student: str) -> None:
    """File, line and caret stand once; what is behind it waits, without a cross, and no note says it again."""
    text = flat(student)
    assert "✗ A syntax error" in text
    assert student.count("line 41, in &lt;module&gt;") == 1
    assert "W = torch.linalg.svd(X - mu\n                        ^" in student
    assert text.count("– waits for ppca.py, which could not be imported") == 2
    note = Note(code="module-failed", message="ppca.py stopped while it was loaded", path="src/ppca.py")
    noted = factories.mixed().model_copy(update={"notes": (note,)})
    assert "stopped while it was loaded" not in student_page(noted)


def test_a_students_own_code_stands_beside_the_failure(student: str) -> None:
    """With the numbers of its lines, and the line marked through which the error came, in a hidden check, too."""
    assert "Your code in <code>divergences.py</code>, with the line that raised" in student
    line = '<span class="no">31</span>    return (mean**2).numpy().sum() <span class="here">← raised here</span>'
    assert line in student
    assert student.count("← raised here") == 1
    assert "… 2 more lines" in student
    right = factories.complete("kl_standard_normal").model_copy(update={"code": factories.CODE})
    assert "Your code" not in student_page(factories.record(tasks=(right,)))


def test_who_handed_in_and_when(student: str) -> None:
    """Name, id, time and lateness where they are known, and nothing where they are not."""
    text = flat(student)
    assert "Astrid Lindgren, s1907" in text
    assert "2 March 2026, 02:05 (UTC+01:00), 2 hours and 6 minutes late" in text
    assert "1 March 2026, 23:59 (UTC+01:00)" in text
    assert "Handed in" not in student_page(factories.full_marks())


@pytest.mark.parametrize(
    ("submitted_at", "due", "said"),
    [
        ("2026-03-01T23:59:00", "2026-03-01T23:59:00", "in time"),
        ("2026-03-01T23:59:01", "2026-03-01T23:59:00", "1 minute late"),
        ("2026-03-03T01:59:00", "2026-03-01T23:59:00", "1 day and 2 hours late"),
        ("2026-03-01T22:30:00+00:00", "2026-03-01T23:59:00+01:00", "in time"),
        ("2026-03-01T22:30:00", "2026-03-01T23:59:00+01:00", ""),
        ("soon", "2026-03-01T23:59:00", ""),
        ("", "2026-03-01T23:59:00", ""),
    ],
)
def test_lateness(submitted_at: str, due: str, said: str) -> None:
    """It is told in words, and not guessed where a time zone is missing."""
    assert lateness(About(submitted_at=submitted_at, due=due)) == said


def test_attempts_are_told(student: str) -> None:
    """The page says which attempt this is, and what those before it earned."""
    assert "Attempt 3: 12.50 points; before that 9.00, 11.25." in flat(student)
    assert "Attempt" not in flat(student_page(factories.full_marks()))


def test_no_machine_words_for_students(student: str, explained: str) -> None:
    """A student reads titles, not the names of checks or of parts of the engine."""
    for page in (student, explained, student_page(factories.every_kind()), student_page(factories.template())):
        seen = " ".join(Structure.of(page.partition("<body")[2]).text)
        assert not re.search(r"\bcontract\b|\bkind\b|waits for \w+\.\w+", seen)


def test_every_mistake_has_its_example() -> None:
    """Where two mistakes explain a task, the page shows a failure of each, and one failure of the same mistake only once."""
    shown = factories.Evidence(called="elbo(x=tensor([[1.0, 2.0]]))", got="first", expected="1")
    checks = [
        factories.check(
            "elbo", f"value{number}", "is a bound", Outcome.FAILED, kind=FailureKind.VALUE, misconception=name,
            evidence=shown.__class__(called=shown.called, got=f"got-{number}", expected="1"), message=f"wrong {number}",
        )
        for number, name in enumerate(("half_missing", "half_missing", "numpy_array"))
    ]  # fmt: skip
    mistakes = (factories.HALF, factories.ARRAY)
    task = factories.task("elbo", tuple(checks), "1.02", Outcome.FAILED, mistakes=mistakes, diagnosis="Both.")
    page = student_page(factories.record(tasks=(task,)))

    assert "For instance: wrong 0" in page
    assert "And here: wrong 2" in page
    assert [f"got-{number}" in page for number in range(3)] == [True, False, True]
    assert page.count("<dt>Shapes</dt><dd><pre>x (1, 2)</pre></dd>") == 2
