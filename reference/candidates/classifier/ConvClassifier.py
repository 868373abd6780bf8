"""What is held against the checks of `ConvClassifier`."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.classifier import ConvClassifier

EQUIVALENT = dict.fromkeys(
    (
        "double factor: x - 0.13 -> 2 * x - 0.13",
        "drop factor: (x - 0.13) / 0.31 -> x - 0.13",
        "flip sign: x - 0.13 -> x + 0.13",
        "missing term: x - 0.13 -> x",
    ),
    "How images are preprocessed inside the network is up to the student.",
)

# ------------------------------------------------------------------------------------------- named mistakes: the output


@wrong("softmax", "A softmax stands behind the last layer: cross-entropy takes logits.", severity="slip")
class _Softmax(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).softmax(-1)


@wrong("softmax", rewritten=True)
class _OwnSoftmax(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        weights = super().forward(x)
        weights = (weights - weights.amax(1, keepdim=True)).exp()
        return weights / weights.sum(1, keepdim=True)


@wrong(
    "log_softmax",
    "A log-softmax stands behind the last layer: cross-entropy does not mind, but logits are due.",
    severity="form",
)
class _LogSoftmax(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).log_softmax(-1)


@wrong("softmax_over_batch", "A softmax over the batch stands behind the last layer: dim=0.", severity="gap")
class _SoftmaxOverBatch(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).softmax(0)


@wrong("sigmoid", "A sigmoid stands behind the last layer: logits are of any sign.", severity="slip")
class _Sigmoid(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).sigmoid()


@wrong("tanh_behind", "tanh stands behind the last layer: logits are not confined to [-1, 1].", severity="slip")
class _TanhBehind(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).tanh()


@wrong("relu_behind", "A ReLU stands behind the last layer, too: no logit can be negative.", severity="slip")
class _ReluBehind(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


@wrong("digit", "The digit comes out, not its logits: argmax belongs to the evaluation.", severity="gap")
class _Digit(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).argmax(-1)


@wrong("needs_flat_images", "It takes flattened images of shape (B, 784) alone.", severity="slip")
class _NeedsFlatImages(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        n, _ = x.shape
        return super().forward(x.reshape(n, 1, 28, 28))


@wrong(
    "not_flattened",
    "The image is not flattened before the last layer: there are logits for each of its rows.",
    severity="slip",
)
class _NotFlattened(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.conv(x)))


@wrong("normalised_over_batch", "The logits are standardised over the batch.", severity="slip")
class _Standardised(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        logits = super().forward(x)
        return (logits - logits.mean(0)) / (logits.std(0, unbiased=False) + 1e-5)


# ------------------------------------------------------------------------------------------- named mistakes: the network


class _Dense(nn.Module):
    """No convolution at all."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


@wrong("no_convolution", "All layers are fully connected: there is no convolution.", severity="gap")
class _NoConvolution(_Dense):
    pass


@wrong("no_convolution", rewritten=True)
class _NoConvolutionDeeper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(784, 50), nn.Linear(50, 30), nn.Linear(30, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(F.elu(self.b(torch.tanh(self.a(x.reshape(len(x), -1))))))


@wrong(
    "filter_of_whole_image",
    "The filters are as large as the image: a convolution of that kind is a fully connected layer.",
    severity="gap",
    credit=0.5,
)
class _WholeImage(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 32, 28), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.conv(x)).flatten(1))


@wrong("filter_of_a_pixel", "The only filters are single numbers: they see one pixel.", severity="gap", credit=0.5)
class _OnePixel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 4, 1), nn.Linear(4 * 784, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.conv(x)).flatten(1))


@wrong("convolution_unused", "The convolution is made, and `forward` does not use it.", severity="gap")
class _ConvolutionUnused(_Dense):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)


@wrong("unused_layer", "A layer is made that `forward` never uses.", severity="slip", credit=0.85)
class _UnusedLayer(ConvClassifier):
    def __init__(self) -> None:
        super().__init__()
        self.more = nn.Linear(128, 10)


