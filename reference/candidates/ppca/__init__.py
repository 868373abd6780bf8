"""Candidates for the tasks of `reference/ppca.py`, a file for each."""
