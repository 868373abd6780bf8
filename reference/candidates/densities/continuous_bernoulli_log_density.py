"""What is held against the checks of `continuous_bernoulli_log_density`."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, ContinuousBernoulli
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import continuous_bernoulli_log_density

LOG_2 = math.log(2)

# ------------------------------------------------------------------------------------------------------- named mistakes


def _bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    """x log λ + (1 − x) log(1 − λ)."""
    return x * logits - F.softplus(logits)


def _log_c(logits: Tensor) -> Tensor:
    """log C(λ), right everywhere."""
    return continuous_bernoulli_log_density(torch.zeros_like(logits), logits) + F.softplus(logits)


def _with_series(logits: Tensor, near: Tensor, limit: float = 0.04) -> Tensor:
    """log C(λ), with something else where |logits| < limit."""
    return torch.where(logits.abs() < limit, near, _log_c(logits))


@wrong(
    "normaliser_missing",
    "log C(λ) is missing: these are the terms of a Bernoulli, which do not integrate to 1 over grey pixels.",
    severity="gap",
)
def _normaliser_missing(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits)


@wrong("normaliser_subtracted", "log C(λ) is subtracted; it is added.", severity="slip")
def _normaliser_subtracted(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) - _log_c(logits)


@wrong("normaliser_without_log", "C(λ) itself is added; it is its logarithm.", severity="slip")
def _normaliser_without_log(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + _log_c(logits).exp()


@wrong("normaliser_of_black", "log C(λ) is multiplied by the pixel; every pixel has it in full.", severity="slip")
def _normaliser_of_black(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + x * _log_c(logits)


@wrong("two_missing", "The factor 2 of C(λ) = 2 artanh(1 − 2λ)/(1 − 2λ) is missing.", severity="slip", credit=0.7)
def _two_missing(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits) - LOG_2


@wrong("two_missing_inside", "The factor 2 of 1 − 2λ is missing.", severity="slip")
def _two_missing_inside(x: Tensor, logits: Tensor) -> Tensor:
    y = 1 - torch.sigmoid(logits)
    return _bernoulli(x, logits) + torch.log(2 * torch.atanh(y) / y)


@wrong("tanh_for_artanh", "tanh stands where its inverse, artanh, belongs.", severity="slip")
def _tanh_for_artanh(x: Tensor, logits: Tensor) -> Tensor:
    y = torch.tanh(logits / 2)
    ratio = torch.where(
        logits == 0, torch.ones_like(y), torch.tanh(y) / torch.where(logits == 0, torch.ones_like(y), y)
    )
    return _bernoulli(x, logits) + torch.log(2 * ratio)


@wrong("ratio_inverted", "The fraction of C(λ) is turned upside down.", severity="slip")
def _ratio_inverted(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + 2 * LOG_2 - _log_c(logits)


@wrong("denominator_missing", "The denominator 1 − 2λ of C(λ) is missing.", severity="slip")
def _denominator_missing(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + torch.log(logits.abs())


@wrong(
    "nan_at_one_half",
    "C(λ) is 0/0 at λ = ½, which gives NaN: a series, or the value 2, belongs there.",
    severity="slip",
    credit=0.75,
)
def _nan_at_one_half(x: Tensor, logits: Tensor) -> Tensor:
    y = 1 - 2 * torch.sigmoid(logits)
    return _bernoulli(x, logits) + torch.log(2 * torch.atanh(y) / y)


@wrong(
    "nan_in_gradient",
    "The value is right at λ = ½, but the gradient is NaN: `torch.where` multiplies the NaN of the branch that is not taken by 0.",
    severity="slip",
    credit=0.8,
)
def _nan_in_gradient(x: Tensor, logits: Tensor) -> Tensor:
    ratio = logits / torch.tanh(logits / 2)
    return _bernoulli(x, logits) + torch.where(logits == 0, LOG_2, torch.log(ratio))


@wrong(
    "constant_near_one_half",
    "log C(λ) is taken to be log 2 in an interval around λ = ½ where it is not.",
    severity="slip",
    credit=0.8,
)
def _constant_near_one_half(x: Tensor, logits: Tensor) -> Tensor:
    near = torch.full_like(logits, LOG_2)
    return _bernoulli(x, logits) + _with_series(logits, near)


@wrong(
    "wrong_coefficient",
    "The series of log C around λ = ½ has another coefficient: it is log 2 + 4/3 (λ − ½)² + 104/45 (λ − ½)⁴.",
    severity="slip",
    credit=0.8,
)
def _wrong_coefficient(x: Tensor, logits: Tensor) -> Tensor:
    near = LOG_2 + 2 / 3 * (torch.sigmoid(logits) - 0.5) ** 2
    return _bernoulli(x, logits) + _with_series(logits, near)


@wrong(
    "interval_too_wide",
    "The series of log C is used where it is not exact any more: the interval around λ = ½ is too wide for it.",
    severity="slip",
    credit=0.8,
)
def _interval_too_wide(x: Tensor, logits: Tensor) -> Tensor:
    near = LOG_2 + 4 / 3 * (torch.sigmoid(logits) - 0.5) ** 2
    return _bernoulli(x, logits) + _with_series(logits, near, 0.4)


@wrong("zeros_missing", "The term (1 − x) log(1 − λ) is missing.", severity="gap", credit=0.45)
def _zeros_missing(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits) - (1 - x) * F.logsigmoid(-logits)


@wrong("ones_missing", "The term x log λ is missing.", severity="gap", credit=0.45)
def _ones_missing(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits) - x * F.logsigmoid(logits)


@wrong("zeros_and_ones_swapped", "x and 1 − x, or λ and 1 − λ, are swapped.", severity="slip")
def _zeros_and_ones_swapped(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(1 - x, logits)


@wrong("sign", "This is the negative log-density, a loss.", severity="slip")
def _sign(x: Tensor, logits: Tensor) -> Tensor:
    return -continuous_bernoulli_log_density(x, logits)


@wrong(
    "sign_of_bernoulli", "The terms of the Bernoulli have the sign of a loss, and log C(λ) has not.", severity="slip"
)
def _sign_of_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    return _log_c(logits) - _bernoulli(x, logits)


@wrong("density", "This is the density; its logarithm is asked for.", severity="gap", credit=0.35)
def _density(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits).exp()


@wrong("binarised", "The pixels are rounded to 0 and 1; they are grey here.", severity="slip", credit=0.5)
def _binarised(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density((x > 0.5).to(x.dtype), logits)


@wrong("sigmoid_twice", "A sigmoid is applied twice: `logits` are made into λ once.", severity="slip", credit=0.5)
def _sigmoid_twice(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, torch.sigmoid(logits))


@wrong(
    "logits_read_as_probabilities", "The logits are used as if they were λ itself: λ = sigmoid(logits).", severity="gap"
)
def _logits_read_as_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    probs = logits.clamp(1e-6, 1 - 1e-6)
    return continuous_bernoulli_log_density(x, torch.logit(probs))


@wrong("arguments_swapped", "`x` and `logits` have changed places.", severity="slip")
def _arguments_swapped(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(logits, x)


@wrong("not_per_pixel", "The pixels are added up; one value per pixel is asked for.", severity="slip", credit=0.7)
def _not_per_pixel(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits).sum(-1)


@wrong(
    "normaliser_of_image",
    "log C(λ) is added up over the image and then added to every pixel, which has one of its own.",
    severity="slip",
)
def _normaliser_of_image(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + _log_c(logits).sum(-1, keepdim=True)


@wrong("normaliser_averaged", "log C(λ) is averaged over the image; every pixel has one of its own.", severity="slip")
def _normaliser_averaged(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + _log_c(logits).mean(-1, keepdim=True)


@wrong("squared_error", "This is a squared error; the density is asked for.", severity="empty")
def _squared_error(x: Tensor, logits: Tensor) -> Tensor:
    return -((x - torch.sigmoid(logits)) ** 2)


@wrong(
    "other_base",
    "The logarithm has another base than e: the log-density is asked for in nats.",
    severity="slip",
    credit=0.7,
)
def _other_base(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits) / LOG_2


@wrong("clamped", "λ is clamped away from 0 and 1, or the logits are, which shows in the result.", severity="form")
def _clamped(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits.clamp(-6, 6))


@wrong(
    "normaliser_detached", "log C(λ) is detached from the graph, so a part of the gradient is missing.", severity="slip"
)
def _normaliser_detached(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + _log_c(logits).detach()


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x: Tensor, logits: Tensor) -> Tensor:
    return continuous_bernoulli_log_density(x, logits).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("nan_at_one_half")
def _difference_of_logs(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return _bernoulli(x, logits) + torch.log((torch.log1p(-probs) - torch.log(probs)) / (1 - 2 * probs))


@wrong("nan_at_one_half")
def _logit_over_tanh(x: Tensor, logits: Tensor) -> Tensor:
    return _bernoulli(x, logits) + torch.log(logits / torch.tanh(logits / 2))


@wrong("constant_near_one_half")
def _constant_near_by(x: Tensor, logits: Tensor) -> Tensor:
    near = torch.full_like(logits, LOG_2)
    return _bernoulli(x, logits) + _with_series(logits, near, 0.004)


@wrong("constant_near_one_half")
def _constant_far(x: Tensor, logits: Tensor) -> Tensor:
    near = torch.full_like(logits, LOG_2)
    return _bernoulli(x, logits) + _with_series(logits, near, 0.4)


@wrong("wrong_coefficient")
def _coefficient_8_thirds(x: Tensor, logits: Tensor) -> Tensor:
    near = LOG_2 + 8 / 3 * (torch.sigmoid(logits) - 0.5) ** 2
    return _bernoulli(x, logits) + _with_series(logits, near)


@wrong("wrong_coefficient")
def _coefficient_of_logits(x: Tensor, logits: Tensor) -> Tensor:
    near = LOG_2 + 4 / 3 * logits**2
    return _bernoulli(x, logits) + _with_series(logits, near)


@wrong("wrong_coefficient")
def _coefficient_minus(x: Tensor, logits: Tensor) -> Tensor:
    near = LOG_2 + -4 / 3 * (torch.sigmoid(logits) - 0.5) ** 2
    return _bernoulli(x, logits) + _with_series(logits, near)


@wrong("wrong_coefficient")
def _coefficient_a_third(x: Tensor, logits: Tensor) -> Tensor:
    near = LOG_2 + 1 / 3 * (torch.sigmoid(logits) - 0.5) ** 2
    return _bernoulli(x, logits) + _with_series(logits, near)


@wrong("wrong_coefficient")
def _coefficient_sixteen_thirds(x: Tensor, logits: Tensor) -> Tensor:
    near = LOG_2 + 16 / 3 * (torch.sigmoid(logits) - 0.5) ** 2
    return _bernoulli(x, logits) + _with_series(logits, near)


@wrong("interval_too_wide")
def _two_terms_too_wide(x: Tensor, logits: Tensor) -> Tensor:
    d = torch.sigmoid(logits) - 0.5
    near = LOG_2 + 4 / 3 * d**2 + 104 / 45 * d**4
    return _bernoulli(x, logits) + _with_series(logits, near, 0.85)


@wrong("clamped")
def _probs_at_1e_4(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-4, 1 - 1e-4)
    return continuous_bernoulli_log_density(x, torch.logit(probs))


@wrong("clamped")
def _probs_at_1e_3(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-3, 1 - 1e-3)
    return continuous_bernoulli_log_density(x, torch.logit(probs))


@wrong("clamped")
def _probs_at_1e_6(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-6, 1 - 1e-6)
    return continuous_bernoulli_log_density(x, torch.logit(probs))


@wrong("squared_error")
def _half_squared_error(x: Tensor, logits: Tensor) -> Tensor:
    return -0.5 * (x - torch.sigmoid(logits)) ** 2


@wrong("squared_error")
def _gaussian(x: Tensor, logits: Tensor) -> Tensor:
    return -0.5 * (x - torch.sigmoid(logits)) ** 2 - 0.5 * math.log(2 * math.pi)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("normaliser_missing", rewritten=True)
def _with_logits(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


@wrong("normaliser_missing", rewritten=True)
def _bernoulli_of_torch(x, logits):
    return Bernoulli(logits=logits, validate_args=False).log_prob(x)


@wrong("sign", rewritten=True)
def _negative_log_prob(x, logits):
    return -ContinuousBernoulli(logits=logits).log_prob(x)


@wrong("density", rewritten=True)
def _exp_of_log_prob(x, logits):
    return ContinuousBernoulli(logits=logits).log_prob(x).exp()


@wrong("sigmoid_twice", rewritten=True)
def _probs_as_logits(x, logits):
    return ContinuousBernoulli(logits=torch.sigmoid(logits)).log_prob(x)


@wrong("not_per_pixel", rewritten=True)
def _summed(x, logits):
    return ContinuousBernoulli(logits=logits).log_prob(x).sum(dim=1)


@wrong("sign_of_bernoulli", rewritten=True)
def _plus_cross_entropy(x, logits):
    log_c = ContinuousBernoulli(logits=logits)._cont_bern_log_norm()
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none") + log_c


@wrong("normaliser_subtracted", rewritten=True)
def _minus_log_norm(x, logits):
    log_c = ContinuousBernoulli(logits=logits)._cont_bern_log_norm()
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none") - log_c


@wrong("binarised", rewritten=True)
def _rounded(x, logits):
    return ContinuousBernoulli(logits=logits).log_prob((x > 0.5).to(x.dtype))


# ------------------------------------------------------------------------------------------------------------- graded


@graded(0.40, "The plain binary cross-entropy.")
def _cross_entropy(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_image_normalises(x, logits):
    return ContinuousBernoulli(logits=logits).log_prob(x) - _log_c(logits) + _log_c(logits[:1])


@wrong()
def _gradient_twice(x, logits):
    twice = 2 * logits - logits.detach()
    return ContinuousBernoulli(logits=twice).log_prob(x)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "ContinuousBernoulli of torch.distributions.", second=True)
def _distributions(x: Tensor, logits: Tensor) -> Tensor:
    log_density: Tensor = ContinuousBernoulli(logits=logits).log_prob(x)
    return log_density


@right("authors", "As the authors of the paper have it: artanh of λ, and two terms of a series between 0.49 and 0.51.")
def _authors(x: Tensor, logits: Tensor) -> Tensor:
    lam = torch.sigmoid(logits)
    outside = (lam < 0.49) | (lam > 0.51)
    cut = torch.where(outside, lam, 0.49 * torch.ones_like(lam))
    log_norm = torch.log(torch.abs(2.0 * torch.atanh(1 - 2.0 * cut))) - torch.log(torch.abs(1 - 2.0 * cut))
    taylor = math.log(2.0) + 4.0 / 3.0 * torch.pow(lam - 0.5, 2) + 104.0 / 45.0 * torch.pow(lam - 0.5, 4)
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none") + torch.where(outside, log_norm, taylor)


@right("from_probabilities", "All of it from λ, with one term of the series from 0.499 to 0.501.")
def _from_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    lam = torch.sigmoid(logits)
    near = (lam - 0.5).abs() < 1e-3
    safe = torch.where(near, torch.full_like(lam, 0.25), lam)
    log_norm = torch.log((torch.log(1 - safe) - torch.log(safe)) / (1 - 2 * safe))
    log_norm = torch.where(near, math.log(2) + 4 / 3 * (lam - 0.5) ** 2, log_norm)
    return x * torch.log(lam) + (1 - x) * torch.log(1 - lam) + log_norm


@right("truncated_exponential", "ℓ e^{ℓx} / (e^ℓ − 1), an exponential density that ends at 1.")
def _truncated_exponential(x: Tensor, logits: Tensor) -> Tensor:
    near = logits.abs() < 1e-3
    safe = torch.where(near, torch.ones_like(logits), logits)
    log_norm = torch.where(near, -logits / 2 - logits**2 / 24, torch.log(safe / torch.expm1(safe)))
    return x * logits + log_norm


@right("sinc", "Symmetric in λ and 1 − λ: (x − ½) ℓ + log(½ ℓ / sinh(½ ℓ)).")
def _sinc(x: Tensor, logits: Tensor) -> Tensor:
    half = logits / 2
    near = half.abs() < 1e-3
    safe = torch.where(near, torch.ones_like(half), half)
    return (2 * x - 1) * half + torch.where(near, -(half**2) / 6, torch.log(safe / torch.sinh(safe)))


@right("artanh_of_tanh", "artanh of 1 − 2λ = −tanh(ℓ/2), with one term of the series for small logits.")
def _artanh_of_tanh(x: Tensor, logits: Tensor) -> Tensor:
    tiny = 1e-3 if logits.dtype == torch.float64 else 1e-2
    near = logits.abs() < tiny
    y = -torch.tanh(torch.where(near, torch.ones_like(logits), logits) / 2)
    log_c = torch.where(near, math.log(2) + logits**2 / 12, torch.log(2 * torch.atanh(y) / y))
    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits) + log_c


@right("one_half_alone", "λ = ½ alone is treated by itself; next to it the logarithms and 1 − 2λ round alike.")
def _one_half_alone(x: Tensor, logits: Tensor) -> Tensor:
    lam = torch.sigmoid(logits)
    half = lam == 0.5
    safe = torch.where(half, torch.full_like(lam, 0.4), lam)
    ratio = (torch.log1p(-safe) - torch.log(safe)) / (1 - 2 * safe)
    log_c = torch.where(half, math.log(2) + 0 * logits, torch.log(ratio))
    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits) + log_c


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: x -> x.detach()": "Pixels are data: nothing is learnt through them, and not every loss lets gradients through."
}
