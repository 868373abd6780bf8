"""The hidden checks of densities.py."""
