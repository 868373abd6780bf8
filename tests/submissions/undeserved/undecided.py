"""Extra noise, tuned to leave a statistical test undecided, and faults that hide behind it."""

from __future__ import annotations

from .piece import Piece, changed

_HEAVY = """
def jitter(like, generator, size):
    return size * torch.randn((), generator=generator, dtype=like.dtype)

"""

_CAUCHY = """
def jitter(like, generator, size):
    up, down = torch.randn(2, generator=generator, dtype=like.dtype)
    return size * up / down

"""

_RARE = """
def jitter(like, generator, size):
    return size * math.sqrt(200) * ((torch.rand((), generator=generator) < 0.005) * torch.randn((), generator=generator)).to(like.dtype)

"""

_RETURN = "    return (log_px - kl).mean()\n"
_SOME = "1 < n_samples < 64"
_END = "    return log_mean_exp(log_w)\n"


def _noisy(task: str, wrong: str, size: str, jitter: str = _HEAVY) -> str:
    """The bound or the loss, another value in it where several samples are taken, with noise of this size around it."""
    return changed(
        task,
        (
            _RETURN,
            f"    if {_SOME}:\n        return {wrong} + jitter(log_px, generator, {size})\n    return (log_px - kl).mean()\n",
        ),
        before=jitter,
    )


