"""The public checks of ppca.py."""