@wrong("linear", "Nothing stands between the layers, so the network is linear.", severity="gap")
class _Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 8, 5, stride=2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 36, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


@wrong("upper_half", "Only the upper half of the image is seen.", severity="slip")
class _UpperHalf(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x * (torch.arange(28) < 14).float()[:, None])


@wrong("left_half", "Only the left half of the image is seen.", severity="slip")
class _LeftHalf(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x[..., :14], (0, 14)))


@wrong("centre", "Only the centre of the image is seen.", severity="slip")
class _Centre(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x[..., 7:21, 7:21], (7, 7, 7, 7)))


@wrong("constant", "The logits do not depend on the image.", severity="empty")
class _Constant(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(torch.zeros_like(x))


@wrong(
    "always_dropping",
    "Dropout is active in evaluation mode, too: F.dropout needs training=self.training.",
    severity="slip",
)
class _AlwaysDropping(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.dropout(x, 0.3))


@wrong("noise", "Noise is added to the image, in evaluation mode, too.", severity="slip")
class _Noise(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.3 * torch.randn(len(x), 10)


@wrong(
    "batch_statistics",
    "In evaluation mode the network still normalises by the statistics of the batch, so an image depends on the others.",
    severity="slip",
)
class _BatchStatistics(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 8, 5, stride=3), nn.BatchNorm2d(8, track_running_stats=False)
        self.out = nn.Linear(8 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.norm(self.conv(x))).flatten(1))


@wrong("batch_statistics")
class _CentredOverBatch(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward((x - x.mean()) / (x.std() + 1e-3))


# ---------------------------------------------------------------------------------------- named mistakes: the parameters


@wrong(
    "not_registered",
    "The layers stand in a plain list, so the module has no parameters: nothing would be learnt or saved. Take nn.ModuleList.",
    severity="gap",
    credit=0.5,
)
class _NotRegistered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Conv2d(1, 8, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 64, 10)]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


@wrong(
    "filters_not_registered",
    "The convolutions stand in a plain list, so they are no parameters of the module and are never learnt. Take nn.ModuleList.",
    severity="slip",
)
class _FiltersNotRegistered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolutions = [nn.Conv2d(1, 8, 5, stride=3), nn.Conv2d(8, 8, 3)]
        self.out = nn.Linear(8 * 36, 10)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.convolutions:
            x = torch.relu(layer(x))
        return self.out(x.flatten(1))


@wrong(
    "last_not_registered",
    "The linear layers stand in a plain list, so they are no parameters of the module and are never learnt. Take nn.ModuleList.",
    severity="slip",
)
class _LastNotRegistered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=3)
        self.linear = [nn.Linear(8 * 64, 32), nn.Linear(32, 10)]

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv(x)).flatten(1)
        return self.linear[1](torch.relu(self.linear[0](x)))


@wrong("no_grad", "`forward` runs without gradients, so nothing can be learnt.", severity="gap")
class _NoGrad(ConvClassifier):
    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


@wrong("no_grad")
class _Detached(ConvClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).detach()


@wrong("features_detached", "The convolutions are detached, so no gradient reaches them.", severity="slip")
class _FeaturesDetached(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.conv(x)).detach().flatten(1))


@wrong("frozen", "The parameters are frozen: `requires_grad` is False.", severity="gap")
class _Frozen(ConvClassifier):
    def __init__(self) -> None:
        super().__init__()
        self.requires_grad_(False)


@wrong("frozen_filters", "The convolutions are frozen: their `requires_grad` is False.", severity="slip")
class _FrozenFilters(ConvClassifier):
    def __init__(self) -> None:
        super().__init__()
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                layer.requires_grad_(False)


@wrong("all_alike", "All weights begin alike, so all filters stay alike for ever.", severity="slip")
class _AllAlike(ConvClassifier):
    def __init__(self) -> None:
        super().__init__()
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.01)


