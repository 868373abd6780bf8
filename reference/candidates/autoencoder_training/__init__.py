"""Candidates for the tasks of `reference/autoencoder_training.py`, a file for each."""
