"""What is held against the checks of `bernoulli_log_density`."""

import torch
from torch import Tensor
from torch.distributions import Bernoulli
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy, logsigmoid

from autograder.authoring.candidates import right, wrong
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
    severity="gap",
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
def _loop_over_images(x, logits):
    """Slow as well: a loop over the batch."""
    return torch.stack([image * F.logsigmoid(row) for image, row in zip(x, logits, strict=True)])


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


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_PIXELS = "Pixels are data: nothing is differentiated with respect to them."
EQUIVALENT = {
    "detach gradient: x -> x.detach()": _PIXELS,
    "detach gradient: x -> x.detach() #2": _PIXELS,
}
