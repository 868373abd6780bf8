"""The public checks of latent_optimization_training.py."""
