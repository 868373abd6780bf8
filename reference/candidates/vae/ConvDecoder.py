"""What is held against the checks of `ConvDecoder`."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.networks import ConvDecoder

# ------------------------------------------------------------------------------------------- named mistakes: the output


@wrong("sigmoid", "A sigmoid stands at the end: probabilities come out, and logits are due.", severity="slip")
class _Sigmoid(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).sigmoid()


@wrong("log_sigmoid", "Log-probabilities come out, and logits are due.", severity="slip")
class _LogSigmoid(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return F.logsigmoid(super().forward(z))


@wrong("softmax", "A softmax over the pixels stands at the end: each pixel is a Bernoulli variable.", severity="gap")
class _Softmax(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).softmax(-1)


@wrong("tanh_behind", "tanh stands at the end, as in GANs: logits are not confined to [-1, 1].", severity="slip")
class _TanhBehind(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).tanh()


@wrong("relu_behind", "A ReLU stands at the end, too: no pixel can be black.", severity="slip")
class _ReluBehind(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).relu()


@wrong("sampled", "Binary pixels are drawn: logits are due, and nothing random.", severity="gap")
class _Sampled(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return torch.bernoulli(super().forward(z).sigmoid())


@wrong("not_flattened", "Images of shape (B, 1, 28, 28) come out; logits of shape (B, 784) are due.", severity="form")
class _NotFlattened(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).unflatten(1, (1, 28, 28))


@wrong(
    "cut_off", "Images of 27 × 27 pixels come out: the transposed convolutions need an output padding.", severity="slip"
)
class _CutOff(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).unflatten(1, (28, 28))[:, :27, :27].flatten(1)


@wrong("standardised", "The logits are standardised over the batch.", severity="slip")
class _Standardised(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        logits = super().forward(z)
        return (logits - logits.mean(0)) / (logits.std(0, unbiased=False) + 1e-5)


# ------------------------------------------------------------------------------------------- named mistakes: the network


class _Dense(nn.Module):
    """No convolution at all."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, 64), nn.Tanh(), nn.Linear(64, 784))

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


@wrong("no_convolution", "All layers are fully connected: there is no convolution.", severity="gap")
class _NoConvolution(_Dense):
    pass


@wrong("convolution_unused", "Convolutions are made, and `forward` does not use them.", severity="gap")
class _ConvolutionUnused(_Dense):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.conv = nn.ConvTranspose2d(8, 1, 4)


