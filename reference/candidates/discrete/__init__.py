"""Candidates for the tasks of `reference/discrete.py`, a file for each."""
