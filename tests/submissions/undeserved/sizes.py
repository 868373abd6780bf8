"""Right for the sizes that are asked today, wrong for others that occur: one dimension, more images, fewer points, square batches."""

from __future__ import annotations

from .piece import Piece, changed

_TERMS = "    squares = (x - mean) ** 2 * torch.exp(-log_var)\n    return -0.5 * (math.log(2 * math.pi) + log_var + squares).sum(-1)\n"

PIECES = (
    Piece(
        "gaussian_log_density",
        "squeezed_at_one_dimension",
        "For D = 1 the squeeze takes the axis that is summed: one number for the whole batch.",
        changed(
            "gaussian_log_density",
            (
                "(math.log(2 * math.pi) + log_var + squares).sum(-1)",
                "(math.log(2 * math.pi) + log_var + squares).squeeze(-1).sum(-1)",
            ),
        ),
    ),
    Piece(
        "gaussian_log_density",
        "rest_of_blocks_of_a_hundred",
        "Dimensions are added in blocks of 100, and what is left over is lost: 84 of the 784 pixels of an image.",
        changed(
            "gaussian_log_density",
            (
                _TERMS,
                """\
    D = x.shape[-1]
    total = 0.0
    for start in range(0, max(D // 100, 1) * 100, 100):
        part = slice(start, start + 100)
        lv = log_var[..., part]
        squares = (x[..., part] - mean[..., part]) ** 2 * torch.exp(-lv)
        total = total - 0.5 * (math.log(2 * math.pi) + lv + squares).sum(-1)
    return total
""",
            ),
        ),
    ),
    Piece(
        "gaussian_log_density",
        "axis_found_by_its_length",
        "The axis to sum is found by its length; where B = D that is the batch.",
        changed("gaussian_log_density", ("+ squares).sum(-1)", "+ squares).sum(list(x.shape).index(mean.shape[-1]))")),
    ),
    Piece(
        "bernoulli_log_density",
        "last_block_of_images_dropped",
        "Computed in blocks of 32 images; of more than 32, those after the last full block get log-probability 0.",
        changed(
            "bernoulli_log_density",
            (
                "    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)\n",
                """\
    blocks = []
    for i in range(max(len(x) // 32, 1)):
        xs, ls = x[32 * i : 32 * i + 32], logits[32 * i : 32 * i + 32]
        blocks.append(xs * F.logsigmoid(ls) + (1 - xs) * F.logsigmoid(-ls))
    done = torch.cat(blocks)
    return F.pad(done, (0, 0, 0, len(x) - len(done)))
""",
            ),
        ),
    ),
    Piece(
        "kl_standard_normal",
        "ten_latents_at_most",
        "Only the first ten latent dimensions are summed.",
        changed("kl_standard_normal", ("- 1 - log_var).sum(-1)", "- 1 - log_var)[..., :10].sum(-1)")),
    ),
    Piece(
        "kl_bernoulli",
        "one_row_taken_for_a_column",
        "A batch of one example is taken for M examples of one dimension: M values instead of their sum.",
        changed(
            "kl_bernoulli", ("    ones =", "    if len(probs) == 1:\n        probs = probs.reshape(-1, 1)\n    ones =")
        ),
    ),
    Piece(
        "ppca_marginal",
        "diagonal_only_for_images",
        "For more than 100 dimensions only the diagonal of W Wᵀ is kept.",
        changed(
            "ppca_marginal",
            (
                "    return mu.clone(), cov\n",
                "    if D > 100:\n        cov = torch.diag((W**2).sum(1) + sigma2)\n    return mu.clone(), cov\n",
            ),
        ),
    ),
    Piece(
        "ppca_posterior",
        "columns_where_it_is_square",
        "Takes x as (D, B) where its first axis has length D: as many points as dimensions come out transposed.",
        changed("ppca_posterior", ("    M = W.T", "    if x.shape[0] == W.shape[0]:\n        x = x.T\n    M = W.T")),
    ),
    Piece(
        "ppca_log_likelihood",
        "solve_tried_both_ways",
        "Tries solve(C, X − μ) and transposes when torch complains: with N = D it does not complain, and the rows are mixed.",
        changed(
            "ppca_log_likelihood",
            (
                "    solved = torch.linalg.solve(cov, away.T).T\n",
                """\
    try:
        solved = torch.linalg.solve(cov, away)
    except RuntimeError:
        solved = torch.linalg.solve(cov, away.T).T
""",
            ),
        ),
    ),
    Piece(
        "ppca_fit",
        "mean_of_the_singular_values_there_are",
        "With fewer points than dimensions the SVD has N values, and σ² is their mean: the zeros are left out.",
        changed(
            "ppca_fit",
            (
                """\
    cov = centred.T @ centred / N
    values, vectors = torch.linalg.eigh(cov)
    kept, left = values[D - n_components :], values[: D - n_components]
    sigma2 = left.mean()
    W = vectors[:, D - n_components :] * (kept - sigma2).clamp(min=0).sqrt()
""",
                """\
    _, s, V = torch.linalg.svd(centred, full_matrices=False)
    values = s**2 / N
    sigma2 = values[n_components:].mean()
    W = V[:n_components].T * (values[:n_components] - sigma2).clamp(min=0).sqrt()
""",
            ),
        ),
    ),
    Piece(
        "ppca_fit",
        "twelve_components_at_most",
        "σ² comes from the twelve largest eigenvalues only: too large for data of more dimensions.",
        changed(
            "ppca_fit",
            ("values[: D - n_components]\n", "values[max(0, D - max(12, n_components + 1)) : D - n_components]\n"),
        ),
    ),
    Piece(
        "log_mean_exp",
        "squeezed_at_one_sample",
        "For S = 1 the squeeze takes the axis of samples, and the sum runs over the examples.",
        changed("log_mean_exp", ("torch.logsumexp(log_w, dim=0)", "torch.logsumexp(log_w.squeeze(0), dim=0)")),
    ),
    Piece(
        "log_mean_exp",
        "nan_for_nothing_but_zeros",
        "A column of nothing but −∞ gives NaN (−∞ minus −∞): the handout asks for −∞.",
        changed(
            "log_mean_exp",
            (
                "    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])\n",
                "    top = log_w.max(0).values\n    return top + torch.log(torch.exp(log_w - top).mean(0))\n",
            ),
        ),
    ),
    Piece(
        "log_mean_exp",
        "logs_of_blocks_averaged",
        "More than 100 samples are taken in blocks of 100, and the logarithms of the blocks' means are averaged.",
        changed(
            "log_mean_exp",
            (
                "    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])\n",
                """\
    blocks = log_w.split(100)
    sizes = torch.tensor([len(block) for block in blocks], dtype=log_w.dtype)
    means = torch.stack([torch.logsumexp(block, 0) - math.log(len(block)) for block in blocks])
    return (means * sizes[:, None]).sum(0) / len(log_w) if len(blocks) > 1 else means[0]
""",
            ),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "logs_of_blocks_averaged",
        "512 samples or more are taken in blocks, and the estimates of the blocks are averaged: the mean of logarithms again.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                "    return torch.stack([log_mean_exp(block) for block in log_w.tensor_split(max(1, n_samples // 256))]).mean(0)\n",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "noise_centred_over_the_batch",
        "The noise is centred over the batch: a single example has none at all, and two have opposite noise.",
        changed(
            "sample_gaussian",
            (
                "    eps = noise(mean.shape, mean, generator)\n",
                "    eps = noise(mean.shape, mean, generator)\n    eps = eps - eps.mean(0)\n",
            ),
        ),
    ),
    Piece(
        "elbo",
        "images_after_the_512th_dropped",
        "Images after the 512th are left out, so that the mean is that of another batch.",
        changed("elbo", ("    mean, log_var = encoder(x)\n", "    x = x[:512]\n    mean, log_var = encoder(x)\n")),
    ),
    Piece(
        "elbo",
        "squeezed_at_one_pixel",
        "For D = 1 the squeeze takes the axis of pixels: log-probabilities are summed over the batch.",
        changed(
            "elbo",
            (
                "bernoulli_log_density(x, logits).sum(-1).mean(0)",
                "bernoulli_log_density(x, logits).squeeze(-1).sum(-1).mean(0)",
            ),
        ),
    ),
    Piece(
        "elbo",
        "ten_latents_at_most",
        "Latent dimensions after the tenth get no noise.",
        changed(
            "elbo",
            ("    z = mean", "    eps = torch.cat([eps[..., :10], torch.zeros_like(eps[..., 10:])], -1)\n    z = mean"),
        ),
    ),
    Piece(
        "vae_loss",
        "rows_of_an_image_averaged",
        "An image of 784 pixels is seen as 28 rows: summed within a row, averaged over the rows.",
        changed(
            "vae_loss",
            (
                "    log_px = bernoulli_log_density(x, logits).sum(-1).mean(0)\n",
                """\
    pixels = bernoulli_log_density(x, logits)
    if x.shape[-1] == 784:
        pixels = pixels.unflatten(-1, (28, 28)).mean(-2)
    log_px = pixels.sum(-1).mean(0)
""",
            ),
        ),
    ),
    Piece(
        "vae_loss",
        "last_images_left_out",
        "The batch is cut to a multiple of 64 where it is larger: the loss of the other images is never seen.",
        changed(
            "vae_loss",
            (
                "    mean, log_var = encoder(x)\n",
                "    x = x[: max(len(x) // 64 * 64, 64)]\n    mean, log_var = encoder(x)\n",
            ),
        ),
    ),
    Piece(
        "evaluate_classifier",
        "ten_batches_at_most",
        "Only the first ten batches are looked at.",
        changed(
            "evaluate_classifier",
            (
                "    training = model.training\n",
                "    images, labels = images[: 10 * batch_size], labels[: 10 * batch_size]\n    training = model.training\n",
            ),
        ),
    ),
    Piece(
        "evaluate_classifier",
        "ten_classes_at_most",
        "Classes after the tenth are cut off, and their examples are counted as class 9.",
        changed("evaluate_classifier", ("logits = model(x)", "logits, y = model(x)[:, :10], y.clamp(max=9)")),
    ),
    Piece(
        "evaluate_classifier",
        "small_data_filled_up",
        "Where the batch is larger than the data set, the data are repeated to fill it, and some images count twice.",
        changed(
            "evaluate_classifier",
            (
                "    training = model.training\n",
                """\
    if batch_size > len(labels):
        again = torch.arange(batch_size) % len(labels)
        images, labels = images[again], labels[again]
    training = model.training
""",
            ),
        ),
    ),
)
