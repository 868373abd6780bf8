"""Candidates for the tasks of `reference/densities.py`, a file for each."""
