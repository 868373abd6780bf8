"""The public checks of autoencoder_training.py."""