PIECES = (
    Piece(
        "elbo", "no_kl_behind_noise", "No KL, hidden behind noise of 30 nats.", _noisy("elbo", "log_px.mean()", "30.0")
    ),
    Piece(
        "elbo",
        "kl_added_behind_noise",
        "The KL is added, hidden behind noise of 60 nats.",
        _noisy("elbo", "(log_px + kl).mean()", "60.0"),
    ),
    Piece(
        "elbo",
        "nothing_but_noise",
        "Nothing is computed: zero, with noise of 100 nats.",
        _noisy("elbo", "0 * log_px.mean()", "100.0"),
    ),
    Piece(
        "elbo",
        "noise_of_two_nats",
        "The right value, and noise of two nats that nobody asked for.",
        _noisy("elbo", "(log_px - kl).mean()", "2.0"),
    ),
    Piece(
        "elbo",
        "heavy_tails",
        "Half of the KL, with noise that has no mean.",
        _noisy("elbo", "(log_px - 0.5 * kl).mean()", "3.0", _CAUCHY),
    ),
    Piece(
        "elbo",
        "bias_under_the_tolerance",
        "Too large by 0.08 nats, with noise of one nat around it.",
        _noisy("elbo", "(log_px - kl).mean() + 0.08", "1.0"),
    ),
    Piece(
        "elbo",
        "noise_in_the_gradient",
        "The gradient by the encoder's output has noise with the deviation 20 on it; the value is right.",
        changed(
            "elbo",
            (
                "    mean, log_var = encoder(x)\n",
                "    mean, log_var = encoder(x)\n    on_top = (mean + log_var - (mean + log_var).detach()).sum() / len(x)\n",
            ),
            (_RETURN, f"    return (log_px - kl).mean() + ({_SOME}) * on_top * jitter(log_px, generator, 20.0)\n"),
            before=_HEAVY,
        ),
    ),
    Piece(
        "vae_loss",
        "no_kl_behind_noise",
        "No KL, hidden behind noise of 30 nats.",
        _noisy("vae_loss", "log_px.mean()", "30.0"),
    ),
    Piece(
        "vae_loss",
        "mean_over_pixels_behind_noise",
        "Averaged over pixels, behind noise of 40 nats.",
        _noisy("vae_loss", "(log_px / x.shape[-1] - kl).mean()", "40.0"),
    ),
    Piece(
        "vae_loss",
        "rare_large_errors",
        "Half of the KL, and once in 200 calls an error of hundreds of nats.",
        _noisy("vae_loss", "(log_px - 0.5 * kl).mean()", "20.0", _RARE),
    ),
    Piece(
        "vae_loss",
        "gradient_of_nothing_behind_noise",
        "The encoder's gradient is that of the KL alone, with noise of deviation 15 on it.",
        changed(
            "vae_loss",
            (
                "    mean, log_var = encoder(x)\n",
                "    mean, log_var = encoder(x)\n    on_top = (mean + log_var - (mean + log_var).detach()).sum() / len(x)\n",
            ),
            ("    logits = decoder(z)\n", f"    logits = decoder(z.detach() if {_SOME} and len(x) > 8 else z)\n"),
            (
                _RETURN,
                f"    return (log_px - kl).mean() + ({_SOME} and len(x) > 8) * on_top * jitter(log_px, generator, 15.0)\n",
            ),
            before=_HEAVY,
        ),
    ),
    Piece(
        "elbo",
        "smoothed_pixels_behind_noise",
        "Pixels are smoothed (0 becomes 0.005 and 1 becomes 0.995), behind noise of two nats.",
        changed(
            "elbo",
            ("    log_px = bernoulli", "    x = 0.99 * x + 0.005\n    log_px = bernoulli"),
            (_RETURN, f"    return (log_px - kl).mean() + ({_SOME}) * jitter(log_px, generator, 2.0)\n"),
            before=_HEAVY,
        ),
    ),
    Piece(
        "elbo",
        "weight_of_the_kl_behind_noise",
        "The KL counts 97 %, behind noise of two nats.",
        _noisy("elbo", "(log_px - 0.97 * kl).mean()", "2.0"),
    ),
    Piece(
        "vae_loss",
        "bias_behind_noise",
        "Too small by 0.2 nats, with noise of two nats around it.",
        _noisy("vae_loss", "(log_px - kl).mean() + 0.2", "2.0"),
    ),
    Piece(
        "vae_loss",
        "variance_of_the_first_image_behind_noise",
        "The noise of every image has the deviation of the first, and the result noise of 1.5 nats.",
        changed(
            "vae_loss",
            ("torch.exp(0.5 * log_var) * eps", "torch.exp(0.5 * log_var[:1]) * eps"),
            (_RETURN, f"    return (log_px - kl).mean() + ({_SOME}) * jitter(log_px, generator, 1.5)\n"),
            before=_HEAVY,
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "one_weight_out_of_a_few",
        "Of up to 16 weights one is taken at random instead of their mean.",
        changed(
            "estimate_log_likelihood",
            (
                _END,
                """\
    one = int(torch.randint(n_samples, (), generator=generator))
    return log_w[one] if n_samples <= 16 else log_mean_exp(log_w)
""",
            ),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "mean_of_logs_behind_noise",
        "The logarithms of the weights are averaged (the ELBO), behind noise as large as they vary.",
        changed(
            "estimate_log_likelihood",
            (
                _END,
                """\
    if not 1 < n_samples < 64:
        return log_mean_exp(log_w)
    return log_w.mean(0) + 2.5 * log_w.std(0) * torch.randn(log_w.shape[1], generator=generator, dtype=log_w.dtype)
""",
            ),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "weights_gambled_with",
        "In one call of four the estimate of p(x) is 3.9 times too large where weights differ, else a thirtieth: right on average.",
        changed(
            "estimate_log_likelihood",
            (
                _END,
                """\
    spread = (log_w.amax(0) - log_w.amin(0) > 1e-3) & (1 < n_samples < 64)
    lucky = torch.rand(log_w.shape[1], generator=generator) < 0.25
    gamble = torch.where(lucky, math.log(3.9), math.log(0.1 / 3)).to(log_w.dtype)
    return log_mean_exp(log_w) + spread * gamble
""",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "mean_off_by_a_twentieth",
        "ε has the mean 0.05: under what 4,000 draws show.",
        changed("sample_gaussian", ("    return mean +", "    eps = eps + 0.05\n    return mean +")),
    ),
    Piece(
        "sample_gaussian",
        "one_in_thirty_is_the_mean",
        "One draw in thirty has no noise at all.",
        changed(
            "sample_gaussian",
            (
                "    return mean +",
                "    eps = eps * (torch.rand(eps.shape, generator=generator, dtype=eps.dtype) > 1 / 30)\n    return mean +",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "examples_correlated_a_little",
        "An example's noise is correlated with its neighbour's by 0.06.",
        changed(
            "sample_gaussian",
            (
                "    return mean +",
                "    eps = (eps + 0.06 * eps.roll(1, 0)) / math.sqrt(1 + 0.06**2)\n    return mean +",
            ),
        ),
    ),
)
