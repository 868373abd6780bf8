"""The number of samples, and effects that an average hides: half of the draws, a bias of a few per cent, a tenth of a gradient."""

from __future__ import annotations

from .piece import Piece, changed

_SHAPE = "noise((n_samples, *mean"
_DEVIATION = "torch.exp(0.5 * log_var) * eps"
_KL = "    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)\n"

PIECES = (
    Piece(
        "elbo",
        "half_of_the_samples",
        "Half as many draws as `n_samples` says.",
        changed("elbo", (_SHAPE, "noise(((n_samples + 1) // 2, *mean")),
    ),
    Piece(
        "elbo",
        "eight_samples_at_most",
        "Never more than eight draws.",
        changed("elbo", (_SHAPE, "noise((min(n_samples, 8), *mean")),
    ),
    Piece(
        "elbo",
        "square_root_of_the_samples",
        "√n_samples draws, rounded up: ten for a hundred.",
        changed("elbo", (_SHAPE, "noise((math.isqrt(n_samples - 1) + 1, *mean")),
    ),
    Piece(
        "elbo",
        "variance_of_the_first_image",
        "The noise of every image has the deviation of the first.",
        changed("elbo", (_DEVIATION, "torch.exp(0.5 * log_var[:1]) * eps")),
    ),
    Piece(
        "elbo",
        "variance_averaged_over_latents",
        "The noise has the same deviation in all latent dimensions, that of the mean of the log-variances.",
        changed("elbo", (_DEVIATION, "torch.exp(0.5 * log_var.mean(-1, keepdim=True)) * eps")),
    ),
    Piece(
        "elbo",
        "deviation_plus_a_little",
        "σ + 0.02 for σ.",
        changed("elbo", (_DEVIATION, "(torch.exp(0.5 * log_var) + 0.02) * eps")),
    ),
    Piece(
        "elbo",
        "free_bits",
        "Free bits: a latent dimension with less than 0.05 nats is charged 0.05. A trick for training, not the bound.",
        changed("elbo", (_KL, "    return (0.5 * (log_var.exp() + mean**2 - 1 - log_var)).clamp(min=0.05).sum(-1)\n")),
    ),
    Piece(
        "elbo",
        "smoothed_pixels",
        "Pixels are smoothed: 0 becomes 0.005 and 1 becomes 0.995.",
        changed("elbo", ("    log_px = bernoulli", "    x = 0.99 * x + 0.005\n    log_px = bernoulli")),
    ),
    Piece(
        "elbo",
        "weight_of_the_kl",
        "The KL counts 98 %: a warm-up that was left in.",
        changed("elbo", ("(log_px - kl).mean()", "(log_px - 0.98 * kl).mean()")),
    ),
    Piece(
        "elbo",
        "log_variance_kept_within_two",
        "log_var is clamped to ±2: wrong for narrower and wider posteriors.",
        changed(
            "elbo",
            (
                "    mean, log_var = encoder(x)\n",
                "    mean, log_var = encoder(x)\n    log_var = log_var.clamp(-2, 2)\n",
            ),
        ),
    ),
    Piece(
        "elbo",
        "tenth_of_the_decoder_s_gradient",
        "The value is right, and the decoder's gradient a tenth of it.",
        changed(
            "elbo",
            (
                "    logits = decoder(z)\n",
                """\
    logits = decoder(z)
    through_z = decoder(z.detach())
    logits = logits - 0.9 * (through_z - through_z.detach())
""",
            ),
        ),
    ),
    Piece("elbo", "draws_shrunk", "ε is scaled by 0.97.", changed("elbo", ("    z = mean +", "    z = mean + 0.97 *"))),
    Piece(
        "vae_loss",
        "half_of_the_samples",
        "Half as many draws as `n_samples` says.",
        changed("vae_loss", (_SHAPE, "noise(((n_samples + 1) // 2, *mean")),
    ),
    Piece(
        "vae_loss",
        "four_samples_at_most",
        "Never more than four draws.",
        changed("vae_loss", (_SHAPE, "noise((min(n_samples, 4), *mean")),
    ),
    Piece(
        "vae_loss",
        "tenth_of_the_gradient_by_the_variance",
        "The gradient by log_var is a tenth of what it should be, and the value right.",
        changed(
            "vae_loss",
            (
                "    mean, log_var = encoder(x)\n",
                "    mean, log_var = encoder(x)\n    log_var = 0.1 * log_var + 0.9 * log_var.detach()\n",
            ),
        ),
    ),
    Piece(
        "vae_loss",
        "dropout_on_the_latents",
        "One latent number in 50 is set to 0 before decoding.",
        changed(
            "vae_loss",
            (
                "    logits = decoder(z)\n",
                "    logits = decoder(z * (torch.rand(z.shape, generator=generator) > 0.02))\n",
            ),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "half_of_the_samples",
        "Half as many draws as `n_samples` says.",
        changed("estimate_log_likelihood", (_SHAPE, "noise(((n_samples + 1) // 2, *mean")),
    ),
    Piece(
        "estimate_log_likelihood",
        "hundred_samples_at_most",
        "Never more than 100 draws, where 1,000 is the default.",
        changed("estimate_log_likelihood", (_SHAPE, "noise((min(n_samples, 100), *mean")),
    ),
    Piece(
        "estimate_log_likelihood",
        "large_weights_cut",
        "Weights above twice their mean are cut to it: less noise, and a bias.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                "    return log_mean_exp(torch.minimum(log_w, log_mean_exp(log_w) + math.log(2)))\n",
            ),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "weights_tempered",
        "Weights are flattened: ten times the log-mean-exp of a tenth of the log-weights.",
        changed(
            "estimate_log_likelihood",
            ("    return log_mean_exp(log_w)\n", "    return log_mean_exp(0.9 * log_w) / 0.9\n"),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "smallest_weight_left_out",
        "The first of the sorted weights is left out as an outlier where there are more than eight: too large on average.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                "    return log_mean_exp(log_w.sort(0).values[1:] if n_samples > 8 else log_w)\n",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "draws_shrunk",
        "ε is scaled by 0.98: the variance is 4 % too small.",
        changed("sample_gaussian", ("    return mean +", "    return mean + 0.98 *")),
    ),
    Piece(
        "sample_gaussian",
        "smallest_deviation",
        "σ is at least 0.02 for log-variances from −12 to −7.8, which trained encoders do return.",
        changed(
            "sample_gaussian",
            (
                "torch.exp(0.5 * log_var)",
                "torch.where(log_var > -12, torch.exp(0.5 * log_var).clamp(min=0.02), torch.exp(0.5 * log_var))",
            ),
        ),
    ),
    Piece(
        "ppca_fit",
        "noise_plus_a_thousandth",
        "σ² + 0.001: several times too large where the noise is small.",
        changed("ppca_fit", ("    sigma2 = left.mean()\n", "    sigma2 = left.mean() + 1e-3\n")),
    ),
    Piece(
        "ppca_fit",
        "weak_directions_dropped",
        "Directions with less than a tenth of the largest eigenvalue are set to 0 in W, though they are among the M asked for.",
        changed(
            "ppca_fit",
            ("    W = vectors", "    kept = torch.where(kept > 0.1 * values[-1], kept, sigma2)\n    W = vectors"),
        ),
    ),
    Piece(
        "evaluate_classifier",
        "ties_are_right",
        "A right answer within 0.05 of the best logit counts as recognised.",
        changed(
            "evaluate_classifier",
            ("(logits.argmax(-1) == y).sum()", "(logits.gather(1, y[:, None])[:, 0] >= logits.amax(1) - 0.05).sum()"),
        ),
    ),
    Piece(
        "evaluate_classifier",
        "loss_of_an_example_limited",
        "The loss of an example is limited to 100 nats: an outlier that should count does not.",
        changed(
            "evaluate_classifier",
            (
                'F.cross_entropy(logits, y, reduction="sum")',
                'F.cross_entropy(logits, y, reduction="none").clamp(max=100).sum()',
            ),
        ),
    ),
)
