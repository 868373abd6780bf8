"""Candidates for the tasks of `reference/latent_optimization_training.py`, a file for each."""
