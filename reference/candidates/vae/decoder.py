"""What is held against the checks of `Decoder`."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.networks import Decoder

# ------------------------------------------------------------------------------------------- named mistakes: the output


@wrong(
    "probabilities",
    "Probabilities come out: the sigmoid belongs to the likelihood, which takes logits.",
    severity="slip",
)
class _Probabilities(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(super().forward(z))


@wrong("probabilities", rewritten=True)
class _SigmoidLayer(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, hidden), nn.Tanh(), nn.Linear(hidden, data_dim), nn.Sigmoid())

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


@wrong("exponentials", "exp stands behind the second layer: logits are of any sign.", severity="slip")
class _Exponentials(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).exp()


@wrong("tanh_behind", "tanh stands behind the second layer, too: logits are not confined to [-1, 1].", severity="slip")
class _TanhBehind(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).tanh()


@wrong("relu_behind", "A ReLU stands behind the second layer: no logit can be negative.", severity="slip")
class _ReluBehind(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return F.relu(super().forward(z))


@wrong("softmax", "A softmax over the pixels stands behind the second layer.", severity="gap")
class _Softmax(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z).softmax(-1)


# -------------------------------------------------------------------------------------- named mistakes: the hidden layer


@wrong("relu", "The hidden layer has a ReLU, but tanh is asked for.", severity="slip", credit=0.75)
class _Relu(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return self.outer(F.relu(self.inner(z)))


@wrong("sigmoid_hidden", "The hidden layer has a sigmoid, but tanh is asked for.", severity="slip", credit=0.75)
class _SigmoidHidden(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return self.outer(torch.sigmoid(self.inner(z)))


@wrong("linear", "Nothing stands between the two layers, so the network is linear.", severity="gap")
class _Linear(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return self.outer(self.inner(z))


@wrong("two_hidden_layers", "It has two hidden layers, but one is asked for.", severity="slip", credit=0.75)
class _TwoHiddenLayers(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(latent_dim, hidden), nn.Linear(hidden, hidden)
        self.c = nn.Linear(hidden, data_dim)

    def forward(self, z: Tensor) -> Tensor:
        return self.c(torch.tanh(self.b(torch.tanh(self.a(z)))))


@wrong("no_hidden_layer", "There is no hidden layer.", severity="gap")
class _NoHiddenLayer(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.only = nn.Linear(latent_dim, data_dim)

    def forward(self, z: Tensor) -> Tensor:
        return self.only(z)


@wrong("always_500", "The hidden layer has 500 units whatever `hidden` says.", severity="slip", credit=0.75)
class _Always500(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__(latent_dim, data_dim)


@wrong("other_default", "Without `hidden` it does not have 500 units.", severity="slip", credit=0.75)
class _Default400(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 400) -> None:
        super().__init__(latent_dim, data_dim, hidden)


@wrong("other_default")
class _Default200(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 200) -> None:
        super().__init__(latent_dim, data_dim, hidden)


@wrong("no_biases", "The layers have no biases.", severity="slip")
class _NoBiases(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.inner = nn.Linear(latent_dim, hidden, bias=False)
        self.outer = nn.Linear(hidden, data_dim, bias=False)

    def forward(self, z: Tensor) -> Tensor:
        return self.outer(torch.tanh(self.inner(z)))


@wrong("dropout", "Dropout is active: nothing like it is asked for, and it makes the logits random.", severity="slip")
class _Dropout(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return self.outer(F.dropout(torch.tanh(self.inner(z)), 0.2, self.training))


@wrong(
    "batch_norm", "The hidden layer is normalised over the batch, so an image depends on the others.", severity="slip"
)
class _BatchNorm(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.inner, self.norm = nn.Linear(latent_dim, hidden), nn.BatchNorm1d(hidden)
        self.outer = nn.Linear(hidden, data_dim)

    def forward(self, z: Tensor) -> Tensor:
        rows = z.reshape(-1, z.shape[-1])
        return self.outer(torch.tanh(self.norm(self.inner(rows)))).reshape(*z.shape[:-1], -1)


@wrong("sampled", "Pixels are drawn in place of their logits.", severity="gap")
class _Sampled(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        logits = super().forward(z)
        return torch.bernoulli(torch.sigmoid(logits)) + 0 * logits


# ---------------------------------------------------------------------------------------- named mistakes: the parameters


@wrong(
    "not_registered",
    "The layers stand in a plain list, so the module has no parameters: nothing would be learnt or saved. Take nn.ModuleList.",
    severity="gap",
    credit=0.5,
)
class _NotRegistered(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.layers = [nn.Linear(latent_dim, hidden), nn.Linear(hidden, data_dim)]

    def forward(self, z: Tensor) -> Tensor:
        return self.layers[1](torch.tanh(self.layers[0](z)))


@wrong("not_registered")
class _PlainTensors(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.w1 = (torch.randn(latent_dim, hidden) / latent_dim**0.5).requires_grad_()
        self.w2 = (torch.randn(hidden, data_dim) / hidden**0.5).requires_grad_()
        self.b1, self.b2 = torch.zeros(hidden, requires_grad=True), torch.zeros(data_dim, requires_grad=True)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z @ self.w1 + self.b1) @ self.w2 + self.b2


@wrong("made_in_forward", "Layers are made anew whenever it is called, so nothing can be learnt.", severity="gap")
class _MadeInForward(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.sizes = latent_dim, hidden, data_dim

    def forward(self, z: Tensor) -> Tensor:
        latent_dim, hidden, data_dim = self.sizes
        return nn.Linear(hidden, data_dim)(torch.tanh(nn.Linear(latent_dim, hidden)(z)))


@wrong("no_grad", "`forward` runs without gradients, so nothing can be learnt.", severity="gap")
class _NoGrad(Decoder):
    @torch.no_grad()
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z)


@wrong(
    "hidden_detached", "The hidden layer is detached, so no gradient reaches the first layer, or z.", severity="slip"
)
class _HiddenDetached(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return self.outer(torch.tanh(self.inner(z)).detach())


@wrong("input_detached", "z is detached, so no gradient reaches the encoder.", severity="slip")
class _InputDetached(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z.detach())


@wrong("frozen", "The parameters are frozen: `requires_grad` is False.", severity="gap")
class _Frozen(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__(latent_dim, data_dim, hidden)
        self.requires_grad_(False)


@wrong("all_zero", "All weights begin at zero, so no gradient reaches the first layer.", severity="slip")
class _AllZero(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__(latent_dim, data_dim, hidden)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


@wrong("all_alike", "All weights begin alike, so all hidden units stay alike for ever.", severity="slip")
class _AllAlike(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__(latent_dim, data_dim, hidden)
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.01)


@wrong("unused_layer", "A layer is made that `forward` never uses.", severity="slip", credit=0.8)
class _UnusedLayer(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__(latent_dim, data_dim, hidden)
        self.more = nn.Linear(hidden, hidden)


@wrong("no_module", "It is no nn.Module, so it has no `parameters()` and no `state_dict()`.", severity="slip")
class _NoModule:
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        self.a, self.b = nn.Linear(latent_dim, hidden), nn.Linear(hidden, data_dim)

    def forward(self, z: Tensor) -> Tensor:
        return self.b(torch.tanh(self.a(z)))


@wrong(
    "one_batch_axis",
    "It takes z of shape (B, M) alone, but samples of a batch have two axes before M.",
    severity="form",
)
class _OneBatchAxis(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        if z.dim() != 2:
            raise ValueError("z must have two axes")
        return super().forward(z)


@wrong("one_batch_axis")
class _Flattened(Decoder):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z.reshape(-1, z.shape[-1]))


# ----------------------------------------------------------------------------------------------------------- right answers


@right("sequential", "One nn.Sequential.")
class _Sequential(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, hidden), nn.Tanh(), nn.Linear(hidden, data_dim))

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


@right("in_reverse", "The second layer is made first, and everything has other names.")
class _InReverse(nn.Module):
    def __init__(self, n_latent: int, n_pixels: int, n_hidden: int = 500) -> None:
        super().__init__()
        self.to_pixels = nn.Linear(n_hidden, n_pixels)
        self.from_code = nn.Linear(n_latent, n_hidden)

    def forward(self, code: Tensor) -> Tensor:
        return self.to_pixels(self.from_code(code).tanh())


@right("own_matrices", "Matrices of its own, the other way round, with biases as rows.")
class _OwnMatrices(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(latent_dim, hidden) / math.sqrt(latent_dim))
        self.b1 = nn.Parameter(torch.zeros(1, hidden))
        self.w2 = nn.Parameter(torch.randn(hidden, data_dim) / math.sqrt(hidden))
        self.b2 = nn.Parameter(torch.zeros(1, data_dim))

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z @ self.w1 + self.b1) @ self.w2 + self.b2


@right(
    "dictionary",
    "An nn.ParameterDict with weights from a normal distribution that are not scaled by the number of inputs.",
)
class _Dictionary(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        sizes = {"w": (hidden, latent_dim), "b": (hidden,), "v": (data_dim, hidden), "c": (data_dim,)}
        self.of = nn.ParameterDict({name: nn.Parameter(torch.randn(size)) for name, size in sizes.items()})

    def forward(self, z: Tensor) -> Tensor:
        return F.linear(torch.tanh(F.linear(z, self.of["w"], self.of["b"])), self.of["v"], self.of["c"])


@right("xavier", "Initial values by Xavier, biases 0, in an nn.ModuleList; tanh as e^2a.")
class _Xavier(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        layers = [nn.Linear(latent_dim, hidden), nn.Linear(hidden, data_dim)]
        for layer in layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.layers = nn.ModuleList(layers)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers[1](1 - 2 / (1 + (2 * self.layers[0](z)).exp()))


@right("zero_above", "The second layer begins at zero, which it leaves with the first step.")
class _ZeroAbove(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__(latent_dim, data_dim, hidden)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)


@right("small_weights", "Initial weights with a standard deviation of 0.01.")
class _SmallWeights(Decoder):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__(latent_dim, data_dim, hidden)
        for layer in (self.inner, self.outer):
            nn.init.normal_(layer.weight, std=0.01)


@right("lazy", "The second layer takes the number of its inputs from the first call.")
class _Lazy(nn.Module):
    def __init__(self, latent_dim: int, data_dim: int, hidden: int = 500) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, hidden), nn.Tanh(), nn.LazyLinear(data_dim))

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)
