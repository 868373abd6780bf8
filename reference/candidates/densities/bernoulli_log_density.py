"""What is held against the checks of `bernoulli_log_density`."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Binomial, Categorical, ContinuousBernoulli
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy, logsigmoid

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import bernoulli_log_density

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
)
def _log_of_sigmoid(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@wrong(
    "clamped_sigmoid",
    "Clamping the sigmoid away from 0 and 1 keeps the logarithm finite but makes it wrong for large logits.",
    severity="slip",
)
def _clamped_sigmoid(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-6, 1 - 1e-6)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@wrong(
    "epsilon_inside_log",
    "A small number is added inside the logarithm: that changes every value a little and large logits a lot.",
    severity="slip",
    credit=0.5,
)
def _epsilon_inside_log(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return x * torch.log(probs + 1e-3) + (1 - x) * torch.log(1 - probs + 1e-3)


@wrong(
    "log_one_plus_exp",
    "log(1 + exp(ℓ)) overflows for large logits ℓ; a softplus or logsigmoid function does not.",
    severity="slip",
)
def _log_one_plus_exp(x: Tensor, logits: Tensor) -> Tensor:
    return x * logits - torch.log(1 + torch.exp(logits))


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice, so the probabilities are confined to the range from 0.5 to 0.73.",
    severity="gap",
)
def _sigmoid_twice(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, torch.sigmoid(logits))


@wrong(
    "logits_read_as_probabilities",
    "The logits are used as if they were probabilities; they pass through a sigmoid first.",
    severity="gap",
    credit=0.3,
)
def _logits_read_as_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    probs = logits.clamp(1e-6, 1 - 1e-6)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@wrong(
    "sign",
    "The sign is reversed: this is the binary cross-entropy, a log-probability is never positive.",
    severity="slip",
)
def _sign(x: Tensor, logits: Tensor) -> Tensor:
    return -bernoulli_log_density(x, logits)


@wrong("classes_swapped", "λ and 1 − λ are swapped: λ is the probability that x = 1.", severity="slip")
def _classes_swapped(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(1 - x, logits)


@wrong(
    "arguments_swapped",
    "The two arguments are swapped: x is the pixel, `logits` the parameter.",
    severity="slip",
    credit=0.5,
)
def _arguments_swapped(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(logits, x)


@wrong("black_pixels_ignored", "The term (1 − x) log(1 − λ) is missing, so black pixels cost nothing.", severity="gap")
def _black_pixels_ignored(x: Tensor, logits: Tensor) -> Tensor:
    return x * logsigmoid(logits)


@wrong("white_pixels_ignored", "The term x log λ is missing, so white pixels cost nothing.", severity="gap")
def _white_pixels_ignored(x: Tensor, logits: Tensor) -> Tensor:
    return (1 - x) * logsigmoid(-logits)


@wrong(
    "pixel_ignored",
    "x makes no difference: every pixel gets the log-probability of the same colour.",
    severity="gap",
    credit=0.3,
)
def _pixel_ignored(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(torch.ones_like(x), logits)


@wrong(
    "term_without_weight",
    "One of the two terms lacks its factor: log λ counts where x = 1 and log(1 − λ) where x = 0.",
    severity="slip",
)
def _term_without_weight(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) + x * logsigmoid(-logits)


@wrong("minus_between_terms", "The second term is subtracted; x log λ and (1 − x) log(1 − λ) add up.", severity="slip")
def _minus_between_terms(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) - 2 * (1 - x) * logsigmoid(-logits)


@wrong(
    "one_minus_log",
    "1 − log λ stands where log(1 − λ) belongs: the logarithm is taken of the whole of 1 − λ.",
    severity="slip",
)
def _one_minus_log(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) + (1 - x) * (1 - logsigmoid(logits) - logsigmoid(-logits))


@wrong(
    "softplus_of_minus_logits",
    "The softplus is that of −ℓ; in xℓ − softplus(ℓ) it is that of ℓ.",
    severity="slip",
)
def _softplus_of_minus_logits(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) + logits


@wrong("softplus_added", "softplus(ℓ) is added; it must be subtracted: xℓ − softplus(ℓ).", severity="slip")
def _softplus_added(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) + 2 * F.softplus(logits)


@wrong(
    "softplus_missing",
    "Only xℓ is there: the normalising constant log(1 + e^ℓ) is missing, so the two probabilities do not add up to 1.",
    severity="gap",
)
def _softplus_missing(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) + F.softplus(logits)


@wrong(
    "logits_as_log_probabilities",
    "The logits are used as if they were log λ; log λ is logsigmoid(ℓ).",
    severity="gap",
)
def _logits_as_log_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    return x * logits + (1 - x) * torch.log(1 - torch.exp(logits))


@wrong(
    "sign_of_logits_only",
    "+ℓ where x = 1 and −ℓ where x = 0 are no log-probabilities: the sigmoid and its logarithm are missing.",
    severity="gap",
    credit=0.3,
)
def _sign_of_logits_only(x: Tensor, logits: Tensor) -> Tensor:
    return (2 * x - 1) * logits


@wrong(
    "continuous_bernoulli",
    "The normalising constant of the continuous Bernoulli distribution is added; binary pixels have none.",
    severity="slip",
)
def _continuous_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    return ContinuousBernoulli(logits=logits).log_prob(x)


@wrong(
    "softmax",
    "A softmax over the pixels is taken; every pixel has a probability of its own, its sigmoid.",
    severity="gap",
)
def _softmax(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.softmax(logits, -1)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@wrong(
    "other_base",
    "The logarithm has another base than e: log-probabilities are asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) / math.log(2)


@wrong(
    "loss",
    "This is a loss: the cross-entropy of all pixels together, with its sign; one log-probability per pixel is asked for.",
    severity="slip",
    credit=0.5,
)
def _loss(x: Tensor, logits: Tensor) -> Tensor:
    return -bernoulli_log_density(x, logits).mean()


@wrong(
    "clamped_logits",
    "The logits are clamped: a large logit then costs no more than a smaller one.",
    severity="slip",
)
def _clamped_logits(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits.clamp(-10, 10))


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits).detach()


@wrong("probability", "The probability is returned; its logarithm is asked for.", severity="gap")
def _probability(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits).exp()


@wrong("squared_error", "A squared error is used; binary pixels have a Bernoulli log-probability.", severity="empty")
def _squared_error(x: Tensor, logits: Tensor) -> Tensor:
    return -((x - torch.sigmoid(logits)) ** 2)


@wrong("averaged_over_pixels", "The pixels are averaged together; one value per pixel is asked for.", severity="slip")
def _averaged_over_pixels(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits).mean(-1, keepdim=True).expand_as(logits)


@wrong("summed_over_pixels", "The pixels are summed; one value per pixel is asked for.", severity="slip", credit=0.75)
def _summed_over_pixels(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits).sum(-1)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("pixel_ignored")
def _all_pixels_black(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(torch.zeros_like(x), logits)


@wrong("term_without_weight")
def _log_of_white_for_all(x: Tensor, logits: Tensor) -> Tensor:
    return logsigmoid(logits) + (1 - x) * logsigmoid(-logits)


@wrong("term_without_weight")
def _no_weights(x: Tensor, logits: Tensor) -> Tensor:
    return logsigmoid(logits) + logsigmoid(-logits)


@wrong("one_minus_log")
def _one_minus_log_sigmoid(x: Tensor, logits: Tensor) -> Tensor:
    log_probs = torch.log(torch.sigmoid(logits))
    return x * log_probs + (1 - x) * (1 - log_probs)


@wrong("softmax")
def _log_softmax(x: Tensor, logits: Tensor) -> Tensor:
    return x * F.log_softmax(logits, -1)


@wrong("other_base")
def _decimal_logarithm(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits) / math.log(10)


@wrong("loss")
def _summed_loss(x: Tensor, logits: Tensor) -> Tensor:
    return -bernoulli_log_density(x, logits).sum()


@wrong("loss")
def _loss_per_image(x: Tensor, logits: Tensor) -> Tensor:
    return -bernoulli_log_density(x, logits).sum(-1)


@wrong("squared_error")
def _squared_error_of_logits(x: Tensor, logits: Tensor) -> Tensor:
    return -((x - logits) ** 2)


@wrong("squared_error")
def _positive_squared_error(x: Tensor, logits: Tensor) -> Tensor:
    return (x - torch.sigmoid(logits)) ** 2


@wrong("logits_read_as_probabilities")
def _log_of_logits(x: Tensor, logits: Tensor) -> Tensor:
    return x * torch.log(logits) + (1 - x) * torch.log(1 - logits)


@wrong("logits_read_as_probabilities")
def _bernoulli_with_logits_as_probs(x: Tensor, logits: Tensor) -> Tensor:
    """It refuses what is not between 0 and 1."""
    return Bernoulli(probs=logits).log_prob(x)


@wrong("logits_read_as_probabilities")
def _cross_entropy_of_logits(x: Tensor, logits: Tensor) -> Tensor:
    """It refuses as well, with another exception."""
    return -binary_cross_entropy(logits, x, reduction="none")


@wrong("clamped_logits")
def _clamped_at_20(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits.clamp(-20, 20))


@wrong("clamped_logits")
def _clamped_at_30(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits.clamp(-30, 30))


@wrong("clamped_logits")
def _clamped_at_50(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits.clamp(-50, 50))


@wrong("clamped_logits")
def _clamped_at_88(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits.clamp(-88, 88))


@wrong("clamped_logits")
def _clamped_at_500(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits.clamp(-500, 500))


@wrong("log_one_plus_exp")
def _exp_of_minus_logits(x: Tensor, logits: Tensor) -> Tensor:
    return -(1 - x) * logits - torch.log(1 + torch.exp(-logits))


@wrong("log_one_plus_exp")
def _both_exponentials(x: Tensor, logits: Tensor) -> Tensor:
    return -x * torch.log(1 + torch.exp(-logits)) - (1 - x) * torch.log(1 + torch.exp(logits))


@wrong("log_one_plus_exp")
def _exponential_of_the_pixel(x: Tensor, logits: Tensor) -> Tensor:
    return -torch.log(1 + torch.exp((1 - 2 * x) * logits))


@wrong("clamped_sigmoid")
def _clamped_at_1e_5(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@wrong("clamped_sigmoid")
def _clamped_at_1e_12(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-12, 1 - 1e-12)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


def _with_epsilon(x: Tensor, logits: Tensor, epsilon: float) -> Tensor:
    probs = torch.sigmoid(logits)
    return x * torch.log(probs + epsilon) + (1 - x) * torch.log(1 - probs + epsilon)


@wrong("log_of_sigmoid")
def _one_logarithm_per_pixel(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return torch.where(x > 0.5, torch.log(probs), torch.log(1 - probs))


@wrong("log_of_sigmoid")
def _log_of_probability(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return torch.log(probs**x * (1 - probs) ** (1 - x))


@wrong("clamped_sigmoid")
def _cross_entropy_of_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    """It clamps its logarithms at -100."""
    return -binary_cross_entropy(torch.sigmoid(logits), x, reduction="none")


@wrong("clamped_sigmoid")
def _distribution_of_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    """It clamps at the resolution of the dtype."""
    return Bernoulli(probs=torch.sigmoid(logits)).log_prob(x)


@wrong("clamped_sigmoid")
def _clamped_at_1e_7(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@wrong("clamped_sigmoid")
def _clamped_at_1e_8(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-8, 1 - 1e-8)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@wrong("epsilon_inside_log")
def _epsilon_1e_6(x: Tensor, logits: Tensor) -> Tensor:
    return _with_epsilon(x, logits, 1e-6)


@wrong("epsilon_inside_log")
def _epsilon_1e_7(x: Tensor, logits: Tensor) -> Tensor:
    return _with_epsilon(x, logits, 1e-7)


@wrong("epsilon_inside_log")
def _epsilon_1e_8(x: Tensor, logits: Tensor) -> Tensor:
    return _with_epsilon(x, logits, 1e-8)


@wrong("epsilon_inside_log")
def _epsilon_1e_5(x: Tensor, logits: Tensor) -> Tensor:
    return _with_epsilon(x, logits, 1e-5)


@wrong("epsilon_inside_log")
def _epsilon_1e_9(x: Tensor, logits: Tensor) -> Tensor:
    return _with_epsilon(x, logits, 1e-9)


@wrong("epsilon_inside_log")
def _epsilon_1e_12(x: Tensor, logits: Tensor) -> Tensor:
    return _with_epsilon(x, logits, 1e-12)


@wrong("epsilon_inside_log")
def _epsilon_1e_10(x: Tensor, logits: Tensor) -> Tensor:
    return _with_epsilon(x, logits, 1e-10)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("sign", rewritten=True)
def _cross_entropy(x, logits):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


@wrong("log_of_sigmoid", rewritten=True)
def _one_of_two_logarithms(x, logits):
    lam = 1 / (1 + torch.exp(-logits))
    return torch.where(x == 1, lam.log(), (1 - lam).log())


@wrong("classes_swapped", rewritten=True)
def _softplus_with_wrong_sign(x, logits):
    return -F.softplus((2 * x - 1) * logits)


@wrong("squared_error", rewritten=True)
def _mse_loss(x, logits):
    return -F.mse_loss(logits.sigmoid(), x, reduction="none")


@wrong("sigmoid_twice", rewritten=True)
def _sigmoid_then_with_logits(x, logits):
    return -F.binary_cross_entropy_with_logits(logits.sigmoid(), x, reduction="none")


@wrong("log_one_plus_exp", rewritten=True)
def _log1p_of_exp(x, logits):
    return logits * x - torch.log1p(logits.exp())


@wrong("averaged_over_pixels", rewritten=True)
def _mean_repeated(x, logits):
    per_image = Bernoulli(logits=logits).log_prob(x).mean(1)
    return per_image[:, None].repeat(1, x.shape[1])


@wrong("black_pixels_ignored", rewritten=True)
def _only_where_white(x, logits):
    return torch.where(x == 1, -F.softplus(-logits), torch.zeros_like(logits))


@wrong("pixel_ignored", rewritten=True)
def _log_probs_in_both_terms(x, logits):
    log_probs = F.logsigmoid(logits)
    return x * log_probs + (1 - x) * log_probs


@wrong("softplus_of_minus_logits", rewritten=True)
def _softplus_of_minus(x, logits):
    return x * logits - F.softplus(-logits)


@wrong("softplus_added", rewritten=True)
def _plus_softplus(x, logits):
    return logits * x + torch.logaddexp(logits, torch.zeros_like(logits))


@wrong("minus_between_terms", rewritten=True)
def _difference_of_terms(x, logits):
    return x * F.logsigmoid(logits) - (1 - x) * F.logsigmoid(-logits)


@wrong("loss", rewritten=True)
def _mean_cross_entropy(x, logits):
    return F.binary_cross_entropy_with_logits(logits, x)


@wrong("other_base", rewritten=True)
def _log2_of_e(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none") * math.log2(math.e)


@graded(0.55, "The logarithm of a sigmoid.")
def _sigmoid_and_log(x, logits):
    lam = torch.sigmoid(logits)
    return x * torch.log(lam) + (1 - x) * torch.log(1 - lam)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _temperature(x, logits):
    return Bernoulli(logits=1.1 * logits).log_prob(x)


@wrong()
def _white_pixels_rounded(x, logits):
    """One branch only: where x = 1 and the logit is negative."""
    right = Bernoulli(logits=logits).log_prob(x)
    return torch.where((x == 1) & (logits < 0), right - 0.5, right)


# -------------------------------------------------------------------------------------------------------- right answers


@right("bce_with_logits", "The negative of PyTorch's cross-entropy with logits.", second=True)
def _bce_with_logits(x: Tensor, logits: Tensor) -> Tensor:
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


@right("distributions_bernoulli", "torch.distributions.Bernoulli, which refuses grey pixels.")
def _distributions_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    return Bernoulli(logits=logits).log_prob(x)


@right("softplus", "xℓ − softplus(ℓ).")
def _softplus(image: Tensor, logit_means: Tensor) -> Tensor:
    return image * logit_means - F.softplus(logit_means)


@right("plus_minus_one", "The Toronto starter code's trick with b = 2x − 1.")
def _plus_minus_one(x: Tensor, logits: Tensor) -> Tensor:
    b = 2 * x - 1
    return -torch.logaddexp(torch.zeros_like(logits), -b * logits)


@right("log1p", "max(ℓ, 0) taken out, log1p of the rest.")
def _log1p(x: Tensor, logits: Tensor) -> Tensor:
    return x * logits - logits.clamp(min=0) - torch.log1p(torch.exp(-logits.abs()))


@right("where", "One of two log-sigmoids chosen per pixel.")
def _where(x: Tensor, logits: Tensor) -> Tensor:
    return torch.where(x > 0.5, F.logsigmoid(logits), F.logsigmoid(-logits))


@right("two_classes", "A cross-entropy of two classes, whose logits are 0 and ℓ.")
def _two_classes(x: Tensor, logits: Tensor) -> Tensor:
    both = torch.stack([torch.zeros_like(logits), logits], dim=1)  # (B, 2, D)
    return -F.cross_entropy(both, x.long(), reduction="none")


@right("categorical", "torch.distributions.Categorical with two classes.")
def _categorical(x: Tensor, logits: Tensor) -> Tensor:
    return Categorical(logits=torch.stack([torch.zeros_like(logits), logits], dim=-1)).log_prob(x)


@right("binomial", "torch.distributions.Binomial with one trial.")
def _binomial(x: Tensor, logits: Tensor) -> Tensor:
    return Binomial(1, logits=logits).log_prob(x)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_PIXELS = "Pixels are data: nothing is differentiated with respect to them."
EQUIVALENT = {
    "detach gradient: x -> x.detach()": _PIXELS,
    "detach gradient: x -> x.detach() #2": _PIXELS,
}
