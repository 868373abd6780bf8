"""Names for the collaborators that tasks receive as arguments."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

AnyEncoder = Callable[[Float[Tensor, "B D"]], tuple[Float[Tensor, "B M"], Float[Tensor, "B M"]]]
"""x -> (mean, log_var) of q(z | x), a Gaussian with diagonal covariance."""

BinaryEncoder = Callable[[Float[Tensor, "B D"]], Float[Tensor, "B M"]]
"""x -> logits of q(z | x), a product of Bernoullis."""

AnyDecoder = Callable[[Float[Tensor, "... M"]], Float[Tensor, "... D"]]
"""z -> parameters of p(x | z): Bernoulli logits, or the mean of a Gaussian where the task says so."""

Classifier = Callable[[Float[Tensor, "B 1 28 28"]], Float[Tensor, "B C"]]
"""images -> logits; a `torch.nn.Module` whenever it has a training and an evaluation mode."""

Conditional = Callable[[Float[Tensor, "... K"]], tuple[Float[Tensor, "... M"], Float[Tensor, "... M"]]]
"""One level of latent variables -> (mean, log_var) of the next one, a Gaussian with diagonal covariance."""

Density = Callable[[Float[Tensor, "... M"]], Float[Tensor, "..."]]
"""z -> log p(z), in nats."""
