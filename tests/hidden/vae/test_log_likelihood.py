"""Log-probability of images given latent variables: agreement with the reference, gradients and numerical care."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, check, gradient_check, value_check
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.vae.test_log_likelihood import log_likelihood

test_value = value_check(
    log_likelihood,
    "Σ log Ber(x; sigmoid(ℓ)) over the pixels, with the logits ℓ = decoder(z): one value per example.",
    help="Logits come from the decoder; the sum runs over pixels, not over images.",
    sizes=WIDE,
    corners=CORNERS,
    moved=True,
    level={"x": (0.0, 1.0), "z": (0.0,)},
)
test_gradient = gradient_check(
    log_likelihood,
    ["z"],
    "The gradient reaches z through the decoder, and is right.",
    help="No detach, .data, .item() or no_grad between z, decoder and result.",
    wide={"z": (-9.0, 9.0)},
)


@check("log_likelihood", "extreme")
@given(
    dtype=st.sampled_from(DTYPES),
    size=st.sampled_from([1.0, 40.0, 100.0, 800.0, 1e4]),
    seed=st.integers(0, 2**31 - 1),
)
def test_extreme(student, oracle, dtype, size, seed):
    """It stays finite and exact for logits as large as ±10,000, and for images of more than a thousand pixels, whose probability is too
    small a number.
    """
    draw = Draw(dtype, seed)
    pixels = 1400 + seed % 100 if size == 1.0 else 4 + seed % 5
    bias = size * (2 * draw.binary(pixels) - 1) * draw.uniform(pixels, low=0.8, high=1.0)
    decoder = Probe({"layers": [{"op": "affine", "weight": 0.1 * draw.normal(pixels, 2), "bias": bias}]})
    arguments = {"x": draw.binary(3, pixels), "z": draw.normal(3, 2), "decoder": decoder}
    case = Case("log_likelihood", arguments, scale=size * pixels)
    help_text = (
        "From logits to log-probabilities without a probability in between: *_with_logits, logsigmoid, softplus."
    )
    student.agrees(case, oracle.value(case), help=help_text)
