"""Log-probability of binary pixels from logits."""

from autograder.authoring import inputs
from tests.public.sizes import SIZES


@inputs("bernoulli_log_density", sizes=SIZES, scale="D")
def bernoulli_log_density(draw):
    """Binary images and logits."""
    return {"x": draw.binary("B", "D"), "logits": draw.normal("B", "D", std=3.0)}
