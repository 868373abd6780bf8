"""The public checks of divergences.py."""
