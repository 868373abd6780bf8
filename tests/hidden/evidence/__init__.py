"""The hidden checks of evidence.py."""
