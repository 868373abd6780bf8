"""Candidates for the tasks of `reference/latent_optimization.py`, a file for each."""
