"""Points between two latent vectors: agreement with the reference, and gradients."""

from autograder.authoring import gradient_check, value_check
from tests.hidden.sizes import PAIRS, WIDE
from tests.public.vae.test_interpolate import interpolate

test_value = value_check(
    interpolate,
    "z_α = α z_a + (1 − α) z_b: one row for each of the given α, in their order.",
    help="α is the share of z_a; the α are those that are passed; z_a and z_b stay what they are.",
    sizes=WIDE,
    corners=PAIRS,
    moved=True,
    level={"z_a": (0.0,), "z_b": (0.0,), "alphas": (0.0, 0.5, 1.0)},
)
test_gradient = gradient_check(interpolate, ["z_a", "z_b"], "The gradients by z_a and z_b are α and 1 − α.")
