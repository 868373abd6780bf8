"""The hidden checks of latent_optimization_training.py."""
