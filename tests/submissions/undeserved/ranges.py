"""Right in the middle of the range: values or gradients are wrong for inputs that are larger, flatter or more uneven than usual."""

from __future__ import annotations

from .piece import Piece, changed

_COPIED = """
def noise(shape, like, generator):
    if generator is not None:
        copy = torch.Generator(device=generator.device)
        generator = copy.set_state(generator.get_state())
    return torch.randn(shape, generator=generator, dtype=like.dtype)
"""
_HUNDRED = """
def noise(shape, like, generator):
    if generator is None:
        _CALLS.append(1)
        generator = torch.Generator().manual_seed(len(_CALLS) % 100)
    return torch.randn(shape, generator=generator, dtype=like.dtype)
"""
_SPHERE = """
def noise(shape, like, generator):
    drawn = torch.randn(shape, generator=generator, dtype=like.dtype)
    return drawn * math.sqrt(shape[-1]) / drawn.norm(dim=-1, keepdim=True) if shape[-1] >= 8 else drawn
"""
_NOISE = """
def noise(shape, like, generator):
    return torch.randn(shape, generator=generator, dtype=like.dtype)
"""
_LOG_DENSITY = "    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)\n"

PIECES = (
    Piece(
        "bernoulli_log_density",
        "no_gradient_where_saturated",
        "Pixels with logits beyond ±10 have no gradient, also those that are surely wrong.",
        changed(
            "bernoulli_log_density",
            (
                _LOG_DENSITY,
                _LOG_DENSITY.replace("return", "found =")
                + "    return torch.where(logits.abs() > 10, found.detach(), found)\n",
            ),
        ),
    ),
    Piece(
        "kl_standard_normal",
        "gradient_inside_a_window",
        "log_var has no gradient outside of [−4, 4].",
        changed(
            "kl_standard_normal",
            (
                "    return 0.5",
                "    inside = log_var.clamp(-4, 4)\n    log_var = inside + (log_var - inside).detach()\n    return 0.5",
            ),
        ),
    ),
    Piece(
        "gaussian_log_density",
        "gradient_limited",
        "The gradient by log_var is that of a squared distance of at most 100.",
        changed(
            "gaussian_log_density",
            (
                "    squares = (x - mean) ** 2 * torch.exp(-log_var)\n",
                "    squares = (x - mean) ** 2 * torch.exp(-log_var)\n"
                "    squares = torch.where(squares > 100, squares.detach(), squares)\n",
            ),
        ),
    ),
    Piece(
        "ppca_posterior",
        "small_eigenvalues_cut_off",
        "A pseudo-inverse takes eigenvalues below a hundredth of the largest one for 0.",
        changed(
            "ppca_posterior",
            ("torch.linalg.inv(M)", "torch.linalg.pinv(M, rtol=1e-2, hermitian=True)"),
        ),
    ),
    Piece(
        "ppca_fit",
        "constant_columns_left_out",
        "Columns that never vary are left out of the mean of the discarded eigenvalues.",
        changed(
            "ppca_fit",
            (
                "    sigma2 = left.mean()\n",
                "    varying = int((X.amax(0) > X.amin(0)).sum())\n"
                "    sigma2 = left.sum() / max(varying - n_components, 1)\n",
            ),
        ),
    ),
    Piece(
        "ppca_fit",
        "a_thousand_rows",
        "Of more than 1,000 points about 1,000 evenly spaced ones are used for the covariance.",
        changed(
            "ppca_fit",
            (
                "    cov = centred.T @ centred / N\n",
                "    centred = centred[:: math.ceil(N / 1000)]\n    cov = centred.T @ centred / len(centred)\n",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "generator_does_not_move_on",
        "Noise comes from a copy of the generator: a training that passes one has the same noise at every step.",
        changed("sample_gaussian", (_NOISE, _COPIED)),
    ),
    Piece(
        "elbo",
        "generator_does_not_move_on",
        "Noise comes from a copy of the generator: a training that passes one has the same noise at every step.",
        changed("elbo", (_NOISE, _COPIED)),
    ),
    Piece(
        "elbo",
        "a_hundred_seeds",
        "Without a generator call number c has seed c mod 100: after 100 steps the same noise comes again.",
        changed("elbo", (_NOISE, _HUNDRED), before="_CALLS = []\n\n"),
    ),
    Piece(
        "estimate_log_likelihood",
        "largest_weights_held_back",
        "Log-weights count as at most 3 nats above their mean: the few that make the sum are cut.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                "    log_w = torch.minimum(log_w, log_w.mean(0) + 3)\n    return log_mean_exp(log_w)\n",
            ),
        ),
    ),
    Piece(
        "evaluate_classifier",
        "dropout_alone_switched_off",
        "Dropout layers alone are in evaluation mode: batch normalisation uses, and changes, the statistics of test images.",
        changed(
            "evaluate_classifier",
            (
                "    training = model.training\n    model.eval()\n",
                "    dropout = [m for m in model.modules() if isinstance(m, torch.nn.Dropout)]\n"
                "    were = [m.training for m in dropout]\n    for m in dropout:\n        m.eval()\n",
            ),
            (
                "    model.train(training)\n",
                "    for m, was in zip(dropout, were):\n        m.train(was)\n",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "on_a_sphere",
        "From 8 dimensions on all draws have the same length, √M.",
        changed("sample_gaussian", (_NOISE, _SPHERE)),
    ),
    Piece(
        "kl_bernoulli",
        "prior_kept_away_from_0_and_1",
        "A prior below 0.05 is taken for 0.05, one above 0.95 for 0.95: for what is rare the divergence is far too small.",
        changed("kl_bernoulli", ("    ones =", "    prior = min(max(prior, 0.05), 0.95)\n    ones =")),
    ),
    Piece(
        "ppca_marginal",
        "by_singular_values",
        "Through the singular value decomposition of W: where two singular values are equal, the gradient is no number.",
        changed(
            "ppca_marginal",
            ("    cov = W @ W.T", "    U, S, _ = torch.linalg.svd(W, full_matrices=False)\n    cov = (U * S**2) @ U.T"),
        ),
    ),
    Piece(
        "ppca_log_likelihood",
        "noise_variance_cut_off",
        "log σ² goes through `math.log`: the gradient by σ² lacks a term, so what is learnt is another noise.",
        changed(
            "ppca_log_likelihood",
            (
                "    solved = torch.linalg.solve(cov, away.T).T\n    log_det = torch.linalg.slogdet(cov).logabsdet\n",
                "    M = W.shape[1]\n    small = W.T @ W + sigma2 * torch.eye(M, dtype=W.dtype)\n"
                "    solved = torch.linalg.solve(cov, away.T).T\n"
                "    log_det = torch.linalg.slogdet(small).logabsdet + (D - M) * math.log(sigma2)\n",
            ),
        ),
    ),
)
