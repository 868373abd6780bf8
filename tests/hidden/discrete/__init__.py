"""The hidden checks of discrete.py."""
