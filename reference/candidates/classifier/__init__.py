"""Candidates for the tasks of `reference/classifier.py`, a file for each."""