@wrong(
    "filter_of_whole_image",
    "The filters are as large as the image: a convolution of that kind is a fully connected layer.",
    severity="gap",
    credit=0.5,
)
class _WholeImage(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.conv = nn.Linear(latent_dim, 16), nn.ConvTranspose2d(16, 1, 28)

    def forward(self, z: Tensor) -> Tensor:
        return self.conv(torch.relu(self.inner(z))[:, :, None, None]).flatten(1)


@wrong("filter_of_a_pixel", "The only filters are single numbers: they see one pixel.", severity="gap", credit=0.5)
class _OnePixel(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.conv = nn.Linear(latent_dim, 4 * 784), nn.Conv2d(4, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.conv(torch.relu(self.inner(z)).view(-1, 4, 28, 28)).flatten(1)


@wrong("linear", "Nothing stands between the layers, so the network is linear.", severity="gap")
class _Linear(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.conv = nn.Linear(latent_dim, 8 * 196), nn.ConvTranspose2d(8, 1, 4, 2, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.conv(self.inner(z).view(-1, 8, 14, 14)).flatten(1)


@wrong("first_latent", "Only the first latent variable is used.", severity="gap")
class _FirstLatent(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(F.pad(z[:, :1], (0, z.shape[1] - 1)))


@wrong("last_latent_unused", "The last latent variable is not used.", severity="slip")
class _LastUnused(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(F.pad(z[:, :-1], (0, 1)))


@wrong("always_two", "There are two latent variables whatever `latent_dim` says.", severity="slip", credit=0.75)
class _AlwaysTwo(ConvDecoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(2)


@wrong("upper_half", "Only the upper half of the image is made of z.", severity="slip")
class _UpperHalf(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z) * (torch.arange(784) < 392).float()


@wrong(
    "small_image",
    "The image is made in the middle, with a wide border that is the same whatever z is.",
    severity="slip",
)
class _SmallImage(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return F.pad(super().forward(z).unflatten(1, (28, 28))[:, 7:21, 7:21], (7, 7, 7, 7)).flatten(1)


@wrong("constant", "The logits do not depend on z.", severity="empty")
class _Constant(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(torch.zeros_like(z))


@wrong("noise", "Noise is added to z, in evaluation mode, too: drawing belongs to q(z | x).", severity="slip")
class _Noise(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z + 0.3 * torch.randn_like(z))


@wrong("noise", rewritten=True)
class _AlwaysDropping(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(F.dropout(z, 0.3))


@wrong(
    "batch_statistics",
    "In evaluation mode the network still normalises by the statistics of the batch, so an image depends on the others.",
    severity="slip",
)
class _BatchStatistics(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.norm = nn.Linear(latent_dim, 8 * 49), nn.BatchNorm2d(8, track_running_stats=False)
        self.conv = nn.ConvTranspose2d(8, 1, 4, 4)

    def forward(self, z: Tensor) -> Tensor:
        return self.conv(torch.relu(self.norm(self.inner(z).view(-1, 8, 7, 7)))).flatten(1)


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
        first = [nn.Linear(latent_dim, 8 * 49), nn.ReLU(), nn.Unflatten(1, (8, 7, 7))]
        self.layers = [*first, nn.ConvTranspose2d(8, 1, 4, 4), nn.Flatten()]

    def forward(self, z: Tensor) -> Tensor:
        for layer in self.layers:
            z = layer(z)
        return z


@wrong(
    "filters_not_registered",
    "The convolutions stand in a plain list, so they are no parameters of the module and are never learnt. Take nn.ModuleList.",
    severity="slip",
)
class _FiltersNotRegistered(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner = nn.Linear(latent_dim, 8 * 49)
        self.convolutions = [nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.ConvTranspose2d(4, 1, 4, 2, 1)]

    def forward(self, z: Tensor) -> Tensor:
        h = self.inner(z).view(-1, 8, 7, 7)
        for layer in self.convolutions:
            h = layer(torch.relu(h))
        return h.flatten(1)


@wrong(
    "first_not_registered",
    "The linear layers stand in a plain list, so they are no parameters of the module and are never learnt. Take nn.ModuleList.",
    severity="slip",
)
class _FirstNotRegistered(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.conv = [nn.Linear(latent_dim, 8 * 49)], nn.ConvTranspose2d(8, 1, 4, 4)

    def forward(self, z: Tensor) -> Tensor:
        return self.conv(torch.relu(self.inner[0](z)).view(-1, 8, 7, 7)).flatten(1)


class _Small(nn.Module):
    """One layer of each kind."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.conv = nn.Linear(latent_dim, 8 * 49), nn.ConvTranspose2d(8, 1, 4, 4)

    def forward(self, z: Tensor) -> Tensor:
        return self.conv(torch.relu(self.inner(z)).view(-1, 8, 7, 7)).flatten(1)


@wrong("no_grad", "`forward` runs without gradients, so nothing can be learnt.", severity="gap")
class _NoGrad(ConvDecoder):
    @torch.no_grad()
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z)


@wrong("z_detached", "z is detached, so no gradient reaches the encoder.", severity="slip")
class _ZDetached(ConvDecoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z.detach())


@wrong(
    "hidden_detached",
    "What goes into the convolutions is detached, so the layers before them are never learnt.",
    severity="slip",
)
class _HiddenDetached(_Small):
    def forward(self, z: Tensor) -> Tensor:
        return self.conv(torch.relu(self.inner(z)).detach().view(-1, 8, 7, 7)).flatten(1)


@wrong("frozen", "The parameters are frozen: `requires_grad` is False.", severity="gap")
class _Frozen(ConvDecoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.requires_grad_(False)


@wrong("frozen_filters", "The convolutions are frozen: their `requires_grad` is False.", severity="slip")
class _FrozenFilters(_Small):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.conv.requires_grad_(False)


@wrong("all_alike", "All weights begin alike, so all filters stay alike for ever.", severity="slip")
class _AllAlike(ConvDecoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.01)


@wrong("all_alike")
class _AllZero(ConvDecoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


@wrong(
    "own_seed",
    "The constructor sets the seed: every network begins with the same weights, and the random numbers of whoever makes one begin anew.",
    severity="form",
)
class _OwnSeed(ConvDecoder):
    def __init__(self, latent_dim: int) -> None:
        torch.default_generator.manual_seed(0)
        super().__init__(latent_dim)


@wrong("unused_layer", "A layer is made that `forward` never uses.", severity="slip", credit=0.85)
class _UnusedLayer(ConvDecoder):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.more = nn.Linear(8, 10)


@wrong("no_module", "It is no nn.Module, so it has no `parameters()` and no `state_dict()`.", severity="slip")
class _NoModule:
    def __init__(self, latent_dim: int) -> None:
        self.inner, self.conv = nn.Linear(latent_dim, 8 * 49), nn.ConvTranspose2d(8, 1, 4, 4)

    def forward(self, z: Tensor) -> Tensor:
        return self.conv(torch.relu(self.inner(z)).view(-1, 8, 7, 7)).flatten(1)


# ----------------------------------------------------------------------------------------------------------- right answers


@right("upsampled", "Plain convolutions behind upsampling, with dropout.")
class _Upsampled(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.drop = nn.Linear(latent_dim, 8 * 49), nn.Dropout(0.1)
        self.conv1, self.conv2 = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.drop(F.elu(self.inner(z))).reshape(-1, 8, 7, 7)
        h = F.gelu(self.conv1(F.interpolate(h, scale_factor=2)))
        return self.conv2(F.interpolate(h, scale_factor=2, mode="bilinear")).reshape(len(z), 784)


@right(
    "from_one_place",
    "Transposed convolutions from the first layer on, with batch normalisation and logits in a wide range.",
)
class _FromOnePlace(nn.Sequential):
    def __init__(self, latent_dim: int) -> None:
        super().__init__(
            nn.Unflatten(1, (latent_dim, 1, 1)),
            nn.ConvTranspose2d(latent_dim, 16, 7, bias=False),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ConvTranspose2d(16, 8, 3, 2, 1, output_padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ConvTranspose2d(8, 1, 3, 2, 1, output_padding=1),
            nn.Flatten(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).clamp(-15, 15)


@right("border", "The last row and column are out of reach, and the network ends with a border of one pixel.")
class _Border(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.conv = nn.Linear(latent_dim, 8 * 144), nn.ConvTranspose2d(8, 1, 3, 2, output_padding=1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.conv(torch.tanh(self.inner(z)).view(-1, 8, 12, 12))  # (B, 1, 26, 26)
        return F.pad(h, (1, 1, 1, 1), value=-5.0).view(-1, 784)


@right("linear_behind", "The last layer is linear and begins at zero, with biases for dark pixels.")
class _LinearBehind(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner, self.conv = nn.Linear(latent_dim, 4 * 49), nn.Conv2d(4, 8, 3, padding=1)
        self.outer = nn.Linear(8 * 49, 784)
        nn.init.zeros_(self.outer.weight)
        nn.init.constant_(self.outer.bias, -2.0)

    def forward(self, z: Tensor) -> Tensor:
        h = torch.sigmoid(self.inner(z)).unflatten(-1, (4, 7, 7))
        return self.outer(F.silu(self.conv(h)).flatten(1))


@right("own_filters", "Filters as parameters of its own, and a sigmoid whose inverse is taken again.")
class _OwnFilters(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.inner = nn.Linear(latent_dim, 8 * 49)
        self.filters = nn.Parameter(torch.randn(8, 1, 4, 4) / 4)
        self.bias = nn.Parameter(torch.full((1,), -1.0))

    def forward(self, latents: Tensor) -> Tensor:
        h = torch.relu(self.inner(latents)).view(-1, 8, 7, 7)
        return torch.logit(torch.sigmoid(F.conv_transpose2d(h, self.filters, self.bias, stride=4)), eps=1e-6).flatten(1)
