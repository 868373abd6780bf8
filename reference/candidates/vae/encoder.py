"""What is held against the checks of `Encoder`."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.networks import Encoder

Pair = tuple[Tensor, Tensor]

# ------------------------------------------------------------------------------------------- named mistakes: the outputs


@wrong("variance", "exp stands behind the log-variance: what comes out is the variance.", severity="slip")
class _Variance(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.exp()


@wrong("standard_deviation", "The standard deviation comes out in place of the log-variance.", severity="slip")
class _StandardDeviation(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, (log_var / 2).exp()


@wrong("softplus", "softplus stands behind the log-variance, which is of any sign.", severity="slip")
class _Softplus(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, F.softplus(log_var)


@wrong("relu_log_variance", "A ReLU stands behind the log-variance, which is of any sign.", severity="slip")
class _ReluLogVariance(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, F.relu(log_var)


@wrong("tanh_behind", "tanh stands behind the outputs, too, which are not confined to [-1, 1].", severity="slip")
class _TanhBehind(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.tanh(), log_var.tanh()


@wrong("tanh_behind")
class _TanhBehindMean(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.tanh(), log_var


@wrong("tanh_behind")
class _TanhBehindLogVariance(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.tanh()


@wrong("sigmoid_behind", "A sigmoid stands behind an output: means and log-variances are of any sign.", severity="slip")
class _SigmoidBehind(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.sigmoid(), log_var


@wrong("sigmoid_behind")
class _SigmoidBehindLogVariance(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.sigmoid()


@wrong("relu_behind_mean", "A ReLU stands behind the mean, which is of any sign.", severity="slip")
class _ReluBehindMean(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.relu(), log_var


@wrong("one_head", "One layer gives the mean and the log-variance: they are always equal.", severity="gap")
class _OneHead(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.below, self.above = nn.Linear(data_dim, hidden), nn.Linear(hidden, latent_dim)

    def forward(self, x: Tensor) -> Pair:
        out = self.above(torch.tanh(self.below(x)))
        return out, out


@wrong("same_half", "Mean and log-variance are the same half of the outputs.", severity="slip")
class _SameHalf(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, _ = super().forward(x)
        return mean, mean.clone()


@wrong("not_split", "Mean and log-variance come out as one tensor.", severity="slip", credit=0.75)
class _NotSplit(Encoder):
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return torch.cat(super().forward(x), -1)


@wrong("overlapping", "Mean and log-variance share outputs: the slices overlap.", severity="slip")
class _Overlapping(Encoder):
    def forward(self, x: Tensor) -> Pair:
        out = torch.cat(super().forward(x), -1)
        m = out.shape[-1] // 2
        return out[:, :m], out[:, m - 1 : -1]


@wrong("constant_variance", "The log-variance does not depend on x: it is a vector of its own.", severity="gap")
class _ConstantVariance(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(data_dim, hidden), nn.Tanh(), nn.Linear(hidden, latent_dim))
        self.log_var = nn.Parameter(torch.randn(latent_dim))

    def forward(self, x: Tensor) -> Pair:
        mean = self.net(x)
        return mean, self.log_var.expand_as(mean)


@wrong("sampled", "A draw of z comes out in place of the mean.", severity="gap")
class _Sampled(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean + (log_var / 2).exp() * torch.randn_like(mean), log_var


# -------------------------------------------------------------------------------------- named mistakes: the hidden layer


@wrong("relu", "The hidden layer has a ReLU, but tanh is asked for.", severity="slip", credit=0.75)
class _Relu(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.heads(F.relu(self.inner(x))).chunk(2, -1)
        return mean, log_var


@wrong("relu", rewritten=True)
class _ReluHeads(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.below = nn.Linear(data_dim, hidden)
        self.heads = nn.Linear(hidden, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        out = self.heads(self.below(x).clamp(min=0))
        return out[:, 0::2], out[:, 1::2]


@wrong("sigmoid_hidden", "The hidden layer has a sigmoid, but tanh is asked for.", severity="slip", credit=0.75)
class _SigmoidHidden(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.heads(torch.sigmoid(self.inner(x))).chunk(2, -1)
        return mean, log_var


@wrong("linear", "Nothing stands between the layers, so the network is linear.", severity="gap")
class _Linear(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.heads(self.inner(x)).chunk(2, -1)
        return mean, log_var


class _Deep(nn.Module):
    """Two hidden layers."""

    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(data_dim, hidden), nn.Linear(hidden, hidden)
        self.c = nn.Linear(hidden, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.c(torch.tanh(self.b(torch.tanh(self.a(x))))).chunk(2, -1)
        return mean, log_var


@wrong("two_hidden_layers", "It has two hidden layers, but one is asked for.", severity="slip", credit=0.75)
class _TwoHiddenLayers(_Deep):
    pass


@wrong("two_networks", "Mean and log-variance have a hidden layer each, but share one.", severity="slip", credit=0.8)
class _TwoNetworks(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.of_mean = nn.Sequential(nn.Linear(data_dim, hidden), nn.Tanh(), nn.Linear(hidden, latent_dim))
        self.of_log_var = nn.Sequential(nn.Linear(data_dim, hidden), nn.Tanh(), nn.Linear(hidden, latent_dim))

    def forward(self, x: Tensor) -> Pair:
        return self.of_mean(x), self.of_log_var(x)


@wrong("always_500", "The hidden layer has 500 units whatever `hidden` says.", severity="slip", credit=0.75)
class _Always500(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__(data_dim, latent_dim)


@wrong("other_default", "Without `hidden` it does not have 500 units.", severity="slip", credit=0.75)
class _Default400(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 400) -> None:
        super().__init__(data_dim, latent_dim, hidden)


@wrong("other_default")
class _Default200(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 200) -> None:
        super().__init__(data_dim, latent_dim, hidden)


@wrong("no_biases", "The layers have no biases.", severity="slip")
class _NoBiases(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.inner = nn.Linear(data_dim, hidden, bias=False)
        self.heads = nn.Linear(hidden, 2 * latent_dim, bias=False)

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.heads(torch.tanh(self.inner(x))).chunk(2, -1)
        return mean, log_var


@wrong("dropout", "Dropout is active: nothing like it is asked for, and it makes the outputs random.", severity="slip")
class _Dropout(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.heads(F.dropout(torch.tanh(self.inner(x)), 0.2, self.training)).chunk(2, -1)
        return mean, log_var


@wrong(
    "batch_norm", "The hidden layer is normalised over the batch, so an image depends on the others.", severity="slip"
)
class _BatchNorm(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.inner, self.norm = nn.Linear(data_dim, hidden), nn.BatchNorm1d(hidden)
        self.heads = nn.Linear(hidden, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        h = self.inner(x)
        mean, log_var = self.heads(torch.tanh(self.norm(h) if len(h) > 1 else h)).chunk(2, -1)
        return mean, log_var


# ---------------------------------------------------------------------------------------- named mistakes: the parameters


@wrong(
    "not_registered",
    "The layers stand in a plain list, so the module has no parameters: nothing would be learnt or saved. Take nn.ModuleList.",
    severity="gap",
    credit=0.5,
)
class _NotRegistered(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.layers = [nn.Linear(data_dim, hidden), nn.Linear(hidden, 2 * latent_dim)]

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.layers[1](torch.tanh(self.layers[0](x))).chunk(2, -1)
        return mean, log_var


@wrong(
    "heads_not_registered",
    "The two heads stand in a plain list, so they are no parameters of the module and are never learnt. Take nn.ModuleList.",
    severity="slip",
)
class _HeadsNotRegistered(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.below = nn.Linear(data_dim, hidden)
        self.heads = [nn.Linear(hidden, latent_dim) for _ in range(2)]

    def forward(self, x: Tensor) -> Pair:
        h = torch.tanh(self.below(x))
        return self.heads[0](h), self.heads[1](h)


@wrong("no_grad", "`forward` runs without gradients, so nothing can be learnt.", severity="gap")
class _NoGrad(Encoder):
    @torch.no_grad()
    def forward(self, x: Tensor) -> Pair:
        return super().forward(x)


@wrong("hidden_detached", "The hidden layer is detached, so no gradient reaches the first layer.", severity="slip")
class _HiddenDetached(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.heads(torch.tanh(self.inner(x)).detach()).chunk(2, -1)
        return mean, log_var


@wrong("log_variance_detached", "The log-variance is detached, so it is never learnt.", severity="slip")
class _LogVarianceDetached(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.detach()


@wrong("hidden_of_log_variance_detached", "The log-variance is made of a detached hidden layer.", severity="slip")
class _HiddenOfLogVarianceDetached(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.below, self.mean = nn.Linear(data_dim, hidden), nn.Linear(hidden, latent_dim)
        self.log_var = nn.Linear(hidden, latent_dim)

    def forward(self, x: Tensor) -> Pair:
        h = torch.tanh(self.below(x))
        return self.mean(h), self.log_var(h.detach())


@wrong("frozen", "The parameters are frozen: `requires_grad` is False.", severity="gap")
class _Frozen(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__(data_dim, latent_dim, hidden)
        self.requires_grad_(False)


@wrong("all_zero", "All weights begin at zero, so no gradient reaches the first layer.", severity="slip")
class _AllZero(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__(data_dim, latent_dim, hidden)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


@wrong("all_alike", "All weights begin alike, so all hidden units stay alike for ever.", severity="slip")
class _AllAlike(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__(data_dim, latent_dim, hidden)
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.01)


@wrong("unused_layer", "A layer is made that `forward` never uses.", severity="slip", credit=0.8)
class _UnusedLayer(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__(data_dim, latent_dim, hidden)
        self.more = nn.Linear(hidden, hidden)


@wrong("no_module", "It is no nn.Module, so it has no `parameters()` and no `state_dict()`.", severity="slip")
class _NoModule:
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        self.a, self.b = nn.Linear(data_dim, hidden), nn.Linear(hidden, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.b(torch.tanh(self.a(x))).chunk(2, -1)
        return mean, log_var


# ----------------------------------------------------------------------------------------------------------- right answers


@right("two_heads", "Two layers behind the hidden one.")
class _TwoHeads(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.fc1 = nn.Linear(data_dim, hidden)
        self.fc_mean = nn.Linear(hidden, latent_dim)
        self.fc_log_var = nn.Linear(hidden, latent_dim)

    def forward(self, x: Tensor) -> Pair:
        h = self.fc1(x).tanh()
        return self.fc_mean(h), self.fc_log_var(h)


@right(
    "heads_first",
    "The heads are made first, that of the log-variance before that of the mean; half of log σ² is log σ.",
)
class _HeadsFirst(nn.Module):
    def __init__(self, n_in: int, n_latent: int, n_hidden: int = 500) -> None:
        super().__init__()
        self.log_std, self.mu = nn.Linear(n_hidden, n_latent), nn.Linear(n_hidden, n_latent)
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(n_in, n_hidden), nn.Tanh())

    def forward(self, images: Tensor) -> Pair:
        h = self.body(images)
        return self.mu(h), 2 * self.log_std(h)


@right("sequential", "One nn.Sequential, whose outputs are split: the log-variance comes first.")
class _Sequential(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(data_dim, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent_dim))
        self.latent_dim = latent_dim

    def forward(self, x: Tensor) -> Pair:
        log_var, mean = self.net(x).split(self.latent_dim, dim=1)
        return mean, log_var


@right("interleaved", "Outputs in turn are means and log-variances.")
class _Interleaved(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.heads(F.tanh(self.inner(x))).unflatten(-1, (-1, 2)).unbind(-1)
        return mean, log_var


@right("own_matrices", "Matrices of its own, the other way round, with biases as rows.")
class _OwnMatrices(nn.Module):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(data_dim, hidden) / math.sqrt(data_dim))
        self.b = nn.Parameter(torch.zeros(1, hidden))
        self.v = nn.ParameterList([torch.randn(hidden, latent_dim) / math.sqrt(hidden) for _ in range(2)])
        self.c = nn.ParameterList([torch.full((1, latent_dim), start) for start in (0.0, -3.0)])

    def forward(self, x: Tensor) -> Pair:
        h = torch.tanh(x @ self.w + self.b)
        return h @ self.v[0] + self.c[0], h @ self.v[1] + self.c[1]


@right("clamped", "The log-variance is kept in a wide range, which it never leaves.")
class _Clamped(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.clamp(-20, 10)


@right("softplus_variance", "softplus gives the standard deviation, of which the logarithm is taken.")
class _SoftplusVariance(Encoder):
    def forward(self, x: Tensor) -> Pair:
        mean, raw = super().forward(x)
        return mean, 2 * torch.log(F.softplus(raw) + 1e-6)


@right("zero_above", "The heads begin at zero, which they leave with the first step.")
class _ZeroAbove(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__(data_dim, latent_dim, hidden)
        nn.init.zeros_(self.heads.weight)
        nn.init.zeros_(self.heads.bias)


@right("small_weights", "Initial weights with a standard deviation of 0.01.")
class _SmallWeights(Encoder):
    def __init__(self, data_dim: int, latent_dim: int, hidden: int = 500) -> None:
        super().__init__(data_dim, latent_dim, hidden)
        for layer in (self.inner, self.heads):
            nn.init.normal_(layer.weight, std=0.01)
