"""The hidden checks of hierarchical.py."""
