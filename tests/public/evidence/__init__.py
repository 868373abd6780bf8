"""The public checks of evidence.py."""
