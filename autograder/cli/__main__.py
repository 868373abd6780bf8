"""`python -m autograder.cli.main`."""

from autograder.cli.main import main

main()
