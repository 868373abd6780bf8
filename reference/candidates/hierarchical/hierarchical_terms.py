"""What is held against the checks of `hierarchical_terms`."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.densities import gaussian_log_density
from reference.divergences import kl_standard_normal
from reference.hierarchical import hierarchical_terms
from reference.types import AnyDecoder, AnyEncoder, Conditional

Terms = tuple[Tensor, Tensor, Tensor]

# ------------------------------------------------------------------------------------------- named mistakes: the decoder's


@wrong(
    "averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z₁) is their sum.",
    severity="slip",
    credit=0.75,
)
def _averaged_over_pixels(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon / x.shape[-1], ratio, kl


@wrong(
    "recon_negative",
    "recon has its sign reversed: it is the cross-entropy, the negative of log p(x | z₁).",
    severity="slip",
    credit=0.75,
)
def _recon_negative(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return -recon, ratio, kl


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.7,
)
def _sigmoid_twice(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    return hierarchical_terms(x, z1, z2, q1, q2, p1, lambda z: torch.sigmoid(decoder(z)))


@wrong(
    "squared_error",
    "The reconstruction is a squared error; binary pixels have a Bernoulli log-probability.",
    severity="gap",
    credit=0.6,
)
def _squared_error(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    _, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return -((x - torch.sigmoid(decoder(z1))) ** 2).sum(-1), ratio, kl


@wrong(
    "black_pixels_missing",
    "The part (1 − x) log(1 − p) of the log-probability is missing, so that black pixels say nothing.",
    severity="slip",
    credit=0.7,
)
def _black_pixels_missing(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    _, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return (x * F.logsigmoid(decoder(z1))).sum(-1), ratio, kl


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.85,
)
def _log_of_sigmoid(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    _, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    probs = torch.sigmoid(decoder(z1))
    return (x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1), ratio, kl


# ----------------------------------------------------------------------------------------------- named mistakes: the ratio


@wrong(
    "ratio_reversed",
    "The ratio is log q(z₁ | x) − log p(z₁ | z₂); here it is the negative of that.",
    severity="slip",
    credit=0.75,
)
def _ratio_reversed(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, -ratio, kl


@wrong("log_q_missing", "log q(z₁ | x) is missing in the ratio.", severity="gap", credit=0.6)
def _log_q_missing(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio + gaussian_log_density(z1, *q1(x)), kl


@wrong("log_p_missing", "log p(z₁ | z₂) is missing in the ratio.", severity="gap", credit=0.6)
def _log_p_missing(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio - gaussian_log_density(z1, *p1(z2)), kl


@wrong(
    "densities_added",
    "log p(z₁ | z₂) and log q(z₁ | x) are added; the logarithm of a ratio is their difference.",
    severity="slip",
    credit=0.75,
)
def _densities_added(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio + 2 * gaussian_log_density(z1, *q1(x)), kl


@wrong(
    "standard_prior",
    "z₁ has a standard normal prior in the ratio, as in a VAE with one level; here its prior is p(z₁ | z₂).",
    severity="gap",
    credit=0.6,
)
def _standard_prior(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    zero = torch.zeros_like(z1)
    return hierarchical_terms(x, z1, z2, q1, q2, lambda z2: (zero, zero), decoder)


@wrong(
    "ratio_in_closed_form",
    "The ratio is replaced by −KL(q(z₁ | x) ‖ p(z₁ | z₂)), its mean over z₁; it is asked for at the given samples.",
    severity="gap",
    credit=0.6,
)
def _ratio_in_closed_form(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, _, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    (mean_q, log_var_q), (mean_p, log_var_p) = q1(x), p1(z2)
    squares = ((mean_q - mean_p) ** 2 + log_var_q.exp()) * torch.exp(-log_var_p)
    return recon, -0.5 * (log_var_p - log_var_q + squares - 1).sum(-1), kl


@wrong(
    "ratio_averaged_over_latents",
    "The log-densities of z₁ are averaged over its dimensions; they are summed.",
    severity="slip",
    credit=0.75,
)
def _ratio_averaged_over_latents(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio / z1.shape[-1], kl


@wrong(
    "ratio_without_determinants",
    "The log-variances are missing in the Gaussian log-densities of the ratio: only the squared distances are there.",
    severity="slip",
    credit=0.7,
)
def _ratio_without_determinants(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio + 0.5 * (p1(z2)[1] - q1(x)[1]).sum(-1), kl


@wrong(
    "variance_as_std",
    "In the ratio `log_var` is taken for log σ; it is log σ².",
    severity="slip",
    credit=0.75,
)
def _variance_as_std(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    return hierarchical_terms(x, z1, z2, _doubled(q1), q2, _doubled(p1), decoder)


def _doubled(network):
    def doubled(given):
        mean, log_var = network(given)
        return mean, 2 * log_var

    return doubled


# ------------------------------------------------------------------------------------- named mistakes: the KL divergence


@wrong(
    "kl_negative",
    "kl has its sign reversed: a KL divergence is never negative.",
    severity="slip",
    credit=0.75,
)
def _kl_negative(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio, -kl


@wrong("kl_half_missing", "The factor ½ of the KL divergence is missing.", severity="slip", credit=0.75)
def _kl_half_missing(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio, 2 * kl


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the dimensions of z₂; it is their sum.",
    severity="slip",
    credit=0.75,
)
def _kl_averaged_over_latents(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio, kl / z2.shape[-1]


@wrong(
    "kl_at_the_sample",
    "kl is log q(z₂ | z₁) − log p(z₂) at the given z₂: right on average, but the closed form is asked for.",
    severity="slip",
    credit=0.7,
)
def _kl_at_the_sample(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, _ = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    zero = torch.zeros_like(z2)
    return recon, ratio, gaussian_log_density(z2, *q2(z1)) - gaussian_log_density(z2, zero, zero)


@wrong(
    "kl_of_lower_level",
    "The KL divergence is that of q(z₁ | x); z₂ is the one with the standard normal prior, and q(z₂ | z₁) belongs to it.",
    severity="gap",
    credit=0.6,
)
def _kl_of_lower_level(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, _ = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio, kl_standard_normal(*q1(x))


@wrong(
    "mean_for_sample",
    "q2 gets the mean of q(z₁ | x); q(z₂ | z₁) belongs to the given sample z₁.",
    severity="slip",
    credit=0.7,
)
def _mean_for_sample(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, _ = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, ratio, kl_standard_normal(*q2(q1(x)[0]))


@wrong(
    "kl_log_std_convention",
    "In the KL divergence `log_var` is taken for log σ; it is log σ².",
    severity="slip",
    credit=0.75,
)
def _kl_log_std_convention(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    return hierarchical_terms(x, z1, z2, q1, _doubled(q2), p1, decoder)


@wrong(
    "kl_reversed",
    "The divergence is KL(N(0, I) ‖ q(z₂ | z₁)): its arguments are swapped.",
    severity="slip",
    credit=0.75,
)
def _kl_reversed(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, _ = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    mean, log_var = q2(z1)
    return recon, ratio, 0.5 * ((1 + mean**2) * torch.exp(-log_var) - 1 + log_var).sum(-1)


# --------------------------------------------------------------------------------------------- named mistakes: everywhere


@wrong(
    "log_std_everywhere",
    "All networks' `log_var` are taken for log σ; they are log σ².",
    severity="slip",
)
def _log_std_everywhere(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    return hierarchical_terms(x, z1, z2, _doubled(q1), _doubled(q2), _doubled(p1), decoder)


@wrong("terms_swapped", "kl comes before ratio: the order is recon, ratio, kl.", severity="form")
def _terms_swapped(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, kl, ratio


@wrong(
    "averaged_over_batch",
    "The examples are averaged; each term has one value per example.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon.mean(), ratio.mean(), kl.mean()


@wrong(
    "samples_drawn_anew",
    "z₁ is drawn from q1 inside; all terms belong to the samples that are given.",
    severity="gap",
)
def _samples_drawn_anew(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    mean, log_var = q1(x)
    z1 = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
    return hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)


@wrong(
    "q_detached",
    "q(z₁ | x) is detached from the graph, so that its network gets no gradient.",
    severity="slip",
    credit=0.75,
)
def _q_detached(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    def detached(x):
        mean, log_var = q1(x)
        return mean.detach(), log_var.detach()

    return hierarchical_terms(x, z1, z2, detached, q2, p1, decoder)


@wrong(
    "samples_detached",
    "The samples are detached from the graph, so that no gradient reaches what they were drawn from.",
    severity="slip",
    credit=0.75,
)
def _samples_detached(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    return hierarchical_terms(x, z1.detach(), z2.detach(), q1, q2, p1, decoder)


@wrong("detached", "The results are cut from the graph, so that nothing can be learnt.", severity="slip", credit=0.75)
def _detached(
    x: Tensor, z1: Tensor, z2: Tensor, q1: AnyEncoder, q2: Conditional, p1: Conditional, decoder: AnyDecoder
) -> Terms:
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon.detach(), ratio.detach(), kl.detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("squared_error")
def _gaussian_with_unit_variance(x, z1, z2, q1, q2, p1, decoder):
    _, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return Normal(torch.sigmoid(decoder(z1)), 1.0).log_prob(x).sum(-1), ratio, kl


@wrong("ratio_without_determinants")
def _variances_taken_to_be_one(x, z1, z2, q1, q2, p1, decoder):
    recon, _, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon, 0.5 * ((z1 - q1(x)[0]) ** 2 - (z1 - p1(z2)[0]) ** 2).sum(-1), kl


@wrong("averaged_over_batch")
def _summed_over_batch(x, z1, z2, q1, q2, p1, decoder):
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return recon.sum(), ratio.sum(), kl.sum()


@wrong("variance_as_std")
def _scale_is_the_variance(x, z1, z2, q1, q2, p1, decoder):
    recon, _, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    log_p, log_q = (Normal(mean, log_var.exp()).log_prob(z1).sum(-1) for mean, log_var in (p1(z2), q1(x)))
    return recon, log_p - log_q, kl


# ------------------------------------------------------------------------------------------------------- in other words


def _log_normal(z, mean, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (z - mean) ** 2 / log_var.exp()).sum(1)


@wrong("ratio_reversed", rewritten=True)
def _as_printed(x, z1, z2, q1, q2, p1, decoder):
    mu2, logvar2 = q2(z1)
    recon = -F.binary_cross_entropy_with_logits(decoder(z1), x, reduction="none").sum(1)
    ratio = _log_normal(z1, *q1(x)) - _log_normal(z1, *p1(z2))
    return recon, ratio, -0.5 * (1 + logvar2 - mu2**2 - logvar2.exp()).sum(1)


@wrong("kl_at_the_sample", rewritten=True)
def _everything_at_samples(x, z1, z2, q1, q2, p1, decoder):
    def normal(mean, log_var):
        return Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)

    prior = normal(torch.zeros_like(z2), torch.zeros_like(z2))
    recon = Independent(Bernoulli(logits=decoder(z1)), 1).log_prob(x)
    ratio = normal(*p1(z2)).log_prob(z1) - normal(*q1(x)).log_prob(z1)
    return recon, ratio, normal(*q2(z1)).log_prob(z2) - prior.log_prob(z2)


@wrong("standard_prior", rewritten=True)
def _prior_of_one_level(x, z1, z2, q1, q2, p1, decoder):
    mu2, logvar2 = q2(z1)
    recon = Bernoulli(logits=decoder(z1)).log_prob(x).sum(-1)
    log_q = Normal(q1(x)[0], (q1(x)[1] / 2).exp()).log_prob(z1)
    ratio = (Normal(0.0, 1.0).log_prob(z1) - log_q).sum(-1)
    return recon, ratio, 0.5 * (mu2**2 + logvar2.exp() - 1 - logvar2).sum(-1)


@wrong("ratio_in_closed_form", rewritten=True)
def _two_divergences(x, z1, z2, q1, q2, p1, decoder):
    def normal(mean, log_var):
        return Normal(mean, torch.exp(0.5 * log_var))

    recon = -F.binary_cross_entropy_with_logits(decoder(z1), x, reduction="none").sum(-1)
    prior = normal(torch.zeros_like(z2), torch.zeros_like(z2))
    ratio = -kl_divergence(normal(*q1(x)), normal(*p1(z2))).sum(-1)
    return recon, ratio, kl_divergence(normal(*q2(z1)), prior).sum(-1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _log_variance_of_p_for_both(x, z1, z2, q1, q2, p1, decoder):
    return hierarchical_terms(x, z1, z2, lambda x: (q1(x)[0], p1(z2)[1]), q2, p1, decoder)


@wrong()
def _first_latent_forgotten(x, z1, z2, q1, q2, p1, decoder):
    recon, ratio, _ = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    mean, log_var = q2(z1)
    return recon, ratio, kl_standard_normal(mean[:, 1:], log_var[:, 1:])


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "torch.distributions throughout.", second=True)
def _distributions(x, z1, z2, q1, q2, p1, decoder):
    def normal(mean, log_var):
        return Independent(Normal(mean, torch.exp(log_var / 2)), 1)

    prior = Independent(Normal(torch.zeros_like(z2), torch.ones_like(z2)), 1)
    recon = Independent(Bernoulli(logits=decoder(z1)), 1).log_prob(x)
    ratio = normal(*p1(z2)).log_prob(z1) - normal(*q1(x)).log_prob(z1)
    return recon, ratio, kl_divergence(normal(*q2(z1)), prior)


@right("constants_cancel", "½ log 2π cancels in the ratio, and is left out.")
def _constants_cancel(images, lower, upper, encode, above, below, decode):
    (mean_p, log_var_p), (mean_q, log_var_q) = below(upper), encode(images)
    recon = -F.softplus((1 - 2 * images) * decode(lower)).sum(1)
    p = log_var_p + (lower - mean_p) ** 2 * torch.exp(-log_var_p)
    q = log_var_q + (lower - mean_q) ** 2 * torch.exp(-log_var_q)
    mean, log_var = above(lower)
    kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp(), dim=1)
    return recon, 0.5 * (q - p).sum(1), kl


@right("nll_losses", "Losses of PyTorch.")
def _nll_losses(x, z1, z2, q1, q2, p1, decoder):
    def nll(mean, log_var):
        return F.gaussian_nll_loss(mean, z1, log_var.exp(), full=True, reduction="none", eps=1e-12).sum(-1)

    recon = -F.binary_cross_entropy_with_logits(decoder(z1), x, reduction="none").sum(-1)
    mean, log_var = q2(z1)
    kl = 0.5 * (torch.einsum("bm,bm->b", mean, mean) + (torch.expm1(log_var) - log_var).sum(-1))
    return recon, nll(*q1(x)) - nll(*p1(z2)), kl


@right("sample_axis", "The samples get an axis of their own, of length 1.")
def _with_sample_axis(x, z1, z2, q1, q2, p1, decoder):
    zs, ws = z1[None], z2[None]

    def log_density(z, mean, log_var):
        return torch.stack(
            [Normal(m, torch.exp(0.5 * v)).log_prob(z_) for z_, m, v in zip(z, mean, log_var, strict=True)]
        )

    mean, log_var = q1(x)
    recon = (x * decoder(zs) - F.softplus(decoder(zs))).sum(-1).mean(0)
    ratio = (log_density(zs, *p1(ws)) - log_density(zs, mean[None], log_var[None])).sum(-1)[0]
    mean, log_var = q2(zs)
    return recon, ratio, 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)[0]
