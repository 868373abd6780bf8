"""The public checks of vae.py."""
