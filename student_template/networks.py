"""The parts of a VAE that are modules: networks with one hidden layer each or with convolutions, and a prior that is learnt."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Encoder(nn.Module):
    r"""The encoder of a VAE: a network with one hidden layer, from images to mean and log-variance of q(z | x).

    .. math::
        \mathbf{h} = \tanh(W_1 \mathbf{x} + \mathbf{b}_1), \qquad \boldsymbol{\mu} = W_\mu \mathbf{h} + \mathbf{b}_\mu, \qquad
        \log \boldsymbol{\sigma}^2 = W_\sigma \mathbf{h} + \mathbf{b}_\sigma

    Mean and log-variance share the hidden layer, and have weights of their own behind it: two layers, or one with 2M outputs that are
    split. A log-variance is of any sign, so neither exp nor softplus stands behind it. (Toronto's encoder returns the log standard
    deviation: that is half of ours, so `2 * log_std` is right as well.) All layers have biases; all weights are learnt, so they must be
    among the `parameters()` of the module. Hidden units must differ from each other at the start: PyTorch's own initial values will do.
    What the attributes are called is up to you.

    Source:
        Toronto STA414 A3, 2(a).
    """

    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        """Make the layers.

        Args:
            data_dim: how many pixels D.
            latent_dim: how many latent variables M.
            hidden: how many hidden units.
        """
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "B {data_dim}"]
    ) -> tuple[Float[Tensor, "B {latent_dim}"], Float[Tensor, "B {latent_dim}"]]:
        """Mean and log-variance of q(z | x).

        Args:
            x: images, shape (B, D).

        Returns:
            Mean and natural logarithm of the variance, both of shape (B, M).
        """
        raise NotImplementedError


class Decoder(nn.Module):
    r"""The decoder of a VAE for binary images: a network with one hidden layer, from latent variables to Bernoulli logits.

    .. math::
        \ell(\mathbf{z}) = W_2 \tanh(W_1 \mathbf{z} + \mathbf{b}_1) + \mathbf{b}_2

    Logits are not probabilities: no sigmoid stands behind the second layer, and they are of any sign. Both layers have biases; all
    weights are learnt, so they must be among the `parameters()` of the module. Hidden units must differ from each other at the start:
    PyTorch's own initial values will do. What the attributes are called is up to you.

    Source:
        Toronto STA414 A3, 1(b).
    """

    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        """Make the layers.

        Args:
            latent_dim: how many latent variables M.
            data_dim: how many pixels D.
            hidden: how many hidden units.
        """
        raise NotImplementedError

    def forward(self, z: Float[Tensor, "... {latent_dim}"]) -> Float[Tensor, "... {data_dim}"]:
        """Logits of the pixels.

        Args:
            z: latent variables, shape (..., M): one vector or any number, along any axes.

        Returns:
            Logits, shape (..., D).
        """
        raise NotImplementedError


class ConvEncoder(nn.Module):
    r"""A convolutional encoder of a VAE, from images to mean and log-variance of q(z | x).

    .. math::
        q(\mathbf{z} \mid \mathbf{x}) = \mathcal{N}\bigl(\mathbf{z};\, \boldsymbol{\mu}(\mathbf{x}),\,
        \operatorname{diag} \boldsymbol{\sigma}^2(\mathbf{x})\bigr), \qquad
        \mathbf{x} \mapsto (\boldsymbol{\mu}, \log \boldsymbol{\sigma}^2)

    The architecture is up to you, as long as there is at least one convolution, with filters that are larger than a pixel and smaller
    than the image, and a non-linearity. Both results depend on the image and have outputs of their own: two layers, or one with 2M
    outputs that are split. A log-variance is of any sign, so neither exp nor softplus stands behind it. In evaluation mode the answer to
    an image depends on that image alone and is the same every time; dropout and batch normalisation are welcome. All weights are learnt,
    so they must be among the `parameters()` of the module: layers in a plain Python list are not. What the attributes are called is up
    to you.

    Source:
        DTU 02460 week 1, exercise 1.8.
    """

    def __init__(self, latent_dim: int) -> None:
        """Make the layers.

        Args:
            latent_dim: how many latent variables M.
        """
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "B 1 28 28"]
    ) -> tuple[Float[Tensor, "B {latent_dim}"], Float[Tensor, "B {latent_dim}"]]:
        """Mean and log-variance of q(z | x).

        Args:
            x: images in [0, 1], shape (B, 1, 28, 28).

        Returns:
            Mean and natural logarithm of the variance, both of shape (B, M).
        """
        raise NotImplementedError


class ConvDecoder(nn.Module):
    r"""A convolutional decoder of a VAE for binary images, from latent variables to Bernoulli logits.

    .. math::
        p(x_d = 1 \mid \mathbf{z}) = \operatorname{sigmoid}\bigl(\ell_d(\mathbf{z})\bigr), \qquad d = 1, \dots, 784

    The architecture is up to you, as long as there is at least one convolution (transposed ones count), with filters that are larger
    than a pixel and smaller than the image, and a non-linearity. Logits are not probabilities: no sigmoid stands at the end, and they are
    of any sign. They come out flattened, row after row of the image, as shape (B, 784). In evaluation mode the answer to a latent vector
    depends on that vector alone and is the same every time; dropout and batch normalisation are welcome. All weights are learnt, so they
    must be among the `parameters()` of the module: layers in a plain Python list are not. What the attributes are called is up to you.

    Source:
        DTU 02460 week 1, exercise 1.8.
    """

    def __init__(self, latent_dim: int) -> None:
        """Make the layers.

        Args:
            latent_dim: how many latent variables M.
        """
        raise NotImplementedError

    def forward(self, z: Float[Tensor, "B {latent_dim}"]) -> Float[Tensor, "B 784"]:
        """Logits of the pixels.

        Args:
            z: latent variables, shape (B, M).

        Returns:
            Logits, shape (B, 784).
        """
        raise NotImplementedError


class MixturePrior(nn.Module):
    r"""A mixture of Gaussians with diagonal covariances as the prior of a VAE, learnt together with its networks.

    .. math::
        p(\mathbf{z}) = \sum_{k=1}^{K} \pi_k \prod_{m=1}^{M} \mathcal{N}(z_m;\, \mu_{km}, \sigma_{km}^2), \qquad
        \pi_k > 0, \quad \sum_{k=1}^{K} \pi_k = 1

    Weights, means and variances are all learnt: every component has a weight of its own, and in every dimension a mean and a variance of
    its own. An optimiser moves parameters anywhere, so hold what can be of any sign (logits of the weights, logarithms of the variances)
    and compute weights and variances from it in every call, not once in `__init__`: changed parameters must change the density. The
    parameters must be among the `parameters()` of the module. Components must differ from each other at the start: those that are alike
    stay alike for ever. What the attributes are called, and how weights and variances are parameterised, is up to you.

    Source:
        DTU 02460 week 1, exercise 1.6.
    """

    def __init__(self, n_components: int, latent_dim: int) -> None:
        """Make the parameters.

        Args:
            n_components: how many components K.
            latent_dim: how many latent variables M.
        """
        raise NotImplementedError

    def log_prob(self, z: Float[Tensor, "... {latent_dim}"]) -> Float[Tensor, "..."]:
        """Log-density of the mixture.

        Args:
            z: latent variables, shape (..., M): one vector or any number, along any axes.

        Returns:
            Log-densities in nats, shape (...); finite however far away z lies: sum over the components by log-sum-exp.
        """
        raise NotImplementedError

    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "{n} {latent_dim}"]:
        """Independent draws: each of a component that is drawn by the weights.

        Args:
            n: how many draws.
            generator: source of the noise; `None` is the global generator.

        Returns:
            Draws of z, shape (n, M).
        """
        raise NotImplementedError
