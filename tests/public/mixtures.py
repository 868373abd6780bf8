"""What the tasks about a mixture of Gaussians have in common: sizes with K components, and how a mixture is drawn."""

from tests.public.sizes import SIZES as WITHOUT_K

SIZES = [sizes.but(K=k) for sizes, k in zip(WITHOUT_K, (2, 4, 5, 1, 3, 3, 8, 6), strict=True)]


def mixture(draw):
    """Overlapping components with weights, means and variances of their own; the weights are not normalised."""
    return {
        "logits": draw.normal("K", mean=1.0, std=1.5),
        "means": draw.normal("K", "M", mean=0.5, std=1.5),
        "log_vars": draw.uniform("K", "M", low=-2.0, high=2.0),
    }
