"""Networks with one hidden layer, whose parameters are known as numbers: what such a network gives can be said exactly.

Names of attributes say nothing here, nor does the order of layers: shapes tell which matrix is which, as long as the sizes of input,
hidden layer and output are all different, and none is 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from autograder.checking.compare import TOLERANCE
from autograder.sandbox.inspection import Inspected

HIDDEN: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "nothing": lambda a: a,
    "sigmoid": torch.sigmoid,
    "leaky ReLU": F.leaky_relu,
    "ELU": F.elu,
    "GELU": F.gelu,
    "SiLU": F.silu,
    "softplus": F.softplus,
}
"""What may stand behind the first layer."""
OUTPUT: Mapping[str, Callable[[Tensor], Tensor]] = {
    "nothing": lambda a: a,
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
    "softplus": F.softplus,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "exp of half": lambda a: (a / 2).exp(),
    "log-sigmoid": F.logsigmoid,
    "a factor 2": lambda a: 2 * a,
    "the log of softplus": lambda a: F.softplus(a).log(),
    "twice the log of softplus": lambda a: 2 * F.softplus(a).log(),
    "softmax": lambda a: a.softmax(-1),
    "log-softmax": lambda a: a.log_softmax(-1),
}
"""What may stand behind the second one."""
_OVER_ROWS = ("softmax", "log-softmax")
_MOST = 16
"""Ways to put layers together that are looked at: an honest network has one, or a few."""


@dataclass(frozen=True)
class Affine:
    """A layer W a + b with W of shape (outputs, inputs)."""

    weight: Tensor
    bias: Tensor

    def __call__(self, a: Tensor) -> Tensor:
        """Apply it to rows."""
        return a @ self.weight.mT + self.bias

    def beside(self, other: Affine) -> Affine:
        """Return the layer that gives the outputs of both."""
        return Affine(torch.cat([self.weight, other.weight]), torch.cat([self.bias, other.bias]))


@dataclass(frozen=True)
class Held:
    """The parameters of a network.

    Attributes:
        matrices: Those with two axes that are longer than 1, in the order of the network.
        vectors: All others, without axes.
        missing: Names of those that are no part of its `state_dict`.
    """

    matrices: tuple[Tensor, ...]
    vectors: tuple[Tensor, ...]
    missing: tuple[str, ...]

    @staticmethod
    def of(looked: Inspected) -> Held:
        """Return the parameters that were looked at together with the state."""
        state = looked.state or {}
        values = [state[p.name].double().squeeze() for p in looked.parameters if p.name in state]
        values = [value for value in values if bool(value.isfinite().all())]  # with others nothing can be computed
        return Held(
            tuple(value for value in values if value.dim() == 2),
            tuple(value.reshape(-1) for value in values if value.dim() != 2),
            tuple(p.name for p in looked.parameters if p.name not in state),
        )

    def affine(self, inputs: int, outputs: int) -> list[Affine]:
        """Return the layers of these sizes: every such matrix, as it is or transposed, with every bias of that size, or with none."""
        found = (Affine(weight, bias) for weight in self._weights(inputs, outputs) for bias in self._biases(outputs))
        return list(itertools.islice(found, _MOST))

    def heads(self, inputs: int, outputs: int) -> list[Affine]:
        """Return the layers with twice as many outputs: those that are one matrix, and all pairs of two, one beside the other."""
        pairs = (
            Affine(first, one).beside(Affine(second, other))
            for first, second in itertools.combinations(self._weights(inputs, outputs), 2)
            for one, other in itertools.permutations(self._biases(outputs, 2), 2)
        )
        return [*self.affine(inputs, 2 * outputs), *itertools.islice(pairs, _MOST)]

    def _weights(self, inputs: int, outputs: int) -> list[Tensor]:
        found = [matrix for matrix in self.matrices if sorted(matrix.shape) == sorted((inputs, outputs))]
        return [matrix if matrix.shape == (outputs, inputs) else matrix.mT for matrix in found[:_MOST]]

    def _biases(self, size: int, least: int = 1) -> list[Tensor]:
        found = [vector for vector in self.vectors if len(vector) == size][:_MOST]
        return found if len(found) >= least else [torch.zeros(size, dtype=torch.float64)] * least


def agrees(got: Tensor, expected: Tensor) -> bool:
    """Whether an answer in float32 is what is expected, however small its numbers are."""
    return got.shape == expected.shape and bool(_close(got.reshape(-1), expected.reshape(-1)))


def _close(got: Tensor, expected: Tensor) -> Tensor:
    """Return whether numbers along the first axis are the same under the engine's tolerance for float32; relative where they are small."""
    size = got.square().mean(0).sqrt()
    by = torch.where((size > 1e-9) & (size < 1), size, 1.0)
    return ((got - expected).abs() <= TOLERANCE[torch.float32] * expected.abs().clamp(min=by)).all(0)


