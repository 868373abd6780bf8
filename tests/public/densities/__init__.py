"""The public checks of densities.py."""
