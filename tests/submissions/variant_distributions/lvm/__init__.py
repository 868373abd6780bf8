"""Latent-variable models, written with torch.distributions."""
