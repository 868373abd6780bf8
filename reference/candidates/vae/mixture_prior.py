"""What is held against the checks of `mixture_prior`."""

import math

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.networks import MixturePrior


def _noise(n: int, m: int, generator: Generator | None) -> Tensor:
    return torch.randn(n, m, generator=generator)


class _Parts(MixturePrior):
    """The mixture in parts that can be replaced: what log_prob takes, and what sample takes."""

    def log_weights(self) -> Tensor:
        return F.log_softmax(self.logits, dim=-1)

    def components(self, z: Tensor) -> Tensor:
        squares = (z[..., None, :] - self.means) ** 2 * torch.exp(-self.log_vars)
        return -0.5 * (math.log(2 * math.pi) + self.log_vars + squares).sum(-1)

    def log_prob(self, z: Tensor) -> Tensor:
        return torch.logsumexp(self.log_weights() + self.components(z), -1)

    def drawn(self, n: int, generator: Generator | None) -> Tensor:
        return torch.multinomial(self.log_weights().exp(), n, replacement=True, generator=generator)

    def std(self) -> Tensor:
        return torch.exp(0.5 * self.log_vars)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        k = self.drawn(n, generator)
        return self.means[k] + self.std()[k] * _noise(n, self.means.shape[1], generator)


# --------------------------------------------------------------------------------------------- named mistakes: the density


@wrong(
    "weights_not_normalised",
    "The weights are parameters that are used as they are: as soon as they are learnt they no longer add up to 1.",
    severity="slip",
)
class _WeightsNotNormalised(_Parts):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        self.logits.data.fill_(1 / n_components)

    def log_weights(self) -> Tensor:
        return torch.log(self.logits)


@wrong("weights_not_normalised")
class _LogWeightsAsTheyAre(_Parts):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        self.logits.data.fill_(-math.log(n_components))

    def log_weights(self) -> Tensor:
        return self.logits


