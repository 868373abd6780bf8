"""Candidates for the tasks of `reference/divergences.py`, a file for each."""
