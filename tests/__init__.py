"""Checks of the assignment (public, hidden), whole submissions, and tests of the harness itself."""
