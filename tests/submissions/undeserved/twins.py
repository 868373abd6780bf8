"""The mistakes that are looked for in `elbo`, in a `vae_loss` that does not call it."""

from __future__ import annotations

from .piece import Piece, changed

_LOGITS = "    log_px = bernoulli_log_density(x, logits).sum(-1).mean(0)\n"
_SHAPE = "noise((n_samples, *mean.shape), mean, generator)"
_DEVIATION = "torch.exp(0.5 * log_var) * eps"
_RETURN = "    return (log_px - kl).mean()\n"


def _loss(*edits: tuple[str, str]) -> str:
    """`vae_loss` with these changes: its own copy of the bound, so that no other task is charged."""
    return changed("vae_loss", ("def elbo(", "def _bound("), ("    return -elbo(", "    return -_bound("), *edits)


PIECES = (
    Piece(
        "vae_loss",
        "log_of_sigmoid",
        "The log of a sigmoid that has rounded to 0 or 1, kept finite by 1e-12.",
        _loss(
            (
                "    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)\n",
                "    p = torch.sigmoid(logits)\n    return x * torch.log(p + 1e-12) + (1 - x) * torch.log(1 - p + 1e-12)\n",
            )
        ),
    ),
    Piece(
        "vae_loss",
        "clamped_logits",
        "Logits are clamped to ±15: confident decoders are charged too little.",
        _loss(("    logits = decoder(z)\n", "    logits = decoder(z).clamp(-15, 15)\n")),
    ),
    Piece(
        "vae_loss",
        "one_noise_for_the_batch",
        "One ε for all images.",
        _loss((_SHAPE, "noise((n_samples, 1, mean.shape[-1]), mean, generator)")),
    ),
    Piece(
        "vae_loss",
        "one_noise_for_all_samples",
        "All samples of an image have the same ε.",
        _loss((_SHAPE, "noise((1, *mean.shape), mean, generator).expand(n_samples, -1, -1)")),
    ),
    Piece(
        "vae_loss",
        "one_noise_for_all_latents",
        "All latents of a sample have the same ε.",
        _loss((_SHAPE, "noise((n_samples, len(x), 1), mean, generator).expand(-1, -1, mean.shape[-1])")),
    ),
    Piece(
        "vae_loss",
        "n_samples_ignored",
        "One draw, whatever `n_samples` says.",
        _loss((_SHAPE, "noise((1, *mean.shape), mean, generator)")),
    ),
    Piece(
        "vae_loss",
        "same_noise_in_every_call",
        "A generator with the seed 0 in every call.",
        _loss((_SHAPE, "noise((n_samples, *mean.shape), mean, torch.Generator().manual_seed(0))")),
    ),
    Piece(
        "vae_loss",
        "score_function_gradient",
        "The encoder's gradient is log q(z | x) times a detached value: right on average, far too noisy.",
        _loss(
            (
                "    z = mean + torch.exp(0.5 * log_var) * eps\n",
                "    z = (mean + torch.exp(0.5 * log_var) * eps).detach()\n",
            ),
            (
                _LOGITS,
                """\
    log_px = bernoulli_log_density(x, logits).sum(-1)
    log_q = -0.5 * (log_var + (z - mean) ** 2 * torch.exp(-log_var)).sum(-1)
    log_px = (log_px + log_px.detach() * (log_q - log_q.detach())).mean(0)
""",
            ),
        ),
    ),
    Piece(
        "vae_loss",
        "sample_detached",
        "The sample is detached: the encoder learns from the KL only.",
        _loss(("decoder(z)", "decoder(z.detach())")),
    ),
    Piece(
        "vae_loss",
        "variance_detached_in_the_sample",
        "log_var gets its gradient from the KL only.",
        _loss((_DEVIATION, "torch.exp(0.5 * log_var.detach()) * eps")),
    ),
    Piece(
        "vae_loss",
        "variance_for_deviation",
        "The noise is scaled by σ².",
        _loss((_DEVIATION, "torch.exp(log_var) * eps")),
    ),
    Piece(
        "vae_loss",
        "logarithm_of_the_mean",
        "Samples are averaged inside the logarithm: another bound than the one that is asked for.",
        _loss(
            (
                _LOGITS,
                "    log_px = bernoulli_log_density(x, logits).sum(-1)\n    log_px = torch.logsumexp(log_px, 0) - math.log(n_samples)\n",
            )
        ),
    ),
    Piece(
        "vae_loss",
        "kl_averaged_over_latents",
        "The KL is averaged over the latent dimensions.",
        _loss((_RETURN, "    return (log_px - kl / mean.shape[-1]).mean()\n")),
    ),
    Piece(
        "vae_loss",
        "kl_of_the_mean_posterior",
        "The KL is that of the averaged mean and log-variance of the batch.",
        _loss(("kl_standard_normal(mean, log_var)\n", "kl_standard_normal(mean.mean(0), log_var.mean(0))\n")),
    ),
    Piece(
        "vae_loss",
        "kl_of_the_other_direction",
        "KL(p ‖ q) for KL(q ‖ p).",
        _loss(("(log_var.exp() + mean**2 - 1 - log_var)", "((1 + mean**2) * torch.exp(-log_var) - 1 + log_var)")),
    ),
    Piece(
        "vae_loss",
        "squared_error",
        "Half the squared error of the probabilities stands in for −log p(x | z).",
        _loss((_LOGITS, "    log_px = -0.5 * ((x - torch.sigmoid(logits)) ** 2).sum(-1).mean(0)\n")),
    ),
    Piece(
        "vae_loss",
        "divided_by_the_batch_of_the_handout",
        "Divided by 128, whatever the batch is.",
        _loss((_RETURN, "    return (log_px - kl).sum() / 128\n")),
    ),
    Piece(
        "vae_loss",
        "decoder_at_the_mean_of_the_samples",
        "Samples are averaged before they are decoded.",
        _loss(("    logits = decoder(z)\n", "    logits = decoder(z.mean(0, keepdim=True))\n")),
    ),
    Piece(
        "vae_loss",
        "variance_of_the_first_image",
        "The noise of every image has the deviation of the first.",
        _loss((_DEVIATION, "torch.exp(0.5 * log_var[:1]) * eps")),
    ),
    Piece(
        "vae_loss",
        "tenth_of_the_decoder_s_gradient",
        "The value is right, and the decoder's gradient a tenth of it.",
        _loss(
            (
                "    logits = decoder(z)\n",
                """\
    logits = decoder(z)
    through_z = decoder(z.detach())
    logits = logits - 0.9 * (through_z - through_z.detach())
""",
            )
        ),
    ),
    Piece(
        "vae_loss",
        "ten_latents_decoded",
        "Latent dimensions after the tenth get no noise.",
        _loss((_DEVIATION, "torch.exp(0.5 * log_var) * eps * (torch.arange(mean.shape[-1]) < 10)")),
    ),
    Piece(
        "vae_loss",
        "deviation_plus_a_little",
        "σ + 0.02 for σ.",
        _loss((_DEVIATION, "(torch.exp(0.5 * log_var) + 0.02) * eps")),
    ),
)
