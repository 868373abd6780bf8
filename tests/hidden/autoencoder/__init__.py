"""The hidden checks of autoencoder.py."""
