"""Candidates for the tasks of `reference/vae.py`, a file for each."""
