"""Candidates for the tasks of `reference/evidence.py`, a file for each."""
