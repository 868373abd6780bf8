"""The hidden checks of latent_optimization.py."""
