"""Networks with one hidden layer, whose parameters are known as numbers: what such a network gives can be said exactly.

Names of attributes say nothing here, nor does the order of layers: shapes tell which matrix is which, as long as the sizes of input,
hidden layer and output are all different, and none is 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from autograder.checking.compare import compare
from autograder.sandbox.inspection import Inspected

HIDDEN: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "none": lambda a: a,
    "sigmoid": torch.sigmoid,
    "leaky ReLU": F.leaky_relu,
    "ELU": F.elu,
    "GELU": F.gelu,
    "SiLU": F.silu,
    "softplus": F.softplus,
}
"""What may stand behind the first layer."""
OUTPUT: Mapping[str, Callable[[Tensor], Tensor]] = {
    "none": lambda a: a,
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
    "softplus": F.softplus,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "exp of half": lambda a: (a / 2).exp(),
    "log-sigmoid": F.logsigmoid,
    "softmax": lambda a: a.softmax(-1),
    "log-softmax": lambda a: a.log_softmax(-1),
}
"""What may stand behind the second one."""


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
        return Held(
            tuple(value for value in values if value.dim() == 2),
            tuple(value.reshape(-1) for value in values if value.dim() != 2),
            tuple(p.name for p in looked.parameters if p.name not in state),
        )

    def affine(self, inputs: int, outputs: int) -> Iterator[Affine]:
        """Yield the layers of these sizes: every such matrix, as it is or transposed, with every bias of that size, or with none."""
        biases = [v for v in self.vectors if len(v) == outputs] or [torch.zeros(outputs, dtype=torch.float64)]
        for matrix in self.matrices:
            if sorted(matrix.shape) == sorted((inputs, outputs)):
                weight = matrix if matrix.shape == (outputs, inputs) else matrix.mT
                yield from (Affine(weight, bias) for bias in biases)

    def networks(self, inputs: int, hidden: int, outputs: int) -> Iterator[tuple[Affine, Affine]]:
        """Yield the two layers of every network of these sizes that the parameters can be."""
        found = itertools.product(itertools.islice(self.affine(inputs, hidden), _MOST), self.affine(hidden, outputs))
        return itertools.islice(found, _MOST)


def agrees(got: Tensor, expected: Tensor) -> bool:
    """Whether an answer in float32 is what is expected, however small its numbers are."""
    size = float(got.square().mean().sqrt())
    by = size if 1e-9 < size < 1.0 else 1.0
    return got.shape == expected.shape and compare(got / by, expected / by, torch.float32).agrees


def reaching(layers: Iterable[Affine], x: Tensor) -> Tensor:
    """Return rows x at such a distance from 0 that the hidden units get numbers of size ½, 2 and 5 in turn: there tanh shows."""
    sizes = [float((x.double() @ layer.weight.mT).square().mean().sqrt()) for layer in layers]
    wanted = torch.tensor([0.5, 2.0, 5.0], dtype=x.dtype).repeat(len(x))[: len(x), None]
    return x * wanted / min(max([1e-3, *sizes]), 1e3)


def form_of(layers: Iterator[tuple[Affine, Affine]], x: Tensor, got: Tensor) -> tuple[str, str] | None:
    """Return what stands behind the first and the second layer of a network that answers `got` to `x`; None if nothing known does."""
    for inner, outer in layers:
        before = inner(x.double())
        for hidden, act in HIDDEN.items():
            after = outer(act(before))
            for output, end in OUTPUT.items():
                if agrees(got, end(after)):
                    return hidden, output
    return None


def numbered(form: tuple[str, str] | None) -> list[int]:
    """Return a form as numbers, for `student.sees`."""
    return [-1, -1] if form is None else [list(HIDDEN).index(form[0]), list(OUTPUT).index(form[1])]


def different_units(inner: Affine, outer: Affine) -> float:
    """Return the share of the hidden units that are not equal to one before them, in all of their weights."""
    units = torch.cat([inner.weight, inner.bias[:, None], outer.weight.mT], dim=1)
    return len(torch.unique(units, dim=0)) / len(units)


def described(looked: Inspected, right: int) -> list[int]:
    """Return what a network looks like as numbers, for `student.sees`: how many entries its parameters have too many, in how many tensors,
    how many are learnt, and whether it is a module.
    """
    return [looked.count - right, len(looked.parameters), looked.count - looked.trainable, "Module" in looked.bases]
