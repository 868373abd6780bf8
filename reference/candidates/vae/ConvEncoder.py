"""What is held against the checks of `ConvEncoder`."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.networks import ConvEncoder

Pair = tuple[Tensor, Tensor]

# ------------------------------------------------------------------------------------------- named mistakes: the outputs


@wrong(
    "positive",
    "The log-variance is never negative: what comes out is a variance or a standard deviation.",
    severity="slip",
)
class _Variance(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.exp()


@wrong("positive", rewritten=True)
class _StandardDeviation(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, (log_var / 2).exp()


@wrong("positive", rewritten=True)
class _Softplus(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, F.softplus(log_var)


@wrong("relu_log_variance", "A ReLU stands behind the log-variance, which is of any sign.", severity="slip")
class _ReluLogVariance(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.relu()


@wrong("relu_behind", "A ReLU stands behind the outputs, which are of any sign.", severity="slip")
class _ReluBehind(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.relu(), log_var.relu()


@wrong("relu_behind_mean", "A ReLU stands behind the mean, which is of any sign.", severity="slip")
class _ReluBehindMean(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.relu(), log_var


@wrong("tanh_behind", "tanh stands behind an output, too, which is not confined to [-1, 1].", severity="slip")
class _TanhBehind(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.tanh(), log_var.tanh()


@wrong("tanh_behind")
class _TanhBehindMean(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.tanh(), log_var


@wrong("tanh_behind")
class _TanhBehindLogVariance(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.tanh()


@wrong("sigmoid_behind", "A sigmoid stands behind an output: means and log-variances are of any sign.", severity="slip")
class _SigmoidBehind(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean.sigmoid(), log_var


@wrong("sigmoid_behind")
class _SigmoidBehindLogVariance(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.sigmoid()


@wrong(
    "same_outputs",
    "Mean and log-variance are made of the same outputs: each needs outputs of its own.",
    severity="slip",
    credit=0.5,
)
class _OneHead(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, latent_dim)

    def forward(self, x: Tensor) -> Pair:
        out = self.out(torch.relu(self.conv(x)).flatten(1))
        return out, out


@wrong("same_outputs", rewritten=True)
class _SameHalf(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        _, log_var = super().forward(x)
        return log_var.clone(), log_var


@wrong("same_outputs", rewritten=True)
class _Scaled(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, _ = super().forward(x)
        return mean, -2 * mean - 3


@wrong("overlapping", "Mean and log-variance share outputs: the slices overlap.", severity="slip")
class _Overlapping(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        out = torch.cat(super().forward(x), -1)
        m = out.shape[-1] // 2
        return out[:, :m], out[:, m - 1 : -1]


@wrong("not_split", "Mean and log-variance come out as one tensor.", severity="slip", credit=0.75)
class _NotSplit(ConvEncoder):
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return torch.cat(super().forward(x), -1)


@wrong("mean_only", "Only the mean comes out.", severity="gap")
class _MeanOnly(ConvEncoder):
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x)[0]


@wrong("constant_variance", "The log-variance does not depend on the image: it is a vector of its own.", severity="gap")
class _ConstantVariance(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, latent_dim)
        self.log_var = nn.Parameter(torch.randn(latent_dim))

    def forward(self, x: Tensor) -> Pair:
        mean = self.out(torch.relu(self.conv(x)).flatten(1))
        return mean, self.log_var.expand_as(mean)


@wrong("no_variance", "The log-variance is zero: this is an autoencoder with noise of one size.", severity="gap")
class _NoVariance(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, _ = super().forward(x)
        return mean, torch.zeros_like(mean)


@wrong("sampled", "A draw of z comes out in place of the mean.", severity="gap")
class _Sampled(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean + (log_var / 2).exp() * torch.randn_like(mean), log_var


@wrong("standardised", "The mean is standardised over the batch.", severity="slip")
class _Standardised(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return (mean - mean.mean(0)) / (mean.std(0, unbiased=False) + 1e-5), log_var


# ------------------------------------------------------------------------------------------- named mistakes: the network


@wrong("no_convolution", "All layers are fully connected: there is no convolution.", severity="gap")
class _NoConvolution(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.Tanh(), nn.Linear(64, 2 * latent_dim))

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.net(x).chunk(2, -1)
        return mean, log_var


@wrong("convolution_unused", "Convolutions are made, and `forward` does not use them.", severity="gap")
class _ConvolutionUnused(_NoConvolution):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.conv = nn.Conv2d(1, 8, 3)


@wrong(
    "filter_of_whole_image",
    "The filters are as large as the image: a convolution of that kind is a fully connected layer.",
    severity="gap",
    credit=0.5,
)
class _WholeImage(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 32, 28), nn.Linear(32, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.out(torch.relu(self.conv(x)).flatten(1)).chunk(2, -1)
        return mean, log_var


@wrong("filter_of_a_pixel", "The only filters are single numbers: they see one pixel.", severity="gap", credit=0.5)
class _OnePixel(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 4, 1), nn.Linear(4 * 784, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.out(torch.relu(self.conv(x)).flatten(1)).chunk(2, -1)
        return mean, log_var


@wrong("linear", "Nothing stands between the layers, so the network is linear.", severity="gap")
class _Linear(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 8, 5, 2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(288, 2 * latent_dim))

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.net(x).chunk(2, -1)
        return mean, log_var


@wrong("needs_flat_images", "It takes flattened images of shape (B, 784) alone.", severity="slip")
class _NeedsFlatImages(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        n, _ = x.shape
        return super().forward(x.reshape(n, 1, 28, 28))


@wrong("always_two", "There are two latent variables whatever `latent_dim` says.", severity="slip", credit=0.75)
class _AlwaysTwo(ConvEncoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(2)


@wrong("upper_half", "Only the upper half of the image is seen.", severity="slip")
class _UpperHalf(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        return super().forward(x * (torch.arange(28) < 14).float()[:, None])


@wrong("left_half", "Only the left half of the image is seen.", severity="slip")
class _LeftHalf(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        return super().forward(F.pad(x[..., :14], (0, 14)))


@wrong("constant", "Neither result depends on the image.", severity="empty")
class _Constant(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        return super().forward(torch.zeros_like(x))


@wrong(
    "always_dropping",
    "Dropout is active in evaluation mode, too: F.dropout needs training=self.training.",
    severity="slip",
)
class _AlwaysDropping(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        return super().forward(F.dropout(x, 0.3))


@wrong(
    "batch_statistics",
    "In evaluation mode the network still normalises by the statistics of the batch, so an image depends on the others.",
    severity="slip",
)
class _BatchStatistics(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 8, 5, stride=3), nn.BatchNorm2d(8, track_running_stats=False)
        self.out = nn.Linear(8 * 64, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.out(torch.relu(self.norm(self.conv(x))).flatten(1)).chunk(2, -1)
        return mean, log_var


# ---------------------------------------------------------------------------------------- named mistakes: the parameters


@wrong(
    "not_registered",
    "The layers stand in a plain list, so the module has no parameters: nothing would be learnt or saved. Take nn.ModuleList.",
    severity="gap",
    credit=0.5,
)
class _NotRegistered(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.layers = [nn.Conv2d(1, 8, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 64, 2 * latent_dim)]

    def forward(self, x: Tensor) -> Pair:
        for layer in self.layers:
            x = layer(x)
        mean, log_var = x.chunk(2, -1)
        return mean, log_var


@wrong(
    "filters_not_registered",
    "The convolutions stand in a plain list, so they are no parameters of the module and are never learnt. Take nn.ModuleList.",
    severity="slip",
)
class _FiltersNotRegistered(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.convolutions = [nn.Conv2d(1, 8, 5, stride=3), nn.Conv2d(8, 8, 3)]
        self.out = nn.Linear(8 * 36, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        for layer in self.convolutions:
            x = torch.relu(layer(x))
        mean, log_var = self.out(x.flatten(1)).chunk(2, -1)
        return mean, log_var


@wrong(
    "heads_not_registered",
    "The two heads stand in a plain list, so they are no parameters of the module and are never learnt. Take nn.ModuleList.",
    severity="slip",
)
class _HeadsNotRegistered(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=3)
        self.heads = [nn.Linear(8 * 64, latent_dim) for _ in range(2)]

    def forward(self, x: Tensor) -> Pair:
        h = torch.relu(self.conv(x)).flatten(1)
        return self.heads[0](h), self.heads[1](h)


class _TwoHeads(nn.Module):
    """Two layers behind a convolution."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv, self.mean = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, latent_dim)
        self.log_var = nn.Linear(8 * 64, latent_dim)

    def forward(self, x: Tensor) -> Pair:
        h = torch.relu(self.conv(x)).flatten(1)
        return self.mean(h), self.log_var(h)


