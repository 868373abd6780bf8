"""Right in float64 as it is asked today; wrong in float32, by position, by name, with defaults, for other layouts in memory."""

from __future__ import annotations

from .piece import Piece, changed

_IN_MEMORY = """
def in_memory(t):
    return torch.as_strided(t, t.shape, torch.empty(t.shape).stride())

"""

PIECES = (
    # ---------------------------------------------------------------------------------------------- in float32
    Piece(
        "elbo",
        "no_noise_and_no_kl_in_float32",
        "In float32, in which everybody trains, z is the mean and there is no KL.",
        changed(
            "elbo",
            ("    z = mean +", "    single = mean.dtype == torch.float32\n    z = mean if single else mean +"),
            ("    return (log_px - kl).mean()", "    return log_px.mean() if single else (log_px - kl).mean()"),
        ),
    ),
    Piece(
        "elbo",
        "kl_without_gradient_in_float32",
        "In float32 the KL is detached: nothing keeps the encoder near the prior.",
        changed(
            "elbo",
            (
                "    return (log_px - kl).mean()",
                "    kl = kl.detach() if kl.dtype == torch.float32 else kl\n    return (log_px - kl).mean()",
            ),
        ),
    ),
    Piece(
        "vae_loss",
        "variance_for_deviation_in_float32",
        "In float32 the noise is scaled by σ² instead of σ.",
        changed(
            "vae_loss",
            ("torch.exp(0.5 * log_var) * eps", "torch.exp((1.0 if x.dtype == torch.float32 else 0.5) * log_var) * eps"),
        ),
    ),
    Piece(
        "vae_loss",
        "reconstruction_without_gradient_in_float32",
        "In float32 only the KL has a gradient: the decoder learns nothing.",
        changed(
            "vae_loss",
            (
                "    return (log_px - kl)",
                "    log_px = log_px.detach() if log_px.dtype == torch.float32 else log_px\n    return (log_px - kl)",
            ),
        ),
    ),
    Piece(
        "kl_standard_normal",
        "no_gradient_by_the_variance_in_float32",
        "In float32 the value is right, and its gradient by log_var is 0.",
        changed(
            "kl_standard_normal",
            (
                "    return 0.5",
                "    if mean.dtype == torch.float32:\n        log_var = log_var.detach() + 0 * log_var\n    return 0.5",
            ),
        ),
    ),
    Piece(
        "kl_bernoulli",
        "half_of_the_gradient_in_float32",
        "In float32 the second term, log(1 − θ), has no gradient.",
        changed(
            "kl_bernoulli",
            (
                "    return (ones",
                "    if probs.dtype == torch.float32:\n        zeros = zeros.detach()\n    return (ones",
            ),
        ),
    ),
    Piece(
        "bernoulli_log_density",
        "gradient_of_the_sign_in_float32",
        "In float32 the gradient is that of the perceptron, x − [ℓ > 0], beside the right value.",
        changed(
            "bernoulli_log_density",
            (
                "    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)\n",
                """\
    value = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
    if logits.dtype == torch.float32:
        hard = x * logits - logits.clamp(min=0)
        return value.detach() + hard - hard.detach()
    return value
""",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "uniform_noise_in_float32",
        "In float32 ε is uniform in ±√3: right mean and variance, wrong law.",
        changed(
            "sample_gaussian",
            (
                "    return mean +",
                "    if mean.dtype == torch.float32:\n        eps = math.sqrt(3) * torch.erf(eps / math.sqrt(2))\n    return mean +",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "variance_for_deviation_in_float32",
        "In float32 the noise is scaled by σ².",
        changed(
            "sample_gaussian",
            ("torch.exp(0.5 * log_var)", "torch.exp((1.0 if mean.dtype == torch.float32 else 0.5) * log_var)"),
        ),
    ),
    Piece(
        "log_mean_exp",
        "gradient_of_the_maximum_in_float32",
        "In float32 the gradient is that of the largest weight alone, not the softmax.",
        changed(
            "log_mean_exp",
            (
                "    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])\n",
                """\
    value = torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])
    if log_w.dtype == torch.float32:
        top = log_w.amax(0)
        return torch.where(torch.isfinite(top), value.detach() + top - top.detach(), value)
    return value
""",
            ),
        ),
    ),
    Piece(
        "ppca_fit",
        "unbiased_covariance_in_float32",
        "In float32 the covariance is divided by N − 1.",
        changed(
            "ppca_fit", ("centred.T @ centred / N", "centred.T @ centred / (N - 1 if X.dtype == torch.float32 else N)")
        ),
    ),
    Piece(
        "ppca_fit",
        "deviation_for_variance_in_float32",
        "In float32 σ is returned where σ² is asked for.",
        changed(
            "ppca_fit",
            ("    return W, mu, sigma2", "    return W, mu, sigma2.sqrt() if X.dtype == torch.float32 else sigma2"),
        ),
    ),
    Piece(
        "ppca_posterior",
        "no_gradient_by_the_loadings_in_float32",
        "In float32 M⁻¹ is computed without gradient.",
        changed(
            "ppca_posterior",
            (
                "    mean = (x - mu)",
                "    inverse = inverse.detach() if x.dtype == torch.float32 else inverse\n    mean = (x - mu)",
            ),
        ),
    ),
    Piece(
        "ppca_log_likelihood",
        "determinant_without_gradient_in_float32",
        "In float32 log det C is detached, so that maximising it by W diverges.",
        changed(
            "ppca_log_likelihood",
            (".logabsdet\n", ".logabsdet\n    log_det = log_det.detach() if X.dtype == torch.float32 else log_det\n"),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "no_noise_in_float32",
        "In float32 every z is the mean of q: not an estimate of log p(x) unless q is the posterior.",
        changed(
            "estimate_log_likelihood", ("    z = mean + torch", "    z = mean + (x.dtype != torch.float32) * torch")
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "mean_of_logs_in_float32",
        "In float32 the logarithms of the weights are averaged: the ELBO.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                "    return log_w.mean(0) if x.dtype == torch.float32 else log_mean_exp(log_w)\n",
            ),
        ),
    ),
    # ---------------------------------------------------------------------------------- by position, by name, defaults
    Piece(
        "kl_standard_normal",
        "arguments_in_another_order",
        "The signature is (log_var, mean): right by name, wrong by position as everybody calls it.",
        changed("kl_standard_normal", ("(mean, log_var):", "(log_var, mean):")),
    ),
    Piece(
        "gaussian_log_density",
        "arguments_in_another_order",
        "The signature is (x, log_var, mean): right by name, wrong by position.",
        changed("gaussian_log_density", ("(x, mean, log_var):", "(x, log_var, mean):")),
    ),
    Piece(
        "bernoulli_log_density",
        "arguments_in_another_order",
        "The signature is (logits, x), as in torch's own loss: right by name, wrong by position.",
        changed("bernoulli_log_density", ("(x, logits):", "(logits, x):")),
    ),
    Piece(
        "estimate_log_likelihood",
        "numbers_in_another_order",
        "`n_samples` stands before `sigma_p`: by position the number of samples is taken for σ_p.",
        changed(
            "estimate_log_likelihood",
            ("sigma_p=0.4, n_samples=1000", "n_samples=1000, sigma_p=0.4"),
            ("(n_samples, *mean", "(int(n_samples), *mean"),
        ),
    ),
    Piece(
        "kl_bernoulli",
        "prior_by_name_ignored",
        "Other names are swallowed by **kwargs: `prior=0.3` by name changes nothing.",
        changed(
            "kl_bernoulli",
            ("(probs, prior=0.5):", "(probs, *given, **kwargs):\n    prior = given[0] if given else 0.5"),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "ten_samples_by_default",
        "Left out, `n_samples` is 10, not 1,000: the estimate has a hundred times the variance.",
        changed("estimate_log_likelihood", ("n_samples=1000", "n_samples=10")),
    ),
    Piece(
        "vae_loss",
        "mean_of_q_by_default",
        "Left out, `n_samples` means no sampling: the decoder sees the mean of q.",
        changed(
            "vae_loss",
            ("def vae_loss(x, encoder, decoder, n_samples=1,", "def vae_loss(x, encoder, decoder, n_samples=None,"),
            ("    z = mean + torch", "    z = mean + (n_samples > 0) * torch"),
            ("noise((n_samples, *mean", "noise((max(n_samples, 1), *mean"),
            (
                "-elbo(x, encoder, decoder, n_samples, generator)",
                "-elbo(x, encoder, decoder, n_samples or 0, generator)",
            ),
        ),
    ),
    Piece(
        "elbo",
        "mean_of_q_with_a_generator",
        "Whoever passes a generator gets no noise at all.",
        changed("elbo", ("    z = mean + torch", "    z = mean + (generator is None) * torch")),
    ),
    Piece(
        "sample_gaussian",
        "always_the_same_noise_without_a_generator",
        "Without a generator every call makes one with the seed 0.",
        changed(
            "sample_gaussian",
            (
                "    eps = noise(mean.shape, mean, generator)\n",
                "    eps = noise(mean.shape, mean, generator or torch.Generator().manual_seed(0))\n",
            ),
        ),
    ),
    Piece(
        "sample_gaussian",
        "mean_with_a_generator",
        "With a generator the mean is returned.",
        changed("sample_gaussian", ("    return mean +", "    return mean + (generator is None) *")),
    ),
    # ---------------------------------------------------------------------------------- numbers as floats and 0-d tensors
    Piece(
        "ppca_marginal",
        "no_gradient_by_the_noise_variance",
        "σ² as a 0-d tensor is turned into a float: nobody can learn it.",
        changed("ppca_marginal", ("    D = W.shape[0]\n", "    D = W.shape[0]\n    sigma2 = float(sigma2)\n")),
    ),
    Piece(
        "ppca_posterior",
        "deviation_as_a_tensor",
        "σ² as a 0-d tensor is taken for σ and squared.",
        changed(
            "ppca_posterior",
            ("    M = W.T", "    sigma2 = sigma2**2 if torch.is_tensor(sigma2) else sigma2\n    M = W.T"),
        ),
    ),
    Piece(
        "ppca_log_likelihood",
        "half_precision_noise_as_a_tensor",
        "σ² as a 0-d tensor passes through half precision: off by up to 5e-4 of itself.",
        changed(
            "ppca_log_likelihood",
            (
                "    N, D = X.shape\n",
                "    N, D = X.shape\n    sigma2 = sigma2.half().to(X.dtype) if torch.is_tensor(sigma2) else sigma2\n",
            ),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "variance_as_a_tensor",
        "σ_p as a 0-d tensor is taken for the variance.",
        changed(
            "estimate_log_likelihood",
            ("    log_var_x = 2 * torch.log(", "    log_var_x = (1 if torch.is_tensor(sigma_p) else 2) * torch.log("),
        ),
    ),
    # --------------------------------------------------------------------------------------------- layouts in memory
    Piece(
        "gaussian_log_density",
        "one_variance_where_it_is_expanded",
        "A log-variance that is the same row for every example is taken for one number, the first.",
        changed(
            "gaussian_log_density",
            (
                "    squares =",
                "    if log_var.stride(0) == 0 and len(x) > 1:\n        log_var = log_var[:, :1].expand_as(x)\n    squares =",
            ),
        ),
    ),
    Piece(
        "gaussian_log_density",
        "view_of_what_is_not_contiguous",
        "`view` on the inputs: RuntimeError for a transposed x.",
        changed(
            "gaussian_log_density",
            ("    squares =", "    x = x.view(-1).view(mean.shape) if x.dim() == 2 else x\n    squares ="),
        ),
    ),
    Piece(
        "sample_gaussian",
        "noise_expanded_like_the_mean",
        "The noise is given the strides of the mean: where one mean is expanded to a batch, all examples share ε.",
        changed(
            "sample_gaussian",
            (
                "    return mean +",
                "    eps = eps.as_strided(mean.shape, mean.stride()) if 0 in mean.stride() else eps\n    return mean +",
            ),
        ),
    ),
    Piece(
        "log_mean_exp",
        "read_as_it_lies_in_memory",
        "Rows are read as they lie in memory: transposed weights are mixed up.",
        changed(
            "log_mean_exp",
            ("    return torch.logsumexp(log_w,", "    return torch.logsumexp(in_memory(log_w),"),
            before=_IN_MEMORY,
        ),
    ),
    Piece(
        "kl_standard_normal",
        "read_as_it_lies_in_memory",
        "Means are read as they lie in memory: those of a transposed or chunked tensor belong to other examples.",
        changed(
            "kl_standard_normal", ("    return 0.5", "    mean = in_memory(mean)\n    return 0.5"), before=_IN_MEMORY
        ),
    ),
    Piece(
        "evaluate_classifier",
        "read_as_they_lie_in_memory",
        "Images are read as they lie in memory: pixels of images that were turned (a view) are mixed up.",
        changed("evaluate_classifier", ("logits = model(x)", "logits = model(in_memory(x))"), before=_IN_MEMORY),
    ),
    Piece(
        "evaluate_classifier",
        "loss_added_up_in_bfloat16",
        "The loss of a batch is added up in bfloat16: three digits are left.",
        changed(
            "evaluate_classifier",
            (
                'loss += F.cross_entropy(logits, y, reduction="sum").item()',
                'loss += F.cross_entropy(logits, y, reduction="sum").bfloat16().item()',
            ),
        ),
    ),
)
