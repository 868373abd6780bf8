"""The hidden checks of ppca.py."""
