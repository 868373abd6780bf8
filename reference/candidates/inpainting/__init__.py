"""Candidates for the tasks of `reference/inpainting.py`, a file for each."""
