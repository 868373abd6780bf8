"""The public checks of discrete.py."""
