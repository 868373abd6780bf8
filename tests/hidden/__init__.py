"""Checks that only a grader runs."""
