"""The hidden checks of autoencoder_training.py."""