def reaching(layers: Iterable[Affine], x: Tensor) -> Tensor:
    """Return rows x at such a distance from 0 that the hidden units get numbers of size ½, 2 and 5 in turn: there tanh shows."""
    sizes = [float((x.double() @ layer.weight.mT).square().mean().sqrt()) for layer in layers]
    wanted = torch.tensor([0.5, 2.0, 5.0], dtype=x.dtype).repeat(len(x))[: len(x), None]
    return x * wanted / min(max([1e-3, *sizes]), 1e3)


def form_of(
    inners: Iterable[Affine], outers: Sequence[Affine], x: Tensor, got: Tensor, wanted: str = "tanh"
) -> tuple[str, str] | None:
    """Return what stands behind the first and the second layer of a network that answers `got` to `x`; None if nothing known does.

    Where several could (the second layer begins at zero), it is `wanted`.
    """
    possible = {wanted: HIDDEN[wanted]} | dict(HIDDEN)
    for inner, outer in itertools.product(inners, outers):
        before = inner(x.double())
        for hidden, act in possible.items():
            after = outer(act(before))
            for output, end in OUTPUT.items():
                if agrees(got, end(after)):
                    return hidden, output
    return None


def form_of_heads(
    inners: Iterable[Affine], heads: Sequence[Affine], x: Tensor, got: Sequence[Tensor]
) -> tuple[str, ...] | None:
    """Return what stands behind the first layer of a network that answers two parts to `x`, and behind each of the parts; None if nothing
    known does. Every output of the second layer stands once in the parts, at any place.
    """
    ends = {name: end for name, end in OUTPUT.items() if name not in _OVER_ROWS}
    for inner, head in itertools.product(inners, heads):
        before = inner(x.double())
        for hidden, act in HIDDEN.items():
            left, behind = head(act(before)), []
            for part in got:
                fit = ((name, _without(left, end(left), part)) for name, end in ends.items())
                name, rest = next(((name, rest) for name, rest in fit if rest is not None), ("", None))
                if rest is None:
                    break
                left = rest
                behind.append(name)
            if len(behind) == len(got):
                return hidden, *behind
    return None


def _without(left: Tensor, ended: Tensor, part: Tensor) -> Tensor | None:
    """Return the columns that are left when those of `part` are taken away, each once; None where one is not among them."""
    fits, free = _close(part[:, :, None].double(), ended[:, None, :]), torch.ones(left.shape[1], dtype=torch.bool)
    for row in fits:
        if not bool((row & free).any()):
            return None
        free[int((row & free).nonzero()[0])] = False
    return left[:, free]


def numbered(form: Sequence[str] | None, parts: int = 2) -> list[int]:
    """Return a form as numbers, for `student.sees`."""
    if form is None:
        return [-1] * parts
    return [list(HIDDEN).index(form[0]), *(list(OUTPUT).index(name) for name in form[1:])]


def different_units(inners: Iterable[Affine], outers: Sequence[Affine]) -> float:
    """Return the share of the hidden units that are not equal to one before them, in all of their weights."""
    units = [
        torch.cat([inner.weight, inner.bias[:, None], outer.weight.mT], dim=1)
        for inner, outer in itertools.product(inners, outers)
    ]
    return max((len(torch.unique(unit, dim=0)) / len(unit) for unit in units), default=0.0)


def described(looked: Inspected, right: int) -> list[int]:
    """Return what a network looks like as numbers, for `student.sees`: how many entries its parameters have too many, in how many tensors,
    how many are learnt, and whether it is a module.
    """
    return [looked.count - right, len(looked.parameters), looked.count - looked.trainable, "Module" in looked.bases]


def require_parameters(student: Any, call: Any, made: Any, held: Held, right: int, hidden: int) -> None:
    """Require that a module has so many parameters, that all are learnt, and that its state holds them."""
    looked = made.inspect()
    message = f"for {hidden} hidden units it has {looked.count} parameters, but should have {right}"
    help_text = "Layers in a plain list, and tensors that are no nn.Parameter, do not count."
    student.require(looked.count == right, call, message, help=help_text)
    student.require(looked.trainable == right, call, "some parameters are frozen: their `requires_grad` is False")
    student.require("Module" in looked.bases, call, "it is no `nn.Module`")
    student.require(not held.missing, call, "its `state_dict` does not hold all of its parameters")


def require_different(student: Any, call: Any, share: float) -> None:
    """Require that most hidden units differ from each other."""
    student.sees(call, "how many units differ", torch.tensor(float(share > 0.5)))
    help_text = "PyTorch's own initial values will do."
    student.require(share > 0.5, call, "its hidden units begin with equal weights", help=help_text)