@wrong("no_grad", "`forward` runs without gradients, so nothing can be learnt.", severity="gap")
class _NoGrad(ConvEncoder):
    @torch.no_grad()
    def forward(self, x: Tensor) -> Pair:
        return super().forward(x)


@wrong("features_detached", "The convolutions are detached, so no gradient reaches them.", severity="slip")
class _FeaturesDetached(_TwoHeads):
    def forward(self, x: Tensor) -> Pair:
        h = torch.relu(self.conv(x)).detach().flatten(1)
        return self.mean(h), self.log_var(h)


@wrong("log_variance_detached", "The log-variance is detached, so it is never learnt.", severity="slip")
class _LogVarianceDetached(_TwoHeads):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.detach()


@wrong("log_variance_detached")
class _HalfDetached(ConvEncoder):
    def forward(self, x: Tensor) -> Pair:
        mean, log_var = super().forward(x)
        return mean, log_var.detach()


@wrong("features_of_log_variance_detached", "The log-variance is made of detached features.", severity="slip")
class _FeaturesOfLogVarianceDetached(_TwoHeads):
    def forward(self, x: Tensor) -> Pair:
        h = torch.relu(self.conv(x)).flatten(1)
        return self.mean(h), self.log_var(h.detach())


@wrong("frozen", "The parameters are frozen: `requires_grad` is False.", severity="gap")
class _Frozen(ConvEncoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.requires_grad_(False)


@wrong("frozen_filters", "The convolutions are frozen: their `requires_grad` is False.", severity="slip")
class _FrozenFilters(_TwoHeads):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.conv.requires_grad_(False)


@wrong("all_alike", "All weights begin alike, so all filters stay alike for ever.", severity="slip")
class _AllAlike(ConvEncoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.01)


@wrong("all_alike")
class _AllZero(ConvEncoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


@wrong(
    "own_seed",
    "The constructor sets the seed: every network begins with the same weights, and the random numbers of whoever makes one begin anew.",
    severity="form",
)
class _OwnSeed(ConvEncoder):
    def __init__(self, latent_dim: int) -> None:
        torch.default_generator.manual_seed(0)
        super().__init__(latent_dim)


@wrong("unused_layer", "A layer is made that `forward` never uses.", severity="slip", credit=0.85)
class _UnusedLayer(ConvEncoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.more = nn.Linear(8, 10)


@wrong("no_module", "It is no nn.Module, so it has no `parameters()` and no `state_dict()`.", severity="slip")
class _NoModule:
    def __init__(self, latent_dim: int) -> None:
        self.conv, self.out = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, 2 * latent_dim)

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.out(torch.relu(self.conv(x)).flatten(1)).chunk(2, -1)
        return mean, log_var


# ----------------------------------------------------------------------------------------------------------- right answers


@right(
    "two_heads", "Two layers behind the convolutions, pooling, and dropout; the log standard deviation is taken twice."
)
class _Pooled(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv1, self.conv2, self.drop = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3), nn.Dropout(0.2)
        self.mu, self.log_std = nn.Linear(16 * 25, latent_dim), nn.Linear(16 * 25, latent_dim)

    def forward(self, x: Tensor) -> Pair:
        h = F.max_pool2d(F.relu(self.conv1(x)), 2)
        h = self.drop(F.max_pool2d(F.relu(self.conv2(h)), 2).flatten(1))
        return self.mu(h), 2 * self.log_std(h)


@right("batch_norm", "Batch normalisation; outputs in turn are means and log-variances, kept in a wide range.")
class _BatchNorm(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8, 16, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            nn.Linear(16 * 49, 32),
            nn.BatchNorm1d(32),
            nn.ReLU(),
            nn.Linear(32, 2 * latent_dim),
        )

    def forward(self, x: Tensor) -> Pair:
        mean, log_var = self.body(x).unflatten(-1, (-1, 2)).unbind(-1)
        return mean, log_var.clamp(-10, 10)


@right(
    "softplus_variance",
    "softplus gives the standard deviation, of which the logarithm is taken; the heads are convolutions.",
)
class _SoftplusVariance(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv = nn.LazyConv2d(8, 5, stride=3)
        self.of_mean, self.of_std = nn.Conv2d(8, latent_dim, 8), nn.Conv2d(8, latent_dim, 8)

    def forward(self, x: Tensor) -> Pair:
        h = F.elu(self.conv(x))
        return self.of_mean(h).flatten(1), 2 * torch.log(F.softplus(self.of_std(h).flatten(1)) + 1e-6)


@right("zero_above", "The heads begin at zero, but for a small variance; each has convolutions of its own, with tanh.")
class _ZeroAbove(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.nets = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(1, 8, 5, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 16, latent_dim)
            )
            for _ in range(2)
        )
        for net, start in zip(self.nets, (0.0, -3.0), strict=True):
            for name, parameter in net.named_parameters():
                if name.startswith("4."):
                    nn.init.constant_(parameter, start if name.endswith("bias") else 0.0)

    def forward(self, x: Tensor) -> Pair:
        return self.nets[0](2 * x - 1), self.nets[1](2 * x - 1)


@right("own_hidden_layer", "The log-variance has a hidden layer of its own; images are taken in any shape.")
class _OwnHiddenLayer(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv, self.mean = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, latent_dim)
        self.hidden, self.log_var = nn.Linear(8 * 64, 16), nn.Linear(16, latent_dim)

    def forward(self, x: Tensor) -> Pair:
        h = F.silu(self.conv(x.reshape(-1, 1, 28, 28))).flatten(1)
        return self.mean(h), self.log_var(torch.sigmoid(self.hidden(h)))
