"""`python -m autograder.cli`."""

from autograder.cli.main import run

run()