@wrong("logits_as_log_weights", "The logits are added as they are: log_softmax is missing.", severity="slip")
class _LogitsAsLogWeights(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return torch.logsumexp(self.logits + self.components(z), -1)


@wrong("no_weights", "The components are added without weights.", severity="slip")
class _NoWeights(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return torch.logsumexp(self.components(z) + 0 * self.logits, -1)


@wrong(
    "log_of_weighted_logs",
    "The log-densities of the components are averaged: it is their densities that are, so the logarithm stands outside the sum.",
    severity="gap",
)
class _LogOfWeightedLogs(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return (self.log_weights().exp() * self.components(z)).sum(-1)


@wrong(
    "averaged_over_latents",
    "The log-densities are averaged over the latent variables; they are summed.",
    severity="slip",
)
class _AveragedOverLatents(_Parts):
    def components(self, z: Tensor) -> Tensor:
        return super().components(z) / z.shape[-1]


@wrong(
    "mixture_in_every_dimension",
    "The sum over the components is taken in every dimension: a component belongs to the whole of z, so dimensions are summed first.",
    severity="slip",
)
class _MixtureInEveryDimension(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        squares = (z[..., None, :] - self.means) ** 2 * torch.exp(-self.log_vars)
        each = -0.5 * (math.log(2 * math.pi) + self.log_vars + squares)
        return torch.logsumexp(self.log_weights()[:, None] + each, -2).sum(-1)


@wrong("mixture_in_every_dimension")
class _NotIndependent(MixturePrior):
    """A mixture for each latent variable, whose logarithms are added, and whose draws are put side by side."""

    def _mixtures(self) -> MixtureSameFamily:
        return MixtureSameFamily(
            Categorical(logits=self.logits.expand(self.means.shape[1], -1)),
            Normal(self.means.mT, torch.exp(self.log_vars.mT / 2)),
        )

    def log_prob(self, z: Tensor) -> Tensor:
        return self._mixtures().log_prob(z).sum(-1)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        return self._mixtures().sample((n,))


@wrong("without_constants", "−½ log 2π of every latent variable is missing.", severity="slip")
class _WithoutConstants(_Parts):
    def components(self, z: Tensor) -> Tensor:
        return super().components(z) + 0.5 * math.log(2 * math.pi) * z.shape[-1]


@wrong("one_constant", "−½ log 2π is there once; every latent variable has one.", severity="slip")
class _OneConstant(_Parts):
    def components(self, z: Tensor) -> Tensor:
        return super().components(z) + 0.5 * math.log(2 * math.pi) * (z.shape[-1] - 1)


@wrong("without_log_variance", "−½ log σ² of every latent variable is missing.", severity="slip")
class _WithoutLogVariance(_Parts):
    def components(self, z: Tensor) -> Tensor:
        return super().components(z) + 0.5 * self.log_vars.sum(-1)


@wrong("without_log_variance")
class _WithoutHalf(_Parts):
    def components(self, z: Tensor) -> Tensor:
        return super().components(z) - 0.5 * self.log_vars.sum(-1)


@wrong(
    "log_of_sum",
    "The densities are added and then the logarithm is taken: far away it is log 0. Take logsumexp.",
    severity="slip",
    credit=0.75,
)
class _LogOfSum(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return torch.log((self.log_weights().exp() * self.components(z).exp()).sum(-1))


@wrong("log_of_sum")
class _KeptFromZero(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return torch.log((self.log_weights().exp() * self.components(z).exp()).sum(-1) + 1e-10)


@wrong("density", "The density is returned; its logarithm is asked for.", severity="slip")
class _Density(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return super().log_prob(z).exp()


@wrong("negative", "The negative log-density is returned.", severity="slip")
class _Negative(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return -super().log_prob(z)


@wrong(
    "log_joint_of_components",
    "One value per component is returned: the sum over the components is missing.",
    severity="gap",
)
class _PerComponent(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return self.log_weights() + self.components(z)


@wrong(
    "summed_over_batch", "One number for the whole batch is returned; one for every z is asked for.", severity="slip"
)
class _SummedOverBatch(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return super().log_prob(z).sum()


@wrong("standard_normal", "This is the standard normal prior: nothing of a mixture is in it.", severity="empty")
class _StandardNormal(MixturePrior):
    def log_prob(self, z: Tensor) -> Tensor:
        return Normal(0.0, 1.0).log_prob(z).sum(-1)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        return _noise(n, self.means.shape[1], generator)


@wrong(
    "rows_only", "It takes z of shape (B, M) alone; samples of a batch have more axes.", severity="slip", credit=0.85
)
class _RowsOnly(_Parts):
    def components(self, z: Tensor) -> Tensor:
        squares = (z.unsqueeze(1) - self.means) ** 2 * torch.exp(-self.log_vars)
        return -0.5 * (math.log(2 * math.pi) + self.log_vars + squares).sum(-1)


@wrong("rows_only")
class _Flattened(_Parts):
    def log_prob(self, z: Tensor) -> Tensor:
        return super().log_prob(z.reshape(-1, z.shape[-1]))


@wrong("detached_z", "z is detached, so no gradient reaches the encoder through the prior.", severity="slip")
class _DetachedZ(_Parts):
    def components(self, z: Tensor) -> Tensor:
        return super().components(z.detach())


# --------------------------------------------------------------------------------------------- named mistakes: the draws


@wrong(
    "uniform_components",
    "The components are drawn with equal probabilities, whatever their weights are.",
    severity="slip",
)
class _UniformComponents(_Parts):
    def drawn(self, n: int, generator: Generator | None) -> Tensor:
        return torch.randint(len(self.logits), (n,), generator=generator)


@wrong("one_component", "One component is drawn for all draws together; every draw has its own.", severity="slip")
class _OneComponent(_Parts):
    def drawn(self, n: int, generator: Generator | None) -> Tensor:
        return super().drawn(1, generator).expand(n)


@wrong("likeliest_component", "All draws come from the component with the largest weight.", severity="slip")
class _LikeliestComponent(_Parts):
    def drawn(self, n: int, generator: Generator | None) -> Tensor:
        return self.logits.argmax().expand(n)


@wrong(
    "average_of_components",
    "A draw is the weighted average of one draw of every component: that is a single Gaussian.",
    severity="slip",
)
class _AverageOfComponents(_Parts):
    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        each = torch.stack(
            [mean + std * _noise(n, len(mean), generator) for mean, std in zip(self.means, self.std(), strict=True)]
        )
        return (self.log_weights().exp()[:, None, None] * each).sum(0)


@wrong("means_only", "The means of the drawn components are returned, without noise.", severity="slip")
class _MeansOnly(_Parts):
    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        return self.means[self.drawn(n, generator)]


@wrong("variance_as_std", "The noise is multiplied by the variance, not by the standard deviation.", severity="slip")
class _VarianceAsStd(_Parts):
    def std(self) -> Tensor:
        return self.log_vars.exp()


@wrong("unit_noise", "The noise is not multiplied by the standard deviation.", severity="slip")
class _UnitNoise(_Parts):
    def std(self) -> Tensor:
        return torch.ones_like(self.log_vars)


@wrong(
    "noise_over_latents", "One number is drawn for all latent variables of a draw; each needs its own.", severity="slip"
)
class _NoiseOverLatents(_Parts):
    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        k = self.drawn(n, generator)
        return self.means[k] + self.std()[k] * _noise(n, 1, generator)


@wrong("noise_over_draws", "One noise vector is shared by all draws.", severity="slip")
class _NoiseOverDraws(_Parts):
    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        k = self.drawn(n, generator)
        return self.means[k] + self.std()[k] * _noise(1, self.means.shape[1], generator)


@wrong(
    "component_in_every_dimension",
    "A component is drawn for every latent variable; it belongs to the whole draw.",
    severity="slip",
)
class _ComponentInEveryDimension(_Parts):
    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        M = self.means.shape[1]
        k = self.drawn(n * M, generator).reshape(n, M)
        return self.means.gather(0, k) + self.std().gather(0, k) * _noise(n, M, generator)


@wrong("same_draws", "A seed is set inside, so that every call draws the same.", severity="slip")
class _SameDraws(_Parts):
    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        return super().sample(n, Generator().manual_seed(0))


@wrong("standard_normal_draws", "The draws come from N(0, I), not from the mixture.", severity="gap")
class _StandardNormalDraws(_Parts):
    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        return _noise(n, self.means.shape[1], generator)


# ---------------------------------------------------------------------------------------- named mistakes: what is learnt


@wrong("frozen", "Nothing is learnt: the parameters are frozen.", severity="gap", credit=0.5)
class _Frozen(MixturePrior):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        self.requires_grad_(False)


@wrong("frozen")
class _Buffers(_Parts):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        for name, value in list(self.named_parameters()):
            delattr(self, name)
            self.register_buffer(name, value.detach().clone())


@wrong("frozen")
class _Registered(_Parts):
    """Plain tensors: `nn.Parameter(...).to(device)` is none of the module's parameters either."""

    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        for name, value in list(self.named_parameters()):
            delattr(self, name)
            setattr(self, name, value.detach().clone())


@wrong("no_grad", "log_prob runs without gradients, so nothing can be learnt.", severity="gap", credit=0.5)
class _NoGrad(MixturePrior):
    @torch.no_grad()
    def log_prob(self, z: Tensor) -> Tensor:
        return super().log_prob(z)


@wrong("weights_not_learned", "The weights are fixed; they are learnt, too.", severity="slip")
class _WeightsFixed(MixturePrior):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        del self.logits
        self.register_buffer("logits", torch.zeros(n_components))


@wrong("weights_not_learned")
class _WeightsDetached(_Parts):
    def log_weights(self) -> Tensor:
        return super().log_weights().detach()


@wrong("means_not_learned", "The means are fixed; they are learnt, too.", severity="slip")
class _MeansFixed(MixturePrior):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        means = self.means.detach()
        del self.means
        self.register_buffer("means", means)


@wrong("variances_not_learned", "The variances are fixed; they are learnt, too.", severity="slip")
class _VariancesFixed(MixturePrior):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        del self.log_vars
        self.register_buffer("log_vars", torch.zeros(n_components, latent_dim))


@wrong(
    "variance_of_component",
    "A component has one variance for all dimensions; each dimension has its own.",
    severity="slip",
    credit=0.75,
)
class _VarianceOfComponent(_Parts):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        self.log_vars = nn.Parameter(torch.zeros(n_components, 1))


@wrong("shared_variances", "All components share their variances; each has its own.", severity="slip", credit=0.7)
class _SharedVariances(_Parts):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        self.log_vars = nn.Parameter(torch.zeros(1, latent_dim))

    def std(self) -> Tensor:
        return super().std().expand_as(self.means)


@wrong(
    "made_once",
    "The distribution is made in `__init__`: what is computed there from the parameters does not change with them.",
    severity="slip",
)
class _MadeOnce(MixturePrior):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        self.weights, self.stds = self.logits.softmax(0).detach(), self.log_vars.exp().sqrt().detach()

    def log_prob(self, z: Tensor) -> Tensor:
        components = Independent(Normal(self.means, self.stds), 1)
        return MixtureSameFamily(Categorical(self.weights), components).log_prob(z)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        components = Independent(Normal(self.means, self.stds), 1)
        return MixtureSameFamily(Categorical(self.weights), components).sample((n,))


@wrong(
    "all_alike",
    "All components begin with equal means and variances, so they get equal gradients and stay alike for ever.",
    severity="slip",
)
class _AllAlike(MixturePrior):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        nn.init.zeros_(self.means)


@wrong("no_module", "It is no nn.Module, so it has no `parameters()` and no `state_dict()`.", severity="slip")
class _NoModule:
    def __init__(self, n_components: int, latent_dim: int) -> None:
        self.weights = torch.zeros(n_components, requires_grad=True)
        self.means = torch.randn(n_components, latent_dim).requires_grad_()
        self.log_vars = torch.zeros(n_components, latent_dim, requires_grad=True)

    def _mixture(self) -> MixtureSameFamily:
        components = Independent(Normal(self.means, torch.exp(self.log_vars / 2)), 1)
        return MixtureSameFamily(Categorical(logits=self.weights), components)

    def log_prob(self, z: Tensor) -> Tensor:
        return self._mixture().log_prob(z)

    def sample(self, n: int) -> Tensor:
        return self._mixture().sample((n,))


# ----------------------------------------------------------------------------------------------------------- right answers


class _Distributions(nn.Module):
    """torch.distributions in every call."""

    def mixture(self) -> MixtureSameFamily:
        raise NotImplementedError

    def log_prob(self, z: Tensor) -> Tensor:
        return self.mixture().log_prob(z)

    def sample(self, n: int) -> Tensor:
        return self.mixture().sample(torch.Size([n]))


@right("same_family", "MixtureSameFamily, made in every call: logits, means, and standard deviations by softplus.")
class _SameFamily(_Distributions):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(n_components))
        self.mu = nn.Parameter(3 * torch.randn(n_components, latent_dim))
        self.raw = nn.Parameter(torch.zeros(n_components, latent_dim))

    def mixture(self) -> MixtureSameFamily:
        return MixtureSameFamily(
            Categorical(logits=self.w), Independent(Normal(self.mu, F.softplus(self.raw) + 1e-3), 1)
        )


@right(
    "probabilities",
    "Weights that are probabilities, which Categorical normalises, and the sizes of standard deviations.",
)
class _Probabilities(_Distributions):
    def __init__(self, k: int, m: int) -> None:
        super().__init__()
        self.pi, self.std = nn.Parameter(torch.ones(k) / k), nn.Parameter(torch.ones(k, m))
        self.loc = nn.Parameter(torch.rand(k, m) * 10 - 5)

    def mixture(self) -> MixtureSameFamily:
        return MixtureSameFamily(Categorical(probs=self.pi), Independent(Normal(self.loc, self.std.abs()), 1))


@right("full_covariances", "Full covariances by their Cholesky factors, which hold the diagonal ones.")
class _FullCovariances(_Distributions):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.randn(n_components))
        self.means = nn.Parameter(torch.randn(n_components, latent_dim))
        self.factors = nn.Parameter(torch.eye(latent_dim).repeat(n_components, 1, 1))

    def mixture(self) -> MixtureSameFamily:
        lower = self.factors.tril(-1) + torch.diag_embed(self.factors.diagonal(dim1=-2, dim2=-1).abs() + 1e-4)
        return MixtureSameFamily(Categorical(logits=self.logits), MultivariateNormal(self.means, scale_tril=lower))


@right("list_of_components", "Components in lists, one after the other, with log standard deviations.")
class _ListOfComponents(nn.Module):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__()
        self.means = nn.ParameterList([torch.randn(latent_dim) for _ in range(n_components)])
        self.log_stds = nn.ParameterList([torch.zeros(latent_dim) for _ in range(n_components)])
        self.logits = nn.Parameter(torch.zeros(n_components))

    def log_prob(self, z: Tensor) -> Tensor:
        each = [
            Normal(mean, log_std.exp()).log_prob(z).sum(-1)
            for mean, log_std in zip(self.means, self.log_stds, strict=True)
        ]
        return torch.logsumexp(torch.stack(each, -1) + self.logits.log_softmax(0), -1)

    def sample(self, n: int) -> Tensor:
        drawn = Categorical(logits=self.logits).sample((n,))
        means, stds = torch.stack(list(self.means)), torch.stack(list(self.log_stds)).exp()
        return means[drawn] + stds[drawn] * torch.randn(n, means.shape[1])


@right(
    "columns", "Parameters with the components last, in one matrix, and a weight that is fixed to 0 before the softmax."
)
class _Columns(nn.Module):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__()
        self.m = latent_dim
        self.all = nn.Parameter(
            torch.cat([torch.randn(latent_dim, n_components), torch.zeros(latent_dim, n_components)])
        )
        self.free = nn.Parameter(torch.zeros(n_components - 1))

    def _weights(self) -> Tensor:
        return torch.cat([self.free, self.free.new_zeros(1)]).softmax(0)

    def log_prob(self, z: Tensor) -> Tensor:
        mean, log_var = self.all.split(self.m)
        d = z.unsqueeze(-1) - mean
        log_p = -0.5 * (d * d / log_var.exp() + log_var).sum(-2) - 0.5 * self.m * math.log(2 * math.pi)
        largest = log_p.max(-1, keepdim=True).values
        return (largest + ((log_p - largest).exp() * self._weights()).sum(-1, keepdim=True).log()).squeeze(-1)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        mean, log_var = self.all.split(self.m)
        u = torch.rand(n, 1, generator=generator)
        k = (u > self._weights().cumsum(0)).sum(1).clamp(max=mean.shape[1] - 1)
        return torch.normal(mean.mT[k], (log_var / 2).exp().mT[k], generator=generator).detach()


@right(
    "small_means",
    "Means that begin close to each other, variances by exp of half, and draws of all components of which one is taken.",
)
class _SmallMeans(MixturePrior):
    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__(n_components, latent_dim)
        nn.init.normal_(self.means, std=0.05)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        each = self.means + (self.log_vars / 2).exp() * torch.randn(n, *self.means.shape, generator=generator)
        k = torch.multinomial(self.logits.softmax(0).expand(n, -1), 1, generator=generator)
        return each[torch.arange(n), k[:, 0]]


EQUIVALENT = {
    "flip sign: self.means[drawn] + torch.exp(...) * noise -> self.means[drawn] - torch.exp(...) * noise": "Noise is symmetric.",
}
