"""The hidden checks of vae_training.py."""
