"""Candidates for the tasks of `reference/vae_training.py`, a file for each."""
