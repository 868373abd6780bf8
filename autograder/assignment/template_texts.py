"""The texts of the template that do not depend on the tasks."""

MAKEFILE = """\
# make setup     once: a virtual environment with everything that the checks need
# make check     run the public checks on the files in this folder; TASKS={example} runs only those
# make notebook  open JupyterLab in this folder
# make zip       pack what you hand in as submission.zip
#
# Without make, on any system: python autograder_student.py setup, check, notebook, zip

.PHONY: help setup check notebook zip

ifeq ($(OS),Windows_NT)
PYTHON ?= python
else
PYTHON ?= python3
endif

help:
\t@$(PYTHON) autograder_student.py --help

setup:
\t@$(PYTHON) autograder_student.py setup

check:
\t@$(PYTHON) autograder_student.py check $(if $(TASKS),--tasks $(TASKS))

notebook:
\t@$(PYTHON) autograder_student.py notebook

zip:
\t@$(PYTHON) autograder_student.py zip
"""

BY_HAND = """\
People of the course read the rest and give its points by hand:

| what it is | file | points |
| --- | --- | ---: |"""
"""What stands above the tasks that have no checks."""
DRAWN = """\
For some of these the grader draws pictures of its own with your functions and models, which stand in your report. A
picture file of yours (PNG, JPEG) that is named for one of them, `{example}.png` say, is shown beside it; other
pictures, and those in your notebooks, are shown in a list. The names: {names}."""
"""What is said of pictures."""
README = """\
# {title}

You write what is listed below. Each function or class has a file with its exact signature and, in its docstring, the formula,
the shapes, and where it comes from in the course. Replace `raise NotImplementedError` by your code; keep the signatures.

| task | file | what it is | points | public checks |
| --- | --- | --- | ---: | --- |
{tasks}
{by_hand}
Together {points} points.{pass} If you prefer a notebook, `{notebook}` holds the same tasks: work there and leave the stubs
in the `.py` files as they are.{labs} You can also put a function into any other file or notebook of your own; the grader
looks everywhere and tells you where it found it. If you write the same function twice, the file in the table counts.

## Set up, once

In this folder, with Python 3.11 or newer, on Linux or macOS:

    make setup

or, without make: `python3 autograder_student.py setup`. On Windows: `python autograder_student.py setup` (also below: `python
autograder_student.py` in place of `make`). It makes the virtual environment `.venv` here and installs the versions that the grader has:
some minutes, about 1.2 GB. Whatever goes wrong is said with what to do; start it again then.

On Linux you get the build of torch for the CPU. `TORCH_INDEX= make setup` takes the one for NVIDIA's GPUs (5.5 GB).
{notes}
## Check your work, as often as you like

    make check
    make check TASKS={example}

or, without make: `python3 autograder_student.py check`, with `--tasks {example}` behind it if you like.

**In a notebook** (`make notebook` opens JupyterLab with the right Python; in VS Code choose the Python in `.venv`) run a cell with
`%load_ext autograder_student` once. Then `%check {one}`, or `check("{one}")`, says the same about the function **as it is
defined in the notebook now**: after a change run its cell, then check. It looks neither at the saved file nor at the `.py` files;
`make check` does. The grader skips these lines.

Functions that you have not written yet are only listed. Where a check fails you read

- **what it looks at**: the sentence beside the name of the check;
- what is wrong, in one sentence;
- **called**, **got**, **expected**, **how far**: the smallest input that the checks found to go wrong, what your
  function returned, what it should have returned or looked like, and the distance;
- **at**: your own lines that raised the error, the innermost last;
- **hint**: where to look first;
- a few lines to paste into Python, started in this folder, that make the same call again.

One check of a task comes first, `contract`: the function can be called as documented and returns the right type,
dtype and shape, without NaN and without changing its inputs. The others wait until it passes.

A call that takes longer than {call_seconds} seconds is stopped, and counts as failed.

## What is checked after you hand in

The public checks are the smaller part. After you hand in, hidden checks compare your functions with exact values and
gradients on many inputs, also on extreme ones. For a task without public checks (training a model) all checks are
hidden; the docstring says what is asked. So: passing the public checks is necessary, and no promise of full points.

**Random functions** (those that take a `generator`) are not compared number by number. They are judged by the
statistics of many draws, with tests that fail a correct function less than once in a million. You may use `generator`,
ignore it, or leave it out of the signature.

**How you compute it is up to you.** Any correct form counts. Results keep the dtype of the inputs, inputs are not
changed, gradients flow through, and there is no Python loop over the batch.

## Hand in

Either the folder as a zip (`make zip` packs the right files), or one notebook.
{deliverables}{policies}

The grader loads every file and notebook once. Statements outside of functions may take {load_seconds} seconds in all;
after that, or after an error, only imports, functions, classes and constants are still read. So a training cell that
runs for 40 minutes costs you nothing, but it is not run to its end: **nothing that your functions need may come from
it**. In a `.py` file, put such code under `if __name__ == "__main__":`. The grader has no network and not your data.
"""


def intro(title: str, notebook: str, example: str) -> str:
    """Return the first cell of the notebook."""
    return f"""\
# {title}

Replace `raise NotImplementedError` in the cells below by your code and keep the signatures. You may add cells.

**Check your work:** the cell `%load_ext autograder_student` loads the checks. Then `%check {example}` in a cell of its own, or
`check("{example}")`, checks the function as it is defined now: after a change run its cell, then check. `%check` alone looks
at all of them. In a terminal, `make check` in this folder looks at the saved notebook: functions that you wrote here are
found, as long as those in the `.py` files are still stubs.

**How you compute it is up to you.** Any correct form counts. Results keep the dtype of the inputs, inputs are not
changed, gradients flow through (no `.numpy()`, no `.detach()` on the way), and there is no Python loop over the batch.

**Hand in:** this file, `{notebook}`, or a zip of the folder. The grader runs the notebook once from the top, without
network and without your data, and stops waiting for cells that take long: from there on it only reads imports,
functions, classes and constants. The functions of the tasks must not need anything that a long training cell made.
"""
