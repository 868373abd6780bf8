"""The hidden checks of divergences.py."""
