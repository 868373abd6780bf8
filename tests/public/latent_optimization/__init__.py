"""The public checks of latent_optimization.py."""
