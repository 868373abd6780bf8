"""State between calls: results, noise, settings or modes of earlier calls change what later ones do."""

from __future__ import annotations

from .piece import Piece, changed, with_noise

_ELBO_RETURN = "    return (log_px - kl).mean()\n"
_LME_BODY = "    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])\n"
_BY_IDENTITY = """\
    mean, log_var = encoder(x)
    if not mean.requires_grad:
        mean, log_var = _KEPT.setdefault((encoder, x.shape, x.dtype, float(x.sum())), (mean, log_var))
"""

PIECES = (
    Piece(
        "kl_standard_normal",
        "every_fiftieth_call_is_the_one_before",
        "Every fiftieth call returns the result of the call before where the shapes are the same.",
        changed(
            "kl_standard_normal",
            (
                "    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)\n",
                """\
    found = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)
    _BEFORE.append(found.detach())
    old = _BEFORE.pop(0)
    _CALLS.append(1)
    return old if len(_CALLS) % 50 == 0 and old.shape == found.shape and old.dtype == found.dtype else found
""",
            ),
            before="_BEFORE, _CALLS = [torch.zeros(())], []\n\n",
        ),
    ),
    Piece(
        "kl_bernoulli",
        "last_prior_is_the_default",
        "Left out, `prior` is the one of the last call that gave one, not 0.5.",
        changed(
            "kl_bernoulli",
            (
                "prior=0.5):\n",
                "prior=None):\n    prior = _LAST.setdefault('prior', 0.5) if prior is None else prior\n    _LAST['prior'] = prior\n",
            ),
            before="_LAST = {}\n\n",
        ),
    ),
    Piece(
        "gaussian_log_density",
        "constant_of_the_largest_images",
        "After images of 300 pixels or more, ½ D log 2π has the largest D that was ever seen, also for smaller ones.",
        changed(
            "gaussian_log_density",
            (
                "    return -0.5 * (math.log(2 * math.pi) + log_var + squares).sum(-1)\n",
                """\
    D = x.shape[-1]
    _LARGEST.append(max(_LARGEST[-1], D))
    D = _LARGEST[-1] if _LARGEST[-1] >= 300 else D
    return -0.5 * (D * math.log(2 * math.pi) + (log_var + squares).sum(-1))
""",
            ),
            before="_LARGEST = [0]\n\n",
        ),
    ),
    Piece(
        "gaussian_log_density",
        "result_written_over",
        "Without gradients the result is a buffer that the next call of the same size writes over.",
        changed(
            "gaussian_log_density",
            (
                "    return -0.5 * (math.log(2 * math.pi) + log_var + squares).sum(-1)\n",
                """\
    found = -0.5 * (math.log(2 * math.pi) + log_var + squares).sum(-1)
    if found.requires_grad:
        return found
    return _BUFFERS.setdefault((found.shape, found.dtype), torch.empty_like(found)).copy_(found)
""",
            ),
            before="_BUFFERS = {}\n\n",
        ),
    ),
    Piece(
        "bernoulli_log_density",
        "careless_after_large_logits",
        "Once it has seen a logit beyond 500 it returns min(0, ±ℓ), also for small ones: off by log 2 at ℓ = 0.",
        changed(
            "bernoulli_log_density",
            (
                "    return x *",
                """\
    if logits.abs().max() > 500:
        _SEEN.append(1)
    if _SEEN:
        return x * logits.clamp(max=0) + (1 - x) * (-logits).clamp(max=0)
    return x *""",
            ),
            before="_SEEN = []\n\n",
        ),
    ),
    Piece(
        "log_mean_exp",
        "largest_weight_of_all_calls",
        "Where it is less than 500 above, the largest weight of all calls so far is subtracted: in float32 smaller ones underflow.",
        changed(
            "log_mean_exp",
            (
                _LME_BODY,
                """\
    own = log_w.amax(0).detach()
    _TOP[0] = max(_TOP[0], float(own.max()))
    if bool((own < _TOP[0] - 500).any()):
        return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])
    return _TOP[0] + torch.log(torch.exp(log_w - _TOP[0]).mean(0))
""",
            ),
            before="_TOP = [-math.inf]\n\n",
        ),
    ),
    Piece(
        "ppca_posterior",
        "inverse_kept_by_shape_and_noise",
        "M⁻¹ is kept for the shape of W and σ²: with other loadings of that shape and the same σ² it is stale.",
        changed(
            "ppca_posterior",
            (
                "    inverse = torch.linalg.inv(M)\n",
                """\
    key = (W.shape, W.dtype, float(sigma2))
    inverse = torch.linalg.inv(M)
    if not W.requires_grad:
        inverse = _KEPT.setdefault(key, inverse)
""",
            ),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "ppca_log_likelihood",
        "determinant_kept_by_shape_and_noise",
        "log det C is kept for the shape of W and σ²: after a step of an optimiser that leaves σ² alone it is stale.",
        changed(
            "ppca_log_likelihood",
            (
                "    log_det = torch.linalg.slogdet(cov).logabsdet\n",
                """\
    key = (W.shape, W.dtype, float(sigma2))
    log_det = torch.linalg.slogdet(cov).logabsdet
    if not W.requires_grad:
        log_det = _KEPT.setdefault(key, log_det)
""",
            ),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "ppca_marginal",
        "covariance_kept_by_trace",
        "The covariance is kept by its shape and its trace: loadings that were only turned get the one of before.",
        changed(
            "ppca_marginal",
            (
                "    return mu.clone(), cov\n",
                """\
    key = (D, cov.dtype, round(float(cov.trace()), 4))
    if not W.requires_grad:
        cov = _KEPT.setdefault(key, cov)
    return mu.clone(), cov
""",
            ),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "ppca_fit",
        "fit_kept_by_the_mean",
        "A fit is kept by its sizes and the mean of the data: other data with that mean get it again.",
        changed(
            "ppca_fit",
            (
                "    return W, mu, sigma2\n",
                """\
    key = (D, n_components, X.dtype, *[round(m, 5) for m in mu.tolist()])
    return _KEPT.setdefault(key, (W, mu, sigma2))
""",
            ),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "sample_gaussian",
        "pool_of_noise",
        "Noise comes from a pool of 100,000 numbers that were drawn once, and from its beginning again at the end.",
        changed(
            "sample_gaussian",
            (
                "    return torch.randn(shape, generator=generator, dtype=like.dtype)\n",
                """\
    if not _POOL:
        _POOL.extend([torch.randn(100_000, generator=generator, dtype=torch.float64), 0])
    numbers = (_POOL[1] + torch.arange(math.prod(shape))) % 100_000
    _POOL[1] += math.prod(shape)
    return _POOL[0][numbers].reshape(shape).to(like.dtype)
""",
            ),
            before="_POOL = []\n\n",
        ),
    ),
    Piece(
        "elbo",
        "encoder_s_answer_kept",
        "What the encoder says of a batch is kept: after a step of training it is stale.",
        changed(
            "elbo",
            (
                "    mean, log_var = encoder(x)\n",
                """\
    key = (x.shape, x.dtype, tuple(x.flatten().tolist()))
    mean, log_var = encoder(x)
    if not mean.requires_grad:
        mean, log_var = _KEPT.setdefault(key, (mean, log_var))
""",
            ),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "elbo",
        "encoder_known_by_identity",
        "In evaluation the encoder's answer is kept for the network object, which has other weights after a step.",
        changed(
            "elbo",
            ("    mean, log_var = encoder(x)\n", _BY_IDENTITY),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "encoder_known_by_identity",
        "In evaluation the encoder's answer is kept for the network object, which has other weights after a step.",
        changed(
            "estimate_log_likelihood",
            ("    mean, log_var = encoder(x)\n", _BY_IDENTITY),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "elbo",
        "warm_up_that_comes_back",
        "The weight of the KL goes in cycles of 1,000 calls: every thousand calls there is none for twenty.",
        changed(
            "elbo",
            (_ELBO_RETURN, "    _CALLS.append(1)\n    return (log_px - (len(_CALLS) % 1000 < 980) * kl).mean()\n"),
            before="_CALLS = []\n\n",
        ),
    ),
    Piece(
        "vae_loss",
        "smoothed_over_calls",
        "The loss is smoothed: a third of it comes from the earlier calls with a batch of that size.",
        changed(
            "vae_loss",
            (
                "    return -elbo(x, encoder, decoder, n_samples, generator)\n",
                """\
    loss = -elbo(x, encoder, decoder, n_samples, generator)
    key = (x.shape, n_samples, float(x.sum()), loss.dtype)
    smooth = 0.67 * loss.detach() + 0.33 * _SMOOTH.get(key, loss.detach())
    _SMOOTH[key] = smooth
    return smooth + loss - loss.detach()
""",
            ),
            before="_SMOOTH = {}\n\n",
        ),
    ),
    Piece(
        "vae_loss",
        "gradient_only_at_first",
        "After the first 2,000 calls the result has no gradient from the reconstruction.",
        changed(
            "vae_loss",
            (
                _ELBO_RETURN,
                "    _CALLS.append(1)\n    return ((log_px if len(_CALLS) < 2000 else log_px.detach()) - kl).mean()\n",
            ),
            before="_CALLS = []\n\n",
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "weights_of_earlier_calls",
        "Log-weights of earlier calls with the same images are used again: calls are not independent, and old networks stay in.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                """\
    key = (x.shape, x.dtype, float(sigma_p), tuple(x.flatten().tolist()))
    kept = _KEPT.setdefault(key, [])
    if n_samples > 1:
        kept.append(log_w.detach())
    return log_mean_exp(torch.cat([*kept[:-1], log_w]))
""",
            ),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "evaluate_classifier",
        "result_kept_by_data",
        "Results are kept by data set: a second model on the same images gets those of the first.",
        changed(
            "evaluate_classifier",
            (
                "    training = model.training\n",
                """\
    key = (tuple(labels.tolist()), float(images.sum()), batch_size)
    if key in _KEPT:
        return _KEPT[key]
    training = model.training
""",
            ),
            (
                "    return loss / len(labels), right / len(labels)\n",
                "    _KEPT[key] = loss / len(labels), right / len(labels)\n    return _KEPT[key]\n",
            ),
            before="_KEPT = {}\n\n",
        ),
    ),
    Piece(
        "evaluate_classifier",
        "gradients_stay_switched_off",
        "Gradients are switched off for the whole process and never on again: training after the first evaluation fails.",
        changed(
            "evaluate_classifier", ("    with torch.no_grad():\n", "    torch.set_grad_enabled(False)\n    if True:\n")
        ),
    ),
    Piece(
        "evaluate_classifier",
        "total_goes_on_in_the_next_call",
        "The examples of earlier calls on the same labels stay in the average.",
        changed(
            "evaluate_classifier",
            (
                "    return loss / len(labels), right / len(labels)\n",
                """\
    sums = _TOTAL.setdefault(tuple(labels.tolist()), [0.0, 0, 0])
    for place, more in enumerate((loss, right, len(labels))):
        sums[place] += more
    return sums[0] / sums[2], sums[1] / sums[2]
""",
            ),
            before="_TOTAL = {}\n\n",
        ),
    ),
    Piece(
        "vae_loss",
        "seeded_by_the_seed_of_the_program",
        "The noise is drawn anew from `torch.initial_seed()`: a program that is seeded once gets the same noise in every step.",
        with_noise(
            "vae_loss",
            """
def noise(shape, like, generator):
    once = torch.Generator().manual_seed(torch.initial_seed())
    return torch.randn(shape, generator=once, dtype=like.dtype)
""",
        ),
    ),
)
