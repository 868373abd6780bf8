"""The public checks of autoencoder.py."""
