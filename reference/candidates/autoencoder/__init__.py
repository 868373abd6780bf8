"""Candidates for the tasks of `reference/autoencoder.py`, a file for each."""
