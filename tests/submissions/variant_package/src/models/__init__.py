from .gaussians import DiagonalGaussian
