"""The hidden checks of hierarchical_training.py."""
