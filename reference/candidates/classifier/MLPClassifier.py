"""What is held against the checks of `MLPClassifier`."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.classifier import MLPClassifier

# ------------------------------------------------------------------------------------------- named mistakes: the output


@wrong("softmax", "A softmax stands behind the second layer: cross-entropy takes logits.", severity="slip")
class _Softmax(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).softmax(-1)


@wrong(
    "log_softmax",
    "A log-softmax stands behind the second layer: cross-entropy does not mind, but logits are due.",
    severity="form",
)
class _LogSoftmax(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).log_softmax(-1)


@wrong("sigmoid", "A sigmoid stands behind the second layer: logits are of any sign.", severity="slip")
class _Sigmoid(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).sigmoid()


@wrong("relu_behind", "A ReLU stands behind the second layer, too: no logit can be negative.", severity="slip")
class _ReluBehind(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


# -------------------------------------------------------------------------------------- named mistakes: the hidden layer


@wrong("no_relu", "Nothing but dropout stands between the two layers, so the network is linear.", severity="gap")
class _NoRelu(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.dropout(self.inner(x)))


@wrong("tanh_hidden", "The hidden layer has a tanh, but a ReLU is asked for.", severity="slip", credit=0.75)
class _TanhHidden(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.dropout(torch.tanh(self.inner(x))))


@wrong("sigmoid_hidden", "The hidden layer has a sigmoid, but a ReLU is asked for.", severity="slip", credit=0.75)
class _SigmoidHidden(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.dropout(torch.sigmoid(self.inner(x))))


@wrong("two_hidden_layers", "It has two hidden layers, but one is asked for.", severity="slip", credit=0.75)
class _TwoHiddenLayers(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(input_dim, hidden_dim),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, hidden_dim),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, output_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


@wrong("fixed_size", "The hidden layer has 100 units whatever `hidden_dim` says.", severity="slip", credit=0.75)
class _FixedSize(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, 100, output_dim, dropout)


@wrong("no_biases", "The layers have no biases.", severity="slip")
class _NoBiases(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.inner, self.dropout = nn.Linear(input_dim, hidden_dim, bias=False), nn.Dropout(dropout)
        self.outer = nn.Linear(hidden_dim, output_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.dropout(torch.relu(self.inner(x))))


@wrong(
    "needs_images",
    "It takes images of shape (B, 1, 28, 28) alone; flattened ones are asked for.",
    severity="slip",
    credit=0.75,
)
class _NeedsImages(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(len(x), 1, 28, 28).flatten(1))


# ------------------------------------------------------------------------------------------- named mistakes: the dropout


@wrong("no_dropout", "There is no dropout.", severity="gap")
class _NoDropout(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(torch.relu(self.inner(x)))


@wrong("no_dropout")
class _NeverInTraining(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(F.dropout(torch.relu(self.inner(x)), self.dropout.p, training=False))


@wrong(
    "always_active",
    "Dropout is active in evaluation mode, too: F.dropout needs training=self.training.",
    severity="slip",
)
class _AlwaysActive(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(F.dropout(torch.relu(self.inner(x)), self.dropout.p))


@wrong("inverted_modes", "Dropout is active in evaluation mode, and not in training mode.", severity="gap")
class _Inverted(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(F.dropout(torch.relu(self.inner(x)), self.dropout.p, not self.training))


@wrong("behind_output", "Dropout stands behind the second layer: it drops logits.", severity="slip")
class _BehindOutput(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.outer(torch.relu(self.inner(x))))


@wrong("on_inputs", "Dropout drops inputs, not hidden units.", severity="slip")
class _OnInputs(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(torch.relu(self.inner(self.dropout(x))))


@wrong(
    "always_half",
    "Units are dropped with probability 0.5 whatever `dropout` says, as in the listing of the handout; it costs nothing.",
    severity="form",
    credit=1.0,
)
class _AlwaysHalf(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim)


@wrong(
    "other_probability", "Units are dropped with a probability of its own, whatever `dropout` says.", severity="slip"
)
class _OtherProbability(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, 0.1)


@wrong("other_probability")
class _Fifth(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, 0.2)


@wrong("other_default", "Without `dropout` units are not dropped with probability 0.5.", severity="slip", credit=0.8)
class _OtherDefault(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.2) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)


@wrong("other_default")
class _DefaultTenth(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.1) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)


@wrong("kept", "`dropout` is taken for the probability with which a unit is kept.", severity="slip")
class _Kept(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, 1 - dropout)


class _Own(MLPClassifier):
    """Dropout by hand."""

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.inner(x))
        return self.outer(self.masked(h) if self.training else h)

    def masked(self, h: Tensor) -> Tensor:
        """Drop units."""
        return h * (torch.rand_like(h) >= self.dropout.p) / (1 - self.dropout.p)


@wrong(
    "not_scaled", "What is left is not scaled by 1 / (1 - p), so evaluation mode gives larger units.", severity="slip"
)
class _NotScaled(_Own):
    def masked(self, h: Tensor) -> Tensor:
        return h * (torch.rand_like(h) >= self.dropout.p)


@wrong("scaled_by_p", "What is left is scaled by 1 / p; it is 1 / (1 - p).", severity="slip")
class _ScaledByP(_Own):
    def masked(self, h: Tensor) -> Tensor:
        return h * (torch.rand_like(h) >= self.dropout.p) / self.dropout.p


@wrong("scaled_down", "What is left is multiplied by 1 - p; it is divided by it.", severity="slip")
class _ScaledDown(_Own):
    def masked(self, h: Tensor) -> Tensor:
        return h * (torch.rand_like(h) >= self.dropout.p) * (1 - self.dropout.p)


@wrong("same_for_batch", "The same units are dropped for all examples of a batch.", severity="slip")
class _SameForBatch(_Own):
    def masked(self, h: Tensor) -> Tensor:
        return h * (torch.rand(h.shape[1]) >= self.dropout.p) / (1 - self.dropout.p)


@wrong("whole_examples", "All units of an example are dropped at once.", severity="slip")
class _WholeExamples(_Own):
    def masked(self, h: Tensor) -> Tensor:
        return h * (torch.rand(len(h), 1) >= self.dropout.p) / (1 - self.dropout.p)


@wrong("same_in_every_call", "The same units are dropped in every call.", severity="slip")
class _SameInEveryCall(_Own):
    def masked(self, h: Tensor) -> Tensor:
        kept = torch.rand(h.shape, generator=torch.Generator().manual_seed(0)) >= self.dropout.p
        return h * kept / (1 - self.dropout.p)


# ---------------------------------------------------------------------------------------- named mistakes: the parameters


@wrong(
    "not_registered",
    "The layers stand in a plain list, so the module has no parameters: nothing would be learnt or saved. Take nn.ModuleList.",
    severity="gap",
    credit=0.5,
)
class _NotRegistered(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = [nn.Linear(input_dim, hidden_dim), nn.Linear(hidden_dim, output_dim)]
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[1](self.dropout(torch.relu(self.layers[0](x))))


@wrong("no_grad", "`forward` runs without gradients, so nothing can be learnt.", severity="gap")
class _NoGrad(MLPClassifier):
    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


@wrong("hidden_detached", "The hidden layer is detached, so no gradient reaches the first layer.", severity="slip")
class _HiddenDetached(MLPClassifier):
    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.dropout(torch.relu(self.inner(x)).detach()))


@wrong("frozen", "The parameters are frozen: `requires_grad` is False.", severity="gap")
class _Frozen(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)
        self.requires_grad_(False)


@wrong("all_zero", "All weights begin at zero, so no gradient reaches the first layer.", severity="slip")
class _AllZero(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


@wrong("all_alike", "All weights begin alike, so all hidden units stay alike for ever.", severity="slip")
class _AllAlike(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.01)


# ----------------------------------------------------------------------------------------------------------- right answers


@right("sequential", "One nn.Sequential.")
class _Sequential(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(input_dim, hidden_dim),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, output_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


@right("before_relu", "Dropout before the ReLU, which is the same, made by F.dropout; images are flattened.")
class _BeforeRelu(nn.Module):
    def __init__(self, n_in: int, n_hidden: int, n_out: int, dropout_ratio: float = 0.5) -> None:
        super().__init__()
        self.proj2, self.proj1 = nn.Linear(n_hidden, n_out), nn.Linear(n_in, n_hidden)
        self.ratio = dropout_ratio

    def forward(self, batch: Tensor) -> Tensor:
        hid = self.proj1(batch.view(batch.size(0), -1))
        return self.proj2(F.relu(F.dropout(hid, p=self.ratio, training=self.training)))


@right("by_hand", "Dropout by hand, and matrices of its own, the other way round.")
class _ByHand(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.p = dropout
        self.w1 = nn.Parameter(torch.randn(input_dim, hidden_dim) * math.sqrt(2 / input_dim))
        self.b1 = nn.Parameter(torch.zeros(hidden_dim))
        self.w2 = nn.Parameter(torch.randn(hidden_dim, output_dim) / math.sqrt(hidden_dim))
        self.b2 = nn.Parameter(torch.zeros(output_dim))

    def forward(self, x: Tensor) -> Tensor:
        h = (x @ self.w1 + self.b1).clamp(min=0)
        if self.training:
            h = h * torch.bernoulli(torch.full_like(h, 1 - self.p)) / (1 - self.p)
        return h @ self.w2 + self.b2


@right("zero_above", "The second layer begins at zero, which it leaves with the first step.")
class _ZeroAbove(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)


@right("small_weights", "Initial weights with a standard deviation of 0.01.")
class _SmallWeights(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)
        for layer in (self.inner, self.outer):
            nn.init.normal_(layer.weight, std=0.01)


@right("unscaled", "Initial weights and biases from a standard normal distribution.")
class _Unscaled(MLPClassifier):
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        super().__init__(input_dim, hidden_dim, output_dim, dropout)
        for parameter in self.parameters():
            nn.init.normal_(parameter)
