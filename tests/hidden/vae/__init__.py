"""The hidden checks of vae.py."""
