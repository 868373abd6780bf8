"""The public checks of hierarchical.py."""
