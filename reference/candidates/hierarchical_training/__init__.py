"""Candidates for the tasks of `reference/hierarchical_training.py`, a file for each."""
