"""Candidates for the tasks of `reference/hierarchical.py`, a file for each."""
