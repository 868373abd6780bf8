"""The public checks of hierarchical_training.py."""
