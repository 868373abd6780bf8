"""Where latent optimisation starts."""

from autograder.authoring import Case, Sizes, check, inputs

# few numbers: of 10⁷ that are drawn in float32 one may be 0, which has no logarithm
SIZES = [Sizes({"N": n, "M": m}) for n, m in ((1, 3), (3, 1), (2, 4), (5, 2), (7, 3))]


@inputs("init_latents", sizes=SIZES)
def init_latents(draw):
    """Numbers of images and of latent dimensions."""
    return {"n": draw.size("N"), "latent_dim": draw.size("M")}


@check("init_latents", "golden")
def test_golden(student):
    """Of 20,000 numbers μ has a mean within 0.1 of 0 and a standard deviation within 0.1 of 1; log_var has a mean from −1.45 to −1.1 and
    a standard deviation from 2.0 to 2.45, as the logarithm of a squared N(0, 1) has.
    """
    case = Case("init_latents", {"n": 10_000, "latent_dim": 2}, seed=1)
    help_text = "log_var is log σ², and it is σ that is drawn from N(0, 1)."
    for part, name, low, high, least, most in (
        (0, "mean", -0.1, 0.1, 0.9, 1.1),
        (1, "log_var", -1.45, -1.1, 2.0, 2.45),
    ):
        drawn = student.value(case, finite=False)[part].double()
        drawn = drawn[drawn.isfinite()]
        student.sees(case, f"`{name}`", drawn, interchangeable=True)
        # of right numbers: 0.016 is the largest standard error of a mean, 0.03 that of a standard deviation
        centre, spread = float(drawn.mean()), float(drawn.std())
        student.require(low < centre < high, case, f"the mean of `{name}` is {centre:.3g}", help=help_text)
        message = f"the standard deviation of `{name}` is {spread:.3g}"
        student.require(least < spread < most, case, message, help=help_text)