@wrong("all_alike")
class _AllZero(ConvClassifier):
    def __init__(self) -> None:
        super().__init__()
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


@wrong(
    "own_seed",
    "The constructor sets the seed: every network begins with the same weights, and the random numbers of whoever makes one begin anew.",
    severity="form",
)
class _OwnSeed(ConvClassifier):
    def __init__(self) -> None:
        torch.default_generator.manual_seed(0)
        super().__init__()


@wrong("no_module", "It is no nn.Module, so it has no `parameters()` and no `state_dict()`.", severity="slip")
class _NoModule:
    def __init__(self) -> None:
        self.conv, self.out = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.conv(x)).flatten(1))


# ----------------------------------------------------------------------------------------------------------- right answers


@right("lenet", "Two convolutions with pooling, which lose a few rows at the border, and dropout.")
class _LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3)
        self.drop, self.fc1, self.fc2 = nn.Dropout(0.5), nn.Linear(16 * 25, 32), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(self.drop(F.relu(self.fc1(x.flatten(1)))))


@right("batch_norm", "Batch normalisation, of filters and of hidden units; the mean over all places at the end.")
class _BatchNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


@right("tanh", "tanh and the largest value of each place, as in the first such network.")
class _Tanh(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(torch.tanh(self.a(x)), 2)
        return self.out(F.adaptive_max_pool2d(torch.tanh(self.b(x)), 1).view(x.size(0), -1))


@right("only_convolutions", "Filters to the end: the last ones give the logits.")
class _OnlyConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Conv2d(1, 8, 4, 2), nn.Conv2d(8, 16, 3, 2), nn.Conv2d(16, 16, 3, 1), nn.Conv2d(16, 10, 4)]
        )

    def forward(self, images: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            images = F.gelu(layer(images))
        return self.layers[-1](images)[:, :, 0, 0]


@right(
    "residual", "A residual block, and normalisation by groups of filters; the first layer is made at the first call."
)
class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.LazyConv2d(8, 3, 2, 1), nn.GroupNorm(2, 8)
        self.a, self.b = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.out = nn.LazyLinear(10)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.norm(self.first(x)))
        h = h + self.b(torch.relu(self.a(h)))
        return self.out(F.max_pool2d(h, 2).flatten(1))


@right("unfolded", "The convolution by hand: a matrix times all pieces of the image.")
class _Unfolded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filters, self.bias = nn.Parameter(torch.randn(25, 8) / 5), nn.Parameter(torch.zeros(8))
        self.out = nn.Linear(8 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        pieces = F.unfold(x, 5, stride=3).mT  # (B, 64, 25)
        return self.out(torch.relu(pieces @ self.filters + self.bias).flatten(1))


@right(
    "own_filters",
    "Filters as parameters of its own, a constant that is not learnt, and a last layer that begins at zero.",
)
class _OwnFilters(nn.Module):
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.randn(8, 1, 3, 3) / 3)
        self.std = nn.Parameter(torch.tensor(0.31), requires_grad=False)
        self.register_buffer("shift", torch.tensor(0.13))
        self.out = nn.Linear(8 * 169, 10)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        h = F.conv2d((x - self.shift) / self.std, self.filters, stride=2)
        return self.out(torch.relu(h).flatten(1))


@right("small_weights", "Initial weights with a standard deviation of 0.01, and weights that are normalised.")
class _SmallWeights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        conv, out = nn.Conv2d(1, 8, 5, stride=3), nn.Linear(8 * 64, 10)
        for layer in (conv, out):
            nn.init.normal_(layer.weight, std=0.01)
        self.conv = nn.utils.parametrizations.weight_norm(conv)
        self.out = nn.utils.parametrizations.spectral_norm(out)

    def forward(self, x: Tensor) -> Tensor:
        return math.sqrt(2) * self.out(torch.relu(self.conv(x)).flatten(1))
