"""Joint log-density: agreement with the reference, gradients and numerical care."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, check, gradient_check, value_check
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.vae.test_joint_log_density import joint_log_density

test_value = value_check(
    joint_log_density,
    "log p(z) + log p(x | z): −½ Σ (log 2π + z²) over the latent dimensions, and log-probabilities summed over the pixels.",
    help="Both parts with all their terms, and one value per example of each before they are added.",
    sizes=WIDE,
    corners=CORNERS,
    moved=True,
    level={"x": (0.0, 1.0), "z": (0.0,)},
)
test_gradient = gradient_check(
    joint_log_density,
    ["z"],
    "The gradient reaches z through the prior and through the decoder, and is right.",
    help="No detach, .data, .item() or no_grad between z, decoder and result.",
    wide={"z": (-9.0, 9.0)},
)


@check("joint_log_density", "extreme")
@given(dtype=st.sampled_from(DTYPES), size=st.sampled_from([1.0, 100.0, 800.0]), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, size, seed):
    """It stays finite and exact for logits as large as ±800, 40 standard deviations from the prior's mean, and where the density is too
    small a number.
    """
    draw = Draw(dtype, seed)
    many = size == 1.0
    pixels, latents = (1400 + seed % 100, 300) if many else (4 + seed % 5, 2)
    bias = size * (2 * draw.binary(pixels) - 1) * draw.uniform(pixels, low=0.8, high=1.0)
    decoder = Probe({"layers": [{"op": "affine", "weight": 0.01 * draw.normal(pixels, latents), "bias": bias}]})
    z = (
        draw.normal(3, latents)
        if many
        else 40.0 * (2 * draw.binary(3, latents) - 1) * draw.uniform(3, 1, low=0.5, high=1)
    )
    arguments = {"x": draw.binary(3, pixels), "z": z, "decoder": decoder}
    case = Case("joint_log_density", arguments, scale=size * pixels + 2000.0)
    help_text = "Stay in the log domain: no log of a sigmoid, and no log of a density."
    student.agrees(case, oracle.value(case), help=help_text)
