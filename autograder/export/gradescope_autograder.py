"""Gradescope: the zip of an autograder, which installs this project there and grades every submission with it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from autograder.errors import UsageError
from autograder.export.formats import Export, Format, Need
from autograder.export.words import as_json
from autograder.report.words import ERROR_PAGE

_SETUP = """\
#!/usr/bin/env bash
# Run by Gradescope as root while it builds the image: installs the grader into a virtual environment of its own.
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq

python=""
for candidate in python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then  # Ubuntu 22.04 has 3.10, and 3.11 beside it
    apt-get install -y -qq python3.11
    python=python3.11
fi
"$python" -c 'import ensurepip' 2>/dev/null || apt-get install -y -qq "$python-venv"

TORCH_INDEX=https://download.pytorch.org/whl/cpu PYTHON=$python bash "$source/grader/scripts/setup.sh"
"$source/grader/.venv/bin/autograder" doctor || true  # for the log: how submissions are isolated here
"""
_RUN = """\
#!/usr/bin/env bash
# Run by Gradescope as root for every submission. results.json is written in any case: with a score, or saying that there is none.
set -u
root=${{AUTOGRADER_ROOT:-/autograder}}
source=$root/source
results=$root/results/results.json
python=$source/grader/.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$root/results"

# what stands if the grader breaks before it has a result: no score, which is not a score of 0
cat > "$results" <<'END'
{not_graded}END

cd "$source/grader" || exit 1
about=()
if "$python" -c 'import sys
from autograder.export.gradescope_metadata import about_of
print(about_of(sys.stdin.read()).model_dump_json())' < "$root/submission_metadata.json" > "$work/about.json"; then
    about=(--about "$work/about.json")
fi
"$python" -m autograder.cli grade "$root/submission" --assignment "$source/assignment" --out "$work/report" \\
    "${{about[@]}}" {options}
"$python" -m autograder.cli export gradescope "$work/report" --out "$results" --force
"""


def gradescope_autograder(files: Mapping[str, bytes], *, grade_options: str) -> Export:
    """Return the files of the zip: `setup.sh`, `run_autograder`, and those of the project.

    Args:
        files: Those of the engine below `grader/`, those of the assignment below `assignment/`.
        grade_options: Further options of `autograder grade`, as in a shell.

    Raises:
        UsageError: The options cannot be split into words.
    """
    try:
        options = shlex.join(shlex.split(grade_options))
    except ValueError as error:
        raise UsageError(f"--grade-options {grade_options!r}: these are no words of a shell ({error})") from None
    not_graded = as_json({"output": ERROR_PAGE, "output_format": "text"}).decode()
    run = _RUN.format(not_graded=not_graded, options=options)
    return Export({"setup.sh": _SETUP.encode(), "run_autograder": run.encode(), **files})


FORMAT = Format(
    "gradescope-autograder",
    "Gradescope: the zip of an autograder that grades with this project.",
    gradescope_autograder,
    writes="zip",
    reads="project",
    needs=(Need("grade-options", "Options of `autograder grade` there, such as '--track full --no-training'."),),
)
