"""The public checks of vae_training.py."""
